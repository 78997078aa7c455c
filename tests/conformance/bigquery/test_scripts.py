"""Scripts through Google's client."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery


def last(client: bigquery.Client, script: str) -> list[tuple[Any, ...]]:
    """The rows of a script's last query."""
    return [tuple(row.values()) for row in client.query(script).result()]


@pytest.mark.parametrize(
    ("script", "rows"),
    [
        ("DECLARE a, b INT64 DEFAULT 2; SET a = a + 1; SELECT a, b", [(3, 2)]),
        ("DECLARE a INT64; DECLARE b STRING; SET (a, b) = (SELECT AS STRUCT 1, 'x'); SELECT a, b", [(1, "x")]),
        ("DECLARE f FLOAT64 DEFAULT 1; SELECT f", [(1.0,)]),
        ("DECLARE d DATE DEFAULT '2026-01-02'; SELECT EXTRACT(YEAR FROM d)", [(2026,)]),
        ("DECLARE l ARRAY<STRING>; SET l = ['a', 'b']; SELECT ARRAY_LENGTH(l)", [(2,)]),
        (
            "DECLARE x INT64 DEFAULT 2; IF x = 1 THEN SELECT 1; ELSEIF x = 2 THEN SELECT 2; ELSE SELECT 3; END IF",
            [(2,)],
        ),
        ("IF NULL THEN SELECT 1; ELSE SELECT 2; END IF", [(2,)]),
        ("CASE 2 WHEN 1 THEN SELECT 'a'; WHEN 2 THEN SELECT 'b'; END CASE", [("b",)]),
        ("DECLARE n INT64 DEFAULT 0; WHILE n < 3 DO SET n = n + 1; END WHILE; SELECT n", [(3,)]),
        ("DECLARE n INT64 DEFAULT 0; REPEAT SET n = n + 1; UNTIL n >= 3 END REPEAT; SELECT n", [(3,)]),
        (
            "DECLARE n INT64 DEFAULT 0; LOOP SET n = n + 1; IF n < 3 THEN CONTINUE; END IF; LEAVE; END LOOP; SELECT n",
            [(3,)],
        ),
        (
            """DECLARE n INT64 DEFAULT 0;
            a: LOOP LOOP SET n = n + 1; IF n < 3 THEN ITERATE a; END IF; BREAK a; END LOOP; END LOOP a; SELECT n""",
            [(3,)],
        ),
        (
            """DECLARE s STRING DEFAULT '';
            FOR r IN (SELECT x, x * 2 AS y FROM UNNEST([1, 2, 3]) AS x ORDER BY x DESC) DO
              IF r.x = 2 THEN CONTINUE; END IF; SET s = FORMAT('%s%d:%d ', s, r.x, r.y);
            END FOR; SELECT s""",
            [("3:6 1:2 ",)],
        ),
        ("SELECT 1; RETURN; SELECT 2", [(1,)]),
        ("DECLARE n INT64; EXECUTE IMMEDIATE 'SELECT @a + ?' INTO n USING 1; SELECT n", None),
        ("DECLARE n INT64; EXECUTE IMMEDIATE 'SELECT @a + @b' INTO n USING 1 AS a, 2 AS b; SELECT n", [(3,)]),
        (
            "DECLARE n INT64 DEFAULT 5; EXECUTE IMMEDIATE 'SELECT 1 FROM UNNEST([1]) WHERE FALSE' INTO n; SELECT n",
            [(None,)],
        ),
        ("BEGIN DECLARE x INT64 DEFAULT 1; SELECT x; END", [(1,)]),
        ("SELECT @@project_id, @@script.job_id IS NOT NULL", None),
    ],
)
def test_a_script_does_what_it_says(client: bigquery.Client, script: str, rows: list[tuple[Any, ...]] | None) -> None:
    """Each construct of the procedural language, by what the last query of its script answers."""
    if rows is None:
        if "@@" in script:
            assert last(client, script) == [("acme-test", True)]
        else:
            with pytest.raises(exceptions.BadRequest):
                last(client, script)
    else:
        assert last(client, script) == rows


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("SELECT 1;\n  SELECT ERROR('told')", r"Query error: told at \[2:3\]"),
        ("RAISE USING MESSAGE = FORMAT('n=%d', 3)", r"n=3 at \[1:1\]"),
        ("ASSERT 1 = 2 AS 'one is not two'", r"one is not two"),
        ("SELECT 1; SET x = 1", r"Undeclared variable: x at \[1:11\]"),
        ("DECLARE x INT64; BEGIN DECLARE x INT64; END", r"Variable 'x' redeclaration"),
        ("RAISE", "Cannot re-raise"),
        ("EXECUTE IMMEDIATE 'SELECT 1; SELECT 2'", "one query, DML or DDL statement"),
        ("EXECUTE IMMEDIATE 'SET x = 1'", "one query, DML or DDL statement"),
        ("COMMIT TRANSACTION", "no transaction is in progress"),
        ("BEGIN TRANSACTION; BEGIN TRANSACTION;", "nested transactions"),
        (
            "BEGIN TRANSACTION; EXECUTE IMMEDIATE 'SELECT 1'; COMMIT TRANSACTION;",
            "EXECUTE IMMEDIATE is not supported in a transaction",
        ),
        ("DECLARE a INT64; SET (a) = (SELECT AS STRUCT 1, 2)", "does not match number of variables"),
    ],
)
def test_a_failing_script_says_what_and_where(client: bigquery.Client, script: str, message: str) -> None:
    """The message carries the position of the statement in the script."""
    with pytest.raises(exceptions.BadRequest, match=message):
        last(client, script)


