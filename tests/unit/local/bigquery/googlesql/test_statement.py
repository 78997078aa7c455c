"""Statements that are put together piece by piece, parameters, variables, and what fails while it runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import Statement, analyze_expression, analyze_query
from replicator.local.bigquery.googlesql.catalog import Column, Comparison, Operator
from replicator.local.bigquery.googlesql.context import Typed
from replicator.local.bigquery.types import Type, array, struct
from tests.googlesql_engine import context, rows_of, run, table

INT64, STRING, DATE, BOOL = Type("INT64"), Type("STRING"), Type("DATE"), Type("BOOL")


def test_dml_is_put_together_from_a_target_a_from_clause_and_expressions() -> None:
    """Each piece sees the target and what stands beside it; the target's SQL knows all that was asked of it."""
    target = table(
        {"id": INT64, "v": STRING, "unused": STRING, "_ROW": INT64}, [(1, "a", "u", 0), (2, "b", "u", 1)], ["id"]
    )
    statement = Statement(context({"target": target}))
    rows = statement.table(("ds", "target"), "t", extra=(Column("_ROW", INT64),))
    others = statement.from_clause("(SELECT 2 AS id, 'z' AS w) AS s", beside=(rows,))
    value = statement.expression("CONCAT(t.v, s.w)", rows, others, coerced_to=STRING)
    condition = statement.condition("t.id = s.id AND t.id > 1", rows, others)

    row = rows.sources[0].names[3].taken().sql
    sql = statement.finish(f"SELECT {row}, {value.sql} FROM {rows.sql}, {others.sql} WHERE {condition.sql}")

    assert duckdb.connect().execute(sql).fetchall() == [(1, "bz")]
    assert target.asked == [(frozenset({"id", "v", "_ROW"}), (Comparison("id", Operator.GREATER, 1),))]


def test_an_assignment_is_coerced_or_refused() -> None:
    """A literal's text becomes a date; a number does not become a text."""
    statement = Statement(context())

    assert statement.expression("'2026-11-01'", coerced_to=DATE).sql == "DATE '2026-11-01'"
    with pytest.raises(BigQueryError, match="Value of type INT64 cannot be assigned to STRING"):
        statement.expression("1", coerced_to=STRING)


def test_parameters_of_every_kind() -> None:
    """Named ones in any case, nested ones too, and positional ones by their order through the whole statement."""
    person = Typed(struct(("name", STRING), ("tags", array(STRING))), {"name": "ann", "tags": ["x", "y"]})

    assert run("SELECT @P.name, ARRAY_LENGTH(@p.tags), @n + 1", p=person, n=Typed(INT64, 4)) == [("ann", 2, 5)]
    positional = replace(context(), positional=(Typed(STRING, "a"), Typed(STRING, "b")))
    assert rows_of(analyze_query("SELECT CONCAT(?, '-', ?)", positional)) == [("a-b",)]
    with pytest.raises(BigQueryError, match="Query parameter 'q' not found"):
        run("SELECT @q")


def test_a_parameter_coerces_as_a_literal_does_and_a_variable_does_not() -> None:
    """A STRING parameter next to a DATE is read as a date."""
    assert run("SELECT DATE '2026-11-01' = @day", day=Typed(STRING, "2026-11-01")) == [(True,)]
    with pytest.raises(BigQueryError, match="No matching signature for operator = for argument types: DATE, STRING"):
        analyze_query(
            "SELECT DATE '2026-11-01' = day", replace(context(), variables={"day": Typed(STRING, "2026-11-01")})
        )


def test_variables_stand_behind_columns() -> None:
    """A column of the variable's name hides it; elsewhere, subqueries included, the variable is seen."""
    variables = replace(
        context(), variables={"N": Typed(INT64, 7), "rows_": Typed(array(struct(("a", INT64))), [(1,), (2,)])}
    )

    assert rows_of(analyze_query("SELECT n FROM (SELECT 1 AS n)", variables)) == [(1,)]
    assert rows_of(
        analyze_query("SELECT n, (SELECT SUM(a) + n FROM UNNEST(rows_)) FROM (SELECT 1 AS x)", variables)
    ) == [(7, 10)]


def test_system_variables() -> None:
    """What the script set is found, anything else is refused."""
    given = replace(context(), system={"row_count": Typed(INT64, 3), "error.message": Typed(STRING, "oh")})

    assert rows_of(analyze_query("SELECT IF(@@row_count = 3, 1, ERROR('no')), @@error.message", given)) == [(1, "oh")]
    with pytest.raises(BigQueryError, match=r"@@script\.job_id"):
        analyze_query("SELECT @@script.job_id", given)


