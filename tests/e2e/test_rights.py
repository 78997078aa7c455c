"""Rights on datasets alone: what the source's project does not grant as a whole is asked dataset by dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from replicator.cli.exports import make_project
from replicator.report.words import BY_DATASET
from replicator.schema.fields import Field
from tests.captured import captured
from tests.conformance.server.clients import Control
from tests.e2e.clouds import Cloud, cloud, head
from tests.e2e.deploy.bench import Bench, Said

pytestmark = pytest.mark.slow

FIELDS = (Field("id", "INTEGER"), Field("note", "STRING"), Field("secret", "STRING"))
CONFIG = (
    head("NAME", state="acme-analytics.memory_NAME")
    + """\
sources:
  - name: japan
    project: acme-japan
    location: asia-northeast1
    datasets: {include: ["NAME_*"], exclude: ["NAME_trial"]}
    tables: {shards: "events_", suffix: "%Y%m%d"}
    columns: {exclude: [secret]}
    staging: {project: acme-replication}
"""
)

OTHER_KINDS = (
    head("kinds", state="acme-analytics.memory_kinds")
    + """\
sources:
  - {name: days, project: acme-japan, location: asia-northeast1, tables: {partitioned: kinds.days}}
  - {name: whole, project: acme-japan, location: asia-northeast1, tables: {table: kinds.whole}}
  - name: asked
    project: acme-japan
    location: asia-northeast1
    id: asked
    tables:
      query: SELECT * FROM `acme-japan.kinds.asked` WHERE day >= DATE(@window_start) AND day < DATE(@window_end)
merge: {upsert: {keys: [id]}}
"""
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that the tests of this file share."""
    with cloud(tmp_path_factory.mktemp("rights") / "cloud") as running:
        running.dataset("acme-analytics.marketing", "EU")
        make_project(running.endpoints, "acme-replication")
        yield running


@pytest.fixture
def bench(shared: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    """The cloud with all rights, and a directory for configs."""
    control = Control(shared.running.endpoints)
    yield Bench(shared, control, tmp_path, capsys)
    control.ask("DELETE", "/rights")


def write(bench: Bench, name: str) -> str:
    """The pipeline's file, and datasets of its source; one is excluded, one lies elsewhere."""
    (bench.directory / "configs").mkdir()
    (bench.directory / "configs" / f"{name}.yaml").write_text(CONFIG.replace("NAME", name), encoding="utf-8")
    for shop in ("tokyo", "osaka", "trial"):
        bench.cloud.dataset(f"acme-japan.{name}_{shop}", "asia-northeast1")
        load(bench, f"{name}_{shop}", 1, f"{shop} 1")
    bench.cloud.dataset(f"acme-japan.{name}_abroad", "US")
    return name


def load(bench: Bench, dataset: str, day: int, note: str) -> None:
    """One row as a day of a dataset."""
    rows = [{"id": day, "note": note, "secret": "s"}]
    bench.cloud.load(f"acme-japan.{dataset}.events_202611{day:02}", FIELDS, rows, "asia-northeast1")


def run(bench: Bench, name: str) -> Said:
    """A run that goes well."""
    said = bench.say("run", name)
    assert said.code == 0, said.err
    return said


def notes(bench: Bench, name: str) -> list[str]:
    """The notes in the target."""
    return sorted(row["note"] for row in bench.cloud.rows(f"SELECT note FROM `acme-analytics.marketing.{name}`", "EU"))


def test_datasets_are_asked_one_by_one_where_the_region_may_not_be(bench: Bench) -> None:
    """Those that the file names and that are granted; forecast, terminal and status say so, until rights come back."""
    name = write(bench, "granted")
    bench.control.post("/rights", {"project": "acme-japan", "withheld": "granted_osaka"})

    planned = bench.as_json("plan", name)["due"]
    first = run(bench, name)
    status = bench.say("status", name).out

    assert [(one["units"], one["by_dataset"]) for one in planned] == [(1, True)]
    assert notes(bench, name) == ["tokyo 1"]
    assert "the account may not ask the whole region; listing the datasets that it may" in first.err
    assert f"japan: {BY_DATASET}" in first.out
    assert f"{name}-000001: japan: {BY_DATASET}" in status
    bench.control.ask("DELETE", "/rights")
    load(bench, f"{name}_tokyo", 2, "tokyo 2")
    assert BY_DATASET not in run(bench, name).out
    assert notes(bench, name) == ["osaka 1", "tokyo 1", "tokyo 2"]


def test_where_nothing_is_granted_one_sentence_says_what_to_grant(bench: Bench) -> None:
    """The same in a forecast and in a run."""
    name = write(bench, "nothing")
    bench.control.post("/rights", {"project": "acme-japan", "withheld": "nothing_.*"})

    planned, ran = bench.say("plan", name), bench.say("run", name)

    remedy = (
        "the account sees 0 datasets of the source, and not the metadata of all of project acme-japan; grant it "
        "bigquery.metadataViewer there, or on 1 to 200 of the datasets"
    )
    assert (planned.code, ran.code) == (1, 1)
    assert remedy in planned.err
    assert remedy in ran.err


def test_units_of_every_other_kind_are_found_by_dataset(bench: Bench) -> None:
    """A partitioned table, a whole one and a query side by side; each statement is one to Google's analyzer."""
    name = "kinds"
    configs = bench.directory / "configs"
    configs.mkdir()
    (configs / f"{name}.yaml").write_text(OTHER_KINDS, encoding="utf-8")
    bench.cloud.dataset("acme-japan.kinds", "asia-northeast1")
    for table in ("days", "whole", "asked"):
        layout = "PARTITION BY day" if table == "days" else ""
        rows = f"SELECT 1 AS id, '{table}' AS note, DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY) AS day"
        bench.cloud.rows(f"CREATE TABLE `acme-japan.kinds.{table}` {layout} AS {rows}", "asia-northeast1")
    bench.control.post("/rights", {"project": "acme-japan"})

    planned = bench.as_json("plan", name)["due"]
    run(bench, name)

    assert [one["units"] for one in planned] == [1, 1, 1]
    assert notes(bench, name) == ["asked", "days", "whole"]
    sent = captured(bench.cloud.running.endpoints.http)
    views = {each.text.partition(" AS ")[0]: each for each in sent if each.text.startswith("CREATE OR REPLACE VIEW")}
    assert len(views) >= 5
    for view in views.values():
        view.check()
