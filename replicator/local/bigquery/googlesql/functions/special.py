"""Functions of no family: ERROR, STRUCT, SESSION_USER, GENERATE_UUID, current times.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/debugging_functions
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.casting import cast
from replicator.local.bigquery.googlesql.coercion import common
from replicator.local.bigquery.googlesql.constructors import current, struct_call
from replicator.local.bigquery.googlesql.functions.rules import arguments, as_type, mismatch, name_of, rule
from replicator.local.bigquery.googlesql.functions.zones import UTC, wall, zone_at
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import (
    FLOAT64,
    INT64,
    STRING,
    Origin,
    Value,
    bound,
    derived,
    engine_type,
    fail,
    literal,
    quote,
)
from replicator.local.bigquery.types import Type, array


@rule("STRUCT")
def _struct(resolver: Resolver, node: exp.Expr) -> Value:
    return struct_call(resolver, node)


@rule("ERROR")
def _error(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 1)
    message = as_type(resolver, node, values, 0, STRING)
    # DuckDB's error() of NULL is NULL; GoogleSQL's fails. Where a value is wanted any type will do, as for NULL.
    sql = f"error(coalesce({message.sql}, ''))"
    return Value(sql, values[0].type, Origin.NULL, uses=message.uses, fallible=True)


@rule("SESSION_USER")
def _user(resolver: Resolver, node: exp.Expr) -> Value:
    arguments(resolver, node, 0)
    return literal(resolver.gathering.context.session_user, STRING, Origin.COMPUTED)


@rule("GENERATE_UUID")
def _uuid(resolver: Resolver, node: exp.Expr) -> Value:
    arguments(resolver, node, 0)
    return derived("CAST(uuid() AS VARCHAR)", STRING, volatile=True)


@rule("CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME", "CURRENT_TIMESTAMP")
def _current(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 0, 1)
    if values and (name_of(node) == "CURRENT_TIMESTAMP" or values[0].type != STRING):
        raise mismatch(node, values)
    zone, kind = zone_at(resolver, node, 0), Type(name_of(node).removeprefix("CURRENT_"))
    if zone == UTC:
        return current(resolver, kind.name)
    now = current(resolver, "TIMESTAMP")
    return derived(f"CAST({wall(now.sql, zone)} AS {engine_type(kind)})", kind, now)


_DECIMAL: Final = r"\s*([+-]?)\s*([0-9,]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)\s*([+-]?)\s*"
"""The sign stands before the number or behind it, blanks beside it, and commas anywhere before the point."""


@rule("PARSE_NUMERIC", "PARSE_BIGNUMERIC")
def _parse_numeric(resolver: Resolver, node: exp.Expr) -> Value:
    text = as_type(resolver, node, arguments(resolver, node, 1), 0, STRING)
    names = resolver.gathering.names
    kind = Type(name_of(node).removeprefix("PARSE_"))
    failure = fail(kind, quote(f"Invalid input to {name_of(node)}"))

    def sql(held: str) -> str:
        before, number, behind = (f"regexp_extract({held}, {quote(f'^{_DECIMAL}$')}, {group})" for group in (1, 2, 3))
        plain = f"{before} || {behind} || replace({number}, ',', '')"
        read = bound(plain, names, lambda read: cast(Value(read, STRING, fallible=True), kind, names, node).sql)
        fits = f"regexp_full_match({held}, {quote(_DECIMAL)}) AND NOT ({before} <> '' AND {behind} <> '')"
        return f"(CASE WHEN {held} IS NULL THEN NULL WHEN {fits} THEN {read} ELSE {failure} END)"

    bare = f"trim({text.sql}, chr(32) || chr(9) || chr(10) || chr(13))"
    return derived(bound(bare, names, sql), kind, text, fallible=True)


@rule("TYPEOF")
def _typeof(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 1)
    kind = INT64 if values[0].origin is Origin.NULL else values[0].type
    return Value(quote(str(kind)), STRING, uses=values[0].uses, fixed=True)


_RANGED: Final = frozenset(
    {"BIGNUMERIC", "BOOL", "BYTES", "DATE", "DATETIME", "FLOAT64", "INT64", "NUMERIC", "STRING", "TIME", "TIMESTAMP"}
)


@rule("RANGE_BUCKET")
def _bucket(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 2)
    point, bounds = values
    element = bounds.type.element
    found = common([point, Value("NULL", element)], resolver.gathering.names, node) if element is not None else None
    kind = found[0] if found is not None else None
    if kind is None or element is None:
        raise mismatch(node, values)
    if kind.name not in _RANGED:
        raise unknown(node, f"RANGE_BUCKET of an {bounds.type}")
    bounds = as_type(resolver, node, values, 1, array(kind))
    one = as_type(resolver, node, values, 0, kind)
    names = resolver.gathering.names
    name = names.fresh("v")
    failure = fail(INT64, quote("Elements in input array to RANGE_BUCKET must be in ascending order and not NULL"))

    def sql(held: str, among: str) -> str:
        wrong = f"list_count({among}) < len({among}) OR list_sort({among}) <> {among}"
        nan = ""
        if kind == FLOAT64:
            # NaN is in no range, and has no place among others.
            doubt = "error('RANGE_BUCKET of an array with NaN is not modelled by the local cloud')"
            odd = f"len(list_filter({among}, lambda {name}: isnan({name}))) > 0"
            nan = f"WHEN isnan({held}) THEN NULL WHEN {odd} THEN {doubt} "
        return (
            f"(CASE WHEN {held} IS NULL OR {among} IS NULL THEN NULL {nan}WHEN {wrong} THEN {failure} "
            f"ELSE CAST(len(list_filter({among}, lambda {name}: {name} <= {held})) AS BIGINT) END)"
        )

    text = bound(one.sql, names, lambda held: bound(bounds.sql, names, lambda among: sql(held, among)))
    return derived(text, INT64, point, bounds, fallible=True)
