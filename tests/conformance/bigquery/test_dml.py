"""DDL and DML through Google's client."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery


def run(client: bigquery.Client, sql: str) -> bigquery.QueryJob:
    """A statement that has been carried out."""
    job = client.query(sql)
    job.result()
    return job


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """What a query answers."""
    return [tuple(row.values()) for row in client.query(sql).result()]


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> str:
    """A table of three rows, one partition each, with a nested column."""
    run(
        client,
        f"""CREATE TABLE `{dataset}.t` (day DATE, k INT64, s STRING, r STRUCT<a INT64, b STRING>) PARTITION BY day;
        INSERT INTO `{dataset}.t` VALUES (DATE '2026-01-01', 1, 'one', (10, 'x')), ('2026-01-02', 2, 'two', (20, 'y')),
          (NULL, 3, 'three', NULL)""",
    )
    return f"{dataset}.t"


def test_insert_takes_values_and_queries_by_position_or_by_list(client: bigquery.Client, table: str) -> None:
    """Columns that are not listed are NULL; literals take the columns' types."""
    assert (
        run(client, f"INSERT INTO `{table}` (k, day) VALUES (4, '2026-01-03'), (5, DEFAULT)").num_dml_affected_rows == 2
    )
    assert (
        run(
            client, f"INSERT `{table}` (s, k) SELECT CONCAT(s, '!'), k + 10 FROM `{table}` WHERE k = 1"
        ).num_dml_affected_rows
        == 1
    )
    assert rows(client, f"SELECT k, s, CAST(day AS STRING) FROM `{table}` WHERE k > 3 ORDER BY k") == [
        (4, None, "2026-01-03"), (5, None, None), (11, "one!", None),
    ]  # fmt: skip


