"""INFORMATION_SCHEMA and ``__TABLES__``."""

from __future__ import annotations

from datetime import timedelta

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.catalog import Comparison, Operator
from replicator.local.bigquery.storage.definitions import (
    DatasetDefinition,
    Kind,
    TableDefinition,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.metadata_views import VIEWS
from replicator.local.bigquery.storage.store import OnExisting
from replicator.local.bigquery.types import duckdb_type
from replicator.names import DatasetRef
from replicator.schema.fields import Field, Mode
from tests.unit.local.bigquery.storage.bench import DATASET, Bench, integer, record, records, text

SCHEMA = "INFORMATION_SCHEMA"
DDL = r"""CREATE TABLE `acme-jp.sales.t`
(
  day DATE NOT NULL,
  owner STRING,
  r ARRAY<STRUCT<v STRUCT<s STRING>>>
)
PARTITION BY day
CLUSTER BY owner
OPTIONS(
  partition_expiration_days=400.0,
  description="say \"x\"",
  labels=[STRUCT("a", "b")]
);"""
JOB = {
    "jobReference": {"projectId": "acme-jp", "jobId": "j", "location": "EU"},
    "user_email": "someone@example.com",
    "configuration": {
        "jobType": "QUERY",
        "labels": {"a": "b"},
        "query": {"query": "SELECT 1", "destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"}},
    },
    "status": {"state": "DONE", "errorResult": {"reason": "invalidQuery", "message": "no", "location": "query"}},
    "statistics": {
        "creationTime": "1795260000000",
        "endTime": "1795260001000",
        "totalBytesProcessed": "7",
        "query": {
            "statementType": "INSERT",
            "dmlStats": {"insertedRowCount": "3"},
            "referencedTables": [{"projectId": "p", "datasetId": "d", "tableId": "u"}],
        },
    },
}
DAILY = TimePartitioning(Unit.DAY, "day", timedelta(days=400))


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """A partitioned table of two days, a view, and a table in another location."""
    ref = bench.create(
        "t", Field("day", "DATE", Mode.REQUIRED), text("owner"), records("r", record("v", text("s"))),
        partitioning=DAILY, clustering=("owner",), description='say "x"', labels={"a": "b"},
    )  # fmt: skip
    bench.append(ref, "SELECT DATE '2026-11-01' + (i % 2)::INT, 'abc', [{'v': {'s': 'x'}}] FROM range(3) g(i)")
    with bench.store.statement() as transaction:
        view = TableDefinition((integer("x"),), kind=Kind.VIEW, query="SELECT 1 AS x")
        transaction.create_table(DATASET.table("v"), view, OnExisting.REFUSE)
        far = DatasetRef("acme-jp", "far")
        transaction.create_dataset(far, DatasetDefinition("asia-northeast1"), OnExisting.REFUSE)
        transaction.create_table(far.table("t"), TableDefinition((integer("x"),)), OnExisting.REFUSE)
        transaction.commit()
    return bench


def test_storage_of_a_region_is_rows_bytes_and_times(filled: Bench) -> None:
    """Of every dataset there, views left out."""
    columns = "table_schema, table_name, total_rows, total_partitions, total_logical_bytes, deleted, table_type"

    here = filled.metadata("region-eu", SCHEMA, "TABLE_STORAGE", columns=columns)
    there = filled.metadata(
        "region-asia-northeast1", SCHEMA, "TABLE_STORAGE", columns=columns, location="asia-northeast1"
    )

    assert here == [("sales", "t", 3, 2, 3 * (8 + 5 + 3), False, "BASE TABLE")]
    assert there == [("far", "t", 0, 0, 0, False, "BASE TABLE")]


def test_last_modified_follows_rows_and_not_options(filled: Bench) -> None:
    """storage_last_modified_time is the stamp that replication goes by."""

    def stamps() -> list[tuple[object, ...]]:
        columns = "table_name, epoch_us(storage_last_modified_time)"
        return filled.metadata("region-eu", SCHEMA, "TABLE_STORAGE", columns=columns)

    before = stamps()
    with filled.store.statement() as transaction:
        definition = transaction.table(DATASET.table("t")).definition
        transaction.update_table(DATASET.table("t"), definition)
        transaction.commit()
    described = stamps()
    filled.append(DATASET.table("t"), "SELECT DATE '2026-11-05', 'abc', []::STRUCT(v STRUCT(s VARCHAR))[]")

    assert described == before
    assert stamps() != before


def test_partitions_are_modified_one_by_one(filled: Bench) -> None:
    """A write into one leaves the other's time."""

    def times() -> dict[str, object]:
        columns = "partition_id, total_rows, epoch_us(last_modified_time)"
        return {row[0]: row[1:] for row in filled.metadata("sales", SCHEMA, "PARTITIONS", columns=columns)}

    before = times()
    filled.delete(DATASET.table("t"), "day = DATE '2026-11-01'", added=None)
    filled.append(DATASET.table("t"), "SELECT DATE '2026-11-03', 'abc', []::STRUCT(v STRUCT(s VARCHAR))[]")

    assert set(before) == {"20261101", "20261102"}
    assert set(times()) == {"20261102", "20261103"}
    assert times()["20261102"] == before["20261102"]


