"""INFORMATION_SCHEMA and ``__TABLES__`` through Google's client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.store import OnExisting
from replicator.names import TableRef
from replicator.schema.fields import Field
from tests import googlesql
from tests.conformance.bigquery.clocks import DAY, Clock, Timed
from tests.conformance.bigquery.conftest import PROJECT, Running, serve

REGION = f"`{PROJECT}.region-eu`.INFORMATION_SCHEMA"


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.query_and_wait(sql, location="EU")]


TABLES = [
    "CREATE TABLE {t} (a INT64 NOT NULL, b STRING, c BYTES, d FLOAT64, e NUMERIC, f BOOL, g TIME, h DATETIME, j JSON)",
    "CREATE TABLE {t} (l ARRAY<STRING>, r STRUCT<x INT64 NOT NULL, y ARRAY<STRUCT<z DATE, w ARRAY<INT64>>>>)",
    "CREATE TABLE {t} (d DATE, s STRING, i INT64) PARTITION BY d CLUSTER BY s, i",
    "CREATE TABLE {t} (d DATE) PARTITION BY DATE_TRUNC(d, MONTH) OPTIONS (partition_expiration_days = 1.5)",
    "CREATE TABLE {t} (d DATETIME) PARTITION BY DATETIME_TRUNC(d, HOUR) OPTIONS (require_partition_filter = TRUE)",
    "CREATE TABLE {t} (d DATETIME) PARTITION BY DATE(d)",
    "CREATE TABLE {t} (d TIMESTAMP) PARTITION BY DATE(d)",
    "CREATE TABLE {t} (d TIMESTAMP) PARTITION BY TIMESTAMP_TRUNC(d, YEAR)",
    "CREATE TABLE {t} (i INT64) PARTITION BY RANGE_BUCKET(i, GENERATE_ARRAY(-5, 100, 7))",
    "CREATE TABLE {t} (i INT64) PARTITION BY _PARTITIONDATE",
    "CREATE TABLE {t} (i INT64) PARTITION BY TIMESTAMP_TRUNC(_PARTITIONTIME, HOUR)",
    "CREATE TABLE {t} (i INT64) OPTIONS (expiration_timestamp = TIMESTAMP '2099-01-01 00:00:00.125+00')",
    "CREATE TABLE {t} (i INT64 OPTIONS (description = 'say \"x\"\\n\\\\ it\\'s'), `select` STRING, `1x` DATE)",
    "CREATE TABLE {t} (r STRUCT<`from` INT64 OPTIONS (description = 'nested'), n STRING>, `Größe` INT64)",
    "CREATE TABLE {t} (`order` STRING, `group` DATE) PARTITION BY `group` CLUSTER BY `order`",
    "CREATE TABLE {t} (i INT64) OPTIONS (description = 'd', friendly_name = 'f', labels = [('k', 'v'), ('l', '')])",
    "CREATE VIEW {t} OPTIONS (description = 'told', labels = [('k', 'v')]) AS SELECT 1 AS i, 'x;y' AS s -- why",
]


@pytest.mark.parametrize("statement", TABLES)
def test_the_ddl_of_a_table_makes_an_equal_one(client: bigquery.Client, dataset: str, statement: str) -> None:
    """Run again under another name: schema, layout, options and its own DDL are the same; GoogleSQL reads it too."""
    client.query_and_wait(statement.format(t=f"`{dataset}.t`"))

    def ddl(name: str) -> str:
        ((text,),) = rows(client, f"SELECT ddl FROM `{dataset}.INFORMATION_SCHEMA.TABLES` WHERE table_name = '{name}'")
        return str(text)

    googlesql.parse(ddl("t"))
    client.query_and_wait(ddl("t").replace(f"{dataset}.t`", f"{dataset}.again`"))

    def stated(name: str) -> dict[str, Any]:
        resource = client.get_table(f"{dataset}.{name}").to_api_repr()
        told = ("etag", "id", "selfLink", "tableReference", "creationTime", "lastModifiedTime")
        return {key: value for key, value in resource.items() if key not in told}

    assert stated("again") == stated("t")
    assert ddl("again").replace(".again`", ".t`") == ddl("t")


def test_the_ddl_of_a_dataset_makes_an_equal_one(client: bigquery.Client, dataset: str) -> None:
    """With its expirations, labels and texts; SCHEMATA_OPTIONS says the same in pieces."""
    client.query_and_wait(
        f"ALTER SCHEMA `{dataset}` SET OPTIONS (default_table_expiration_days = 3, "
        "default_partition_expiration_days = 1.5, description = 'it''s', friendly_name = 'f', labels = [('a', 'b')])"
        .replace("it''s", "it\\'s")
    )  # fmt: skip
    name = dataset.partition(".")[2]
    ((text, location),) = rows(
        client,
        f"SELECT ddl, location FROM {REGION}.SCHEMATA WHERE schema_name = '{name}' AND catalog_name = '{PROJECT}'",
    )
    client.query_and_wait(str(text).replace(dataset, f"{dataset}_again"), location="EU")
    again = client.get_dataset(f"{dataset}_again")
    made = client.get_dataset(dataset)
    for field in ("location", "labels", "description", "friendly_name", "default_table_expiration_ms"):
        assert getattr(again, field) == getattr(made, field)
    client.delete_dataset(again)

    assert location == "EU"
    options = f"SELECT option_name, option_type, option_value FROM {REGION}.SCHEMATA_OPTIONS"
    assert rows(client, f"{options} WHERE schema_name = '{name}' ORDER BY option_name") == [
        ("default_partition_expiration_days", "FLOAT64", "1.5"),
        ("default_table_expiration_days", "FLOAT64", "3.0"),
        ("description", "STRING", '"it\'s"'),
        ("friendly_name", "STRING", '"f"'),
        ("labels", "ARRAY<STRUCT<STRING, STRING>>", '[STRUCT("a", "b")]'),
    ]


@pytest.fixture
def filled(client: bigquery.Client, dataset: str) -> str:
    """A partitioned and clustered table with a nested column, a view, and a table that was dropped."""
    client.query_and_wait(
        f"CREATE TABLE `{dataset}.t` (d DATE NOT NULL, s STRING, p ARRAY<STRUCT<k STRING, v STRUCT<i INT64>>>) "
        "PARTITION BY d CLUSTER BY s OPTIONS (description = 'x', require_partition_filter = FALSE)"
    )
    client.query_and_wait(
        f"INSERT INTO `{dataset}.t` (d, s, p) VALUES (DATE '2026-01-01', 'ab', [STRUCT('k', STRUCT(1))]), "
        "(DATE '2026-01-02', NULL, [])"
    )
    client.query_and_wait(f"CREATE VIEW `{dataset}.v` AS SELECT d FROM `{dataset}.t`")
    client.query_and_wait(f"CREATE TABLE `{dataset}.gone` AS SELECT 1 AS i; DROP TABLE `{dataset}.gone`")
    return dataset


def test_tables_and_views_are_listed(client: bigquery.Client, filled: str) -> None:
    """TABLES, VIEWS, TABLE_OPTIONS and the old __TABLES__ agree."""
    schema = f"`{filled}.INFORMATION_SCHEMA"
    assert rows(
        client, f"SELECT table_name, table_type, is_insertable_into, is_typed FROM {schema}.TABLES` ORDER BY table_name"
    ) == [("t", "BASE TABLE", "YES", "NO"), ("v", "VIEW", "NO", "NO")]
    assert rows(client, f"SELECT table_name, view_definition, check_option, use_standard_sql FROM {schema}.VIEWS`") == [
        ("v", f"SELECT d FROM `{filled}.t`", None, "YES")
    ]
    assert rows(client, f"SELECT option_name, option_type, option_value FROM {schema}.TABLE_OPTIONS`") == [
        ("description", "STRING", '"x"')
    ]
    table, view = client.get_table(f"{filled}.t"), client.get_table(f"{filled}.v")
    listed = (
        f"SELECT table_id, creation_time, last_modified_time, row_count, size_bytes, type FROM `{filled}.__TABLES__`"
    )

    def millis(found: bigquery.Table) -> tuple[int, int]:
        return round(found.created.timestamp() * 1000), round(found.modified.timestamp() * 1000)

    assert rows(client, f"{listed} ORDER BY table_id") == [
        ("t", *millis(table), 2, table.num_bytes, 1),
        ("v", *millis(view), 0, 0, 2),
    ]


def test_columns_and_their_paths_are_listed(client: bigquery.Client, filled: str) -> None:
    """In the table's order, nested fields by path."""
    columns = rows(
        client,
        "SELECT column_name, ordinal_position, is_nullable, data_type, is_partitioning_column, "
        f"clustering_ordinal_position FROM `{filled}.INFORMATION_SCHEMA.COLUMNS` WHERE table_name = 't' "
        "ORDER BY ordinal_position",
    )
    assert columns == [
        ("d", 1, "NO", "DATE", "YES", None),
        ("s", 2, "YES", "STRING", "NO", 1),
        ("p", 3, "NO", "ARRAY<STRUCT<k STRING, v STRUCT<i INT64>>>", "NO", None),
    ]
    paths = f"SELECT column_name, field_path, data_type FROM `{filled}.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS`"
    assert rows(client, f"{paths} WHERE table_name = 't' AND column_name = 'p' ORDER BY field_path") == [
        ("p", "p", "ARRAY<STRUCT<k STRING, v STRUCT<i INT64>>>"),
        ("p", "p.k", "STRING"),
        ("p", "p.v", "STRUCT<i INT64>"),
        ("p", "p.v.i", "INT64"),
    ]


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        ("TABLES", "table_name, table_type, ddl"),
        ("VIEWS", "table_name, view_definition"),
        ("COLUMNS", "table_name, column_name, ordinal_position, data_type, is_partitioning_column"),
        ("COLUMN_FIELD_PATHS", "table_name, column_name, field_path, data_type"),
        ("TABLE_OPTIONS", "table_name, option_name, option_value"),
    ],
)
def test_a_region_shows_of_a_dataset_what_the_dataset_shows(
    client: bigquery.Client, filled: str, view: str, columns: str
) -> None:
    """Qualified by one or the other, the rows are the same."""
    name = filled.partition(".")[2]
    by_region = rows(client, f"SELECT {columns} FROM {REGION}.{view} WHERE table_schema = '{name}'")
    by_dataset = rows(client, f"SELECT {columns} FROM `{filled}.INFORMATION_SCHEMA.{view}`")
    assert sorted(by_region, key=repr) == sorted(by_dataset, key=repr)
    assert by_region


