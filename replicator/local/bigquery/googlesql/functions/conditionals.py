"""IF, IFNULL, NULLIF, COALESCE.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/conditional_expressions
"""

from __future__ import annotations

from sqlglot import exp

from replicator.local.bigquery.googlesql.coercion import common
from replicator.local.bigquery.googlesql.functions.rules import arguments, as_type, mismatch, name_of, rule
from replicator.local.bigquery.googlesql.operators import compared
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import BOOL, Value, bound, derived, maybe_unneeded


@rule("IF")
def _if(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 3)
    test = as_type(resolver, node, values, 0, BOOL)
    found = common(values[1:], resolver.gathering.names, node)
    if found is None:
        raise mismatch(node, values)
    kind, (one, other) = found
    shown = [maybe_unneeded(value.sql) for value in (one, other)]
    return derived(f"(CASE WHEN {test.sql} THEN {shown[0]} ELSE {shown[1]} END)", kind, test, one, other)


@rule("COALESCE", "IFNULL")
def _coalesce(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 2, 2) if name_of(node) == "IFNULL" else arguments(resolver, node, 1, 10_000)
    found = common(values, resolver.gathering.names, node)
    if found is None:
        raise mismatch(node, values)
    kind, coerced = found
    rest = (maybe_unneeded(value.sql) for value in coerced[1:])
    return derived(f"coalesce({', '.join((coerced[0].sql, *rest))})", kind, *coerced)


@rule("NULLIF")
def _nullif(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 2)
    found = common(values, resolver.gathering.names, node)
    if found is None:
        raise mismatch(node, values)
    kind, (one, other) = found

    def sql(name: str) -> str:
        held = Value(name, kind, one.origin, one.constant, one.parts)
        return f"(CASE WHEN {compared(resolver, '=', held, other, node).sql} THEN NULL ELSE {name} END)"

    return derived(bound(one.sql, resolver.gathering.names, sql), kind, one, other)
