"""Random expressions over the functions that the product uses: GoogleSQL's value, or a refusal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query
from tests import googlesql
from tests.conftest import COUNTED
from tests.googlesql_engine import context, rows_of
from tests.googlesql_expressions import DEEPEST, Expression, expression

_ENOUGH = 2_000
_MOST_REFUSED = 0.08
CLOSE = 1e-15
"""By how much a value may differ whose last digit is the C library's or the order of summation's."""


def test_a_random_expression_has_googlesqls_value_or_is_refused(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Never another value or type; an expression that fails there fails here, or is computed without what fails."""
    count = request.config.getoption("--expressions", default=_ENOUGH)
    met: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in range(count):
        made = expression(Random(seed), depth=1 + seed % DEEPEST)
        outcome, told = compared(made)
        met[outcome] += 1
        if outcome == "wrong":
            wrong.append(f"{seed}: SELECT {made.text}\n    {told}")
    record_property(COUNTED[1], dict(met))

    assert not wrong, "\n".join(wrong[:20])
    assert met["equal"] > count / 2
    assert met["refused"] < count * _MOST_REFUSED


def compared(made: Expression) -> tuple[str, str]:
    """How the engine does: ``equal``, ``refused``, ``both fail``, ``not evaluated`` or ``wrong``, and what was met."""
    sql = f"SELECT {made.text}"
    theirs = _theirs(sql)
    try:
        analyzed = analyze_query(sql, context())
    except BigQueryError as error:
        return "both fail" if isinstance(theirs, str) else "refused", error.message
    try:
        rows = rows_of(analyzed)
    except BigQueryError as error:
        if "not modelled" in error.message:
            return "refused", error.message
        if isinstance(theirs, str):
            return "both fail", theirs
        if "cannot have a null element" in error.message and has_null_element(theirs[1]):
            # BigQuery writes no such array into a result (data-types#array_nulls); GoogleSQL itself does not care.
            return "refused", error.message
        return "wrong", f"{theirs[1]} is {error.message}"
    if isinstance(theirs, str):
        part = _failing(made)
        # In which order what is computed is no promise; but what fails by itself has to.
        if part is made or compared(part)[0] == "wrong":
            return "wrong", f"{theirs} is {rows}, by SELECT {part.text}"
        return "not evaluated", theirs
    kinds, expected = theirs
    if [str(kind) for _, kind in analyzed.columns] != [str(kind) for kind in kinds]:
        return "wrong", f"{kinds} are {analyzed.columns}"
    close = 0.0 if made.exact else CLOSE
    return ("equal", "") if alike(expected, rows, close) else ("wrong", f"{expected} is {rows}")


def _theirs(sql: str) -> tuple[list[Any], list[tuple[Any, ...]]] | str:
    try:
        return googlesql.answer(sql)
    except googlesql.RefusedError as error:
        return str(error)


def _failing(made: Expression) -> Expression:
    """The innermost part that GoogleSQL fails on."""
    for part in made.parts:
        if isinstance(_theirs(f"SELECT {part.text}"), str):
            return _failing(part)
    return made


def has_null_element(value: Any) -> bool:
    """Whether an array in it has a NULL among its elements."""
    if isinstance(value, list):
        return None in value or any(map(has_null_element, value))
    return isinstance(value, tuple) and any(map(has_null_element, value))


def alike(theirs: Any, ours: Any, close: float) -> bool:
    """Equality of values, of FLOAT64 values up to one part in so many."""
    if close and isinstance(theirs, float) and isinstance(ours, float):
        return math.isclose(theirs, ours, rel_tol=close) or same(theirs, ours)
    if close and isinstance(theirs, list | tuple) and isinstance(ours, list | tuple):
        return len(theirs) == len(ours) and all(
            alike(one, other, close) for one, other in zip(theirs, ours, strict=False)
        )
    return same(theirs, ours)


def same(theirs: Any, ours: Any) -> bool:
    """Equality of values: NaN is NaN, a NULL array is an empty one in every result of BigQuery's."""
    if theirs is None and ours == []:
        return True
    if isinstance(theirs, float) and isinstance(ours, float):
        return theirs == ours or (math.isnan(theirs) and math.isnan(ours))
    if isinstance(theirs, list | tuple) and isinstance(ours, list | tuple):
        return len(theirs) == len(ours) and all(map(same, theirs, ours))
    return type(theirs) is type(ours) and theirs == ours
