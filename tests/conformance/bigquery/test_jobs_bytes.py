"""What jobs are said to read and are billed for, and what dry runs tell."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance import raw
from tests.conformance.bigquery.conftest import PROJECT

MB = 1024 * 1024
# Of each row: an INT64 and a DATE of 8 bytes, a STRING of 2 + its bytes (pricing: data sizes).
WIDTH = {"x": 8, "day": 8, "s": 2 + 5}
WHOLE = sum(WIDTH.values())


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> str:
    """Four days of one row each, in partitions, with a record."""
    client.query(
        f"CREATE TABLE `{dataset}.t` PARTITION BY day AS SELECT x, DATE_ADD(DATE '2026-01-01', INTERVAL x DAY) AS day,"
        " 'abcde' AS s FROM UNNEST([0, 1, 2, 3]) AS x"
    ).result()
    return f"{dataset}.t"


def dry(client: bigquery.Client, sql: str, **options: Any) -> bigquery.QueryJob:
    """A dry run."""
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False, **options)
    # The client takes a table's "Already Exists" for that of its job, and would ask again and again.
    return client.query(sql, job_config=config, job_id=f"dry_{uuid.uuid4().hex}", job_retry=None)


def both(client: bigquery.Client, sql: str) -> int:
    """The bytes that the dry run tells, which the run itself then processes."""
    told = dry(client, sql).total_bytes_processed
    job = client.query(sql)
    job.result()
    assert job.total_bytes_processed == told
    return int(told)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT x FROM `{0}`", 4 * 8),
        ("SELECT x, s FROM `{0}` LIMIT 1", 4 * 15),
        ("SELECT * FROM `{0}`", 4 * WHOLE),
        ("SELECT * EXCEPT (s) FROM `{0}`", 4 * 16),
        ("SELECT COUNT(*) FROM `{0}`", 0),
        ("SELECT 1", 0),
        ("SELECT x FROM `{0}` WHERE s = 'abcde'", 4 * 15),
        ("SELECT x FROM `{0}` WHERE day = DATE '2026-01-02'", 16),
        ("SELECT x FROM `{0}` WHERE day >= '2026-01-02' AND day < '2026-01-04'", 2 * 16),
        ("SELECT x FROM `{0}` WHERE day IN ('2026-01-01', '2026-01-03')", 2 * 16),
        ("SELECT x FROM `{0}` WHERE day = '2026-01-01' OR day = '2026-01-02'", 2 * 16),
        ("SELECT x FROM `{0}` WHERE day = '2026-01-01' OR x = 1", 4 * 16),
        ("SELECT x FROM `{0}` WHERE day = (SELECT MAX(day) FROM `{0}`)", 4 * 16 + 4 * 8),
        ("SELECT x FROM `{0}` WHERE day = '2030-01-01'", 0),
        ("SELECT a.x FROM `{0}` AS a JOIN `{0}` AS b ON a.x = b.x", 2 * 4 * 8),
        ("WITH w AS (SELECT * FROM `{0}`) SELECT x FROM w", 4 * 8),
    ],
)
def test_a_query_reads_columns_in_partitions(client: bigquery.Client, table: str, sql: str, expected: int) -> None:
    """Logical bytes of the columns read in the partitions left after pruning by constants."""
    assert both(client, sql.format(table)) == expected


def test_nested_leaves_are_counted_one_by_one(client: bigquery.Client, dataset: str) -> None:
    """A field of a record costs its own bytes, in arrays those of all elements; NULL costs nothing."""
    client.query(
        f"CREATE TABLE `{dataset}.t` AS SELECT STRUCT(1 AS a, 'xy' AS b) AS r,"
        " [STRUCT(1.5 AS v, 'k' AS k), (CAST(NULL AS FLOAT64), 'kk')] AS l, CAST(NULL AS STRING) AS n"
    ).result()
    read = {
        "r.a": 8, "r.b": 4, "r": 12, "n": 0, "l": 8 + 3 + 4,
        "(SELECT SUM(e.v) FROM UNNEST(l) AS e)": 8, "(SELECT MAX(k) FROM UNNEST(l))": 3 + 4,
    }  # fmt: skip
    assert {text: both(client, f"SELECT {text} AS c FROM `{dataset}.t`") for text in read} == read


def test_metadata_views_cost_ten_megabytes(client: bigquery.Client, dataset: str) -> None:
    """INFORMATION_SCHEMA: at least 10 MB each time."""
    sql = f"SELECT table_name FROM `{dataset}`.INFORMATION_SCHEMA.TABLES"
    job = client.query(sql)
    job.result()
    assert (job.total_bytes_processed, job.total_bytes_billed) == (10 * MB, 10 * MB)


@pytest.mark.parametrize(
    ("sql", "billed"),
    [
        ("SELECT 1", 0),
        ("SELECT COUNT(*) FROM `{0}`", 0),
        ("SELECT x FROM `{0}`", 10 * MB),
        ("SELECT a.x FROM `{0}` AS a CROSS JOIN `{1}` AS b WHERE a.x = b.x", 20 * MB),
    ],
)
def test_ten_megabytes_a_table_are_billed(client: bigquery.Client, table: str, sql: str, billed: int) -> None:
    """TotalBytesBilled: rounded up to the megabyte, 10 MB at least for each table; nothing for nothing."""
    client.query(f"CREATE OR REPLACE TABLE `{table}_2` AS SELECT * FROM `{table}`").result()
    job = client.query(sql.format(table, f"{table}_2"))
    job.result()
    assert job.total_bytes_billed == billed


MERGE = (
    "MERGE `{0}` AS t USING (SELECT 2 AS y) AS s ON t.x = s.y {1}WHEN NOT MATCHED THEN INSERT (x, day) VALUES"
    " (y, DATE '2026-01-09')"
)

REPLACED = (
    "MERGE `{0}` AS t USING (SELECT 1 AS y) AS s ON FALSE WHEN NOT MATCHED BY SOURCE AND day = '2026-01-02' THEN DELETE"
    " WHEN NOT MATCHED THEN INSERT (x, day) VALUES (y, DATE '2026-01-02')"
)


@pytest.mark.parametrize(
    ("sql", "processed", "estimated"),
    [
        # q: the columns read in the partitions scanned; t: all columns of the partitions that are updated.
        ("UPDATE `{0}` SET x = x + 10 WHERE day = '2026-01-02'", 16 + WHOLE, 16 + WHOLE),
        ("UPDATE `{0}` SET x = 7 WHERE s = 'abcde' AND day > '2026-01-02'", 2 * 15 + 2 * WHOLE, 2 * 15 + 2 * WHOLE),
        ("UPDATE `{0}` SET s = 'n' WHERE x = 2", 4 * 8 + WHOLE, 4 * 8 + 4 * WHOLE),
        ("DELETE FROM `{0}` WHERE x = 2", 4 * 8 + WHOLE, 4 * 8 + 4 * WHOLE),
        ("DELETE FROM `{0}` WHERE x = 99", 4 * 8, 4 * 8 + 4 * WHOLE),
        ("DELETE FROM `{0}` WHERE x = 2 AND day BETWEEN '2026-01-03' AND '2026-01-03'", 16 + WHOLE, 16 + WHOLE),
        # Whole partitions by constants: nothing is scanned.
        ("DELETE FROM `{0}` WHERE day = '2026-01-03'", 0, 0),
        ("DELETE FROM `{0}` WHERE day BETWEEN '2026-01-02' AND '2026-01-03' OR day > '2026-01-03'", 0, 0),
        ("DELETE FROM `{0}` WHERE day IN ('2026-01-01', '2026-01-04')", 0, 0),
        # Not by these: another column, a condition that is no constant's, a subquery; nor by an UPDATE.
        ("DELETE FROM `{0}` WHERE day = '2026-01-03' AND s = 'abcde'", 15 + WHOLE, 15 + WHOLE),
        ("DELETE FROM `{0}` WHERE day = '2026-01-03' AND day < CURRENT_DATE() + x", 16 + WHOLE, 16 + WHOLE),
        ("DELETE FROM `{0}` WHERE day = (SELECT DATE '2026-01-03')", 4 * 8 + WHOLE, 4 * 8 + 4 * WHOLE),
        ("UPDATE `{0}` SET s = 'abcde' WHERE day = '2026-01-03'", 8 + WHOLE, 8 + WHOLE),
        (MERGE.replace("{1}", ""), 4 * 8, 4 * 8),
        (MERGE.replace("{1}", "WHEN MATCHED THEN UPDATE SET s = 'n' "), 4 * 8 + WHOLE, 4 * 8 + 4 * WHOLE),
        (REPLACED, 8 + WHOLE, 8 + WHOLE),
        ("INSERT INTO `{0}` SELECT * FROM `{0}` WHERE day = '2026-01-01'", WHOLE, WHOLE),
        ("INSERT INTO `{0}` VALUES (1, '2026-01-09', '')", 0, 0),
        ("TRUNCATE TABLE `{0}`", 0, 0),
    ],
)
def test_dml_pays_for_the_partitions_it_touches(
    client: bigquery.Client, table: str, sql: str, processed: int, estimated: int
) -> None:
    """Q' + t' of dml-syntax; the estimate takes every partition scanned for one that is updated."""
    text = sql.format(table)
    assert dry(client, text).total_bytes_processed == estimated
    job = client.query(text)
    job.result()
    assert job.total_bytes_processed == processed


@pytest.fixture
def months(client: bigquery.Client, dataset: str) -> str:
    """Two months of two days each, a partition a month."""
    client.query(
        f"CREATE TABLE `{dataset}.m` PARTITION BY DATE_TRUNC(day, MONTH) AS SELECT x, day, 'abcde' AS s FROM"
        " UNNEST([DATE '2026-01-01', '2026-01-02', '2026-02-01', '2026-02-02']) AS day WITH OFFSET AS x"
    ).result()
    return f"{dataset}.m"


@pytest.mark.parametrize(
    ("sql", "processed", "left"),
    [
        # A day of a month's partition is not the whole partition: it is scanned, and all of it is written again.
        ("DELETE FROM `{0}` WHERE day = '2026-01-01'", 2 * 8 + 2 * WHOLE, [1, 2, 3]),
        ("DELETE FROM `{0}` WHERE day >= '2026-01-02' AND day < '2026-02-02'", 4 * 8 + 4 * WHOLE, [0, 3]),
        ("DELETE FROM `{0}` WHERE day >= '2026-01-01' AND day <= '2026-01-30'", 2 * 8 + 2 * WHOLE, [2, 3]),
        ("UPDATE `{0}` SET s = 'vwxyz' WHERE day = '2026-01-01'", 2 * 8 + 2 * WHOLE, [0, 1, 2, 3]),
        # The whole month is.
        ("DELETE FROM `{0}` WHERE day >= '2026-01-01' AND day < '2026-02-01'", 0, [2, 3]),
        ("DELETE FROM `{0}` WHERE day BETWEEN '2026-01-01' AND '2026-02-28'", 0, []),
        ("DELETE FROM `{0}` WHERE day > '2025-12-31' AND day <= '2026-01-31'", 0, [2, 3]),
    ],
)
def test_a_part_of_a_partition_is_paid_for_as_the_whole_partition(
    client: bigquery.Client, months: str, sql: str, processed: int, left: list[int]
) -> None:
    """And its other rows stay: partitions go unscanned only where constants leave nothing of them."""
    assert both(client, sql.format(months)) == processed
    assert [row.x for row in client.query(f"SELECT x FROM `{months}` ORDER BY x").result()] == left


def test_dml_pays_for_a_whole_table_without_partitions(client: bigquery.Client, dataset: str) -> None:
    """Q + t, as the table was before, whether a row is hit or not."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT x, 'abcde' AS s FROM UNNEST([1, 2, 3]) AS x").result()
    whole = 3 * (8 + 7)
    for sql in ("DELETE FROM `{0}` WHERE x = 99", "UPDATE `{0}` SET s = '' WHERE x = 1"):
        text = sql.format(f"{dataset}.t")
        assert both(client, text) == 3 * 8 + whole


