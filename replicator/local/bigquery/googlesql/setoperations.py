"""UNION, INTERSECT and EXCEPT, by position or by name.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#set_operators
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from replicator.local.bigquery.googlesql.blocks import Column, Draft
from replicator.local.bigquery.googlesql.coercion import common
from replicator.local.bigquery.googlesql.grouping import shape
from replicator.local.bigquery.googlesql.queries import draft_of
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import Value, null, union

_OPERATIONS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


def set_draft(resolver: Resolver, node: exp.SetOperation) -> Draft:
    """The draft of a set operation, without the ORDER BY and LIMIT behind it.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    word = _OPERATIONS.get(type(node))
    if word is None:
        raise unknown(node, "this set operation")
    distinct = bool(node.args.get("distinct"))
    if word != "UNION" and not distinct:
        raise refused(node, f"Syntax error: {word} ALL is not supported")
    queries = [*_branches(node.this, _kind(node)), node.expression]
    drafts = [draft_of(resolver, query) for query in queries]
    alias = resolver.gathering.names.fresh("t")
    name = f"{word} {'DISTINCT' if distinct else 'ALL'}"
    lists = [list(draft.columns) for draft in drafts]
    if node.args.get("by_name"):
        lists = _by_name(lists, node)
    elif node.args.get("side") or node.args.get("kind") or node.args.get("on"):
        mode = node.args.get("side") or node.args.get("kind") or "ON"
        raise refused(node, f"{mode} in set operations cannot be used without CORRESPONDING")
    columns, texts = agreed(resolver, drafts, lists, alias, name, node)
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

    return Draft(tuple(columns), render)


def _kind(node: exp.Expr) -> tuple[Any, ...]:
    """What operations have to share to be one chain."""
    args = node.args
    on = tuple(shape(one) for one in args.get("on") or ())
    return type(node), args.get("distinct"), args.get("by_name"), args.get("side"), args.get("kind"), on


def _branches(node: exp.Expr, kind: tuple[Any, ...]) -> list[exp.Expr]:
    """The queries of a chain of one set operation."""
    if isinstance(node, exp.SetOperation):
        if _kind(node) != kind:
            message = "Different set operations cannot be used in the same query without using parentheses for grouping"
            raise refused(node, f"Syntax error: {message}")
        if node.args.get("with_") is None:
            return [*_branches(node.this, kind), node.expression]
    return [node]


def _by_name(lists: list[list[Column]], node: exp.Expr) -> list[list[Column]]:
    """The columns of each query in the order of the operation's, NULL for what a query lacks."""
    for number, columns in enumerate(lists, 1):
        seen: set[str] = set()
        for place, column in enumerate(columns, 1):
            if not column.name:
                what = f"when BY NAME is used: query {number}, column {place}"
                raise refused(node, f"Anonymous columns are not allowed in set operations {what}")
            if column.name.lower() in seen:
                what = f"when using BY NAME in set operations: {column.name} in query {number}"
                raise refused(node, f"Duplicate columns found {what}")
            seen.add(column.name.lower())
    found = [{column.name.lower(): column for column in columns} for columns in lists]
    wanted = _wanted(found, [one.name.lower() for one in node.args.get("on") or ()], node)
    titles = {name: next(columns[name].name for columns in found if name in columns) for name in wanted}
    return [[columns.get(name) or Column(titles[name], null()) for name in wanted] for columns in found]


def _wanted(found: list[dict[str, Column]], on: list[str], node: exp.Expr) -> list[str]:
    side, kind = str(node.args.get("side") or ""), str(node.args.get("kind") or "")
    first, *others = found
    if side == "FULL":
        every = list(dict.fromkeys(name for columns in found for name in columns))
        return _listed(on, every, node) or every
    if side == "LEFT":
        for number, columns in enumerate(others, 2):
            if not on and not first.keys() & columns.keys():
                what = "of the set operation with LEFT mode does not share any common columns with query 1"
                raise refused(node, f"Query {number} {what}")
        return _listed(on, list(first), node) or list(first)
    if side:
        raise refused(node, f"Syntax error: Unexpected keyword {side}")
    shared = [name for name in first if all(name in columns for columns in others)]
    if kind == "INNER":
        if not shared:
            raise refused(node, "Queries of the set operation using BY NAME do not have any columns in common")
        return _listed(on, shared, node) or shared
    given = set(on) or set(first)
    for number, columns in enumerate(found, 1):
        if set(columns) != given:
            named = f"query 1 has [{', '.join(first)}] and query {number} has [{', '.join(columns)}]"
            raise refused(node, f"BY NAME requires all input queries to have identical column names, but {named}")
    return on or list(first)


def _listed(on: list[str], allowed: list[str], node: exp.Expr) -> list[str]:
    if len(set(on)) < len(on):
        raise refused(node, "Duplicate columns found in the BY list of a set operation")
    for name in on:
        if name not in allowed:
            raise refused(node, f"Column name {name} in the BY list is not found in the queries of the set operation")
    return on


def agreed(
    resolver: Resolver,
    drafts: Sequence[Draft],
    lists: Sequence[Sequence[Column]],
    alias: str,
    name: str,
    node: exp.Expr,
) -> tuple[list[Column], list[str]]:
    """The columns of a set operation, and its queries with their columns coerced: by position, structs too."""
    names = resolver.gathering.names
    count = len(lists[0])
    for index, members in enumerate(lists[1:], 2):
        if len(members) != count:
            sizes = f"query 1 has {_columns(count)}, query {index} has {_columns(len(members))}"
            raise refused(node, f"Queries in {name} have mismatched column count; {sizes}")
    columns: list[Column] = []
    texts: list[list[str]] = [[] for _ in drafts]
    for position in range(count):
        values = [members[position].value for members in lists]
        found = common(values, names, node)
        if found is None:
            kinds = ", ".join(str(value.type) for value in values)
            raise refused(node, f"Column {position + 1} in {name} has incompatible types: {kinds}")
        kind, coerced = found
        for sqls, value in zip(texts, coerced, strict=True):
            sqls.append(value.sql)
        uses = union(value.uses for value in values)
        columns.append(Column(lists[0][position].name, Value(f"{alias}.c{position + 1}", kind, uses=uses)))
    return columns, [draft.text(sqls) for draft, sqls in zip(drafts, texts, strict=True)]


def _columns(count: int) -> str:
    return f"{count} column{'' if count == 1 else 's'}"
