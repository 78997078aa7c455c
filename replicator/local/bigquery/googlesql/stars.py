"""``*``, ``t.*``, ``s.*``, with EXCEPT and REPLACE.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#select_
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from replicator.local.bigquery.googlesql.constructors import implied_name
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.scope import Scope, Source, member
from replicator.local.bigquery.googlesql.values import Value

Item = tuple[str, exp.Expr | Value]


def expanded(resolver: Resolver, nodes: Sequence[exp.Expr]) -> list[Item]:
    """The members of a SELECT list with their names, stars spelt out.

    Raises:
        BigQueryError: A star stands for nothing, or names what is not there.
    """
    items: list[Item] = []
    for node in nodes:
        if isinstance(node, exp.Star):
            if not resolver.scope.sources:
                raise refused(node, "SELECT * must have a FROM clause")
            items += _without(node, _everything(resolver.scope))
        elif isinstance(node, exp.Column | exp.Dot) and isinstance(_tail(node), exp.Star):
            items += _without(_tail(node), _of(resolver, node))
        elif isinstance(node, exp.Alias):
            items.append((node.alias, node.this))
        else:
            items.append((implied_name(node), node))
    return items


def _tail(node: exp.Expr) -> exp.Expr:
    tail = node.this if isinstance(node, exp.Column) else node.expression
    return tail if isinstance(tail, exp.Expr) else node


def _everything(scope: Scope) -> list[Item]:
    items: list[Item] = list(scope.merged_items())
    for source in scope.sources:
        items += _columns(source)
    return items


def _columns(source: Source, *, shared: bool = False) -> list[Item]:
    return [
        (name.name, name.taken())
        for name in source.names
        if not name.pseudo and (shared or name.name.lower() not in source.shared)
    ]


def _of(resolver: Resolver, node: exp.Expr) -> list[Item]:
    if isinstance(node, exp.Column) and isinstance(node.args.get("table"), exp.Identifier) and not node.args.get("db"):
        alias = node.table.lower()
        for source in resolver.scope.sources:
            if source.alias.lower() == alias:
                return _columns(source, shared=True)
    if isinstance(node, exp.Column):
        path = [part for part in node.parts[:-1] if isinstance(part, exp.Identifier)]
        value = resolver.scope.resolve(path)
    else:
        value = resolver.value(node.this)
    if value.type.name != "STRUCT":
        raise refused(node, f"Dot-star is not supported for type {value.type}")
    return [(name, member(value, name, node)) for name, _ in value.type.fields]


def _without(star: exp.Expr, items: list[Item]) -> list[Item]:
    if star.args.get("rename"):
        raise unknown(star, "* with RENAME")
    dropped = [one.name.lower() for one in star.args.get("except_") or ()]
    replaced = {one.alias.lower(): one.this for one in star.args.get("replace") or ()}
    names = {name.lower() for name, _ in items}
    for word, wanted in (("EXCEPT", dropped), ("REPLACE", replaced)):
        for name in wanted:
            if name not in names:
                raise refused(star, f"Column {name} in SELECT * {word} list does not exist")
    kept = [(name, replaced.get(name.lower(), item)) for name, item in items if name.lower() not in dropped]
    if not kept:
        raise refused(star, "SELECT * expands to zero columns after applying EXCEPT")
    return kept