def test_more_than_may_be_billed_is_refused_before_it_runs(client: bigquery.Client, table: str) -> None:
    """MaximumBytesBilled is held against what would be billed; nothing is answered, changed or recorded as read."""
    nine, ten = (bigquery.QueryJobConfig(maximum_bytes_billed=size * MB) for size in (9, 10))
    refusal = f"Query exceeded limit for bytes billed: {9 * MB}. {10 * MB} or higher required."
    for sql in (
        "SELECT x FROM `{0}`",
        "SELECT IF(x >= 0, ERROR('it ran'), x) AS y FROM `{0}`",
        "DELETE FROM `{0}` WHERE x = 1",
        "CREATE TABLE `{0}_new` AS SELECT x FROM `{0}`",
    ):
        job = client.query(sql.format(table), job_config=nine)
        with pytest.raises(exceptions.GoogleAPICallError, match=refusal):
            job.result()
        job.reload()
        assert job.error_result["reason"] == "bytesBilledLimitExceeded"
        assert job.total_bytes_processed is None
    assert client.get_table(table).num_rows == 4
    assert len(list(client.query(f"SELECT x FROM `{table}`", job_config=ten).result())) == 4
    assert len(list(client.query("SELECT 1", job_config=bigquery.QueryJobConfig(maximum_bytes_billed=1)).result())) == 1


