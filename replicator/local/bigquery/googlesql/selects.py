"""SELECT … FROM … WHERE … GROUP BY … HAVING … QUALIFY … ORDER BY … LIMIT.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#select_list
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from replicator.local.bigquery.googlesql.analytic import directed
from replicator.local.bigquery.googlesql.blocks import Column, Draft, Order
from replicator.local.bigquery.googlesql.grouping import (
    Grouping,
    aggregates_in,
    group_nodes,
    grouping_sets,
    ordinal,
    shape,
    single_name,
)
from replicator.local.bigquery.googlesql.pruning import prune
from replicator.local.bigquery.googlesql.queries import limit_sql
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, path_of
from replicator.local.bigquery.googlesql.scope import Name, Scope, Source
from replicator.local.bigquery.googlesql.stars import expanded
from replicator.local.bigquery.googlesql.tables import from_clause
from replicator.local.bigquery.googlesql.values import Value, derived, packed
from replicator.local.bigquery.types import struct

_KNOWN = frozenset(
    {
        "with_", "kind", "expressions", "distinct", "from_", "joins", "where", "group", "having", "qualify", "windows",
        "order", "limit", "offset",
    }
)  # fmt: skip


def select_draft(resolver: Resolver, node: exp.Select) -> Draft:
    """The draft of a SELECT.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    for key, value in node.args.items():
        if value and key not in _KNOWN:
            raise unknown(node, f"SELECT with {key.upper()}")
    gathering = resolver.gathering
    from_sql, sources, merged, outer = from_clause(resolver, node)
    scope = Scope(sources, resolver.scope, merged=merged)
    rows = resolver.inner(scope, "WHERE clause")
    where = ""
    if node.args.get("where") is not None:
        if not sources:
            raise refused(node, "Query without FROM clause cannot have a WHERE clause")
        condition = rows.condition(node.args["where"].this, "WHERE clause")
        gathering.need(condition)
        where = f" WHERE {condition.sql}"
        prune(rows, node.args["where"].this, outer_joined=outer)
    select = _Select(resolver, node, scope)
    return select.draft(from_sql, where)


