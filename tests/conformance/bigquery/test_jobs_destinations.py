"""Queries into tables: dispositions, partitions, schemas that grow."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

DAYS = "SELECT day, x FROM UNNEST([STRUCT(DATE '2026-01-01' AS day, 1 AS x), (DATE '2026-01-02', 2)])"


def into(client: bigquery.Client, table: str, sql: str, write: str | None = None, **options: Any) -> bigquery.QueryJob:
    """Run a query into a table."""
    config = bigquery.QueryJobConfig(destination=table, **options)
    if write is not None:
        config.write_disposition = write
    job = client.query(sql, job_config=config)
    job.result()
    return job


def rows(client: bigquery.Client, table: str) -> list[tuple[Any, ...]]:
    """A table's rows in order."""
    return sorted((tuple(row.values()) for row in client.query(f"SELECT * FROM `{table}`").result()), key=repr)


def test_a_query_makes_its_destination(client: bigquery.Client, dataset: str) -> None:
    """With the partitioning and clustering that the job states; the answer is the job's rows too."""
    partitioning = bigquery.TimePartitioning(type_="MONTH", field="day", expiration_ms=None)
    job = into(client, f"{dataset}.t", DAYS, time_partitioning=partitioning, clustering_fields=["x"])

    made = client.get_table(f"{dataset}.t")
    assert (made.time_partitioning.type_, made.time_partitioning.field, made.clustering_fields) == (
        "MONTH",
        "day",
        ["x"],
    )
    assert (made.num_rows, job.result().total_rows, job.destination.table_id) == (2, 2, "t")
    ranged = bigquery.RangePartitioning(bigquery.PartitionRange(start=0, end=10, interval=5), field="x")
    into(client, f"{dataset}.r", DAYS, range_partitioning=ranged)
    assert client.get_table(f"{dataset}.r").range_partitioning.range_.end == 10


def test_dispositions_hold_for_queries(client: bigquery.Client, dataset: str) -> None:
    """WRITE_EMPTY unless said otherwise; CREATE_NEVER; a failing query changes nothing."""
    table = f"{dataset}.t"
    into(client, table, "SELECT 1 AS x")
    with pytest.raises(exceptions.Conflict, match=f"Already Exists: Table {dataset.replace('.', ':')}.t"):
        into(client, table, "SELECT 2 AS x")
    into(client, table, "SELECT 2 AS x", "WRITE_APPEND")
    assert rows(client, table) == [(1,), (2,)]
    with pytest.raises(exceptions.BadRequest, match="told"):
        into(client, table, "SELECT IF(x = 2, ERROR('told'), x) AS x FROM UNNEST([1, 2]) AS x", "WRITE_TRUNCATE")
    assert rows(client, table) == [(1,), (2,)]
    into(client, table, f"SELECT MAX(x) AS y FROM `{table}`", "WRITE_TRUNCATE")
    assert rows(client, table) == [(2,)]
    assert [field.name for field in client.get_table(table).schema] == ["y"]
    with pytest.raises(exceptions.NotFound, match="Not found: Table"):
        into(client, f"{dataset}.none", "SELECT 1 AS x", create_disposition="CREATE_NEVER")
    client.query(f"CREATE TABLE `{dataset}.empty` (x INT64)").result()
    into(client, f"{dataset}.empty", "SELECT 1 AS x", "WRITE_EMPTY", create_disposition="CREATE_NEVER")
    assert rows(client, f"{dataset}.empty") == [(1,)]