def test_partitions_and_storage_count_alike(client: bigquery.Client, filled: str) -> None:
    """Rows and bytes by partition sum up to the table's, and dropped tables are remembered with NULL times."""
    name = filled.partition(".")[2]
    assert rows(
        client,
        "SELECT partition_id, total_rows, total_logical_bytes, storage_tier "
        f"FROM `{filled}.INFORMATION_SCHEMA.PARTITIONS` WHERE table_name = 't' ORDER BY partition_id",
    ) == [("20260101", 1, 8 + 4 + 3 + 8, "ACTIVE"), ("20260102", 1, 8, "ACTIVE")]
    assert rows(
        client,
        "SELECT table_name, deleted, total_rows, total_partitions, total_logical_bytes, "
        "storage_last_modified_time IS NULL, table_deletion_reason, table_deletion_time IS NULL "
        f"FROM {REGION}.TABLE_STORAGE WHERE table_schema = '{name}' ORDER BY table_name",
    ) == [
        ("gone", True, 0, 0, 0, True, "DIRECT_DELETE", False),
        ("t", False, 2, 2, 8 + 4 + 3 + 8 + 8, False, None, True),
    ]


@pytest.mark.parametrize(
    ("view", "error"),
    [
        ("`{ds}.INFORMATION_SCHEMA.SCHEMATA`", "is qualified by a region"),
        ("`{ds}.INFORMATION_SCHEMA.SCHEMATA_OPTIONS`", "is qualified by a region"),
        ("`{ds}.INFORMATION_SCHEMA.TABLE_STORAGE`", "is qualified by a region"),
        ("`{ds}.INFORMATION_SCHEMA.JOBS`", "is qualified by a region"),
        ("{region}.PARTITIONS", "must be qualified with a dataset"),
        ("`acme-test.region-us`.INFORMATION_SCHEMA.TABLES", "was not found in location EU"),
        ("`{ds}.INFORMATION_SCHEMA.NOTHING`", "NOTHING"),
        ("{region}.JOBS_BY_ORGANIZATION", "JOBS_BY_ORGANIZATION is not modelled"),
    ],
)
def test_a_view_is_found_where_it_is_and_nowhere_else(
    client: bigquery.Client, dataset: str, view: str, error: str
) -> None:
    """By the qualifiers that its page names, in the job's location."""
    with pytest.raises(exceptions.GoogleAPICallError, match=error):
        rows(client, f"SELECT * FROM {view.format(ds=dataset, region=REGION)}")


