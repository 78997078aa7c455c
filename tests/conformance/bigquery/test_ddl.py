"""CREATE TABLE and its neighbours through Google's client: done, or refused (data-definition-language)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance.bigquery.conftest import Running


@pytest.fixture(scope="module")
def shelf(running: Running) -> Iterator[str]:
    """A dataset for statements that only need one."""
    client = running.client()
    made = bigquery.Dataset("acme-test.shelf")
    made.location = "EU"
    client.create_dataset(made)
    yield "shelf"
    client.delete_dataset("shelf", delete_contents=True)


def run(client: bigquery.Client, sql: str) -> bigquery.QueryJob:
    """A statement that has been carried out."""
    job = client.query(sql)
    job.result()
    return job


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """What a query answers."""
    return [tuple(row.values()) for row in client.query(sql).result()]


@pytest.mark.parametrize(
    ("column", "clause", "unit", "field"),
    [
        ("d DATE", "d", "DAY", "d"),
        ("d DATE", "DATE_TRUNC(d, MONTH)", "MONTH", "d"),
        ("d DATE", "DATE_TRUNC(d, YEAR)", "YEAR", "d"),
        ("d TIMESTAMP", "DATE(d)", "DAY", "d"),
        ("d TIMESTAMP", "TIMESTAMP_TRUNC(d, HOUR)", "HOUR", "d"),
        ("d DATETIME", "DATE(d)", "DAY", "d"),
        ("d DATETIME", "DATETIME_TRUNC(d, MONTH)", "MONTH", "d"),
        ("d INT64", "_PARTITIONDATE", "DAY", None),
        ("d INT64", "DATE(_PARTITIONTIME)", "DAY", None),
        ("d INT64", "TIMESTAMP_TRUNC(_PARTITIONTIME, HOUR)", "HOUR", None),
    ],
)
def test_each_way_of_partitioning_by_time_arrives_in_the_resource(
    client: bigquery.Client, dataset: str, column: str, clause: str, unit: str, field: str | None
) -> None:
    """With its unit and its column, in a CREATE, under OR REPLACE, and with a query."""
    run(client, f"CREATE TABLE `{dataset}.t` ({column}) PARTITION BY {clause}")
    run(client, f"CREATE OR REPLACE TABLE `{dataset}.t` ({column}) PARTITION BY {clause}")
    kind = column.split()[1]
    if field is not None:
        run(client, f"CREATE TABLE `{dataset}.q` PARTITION BY {clause} AS SELECT CAST(NULL AS {kind}) AS d")

    for name in ("t", "q") if field is not None else ("t",):
        found = client.get_table(f"{dataset}.{name}").time_partitioning
        assert found is not None
        assert (found.type_, found.field) == (unit, field)


def test_integer_ranges_clusters_and_options_arrive_in_the_resource(client: bigquery.Client, dataset: str) -> None:
    """RANGE_BUCKET, CLUSTER BY several columns, OPTIONS of table and columns; LIKE takes all of it along."""
    run(
        client,
        f"""CREATE TABLE `{dataset}.t` (
          n INT64 OPTIONS (description = 'number'), s STRING NOT NULL, r STRUCT<a ARRAY<STRUCT<b DATE>>>)
        PARTITION BY RANGE_BUCKET(n, GENERATE_ARRAY(0, 100, 10)) CLUSTER BY s, n
        OPTIONS (description = CONCAT('a ', 'table'), labels = [('team', 'data')], require_partition_filter = TRUE)""",
    )
    run(client, f"CREATE TABLE `{dataset}.copy` LIKE `{dataset}.t`")

    for name in ("t", "copy"):
        table = client.get_table(f"{dataset}.{name}")
        found = table.range_partitioning
        assert found is not None
        assert (found.field, found.range_.start, found.range_.end, found.range_.interval) == ("n", 0, 100, 10)
        assert table.clustering_fields == ["s", "n"]
        assert [field.mode for field in table.schema] == ["NULLABLE", "REQUIRED", "NULLABLE"]
        assert table.schema[0].description == "number"
        assert table.schema[2].fields[0].fields[0].field_type == "DATE"
        assert table.require_partition_filter
    assert client.get_table(f"{dataset}.t").labels == {"team": "data"}


def test_a_table_is_made_of_a_query(client: bigquery.Client, dataset: str) -> None:
    """Its columns are NULLABLE or REPEATED; a list of columns renames and coerces by position; it may read itself."""
    run(client, f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS a, [1, 2] AS b, STRUCT('x' AS c) AS d, NULL AS e, [] AS f")
    assert [(field.field_type, field.mode) for field in client.get_table(f"{dataset}.t").schema] == [
        ("INTEGER", "NULLABLE"), ("INTEGER", "REPEATED"), ("RECORD", "NULLABLE"), ("INTEGER", "NULLABLE"),
        ("INTEGER", "REPEATED"),
    ]  # fmt: skip
    run(client, f"CREATE OR REPLACE TABLE `{dataset}.t` AS SELECT a + 1 AS a FROM `{dataset}.t`")
    run(client, f"CREATE TABLE `{dataset}.wider` (x FLOAT64 NOT NULL) AS SELECT a AS y FROM `{dataset}.t`")
    assert rows(client, f"SELECT x FROM `{dataset}.wider`") == [(2.0,)]
    with pytest.raises(exceptions.BadRequest, match=r"[Rr]equired"):
        run(client, f"CREATE TABLE `{dataset}.no` (x INT64 NOT NULL) AS SELECT NULL")
    with pytest.raises(exceptions.NotFound):
        client.get_table(f"{dataset}.no")
    job = run(client, f"CREATE TABLE IF NOT EXISTS `{dataset}.t` AS SELECT 1 AS other")
    assert (job.ddl_operation_performed, job.statement_type) == ("SKIP", "CREATE_TABLE_AS_SELECT")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE {d}.x AS SELECT 1", "columns must be named, but column 1 has no name"),
        ("CREATE TABLE {d}.x AS SELECT 1 AS a, 2 AS A", "duplicate name A"),
        ("CREATE TABLE {d}.x (a INT64, A STRING)", "already exists in schema"),
        ("CREATE TABLE {d}.x ()", "must define at least one column"),
        ("CREATE TABLE {d}.x", "Expected"),
        ("CREATE TABLE {d}.x (a INT64) AS SELECT 1.5", "FLOAT64"),
        ("CREATE TABLE {d}.x (a INT64) AS SELECT 1, 2", "Column count mismatch"),
        ("CREATE TABLE {d}.x (a INT64) AS SELECT 1 = '1'", "No matching signature for operator ="),
        ("CREATE TABLE {d}.x (a ARRAY<ARRAY<INT64>>)", "Arrays of arrays"),
        ("CREATE TABLE {d}.x (a NOTHING)", "Type not found: NOTHING"),
        ("CREATE TABLE {d}.x (a STRING) PARTITION BY a", "PARTITION BY a column takes DATE"),
        ("CREATE TABLE {d}.x (a DATE) PARTITION BY DATE(a)", "takes TIMESTAMP or DATETIME"),
        ("CREATE TABLE {d}.x (a DATE) PARTITION BY TIMESTAMP_TRUNC(a, DAY)", "takes TIMESTAMP"),
        ("CREATE TABLE {d}.x (a DATE) PARTITION BY DATE_TRUNC(a, HOUR)", "TIMESTAMP or DATETIME"),
        ("CREATE TABLE {d}.x (a DATE) PARTITION BY DATE_TRUNC(a, WEEK)", "granularity WEEK"),
        ("CREATE TABLE {d}.x (a DATE) PARTITION BY b", "Unrecognized name: b"),
        ("CREATE TABLE {d}.x (a FLOAT64) CLUSTER BY a", "cannot be clustered by"),
        ("CREATE TABLE {d}.x (a INT64) CLUSTER BY a, a", "more than once"),
        ("CREATE TABLE {d}.x (a INT64, b INT64, c INT64, d INT64, e INT64) CLUSTER BY a, b, c, d, e", "at most 4"),
        ("CREATE TABLE {d}.x (a INT64) OPTIONS (description = 1)", "cannot be assigned to STRING"),
        ("CREATE TABLE {d}.x (a INT64) OPTIONS (description = 'a', description = 'b')", "Duplicate option"),
        ("CREATE OR REPLACE TABLE IF NOT EXISTS {d}.x (a INT64)", "cannot be used together"),
        ("CREATE TABLE nowhere.x (a INT64)", "Not found: Dataset acme-test:nowhere"),
        ("CREATE TABLE {d}.x LIKE {d}.nothing", "Not found: Table"),
        ("CREATE VIEW {d}.x AS SELECT 1", "must be named"),
        ("CREATE VIEW {d}.x AS SELECT * FROM {d}.nothing", "Not found: Table"),
        ("DROP TABLE {d}.nothing", "Not found: Table"),
        ("ALTER TABLE {d}.nothing ADD COLUMN a INT64", "Not found: Table"),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(
    client: bigquery.Client, shelf: str, statement: str, message: str
) -> None:
    """With BigQuery's status; nothing is there afterwards."""
    with pytest.raises((exceptions.BadRequest, exceptions.NotFound, exceptions.Conflict), match=message):
        run(client, statement.format(d=shelf))
    assert list(client.list_tables(shelf)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMP TABLE x CLONE {d}.t",
        "UNDROP SCHEMA {d}",
        "CREATE TABLE {d}.x (a INT64 DEFAULT 1)",
        "CREATE TABLE {d}.x (a STRING(3))",
        "CREATE TABLE {d}.x (a NUMERIC(10, 2))",
        "CREATE TABLE {d}.x (a GEOGRAPHY)",
        "CREATE TABLE {d}.x (a INT64, PRIMARY KEY (a) NOT ENFORCED)",
        "CREATE TABLE {d}.x (a INT64) OPTIONS (kms_key_name = 'k')",
        "CREATE EXTERNAL TABLE {d}.x OPTIONS (format = 'CSV', uris = ['gs://b/o'])",
        "CREATE MATERIALIZED VIEW {d}.x CLUSTER BY a AS SELECT 1 AS a",
        "CREATE VIEW {d}.x (a) AS SELECT 1",
        "CREATE FUNCTION {d}.f(x INT64) RETURNS INT64 LANGUAGE js AS 'return x'",
        "CREATE PROCEDURE {d}.p() BEGIN SELECT 1; END",
        "ALTER TABLE {d}.x RENAME TO y",
        "ALTER TABLE {d}.x ALTER COLUMN a SET DEFAULT 1",
        "LOAD DATA INTO {d}.x FROM FILES (format = 'CSV', uris = ['gs://b/o'])",
        "GRANT `roles/bigquery.dataViewer` ON TABLE {d}.x TO 'user:a@example.com'",
        "CALL {d}.p()",
    ],
)
def test_what_is_not_modelled_says_so(client: bigquery.Client, shelf: str, statement: str) -> None:
    """GoogleSQL takes these; the local cloud does not know how to do them truly, and does nothing."""
    with pytest.raises(exceptions.GoogleAPICallError, match="not modelled by the local cloud"):
        run(client, statement.format(d=shelf))
    assert list(client.list_tables(shelf)) == []