def test_the_clock_is_the_statements() -> None:
    """Every mention of the current time is one and the same moment."""
    assert analyze_expression("CURRENT_TIMESTAMP()", context()).sql == "TIMESTAMPTZ '2026-11-21 09:30:15.250000+00'"
    assert run("SELECT CURRENT_DATE(), CURRENT_TIMESTAMP() = CURRENT_TIMESTAMP()") == [(date(2026, 11, 21), True)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT ERROR('the fence has moved on')", "the fence has moved on"),
        ("SELECT ERROR('two\\nlines: Error: x')", "two\nlines: Error: x"),
        ("SELECT IF(1 = 2, 1, ERROR(CONCAT('a', 'b')))", "ab"),
        ("SELECT x / y FROM (SELECT 1 AS x, 0 AS y)", "division by zero: 1 / 0"),
        ("SELECT MOD(x, y) FROM (SELECT 1 AS x, 0 AS y)", "division by zero: MOD(1, 0)"),
        ("SELECT CAST(s AS INT64) FROM (SELECT 'x1' AS s)", "Bad int64 value: x1"),
        ("SELECT CAST(s AS DATE) FROM (SELECT '2026-13-01' AS s)", "Invalid date: '2026-13-01'"),
        ("SELECT x + 1 FROM (SELECT 9223372036854775807 AS x)", "int64 overflow: 9223372036854775807 + 1"),
        ("SELECT (SELECT x FROM UNNEST([1, 2]) AS x)", "Scalar subquery produced more than one element"),
        ("SELECT [1][OFFSET(x)] FROM (SELECT 3 AS x)", "Array index 3 is out of bounds"),
        ("SELECT REGEXP_CONTAINS('a', p) FROM (SELECT '(' AS p)", "Cannot parse regular expression: missing ): ("),
        ("SELECT PARSE_DATE('%Y%m%d', s) FROM (SELECT 'x' AS s)", 'Failed to parse input string "x"'),
        ("SELECT SUBSTR('abc', 1, x) FROM (SELECT -1 AS x)", "Third argument in SUBSTR() cannot be negative"),
    ],
)
def test_what_fails_while_it_runs_fails_in_bigquerys_words(sql: str, message: str) -> None:
    """The reason is invalidQuery, the sentence the service's own."""
    with pytest.raises(BigQueryError) as failure:
        run(sql)

    assert (failure.value.reason, failure.value.message) == ("invalidQuery", message)


def test_safe_is_for_the_function_and_not_for_its_arguments() -> None:
    """NULL where the function fails; where its argument does, the statement fails."""
    assert run("SELECT SAFE.PARSE_DATE('%Y%m%d', s) FROM UNNEST(['20261131', '20261130', 'x']) AS s ORDER BY s") == [
        (date(2026, 11, 30),),
        (None,),
        (None,),
    ]
    with pytest.raises(BigQueryError, match="division by zero"):
        run("SELECT SAFE.SUBSTR(CAST(1 / x AS STRING), 1, -1) FROM (SELECT 0 AS x)")
    assert run("SELECT SAFE.SUBSTR(CAST(1 / x AS STRING), 1, -1) FROM (SELECT 2 AS x)") == [(None,)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT a b c", 'Syntax error: Unexpected "c" at [1:12]'),
        ("SELECT\n  1 +", 'Syntax error: Unexpected "+" at [2:5]'),
        ("SELECT 1::STRING", 'Syntax error: Unexpected "::" at [1:9]'),
        ("SELECT 5 % 2", 'Syntax error: Unexpected "%" at [1:10]'),
        ("SELECT 1; SELECT 2", "Syntax error: Expected one statement"),
        ("DROP TABLE t", "Syntax error: Expected a query"),
        ("SELECT 'abc", "Syntax error: Unclosed string literal or comment"),
        ("SELECT '\\q'", "Syntax error: Illegal escape sequence: \\q"),
        ("SELECT FOO(1)", "Function not found: FOO at [1:8]"),
        ("SELECT 1 = '1'", "No matching signature for operator = for argument types: INT64, STRING at [1:8]"),
    ],
)
def test_what_is_no_googlesql_is_refused_with_its_place(sql: str, message: str) -> None:
    """Line and column count from 1."""
    with pytest.raises(BigQueryError) as refusal:
        run(sql)

    assert refusal.value.message.startswith(message.partition(" at [1:8]")[0])


def test_functions_that_are_known_and_not_modelled_are_not_called_unknown() -> None:
    """A plausible wrong answer is worse than none."""
    for sql in (
        "SELECT ST_GEOGPOINT(1, 2)",
        "SELECT NET.REG_DOMAIN('a.b')",
        "SELECT * FROM (SELECT 1 AS a) TABLESAMPLE SYSTEM (10 PERCENT)",
    ):
        with pytest.raises(BigQueryError, match="not modelled by the local cloud") as refusal:
            run(sql)
        assert refusal.value.reason == "notImplemented"