def test_columns_and_field_paths_say_names_types_and_roles(filled: Bench) -> None:
    """In the table's order, nested ones behind their parents."""
    columns = (
        "column_name, ordinal_position, is_nullable, data_type, is_partitioning_column, clustering_ordinal_position"
    )

    assert filled.metadata("sales", SCHEMA, "COLUMNS", columns=columns)[:3] == [
        ("day", 1, "NO", "DATE", "YES", None),
        ("owner", 2, "YES", "STRING", "NO", 1),
        ("r", 3, "NO", "ARRAY<STRUCT<v STRUCT<s STRING>>>", "NO", None),
    ]
    paths = filled.metadata("sales", SCHEMA, "COLUMN_FIELD_PATHS", columns="field_path, data_type")
    assert paths[2:] == [
        ("r", "ARRAY<STRUCT<v STRUCT<s STRING>>>"),
        ("r.v", "STRUCT<s STRING>"),
        ("r.v.s", "STRING"),
        ("x", "INT64"),
    ]


def test_tables_say_the_statement_that_makes_them(filled: Bench) -> None:
    """With partitioning, clustering and options."""
    rows = filled.metadata("region-EU", SCHEMA, "TABLES", columns="table_name, table_type, ddl")

    assert rows == [
        (
            "t",
            "BASE TABLE",
            DDL,
        ),
        ("v", "VIEW", "CREATE VIEW `acme-jp.sales.v`\nAS SELECT 1 AS x;"),
    ]


def test_the_old_list_of_tables_is_there_too(filled: Bench) -> None:
    """``__TABLES__``, one dataset at a time."""
    assert filled.metadata("sales", "__TABLES__", columns="table_id, row_count, type") == [("t", 3, 1), ("v", 0, 2)]


@pytest.mark.parametrize(
    ("path", "location", "message"),
    [
        (("region-us", SCHEMA, "TABLES"), "EU", "Dataset acme-jp:region-us was not found in location EU"),
        (("sales", SCHEMA, "TABLES"), "US", "Dataset acme-jp:sales was not found in location US"),
        (("region-eu", SCHEMA, "PARTITIONS"), "EU", "must be qualified with a dataset"),
        (("sales", SCHEMA, "TABLE_STORAGE"), "EU", "is qualified by a region"),
        (("sales", SCHEMA, "JOBS"), "EU", "is qualified by a region"),
        (("sales", SCHEMA, "SCHEMATA_OPTIONS"), "EU", "is qualified by a region"),
        (("sales", SCHEMA, "ROUTINE_OPTIONS"), "EU", "INFORMATION_SCHEMA.ROUTINE_OPTIONS is not modelled"),
    ],
)
def test_a_view_is_asked_for_where_it_is(filled: Bench, path: tuple[str, ...], location: str, message: str) -> None:
    """Each with the qualifiers it has, and in its own location."""
    with pytest.raises(BigQueryError, match=message):
        filled.metadata(*path, location=location)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_column_has_the_type_that_is_documented(filled: Bench, name: str) -> None:
    """With rows and without any, asked for one by one."""
    filled.store.make_project("acme-none")
    filled.store.tell_jobs(lambda project, _: [JOB] if project == "acme-jp" else [])
    for project in ("acme-jp", "acme-none"):
        with filled.store.statement() as transaction:
            catalog = transaction.catalog(location="EU")
            qualifier = "sales" if name == "PARTITIONS" else "region-eu"
            if project == "acme-none" and qualifier == "sales":
                continue
            relation = catalog.relation((project, qualifier, SCHEMA, name))
            for column in relation.columns:
                scan = relation.scan(columns=frozenset({column.name}), prune=())
                described = filled.connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
                kind = filled.connection.execute(f"SELECT typeof(NULL::{duckdb_type(column.type)})").fetchone()
                assert [row[:2] for row in described] == [(column.name, *(kind or ()))]


def test_jobs_are_told_until_they_are_forgotten(bench: Bench) -> None:
    """For 180 days; a store without jobs refuses to say that there are none."""
    with pytest.raises(BigQueryError, match="not modelled"):
        bench.metadata("region-eu", SCHEMA, "JOBS")
    bench.store.tell_jobs(lambda project, location: [JOB] if (project, location) == ("acme-jp", "eu") else [])
    asked = "job_id, state, labels[1].value, dml_statistics.inserted_row_count, referenced_tables[1].table_id"
    told = [("j", "DONE", "b", 3, "u")]

    assert bench.metadata("region-eu", SCHEMA, "JOBS", columns=asked) == told
    assert bench.metadata(
        "region-eu", SCHEMA, "JOBS_BY_PROJECT", columns="error_result.reason, total_bytes_billed"
    ) == [("invalidQuery", None)]
    assert bench.metadata("region-us", SCHEMA, "JOBS", columns="job_id", location="US") == []
    bench.clock.at += timedelta(days=181)
    assert bench.metadata("region-eu", SCHEMA, "JOBS_BY_USER", columns="job_id") == []


def test_a_filter_on_names_makes_only_those_rows(filled: Bench) -> None:
    """And rows are counted without being made."""
    with filled.store.statement() as transaction:
        relation = transaction.catalog(location="EU").relation(("acme-jp", "region-eu", SCHEMA, "TABLES"))
        named = Comparison("table_name", Operator.EQUAL, "v")
        scan = relation.scan(columns=frozenset({"table_name"}), prune=(named,))
        counted = relation.scan(columns=frozenset(), prune=())

    assert filled.connection.execute(f"SELECT * FROM {scan}").fetchall() == [("v",)]
    assert filled.connection.execute(f"SELECT count(*) FROM {counted}").fetchall() == [(2,)]