def test_a_struct_is_inserted_by_position_never_by_name(client: bigquery.Client, dataset: str) -> None:
    """Same-typed fields in another order swap, silently, as the service does it (mozilla/bigquery-etl#7461)."""
    run(client, f"CREATE TABLE `{dataset}.p` (r STRUCT<a STRING, b STRING>)")
    run(client, f"INSERT INTO `{dataset}.p` SELECT STRUCT('bee' AS b, 'ay' AS a)")
    assert rows(client, f"SELECT r.a, r.b FROM `{dataset}.p`") == [("bee", "ay")]
    with pytest.raises(exceptions.BadRequest):
        run(client, f"INSERT INTO `{dataset}.p` SELECT STRUCT(1 AS a, 'x' AS b)")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("INSERT INTO `{t}` (k) VALUES (1, 2)", "Inserted row has wrong column count; Has 2, expected 1"),
        ("INSERT INTO `{t}` (k, K) VALUES (1, 2)", "duplicate name: K"),
        ("INSERT INTO `{t}` (nope) VALUES (1)", "Column nope is not present"),
        ("INSERT INTO `{t}` (k) VALUES ('x')", "type"),
        ("UPDATE `{t}` SET k = 1", "UPDATE must have a WHERE clause"),
        ("DELETE FROM `{t}`", "DELETE must have a WHERE clause"),
        ("UPDATE `{t}` SET nope = 1 WHERE TRUE", "Column nope is not present"),
        ("DELETE FROM `{t}` WHERE k = 'x'", "No matching signature"),
        (
            "UPDATE `{t}` SET s = CAST(n AS STRING) FROM UNNEST([1, 2]) AS n WHERE k = 1",
            "must match at most one source row",
        ),
        ("DELETE FROM `{t}_no` WHERE TRUE", "Not found: Table"),
        ("DELETE FROM `{t}` WHERE 1", "should return type BOOL"),
        ("INSERT INTO `{t}` (k) SELECT 1, 2", "Has 2, expected 1"),
        ("INSERT INTO `{t}` (k) VALUES (1.5)", "FLOAT64"),
        ("INSERT INTO `{t}` (s) SELECT DATE '2026-01-01'", "has type DATE which cannot be inserted into column"),
        ("INSERT INTO `{t}` (r) VALUES ((1, 2))", "STRUCT<INT64, INT64>"),
        ("INSERT INTO `{t}` (r.a) VALUES (1)", "Syntax error"),
        ("UPDATE `{t}` SET k = 1, k = 2 WHERE TRUE", "assigned more than once"),
        ("UPDATE `{t}` SET r = NULL, r.a = 2 WHERE TRUE", "assigned more than once"),
        ("UPDATE `{t}` SET k.a = 2 WHERE TRUE", "Cannot access field a"),
        ("UPDATE `{t}` AS z SET t.k = 2 WHERE TRUE", "Column t is not present"),
        ("UPDATE `{t}` AS t SET k = 1 FROM UNNEST([1]) AS t WHERE TRUE", "alias"),
        ("UPDATE `{t}` SET k = 'x' WHERE TRUE", "type STRING"),
        ("MERGE `{t}` AS t USING (SELECT 1 AS k) AS t ON TRUE WHEN MATCHED THEN DELETE", "already defined"),
        ("MERGE `{t}` AS t USING (SELECT 1 AS k) AS s ON k = 1 WHEN MATCHED THEN DELETE", "Column name k is ambiguous"),
        ("MERGE `{t}` AS t USING (SELECT 1 AS k) AS s ON 1 WHEN MATCHED THEN DELETE", "INT64"),
        ("MERGE `{t}` AS t USING (SELECT 1 AS k) AS s ON TRUE WHEN MATCHED THEN INSERT ROW", "Syntax error"),
        ("MERGE `{t}` AS t USING (SELECT 1 AS k) AS s ON TRUE WHEN NOT MATCHED THEN DELETE", "Syntax error"),
        ("MERGE `{t}` AS t USING (SELECT 9 AS k) AS s ON FALSE WHEN NOT MATCHED THEN INSERT (k) VALUES (t.k)", "t"),
        (
            "MERGE `{t}` AS t USING (SELECT 9 AS k) AS s ON FALSE WHEN NOT MATCHED BY SOURCE THEN UPDATE SET k = s.k",
            "k",
        ),
        ("MERGE `{t}` AS t USING (SELECT 9 AS k) AS s ON FALSE WHEN NOT MATCHED THEN INSERT ROW", "Has 1, expected 4"),
        ("MERGE `{t}` AS t USING (SELECT 9 AS k) AS s ON TRUE", "WHEN"),
    ],
)
def test_a_change_that_is_wrong_changes_nothing(
    client: bigquery.Client, table: str, statement: str, message: str
) -> None:
    """Refused with the service's words."""
    with pytest.raises((exceptions.BadRequest, exceptions.NotFound), match=message):
        run(client, statement.format(t=table))
    assert rows(client, f"SELECT COUNT(*) FROM `{table}`") == [(3,)]


def test_update_sets_columns_fields_and_partitions(client: bigquery.Client, table: str) -> None:
    """Rows may move to another partition; a field of a record is set alone; FROM brings values along."""
    job = run(client, f"UPDATE `{table}` AS t SET day = '2026-02-01', r.b = 'z', k = t.k * 10 WHERE t.k = 1")
    assert (job.num_dml_affected_rows, job.dml_stats and job.dml_stats.updated_row_count) == (1, 1)
    run(client, f"UPDATE `{table}` SET s = n.name FROM (SELECT 2 AS id, 'zwei' AS name) AS n WHERE k = n.id")
    assert rows(client, f"SELECT k, s, r.a, r.b, CAST(day AS STRING) FROM `{table}` ORDER BY k") == [
        (2, "zwei", 20, "y", "2026-01-02"), (3, "three", None, None, None), (10, "one", 10, "z", "2026-02-01"),
    ]  # fmt: skip


