"""Functions of the user's in SQL, temporary and kept, through Google's client (user-defined-functions)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests import googlesql
from tests.conformance.bigquery.conftest import Running

_INT64 = bigquery.StandardSqlDataType(type_kind=bigquery.StandardSqlTypeNames.INT64)


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[bigquery.Client]:
    """A client, and a dataset with a table of numbers."""
    client = running.client(location="EU")
    made = bigquery.Dataset("acme-test.made")
    made.location = "EU"
    client.create_dataset(made)
    client.query("CREATE TABLE made.numbers AS SELECT n, [n, n * 10] AS a FROM UNNEST([1, 2, 3]) AS n").result()
    yield client
    client.delete_dataset("made", delete_contents=True)


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """What a query answers."""
    return [tuple(row.values()) for row in client.query(sql).result()]


@pytest.mark.parametrize(
    ("signature", "body", "calls"),
    [
        ("(x INT64)", "x + 1", ["(1)", "(NULL)", "(CAST(2 AS INT64))"]),
        ("(x INT64, y STRING)", "CONCAT(y, CAST(x * x AS STRING))", ["(7, 'a')", "(7, NULL)"]),
        ("(x FLOAT64) RETURNS FLOAT64", "x / 2", ["(1)", "(3.0)"]),
        ("(x INT64) RETURNS FLOAT64", "x", ["(1)"]),
        ("(x ARRAY<INT64>)", "(SELECT SUM(e) FROM UNNEST(x) AS e)", ["([1, 2])", "([])"]),
        ("(x ANY TYPE, y ANY TYPE)", "IF(x > y, x, y)", ["(1, 2)", "('a', 'b')", "(1.5, 2)"]),
        ("(x STRUCT<a INT64, b STRING>)", "CONCAT(x.b, CAST(x.a AS STRING))", ["(STRUCT(1 AS a, 'z' AS b))"]),
        ("()", "42", ["()"]),
    ],
)
def test_a_function_yields_what_its_body_yields(
    client: bigquery.Client, signature: str, body: str, calls: list[str]
) -> None:
    """A call is the body with the arguments in the parameters' place, computed once and coerced to their types."""
    pairs = [each.split(None, 1) for each in _split(signature[1 : signature.index(")")])]
    for call in calls:
        given = ", ".join(
            f"{value if kind == 'ANY TYPE' else f'CAST({value} AS {kind})'} AS {name}"
            for (name, kind), value in zip(pairs, _split(call[1:-1]), strict=True)
        )
        [expected] = googlesql.evaluate(f"SELECT {body}{f' FROM (SELECT {given})' if given else ''}")

        [found] = rows(client, f"CREATE TEMP FUNCTION f{signature} AS ({body}); SELECT f{call}")

        assert found == expected


