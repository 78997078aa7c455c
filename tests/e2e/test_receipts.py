"""Receipts that are lost or wrong: brought back from the ledger, and nothing is copied a second time for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

import pytest

from replicator.config.pipeline import Pipeline
from replicator.plan.build import build_plan
from replicator.runtime.errors import WorkflowFailed
from replicator.schema.fields import Field
from replicator.sql.receipts import STAMPS_PER_PAGE
from tests.e2e.clouds import cloud
from tests.e2e.units import PROJECT, Bench, ordered, refused

pytestmark = pytest.mark.slow

DAYS: Final = STAMPS_PER_PAGE + 3
STATE: Final = "acme-analytics.memory"
FIELDS: Final = (Field("n", "INTEGER"), Field("day", "DATE"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A local cloud that the tests of this file share; what is made in its state dataset expires after a day."""
    directory = tmp_path_factory.mktemp("receipts")
    with cloud(directory / "cloud") as local:
        bench = Bench(local, directory)
        local.rows(f"CREATE SCHEMA `{STATE}` OPTIONS (location = 'EU', default_table_expiration_days = 1)", "EU")
        yield bench


def receipts(pipeline: Pipeline) -> str:
    """The source's receipts table, quoted."""
    plan = build_plan(pipeline)
    return f"`{plan.sources[0].staging}.receipts_{plan.key}`"


def kept(bench: Bench, pipeline: Pipeline) -> list[dict[str, Any]]:
    """What the newest receipt of each unit says, but for when it was written."""
    return ordered(
        bench.sql(
            f"SELECT * EXCEPT (committed_at) FROM {receipts(pipeline)} WHERE TRUE "
            "QUALIFY ROW_NUMBER() OVER (PARTITION BY dataset, name ORDER BY run DESC) = 1"
        )
    )


def rebuilt(bench: Bench, name: str) -> int:
    """How many pages of the ledger were read for a pipeline's receipts."""
    jobs = bench.cloud.clients.bigquery("acme-analytics").list_jobs()
    return sum(job.job_id.startswith(f"replicator_{name}_") and "_ledger_" in job.job_id for job in jobs)


def expiring(bench: Bench, dataset: str, place: str) -> set[str]:
    """What the names of the dataset's tables that expire begin with."""
    found = bench.cloud.rows(
        f"SELECT t.table_name FROM `{dataset}`.INFORMATION_SCHEMA.TABLES AS t "
        f"JOIN `{dataset}`.INFORMATION_SCHEMA.TABLE_OPTIONS AS o ON o.table_name = t.table_name "
        "WHERE o.option_name = 'expiration_timestamp'", place,
    )  # fmt: skip
    return {str(row["table_name"]).partition("_")[0] for row in found}


def test_lost_receipts_are_rebuilt_and_nothing_is_copied_again(bench: Bench) -> None:
    """All of them, over several pages; or those of the last run alone, as when it died after its commit."""
    bench.dataset(f"{PROJECT}.lost", "asia-northeast1")
    pipeline = bench.pipeline("lost", tables="{partitioned: lost.orders}")
    bench.sql(f"CREATE TABLE `{PROJECT}.lost.orders` (n INT64, day DATE) PARTITION BY day")
    bench.sql(
        f"INSERT INTO `{PROJECT}.lost.orders` (n, day) "
        f"SELECT 1, d FROM UNNEST(GENERATE_DATE_ARRAY(DATE '2026-01-01', "
        f"DATE '{date(2026, 1, 1) + timedelta(days=DAYS - 2)}')) AS d UNION ALL SELECT 2, NULL"
    )
    assert bench.cloud.run(pipeline)["units"] == DAYS
    bench.sql(f"UPDATE `{PROJECT}.lost.orders` SET n = 7 WHERE day = DATE '2026-01-02'")
    assert bench.cloud.run(pipeline)["units"] == 1
    before = kept(bench, pipeline)
    assert rebuilt(bench, "lost") == 0

    for loss in (f"DROP TABLE {receipts(pipeline)}", f"DELETE FROM {receipts(pipeline)} WHERE ENDS_WITH(run, '2')"):
        bench.sql(loss)
        result = bench.cloud.run(pipeline)
        assert (result["state"], result["units"], result["copies"]) == ("quiet", 0, 0)
        assert kept(bench, pipeline) == before
    assert rebuilt(bench, "lost") == 4
    assert len(bench.units("lost")) == DAYS + 1


