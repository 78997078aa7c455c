"""Queries inside expressions: scalar, EXISTS, IN, ARRAY.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
"""

from __future__ import annotations

from sqlglot import exp

from replicator.local.bigquery.googlesql.blocks import Draft, Listing
from replicator.local.bigquery.googlesql.coercion import common
from replicator.local.bigquery.googlesql.functions.table import no_signature
from replicator.local.bigquery.googlesql.listed import as_list
from replicator.local.bigquery.googlesql.queries import draft_of
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import NeedsRowsError, Resolver, emits
from replicator.local.bigquery.googlesql.values import BOOL, ROWS, Value, bound, derived, engine_type, fail, union
from replicator.local.bigquery.types import array


def _draft(resolver: Resolver, node: exp.Expr) -> Draft:
    if resolver.in_lambda:
        raise NeedsRowsError
    return draft_of(resolver, node)


def _query(resolver: Resolver, node: exp.Expr) -> Draft | Listing:
    return as_list(resolver, node) or _draft(resolver, node)


@emits(exp.Subquery, exp.Select, exp.Union)
def _scalar(resolver: Resolver, node: exp.Expr) -> Value:
    query = _query(resolver, node)
    if len(query.columns) != 1:
        raise refused(
            node,
            "Scalar subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values",
        )
    if isinstance(query, Listing):
        return _only(resolver, query)
    value = query.columns[0].value
    sql = f"{ROWS}({query.text()})"
    return Value(sql, value.type, uses=value.uses, fixed=value.fixed and query.single, fallible=True)


def _only(resolver: Resolver, found: Listing) -> Value:
    """The one row of a list, or NULL where it is empty."""
    kind, held = found.columns[0].value.type, found.value
    if found.direct is not None:
        one = found.direct
        return Value(one.sql, kind, uses=held.uses, fixed=one.fixed, fallible=one.fallible)
    if found.most == 1:
        return Value(f"list_extract({found.sql}, 1)", kind, uses=held.uses, fixed=held.fixed, fallible=held.fallible)
    several = fail(kind, "'Scalar subquery produced more than one element'")
    sql = bound(
        found.sql,
        resolver.gathering.names,
        lambda rows: f"(CASE WHEN len({rows}) > 1 THEN {several} ELSE list_extract({rows}, 1) END)",
    )
    return Value(sql, kind, uses=held.uses, fixed=held.fixed, fallible=True)


@emits(exp.Exists)
def _exists(resolver: Resolver, node: exp.Expr) -> Value:
    query = _query(resolver, node.this)
    if isinstance(query, Listing):
        return derived(f"(coalesce(len({query.sql}), 0) > 0)", BOOL, query.value)
    return Value(f"{ROWS}EXISTS ({query.text()})", BOOL, fallible=True)


def array_query(resolver: Resolver, query: exp.Expr, node: exp.Expr) -> Value:
    """ARRAY(SELECT …)."""
    draft = _query(resolver, query)
    if len(draft.columns) != 1:
        raise refused(
            node, "ARRAY subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values"
        )
    value = draft.columns[0].value
    if value.type.element is not None:
        raise refused(
            node, f"Cannot use array subquery with column of type {value.type} because nested arrays are not supported"
        )
    if isinstance(draft, Listing):
        return draft.value
    kind = array(value.type)
    names = resolver.gathering.names
    alias = names.fresh("t")
    rows, order = draft.listed()
    listed = f"{ROWS}(SELECT list({alias}.c1{order}) FROM ({rows}) AS {alias})"
    sql = f"coalesce({listed}, CAST([] AS {engine_type(kind)}))"
    return Value(
        sql, kind, uses=value.uses, fallible=True, present=True, full=draft.value_table and value.parts is not None
    )


def in_query(resolver: Resolver, value: Value, query: exp.Expr, node: exp.Expr) -> Value:
    """``value IN (SELECT …)``."""
    draft = _draft(resolver, query)
    if len(draft.columns) != 1:
        raise refused(node, f"Subquery of type IN must have only one output column, but has {len(draft.columns)}")
    names = resolver.gathering.names
    column = draft.columns[0].value
    found = common([value, column], names, node)
    if found is None:
        raise no_signature(node, "operator IN", [value, column])
    kind, (one, many) = found
    if kind.name in ("STRUCT", "ARRAY", "JSON", "FLOAT64"):
        raise unknown(node, f"IN (SELECT …) for values of type {kind}")
    text = draft.text([many.sql]) if many.sql != column.sql else draft.text()
    return Value(f"({one.sql} IN {ROWS}({text}))", BOOL, uses=union([one.uses, many.uses]), fallible=True)
