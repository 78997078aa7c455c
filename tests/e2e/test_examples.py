"""Every example config validates, renders, plans and runs, over tables that are made from what the example says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from replicator.cli.main import answer
from replicator.config.pipeline import Pipeline
from replicator.config.project import load_project
from replicator.config.schemafile import SCHEMA_FILE
from replicator.config.sources import Source
from replicator.config.tables import Partitioned, Query, Shards, WholeTable
from replicator.gcp.load import load_rows
from replicator.names import TableRef
from replicator.schema.fields import Field
from tests.e2e.clouds import Cloud, cloud, record, repeated

pytestmark = pytest.mark.slow

_EXAMPLES: Final = Path(__file__).parents[2] / "configs" / "examples"
_NAMES: Final = sorted(path.stem for path in _EXAMPLES.glob("*.yaml"))
_YESTERDAY: Final = datetime.now(UTC) - timedelta(days=1)
_ORDERS: Final = (
    Field("order_id", "INTEGER"),
    record("customer", Field("id", "STRING"), Field("email", "STRING"), Field("city", "STRING")),
    repeated("items", Field("sku", "STRING"), Field("price", "NUMERIC")),
    Field("amount", "NUMERIC"),
    Field("channel", "STRING"),
    Field("order_day", "DATE"),
    Field("updated_at", "TIMESTAMP"),
)
# Rows of each example's target; of what is not here, all three of each table.
_KEPT: Final = {"where": 2, "query_every_time": 1, "several_locations": 6}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that the examples share; each has tables of its own."""
    with cloud(tmp_path_factory.mktemp("examples") / "cloud") as running:
        running.dataset("acme-analytics.shop", "EU")
        yield running


@pytest.mark.parametrize("name", _NAMES)
def test_an_example_runs(local: Cloud, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the file as it stands to rows in its target, by the command line."""
    _runs(local, ("--configs", str(_EXAMPLES)), _pipeline(name), tmp_path, capsys)


def test_an_environment_makes_another_pipeline_of_the_same_file(
    local: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example of defaults and environments, in dev: a target and a ledger of its own, and no schedule."""
    project = _EXAMPLES / "project"
    production = load_project(project, environment=None).pipeline("orders")
    pipeline = load_project(project, environment="dev").pipeline("orders")
    local.dataset(str(pipeline.target.table.parent), "EU")

    _runs(local, ("--configs", str(project), "--env", "dev"), pipeline, tmp_path, capsys)

    assert production.schedule is not None
    assert pipeline.schedule is None
    assert pipeline.state != production.state


@pytest.mark.parametrize("name", _NAMES)
def test_an_example_is_named_as_its_pipeline_and_names_the_schema(name: str) -> None:
    """So that an editor checks it, and the comment below says what it shows."""
    first, second, *_ = (_EXAMPLES / f"{name}.yaml").read_text("utf-8").splitlines()

    assert _pipeline(name).name == name
    assert first == f"# yaml-language-server: $schema=../{SCHEMA_FILE}"
    assert second.startswith("# ")


def _pipeline(name: str) -> Pipeline:
    return load_project(_EXAMPLES, environment=None).pipeline(name)


def _runs(
    local: Cloud, options: tuple[str, ...], pipeline: Pipeline, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Render, plan and run it over tables that are made for it."""
    name, rows = pipeline.name, _KEPT.get(pipeline.name, 3)
    for source in pipeline.sources:
        _make(local, pipeline, source)

    def typed(*arguments: str) -> str:
        capsys.readouterr()
        code = answer([*options, "--cloud", str(local.endpoints.http), *arguments])
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    assert typed("render", name, "--out", str(directory)).strip() == str(directory / f"{name}.yaml")
    planned = json.loads(typed("plan", name, "--json"))["due"]
    assert [source["units"] > 0 for source in planned] == [True] * len(pipeline.sources)
    result = json.loads(typed("run", name, "--json"))
    assert (result["state"], result["rows"]) == ("done", rows)
    (found,) = local.rows(f"SELECT COUNT(*) AS n FROM `{pipeline.target.table}`", "EU")
    assert found["n"] == rows


def _make(local: Cloud, pipeline: Pipeline, source: Source) -> None:
    """What a source reads, each table with the same three rows."""
    if source.staging.project != source.project:
        local.dataset(f"{source.staging.project}.theirs", source.location)
    match source.tables:
        case Shards() as shards:
            for glob in (*source.datasets.include, *source.datasets.exclude):
                dataset = f"{source.project}.{glob.replace('*', 'one')}"
                _load(local, f"{dataset}.{shards.prefix}{_YESTERDAY.strftime(shards.suffix)}", source.location)
        case Partitioned() as partitioned:
            _partition(local, f"{source.project}.{partitioned.table}", pipeline, source.location)
        case WholeTable() as whole:
            _load(local, f"{source.project}.{whole.table}", source.location)
        case Query() as query:
            for table in re.findall(r"`([^`]+)`", query.sql):
                _load(local, table, source.location)


def _load(local: Cloud, table: str, location: str) -> None:
    local.dataset(table.rpartition(".")[0], location)
    local.load(table, _ORDERS, _rows(), location)


def _partition(local: Cloud, table: str, pipeline: Pipeline, location: str) -> None:
    """A table that is partitioned by the target's column, or, where it has none of that name, by ingestion."""
    _load(local, f"{table}_before", location)
    column = pipeline.target.partition.column
    if column in {field.name for field in _ORDERS}:
        local.rows(f"CREATE TABLE `{table}` PARTITION BY {column} AS SELECT * FROM `{table}_before`", location)
        return
    columns = ", ".join(f"{field.name} {field.googlesql}" for field in _ORDERS)
    local.rows(f"CREATE TABLE `{table}` ({columns}) PARTITION BY _PARTITIONDATE", location)
    ref = TableRef.parse(table)
    partition = TableRef(ref.project, ref.dataset, f"{ref.table}${_YESTERDAY:%Y%m%d}")
    load_rows(local.clients, partition, _ORDERS, _rows(), location=location)


def _rows() -> list[dict[str, Any]]:
    return [
        {
            "order_id": number,
            "customer": {"id": f"c{number}", "email": f"c{number}@example.com", "city": "Lyon"},
            "items": [{"sku": "s", "price": "1.5"}],
            "amount": amount,
            "channel": channel,
            "order_day": _YESTERDAY.date(),
            "updated_at": _YESTERDAY,
        }
        for number, (amount, channel) in enumerate((("150", "web"), ("5", "shop"), ("-1", "test")), start=1)
    ]