def test_update_of_a_field_makes_the_record_it_stands_in(client: bigquery.Client, table: str) -> None:
    """Its other fields are NULL then; the target's alias may stand before the path, and a subquery read the target."""
    run(client, f"UPDATE `{table}` AS z SET z.r.a = 7, r.b = (SELECT MAX(s) FROM `{table}`) WHERE z.k = 3")
    run(client, f"UPDATE `{table}` SET r = STRUCT(k AS b, s AS a) WHERE k = 1")
    run(client, f"UPDATE `{table}` SET s = DEFAULT WHERE k IN (SELECT MIN(k) FROM `{table}`)")
    assert rows(client, f"SELECT k, s, r.a, r.b FROM `{table}` ORDER BY k") == [
        (1, None, 1, "one"), (2, "two", 20, "y"), (3, "three", 7, "two"),
    ]  # fmt: skip


def test_a_merge_reads_its_own_target_and_counts_each_effect(client: bigquery.Client, table: str) -> None:
    """The source is a snapshot; a row of the source that matches none is put in once per row."""
    job = run(
        client,
        f"""MERGE INTO `{table}` AS t USING (
          SELECT k, s FROM `{table}` UNION ALL SELECT 8, 'new' UNION ALL SELECT 8, 'new') AS s ON t.k = s.k
        WHEN MATCHED AND t.k = 1 THEN DELETE
        WHEN MATCHED AND t.k = 2 THEN UPDATE SET t.s = CONCAT(t.s, s.s), r.a = NULL
        WHEN NOT MATCHED BY TARGET AND s.k > 100 THEN INSERT (k) VALUES (s.k)
        WHEN NOT MATCHED THEN INSERT (s, k, day) VALUES (s.s, s.k, DEFAULT)""",
    )
    stats = job.dml_stats
    assert stats is not None
    assert (stats.inserted_row_count, stats.updated_row_count, stats.deleted_row_count) == (2, 1, 1)
    assert rows(client, f"SELECT k, s FROM `{table}` ORDER BY k") == [
        (2, "twotwo"), (3, "three"), (8, "new"), (8, "new"),
    ]  # fmt: skip


def test_delete_and_truncate_take_rows_out(client: bigquery.Client, table: str) -> None:
    """By partition, by any condition, all of them."""
    assert run(client, f"DELETE FROM `{table}` WHERE day = DATE '2026-01-01'").num_dml_affected_rows == 1
    assert run(client, f"DELETE `{table}` WHERE day IS NULL").num_dml_affected_rows == 1
    assert rows(client, f"SELECT k FROM `{table}`") == [(2,)]
    assert run(client, f"TRUNCATE TABLE `{table}`").num_dml_affected_rows == 1
    assert client.get_table(table).num_rows == 0


MERGE = "MERGE `{t}` AS t USING (SELECT 2 AS k, 'two!' AS s UNION ALL SELECT 9, 'nine') AS s ON t.k = s.k "


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ("WHEN NOT MATCHED THEN INSERT (k, s) ROW", [(1, "one"), (2, "two"), (3, "three"), (9, "nine")]),
        ("WHEN MATCHED THEN UPDATE SET s = s.s", [(1, "one"), (2, "two!"), (3, "three")]),
        (
            "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (k, s) VALUES (s.k, s.s)",
            [(1, "one"), (3, "three"), (9, "nine")],
        ),
        ("WHEN NOT MATCHED BY SOURCE AND t.k > 1 THEN DELETE", [(1, "one"), (2, "two")]),
        ("WHEN NOT MATCHED BY SOURCE THEN UPDATE SET s = 'gone'", [(1, "gone"), (2, "two"), (3, "gone")]),
        (
            "WHEN MATCHED AND s.s = 'no' THEN DELETE WHEN MATCHED THEN UPDATE SET k = 22",
            [(1, "one"), (3, "three"), (22, "two")],
        ),
        (
            """WHEN NOT MATCHED BY TARGET AND s.k > 100 THEN INSERT (k) VALUES (0)
            WHEN NOT MATCHED THEN INSERT (s, k) ROW""",
            None,
        ),
    ],
)
def test_merge_does_what_its_clauses_say(
    client: bigquery.Client, table: str, clauses: str, expected: list[tuple[Any, ...]] | None
) -> None:
    """The first clause of a kind whose condition holds decides a row."""
    if expected is None:
        with pytest.raises(exceptions.BadRequest):
            run(client, MERGE.format(t=table) + clauses)
        return
    run(client, MERGE.format(t=table) + clauses)
    assert rows(client, f"SELECT k, s FROM `{table}` ORDER BY k") == expected


