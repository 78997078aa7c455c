"""As many sources as there are locations, and thousands of datasets in one: what a run does with them.

Run by ``-m scale``; the figures are printed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from replicator import limits
from replicator.cli.exports import make_project
from replicator.config.pipeline import Pipeline
from replicator.runtime.clock import RealClock
from replicator.runtime.errors import WorkflowFailed
from tests.e2e.clouds import Cloud, cloud, head, pipeline_of

pytestmark = [pytest.mark.slow, pytest.mark.scale]

TARGET: Final = "acme-analytics.marketing.all"
SOURCES: Final = 60
POISONED: Final = "country_42"
DATASETS: Final = 2_500
DAY_SECONDS: Final = 86_400
HEAD: Final = head("scale", table=TARGET) + "sources:\n"


class Impatient(RealClock):
    """The machine's clock for whoever asks; a sleep takes a second at most, so that no run waits for itself."""

    def sleep(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        """Sleep for a short while."""
        super().sleep(min(seconds, 1), cancelled)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long it took, and what of that a processor worked for this process."""
    begun, worked = time.perf_counter(), time.process_time()
    yield
    print(f"{what}: {time.perf_counter() - begun:.0f} s, {time.process_time() - worked:.0f} s at work", flush=True)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Cloud]:
    """A local cloud with the target's dataset."""
    with cloud(tmp_path / "cloud") as made:
        made.dataset("acme-analytics.marketing", "EU")
        make_project(made.endpoints, "acme-replication")
        yield made


def countries() -> list[str]:
    """Names of sources."""
    return [f"country_{number:02}" for number in range(SOURCES)]


def sixty(directory: Path) -> Pipeline:
    """A pipeline whose sources lie where its target does, so that nothing but their number makes a run long."""
    lines = (
        f'  - {{name: {name}, project: acme-eu, location: EU, datasets: {name}, tables: {{shards: "t_", '
        'suffix: "%Y%m%d"}}\n'
        for name in countries()
    )
    return pipeline_of(directory, HEAD + "".join(lines))


def write(local: Cloud, day: int, names: list[str], value: str) -> None:
    """Write the shard of a day anew in the datasets of these sources."""
    statements = "".join(
        f"CREATE SCHEMA IF NOT EXISTS `acme-eu.{name}` OPTIONS (location = 'EU');\n"
        f"CREATE OR REPLACE TABLE `acme-eu.{name}.t_202611{day:02}` AS SELECT {value} AS n;\n"
        for name in names
    )
    local.rows(statements + "SELECT 1 AS done;", "EU")


def transactions(local: Cloud, before: int) -> tuple[int, int]:
    """How many were tried since so many were, and how many of them were committed."""
    jobs = [job for job in local.clients.bigquery("acme-analytics").list_jobs() if "_commit_" in job.job_id]
    new = sorted(jobs, key=lambda job: (job.created, job.job_id))[before:]
    return len(new), sum(job.error_result is None for job in new)


def owners(local: Cloud) -> dict[str, int]:
    """Rows of each source in the target."""
    found = local.rows(f"SELECT shop, COUNT(*) AS n FROM `{TARGET}` GROUP BY shop", "EU")
    return {row["shop"].partition(".")[2]: row["n"] for row in found}


def test_sixty_sources_land_at_once_and_one_of_them_is_poisoned(local: Cloud, tmp_path: Path) -> None:
    """The bad one is bisected out and 59 are committed; once it is mended all sixty are, in a few transactions."""
    pipeline, names = sixty(tmp_path), countries()
    good = [name for name in names if name != POISONED]
    local.dataset("acme-eu.others", "EU")
    with timed("sources written"):
        write(local, 1, good, "1")
        write(local, 1, [POISONED], "CAST(NULL AS INT64)")
    local.rows(
        f"CREATE TABLE `{TARGET}` (day DATE, shop STRING, n INT64 NOT NULL) PARTITION BY day CLUSTER BY shop", "EU"
    )

    with timed("one of 60 sources is poisoned"), pytest.raises(WorkflowFailed) as failed:
        local.run(pipeline, clock=Impatient())

    error: Any = failed.value.error
    assert {line["source"] for line in error["sources"] if line["stage"] != "done"} == {POISONED}
    assert owners(local) == dict.fromkeys(good, 1)
    tried, committed = transactions(local, 0)
    print(f"one of {SOURCES} sources is poisoned: {tried} transactions, {committed} committed")
    assert tried <= SOURCES / 3

    with timed("sources written"):
        write(local, 1, names, "2")
        write(local, 2, names, "3")
    with timed("60 sources land at once"):
        result = local.run(pipeline, clock=Impatient())

    assert (result["state"], result["units"]) == ("done", 2 * SOURCES)
    assert owners(local) == dict.fromkeys(names, 2)
    again, committed = transactions(local, tried)
    print(f"{SOURCES} sources land at once: {again} transactions, {sum(local.steps.values())} steps")
    assert again == committed <= SOURCES / 10
    assert sum(local.steps.values()) < limits.STEPS_PER_EXECUTION.value / 3


def test_thousands_of_datasets_come_in_copies_of_a_thousand_tables(local: Cloud, tmp_path: Path) -> None:
    """A dataset is a buffer, and a copy takes so many tables; what found no room stays due, newest first."""
    place = "asia-northeast1"
    pipeline = pipeline_of(
        tmp_path,
        f'{HEAD}  - {{name: japan, project: acme-jp, location: {place}, datasets: "d_*", staging: '
        '{project: acme-replication}, tables: {shards: "t_", suffix: "%Y%m%d"}}\n',
    )
    local.dataset("acme-jp.other", place)
    with timed(f"{DATASETS} datasets made"):
        local.rows(
            f"FOR made IN (SELECT n FROM UNNEST(GENERATE_ARRAY(1, {DATASETS})) AS n) DO\n"
            f"  EXECUTE IMMEDIATE FORMAT(\"CREATE SCHEMA `acme-jp.d_%d` OPTIONS (location = '{place}')\", made.n);\n"
            '  EXECUTE IMMEDIATE FORMAT("CREATE TABLE `acme-jp.d_%d.t_20261101` AS SELECT %d AS n", made.n, made.n);\n'
            "END FOR;\nSELECT 1 AS done;", place,
        )  # fmt: skip
    taken, most = 0, limits.TABLES_PER_COPY.value
    while taken < DATASETS:
        with timed("a run"):
            result = local.run(pipeline, clock=Impatient())
        print(f"{result['units']} units, {result['copies']} tables copied, {sum(local.steps.values())} steps")
        assert result["state"] == "done"
        assert result["units"] == min(most - 2, DATASETS - taken)
        assert result["copies"] == result["units"] + 2 <= most
        taken += result["units"]
        # A day has a ration of copies too.
        local.running.recorder.clear_calls()
        local.running.clock.move(local.running.clock.offset + DAY_SECONDS)
    with timed("a quiet run"):
        assert local.run(pipeline, clock=Impatient())["state"] == "quiet"

    [rows] = local.rows(f"SELECT COUNT(*) AS n, COUNT(DISTINCT shop) AS s, SUM(n) AS t FROM `{TARGET}`", "EU")
    assert rows == {"n": DATASETS, "s": DATASETS, "t": DATASETS * (DATASETS + 1) // 2}
