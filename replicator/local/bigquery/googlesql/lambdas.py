"""ARRAY(SELECT … FROM UNNEST(…)) and its kin without rows: lambdas over the array itself.

A correlated subquery makes DuckDB join every row with its own array elements; over records that are rebuilt at each
depth that is the difference between seconds and minutes. A lambda yields the same, in the array's own order.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from replicator.local.bigquery.googlesql.constructors import implied_name
from replicator.local.bigquery.googlesql.grouping import aggregates_in
from replicator.local.bigquery.googlesql.refusals import refused
from replicator.local.bigquery.googlesql.resolver import NeedsRowsError, Resolver
from replicator.local.bigquery.googlesql.scope import Name, Scope, Source, member
from replicator.local.bigquery.googlesql.tables import offset_of
from replicator.local.bigquery.googlesql.values import INT64, Value, derived, engine_type, packed, union
from replicator.local.bigquery.types import array, struct

_TAKEN = frozenset({"kind", "expressions", "from_", "where", "order"})


def as_list(resolver: Resolver, node: exp.Expr) -> Value | None:
    """The rows of a query over one array as a list, or None where it takes more than a lambda."""
    unnest = _over_array(node)
    if unnest is None or not isinstance(node, exp.Select):
        return None
    try:
        return _listed(resolver, node, unnest)
    except NeedsRowsError:
        return None


def _over_array(node: exp.Expr) -> exp.Unnest | None:
    if not isinstance(node, exp.Select) or any(value and key not in _TAKEN for key, value in node.args.items()):
        return None
    clause = node.args.get("from_")
    if clause is None or not isinstance(clause.this, exp.Unnest) or clause.this.args.get("joins"):
        return None
    if next(aggregates_in(node), None) is not None or any(True for _ in node.find_all(exp.Window, exp.Star)):
        return None
    return clause.this


def _listed(resolver: Resolver, node: exp.Select, unnest: exp.Unnest) -> Value | None:
    names = resolver.gathering.names
    # The array stands outside the lambda, but inside those around it.
    given = resolver.value(unnest.expressions[0])
    element = given.type.element
    if element is None:
        raise refused(
            unnest, f"Values referenced in UNNEST must be arrays. UNNEST contains expression of type {given.type}"
        )
    offset = offset_of(unnest)
    name, place = names.fresh("e"), names.fresh("i")
    alias = unnest.args.get("alias")
    called = str(((alias.args.get("columns") or [None])[0] or alias).name) if alias is not None else ""
    scope = Scope([_element_source(called, name, place, given, offset)], resolver.scope)
    inside = replace(resolver.inner(scope, "SELECT list"), in_lambda=True)
    if not _in_order(node, offset):
        return None
    where = node.args.get("where")
    condition = inside.condition(where.this, "WHERE clause") if where is not None else None
    value = _row(inside, node)
    if value is None:
        return None
    if value.type.element is not None:
        raise refused(
            node, f"Cannot use array subquery with column of type {value.type} because nested arrays are not supported"
        )
    listed = f"coalesce({given.sql}, CAST([] AS {engine_type(given.type)}))"
    shifted = place in value.sql
    if condition is not None and shifted:
        # Behind a filter the index is no longer the offset.
        return None
    uses = union([value.uses, *([condition.uses] if condition is not None else [])])
    if condition is not None:
        listed = (
            f"list_filter({listed}, lambda {name}{f', {place}' if place in condition.sql else ''}: {condition.sql})"
        )
    if value.sql != name:
        listed = f"list_transform({listed}, lambda {name}{f', {place}' if shifted else ''}: {value.sql})"
    if not any(scan == ours and path[: len(own)] == own for scan, path in uses for ours, own in given.uses):
        # Nothing of the elements is looked at, but how many there are.
        uses = union([uses, given.uses])
    fallible = value.fallible or given.fallible or (condition is not None and condition.fallible)
    return Value(
        listed,
        array(value.type),
        uses=uses,
        fixed=given.fixed and value.fixed,
        fallible=fallible,
        present=True,
        full=value.parts is not None or (value.sql == name and given.full),
    )


def _element_source(alias: str, name: str, place: str, given: Value, offset: object) -> Source:
    element = given.type.element or INT64
    item = Value(name, element, uses=given.uses, path=given.path, fixed=given.fixed, full=given.full)
    columns = (
        [Name(field, member(item, field, None)) for field, _ in element.fields if field]
        if element.name == "STRUCT"
        else [Name(alias, item)]
    )
    if isinstance(offset, exp.Expr):
        columns.append(Name(offset.name, Value(f"CAST({place} - 1 AS BIGINT)", INT64)))
    return Source(alias, tuple(columns), element=item)


def _in_order(node: exp.Select, offset: object) -> bool:
    """Whether the array's own order is the one that is asked for."""
    order = node.args.get("order")
    if order is None:
        return True
    if len(order.expressions) != 1 or not isinstance(offset, exp.Expr):
        return False
    only = order.expressions[0]
    return (
        isinstance(only.this, exp.Column)
        and not only.this.table
        and only.this.name.lower() == offset.name.lower()
        and not only.args.get("desc")
    )


def _row(inside: Resolver, node: exp.Select) -> Value | None:
    kind = str(node.args.get("kind") or "").upper()
    members: list[tuple[str, Value]] = []
    for item in node.expressions:
        inner = item.this if isinstance(item, exp.Alias) else item
        members.append((item.alias if isinstance(item, exp.Alias) else implied_name(inner), inside.value(inner)))
    if kind == "STRUCT":
        row = struct(*((name, value.type) for name, value in members))
        values = [value for _, value in members]
        return replace(derived(packed(row, values), row, *values), parts=tuple(values))
    if len(members) != 1:
        return None
    return members[0][1]