def test_merge_on_false_replaces_a_partition(client: bigquery.Client, dataset: str, table: str) -> None:
    """INSERT ROW takes the source's columns by position; NOT MATCHED BY SOURCE deletes by literal."""
    run(
        client,
        f"""CREATE TABLE `{dataset}.s` AS
        SELECT DATE '2026-01-01' AS d, 7 AS a, 'seven' AS b, STRUCT(1 AS x, 'q' AS y) AS c""",
    )
    job = run(
        client,
        f"""MERGE `{table}` USING `{dataset}.s` ON FALSE
        WHEN NOT MATCHED BY SOURCE AND day = '2026-01-01' THEN DELETE
        WHEN NOT MATCHED BY TARGET THEN INSERT ROW""",
    )
    assert job.dml_stats is not None
    assert (job.dml_stats.inserted_row_count, job.dml_stats.deleted_row_count) == (1, 1)
    assert rows(client, f"SELECT k, r.b FROM `{table}` ORDER BY k") == [(2, "y"), (3, None), (7, "q")]


def test_a_merge_that_matches_a_row_twice_is_refused(client: bigquery.Client, table: str) -> None:
    """One source row per target row, at most."""
    with pytest.raises(
        exceptions.BadRequest, match="UPDATE/MERGE must match at most one source row for each target row"
    ):
        run(
            client,
            f"MERGE `{table}` AS t USING UNNEST_TWICE".replace(
                "UNNEST_TWICE", "(SELECT 1 AS k UNION ALL SELECT 1) AS s ON t.k = s.k WHEN MATCHED THEN DELETE"
            ),
        )


def test_tables_are_created_replaced_altered_and_dropped(client: bigquery.Client, dataset: str) -> None:
    """Each statement reports what it did; IF [NOT] EXISTS makes it harmless."""
    assert (
        run(client, f"CREATE TABLE `{dataset}.c` AS SELECT 1 AS x, [STRUCT('a' AS n)] AS l").ddl_operation_performed
        == "CREATE"
    )
    assert run(client, f"CREATE TABLE IF NOT EXISTS `{dataset}.c` (y INT64)").ddl_operation_performed == "SKIP"
    with pytest.raises(exceptions.Conflict, match="Already Exists"):
        run(client, f"CREATE TABLE `{dataset}.c` (y INT64)")
    assert (
        run(
            client, f"CREATE OR REPLACE TABLE `{dataset}.c` AS SELECT x + 1 AS x FROM `{dataset}.c`"
        ).ddl_operation_performed
        == "REPLACE"
    )
    assert rows(client, f"SELECT x FROM `{dataset}.c`") == [(2,)]
    run(client, f"ALTER TABLE `{dataset}.c` ADD COLUMN IF NOT EXISTS x INT64, ADD COLUMN y ARRAY<STRING>")
    run(client, f"ALTER TABLE `{dataset}.c` SET OPTIONS (description = CONCAT('a', 'b'), labels = [('k', 'v')])")
    table = client.get_table(f"{dataset}.c")
    assert ([field.name for field in table.schema], table.description, table.labels) == (["x", "y"], "ab", {"k": "v"})
    run(client, f"CREATE TABLE `{dataset}.like` LIKE `{dataset}.c`")
    assert client.get_table(f"{dataset}.like").schema == table.schema
    assert run(client, f"DROP TABLE `{dataset}.c`").ddl_operation_performed == "DROP"
    assert run(client, f"DROP TABLE IF EXISTS `{dataset}.c`").ddl_operation_performed == "SKIP"
    with pytest.raises(exceptions.NotFound):
        run(client, f"DROP TABLE `{dataset}.c`")


