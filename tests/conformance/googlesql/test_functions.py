"""Every function and operator of GoogleSQL over edge values: GoogleSQL's value, or a refusal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Any, Final

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query
from tests import googlesql
from tests.conformance.googlesql.test_expressions import has_null_element, same
from tests.googlesql_engine import context, rows_of
from tests.googlesql_functions import Function, calls, functions

_ENOUGH: Final = 8
_VOLATILE: Final = frozenset(
    {"CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME", "CURRENT_TIMESTAMP", "GENERATE_UUID", "NEW_UUID", "RAND"}
    | {"SESSION_USER"}
)
"""What has another value each time, or none without a session; they have tests of their own."""
_INEXACT: Final = frozenset(
    {
        "ACOS", "ACOSH", "ASIN", "ASINH", "ATAN", "ATAN2", "ATANH", "AVG", "CBRT", "CORR", "COS", "COSH", "COT", "COTH",
        "COVAR_POP", "COVAR_SAMP", "CSC", "CSCH", "EXP", "LN", "LOG", "LOG10", "PERCENTILE_CONT", "POW", "POWER",
        "SEC", "SECH", "SIN", "SINH", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "TAN", "TANH", "VARIANCE", "VAR_POP",
        "VAR_SAMP",
    }
)  # fmt: skip
"""Whose last digit is the C library's or the order of summation's."""
_CLOSE: Final = 1e-15


def test_every_function_has_googlesqls_value_or_is_refused(request: pytest.FixtureRequest) -> None:
    """For each signature that GoogleSQL knows, over edge values, there is never another value or type.

    A call that fails there fails here, and one that fails here fails there or is refused as not modelled. FLOAT64
    values are equal to the bit; those of transcendental and statistical functions may differ by one part in 10^15, for
    their last digit is no two libraries' the same.
    """
    count = request.config.getoption("--calls", default=_ENOUGH)
    wrong = [line for function in functions() if function.name not in _VOLATILE for line in _wrong(function, count)]

    assert not wrong, "\n".join(wrong[:40])


def _wrong(function: Function, count: int) -> Iterator[str]:
    close = _CLOSE if function.name in _INEXACT else 0.0
    for sql in calls(function, Random(function.name), count):
        outcome, told = compared(sql, close)
        if outcome == "wrong":
            yield f"{sql}\n    {told}"


def compared(sql: str, close: float = 0.0) -> tuple[str, str]:
    """How the engine does: ``equal``, ``both fail``, ``refused`` or ``wrong``, and what was met.

    GoogleSQL is asked of what is modelled alone: its evaluator does not survive every call of its own functions.
    """
    try:
        analyzed = analyze_query(sql, context())
    except BigQueryError as error:
        if error.reason == "notImplemented" or error.message.startswith("Function not found"):
            return "refused", error.message
        return "both fail" if isinstance(_theirs(sql), str) else "refused", error.message
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
            return "refused", error.message
        return "wrong", f"{theirs[1]} is {error.message}"
    theirs = _theirs(sql)
    if isinstance(theirs, str):
        return "wrong", f"{theirs} is {rows}"
    kinds, expected = theirs
    if [str(kind) for _, kind in analyzed.columns] != [str(kind) for kind in kinds]:
        return "wrong", f"{kinds} are {analyzed.columns}"
    return ("equal", "") if _alike(expected, rows, close) else ("wrong", f"{expected} is {rows}")


def _theirs(sql: str) -> tuple[list[Any], list[tuple[Any, ...]]] | str:
    try:
        return googlesql.answer(sql)
    except googlesql.RefusedError as error:
        return str(error)


def _alike(theirs: Any, ours: Any, close: float) -> bool:
    if close and isinstance(theirs, float) and isinstance(ours, float):
        return math.isclose(theirs, ours, rel_tol=close) or same(theirs, ours)
    if close and isinstance(theirs, list | tuple) and isinstance(ours, list | tuple):
        return len(theirs) == len(ours) and all(
            _alike(one, other, close) for one, other in zip(theirs, ours, strict=False)
        )
    return same(theirs, ours)
