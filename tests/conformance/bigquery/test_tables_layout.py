"""Nesting, REQUIRED, partitions, clustering, expiration: through Google's client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance.bigquery.clocks import DAY, Clock, Timed
from tests.conformance.bigquery.conftest import serve

F = bigquery.SchemaField


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timed]:
    """A server whose clock the tests move on, each by days and never back."""
    clock = Clock()
    for running in serve(tmp_path_factory.mktemp("timed"), now=clock):
        yield Timed(running, clock, running.client())


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.query_and_wait(sql)]


def partitions(client: bigquery.Client, dataset: str, table: str) -> dict[str | None, int]:
    """Rows by partition id."""
    view = f"`{dataset}.INFORMATION_SCHEMA.PARTITIONS`"
    found = rows(client, f"SELECT partition_id, total_rows FROM {view} WHERE table_name = '{table}'")
    return {str(name): count for name, count in found}


def nested(levels: int) -> bigquery.SchemaField:
    """A record in a record, so many times, arrays and records in turn."""
    field: bigquery.SchemaField = F("leaf", "INTEGER")
    for level in range(levels):
        field = F(f"r{level}", "RECORD", "REPEATED" if level % 2 else "NULLABLE", fields=(field,))
    return field


def test_records_nest_to_fifteen_levels(client: bigquery.Client, dataset: str) -> None:
    """Rows go in and come out at the fifteenth; the sixteenth is refused (nested-repeated, limitations)."""
    client.create_table(bigquery.Table(f"{dataset}.deep", [nested(15)]))
    value: Any = {"leaf": 7}
    for level in range(14):
        value = {f"r{level}": [value] if level % 2 else value}
    assert client.insert_rows_json(f"{dataset}.deep", [{"r14": value}]) == []
    (row,) = client.list_rows(f"{dataset}.deep")
    assert row["r14"] == value

    with pytest.raises(exceptions.BadRequest, match="nested deeper than 15 levels"):
        client.create_table(bigquery.Table(f"{dataset}.deeper", [nested(16)]))


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        ("INSERT INTO t (r) VALUES (STRUCT(1, [STRUCT(1)]))", "a"),
        ("INSERT INTO t (a, r) VALUES (NULL, STRUCT(1, [STRUCT(1)]))", "a"),
        ("INSERT INTO t (a, r) VALUES (1, STRUCT(CAST(NULL AS INT64), [STRUCT(1)]))", r"r\.b"),
        ("INSERT INTO t (a, r) SELECT 1, STRUCT(1, [STRUCT(1), STRUCT(CAST(NULL AS INT64))])", r"r\.l\.c"),
        ("UPDATE t SET a = NULL WHERE TRUE", "a"),
        ("UPDATE t SET r.b = NULL WHERE TRUE", r"r\.b"),
        ("MERGE t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED THEN UPDATE SET a = NULL", "a"),
    ],
)
def test_required_is_enforced_at_every_depth(client: bigquery.Client, dataset: str, statement: str, field: str) -> None:
    """By every statement that writes; a record that is NULL itself requires nothing of its fields."""
    ddl = "(a INT64 NOT NULL, r STRUCT<b INT64 NOT NULL, l ARRAY<STRUCT<c INT64 NOT NULL>>>)"
    table = f"`{dataset}.t`"
    client.query_and_wait(f"CREATE TABLE {table} {ddl}")
    client.query_and_wait(f"INSERT INTO {table} (a, r) VALUES (1, STRUCT(2, [STRUCT(3)])), (2, NULL)")

    text = statement.replace("INTO t ", f"INTO {table} ").replace("UPDATE t ", f"UPDATE {table} t ")
    with pytest.raises(exceptions.BadRequest, match=f"Required field {field} cannot be null"):
        client.query_and_wait(text.replace("MERGE t ", f"MERGE {table} t "))

    assert rows(client, f"SELECT a, r.b FROM {table} ORDER BY a") == [(1, 2), (2, None)]


@pytest.mark.parametrize(
    ("clause", "values", "expected"),
    [
        ("DATE(ts)", ["2026-01-01 00:00:00", "2026-01-01 23:59:59", None], {"20260101": 2, "__NULL__": 1}),
        (
            "TIMESTAMP_TRUNC(ts, HOUR)",
            ["2026-01-01 00:59:59", "2026-01-01 01:00:00"],
            {"2026010100": 1, "2026010101": 1},
        ),
        ("TIMESTAMP_TRUNC(ts, MONTH)", ["2026-01-31 23:00:00", "2026-02-01 00:00:00"], {"202601": 1, "202602": 1}),
        ("TIMESTAMP_TRUNC(ts, YEAR)", ["2025-12-31 23:00:00", "2026-02-01 00:00:00"], {"2025": 1, "2026": 1}),
    ],
)
def test_a_row_lies_in_the_partition_of_its_time(
    client: bigquery.Client, dataset: str, clause: str, values: Sequence[str | None], expected: dict[str, int]
) -> None:
    """By UTC, for each unit; what has no time lies in ``__NULL__``."""
    client.query_and_wait(f"CREATE TABLE `{dataset}.t` (ts TIMESTAMP) PARTITION BY {clause}")
    for value in values:
        text = "NULL" if value is None else f"TIMESTAMP '{value}+00'"
        client.query_and_wait(f"INSERT INTO `{dataset}.t` (ts) VALUES ({text})")

    assert partitions(client, dataset, "t") == expected


@pytest.mark.parametrize(
    ("column", "clause", "row", "expected"),
    [
        ("d DATE", "d", "DATE '2026-03-04'", "20260304"),
        ("d DATE", "DATE_TRUNC(d, MONTH)", "DATE '2026-03-04'", "202603"),
        ("d DATE", "DATE_TRUNC(d, YEAR)", "DATE '2026-03-04'", "2026"),
        ("d DATETIME", "DATETIME_TRUNC(d, HOUR)", "DATETIME '2026-03-04 05:06:07'", "2026030405"),
        ("d DATETIME", "DATE(d)", "DATETIME '2026-03-04 05:06:07'", "20260304"),
        ("d INT64", "RANGE_BUCKET(d, GENERATE_ARRAY(-10, 100, 25))", "14", "-10"),
        ("d INT64", "RANGE_BUCKET(d, GENERATE_ARRAY(-10, 100, 25))", "15", "15"),
        ("d INT64", "RANGE_BUCKET(d, GENERATE_ARRAY(-10, 100, 25))", "-11", "__UNPARTITIONED__"),
        ("d INT64", "RANGE_BUCKET(d, GENERATE_ARRAY(-10, 100, 25))", "100", "__UNPARTITIONED__"),
        ("d INT64", "RANGE_BUCKET(d, GENERATE_ARRAY(-10, 100, 25))", "NULL", "__NULL__"),
    ],
)
def test_every_kind_of_partitioning_column_has_its_ids(
    client: bigquery.Client, dataset: str, column: str, clause: str, row: str, expected: str
) -> None:
    """Dates, datetimes and ranges of integers; what is in no range is in ``__UNPARTITIONED__``."""
    client.query_and_wait(f"CREATE TABLE `{dataset}.t` ({column}) PARTITION BY {clause}")
    client.query_and_wait(f"INSERT INTO `{dataset}.t` (d) VALUES ({row})")

    assert partitions(client, dataset, "t") == {expected: 1}


@pytest.mark.parametrize(("unit", "form"), [("HOUR", "%Y%m%d%H"), ("DAY", "%Y%m%d"), ("MONTH", "%Y%m"), ("YEAR", "%Y")])
def test_rows_arrive_in_the_partition_of_their_ingestion(
    client: bigquery.Client, dataset: str, unit: str, form: str
) -> None:
    """``_PARTITIONTIME`` is the partition's start, and in no ``*``."""
    table = bigquery.Table(f"{dataset}.t", [F("i", "INTEGER")])
    table.time_partitioning = bigquery.TimePartitioning(type_=unit)
    client.create_table(table)
    before = datetime.now(UTC)
    client.query_and_wait(f"INSERT INTO `{dataset}.t` (i) VALUES (1)")
    after = datetime.now(UTC)

    (name,) = partitions(client, dataset, "t")
    assert name in (before.strftime(form), after.strftime(form))
    ((time, day),) = rows(client, f"SELECT _PARTITIONTIME, _PARTITIONDATE FROM `{dataset}.t`")
    assert (time.strftime(form), day) == (name, time.date())
    assert rows(client, f"SELECT * FROM `{dataset}.t`") == [(1,)]
    assert rows(client, f"SELECT i FROM `{dataset}.t` WHERE _PARTITIONTIME < TIMESTAMP '2020-01-01'") == []