def test_a_table_is_partitioned_clustered_and_expires_as_said(client: bigquery.Client, dataset: str) -> None:
    """Clauses and options arrive in the resource."""
    run(
        client,
        f"""CREATE TABLE `{dataset}.p` (moment TIMESTAMP NOT NULL, k STRING)
        PARTITION BY TIMESTAMP_TRUNC(moment, HOUR) CLUSTER BY k
        OPTIONS (partition_expiration_days = 1.5,
          expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 3 DAY))""",
    )
    table = client.get_table(f"{dataset}.p")
    assert table.time_partitioning is not None
    assert (table.time_partitioning.type_, table.time_partitioning.field) == ("HOUR", "moment")
    assert table.time_partitioning.expiration_ms == 129_600_000
    assert table.clustering_fields == ["k"]
    assert table.schema[0].mode == "REQUIRED"
    assert table.expires is not None
    with pytest.raises(exceptions.BadRequest, match=r"[Rr]equired"):
        run(client, f"INSERT INTO `{dataset}.p` (k) VALUES ('x')")


def test_schemas_are_created_with_options_and_dropped(client: bigquery.Client) -> None:
    """A schema that holds tables is only dropped with CASCADE."""
    made = client.query(
        "CREATE SCHEMA IF NOT EXISTS `acme-test.made` OPTIONS (location = 'EU', default_table_expiration_days = 3, "
        "labels = [('managed-by', 'replicator')])",
        location="EU",
    )
    made.result()
    found = client.get_dataset("made")
    assert (found.location, found.default_table_expiration_ms, found.labels) == (
        "EU",
        259_200_000,
        {"managed-by": "replicator"},
    )
    run(client, "CREATE TABLE made.t (x INT64)")
    with pytest.raises(exceptions.BadRequest, match="still in use"):
        run(client, "DROP SCHEMA made")
    run(client, "DROP SCHEMA made CASCADE")
    with pytest.raises(exceptions.NotFound):
        client.get_dataset("made")


def test_views_are_read_like_tables(client: bigquery.Client, table: str, dataset: str) -> None:
    """A view sees its tables as they are now, and is dropped as a view only."""
    run(client, f"CREATE VIEW `{dataset}.v` AS SELECT k, r.b AS b FROM `{table}` WHERE k < 3")
    assert rows(client, f"SELECT b FROM `{dataset}.v` ORDER BY k") == [("x",), ("y",)]
    run(client, f"DELETE FROM `{table}` WHERE k = 1")
    assert rows(client, f"SELECT v.k FROM `{dataset}.v` AS v") == [(2,)]
    with pytest.raises(exceptions.BadRequest):
        run(client, f"DROP TABLE `{dataset}.v`")
    run(client, f"DROP VIEW `{dataset}.v`")

    made = bigquery.Table(f"{dataset}.w")
    made.view_query = f"SELECT k AS x, day FROM `{table}`"
    assert [field.field_type for field in client.create_table(made).schema] == ["INTEGER", "DATE"]
    assert rows(client, f"SELECT x FROM `{dataset}.w` WHERE day IS NOT NULL") == [(2,)]


def test_bytes_are_those_of_the_columns_and_partitions_read(client: bigquery.Client, table: str) -> None:
    """Constants prune; DML on a partitioned table adds all bytes of the partitions it touches."""
    assert run(client, f"SELECT k FROM `{table}`").total_bytes_processed == 24
    assert run(client, f"SELECT k FROM `{table}` WHERE day = '2026-01-01'").total_bytes_processed == 8 + 8
    assert run(client, f"SELECT r.a FROM `{table}`").total_bytes_processed == 16
    assert run(client, "SELECT 1").total_bytes_processed == 0
