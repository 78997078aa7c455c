"""The local engine against GoogleSQL's own analyzer and reference evaluator: equal, or refused."""

from __future__ import annotations

import re
from pathlib import Path
from string import ascii_lowercase

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query
from replicator.local.bigquery.types import Type, array, struct
from tests import googlesql
from tests.googlesql_comparison import alike
from tests.googlesql_engine import context, rows_of, run, table

HERE = Path(__file__).parent
COLUMNS = {
    "a": Type("INT64"),
    "s": Type("STRING"),
    "d": Type("DATE"),
    "name": Type("STRING"),
    "arr": array(Type("STRING")),
    "st": struct(("x", Type("INT64")), ("y", Type("STRING"))),
}


def queries(name: str) -> list[str]:
    """The queries of a file, one a line."""
    return [line for line in (HERE / name).read_text(encoding="utf-8").splitlines() if not line.startswith("--")]


def asked(sql: str) -> object:
    """What GoogleSQL says to a query, which may be over the table."""
    if " FROM t" in sql:
        return googlesql.analyze(sql, tables=[googlesql.Table("t", tuple(COLUMNS.items()))])
    return googlesql.answer(sql)


@pytest.mark.parametrize("sql", queries("equal.sql"))
def test_a_query_yields_what_googlesql_yields(sql: str) -> None:
    """Types and values are GoogleSQL's, in its order where the query states one."""
    theirs, expected = googlesql.answer(sql)

    analyzed = analyze_query(sql, context())
    rows = rows_of(analyzed)

    assert [str(kind) for _, kind in analyzed.columns] == [str(kind) for kind in theirs]
    if "ORDER BY" not in sql:
        expected, rows = sorted(expected, key=repr), sorted(rows, key=repr)
    assert alike(expected, rows), f"{expected} {rows}"


def test_a_column_may_have_any_short_name() -> None:
    """What a function is computed by has names of its own: a column that has one of them is not taken for it."""
    tables = {"letters": table(dict.fromkeys(ascii_lowercase, struct(("x", Type("INT64")))), [[{"x": 1}] * 26])}
    everywhere = f"FROM letters WHERE COALESCE({', '.join(f'{letter}.x' for letter in ascii_lowercase)}) = 1"
    alone = re.compile(r"SELECT (?!AS |.*\b(?:FROM|UNION|INTERSECT|EXCEPT|LIMIT|ORDER BY)\b)(.*)")
    lists = [found[1] for sql in queries("equal.sql") if (found := alone.fullmatch(sql))]
    assert len(lists) > 500

    # A fourth of them, in one query each fifteen.
    for begin in range(0, len(lists), 60):
        sql = f"SELECT {', '.join(lists[begin : begin + 15])}"

        assert alike(run(sql), run(f"{sql} {everywhere}", tables)), sql


@pytest.mark.parametrize("sql", queries("typed.sql"))
def test_a_query_over_a_table_has_the_types_that_googlesql_infers(sql: str) -> None:
    """Names and types of the columns are GoogleSQL's."""
    theirs = googlesql.analyze(sql, tables=[googlesql.Table("t", tuple(COLUMNS.items()))])

    ours = analyze_query(sql, context({"t": table(COLUMNS)})).columns

    assert [str(kind) for _, kind in ours] == [str(kind) for _, kind in theirs]
    # GoogleSQL's own front end writes $col1 where BigQuery writes f0_.
    assert [name for name, _ in ours if not name.startswith("f")] == [
        name for name, _ in theirs if not name.startswith(("$", "f"))
    ]


@pytest.mark.parametrize("sql", queries("refused.sql"))
def test_what_googlesql_refuses_is_refused(sql: str) -> None:
    """Neither the analysis nor a run is kinder than GoogleSQL, and neither claims not to know."""
    with pytest.raises(googlesql.RefusedError):
        asked(sql)

    with pytest.raises(BigQueryError) as refusal:
        rows_of(analyze_query(sql, context({"t": table(COLUMNS)})))

    assert refusal.value.reason in ("invalidQuery", "notImplemented")


@pytest.mark.parametrize("sql", queries("unmodelled.sql"))
def test_what_is_not_modelled_is_refused_loudly(sql: str) -> None:
    """GoogleSQL takes these; where no exact answer is known there is none at all."""
    with pytest.raises(BigQueryError, match="not modelled") as refusal:
        rows_of(analyze_query(sql, context({"t": table(COLUMNS)})))

    assert refusal.value.reason == "notImplemented"