def test_a_handler_sees_the_error_and_goes_on(client: bigquery.Client) -> None:
    """@@error is what the handler is about; RAISE without a message raises the same error again."""
    script = """
      DECLARE told, statement STRING;
      BEGIN
        SELECT 1;
        SELECT ERROR('inner');
      EXCEPTION WHEN ERROR THEN
        SET told = @@error.message;
        SET statement = @@error.statement_text;
      END;
      SELECT told, statement"""
    assert last(client, script) == [("Query error: inner at [5:9]", "SELECT ERROR('inner')")]
    again = "BEGIN SELECT ERROR('inner'); EXCEPTION WHEN ERROR THEN RAISE; END"
    with pytest.raises(exceptions.BadRequest, match=r"Query error: inner at \[1:7\]"):
        last(client, again)


def test_row_count_is_that_of_the_last_change(client: bigquery.Client, dataset: str) -> None:
    """@@row_count follows DML and is NULL after a query."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT x FROM UNNEST([1, 2, 3]) AS x").result()
    script = f"""
      DECLARE inserted, updated, deleted INT64;
      INSERT INTO `{dataset}.t` (x) VALUES (4), (5);
      SET inserted = @@row_count;
      UPDATE `{dataset}.t` SET x = x + 1 WHERE x > 2;
      SET updated = @@row_count;
      DELETE FROM `{dataset}.t` WHERE x > 100;
      SET deleted = @@row_count;
      SELECT inserted, updated, deleted"""
    assert last(client, script) == [(2, 3, 0)]


def test_temporary_tables_live_as_long_as_their_script(client: bigquery.Client) -> None:
    """They are named without a dataset, and gone afterwards."""
    script = "CREATE TEMP TABLE t AS SELECT 1 AS x; INSERT INTO t VALUES (2); SELECT SUM(x) FROM t"
    assert last(client, script) == [(3,)]
    with pytest.raises(exceptions.BadRequest, match="must be qualified with a dataset"):
        last(client, "SELECT * FROM t")


def test_a_failing_temporary_table_tells_its_own_error(client: bigquery.Client) -> None:
    """What went wrong is told, and not that there is nothing to clean up."""
    with pytest.raises(exceptions.BadRequest, match="told"):
        last(client, "CREATE TEMP TABLE t AS SELECT ERROR('told') AS x; SELECT 1")
    caught = "BEGIN CREATE TEMP TABLE t AS SELECT ERROR('told') AS x; EXCEPTION WHEN ERROR THEN SELECT 1; END; "
    assert last(client, f"{caught} CREATE TEMP TABLE t AS SELECT 2 AS x; SELECT x FROM t") == [(2,)]


def test_statements_are_written_by_queries(client: bigquery.Client, dataset: str) -> None:
    """The product's way: text made by SQL, executed per row, its errors caught per row."""
    script = f"""
      CREATE TABLE `{dataset}.m` (unit INT64, error STRING);
      FOR unit IN (SELECT x AS unit, IF(x = 2, 'SELECT ERROR("two")',
                   FORMAT('CREATE TABLE `{dataset}.u_%d` AS SELECT %d AS x', x, x)) AS statement
                   FROM UNNEST([1, 2, 3]) AS x ORDER BY x) DO
        BEGIN
          EXECUTE IMMEDIATE unit.statement;
        EXCEPTION WHEN ERROR THEN
          INSERT INTO `{dataset}.m` (unit, error) VALUES (unit.unit, @@error.message);
        END;
      END FOR;
      SELECT unit, error FROM `{dataset}.m`"""
    ((unit, error),) = last(client, script)
    assert unit == 2
    assert "two" in error
    assert sorted(table.table_id for table in client.list_tables(dataset)) == ["m", "u_1", "u_3"]