def test_receipts_are_rebuilt_on_request(bench: Bench) -> None:
    """A receipt of what never arrived is forgotten, so that it arrives; neither they nor the ledger ever expire."""
    pipeline = bench.pipeline("wrong", tables="{table: wrong.orders}", merge="replace_table")
    bench.load("wrong.orders", FIELDS, [{"n": 1, "day": date(2026, 11, 1)}])
    bench.cloud.run(pipeline)
    bench.load("wrong.orders", FIELDS, [{"n": 2, "day": date(2026, 11, 2)}])
    bench.sql(
        f"INSERT INTO {receipts(pipeline)} (dataset, name, modified, source_rows, source_bytes, run, committed_at) "
        "SELECT table_schema, table_name, storage_last_modified_time, total_rows, total_logical_bytes, 'none', "
        f"CURRENT_TIMESTAMP() FROM `{PROJECT}`.`region-asia-northeast1`.INFORMATION_SCHEMA.TABLE_STORAGE "
        "WHERE table_schema = 'wrong' AND NOT deleted"
    )
    assert bench.cloud.run(pipeline)["state"] == "quiet"

    assert bench.cloud.run(pipeline, {"rebuild_receipts": True})["rows"] == 1

    (row,) = bench.target("wrong")
    assert row["n"] == 2
    # Both datasets have a default by which what a run leaves behind expires.
    assert expiring(bench, STATE, "EU") == {"batch"}
    assert expiring(bench, str(build_plan(pipeline).sources[0].staging), "asia-northeast1") == set()
    with pytest.raises(WorkflowFailed, match="rebuild_receipts is neither true nor false"):
        bench.cloud.run(pipeline, {"rebuild_receipts": "yes"})


def test_an_append_by_column_goes_on_from_the_ledger(bench: Bench) -> None:
    """Its largest value comes back with the receipts, so that no row is appended twice."""
    pipeline = bench.pipeline(
        "goes_on", tables="{table: goes_on.orders}", merge="append", incremental="{by: column, column: n}"
    )
    rows = [{"n": number, "day": date(2026, 11, number)} for number in (1, 2, 3)]
    bench.load("goes_on.orders", FIELDS, rows[:2])
    bench.cloud.run(pipeline)
    bench.sql(f"DELETE FROM {receipts(pipeline)} WHERE TRUE")
    bench.load("goes_on.orders", FIELDS, rows)

    assert bench.cloud.run(pipeline)["rows"] == 1

    assert bench.target("goes_on") == ordered({**row, "shop": f"{PROJECT}.goes_on.orders"} for row in rows)


def test_a_window_is_refused_where_a_source_has_no_days(bench: Bench) -> None:
    """By the document, before anything is touched; by whole numbers at the source, before anything is staged."""
    window = {"window": {"from": "2026-11-01", "to": "2026-11-02"}}
    whole = bench.pipeline("whole", tables="{table: whole.orders}", merge="replace_table", incremental="always")
    bench.cloud.calls()
    with pytest.raises(WorkflowFailed, match="window: the source japan is taken as a whole and has no days"):
        bench.cloud.run(whole, window)
    assert bench.cloud.calls() == {}

    numbers = bench.pipeline("numbers", tables="{partitioned: numbers.orders}")
    bench.sql(
        f"CREATE TABLE `{PROJECT}.numbers.orders` (n INT64, day INT64) "
        "PARTITION BY RANGE_BUCKET(day, GENERATE_ARRAY(0, 100, 10))"
    )
    with pytest.raises(WorkflowFailed, match=r"numbers\.orders is partitioned by whole numbers and has no days"):
        bench.cloud.run(numbers, window)


def test_every_statement_that_was_sent_is_googlesql(bench: Bench) -> None:
    """What the tests above had the server run is analyzed without an error; it stands last for that."""
    assert refused(bench) == []