def test_a_view_is_replaced_and_follows_its_tables(client: bigquery.Client, dataset: str) -> None:
    """OR REPLACE, IF NOT EXISTS; views of views; a view is no target of DML."""
    run(client, f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS a, 'x' AS b")
    run(client, f"CREATE VIEW `{dataset}.v` OPTIONS (description = 'seen') AS SELECT a FROM `{dataset}.t`")
    run(client, f"CREATE VIEW `{dataset}.w` AS SELECT v.a + 1 AS c FROM `{dataset}.v` AS v")
    assert rows(client, f"SELECT * FROM `{dataset}.w`") == [(2,)]
    job = run(client, f"CREATE VIEW IF NOT EXISTS `{dataset}.v` AS SELECT 9 AS nine")
    assert job.ddl_operation_performed == "SKIP"
    run(client, f"CREATE OR REPLACE VIEW `{dataset}.v` AS SELECT a * 10 AS a FROM `{dataset}.t`")
    assert rows(client, f"SELECT * FROM `{dataset}.w`") == [(11,)]
    for statement in ("INSERT INTO {v} VALUES (1)", "DELETE FROM {v} WHERE TRUE", "TRUNCATE TABLE {v}"):
        with pytest.raises(exceptions.BadRequest, match="is a view"):
            run(client, statement.format(v=f"`{dataset}.v`"))