def test_a_decorator_replaces_one_partition(client: bigquery.Client, dataset: str) -> None:
    """WRITE_TRUNCATE of `t$20260101`; rows of another day are refused and nothing is written."""
    table = f"{dataset}.t"
    by_day = {"time_partitioning": bigquery.TimePartitioning(field="day")}
    into(client, table, DAYS, **by_day)
    first = "SELECT DATE '2026-01-01' AS day, {} AS x"

    into(client, f"{table}$20260101", first.format(9), "WRITE_TRUNCATE")
    assert [x for _, x in rows(client, table)] == [9, 2]
    with pytest.raises(exceptions.BadRequest, match="Some rows belong to different partitions"):
        into(client, f"{table}$20260102", first.format(8), "WRITE_TRUNCATE")
    with pytest.raises(exceptions.Conflict, match=r"Already Exists: Table .*\.t\$20260101"):
        into(client, f"{table}$20260101", first.format(8), "WRITE_EMPTY")
    into(client, f"{table}$20260103", "SELECT DATE '2026-01-03' AS day, 3 AS x", "WRITE_EMPTY")
    with pytest.raises(exceptions.BadRequest, match="Invalid partition id"):
        into(client, f"{table}$2026", first.format(8), "WRITE_APPEND")
    assert sorted(x for _, x in rows(client, table)) == [2, 3, 9]
    with pytest.raises(exceptions.BadRequest, match="Partitioning specification must be provided"):
        into(client, f"{dataset}.new$20260101", first.format(8))
    into(client, f"{dataset}.new$20260101", first.format(8), **by_day)
    assert rows(client, f"{dataset}.new")[0][1] == 8


def test_a_partition_by_ingestion_time_is_written_by_decorator(client: bigquery.Client, dataset: str) -> None:
    """Rows have no day of their own there."""
    client.query(f"CREATE TABLE `{dataset}.t` (x INT64) PARTITION BY _PARTITIONDATE").result()
    into(client, f"{dataset}.t$20200102", "SELECT 1 AS x", "WRITE_TRUNCATE")
    into(client, f"{dataset}.t$20200102", "SELECT 2 AS x", "WRITE_TRUNCATE")
    found = client.query(f"SELECT CAST(_PARTITIONDATE AS STRING) AS day, x FROM `{dataset}.t`").result()
    assert [tuple(row.values()) for row in found] == [("2020-01-02", 2)]


def test_fields_are_added_at_every_depth(client: bigquery.Client, dataset: str) -> None:
    """ALLOW_FIELD_ADDITION, nested too, and with no row at all; columns are matched by name."""
    table = f"{dataset}.t"
    into(client, table, "SELECT 1 AS x, STRUCT('a' AS k, [STRUCT(1 AS n)] AS l) AS r")
    wider = "SELECT STRUCT([STRUCT(TRUE AS b, 2 AS n)] AS l, 'z' AS k, 5 AS deep) AS r, 'new' AS s, 2 AS x"
    with pytest.raises(exceptions.BadRequest, match=r"Cannot add fields \(field: r\.l\.b\)"):
        into(client, table, wider, "WRITE_APPEND")

    add = {"schema_update_options": ["ALLOW_FIELD_ADDITION"]}
    into(client, table, f"{wider} FROM UNNEST([1]) WHERE FALSE", "WRITE_APPEND", **add)
    schema = client.get_table(table).schema
    assert [field.name for field in schema] == ["x", "r", "s"]
    assert [field.name for field in schema[1].fields] == ["k", "l", "deep"]
    assert [field.name for field in schema[1].fields[1].fields] == ["n", "b"]
    into(client, table, wider, "WRITE_APPEND", **add)
    assert rows(client, table) == [
        (1, {"k": "a", "l": [{"n": 1, "b": None}], "deep": None}, None),
        (2, {"k": "z", "l": [{"n": 2, "b": True}], "deep": 5}, "new"),
    ]
    with pytest.raises(exceptions.BadRequest, match="Field x has changed type from INTEGER to STRING"):
        into(client, table, "SELECT 'x' AS x", "WRITE_APPEND", **add)
    with pytest.raises(exceptions.BadRequest, match="Schema update options should only be specified with WRITE_APPEND"):
        into(client, table, wider, "WRITE_TRUNCATE", **add)