def _split(arguments: str) -> list[str]:
    depth, parts = 0, [""]
    for character in arguments:
        depth += {"(": 1, "[": 1, "<": 1, ")": -1, "]": -1, ">": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def test_a_query_with_temporary_functions_is_one_statement(client: bigquery.Client) -> None:
    """It is no script: a SELECT without child jobs, which can have a destination table."""
    config = bigquery.QueryJobConfig(destination="acme-test.made.doubled")
    sql = "CREATE TEMP FUNCTION twice(x INT64) AS (x * 2); SELECT twice(n) AS n FROM made.numbers"

    job = client.query(sql, job_config=config)
    job.result()

    assert (job.statement_type, job.num_child_jobs) == ("SELECT", 0)
    assert sorted(rows(client, "SELECT n FROM made.doubled")) == [(2,), (4,), (6,)]
    assert client.query(sql, job_config=bigquery.QueryJobConfig(dry_run=True)).statement_type == "SELECT"


def test_a_function_of_a_dataset_is_called_by_its_path(client: bigquery.Client, running: Running) -> None:
    """Made, called over rows, within other functions, replaced and dropped; a job runs where its functions lie."""
    job = client.query("CREATE FUNCTION made.add_one(x INT64) AS (x + 1)")
    job.result()
    client.query("CREATE FUNCTION made.add_two(x INT64) AS (made.add_one(`acme-test.made.add_one`(x)))").result()

    assert (job.statement_type, job.ddl_operation_performed) == ("CREATE_FUNCTION", "CREATE")
    assert job.ddl_target_routine is not None
    assert job.ddl_target_routine.path == "/projects/acme-test/datasets/made/routines/add_one"
    assert sorted(rows(client, "SELECT made.add_two(n) FROM made.numbers")) == [(3,), (4,), (5,)]
    assert rows(client, "SELECT SUM(made.add_one(e)) FROM made.numbers, UNNEST(a) AS e WHERE n = 1") == [(13,)]
    with pytest.raises(exceptions.Conflict, match=r"Already Exists: Routine acme-test:made\.add_one"):
        client.query("CREATE FUNCTION made.add_one(x INT64) AS (x)").result()
    client.query("CREATE OR REPLACE FUNCTION made.add_one(x INT64) AS (x + 100)").result()
    assert rows(running.client(), "SELECT made.add_two(1)") == [(201,)]
    client.query("DROP FUNCTION made.add_two").result()
    with pytest.raises(exceptions.BadRequest, match=r"Function not found: made\.add_two"):
        client.query("SELECT made.add_two(1)").result()


def test_a_table_function_is_a_query_with_parameters(client: bigquery.Client, running: Running) -> None:
    """Its rows can be joined and filtered like a table's."""
    client.query(
        "CREATE TABLE FUNCTION made.from_n(least INT64) AS SELECT n, a FROM made.numbers WHERE n >= least"
    ).result()

    assert sorted(rows(client, "SELECT n FROM made.from_n(2)")) == [(2,), (3,)]
    assert rows(running.client(), "SELECT COUNT(*) FROM made.from_n(1 + 1) AS x JOIN made.numbers USING (n)") == [(2,)]
    client.query("DROP TABLE FUNCTION made.from_n").result()
    with pytest.raises(exceptions.BadRequest, match="not found"):
        client.query("SELECT n FROM made.from_n(2)").result()


def test_routines_are_resources(client: bigquery.Client) -> None:
    """Made by one door, found through the other, with types and body as they were stated."""
    routine = bigquery.Routine("acme-test.made.by_resource", type_="SCALAR_FUNCTION", language="SQL", body="x * 3")
    routine.arguments = [bigquery.RoutineArgument(name="x", data_type=_INT64)]

    made = client.create_routine(routine)

    assert (made.type_, made.language, made.body) == ("SCALAR_FUNCTION", "SQL", "x * 3")
    assert rows(client, "SELECT made.by_resource(2)") == [(6,)]
    client.query("CREATE FUNCTION made.by_sql(x ARRAY<STRUCT<a INT64>>, y ANY TYPE) AS (x[OFFSET(0)].a)").result()
    found = client.get_routine("made.by_sql")
    assert [(each.name, each.kind) for each in found.arguments] == [("x", None), ("y", "ANY_TYPE")]
    assert found.arguments[0].data_type is not None
    assert found.arguments[0].data_type.type_kind is bigquery.StandardSqlTypeNames.ARRAY
    assert {"by_resource", "by_sql"} <= {each.routine_id for each in client.list_routines("made")}
    made.body = "x * 4"
    client.update_routine(made, ["body", "arguments", "type_", "language"])
    assert rows(client, "SELECT made.by_resource(2)") == [(8,)]
    client.delete_routine("made.by_resource")
    with pytest.raises(exceptions.NotFound, match=r"Routine acme-test:made\.by_resource"):
        client.get_routine("made.by_resource")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CREATE TEMP FUNCTION f(x INT64) AS (y); SELECT f(1)", "Unrecognized name: y"),
        ("CREATE TEMP FUNCTION f(x INT64) AS (x); SELECT f('a')", "No matching signature for function f"),
        ("CREATE TEMP FUNCTION f(x INT64) AS (x); SELECT f(1, 2)", "No matching signature for function f"),
        ("CREATE TEMP FUNCTION f(x INT64) RETURNS INT64 AS ('a'); SELECT f(1)", "declared to return INT64"),
        ("CREATE TEMP FUNCTION f(x INT64) AS (SUM(x)); SELECT f(1)", "Aggregate function SUM not allowed"),
        ("CREATE TEMP FUNCTION f(x INT64) AS (f(x)); SELECT f(1)", "Function not found: f"),
        ("CREATE TEMP FUNCTION made.f(x INT64) AS (x); SELECT 1", "cannot have a qualified name"),
        ("CREATE TEMP FUNCTION concat(x INT64) AS (x); SELECT 1", "concat"),
        ("CREATE FUNCTION nowhere.f(x INT64) AS (x)", "nowhere"),
        ("DROP FUNCTION made.nothing", "Routine acme-test:made.nothing"),
        ("CREATE FUNCTION made.p(x INT64) AS (x + @p)", "Query parameters cannot be used"),
        ("CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'return x'; SELECT 1", "not modelled"),
        ("CREATE AGGREGATE FUNCTION made.g(x INT64) AS (SUM(x))", "not modelled"),
        ("CREATE TABLE FUNCTION made.g(t ANY TABLE) AS SELECT * FROM t", "not modelled"),
    ],
)
def test_what_is_no_function_is_refused(client: bigquery.Client, sql: str, message: str) -> None:
    """When it is made if its types are stated, or else when it is called."""
    with pytest.raises(exceptions.GoogleAPICallError, match=message):
        client.query(sql).result()


