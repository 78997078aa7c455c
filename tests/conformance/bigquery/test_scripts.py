"""Scripts through Google's client."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
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
        ("SELECT @@script.creation_time <= CURRENT_TIMESTAMP(), @@time_zone", [(True, "UTC")]),
        ("DECLARE x INT64 DEFAULT 1; BEGIN DECLARE y INT64 DEFAULT x + 1; SET x = y; END; SELECT x", [(2,)]),
        ("DECLARE x INT64 DEFAULT 7; SELECT x FROM (SELECT 1 AS x)", [(1,)]),
        ("DECLARE x DEFAULT [1, 2]; SELECT x[OFFSET(1)]", [(2,)]),
        ("DECLARE x, y INT64; SET (x, y) = (1, 2); SELECT x, y", [(1, 2)]),
        ("DECLARE x, y INT64 DEFAULT 1; SET (x, y) = (y + 1, x + 2); SELECT x, y", [(2, 3)]),
        ("DECLARE r STRUCT<a INT64, b STRING> DEFAULT (1, 'x'); SET r = (2, 'y'); SELECT r.a, r.b", [(2, "y")]),
        ("CASE 5 WHEN 1 THEN SELECT 1; END CASE; SELECT 'after'", [("after",)]),
        ("CASE WHEN NULL THEN SELECT 1; WHEN TRUE THEN SELECT 2; ELSE SELECT 3; END CASE", [(2,)]),
        ("DECLARE n INT64 DEFAULT 0; WHILE NULL DO SET n = 1; END WHILE; SELECT n", [(0,)]),
        ("DECLARE n INT64 DEFAULT 0; a: BEGIN SET n = 1; LEAVE a; SET n = 2; END a; SELECT n", [(1,)]),
        (
            """DECLARE n INT64 DEFAULT 0;
            a: WHILE TRUE DO
              b: FOR r IN (SELECT x FROM UNNEST([1, 2, 3]) AS x) DO
                SET n = n + r.x; IF r.x = 2 THEN BREAK a; END IF;
              END FOR b;
            END WHILE a; SELECT n""",
            [(3,)],
        ),
        (
            "DECLARE a, b INT64; EXECUTE IMMEDIATE 'SELECT ? + 1 AS x, ? AS y' INTO a, b USING 1, 5; SELECT a, b",
            [(2, 5)],
        ),
        ("DECLARE a INT64 DEFAULT 4; EXECUTE IMMEDIATE 'SELECT @a' USING a AS a", [(4,)]),
        ("IF TRUE THEN SELECT 1; RETURN; END IF; SELECT 2", [(1,)]),
        ("BEGIN SELECT 1; SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT 'caught'; END", [("caught",)]),
        (
            """BEGIN BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT ERROR('second'); END;
            EXCEPTION WHEN ERROR THEN SELECT STARTS_WITH(@@error.message, 'Query error: second'); END""",
            [(True,)],
        ),
        (
            """BEGIN RAISE USING MESSAGE = 'oops'; EXCEPTION WHEN ERROR THEN
            SELECT @@error.message, @@error.statement_text; END""",
            [("oops at [1:7]", "RAISE USING MESSAGE = 'oops'")],
        ),
        ("ASSERT 1 = 1 AS 'fine'; SELECT 2", [(2,)]),
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
        ("BEGIN DECLARE y INT64; END; SELECT y", "Unrecognized name: y"),
        ("BEGIN DECLARE y INT64; SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT y; END", "Unrecognized name: y"),
        ("SELECT 1; DECLARE x INT64; SELECT x", "declarations are allowed only at the start"),
        ("DECLARE x INT64; SET x = 'a'", "cannot be assigned to INT64"),
        ("DECLARE x INT64; SET x = 1.5", "cannot be assigned to INT64"),
        ("DECLARE r STRUCT<a INT64>; SET r.a = 1", "Syntax error"),
        ("IF 'x' THEN SELECT 1; END IF", "cannot be assigned to BOOL"),
        ("BREAK", "only allowed inside of a loop body"),
        ("LOOP LEAVE b; END LOOP", "does not reference a known label"),
        ("a: LOOP LEAVE; END LOOP b", "Mismatched end label"),
        ("SELECT @@error.message", "not set here"),
        ("EXECUTE IMMEDIATE CAST(NULL AS STRING)", "cannot be NULL"),
        ("EXECUTE IMMEDIATE 'SELECT @x' USING 1 AS y", "'x' not found"),
        ("EXECUTE IMMEDIATE 'SELECT ?' USING 1, 2 AS y", "cannot mix named and positional"),
        ("DECLARE a INT64; EXECUTE IMMEDIATE 'SELECT 1, 2' INTO a", "1 variables for 2 columns"),
        ("DECLARE a INT64; EXECUTE IMMEDIATE 'SELECT x FROM UNNEST([1, 2]) AS x' INTO a", "more than one row"),
        ("EXECUTE IMMEDIATE \"EXECUTE IMMEDIATE 'SELECT 1'\"", "one query, DML or DDL statement"),
        ("ASSERT NULL", "Assertion failed"),
        ("SELECT 1; SELECT 1 = '1'", r"No matching signature for operator = .* at \[1:18\]"),
        ("SELECT 1; SELECT 1 / 0", r"division by zero.* at \[1:11\]"),
    ],
)
def test_a_failing_script_says_what_and_where(client: bigquery.Client, script: str, message: str) -> None:
    """The message carries the position of the statement in the script."""
    with pytest.raises(exceptions.BadRequest, match=message):
        last(client, script)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("SELEC 2", "Syntax error"),
        ("SELECT FROM WHERE", "Syntax error"),
        ("IF FALSE THEN SELECT (1; END IF", "Syntax error"),
        ("IF FALSE THEN SELECT 1 +; END IF", "Syntax error"),
        ("BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN DELETE FROM; END", "Syntax error"),
        ("SET x = 1 +", "Syntax error"),
        ("CREATE TABLE", "Syntax error"),
        ("WHILE x < DO SELECT 1; END WHILE", "Syntax error"),
        ("DELETE FROM made WHERE i = = 1", "Syntax error"),
        ("INSERT INTO made (i) SELECT 1 FROM", "Syntax error"),
    ],
)
def test_a_script_with_a_syntax_error_anywhere_does_nothing(
    client: bigquery.Client, dataset: str, wrong: str, message: str
) -> None:
    """It is read whole before it runs; a handler does not catch it."""
    script = f"DECLARE x INT64; CREATE TABLE `{dataset}.made` (i INT64); {wrong};"

    for text in (script, f"BEGIN {script} EXCEPTION WHEN ERROR THEN SELECT 1; END"):
        with pytest.raises(exceptions.BadRequest, match=message):
            client.query_and_wait(text)
    assert list(client.list_tables(dataset)) == []


@pytest.mark.parametrize(
    "script",
    [
        "CALL p()",
        "SET @@session_id = 'x'",
        "SELECT @@session_id",
        "DECLARE x STRING(3)",
        "DECLARE x INT64; FOR x IN (SELECT 1 AS a) DO SELECT 1; END FOR",
        "a: LOOP a: LOOP LEAVE a; END LOOP a; LEAVE; END LOOP a",
    ],
)
def test_what_is_not_modelled_says_so(client: bigquery.Client, script: str) -> None:
    """A loud refusal, with the status 501 that a person notices."""
    with pytest.raises(exceptions.GoogleAPICallError, match="not modelled by the local cloud"):
        last(client, script)


API = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}
PARAMETERS = [
    ("INT64", 5), ("FLOAT64", 1.5), ("BOOL", True), ("STRING", "it's"), ("BYTES", b"\xff"), ("NUMERIC", Decimal("1.5")),
    ("DATE", date(2026, 1, 2)), ("DATETIME", datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001 - a DATETIME has no zone
    ("TIME", time(3, 4, 5)), ("TIMESTAMP", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), PARAMETERS, ids=[kind for kind, _ in PARAMETERS])
def test_a_parameter_of_each_type_is_taken_by_name_and_by_position(
    client: bigquery.Client, kind: str, value: Any
) -> None:
    """Scalars, arrays of them, structs of both, and NULL; the types are those that were said."""
    scalar = bigquery.ScalarQueryParameter("one", kind, value)
    parameters = [
        scalar,
        bigquery.ArrayQueryParameter("many", kind, [value, value]),
        bigquery.StructQueryParameter("both", scalar, bigquery.ArrayQueryParameter("l", kind, [value])),
        bigquery.ScalarQueryParameter("none", kind, None),
    ]
    named = bigquery.QueryJobConfig(query_parameters=parameters)
    found = client.query("SELECT @one, @many, @both.one, @both.l[OFFSET(0)], @none IS NULL", job_config=named).result()
    assert [tuple(row.values()) for row in found] == [(value, [value, value], value, value, True)]
    unnamed = [bigquery.ScalarQueryParameter(None, kind, value), bigquery.ArrayQueryParameter(None, kind, [value])]
    placed = bigquery.QueryJobConfig(query_parameters=unnamed)
    found = client.query("SELECT ?, ?", job_config=placed).result()
    assert [tuple(row.values()) for row in found] == [(value, [value])]
    assert [field.field_type for field in found.schema] == [API.get(kind, kind)] * 2


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
    further = f"""
      DECLARE dynamic, queried, merged, cleared INT64 DEFAULT -1;
      EXECUTE IMMEDIATE "INSERT INTO `{dataset}.t` (x) VALUES (7)";
      SET dynamic = @@row_count;
      SELECT x FROM `{dataset}.t`;
      SET queried = @@row_count;
      MERGE `{dataset}.t` AS t USING (SELECT 1 AS y UNION ALL SELECT 90) AS s ON t.x = s.y
        WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (x) VALUES (y);
      SET merged = @@row_count;
      TRUNCATE TABLE `{dataset}.t`;
      SET cleared = @@row_count;
      SELECT dynamic, queried, merged, cleared"""
    assert last(client, further) == [(1, None, 2, 6)]


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("SELECT 1 AS a; SELECT 2 AS b;", [(2,)]),
        ("SELECT 1 AS a; SELECT 2 AS b FROM UNNEST([1]) WHERE FALSE;", []),
        ("SELECT 1 AS a; CREATE TEMP TABLE t (x INT64);", []),
        ("CREATE TEMP TABLE t (x INT64); SELECT 1 AS a; INSERT INTO t VALUES (1);", []),
    ],
)
def test_a_script_answers_what_its_last_statement_does(
    client: bigquery.Client, script: str, answer: list[tuple[Any, ...]]
) -> None:
    """A statement that answers nothing leaves nothing of the answers before it (multi-statement-queries)."""
    assert [tuple(row.values()) for row in client.query(script).result()] == answer


def test_what_shapes_a_destination_is_refused_for_a_script(client: bigquery.Client) -> None:
    """Dispositions and layout belong to a query's destination table, which a script has none of."""
    for config in (
        bigquery.QueryJobConfig(write_disposition="WRITE_TRUNCATE"),
        bigquery.QueryJobConfig(create_disposition="CREATE_NEVER"),
        bigquery.QueryJobConfig(clustering_fields=["a"]),
        bigquery.QueryJobConfig(schema_update_options=["ALLOW_FIELD_ADDITION"]),
        bigquery.QueryJobConfig(time_partitioning=bigquery.TimePartitioning()),
    ):
        with pytest.raises(exceptions.BadRequest, match="cannot be set for scripts"):
            client.query("SELECT 1 AS a; SELECT 2 AS a;", job_config=config).result()


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
      FOR one IN (SELECT x AS unit, IF(x = 2, 'SELECT ERROR("two")',
                   FORMAT('CREATE TABLE `{dataset}.u_%d` AS SELECT %d AS x', x, x)) AS statement
                   FROM UNNEST([1, 2, 3]) AS x ORDER BY x) DO
        BEGIN
          EXECUTE IMMEDIATE one.statement;
        EXCEPTION WHEN ERROR THEN
          INSERT INTO `{dataset}.m` (unit, error) VALUES (one.unit, @@error.message);
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
