"""Functions of no family: ERROR, STRUCT, SESSION_USER, GENERATE_UUID, current times.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/debugging_functions
"""

from __future__ import annotations

from sqlglot import exp

from replicator.local.bigquery.googlesql.casting import cast
from replicator.local.bigquery.googlesql.constructors import current, struct_call
from replicator.local.bigquery.googlesql.functions.rules import arguments, as_type, mismatch, name_of, rule
from replicator.local.bigquery.googlesql.functions.zones import UTC, wall, zone_at
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import (
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
from replicator.local.bigquery.types import Type


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


@rule("NORMALIZE", "NORMALIZE_AND_CASEFOLD")
def _normalized(resolver: Resolver, node: exp.Expr) -> Value:
    if not 1 <= len(node.expressions) <= 2:
        raise mismatch(node, [])
    value = resolver.value(node.expressions[0])
    text = as_type(resolver, node, [value], 0, STRING)
    form = node.expressions[1].name.upper() if len(node.expressions) > 1 else "NFC"
    if form not in ("NFC", "NFD"):
        raise unknown(node, f"the normal form {form}")
    names = resolver.gathering.names
    if name_of(node) == "NORMALIZE_AND_CASEFOLD":
        sql = bound(text.sql, names, lambda held: _plain_letters(held, f"lower({held})"))
    elif form == "NFC":
        sql = f"nfc_normalize({text.sql})"
    else:
        sql = bound(text.sql, names, lambda held: _plain_letters(held, held))
    return derived(sql, STRING, text)


def _plain_letters(held: str, sql: str) -> str:
    """Of a text in ASCII, which every normal form leaves as it is."""
    doubt = "error('the normal form of letters beyond ASCII is not modelled by the local cloud')"
    return f"(CASE WHEN strlen({held}) > length({held}) THEN {doubt} ELSE {sql} END)"


@rule("PARSE_NUMERIC", "PARSE_BIGNUMERIC")
def _parse_numeric(resolver: Resolver, node: exp.Expr) -> Value:
    text = as_type(resolver, node, arguments(resolver, node, 1), 0, STRING)
    names = resolver.gathering.names
    kind = Type(name_of(node).removeprefix("PARSE_"))
    doubt = f"error('{name_of(node)} of a text with blanks or commas is not modelled by the local cloud')"

    def sql(held: str) -> str:
        read = cast(Value(held, STRING, fallible=True), kind, names, node)
        return f"(CASE WHEN regexp_matches({held}, '[,\\s]|[-+]$') THEN {doubt} ELSE {read.sql} END)"

    return derived(bound(text.sql, names, sql), kind, text, fallible=True)


@rule("RANGE_BUCKET")
def _bucket(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 2)
    point, bounds = values
    kind = bounds.type.element
    if kind is None or kind.name not in ("INT64", "NUMERIC", "DATE", "DATETIME", "TIMESTAMP", "STRING"):
        raise unknown(node, f"RANGE_BUCKET of an {bounds.type}")
    one = as_type(resolver, node, values, 0, kind)
    names = resolver.gathering.names
    name = names.fresh("v")
    failure = fail(INT64, quote("Elements in input array to RANGE_BUCKET must be in ascending order and not NULL"))

    def sql(held: str, among: str) -> str:
        wrong = f"list_count({among}) < len({among}) OR list_sort({among}) <> {among}"
        return (
            f"(CASE WHEN {held} IS NULL OR {among} IS NULL THEN NULL WHEN {wrong} THEN {failure} "
            f"ELSE CAST(len(list_filter({among}, lambda {name}: {name} <= {held})) AS BIGINT) END)"
        )

    text = bound(one.sql, names, lambda held: bound(bounds.sql, names, lambda among: sql(held, among)))
    return derived(text, INT64, point, bounds, fallible=True)
