"""Every function and operator of GoogleSQL over edge values: GoogleSQL's value, or a refusal."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import Analyzed, analyze_query
from tests import googlesql
from tests.conformance.googlesql.test_expressions import CLOSE, alike, has_null_element
from tests.googlesql_engine import context, rows_of
from tests.googlesql_functions import Function, calls, functions
from tests.googlesql_signatures import INEXACT, VOLATILE
from tests.googlesql_table import function_table

CALLS: Final = 8
_README: Final = Path(__file__).parents[3] / "README.md"
_BEGIN: Final = "<!-- functions of the local cloud -->\n"
_END: Final = "<!-- end of functions of the local cloud -->\n"
_ELSEWHERE: Final = ("JSONPath must start with", "cannot be called without an OVER clause")
"""What BigQuery refuses and GoogleSQL's evaluator does not: a wrong path beside NULL, percentiles as aggregates."""
_UNJUDGED: Final = "Unsupported built-in function"
"""What GoogleSQL analyzes and does not evaluate has tests of its own."""


Met: TypeAlias = dict[str, list[tuple[str, str]]]
"""By function, what each call came to and what was met."""


@pytest.fixture(scope="module")
def met(request: pytest.FixtureRequest) -> Met:
    """All calls of all functions; a wrong one with its text."""
    count = request.config.getoption("--calls", default=CALLS)
    return {function.name: _met(function, count) for function in functions()}


def _met(function: Function, count: int) -> list[tuple[str, str]]:
    if function.name in VOLATILE:
        return [("equal", "by tests of its own")]
    close = CLOSE if function.name in INEXACT else 0.0
    found: list[tuple[str, str]] = []
    for sql in calls(function, Random(function.name), count):
        outcome, told = compared(sql, close)
        found.append((outcome, f"{sql}\n    {told}" if outcome == "wrong" else told))
    return found


def test_every_function_has_googlesqls_value_or_is_refused(met: Met) -> None:
    """For each signature that GoogleSQL knows, over edge values, there is never another value or type.

    A call that fails there fails here, and one that fails here fails there or is refused as not modelled, and never in
    GoogleSQL's own words. FLOAT64
    values are equal to the bit; those of transcendental and statistical functions may differ by one part in 10^15, for
    their last digit is no two libraries' the same.
    """
    wrong = [told for each in met.values() for outcome, told in each if outcome == "wrong"]

    assert not wrong, "\n".join(wrong[:40])


def test_the_readme_says_of_every_function_whether_it_is_right(met: Met, request: pytest.FixtureRequest) -> None:
    """A function that is modelled, or refused from now on, is in the README's table in the same change."""
    if request.config.getoption("--calls", default=CALLS) != CALLS:
        pytest.skip("the table is that of the usual number of calls")
    before, begin, rest = _README.read_text("utf-8").partition(_BEGIN)
    written, end, after = rest.partition(_END)
    assert begin, f"README.md has lost its line {_BEGIN!r}"
    assert end, f"README.md has lost its line {_END!r}"
    table = f"\n{function_table(met)}\n\n"
    if request.config.getoption("--update-golden"):
        _README.write_text(before + begin + table + end + after, encoding="utf-8")
        written = table

    assert written == table, f"the README is out of date; renew it with pytest {Path(__file__).name} --update-golden"


def compared(sql: str, close: float = 0.0) -> tuple[str, str]:
    """How the engine does: ``equal``, ``both fail``, ``refused``, ``unjudged`` or ``wrong``, and what was met.

    GoogleSQL is asked of what is modelled alone: its evaluator does not survive every call of its own functions.
    """
    try:
        analyzed = analyze_query(sql, context())
    except BigQueryError as error:
        if error.reason == "notImplemented" or error.message.startswith("Function not found"):
            return "refused", error.message
        if isinstance(_theirs(sql), str) or any(words in error.message for words in _ELSEWHERE):
            return "both fail", error.message
        return "wrong", f"refused in GoogleSQL's name: {error.message}"
    try:
        rows = rows_of(analyzed)
    except BigQueryError as error:
        if "not modelled" in error.message:
            return "refused", error.message
        theirs = _theirs(sql)
        if isinstance(theirs, str):
            return "both fail", theirs
        if "cannot have a null element" in error.message and has_null_element(theirs[1]):
            # BigQuery writes no such array into a result (data-types#array_nulls); GoogleSQL itself does not care.
            return "both fail", error.message
        return "wrong", f"{theirs[1]} is {error.message}"
    return _judged(_theirs(sql), analyzed, rows, close)


def _judged(
    theirs: tuple[list[Any], list[tuple[Any, ...]]] | str, analyzed: Analyzed, rows: list[tuple[Any, ...]], close: float
) -> tuple[str, str]:
    if isinstance(theirs, str):
        return ("unjudged" if _UNJUDGED in theirs else "wrong"), f"{theirs} is {rows}"
    kinds, expected = theirs
    if [str(kind) for _, kind in analyzed.columns] != [str(kind) for kind in kinds]:
        return "wrong", f"{kinds} are {analyzed.columns}"
    return ("equal", "") if alike(expected, rows, close) else ("wrong", f"{expected} is {rows}")


def _theirs(sql: str) -> tuple[list[Any], list[tuple[Any, ...]]] | str:
    try:
        return googlesql.answer(sql)
    except googlesql.RefusedError as error:
        return str(error)
