"""Snapshots, clones and copies of tables: by statement and by copy job, of now and of the past."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

OPERATION = bigquery.job.OperationType


def ask(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, or of what a statement leaves."""
    return [tuple(row.values()) for row in client.query(sql).result(timeout=20)]


def copy(client: bigquery.Client, source: str, destination: str, **options: Any) -> None:
    """Run a copy job, to its end or its error."""
    config = bigquery.CopyJobConfig(**options)
    client.copy_table(source, destination, job_config=config, location="EU").result(timeout=20)


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> str:
    """A partitioned table of two rows."""
    ask(client, f"CREATE TABLE `{dataset}.t` (d DATE, x INT64) PARTITION BY d OPTIONS (description = 'two')")
    ask(client, f"INSERT INTO `{dataset}.t` VALUES (DATE '2026-01-01', 1), (DATE '2026-01-02', 2)")
    return f"{dataset}.t"


def test_a_snapshot_keeps_what_its_table_loses(client: bigquery.Client, table: str) -> None:
    """It has the rows, the columns and the partitioning of then, says whose and when, and expires if it is told to."""
    before = datetime.now(UTC)
    job = client.query(
        f"CREATE SNAPSHOT TABLE `{table}_s` CLONE `{table}` "
        "OPTIONS (expiration_timestamp = TIMESTAMP '2099-01-01 00:00:00+00', friendly_name = 'kept')"
    )
    job.result()
    ask(client, f"DELETE FROM `{table}` WHERE x = 1")

    made = client.get_table(f"{table}_s")
    assert (job.statement_type, job.ddl_operation_performed) == ("CREATE_SNAPSHOT_TABLE", "CREATE")
    assert ask(client, f"SELECT x FROM `{table}_s` ORDER BY x") == [(1,), (2,)]
    assert (made.table_type, made.num_rows, made.friendly_name) == ("SNAPSHOT", 2, "kept")
    assert (made.time_partitioning.field, made.description) == ("d", "two")
    assert made.expires == datetime(2099, 1, 1, tzinfo=UTC)
    assert made.snapshot_definition.base_table_reference.table_id == "t"
    assert before < made.snapshot_definition.snapshot_time < datetime.now(UTC)
    listed = {each.table_id: each.table_type for each in client.list_tables(table.rpartition(".")[0])}
    assert listed == {"t": "TABLE", "t_s": "SNAPSHOT"}
    with pytest.raises(exceptions.ServerError, match="matches table snapshots"):
        ask(client, f"SELECT x FROM `{table}*`")


def test_a_snapshot_is_read_only(client: bigquery.Client, table: str) -> None:
    """No statement, load, stream or copy changes it, and DROP TABLE does not drop it; its metadata may change."""
    ask(client, f"CREATE SNAPSHOT TABLE `{table}_s` CLONE `{table}`")
    for statement in (
        "INSERT INTO `{}` VALUES (NULL, 3)",
        "UPDATE `{}` SET x = 3 WHERE true",
        "DELETE FROM `{}` WHERE true",
        "TRUNCATE TABLE `{}`",
        "MERGE `{}` USING (SELECT 1) ON false WHEN NOT MATCHED THEN INSERT ROW",
        "ALTER TABLE `{}` ADD COLUMN y INT64",
        "ALTER TABLE `{}` DROP COLUMN x",
        "DROP TABLE `{}`",
        "CREATE SNAPSHOT TABLE `{}` CLONE `" + table + "`",
    ):
        with pytest.raises((exceptions.BadRequest, exceptions.Conflict)):
            ask(client, statement.format(f"{table}_s"))
    with pytest.raises(exceptions.BadRequest):
        client.insert_rows_json(f"{table}_s", [{"x": 3}])
    with pytest.raises(exceptions.BadRequest):
        client.load_table_from_json([{"x": 3}], f"{table}_s", location="EU").result()
    for write in ("WRITE_APPEND", "WRITE_TRUNCATE"):
        with pytest.raises((exceptions.BadRequest, exceptions.Conflict)):
            copy(client, table, f"{table}_s", write_disposition=write)

    ask(client, f"ALTER TABLE `{table}_s` SET OPTIONS (description = 'three')")
    assert client.get_table(f"{table}_s").description == "three"
    assert ask(client, f"SELECT COUNT(*) FROM `{table}_s`") == [(2,)]
    ask(client, f"DROP SNAPSHOT TABLE `{table}_s`")
    ask(client, f"DROP SNAPSHOT TABLE IF EXISTS `{table}_s`")
    with pytest.raises(exceptions.NotFound):
        client.get_table(f"{table}_s")