def test_a_replaced_partition_may_add_fields(client: bigquery.Client, dataset: str) -> None:
    """The one WRITE_TRUNCATE that takes schemaUpdateOptions."""
    into(client, f"{dataset}.t", DAYS, time_partitioning=bigquery.TimePartitioning(field="day"))
    wider = "SELECT DATE '2026-01-01' AS day, 'n' AS n"
    into(client, f"{dataset}.t$20260101", wider, "WRITE_TRUNCATE", schema_update_options=["ALLOW_FIELD_ADDITION"])
    found = [tuple(row.values())[1:] for row in client.query(f"SELECT * FROM `{dataset}.t` ORDER BY day").result()]
    assert found == [(None, "n"), (2, None)]


def test_required_columns_are_relaxed_when_allowed(client: bigquery.Client, dataset: str) -> None:
    """A query's columns go into REQUIRED ones, their NULLs do not; ALLOW_FIELD_RELAXATION makes them NULLABLE."""
    client.query(f"CREATE TABLE `{dataset}.t` (a INT64 NOT NULL, b INT64 NOT NULL)").result()
    with pytest.raises(exceptions.BadRequest, match="null"):
        into(client, f"{dataset}.t", "SELECT CAST(NULL AS INT64) AS a, 2 AS b", "WRITE_APPEND")
    into(client, f"{dataset}.t", "SELECT 3 AS a, 4 AS b", "WRITE_APPEND")
    assert [field.mode for field in client.get_table(f"{dataset}.t").schema] == ["REQUIRED", "REQUIRED"]
    into(client, f"{dataset}.t", "SELECT 1 AS a", "WRITE_APPEND", schema_update_options=["ALLOW_FIELD_RELAXATION"])
    assert [field.mode for field in client.get_table(f"{dataset}.t").schema] == ["NULLABLE", "NULLABLE"]
    assert rows(client, f"{dataset}.t") == [(1, None), (3, 4)]


@pytest.mark.parametrize(
    ("sql", "fact"),
    [
        ("SELECT 1", "columns must be named"),
        ("SELECT 1 AS a, 2 AS A", "duplicate name"),
        ("SELECT 1 AS x; SELECT 2 AS x;", "destinationTable cannot be set for scripts"),
        ("INSERT INTO `{0}.other` VALUES (1)", "Cannot set destination table in jobs with DML statements"),
        ("CREATE TABLE `{0}.made` AS SELECT 1 AS x", "Cannot set destination table in jobs with DDL statements"),
    ],
)
def test_what_cannot_go_into_a_table_is_refused(client: bigquery.Client, dataset: str, sql: str, fact: str) -> None:
    """And nothing of it happens."""
    client.query(f"CREATE TABLE `{dataset}.other` (x INT64)").result()
    with pytest.raises(exceptions.BadRequest, match=fact):
        into(client, f"{dataset}.t", sql.format(dataset))
    assert [table.table_id for table in client.list_tables(dataset)] == ["other"]
    assert client.get_table(f"{dataset}.other").num_rows == 0


def test_a_destination_of_another_layout_is_refused(client: bigquery.Client, dataset: str) -> None:
    """Partitioning and clustering of a table that is there do not change with a job."""
    table = f"{dataset}.t"
    into(client, table, DAYS, time_partitioning=bigquery.TimePartitioning(field="day"))
    month = bigquery.TimePartitioning(type_="MONTH", field="day")
    for write in ("WRITE_APPEND", "WRITE_TRUNCATE"):
        with pytest.raises(exceptions.BadRequest, match=r"Expects partitioning specification interval\(type:day,f"):
            into(client, table, DAYS, write, time_partitioning=month)
    with pytest.raises(exceptions.BadRequest, match=r"input partitioning specification is none clustering\(x\)"):
        into(client, table, DAYS, "WRITE_APPEND", clustering_fields=["x"])
    into(client, table, DAYS, "WRITE_TRUNCATE")
    assert client.get_table(table).time_partitioning.field == "day"