FILTERED = "without a filter over column\\(s\\) 'd' that can be used for partition elimination"


@pytest.fixture
def guarded(client: bigquery.Client, dataset: str) -> str:
    """A table that wants a filter on its partitions."""
    options = "OPTIONS (require_partition_filter = TRUE)"
    client.query_and_wait(f"CREATE TABLE `{dataset}.t` (d DATE, i INT64) PARTITION BY d {options}")
    client.query_and_wait(f"INSERT INTO `{dataset}.t` (d, i) VALUES (DATE '2026-01-01', 1), (DATE '2026-01-02', 2)")
    return f"`{dataset}.t`"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM {t}",
        "SELECT * FROM {t} WHERE i = 1",
        "SELECT * FROM {t} WHERE d = DATE '2026-01-01' OR i = 1",
        "SELECT * FROM {t} WHERE d = (SELECT MAX(d) FROM {t} WHERE d > DATE '2026-01-01')",
        "DELETE FROM {t} WHERE TRUE",
        "DELETE FROM {t} WHERE i = 1",
        "UPDATE {t} SET i = 3 WHERE i = 1",
        "MERGE {t} t USING (SELECT 1 AS i) s ON t.i = s.i WHEN MATCHED THEN DELETE",
    ],
)
def test_a_table_that_wants_a_filter_refuses_what_has_none(
    client: bigquery.Client, guarded: str, statement: str
) -> None:
    """Queries and DML alike: only constants on the partition column count."""
    with pytest.raises(exceptions.BadRequest, match=FILTERED):
        client.query_and_wait(statement.format(t=guarded))
    assert rows(client, f"SELECT i FROM {guarded} WHERE d IS NOT NULL ORDER BY i") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("DELETE FROM {t} WHERE d = DATE '2026-01-01'", [2]),
        ("UPDATE {t} SET i = 7 WHERE d >= DATE '2026-01-02' AND i > 0", [1, 7]),
        (
            "MERGE {t} t USING (SELECT 1 AS i) s ON t.i = s.i AND t.d = DATE '2026-01-01' WHEN MATCHED THEN DELETE",
            [2],
        ),
    ],
)
def test_a_filter_on_the_partition_lets_a_statement_through(
    client: bigquery.Client, guarded: str, statement: str, left: list[int]
) -> None:
    """And the rest of the statement means what it says."""
    client.query_and_wait(statement.format(t=guarded))
    assert rows(client, f"SELECT i FROM {guarded} WHERE d IS NOT NULL ORDER BY i") == [(i,) for i in left]