def test_two_regions_are_never_read_by_one_query(client: bigquery.Client) -> None:
    """What lies elsewhere is not in a region's views, and both cannot be joined."""
    far = bigquery.Dataset(f"{PROJECT}.far_away")
    far.location = "asia-northeast1"
    client.create_dataset(far, exists_ok=True)
    client.create_table(bigquery.Table(f"{PROJECT}.far_away.t", [bigquery.SchemaField("i", "INTEGER")]))
    for view, column in (("TABLES", "table_schema"), ("TABLE_STORAGE", "table_schema"), ("SCHEMATA", "schema_name")):
        here = rows(client, f"SELECT COUNT(*) FROM {REGION}.{view} WHERE {column} = 'far_away'")
        there = client.query_and_wait(
            f"SELECT COUNT(*) FROM `{PROJECT}.region-asia-northeast1`.INFORMATION_SCHEMA.{view} "
            f"WHERE {column} = 'far_away'",
            location="asia-northeast1",
        )
        assert (here, [tuple(row.values()) for row in there]) == ([(0,)], [(1,)])
    with pytest.raises(exceptions.NotFound, match="was not found in location"):
        rows(
            client,
            f"SELECT COUNT(*) FROM {REGION}.TABLES AS a, "
            f"`{PROJECT}.region-asia-northeast1`.INFORMATION_SCHEMA.TABLES AS b",
        )


