"""Distances of vectors, which are lists of numbers, or of coordinates by their names.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions#cosine_distance
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.functions.rules import arguments, mismatch, name_of, rule
from replicator.local.bigquery.googlesql.functions.table import Functions, Overload, call
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import FLOAT64, Value, bound, derived, fail, field_sql, filled, quote
from replicator.local.bigquery.types import Type

_FINITE: Final = "list_bool_and(list_transform(list_concat({0}, {1}), lambda e: isfinite(e)))"
_HUGE: Final = "len(list_filter(list_concat({0}, {1}), lambda e: isfinite(e) AND abs(e) > 1e150)) > 0"
_DOUBT: Final = "error('the distance of huge and of infinite numbers is not modelled by the local cloud')"
_OVERFLOW: Final = "'double overflow'"
_ZERO: Final = "'Cannot compute cosine distance against zero vector'"


def _within(sql: str, fails: str) -> str:
    """``sql``, unless finite numbers come to something that no FLOAT64 holds."""
    return (
        f"CASE WHEN isfinite({sql}) THEN {sql} WHEN coalesce({_FINITE}, true) THEN {fails} "
        f"WHEN {_HUGE} THEN {_DOUBT} ELSE {sql} END"
    )


def _euclidean(fails: Callable[[str], str]) -> str:
    return _within("list_distance({0}, {1})", fails(_OVERFLOW))


def _cosine(fails: Callable[[str], str]) -> str:
    one, other, product = (f"list_dot_product({{{a}}}, {{{b}}})" for a, b in ((0, 0), (1, 1), (0, 1)))
    made = f"1 - {product} / (sqrt({one}) * sqrt({other}))"
    empty = "len(list_filter({0}, lambda e: e <> 0)) = 0 OR len(list_filter({1}, lambda e: e <> 0)) = 0"
    return f"CASE WHEN {empty} THEN {fails(_ZERO)} ELSE {_within(made, fails(_OVERFLOW))} END"


_MEASURES: Final = {"COSINE_DISTANCE": _cosine, "EUCLIDEAN_DISTANCE": _euclidean}


def _fails(message: str) -> str:
    return fail(FLOAT64, message)


def _of_lists(measure: Callable[[Callable[[str], str]], str]) -> str:
    nulls = "list_count({0}) < len({0}) OR list_count({1}) < len({1})"
    lengths = "'Array length mismatch: ' || CAST(len({0}) AS VARCHAR) || ' and ' || CAST(len({1}) AS VARCHAR)"
    absent = _fails("'NULL array element'")
    return (
        f"CASE WHEN {{0}} IS NULL OR {{1}} IS NULL THEN NULL WHEN {nulls} THEN {absent} "
        f"WHEN len({{0}}) <> len({{1}}) THEN {_fails(lengths)} ELSE {measure(_fails)} END"
    )


_DENSE: Final[Functions] = {
    name: (Overload("ARRAY<FLOAT64>, ARRAY<FLOAT64> -> FLOAT64", _of_lists(measure), _OVERFLOW),)
    for name, measure in _MEASURES.items()
}


@rule(*_MEASURES)
def _distance(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 2)
    elements = [value.type.element for value in values]
    if any(element is not None and element.name == "STRUCT" for element in elements):
        return _sparse(resolver, node, values)
    return call(f"function {name_of(node)}", _DENSE[name_of(node)], values, resolver.gathering.names, node)


def _sparse(resolver: Resolver, node: exp.Expr, values: list[Value]) -> Value:
    """Of vectors that state the coordinates which are not zero."""
    kind = values[0].type.element
    shapes = [tuple(child for _, child in each.type.element.fields) for each in values if each.type.element is not None]
    if kind is None or len(shapes) != 2 or shapes[0] != shapes[1] or not _is_coordinate(shapes[0]):
        raise mismatch(node, values)
    names = resolver.gathering.names
    name = names.fresh("v")

    def parts(held: Value, sql: str) -> tuple[str, str]:
        element = held.type.element or kind
        keys, numbers = (f"list_transform({sql}, lambda {name}: {field_sql(name, element, place)})" for place in (0, 1))
        return keys, numbers

    def wrong(keys: str, numbers: str, sql: str) -> str:
        twice = fail(FLOAT64, quote("Duplicate index found in the input array"))
        absent = fail(FLOAT64, quote("NULL array element"))
        return (
            f"WHEN list_count({keys}) < len({sql}) OR list_count({numbers}) < len({sql}) THEN {absent} "
            f"WHEN len(list_distinct({keys})) < len({sql}) THEN {twice}"
        )

    def sql(one: str, other: str) -> str:
        (one_keys, one_numbers), (other_keys, other_numbers) = parts(values[0], one), parts(values[1], other)
        every = f"list_distinct(list_concat({one_keys}, {other_keys}))"

        def taken(keys: str, numbers: str) -> str:
            number = f"list_extract({numbers}, list_position({keys}, {name}))"
            return f"list_transform({every}, lambda {name}: coalesce({number}, CAST(0 AS DOUBLE)))"

        def measured(left: str, right: str) -> str:
            return filled(_MEASURES[name_of(node)](_fails), {"0": left, "1": right})

        left, right = taken(one_keys, one_numbers), taken(other_keys, other_numbers)
        made = bound(left, names, lambda left: bound(right, names, lambda right: measured(left, right)))
        return (
            f"CASE WHEN {one} IS NULL OR {other} IS NULL THEN NULL {wrong(one_keys, one_numbers, one)} "
            f"{wrong(other_keys, other_numbers, other)} ELSE {made} END"
        )

    made = bound(values[0].sql, names, lambda one: bound(values[1].sql, names, lambda other: f"({sql(one, other)})"))
    return derived(made, FLOAT64, *values, fallible=True)


def _is_coordinate(shape: tuple[Type, ...]) -> bool:
    return len(shape) == 2 and shape[0].name in ("INT64", "STRING") and shape[1] == FLOAT64