def test_clustering_is_kept_and_shown(client: bigquery.Client, dataset: str) -> None:
    """Up to four top-level columns; a fifth, an array or a FLOAT64 is refused (clustered-tables)."""
    table = bigquery.Table(f"{dataset}.t", [F(name, "STRING") for name in "abcde"])
    table.clustering_fields = ["c", "a", "d", "b"]
    client.create_table(table)
    assert client.get_table(f"{dataset}.t").clustering_fields == ["c", "a", "d", "b"]

    for columns, message in (("a, b, c, d, e", "at most 4 columns"), ("f", "FLOAT"), ("l", "REPEATED")):
        with pytest.raises(exceptions.BadRequest, match=message):
            client.query_and_wait(
                f"CREATE TABLE `{dataset}.u` (a STRING, b STRING, c STRING, d STRING, e STRING, f FLOAT64, "
                f"l ARRAY<STRING>) CLUSTER BY {columns}"
            )


def test_a_table_expires_when_its_time_has_come(timed: Timed) -> None:
    """It is gone for queries, lists and the API; INFORMATION_SCHEMA remembers that it was there."""
    name = timed.dataset("expiring")
    client = timed.client
    client.query_and_wait(
        f"CREATE TABLE `{name}.t` (i INT64) OPTIONS "
        "(expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY))"
    )
    client.query_and_wait(f"INSERT INTO `{name}.t` (i) VALUES (1)")
    timed.clock.ahead += DAY - 60
    assert rows(client, f"SELECT i FROM `{name}.t`") == [(1,)]

    timed.clock.ahead += 120

    with pytest.raises(exceptions.NotFound, match=r"Not found: Table acme-test:expiring\.t"):
        client.query_and_wait(f"SELECT i FROM `{name}.t`")
    assert list(client.list_tables(name)) == []
    with pytest.raises(exceptions.NotFound):
        client.get_table(f"{name}.t")


def test_partitions_expire_one_by_one_and_take_in_nothing_afterwards(timed: Timed) -> None:
    """Each so long after its own start; rows put into one that has expired vanish at once."""
    name = timed.dataset("ageing")
    client = timed.client
    today = datetime.fromtimestamp(timed.clock(), UTC).date()
    client.query_and_wait(
        f"CREATE TABLE `{name}.t` (d DATE, i INT64) PARTITION BY d OPTIONS (partition_expiration_days = 3)"
    )
    days = [today - timedelta(days=back) for back in (5, 2, 1)]
    values = ", ".join(f"(DATE '{day}', {place})" for place, day in enumerate(days))
    job = client.query(f"INSERT INTO `{name}.t` (d, i) VALUES {values}, (NULL, 9)")
    job.result()
    assert job.num_dml_affected_rows == 4
    assert rows(client, f"SELECT i FROM `{name}.t` ORDER BY i") == [(1,), (2,), (9,)]
    assert client.get_table(f"{name}.t").num_rows == 3

    timed.clock.ahead += DAY

    assert rows(client, f"SELECT i FROM `{name}.t` ORDER BY i") == [(2,), (9,)]
    assert client.get_table(f"{name}.t").num_rows == 2
    assert partitions(client, name, "t") == {f"{days[2]:%Y%m%d}": 1, "__NULL__": 1}