def test_a_clone_goes_its_own_way(client: bigquery.Client, table: str) -> None:
    """Of the table as it is or was: a table of its own, which says whose clone it is."""
    moment = datetime.now(UTC)
    ask(client, f"UPDATE `{table}` SET x = 3 WHERE x = 2")
    ask(client, f"CREATE TABLE `{table}_now` CLONE `{table}`")
    ask(client, f"CREATE TABLE `{table}_then` CLONE `{table}` FOR SYSTEM_TIME AS OF TIMESTAMP '{moment.isoformat()}'")
    ask(client, f"INSERT INTO `{table}_then` VALUES (NULL, 4)")

    assert ask(client, f"SELECT x FROM `{table}_now` ORDER BY x") == [(1,), (3,)]
    assert ask(client, f"SELECT x FROM `{table}_then` ORDER BY x") == [(1,), (2,), (4,)]
    assert ask(client, f"SELECT x FROM `{table}` ORDER BY x") == [(1,), (3,)]
    made = client.get_table(f"{table}_then")
    assert (made.table_type, made.clone_definition.clone_time) == ("TABLE", moment)
    assert ask(client, f"CREATE OR REPLACE TABLE `{table}_now` CLONE `{table}_then`") == []
    assert ask(client, f"SELECT COUNT(*) FROM `{table}_now`") == [(3,)]
    ask(client, f"CREATE OR REPLACE TABLE `{table}` CLONE `{table}` FOR SYSTEM_TIME AS OF TIMESTAMP '{moment}'")
    assert ask(client, f"SELECT x FROM `{table}` ORDER BY x") == [(1,), (2,)]


def test_a_table_copied_by_a_statement_is_no_clone(client: bigquery.Client, table: str) -> None:
    """CREATE TABLE … COPY: schema, partitioning and rows; not of a snapshot, and IF NOT EXISTS leaves what is there."""
    ask(client, f"CREATE TABLE `{table}_c` COPY `{table}` OPTIONS (description = 'copied')")
    ask(client, f"INSERT INTO `{table}` VALUES (NULL, 3)")
    ask(client, f"CREATE TABLE IF NOT EXISTS `{table}_c` COPY `{table}`")

    made = client.get_table(f"{table}_c")
    assert (made.num_rows, made.description, made.time_partitioning.field) == (2, "copied", "d")
    assert made.clone_definition is None
    ask(client, f"CREATE SNAPSHOT TABLE `{table}_s` CLONE `{table}`")
    ask(client, f"CREATE VIEW `{table}_v` AS SELECT 1 AS x")
    for statement in (f"COPY `{table}_s`", f"COPY `{table}_v`", f"CLONE `{table}_v`"):
        with pytest.raises(exceptions.BadRequest, match="is not allowed for this operation"):
            ask(client, f"CREATE TABLE `{table}_x` {statement}")


