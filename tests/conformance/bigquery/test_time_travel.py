"""FOR SYSTEM_TIME AS OF: tables as they were, within the window, and the errors for any other time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance.bigquery.clocks import DAY, Clock, Timed
from tests.conformance.bigquery.conftest import serve


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timed]:
    """A server whose clock a test moves."""
    clock = Clock()
    for running in serve(tmp_path_factory.mktemp("past"), now=clock):
        yield Timed(running, clock, running.client())


def ask(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, or of what a statement leaves."""
    return [tuple(row.values()) for row in client.query(sql).result(timeout=20)]


def now(timed: Timed) -> str:
    """The server's time as a literal, of a moment that no statement shares."""
    return f"TIMESTAMP '{datetime.fromtimestamp(timed.clock(), tz=UTC).isoformat()}'"


def kept(timed: Timed) -> list[Path]:
    """The files of the store's tables."""
    return list(timed.running.directory.rglob("*.parquet"))


def test_a_table_is_read_as_it_was_before_each_change(timed: Timed) -> None:
    """Inserted, updated, deleted from, given a column, truncated, replaced: each state stays, with its own columns."""
    table = f"{timed.dataset('each_change')}.t"
    changes = [
        f"CREATE TABLE `{table}` AS SELECT 1 AS x",
        f"INSERT INTO `{table}` VALUES (2)",
        f"UPDATE `{table}` SET x = 3 WHERE x = 2",
        f"DELETE FROM `{table}` WHERE x = 1",
        f"ALTER TABLE `{table}` ADD COLUMN y STRING",
        f"TRUNCATE TABLE `{table}`",
        f"CREATE OR REPLACE TABLE `{table}` AS SELECT 'z' AS z",
    ]
    states = []
    for change in changes:
        ask(timed.client, change)
        query = f"SELECT * FROM `{table}` FOR SYSTEM_TIME AS OF {now(timed)} ORDER BY 1"
        states.append((query, ask(timed.client, f"SELECT * FROM `{table}` ORDER BY 1")))

    assert [rows for _, rows in states] == [[(1,)], [(1,), (2,)], [(1,), (3,)], [(3,)], [(3, None)], [], [("z",)]]
    for query, rows in states:
        assert ask(timed.client, query) == rows


def test_a_table_is_joined_with_nothing_but_itself_at_one_time(timed: Timed) -> None:
    """One statement reads a table as of one time, twice if it likes; another time, or changing it, is refused."""
    table = f"{timed.dataset('one_time')}.t"
    ask(timed.client, f"CREATE TABLE `{table}` AS SELECT 1 AS x")
    past = f"FOR SYSTEM_TIME AS OF {now(timed)}"
    then = f"`{table}` {past}"
    ask(timed.client, f"INSERT INTO `{table}` VALUES (2)")

    twice = f"SELECT COUNT(*) FROM `{table}` AS a {past} JOIN `{table}` b {past} ON a.x = b.x"
    assert ask(timed.client, twice) == [(1,)]
    for statement in (
        f"SELECT COUNT(*) FROM `{table}` AS a {past} JOIN `{table}` AS b ON a.x = b.x",
        f"INSERT INTO `{table}` SELECT x FROM {then}",
        f"DELETE FROM `{table}` WHERE x IN (SELECT x FROM {then})",
    ):
        with pytest.raises(exceptions.BadRequest, match="at more than one point in time"):
            ask(timed.client, statement)
    ask(timed.client, f"CREATE TABLE `{table}_old` AS SELECT * FROM {then}")
    assert ask(timed.client, f"SELECT * FROM `{table}_old`") == [(1,)]


def test_a_transaction_reads_the_past_that_is_not_its_own(timed: Timed) -> None:
    """What others committed before it began; of a time since, in a table that it has changed, no page tells."""
    table = f"{timed.dataset('transactions')}.t"
    ask(timed.client, f"CREATE TABLE `{table}` AS SELECT 1 AS x")
    script = f"""
        BEGIN TRANSACTION;
        INSERT INTO `{table}` VALUES (2);
        SELECT COUNT(*) FROM `{table}` FOR SYSTEM_TIME AS OF {{}};
        ROLLBACK TRANSACTION;"""
    job = timed.client.query(script.format(now(timed)))
    job.result()
    counted = [each for each in timed.client.list_jobs(parent_job=job) if each.statement_type == "SELECT"]
    assert [tuple(row) for row in counted[0].result()] == [(1,)]
    with pytest.raises(exceptions.ServerError, match="within the transaction that changes it"):
        ask(timed.client, script.format("CURRENT_TIMESTAMP()"))


