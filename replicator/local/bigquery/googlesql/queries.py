"""Queries: SELECT, set operations and WITH.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from replicator.local.bigquery.googlesql.analytic import directed
from replicator.local.bigquery.googlesql.blocks import Column, Draft, Order, Shared
from replicator.local.bigquery.googlesql.coercion import common
from replicator.local.bigquery.googlesql.grouping import ordinal, single_name
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import INT64, Value, union

_OPERATIONS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


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
        draft = _set_operation(resolver, node)
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
    if clause.args.get("recursive"):
        raise unknown(clause, "WITH RECURSIVE")
    texts: list[str] = []
    seen: set[str] = set()
    for table in clause.expressions:
        alias = table.args["alias"]
        if alias.args.get("columns"):
            raise refused(table, "Syntax error: a WITH table takes no list of columns")
        if table.alias.lower() in seen:
            raise refused(table, f"Duplicate alias {table.alias} for WITH subquery")
        seen.add(table.alias.lower())
        # A WITH table sees the names around the query, and the WITH tables before it.
        draft = draft_of(resolver, table.this)
        name = resolver.gathering.names.fresh("w")
        texts.append(f"{name} AS ({draft.text()})")
        resolver = replace(resolver, tables=resolver.tables.adding(table.alias, Shared(name, draft)))
    return resolver, f"WITH {', '.join(texts)} "


def _branches(node: exp.Expr, kind: tuple[type[exp.Expr], object]) -> list[exp.Expr]:
    """The queries of a chain of one set operation."""
    if isinstance(node, exp.SetOperation):
        if (type(node), node.args.get("distinct")) != kind:
            message = "Different set operations cannot be used in the same query without using parentheses for grouping"
            raise refused(node, f"Syntax error: {message}")
        if node.args.get("with_") is None:
            return [*_branches(node.this, kind), node.expression]
    return [node]


def _set_operation(resolver: Resolver, node: exp.SetOperation) -> Draft:
    word = _OPERATIONS.get(type(node))
    if word is None or any(node.args.get(key) for key in ("by_name", "side", "kind", "on")):
        raise unknown(node, "this set operation")
    distinct = bool(node.args.get("distinct"))
    if word != "UNION" and not distinct:
        raise refused(node, f"Syntax error: {word} ALL is not supported")
    queries = [*_branches(node.this, (type(node), node.args.get("distinct"))), node.expression]
    if word == "EXCEPT" and len(queries) > 2:
        raise unknown(node, "a chain of EXCEPT DISTINCT without parentheses")
    drafts = [draft_of(resolver, query) for query in queries]
    alias = resolver.gathering.names.fresh("t")
    name = f"{word} {'DISTINCT' if distinct else 'ALL'}"
    columns, texts = _agreed(resolver, drafts, alias, name, node)
    if distinct:
        for position, column in enumerate(columns, 1):
            if column.value.type.name in ("STRUCT", "ARRAY", "JSON"):
                what = f"type that does not support set operation comparisons: {column.value.type}"
                raise refused(node, f"Column {position} in {name} has {what}")
        # Which rows remain depends on every column, seen or not.
        resolver.gathering.need(*(column.value for column in columns))
    body = f" {word}{'' if distinct else ' ALL'} ".join(f"({text})" for text in texts)

    def render(shown: Sequence[str], order: str) -> str:
        return f"SELECT {', '.join(shown)} FROM ({body}) AS {alias}{order}"

    return _modified(resolver, Draft(tuple(columns), render), node)


def _agreed(
    resolver: Resolver, drafts: Sequence[Draft], alias: str, name: str, node: exp.Expr
) -> tuple[list[Column], list[str]]:
    """The columns of a set operation, and its queries with their columns coerced: by position, structs too."""
    names = resolver.gathering.names
    count = len(drafts[0].columns)
    for index, draft in enumerate(drafts[1:], 2):
        if len(draft.columns) != count:
            sizes = f"query 1 has {_columns(count)}, query {index} has {_columns(len(draft.columns))}"
            raise refused(node, f"Queries in {name} have mismatched column count; {sizes}")
    columns: list[Column] = []
    texts: list[list[str]] = [[] for _ in drafts]
    for position in range(count):
        values = [draft.columns[position].value for draft in drafts]
        found = common(values, names, node)
        if found is None:
            kinds = ", ".join(str(value.type) for value in values)
            raise refused(node, f"Column {position + 1} in {name} has incompatible types: {kinds}")
        kind, coerced = found
        for sqls, value in zip(texts, coerced, strict=True):
            sqls.append(value.sql)
        uses = union(value.uses for value in values)
        columns.append(Column(drafts[0].columns[position].name, Value(f"{alias}.c{position + 1}", kind, uses=uses)))
    return columns, [draft.text(sqls) for draft, sqls in zip(drafts, texts, strict=True)]


def _columns(count: int) -> str:
    return f"{count} column{'' if count == 1 else 's'}"


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
            raise unknown(node, "an ORDER BY expression behind a set operation")
        if not matches:
            raise refused(node, f"Unrecognized name: {node.this.name}")
        index = matches[0]
    value = columns[index].value
    resolver.gathering.need(value)
    return directed(node, value)


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
