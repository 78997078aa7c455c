"""Queries: SELECT, set operations and WITH.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from replicator.local.bigquery.googlesql.analytic import directed
from replicator.local.bigquery.googlesql.blocks import Column, Draft, Order, Shared
from replicator.local.bigquery.googlesql.grouping import ordinal, single_name
from replicator.local.bigquery.googlesql.recursion import ordered_tables, recursive_table, references
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.scope import Name, Scope, Source
from replicator.local.bigquery.googlesql.values import INT64


def draft_of(resolver: Resolver, node: exp.Expr) -> Draft:
    """The draft of a query, as a subquery of what ``resolver`` sees or as a statement.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    resolver, head = _with(resolver, node)
    if isinstance(node, exp.Select):
        from replicator.local.bigquery.googlesql.selects import select_draft

        draft = select_draft(resolver, node)
    elif isinstance(node, exp.SetOperation):
        from replicator.local.bigquery.googlesql.setoperations import set_draft

        draft = _modified(resolver, set_draft(resolver, node), node)
    elif isinstance(node, exp.Subquery):
        if node.args.get("alias") is not None or node.args.get("joins") or node.args.get("pivots"):
            raise unknown(node, "a parenthesised query with joins or pivots")
        draft = _modified(resolver, draft_of(resolver, node.this), node)
    else:
        raise unknown(node, f"the query {node.key}")
    return replace(draft, head=head + draft.head) if head else draft


def _with(resolver: Resolver, node: exp.Expr) -> tuple[Resolver, str]:
    clause = node.args.get("with_")
    if clause is None:
        return resolver, ""
    recursive = bool(clause.args.get("recursive"))
    texts: list[str] = []
    seen: set[str] = set()
    tables = clause.expressions
    for table in tables:
        alias = table.args["alias"]
        if alias.args.get("columns"):
            raise refused(table, "Syntax error: a WITH table takes no list of columns")
        if table.alias.lower() in seen:
            raise refused(table, f"Duplicate alias {table.alias} for WITH subquery")
        seen.add(table.alias.lower())
    for table in ordered_tables(tables, clause) if recursive else tables:
        if recursive and references(table.this, table.alias.lower()):
            text, shared = recursive_table(resolver, table, draft_of)
            texts.append(text)
            resolver = replace(resolver, tables=resolver.tables.adding(table.alias, shared))
            continue
        # A WITH table sees the names around the query, and the WITH tables before it.
        draft = draft_of(resolver, table.this)
        name = resolver.gathering.names.fresh("w")
        texts.append(f"{name} AS ({draft.text()})")
        resolver = replace(resolver, tables=resolver.tables.adding(table.alias, Shared(name, draft)))
    return resolver, f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(texts)} "


def _modified(resolver: Resolver, draft: Draft, node: exp.Expr) -> Draft:
    """ORDER BY, LIMIT and OFFSET around a set operation or a parenthesised query."""
    order, limit = node.args.get("order"), limit_sql(resolver, node)
    if order is None and not limit:
        return draft
    alias = resolver.gathering.names.fresh("t")
    columns = tuple(
        Column(column.name, replace(column.value, sql=f"{alias}.c{index}", parts=None, column=None))
        for index, column in enumerate(draft.columns, 1)
    )
    members = order.expressions if order is not None else ()
    orders = [one for member in members for one in _output_order(resolver, columns, member)]
    inner = draft.text()

    def render(shown: Sequence[str], order_sql: str) -> str:
        return f"SELECT {', '.join(shown)} FROM ({inner}) AS {alias}{order_sql}{limit}"

    return Draft(columns, render, tuple(orders), limited=bool(limit), value_table=draft.value_table)


def _output_order(resolver: Resolver, columns: Sequence[Column], node: exp.Expr) -> list[Order]:
    index = ordinal(node.this, len(columns), "ORDER BY")
    if index is None:
        name = single_name(node.this)
        matches = [place for place, column in enumerate(columns) if column.name.lower() == name]
        if name is None:
            return _expression_order(resolver, columns, node)
        if not matches:
            raise refused(node, f"Unrecognized name: {node.this.name}")
        index = matches[0]
    value = columns[index].value
    resolver.gathering.need(value)
    return directed(node, value)


def _expression_order(resolver: Resolver, columns: Sequence[Column], node: exp.Expr) -> list[Order]:
    seen = Source("", tuple(Name(column.name, column.value) for column in columns))
    value = resolver.inner(Scope([seen], resolver.scope), "ORDER BY clause").value(node.this)
    resolver.gathering.need(value)
    return [] if value.fixed else directed(node, value)


def limit_sql(resolver: Resolver, node: exp.Expr) -> str:
    """LIMIT and OFFSET, or nothing.

    Raises:
        BigQueryError: They are not integers known beforehand.
    """
    pieces: list[str] = []
    for key, word in (("limit", "LIMIT"), ("offset", "OFFSET")):
        clause = node.args.get(key)
        if clause is None:
            continue
        if not isinstance(clause, exp.Limit | exp.Offset) or clause.args.get("limit_options"):
            raise unknown(node, f"this {word}")
        value = resolver.value(clause.expression)
        if value.type != INT64 or not isinstance(value.constant, int):
            raise refused(clause, f"{word} expects an integer literal or parameter")
        if value.constant < 0:
            raise refused(clause, f"Syntax error: {word} must not be negative")
        pieces.append(f" {word} {value.constant}")
    return "".join(pieces)
