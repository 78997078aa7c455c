"""DDL and DML as values."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.statements import ddl, dml
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.ddl_parser import parse_ddl
from replicator.local.bigquery.statements.dml_parser import parse_dml
from replicator.schema.fields import Mode


def source(text: str) -> Source:
    return Source(text, 0, len(text))


def test_a_table_is_created_with_nested_columns_partitions_and_options() -> None:
    """Every clause of CREATE TABLE arrives where it belongs; options stay expressions."""
    statement = parse_ddl(
        source(
            """CREATE OR REPLACE TABLE `p.d.t` (
                 day DATE NOT NULL OPTIONS (description = 'the day'),
                 r STRUCT<x INTEGER, y ARRAY<STRUCT<k STRING NOT NULL, v DECIMAL>>>
               ) PARTITION BY DATE_TRUNC(day, MONTH) CLUSTER BY `x`, day
               OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 3 DAY),
                 labels = [('a', 'b')])
               AS SELECT 1, 2"""
        )
    )
    assert isinstance(statement, ddl.CreateTable)
    assert statement.existing is ddl.Existing.REPLACED
    assert statement.columns is not None
    assert [field.googlesql for field in statement.columns] == [
        "DATE",
        "STRUCT<x INT64, y ARRAY<STRUCT<k STRING, v NUMERIC>>>",
    ]
    assert statement.columns[0].mode is Mode.REQUIRED
    assert [(option.path, option.value.text) for option in statement.column_options] == [(("day",), "'the day'")]
    assert statement.partition == ddl.PartitionBy("day", "MONTH", "DATE_TRUNC")
    assert statement.cluster == ("x", "day")
    assert [name for name, _ in statement.options] == ["expiration_timestamp", "labels"]
    assert statement.query is not None
    assert statement.query.text == "SELECT 1, 2"


@pytest.mark.parametrize(
    ("clause", "partition"),
    [
        ("day", ddl.PartitionBy("day", "DAY")),
        ("DATE(moment)", ddl.PartitionBy("moment", "DAY", "DATE")),
        ("TIMESTAMP_TRUNC(moment, HOUR)", ddl.PartitionBy("moment", "HOUR", "TIMESTAMP_TRUNC")),
        ("_PARTITIONDATE", ddl.PartitionBy(None, "DAY")),
        ("DATE(_PARTITIONTIME)", ddl.PartitionBy(None, "DAY", "DATE")),
    ],
)
def test_partitions_are_by_column_function_or_ingestion(clause: str, partition: ddl.PartitionBy) -> None:
    """The ways of PARTITION BY that creating-partitioned-tables lists."""
    statement = parse_ddl(source(f"CREATE TABLE d.t (day DATE, moment TIMESTAMP) PARTITION BY {clause}"))
    assert isinstance(statement, ddl.CreateTable)
    assert statement.partition == partition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE TABLE d.t (a INT64 DEFAULT 1)", "DEFAULT of a column is not modelled"),
        ("CREATE TABLE d.t (a STRING(10))", r"a parameterized type, STRING\(…\), is not modelled"),
        ("CREATE TABLE d.t (a TEXT)", r"Type not found: TEXT at \[1:21\]"),
        ("CREATE TABLE d.t (a ARRAY<ARRAY<INT64>>)", "Arrays of arrays are not supported"),
        ("CREATE TABLE d.t", "Expected"),
        ("CREATE OR REPLACE TABLE IF NOT EXISTS d.t (a INT64)", "cannot be used together"),
        ("CREATE TEMP TABLE t CLONE d.u", "CLONE is not modelled"),
        ("CREATE OR REPLACE SNAPSHOT TABLE d.t CLONE d.u", "Expected a statement"),
        ("CREATE TABLE d.t COPY d.u FOR SYSTEM_TIME AS OF x", "Expected end of input"),
        ("CREATE EXTERNAL TABLE d.t", "CREATE EXTERNAL is not modelled"),
        ("DROP TABLE d.t e", "Expected end of input"),
        ("ALTER TABLE d.t RENAME TO u", "RENAME is not modelled"),
    ],
)
def test_ddl_that_is_wrong_or_not_modelled_is_refused(text: str, message: str) -> None:
    """Loudly, and before anything is touched."""
    with pytest.raises(BigQueryError, match=message):
        parse_ddl(source(text))


def test_a_merge_has_its_clauses_in_order() -> None:
    """Conditions may hold CASE … WHEN; INSERT ROW has neither columns nor values."""
    statement = parse_dml(
        source(
            """MERGE INTO d.t AS t USING (SELECT 1 AS x) s ON FALSE
               WHEN NOT MATCHED BY SOURCE AND t.x = CASE WHEN TRUE THEN 1 END THEN DELETE
               WHEN NOT MATCHED THEN INSERT ROW
               WHEN MATCHED AND s.x > 1 THEN UPDATE SET a = DEFAULT, b.c = s.x
               WHEN NOT MATCHED BY TARGET THEN INSERT (a, b) VALUES (x, DEFAULT)"""
        )
    )
    assert isinstance(statement, dml.Merge)
    assert (statement.target.alias, statement.origin.text, statement.on.text) == ("t", "(SELECT 1 AS x) s", "FALSE")
    assert [clause.matching.name for clause in statement.clauses] == [
        "NOT_BY_SOURCE",
        "NOT_BY_TARGET",
        "MATCHED",
        "NOT_BY_TARGET",
    ]
    assert statement.clauses[1].action == dml.InsertRow(None, None)
    update = statement.clauses[2].action
    assert isinstance(update, dml.UpdateRow)
    assert update.assignments[0].value is dml.Unset.DEFAULT
    assert update.assignments[1].path == ("b", "c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("DELETE FROM d.t", "DELETE must have a WHERE clause"),
        ("UPDATE d.t SET a = 1", "UPDATE must have a WHERE clause"),
        ("INSERT INTO d.t (a)", "Expected keyword VALUES or a query"),
        ("MERGE d.t USING s ON TRUE", "Expected keyword WHEN"),
        ("UPDATE d.t SET (DELETE x WHERE TRUE) WHERE TRUE", "nested DML statement in SET is not modelled"),
    ],
)
def test_dml_that_is_wrong_is_refused(text: str, message: str) -> None:
    """A change without WHERE never runs."""
    with pytest.raises(BigQueryError, match=message):
        parse_dml(source(text))
