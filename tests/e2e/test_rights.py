"""Rights on datasets alone: what the source's project does not grant as a whole is asked dataset by dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from replicator.schema.fields import Field
from tests.conformance.server.clients import Control
from tests.e2e.clouds import Cloud, cloud
from tests.e2e.deploy.bench import Bench, Said

FIELDS = (Field("id", "INTEGER"), Field("note", "STRING"), Field("secret", "STRING"))
CONFIG = """\
version: 1
pipeline: NAME
target:
  table: acme-analytics.marketing.NAME
  location: EU
  partition: {column: day, by: day}
  source_column: shop
state: {dataset: acme-analytics.memory_NAME}
sources:
  - name: japan
    project: acme-japan
    location: asia-northeast1
    datasets: {include: ["NAME_*"], exclude: ["NAME_trial"]}
    tables: {shards: "events_", suffix: "%Y%m%d"}
    columns: {exclude: [secret]}
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that the tests of this file share."""
    with cloud(tmp_path_factory.mktemp("rights") / "cloud") as running:
        running.dataset("acme-analytics.marketing", "EU")
        yield running


@pytest.fixture
def bench(shared: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    """The cloud with all rights, and a directory for configs."""
    control = Control(shared.running.endpoints)
    yield Bench(shared, control, tmp_path, capsys)
    control.ask("DELETE", "/rights")


def write(bench: Bench, name: str) -> None:
    """The pipeline's file, and three datasets of its source; one of another location would be none of its."""
    (bench.directory / "configs").mkdir()
    (bench.directory / "configs" / f"{name}.yaml").write_text(CONFIG.replace("NAME", name), encoding="utf-8")
    for shop in ("tokyo", "osaka", "trial"):
        bench.cloud.dataset(f"acme-japan.{name}_{shop}", "asia-northeast1")
        load(bench, f"{name}_{shop}", 1, f"{shop} 1")
    bench.cloud.dataset(f"acme-japan.{name}_abroad", "US")


def load(bench: Bench, dataset: str, day: int, note: str) -> None:
    """One row as a day of a dataset."""
    rows = [{"id": day, "note": note, "secret": "s"}]
    bench.cloud.load(f"acme-japan.{dataset}.events_202611{day:02}", FIELDS, rows, "asia-northeast1")


def run(bench: Bench, name: str) -> Said:
    """A run that goes well."""
    said = bench.say("run", name)
    assert said.code == 0, said.err
    return said


def found(bench: Bench, name: str) -> list[str]:
    """The notes in the target."""
    return sorted(row["note"] for row in bench.cloud.rows(f"SELECT note FROM `acme-analytics.marketing.{name}`", "EU"))


def test_datasets_are_asked_one_by_one_where_the_region_may_not_be(bench: Bench) -> None:
    write(bench, "granted")
    bench.control.post("/rights", {"project": "acme-japan"})
    said = run(bench, "granted")
    print(said.out, said.err)
    assert found(bench, "granted") == ["osaka 1", "tokyo 1"]
    load(bench, "granted_tokyo", 2, "tokyo 2")
    said = run(bench, "granted")
    print(said.out, said.err)
    assert found(bench, "granted") == ["osaka 1", "tokyo 1", "tokyo 2"]
    assert 0