def test_a_script_is_held_to_its_sum(client: bigquery.Client, table: str) -> None:
    """The statement that would go beyond it fails, and what was done before it stays."""
    script = f"SELECT x FROM `{table}`; INSERT INTO `{table}` (x) VALUES (9); SELECT x FROM `{table}`;"
    with pytest.raises(exceptions.GoogleAPICallError, match=f"{20 * MB} or higher required"):
        client.query(script, job_config=bigquery.QueryJobConfig(maximum_bytes_billed=15 * MB)).result()
    assert client.get_table(table).num_rows == 5


def test_a_dry_run_of_a_query_tells_its_schema_and_tables(client: bigquery.Client, table: str, dataset: str) -> None:
    """Every table behind views too; no job is left of it."""
    client.query(f"CREATE VIEW `{dataset}.v` AS SELECT x, [day] AS days FROM `{table}`").result()
    job = dry(client, f"SELECT v.*, STRUCT(1 AS a) AS r FROM `{dataset}.v` AS v")

    assert [(field.name, field.field_type, field.mode) for field in job.schema] == [
        ("x", "INTEGER", "NULLABLE"), ("days", "DATE", "REPEATED"), ("r", "RECORD", "NULLABLE"),
    ]  # fmt: skip
    assert sorted(each.table_id for each in job.referenced_tables) == ["t", "v"]
    assert (job.statement_type, job.state, job.total_bytes_billed) == ("SELECT", "DONE", 0)
    assert job.job_id not in {each.job_id for each in client.list_jobs(max_results=20)}


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("INSERT INTO `{0}` (x) VALUES (1)", "INSERT"),
        ("UPDATE `{0}` SET x = 1 WHERE TRUE", "UPDATE"),
        ("DELETE FROM `{0}` WHERE TRUE", "DELETE"),
        ("TRUNCATE TABLE `{0}`", "TRUNCATE_TABLE"),
        ("CREATE TABLE `{0}_new` AS SELECT x FROM `{0}`", "CREATE_TABLE_AS_SELECT"),
        ("CREATE TABLE `{0}_new` (x INT64)", "CREATE_TABLE"),
        (MERGE.replace("{1}", "WHEN MATCHED THEN DELETE "), "MERGE"),
        ("DROP TABLE `{0}`", "DROP_TABLE"),
        ("CREATE OR REPLACE TABLE `{0}` PARTITION BY day AS SELECT * FROM `{0}` WHERE FALSE", "CREATE_TABLE_AS_SELECT"),
        ("CREATE VIEW `{0}_v` AS SELECT 1 AS x", "CREATE_VIEW"),
        ("ALTER TABLE `{0}` ADD COLUMN n INT64", "ALTER_TABLE"),
        ("CREATE SCHEMA `{0}_schema`".replace("{0}", "acme-test.dry"), "CREATE_SCHEMA"),
        ("DELETE FROM `{0}` WHERE TRUE; DROP TABLE `{0}`;", "SCRIPT"),
    ],
)
def test_a_dry_run_has_no_effect(client: bigquery.Client, table: str, dataset: str, sql: str, kind: str) -> None:
    """Of DML, DDL and scripts: the kind of statement is told, and everything is as before."""
    before = client.get_table(table)
    assert dry(client, sql.format(table)).statement_type == kind
    assert client.get_table(table).etag == before.etag
    assert [each.table_id for each in client.list_tables(dataset)] == ["t"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("SELECT x FROM `{0}`; SELECT s FROM `{0}`;", 4 * 8 + 4 * 7),
        # Of the tables as they are, whatever DML before it would have done.
        ("DELETE FROM `{0}` WHERE day >= '2026-01-01'; SELECT x FROM `{0}`;", 4 * 8),
        ("DECLARE n INT64 DEFAULT (SELECT MAX(x) FROM `{0}`); SET n = (SELECT MIN(x) FROM `{0}`);", 2 * 4 * 8),
        # A variable's value is not known, and leaves no partition out.
        ("DECLARE d DATE DEFAULT '2026-01-01'; SELECT x FROM `{0}` WHERE day = d;", 4 * 16),
        ("BEGIN TRANSACTION; SELECT x FROM `{0}`; COMMIT TRANSACTION;", 4 * 8),
        ("BEGIN SELECT x FROM `{0}`; EXCEPTION WHEN ERROR THEN SELECT s FROM `{0}`; END;", 4 * 8),
        # Nothing is looked at behind the first of these.
        ("SELECT x FROM `{0}`; CREATE TABLE `{0}_new` AS SELECT s FROM `{0}`; SELECT x FROM `{0}`;", 4 * 8 + 4 * 7),
        ("EXECUTE IMMEDIATE 'SELECT x FROM t'; SELECT nothing FROM `{0}`;", 0),
        ("SELECT x FROM `{0}`; IF nothing THEN SELECT nothing; END IF; SELECT x FROM `{0}`;", 4 * 8),
        ("FOR r IN (SELECT x FROM `{0}`) DO SELECT r.x; END FOR; SELECT x FROM `{0}`;", 0),
        ("WHILE TRUE DO SELECT nothing; END WHILE;", 0),
    ],
)
def test_a_dry_run_of_a_script_tells_what_can_be_told(
    client: bigquery.Client, table: str, script: str, expected: int
) -> None:
    """The sum over the statements that are looked at (multi-statement-queries, dry runs)."""
    job = dry(client, script.format(table))
    assert (job.statement_type, job.total_bytes_processed, job.total_bytes_billed) == ("SCRIPT", expected, 0)


