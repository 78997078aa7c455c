"""Nothing in the product knows the demo's data: other properties, schemas, types and days come out right too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from replicator.demo.comparison import compare
from replicator.demo.data import Table
from replicator.demo.oracle import Rule, expected_rows, expected_schema
from replicator.demo.rows import Row
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.load import create_dataset, load_rows
from replicator.gcp.query import Query
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field, Mode
from tests.e2e.conftest import Replicator, served

pytestmark = pytest.mark.slow

_CONFIG: Final = """\
version: 1
pipeline: visits
target:
  table: shop-central.web.visits
  location: US
  partition: {column: visited_on, by: day}
  source_column: shop
state: {dataset: shop-central.memory}
sources:
  - name: paris
    id: shop-paris
    project: shop-france
    location: europe-west9
    datasets: "web_paris"
    tables: {shards: "visits_", suffix: "%Y%m%d"}
    columns: {exclude: [page.path], hash: [page.hits.sub.x]}
  - name: texas
    project: shop-america
    location: US
    datasets: "web_*"
    tables: {shards: "visits_", suffix: "%Y%m%d"}
    where: "visit_id > 1"
"""
_RULES: Final = (
    Rule(
        project="shop-france",
        include=("web_paris",),
        prefix="visits_",
        owner="shop-paris",
        excluded=frozenset({"page.path"}),
        hashed=frozenset({"page.hits.sub.x"}),
    ),
    Rule(
        project="shop-america",
        include=("web_*",),
        prefix="visits_",
        where=lambda row: isinstance(row["visit_id"], int) and row["visit_id"] > 1,
    ),
)
_TARGET: Final = TableRef("shop-central", "web", "visits")
_PAGE: Final = Field(
    "page",
    "RECORD",
    fields=(
        Field("path", "STRING"),
        Field(
            "hits",
            "RECORD",
            Mode.REPEATED,
            (Field("n", "INTEGER"), Field("sub", "RECORD", fields=(Field("x", "STRING"), Field("y", "FLOAT")))),
        ),
    ),
)
_PARIS: Final = (
    Field("visit_id", "INTEGER", Mode.REQUIRED),
    Field("started", "TIMESTAMP"),
    Field("day", "DATE"),
    Field("at", "TIME"),
    Field("local", "DATETIME"),
    Field("price", "NUMERIC"),
    Field("raw", "BYTES"),
    Field("tags", "STRING", Mode.REPEATED),
    _PAGE,
)
_TEXAS: Final = (
    _PAGE,
    *(field for field in _PARIS[::-1] if field.name not in {"page", "tags"}),
    Field("vip", "BOOLEAN"),
)
_DATASETS: Final = {
    DatasetRef("shop-france", "web_paris"): "europe-west9",
    DatasetRef("shop-america", "web_austin"): "US",
    DatasetRef("shop-america", "web_dallas"): "US",
}


def _row(number: int) -> Row:
    return {
        "visit_id": number,
        "started": datetime(2025, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
        "day": date(1, 1, 1) if number % 2 else None,
        "at": time(23, 59, 59, 1),
        "local": datetime(9999, 12, 31, 0, 0, 0, number),  # noqa: DTZ001  # a DATETIME has no zone
        "price": Decimal("12345678901234567890.123456789") if number % 2 else Decimal("-0.5"),
        "raw": bytes([0, 255, number]),
        "tags": [f"t{number}", ""],
        "page": None
        if number == 3
        else {"path": "/", "hits": [{"n": number, "sub": {"x": "é", "y": 0.1}}, {"n": None, "sub": None}]},
        "vip": number % 2 == 0,
    }


def _table(ref: DatasetRef, day: str, fields: tuple[Field, ...], count: int) -> Table:
    rows = tuple({field.name: _row(number)[field.name] for field in fields} for number in range(1, count + 1))
    return Table(ref.table(f"visits_{day}"), fields, rows)


def _tables() -> list[Table]:
    paris, austin, dallas = _DATASETS
    return [
        _table(paris, "20240229", _PARIS, 5),
        _table(paris, "20251231", _PARIS[:-2], 2),
        _table(austin, "20240229", _TEXAS, 4),
        _table(austin, "20240301", _TEXAS, 0),
        _table(dallas, "19991231", _TEXAS[:-1], 3),
        _table(dallas, "2024", _TEXAS, 3),
    ]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a local cloud with nothing in it."""
    with served(tmp_path / "cloud") as address:
        yield address


def test_what_another_program_loads_is_replicated(server: str, replicator: Replicator, tmp_path: Path) -> None:
    """Other types, a source in the target's own location, an id, an empty shard, REQUIRED, columns in any order."""
    clients = Clients(Endpoints.at(server))
    for dataset, location in _DATASETS.items():
        create_dataset(clients, dataset, location=location)
    create_dataset(clients, _TARGET.parent, location="US")
    tables = _tables()
    for table in tables:
        load_rows(clients, table.ref, table.fields, table.rows, location=_DATASETS[table.ref.parent])
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "visits.yaml").write_text(_CONFIG)

    done = replicator("--configs", configs, "--cloud", server, "run", "visits", "--json")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["state"], result["units"]) == ("done", 5)
    schema = expected_schema(tables, _RULES)
    expected = expected_rows(tables, _RULES, schema, day_column="visited_on", source_column="shop")
    actual = Query(Clients(Endpoints.at(server))).rows(
        f"SELECT * FROM `{_TARGET}`", {}, location="US", project="shop-central"
    )
    found = compare(expected, actual, identity=("shop", "visited_on", "visit_id"))
    assert found.equal, "\n".join(map(str, found.differences))
