"""How the local cloud's engine and GoogleSQL itself answer the same query."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import Analyzed, analyze_query
from replicator.local.bigquery.types import Type
from tests import googlesql
from tests.googlesql_engine import context, rows_of

Outcome: TypeAlias = Literal["equal", "both fail", "refused", "unjudged", "wrong", "not evaluated"]
Rows: TypeAlias = list[tuple[Any, ...]]
CLOSE: Final = 1e-15
"""By how much a value may differ whose last digit is the C library's or the order of summation's."""
_ELSEWHERE: Final = (
    # What BigQuery refuses and GoogleSQL's evaluator does not: a wrong path beside NULL, percentiles as aggregates.
    "JSONPath must start with",
    "cannot be called without an OVER clause",
    # GoogleSQL compares them, and BigQuery's type says that it does not (data-types#json_type).
    "for argument types: JSON",
)
_UNJUDGED: Final = "Unsupported built-in function"
"""What GoogleSQL analyzes and does not evaluate has tests of its own."""


@dataclass(frozen=True)
class Comparison:
    """How a query fares.

    Attributes:
        outcome: ``refused`` is what GoogleSQL has a value for and is not modelled here; ``unjudged`` what GoogleSQL
            does not evaluate; ``both fail`` what neither has a value for.
        told: What was met.
        failing: GoogleSQL fails while it evaluates, and the engine has a value.
    """

    outcome: Outcome
    told: str = ""
    failing: bool = False


def compare(sql: str, close: float = 0.0, *, ordered: bool = True) -> Comparison:
    """Ask both; GoogleSQL of what is modelled alone: its evaluator does not survive every call of its own functions.

    Args:
        sql: A query over no tables.
        close: By what part a FLOAT64 may differ.
        ordered: Whether the rows' order counts.
    """
    try:
        analyzed = analyze_query(sql, context())
    except BigQueryError as error:
        if error.reason == "notImplemented" or error.message.startswith("Function not found"):
            return Comparison("refused", error.message)
        return _failed(sql, error)
    try:
        rows = rows_of(analyzed)
    except BigQueryError as error:
        return Comparison("refused", error.message) if "not modelled" in error.message else _failed(sql, error)
    return _judged(theirs(sql), analyzed, rows, close, ordered=ordered)


def refused_by_both(sql: str, met: Comparison) -> Comparison:
    """What is refused here as both failing, where GoogleSQL has no value either."""
    answer = theirs(sql) if met.outcome == "refused" else None
    return Comparison("both fail", answer) if isinstance(answer, str) else met


@cache
def is_modelled(sql: str) -> bool:
    """Whether the engine knows what a query means, be it that it is refused as GoogleSQL refuses it."""
    try:
        analyze_query(sql, context())
    except BigQueryError as error:
        return error.reason != "notImplemented"
    return True


def _failed(sql: str, error: BigQueryError) -> Comparison:
    answer = theirs(sql)
    if isinstance(answer, str):
        return Comparison("both fail", answer)
    # BigQuery writes no array with a NULL in it into a result (data-types#array_nulls); GoogleSQL itself does not care.
    if "cannot have a null element" in error.message and _has_null_element(answer[1]):
        return Comparison("both fail", error.message)
    if any(words in error.message for words in _ELSEWHERE):
        return Comparison("both fail", error.message)
    return Comparison("wrong", f"{answer[1]} is {error.reason}: {error.message}")


def _judged(
    answer: tuple[list[Type], Rows] | str, analyzed: Analyzed, rows: Rows, close: float, *, ordered: bool
) -> Comparison:
    if isinstance(answer, str):
        outcome: Outcome = "unjudged" if _UNJUDGED in answer else "wrong"
        return Comparison(outcome, f"{answer} is {rows}", failing=True)
    kinds, expected = answer
    if [str(kind) for _, kind in analyzed.columns] != [str(kind) for kind in kinds]:
        return Comparison("wrong", f"{kinds} are {analyzed.columns}")
    if not ordered:
        expected, rows = sorted(expected, key=repr), sorted(rows, key=repr)
    return Comparison("equal") if alike(expected, rows, close) else Comparison("wrong", f"{expected} is {rows}")


def theirs(sql: str) -> tuple[list[Type], Rows] | str:
    """What GoogleSQL answers with, or says where it refuses or fails."""
    try:
        return googlesql.answer(sql)
    except googlesql.RefusedError as error:
        return str(error)


def _has_null_element(value: Any) -> bool:
    """Whether an array in it has a NULL among its elements."""
    if isinstance(value, list):
        return None in value or any(map(_has_null_element, value))
    return isinstance(value, tuple) and any(map(_has_null_element, value))


def alike(one: Any, other: Any, close: float = 0.0) -> bool:
    """Equality of values: NaN is NaN, a NULL array is an empty one in every result of BigQuery's.

    Args:
        one: GoogleSQL's value.
        other: The engine's.
        close: By what part a FLOAT64 may differ.
    """
    if one is None and other == []:
        return True
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=close)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(alike(a, b, close) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)