def test_whatever_brings_rows_into_an_expired_partition_brings_none(timed: Timed) -> None:
    """A MERGE, an UPDATE, a load, a query's destination and a copy (managing-partitioned-tables)."""
    name = timed.dataset("vanishing")
    client = timed.client
    today = datetime.fromtimestamp(timed.clock(), UTC).date()
    old = today - timedelta(days=9)
    columns = "(d DATE, i INT64) PARTITION BY d"
    client.query_and_wait(
        f"CREATE TABLE `{name}.t` {columns} OPTIONS (partition_expiration_days = 3); CREATE TABLE `{name}.s` {columns};"
        f"INSERT INTO `{name}.t` VALUES ('{today}', 1); INSERT INTO `{name}.s` VALUES ('{today}', 2), ('{old}', 3)"
    )
    append = {"write_disposition": "WRITE_APPEND"}
    rows_of_json = [{"d": str(old), "i": 4}, {"d": str(today), "i": 5}]
    load = bigquery.LoadJobConfig(schema=[F("d", "DATE"), F("i", "INTEGER")], **append)
    query = bigquery.QueryJobConfig(destination=f"{name}.t", **append)
    ways: list[tuple[Callable[[], Any], list[int]]] = [
        (lambda: client.load_table_from_json(rows_of_json, f"{name}.t", job_config=load), [1, 5]),
        (lambda: client.query(f"SELECT d, i + 4 AS i FROM `{name}.s`", job_config=query), [1, 5, 6]),
        (lambda: client.copy_table(f"{name}.s", f"{name}.t", job_config=bigquery.CopyJobConfig(**append)),
         [1, 2, 5, 6]),
        (lambda: client.query(
            f"MERGE `{name}.t` USING (SELECT d, i + 7 FROM `{name}.s`) ON FALSE WHEN NOT MATCHED THEN INSERT ROW"
        ), [1, 2, 5, 6, 9]),
        (lambda: client.query(f"UPDATE `{name}.t` SET d = '{old}' WHERE i < 6"), [6, 9]),
    ]  # fmt: skip
    for start, left in ways:
        start().result()
        assert rows(client, f"SELECT i FROM `{name}.t` ORDER BY i") == [(i,) for i in left]
        assert client.get_table(f"{name}.t").num_rows == len(left)
    assert partitions(client, name, "t") == {f"{today:%Y%m%d}": 2}


def test_a_longer_expiration_spares_what_has_not_gone(timed: Timed) -> None:
    """SET OPTIONS counts for the partitions that are there."""
    name = timed.dataset("spared")
    client = timed.client
    yesterday = datetime.fromtimestamp(timed.clock(), UTC).date() - timedelta(days=1)
    client.query_and_wait(
        f"CREATE TABLE `{name}.t` (d DATE) PARTITION BY d OPTIONS (partition_expiration_days = 3) "
        f"AS SELECT DATE '{yesterday}' AS d"
    )
    client.query_and_wait(f"ALTER TABLE `{name}.t` SET OPTIONS (partition_expiration_days = 30)")
    timed.clock.ahead += 5 * DAY
    assert rows(client, f"SELECT COUNT(*) FROM `{name}.t`") == [(1,)]

    client.query_and_wait(f"ALTER TABLE `{name}.t` SET OPTIONS (partition_expiration_days = 2)")
    assert rows(client, f"SELECT COUNT(*) FROM `{name}.t`") == [(0,)]


def test_a_dataset_hands_its_defaults_to_new_tables(timed: Timed) -> None:
    """By the API, DDL and query destinations; a table from which it is taken stays."""
    name = timed.dataset("short", default_table_expiration_ms=2 * 3_600_000)
    client = timed.client
    client.create_table(bigquery.Table(f"{name}.api", [F("i", "INTEGER")]))
    client.query_and_wait(f"CREATE TABLE `{name}.ddl` AS SELECT 1 AS i")
    client.query_and_wait(f"CREATE TABLE `{name}.ever` (i INT64)")
    client.query_and_wait(f"ALTER TABLE `{name}.ever` SET OPTIONS (expiration_timestamp = NULL)")
    config = bigquery.QueryJobConfig(destination=f"{name}.made")
    client.query("SELECT 1 AS i", job_config=config).result()

    for table in ("api", "ddl", "made"):
        made = client.get_table(f"{name}.{table}")
        assert made.expires is not None
        assert made.expires - made.created < timedelta(hours=2, seconds=1)
    timed.clock.ahead += 2 * 3_600 + 60
    assert [table.table_id for table in client.list_tables(name)] == ["ever"]