class _Select:
    """A SELECT behind its WHERE."""

    def __init__(self, resolver: Resolver, node: exp.Select, scope: Scope) -> None:
        self.node = node
        self.gathering = resolver.gathering
        self.outer = resolver
        self.rows = replace(
            resolver.inner(scope, "an aggregate function's arguments"),
            named_windows=tuple(node.args.get("windows") or ()),
        )
        self.grouping: Grouping | None = None
        clauses = [node.args.get(key) for key in ("having", "qualify", "order")]
        parts = [*node.expressions, *(clause for clause in clauses if clause is not None)]
        aggregated = any(next(aggregates_in(part), None) is not None for part in parts)
        if node.args.get("having") is not None and node.args.get("group") is None and not aggregated:
            raise refused(node, "The HAVING clause requires GROUP BY or aggregation to be present")
        if node.args.get("group") is not None or aggregated:
            self.grouping = Grouping(self.rows)
        self.scope = scope
        if self.grouping is not None:
            self.scope = replace(scope, keys=self.grouping.keys)
        self.beside: list[str] = []
        self.after = replace(
            self.rows,
            scope=self.scope,
            clause="SELECT list",
            grouping=self.grouping,
            windows=True,
            beside=self.beside if scope.sources or self.grouping is not None else None,
        )

    def draft(self, from_sql: str, where: str) -> Draft:
        node = self.node
        items = expanded(self.rows, node.expressions)
        if self.grouping is not None:
            self._group(items)
        columns = [self._column(index, name, item) for index, (name, item) in enumerate(items)]
        aliases = self._aliases(columns, items)
        having = self._condition("having", aliases, windows=False)
        qualify = self._condition("qualify", aliases, windows=True)
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise unknown(node, "SELECT DISTINCT ON")
        orders = self._orders(columns, items, aliases, distinct=distinct is not None)
        limit = limit_sql(self.outer, node)
        given = tuple(self._row(columns)) if node.args.get("kind") else tuple(columns)
        if distinct is not None:
            self._check_distinct(given)
        beside = "".join(self.beside)
        source = f"{from_sql}{beside}{where}"
        if self.grouping is not None:
            source = f" FROM {self.grouping.sql(f'{from_sql}{where}')}{beside}"
        word = "SELECT DISTINCT" if distinct is not None else "SELECT"
        tail = f"{having}{qualify}"

        def render(shown: Sequence[str], order: str) -> str:
            return f"{word} {', '.join(shown)}{source}{tail}{order}{limit}"

        plain = self.grouping is None and not (qualify or limit or distinct is not None)
        return Draft(
            given,
            render,
            tuple(orders),
            limited=bool(limit) or distinct is not None,
            value_table=bool(node.args.get("kind")),
            single=not self.rows.scope.sources,
            transparent=plain,
        )

    def _group(self, items: Sequence[tuple[str, exp.Expr | Value]]) -> None:
        grouping = self.grouping
        if grouping is None:
            return
        resolver = replace(self.rows, clause="GROUP BY clause")
        nodes = group_nodes(self.node, [item for _, item in items])
        grouping.sets = grouping_sets(self.node, nodes)
        for node in nodes:
            index = ordinal(node, len(items), "GROUP BY")
            if index is None:
                name = single_name(node)
                matches = [
                    place
                    for place, (alias, item) in enumerate(items)
                    if name is not None and alias.lower() == name and not _is_name(item, name)
                ]
                if len(matches) > 1:
                    raise refused(node, f"Name {node.name} in GROUP BY clause is ambiguous")
                index = matches[0] if matches else None
            grouped = node if index is None else items[index][1]
            value = grouped if isinstance(grouped, Value) else resolver.value(grouped)
            key = grouping.add_key(value, node)
            if isinstance(grouped, Value):
                grouping.items[index if index is not None else -1] = key
                continue
            base, path = path_of(grouped)
            found = self.rows.scope.key(path) if base is None else None
            if found is not None:
                grouping.keys[found] = key
            wanted = shape(grouped)
            for place, (_, item) in enumerate(items):
                if isinstance(item, exp.Expr) and shape(item) == wanted:
                    grouping.items[place] = key

    def _column(self, index: int, name: str, item: exp.Expr | Value) -> Column:
        if self.grouping is not None and index in self.grouping.items:
            return Column(name, self.grouping.items[index])
        if isinstance(item, Value):
            if self.grouping is not None:
                raise unknown(self.node, "* in a grouped query")
            return Column(name, item)
        return Column(name, self.after.value(item))

    def _aliases(self, columns: Sequence[Column], items: Sequence[tuple[str, exp.Expr | Value]]) -> Scope:
        named = [
            Name(column.name, column.value)
            for column, (_, item) in zip(columns, items, strict=True)
            if column.name and not (isinstance(item, exp.Expr) and _is_name(item, column.name.lower()))
        ]
        return Scope([Source("", tuple(named))], self.scope)

    def _condition(self, key: str, aliases: Scope, *, windows: bool) -> str:
        clause = self.node.args.get(key)
        if clause is None:
            return ""
        word = key.upper()
        resolver = replace(self.after, scope=aliases, clause=f"{word} clause", windows=windows)
        condition = resolver.condition(clause.this, f"{word} clause")
        self.gathering.need(condition)
        return f" {'WHERE' if key == 'having' else 'QUALIFY'} {condition.sql}"

    def _orders(
        self,
        columns: Sequence[Column],
        items: Sequence[tuple[str, exp.Expr | Value]],
        aliases: Scope,
        *,
        distinct: bool,
    ) -> list[Order]:
        clause = self.node.args.get("order")
        orders: list[Order] = []
        for node in clause.expressions if clause is not None else ():
            index = ordinal(node.this, len(columns), "ORDER BY")
            if index is None:
                wanted, name = shape(node.this), single_name(node.this)
                matches = [
                    place
                    for place, (alias, item) in enumerate(items)
                    if (name and alias.lower() == name) or (isinstance(item, exp.Expr) and shape(item) == wanted)
                ]
                index = matches[0] if matches else None
            if index is not None:
                value = columns[index].value
            elif distinct:
                column = f"column {node.this.name} which is not visible after SELECT DISTINCT"
                raise refused(node, f"ORDER BY clause expression references {column}")
            else:
                value = replace(self.after, scope=aliases, clause="ORDER BY clause").value(node.this)
            self.gathering.need(value)
            if not value.fixed:
                orders += directed(node, value)
        return orders

    def _row(self, columns: Sequence[Column]) -> list[Column]:
        kind = str(self.node.args["kind"]).upper()
        if kind == "VALUE":
            if len(columns) != 1:
                raise refused(self.node, "SELECT AS VALUE query must have exactly one column")
            return [Column("", columns[0].value)]
        if kind != "STRUCT":
            raise unknown(self.node, f"SELECT AS {kind}")
        row = struct(*((column.name, column.value.type) for column in columns))
        values = [column.value for column in columns]
        value = derived(packed(row, values), row, *values)
        return [Column("", replace(value, parts=tuple(values)))]

    def _check_distinct(self, columns: Sequence[Column]) -> None:
        for column in columns:
            self.gathering.need(column.value)
            if column.value.type.name in ("STRUCT", "ARRAY", "JSON"):
                raise unknown(self.node, f"SELECT DISTINCT of a column of type {column.value.type}")


def _is_name(item: exp.Expr | Value, name: str) -> bool:
    """Whether the alias is the column's own name, so that both mean the same."""
    if isinstance(item, Value):
        return False
    base, path = path_of(item)
    return base is None and len(path) == 1 and path[0].name.lower() == name