def test_a_transaction_is_whole_or_nothing(client: bigquery.Client, dataset: str) -> None:
    """COMMIT makes all of it true, ROLLBACK and a failure none; a script sees its own changes."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x").result()
    body = f"DELETE FROM `{dataset}.t` WHERE x = 1; INSERT INTO `{dataset}.t` VALUES (2), (3);"
    assert last(client, f"BEGIN TRANSACTION; {body} SELECT COUNT(*) FROM `{dataset}.t`; ROLLBACK TRANSACTION;") == [
        (2,)
    ]
    assert last(client, f"SELECT x FROM `{dataset}.t`") == [(1,)]
    with pytest.raises(exceptions.BadRequest, match="stop"):
        last(client, f"BEGIN TRANSACTION; {body} SELECT ERROR('stop'); COMMIT TRANSACTION;")
    assert last(client, f"SELECT x FROM `{dataset}.t`") == [(1,)]
    last(client, f"BEGIN TRANSACTION; {body} COMMIT TRANSACTION;")
    assert last(client, f"SELECT x FROM `{dataset}.t` ORDER BY x") == [(2,), (3,)]


def test_of_two_transactions_that_change_a_table_one_is_cancelled(client: bigquery.Client, dataset: str) -> None:
    """The second one's error is a 400 that says so (transactions: concurrent transactions)."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x; CREATE TABLE `{dataset}.go` (x INT64)").result()
    waiting = client.query(
        f"""DECLARE n INT64 DEFAULT 0;
        BEGIN TRANSACTION;
        UPDATE `{dataset}.t` SET x = 2 WHERE TRUE;
        INSERT INTO `{dataset}.go` VALUES (1);
        WHILE n < 40 DO SET n = n + 1; END WHILE;
        COMMIT TRANSACTION;"""
    )
    other = client.query(
        f"""BEGIN TRANSACTION;
        UPDATE `{dataset}.t` SET x = 3 WHERE TRUE; UPDATE `{dataset}.t` SET x = 4 WHERE TRUE;
        COMMIT TRANSACTION;"""
    )
    outcomes = []
    for job in (waiting, other):
        try:
            job.result()
            outcomes.append("done")
        except exceptions.BadRequest as error:
            assert "Transaction is aborted due to concurrent update against table" in str(error)  # noqa: PT017 - either of the two may lose
            outcomes.append("cancelled")
    assert outcomes.count("done") >= 1