@pytest.mark.parametrize(
    ("sql", "fact"),
    [
        ("SELECT nothing FROM `{0}`", "Unrecognized name: nothing"),
        ("UPDATE `{0}` SET nothing = 1 WHERE TRUE", "nothing"),
        ("DELETE FROM `{0}_none` WHERE TRUE", "Not found: Table"),
        ("CREATE TABLE `{0}_new` AS SELECT nothing FROM `{0}`", "Unrecognized name: nothing"),
        ("CREATE TABLE `{0}` (x INT64)", "Already Exists: Table"),
        ("DROP TABLE `{0}_none`", "Not found: Table"),
        ("ALTER TABLE `{0}` ADD COLUMN x INT64", "already exists"),
        ("MERGE `{0}` AS t USING (SELECT 1 AS y) AS s ON t.nothing = s.y WHEN MATCHED THEN DELETE", "nothing"),
        ("SELECT 1; SELECT 'open;", "Syntax error"),
        ("SELECT 1; SELECT nothing FROM `{0}`;", "Unrecognized name: nothing"),
        ("SELECT 1; DELETE FROM `{0}_none` WHERE TRUE;", "Not found: Table"),
        ("DECLARE n INT64 DEFAULT 'x'; SELECT n;", "INT64"),
        ("SET n = 1; SELECT 1;", "Undeclared variable: n"),
        ("CREATE TEMP TABLE u (x INT64); SELECT 1;", "CREATE TEMP TABLE statements are not supported"),
    ],
)
def test_a_dry_run_refuses_what_is_wrong(client: bigquery.Client, table: str, sql: str, fact: str) -> None:
    """As the run itself would."""
    with pytest.raises(exceptions.ClientError, match=fact):
        dry(client, sql.format(table))


def test_a_dry_run_of_another_job_is_refused(client: bigquery.Client, table: str) -> None:
    """What comes of one is undefined (JobConfiguration.dryRun), and nothing is copied."""
    resource = {
        "configuration": {
            "dryRun": True,
            "copy": {
                "sourceTable": bigquery.TableReference.from_string(table).to_api_repr(),
                "destinationTable": bigquery.TableReference.from_string(f"{table}_copy").to_api_repr(),
            },
        }
    }
    with pytest.raises(exceptions.MethodNotImplemented, match="dry run of a copy job"):
        raw.request(client, "POST", f"/projects/{PROJECT}/jobs", data=resource)