def test_the_time_is_a_constant_of_the_script_or_the_request(timed: Timed) -> None:
    """A variable, a parameter, an expression of CURRENT_TIMESTAMP; a column is none, NULL neither."""
    table = f"{timed.dataset('constants')}.t"
    script = f"""
        DECLARE before TIMESTAMP;
        CREATE TABLE `{table}` AS SELECT 1 AS x;
        SET before = CURRENT_TIMESTAMP();
        DELETE FROM `{table}` WHERE true;
        SELECT x FROM `{table}` FOR SYSTEM_TIME AS OF before"""
    assert ask(timed.client, script) == [(1,)]
    query = f"SELECT COUNT(*) FROM `{table}` FOR SYSTEM_TIME AS OF @at"
    at = bigquery.ScalarQueryParameter("at", "TIMESTAMP", datetime.fromtimestamp(timed.clock(), tz=UTC))
    config = bigquery.QueryJobConfig(query_parameters=[at])
    assert [tuple(row) for row in timed.client.query(query, job_config=config).result()] == [(0,)]
    assert ask(timed.client, query.replace("@at", "CURRENT_TIMESTAMP()")) == [(0,)]
    for wrong in ("TIMESTAMP(NULL)", "(SELECT CURRENT_TIMESTAMP())", "1", "CURRENT_DATE()"):
        with pytest.raises(exceptions.BadRequest, match="FOR SYSTEM_TIME AS OF must be"):
            ask(timed.client, query.replace("@at", wrong))
    with pytest.raises(exceptions.BadRequest, match="only be used with tables"):
        ask(timed.client, f"WITH w AS (SELECT 1 AS x) SELECT x FROM w FOR SYSTEM_TIME AS OF {now(timed)}")


def test_a_time_outside_of_the_window_is_refused(timed: Timed) -> None:
    """Before the table, before the dataset's window and to come: in the service's words, and so is a deleted table."""
    dataset = timed.dataset("window")
    table, begun = f"{dataset}.t", timed.clock()
    ask(timed.client, f"CREATE TABLE `{table}` AS SELECT 1 AS x")
    query = f"SELECT * FROM `{table}` FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {{}} HOUR)"
    with pytest.raises(exceptions.BadRequest, match=r"Invalid snapshot time \d+ for table .*Cannot read before"):
        ask(timed.client, query.format(1))
    with pytest.raises(exceptions.BadRequest, match="Invalid snapshot time"):
        ask(timed.client, query.format(-1))

    ask(timed.client, f"ALTER SCHEMA `{dataset}` SET OPTIONS (max_time_travel_hours = 48)")
    assert timed.client.get_dataset(dataset)._properties["maxTimeTravelHours"] == "48"  # noqa: SLF001 - the client has no attribute for it
    timed.clock.ahead += 3 * DAY
    ask(timed.client, f"UPDATE `{table}` SET x = 2 WHERE true")
    assert ask(timed.client, query.format(47)) == [(1,)]
    with pytest.raises(exceptions.BadRequest, match="Cannot read before"):
        ask(timed.client, query.format(49))
    ask(timed.client, f"ALTER SCHEMA `{dataset}` SET OPTIONS (max_time_travel_hours = NULL)")
    assert ask(timed.client, query.format(49)) == [(1,)]
    assert begun < timed.clock()

    ask(timed.client, f"DROP TABLE `{table}`")
    with pytest.raises(exceptions.NotFound, match="Not found: Table"):
        ask(timed.client, query.format(1))
    ask(timed.client, f"CREATE TABLE `{table}` AS SELECT 3 AS x")
    with pytest.raises(exceptions.ServerError, match="deleted and made again"):
        ask(timed.client, query.format(1))