def test_jobs_are_rows(client: bigquery.Client, dataset: str) -> None:
    """Queries, scripts with their statements, failures and copies; with labels, bytes and what they read."""
    config = bigquery.QueryJobConfig(labels={"who": "test"})
    made = client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS i", job_config=config)
    made.result()
    read = client.query(f"SELECT i FROM `{dataset}.t`")
    read.result()
    script = client.query(f"INSERT INTO `{dataset}.t` (i) VALUES (2), (3); SELECT 1")
    script.result()
    wrong = client.query("SELECT ERROR('wrong')", location="EU")
    with pytest.raises(exceptions.BadRequest):
        wrong.result()
    copied = client.copy_table(f"{dataset}.t", f"{dataset}.u", location="EU")
    copied.result()

    def told(job: Any, columns: str, view: str = "JOBS") -> tuple[Any, ...]:
        (row,) = rows(client, f"SELECT {columns} FROM {REGION}.{view} WHERE job_id = '{job.job_id}'")
        return row

    columns = "job_type, statement_type, state, error_result.reason, parent_job_id"
    assert told(made, columns) == ("QUERY", "CREATE_TABLE_AS_SELECT", "DONE", None, None)
    assert told(made, "labels") == ([{"key": "who", "value": "test"}],)
    assert told(read, "query, total_bytes_processed, total_bytes_billed, referenced_tables[OFFSET(0)].table_id") == (
        f"SELECT i FROM `{dataset}.t`", 8, 10 * 1024 * 1024, "t"
    )  # fmt: skip
    assert told(read, "creation_time <= start_time, start_time <= end_time, project_id", "JOBS_BY_PROJECT") == (
        True, True, PROJECT
    )  # fmt: skip
    assert told(script, columns, "JOBS_BY_USER") == ("QUERY", "SCRIPT", "DONE", None, None)
    assert rows(
        client,
        f"SELECT statement_type, dml_statistics.inserted_row_count FROM {REGION}.JOBS "
        f"WHERE parent_job_id = '{script.job_id}' ORDER BY creation_time, statement_type",
    ) == [("INSERT", 2), ("SELECT", None)]
    assert told(wrong, "state, error_result.reason, error_result.message") == ("DONE", "invalidQuery", "wrong")
    assert told(copied, "job_type, statement_type, destination_table.table_id") == ("COPY", None, "u")
    running = rows(client, f"SELECT COUNT(*) FROM {REGION}.JOBS WHERE state = 'RUNNING'")
    assert running == [(1,)]