def test_copy_jobs_take_snapshots_restore_them_and_clone(client: bigquery.Client, table: str) -> None:
    """By operationType: TABLE to SNAPSHOT and back, also over the table that it was taken of."""
    expires = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    copy(
        client, table, f"{table}_s", operation_type=OPERATION.SNAPSHOT, destination_expiration_time=expires.isoformat()
    )
    copy(client, table, f"{table}_c", operation_type=OPERATION.CLONE)
    ask(client, f"TRUNCATE TABLE `{table}`")
    copy(client, f"{table}_s", f"{table}_s2")
    copy(client, f"{table}_s", f"{table}_r", operation_type=OPERATION.RESTORE)
    copy(client, f"{table}_s", table, operation_type=OPERATION.RESTORE, write_disposition="WRITE_TRUNCATE")

    found = {name: client.get_table(f"{table}{name}") for name in ("", "_s", "_s2", "_c", "_r")}
    assert {name: each.table_type for name, each in found.items()} == {
        "": "TABLE", "_s": "SNAPSHOT", "_s2": "SNAPSHOT", "_c": "TABLE", "_r": "TABLE"
    }  # fmt: skip
    assert {each.num_rows for each in found.values()} == {2}
    assert (found["_s"].expires, found["_r"].expires) == (expires, None)
    assert found["_c"].clone_definition is not None
    for source, name, operation in (
        (table, "_s", OPERATION.SNAPSHOT),
        (f"{table}_s", "_s2", OPERATION.COPY),
        (table, "_n", OPERATION.RESTORE),
        (f"{table}_s", "_n", OPERATION.CLONE),
    ):
        with pytest.raises((exceptions.BadRequest, exceptions.Conflict)):
            copy(client, source, f"{table}{name}", operation_type=operation)


def test_a_snapshot_decorator_copies_a_table_as_it_was(client: bigquery.Client, table: str) -> None:
    """By milliseconds since 1970 or from now; a deleted table comes back so, and a table over itself."""
    time.sleep(0.01)
    moment = time.time_ns() // 1_000_000
    ask(client, f"DELETE FROM `{table}` WHERE x = 1")
    copy(client, f"{table}@{moment}", f"{table}_old")
    copy(client, f"{table}@-1", f"{table}_new")
    copy(client, f"{table}@{moment}", table, write_disposition="WRITE_TRUNCATE")
    with pytest.raises(exceptions.BadRequest, match="Cannot read before"):
        copy(client, f"{table}@-86400000", f"{table}_x")
    assert [ask(client, f"SELECT COUNT(*) FROM `{table}{name}`") for name in ("", "_old", "_new")] == [
        [(2,)], [(2,)], [(1,)]
    ]  # fmt: skip

    ask(client, f"DROP TABLE `{table}`")
    copy(client, f"{table}@{moment}", table)
    assert client.get_table(table).num_rows == 2
    with pytest.raises(exceptions.ServerError, match="deleted and made again"):
        copy(client, f"{table}@{moment}", f"{table}_again")
    for decorator, error in (("@0", exceptions.ServerError), ("$20260101@-1", exceptions.ServerError)):
        with pytest.raises(error, match="decorator"):
            copy(client, f"{table}{decorator}", f"{table}_x")


def test_metadata_tells_snapshots_and_clones(client: bigquery.Client, dataset: str, table: str) -> None:
    """TABLES, TABLE_SNAPSHOTS and TABLE_STORAGE say what each is, and of what it was taken."""
    ask(client, f"CREATE SNAPSHOT TABLE `{table}_s` CLONE `{table}`; CREATE TABLE `{table}_c` CLONE `{table}`")
    query = f"SELECT table_name, table_type, base_table_name, snapshot_time_ms IS NULL FROM `{dataset}`"
    assert ask(client, f"{query}.INFORMATION_SCHEMA.TABLES ORDER BY 1") == [
        ("t", "BASE TABLE", None, True), ("t_c", "CLONE", "t", False), ("t_s", "SNAPSHOT", "t", False)
    ]  # fmt: skip
    query = "SELECT table_name, base_table_schema, base_table_name"
    snapshots = ask(client, f"{query} FROM `{dataset}`.INFORMATION_SCHEMA.TABLE_SNAPSHOTS")
    assert snapshots == [("t_s", dataset.partition(".")[2], "t")]
    storage = f"SELECT table_name, table_type, total_rows FROM `{dataset.partition('.')[0]}.region-eu`"
    where = f"WHERE table_schema = '{dataset.partition('.')[2]}' ORDER BY 1"
    assert ask(client, f"{storage}.INFORMATION_SCHEMA.TABLE_STORAGE {where}") == [
        ("t", "BASE TABLE", 2), ("t_c", "CLONE", 2), ("t_s", "SNAPSHOT", 2)
    ]  # fmt: skip