def test_metadata_tells_routines_and_parameters(client: bigquery.Client) -> None:
    """ROUTINES with the statement that makes each again, PARAMETERS with what each takes and returns."""
    client.query("CREATE SCHEMA told OPTIONS (location = 'EU')").result()
    client.query("CREATE FUNCTION told.f(x INT64, y ARRAY<STRING>) RETURNS STRING AS (y[OFFSET(x)])").result()
    client.query("CREATE FUNCTION told.any_of(x ANY TYPE) AS (x)").result()
    parameters = "SELECT specific_name, ordinal_position, is_result, parameter_name, data_type"
    assert rows(client, f"{parameters} FROM told.INFORMATION_SCHEMA.PARAMETERS ORDER BY 1, 2") == [
        ("any_of", "1", "NO", "x", "ANY TYPE"),
        ("f", "0", "YES", None, "STRING"),
        ("f", "1", "NO", "x", "INT64"),
        ("f", "2", "NO", "y", "ARRAY<STRING>"),
    ]
    routines = "SELECT routine_name, routine_type, data_type, routine_definition, created = last_altered"
    assert rows(client, f"{routines} FROM told.INFORMATION_SCHEMA.ROUTINES ORDER BY 1") == [
        ("any_of", "FUNCTION", None, "x", True),
        ("f", "FUNCTION", "STRING", "y[OFFSET(x)]", True),
    ]

    [(statement,)] = rows(client, "SELECT ddl FROM told.INFORMATION_SCHEMA.ROUTINES WHERE routine_name = 'f'")
    client.query("DROP FUNCTION told.f").result()
    client.query(statement).result()
    assert rows(client, "SELECT told.f(1, ['a', 'b'])") == [("b",)]
    client.query("CREATE TABLE FUNCTION told.t(n INT64) AS SELECT n AS m").result()
    with pytest.raises(exceptions.ServerError, match="which its text does not state"):
        rows(client, f"{parameters} FROM told.INFORMATION_SCHEMA.PARAMETERS")
    client.delete_dataset("told", delete_contents=True)