def test_what_the_window_has_left_behind_is_no_longer_kept(timed: Timed) -> None:
    """Seven days after rows went out of force their files are gone, and so are the states that they were of."""
    table = f"{timed.dataset('left_behind')}.t"
    ask(timed.client, f"CREATE TABLE `{table}` AS SELECT 1 AS x")
    ask(timed.client, f"CREATE OR REPLACE TABLE `{table}` AS SELECT 2 AS x")
    before = len(kept(timed))

    timed.clock.ahead += 8 * DAY
    ask(timed.client, "SELECT 1")

    assert len(kept(timed)) < before
    assert ask(timed.client, f"SELECT x FROM `{table}`") == [(2,)]


def test_a_time_whose_files_had_to_go_is_refused_by_name(timed: Timed) -> None:
    """The disk is no seven days deep: beyond so many bytes the past goes, and is never answered from what is left."""
    table = f"{timed.dataset('had_to_go')}.t"
    ask(timed.client, f"CREATE TABLE `{table}` AS SELECT 1 AS x")
    query = f"SELECT x FROM `{table}` FOR SYSTEM_TIME AS OF {now(timed)}"
    ask(timed.client, f"UPDATE `{table}` SET x = 2 WHERE true")
    assert ask(timed.client, query) == [(1,)]

    keeping = timed.running.service.store.keeping
    most, keeping.past_bytes = keeping.past_bytes, 0
    try:
        with pytest.raises(exceptions.ServerError, match="did not keep"):
            ask(timed.client, query)
    finally:
        keeping.past_bytes = most
    with pytest.raises(exceptions.ServerError, match="did not keep"):
        ask(timed.client, query)
    ask(timed.client, f"INSERT INTO `{table}` VALUES (3)")
    later = f"SELECT x FROM `{table}` FOR SYSTEM_TIME AS OF {now(timed)} ORDER BY x"
    ask(timed.client, f"TRUNCATE TABLE `{table}`")
    assert ask(timed.client, later) == [(2,), (3,)]


def test_what_has_expired_is_read_as_of_before(timed: Timed) -> None:
    """A partition is gone when its time has come, not when somebody looks."""
    table = f"{timed.dataset('expired')}.t"
    day = datetime.fromtimestamp(timed.clock(), tz=UTC).date()
    ask(
        timed.client,
        f"CREATE TABLE `{table}` (d DATE) PARTITION BY d OPTIONS (partition_expiration_days = 2)"
        f" AS SELECT DATE '{day}' AS d",
    )
    timed.clock.ahead += 3 * DAY
    query = f"SELECT d FROM `{table}` FOR SYSTEM_TIME AS OF TIMESTAMP '{{}} 00:00:00+00'"
    assert ask(timed.client, f"SELECT d FROM `{table}`") == []
    assert ask(timed.client, query.format(day + timedelta(days=1))) == [(day,)]
    assert ask(timed.client, query.format(day + timedelta(days=2))) == []


@pytest.mark.parametrize("relation", ["v", "t*", "INFORMATION_SCHEMA.TABLES"])
def test_only_a_single_table_has_a_past(timed: Timed, relation: str) -> None:
    """Views, wildcards and metadata as of a time are refused by name."""
    dataset = timed.dataset(f"single_{len(relation)}")
    ask(timed.client, f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x; CREATE VIEW `{dataset}.v` AS SELECT 1 AS x")
    with pytest.raises(exceptions.ServerError, match="FOR SYSTEM_TIME AS OF with"):
        ask(timed.client, f"SELECT * FROM `{dataset}.{relation}` FOR SYSTEM_TIME AS OF {now(timed)}")


def test_rows_of_the_streaming_buffer_have_no_past_yet(timed: Timed) -> None:
    """No page says whether a time travels into the buffer: it is refused, and answered once they have left it."""
    table = f"{timed.dataset('streamed')}.t"
    ask(timed.client, f"CREATE TABLE `{table}` (x INT64)")
    knobs = timed.running.service.knobs
    knobs.streaming_buffer_seconds = 60.0
    try:
        assert timed.client.insert_rows_json(table, [{"x": 1}]) == []
    finally:
        knobs.streaming_buffer_seconds = 0.0
    query = f"SELECT x FROM `{table}` FOR SYSTEM_TIME AS OF {now(timed)}"
    with pytest.raises(exceptions.ServerError, match="streaming buffer"):
        ask(timed.client, query)
    timed.clock.ahead += 61.0
    assert ask(timed.client, query[: query.index("TIMESTAMP")] + now(timed)) == [(1,)]