@pytest.fixture
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timed]:
    """A server whose clock the test moves on."""
    clock = Clock()
    for running in serve(tmp_path_factory.mktemp("timed"), now=clock):
        yield Timed(running, clock, running.client())


def test_table_storage_is_late_when_it_is_told_to_be(timed: Timed) -> None:
    """Every other view is up to date meanwhile."""
    running: Running = timed.running
    running.service.store.lags.table_storage_seconds = 60
    name = timed.dataset("late")
    timed.client.query_and_wait(f"CREATE TABLE `{name}.t` AS SELECT 1 AS i")
    timed.clock.ahead += 61
    timed.client.query_and_wait(f"INSERT INTO `{name}.t` (i) VALUES (2)")

    storage = f"SELECT total_rows FROM {REGION}.TABLE_STORAGE WHERE table_schema = 'late'"
    partitions = f"SELECT total_rows FROM `{name}.INFORMATION_SCHEMA.PARTITIONS`"
    assert (rows(timed.client, storage), rows(timed.client, partitions)) == ([(1,)], [(2,)])
    timed.clock.ahead += 61
    assert rows(timed.client, storage) == [(2,)]


def test_a_dropped_table_is_forgotten_after_a_while(timed: Timed) -> None:
    """When neither time travel nor fail-safe holds anything of it."""
    name = timed.dataset("forgetful")
    timed.client.query_and_wait(f"CREATE TABLE `{name}.t` AS SELECT 1 AS i; DROP TABLE `{name}.t`")
    storage = f"SELECT deleted FROM {REGION}.TABLE_STORAGE WHERE table_schema = 'forgetful'"
    assert rows(timed.client, storage) == [(True,)]
    timed.clock.ahead += 15 * DAY
    assert rows(timed.client, storage) == []


def test_partitions_of_more_than_a_thousand_tables_are_too_many(
    running: Running, client: bigquery.Client, dataset: str
) -> None:
    """A filter on the table's name helps (information-schema-partitions)."""
    with running.service.store.statement() as transaction:
        definition = TableDefinition((Field("i", "INTEGER"),))
        for place in range(1001):
            transaction.create_table(TableRef(*f"{dataset}.t{place}".split(".")), definition, OnExisting.REFUSE)
        transaction.commit()
    view = f"`{dataset}.INFORMATION_SCHEMA.PARTITIONS`"
    with pytest.raises(exceptions.BadRequest, match="attempted to read too many tables"):
        rows(client, f"SELECT COUNT(*) FROM {view}")
    assert rows(client, f"SELECT COUNT(*) FROM {view} WHERE table_name = 't7'") == [(0,)]
