"""Queries over an array, or over nothing, without rows: lambdas and aggregates over a list.

A subquery makes DuckDB join every row with what it yields, even where that is never looked at: in a branch that is not
taken it fails all the same. And neither a lambda nor TRY may hold one. A list yields the same, in the array's own
order, where and when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.analytic import directed
from replicator.local.bigquery.googlesql.blocks import Column, Listing
from replicator.local.bigquery.googlesql.grouping import aggregates_in, ordinal, shape, single_name
from replicator.local.bigquery.googlesql.listaggregates import ListGrouping, in_order
from replicator.local.bigquery.googlesql.queries import limit_sql
from replicator.local.bigquery.googlesql.refusals import refused
from replicator.local.bigquery.googlesql.resolver import NeedsRowsError, Resolver
from replicator.local.bigquery.googlesql.scope import Name, Scope, Source, member
from replicator.local.bigquery.googlesql.stars import expanded
from replicator.local.bigquery.googlesql.tables import offset_of
from replicator.local.bigquery.googlesql.values import INT64, Value, derived, engine_type, packed, union
from replicator.local.bigquery.types import array, struct

_TAKEN: Final = frozenset({"kind", "expressions", "from_", "where", "order", "limit", "offset", "distinct", "with_"})
_DISTINCT: Final = frozenset({"INT64", "NUMERIC", "STRING", "BYTES", "BOOL", "DATE", "DATETIME", "TIME", "TIMESTAMP"})
_LONGEST: Final = 10_000
"""Characters of a WITH table beyond which it is not repeated wherever it is named."""
_LIMIT: Final = re.compile(r" LIMIT (\d+)(?: OFFSET (\d+))?")


def as_list(resolver: Resolver, node: exp.Expr) -> Listing | None:
    """The rows of a query as a list, or None where it takes more than that."""
    while isinstance(node, exp.Subquery) and not any(value for key, value in node.args.items() if key != "this"):
        node = node.this
    gathering = resolver.gathering
    if not isinstance(node, exp.Select) or id(node) in gathering.rows_needed or not _may_be_listed(node):
        return None
    known = len(gathering.scans)
    try:
        return _Listed(resolver, node).listing()
    except NeedsRowsError:
        del gathering.scans[known:]
        if not resolver.in_lambda:
            gathering.rows_needed.add(id(node))
        return None


def _may_be_listed(node: exp.Select) -> bool:
    if any(value and key not in _TAKEN for key, value in node.args.items()):
        return False
    pending: list[exp.Expr] = list(node.expressions)
    while pending:
        one = pending.pop()
        if isinstance(one, exp.Window):
            return False
        if not isinstance(one, exp.Query):
            pending += one.iter_expressions()
    clause = node.args.get("from_")
    if clause is None:
        return all(node.args.get(key) is None for key in ("where", "order", "limit", "offset", "distinct"))
    item = clause.this
    if item.args.get("joins") or item.args.get("pivots") or item.args.get("sample"):
        return False
    if isinstance(item, exp.Unnest):
        return len(item.expressions) == 1
    return isinstance(item, exp.Subquery) or (isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier))


class _Listed:
    """One SELECT on its way to a list."""

    def __init__(self, resolver: Resolver, node: exp.Select) -> None:
        self.node = node
        self.names = resolver.gathering.names
        self.resolver = self._with(resolver)
        self.element = self.names.fresh("e")
        self.place = self.names.fresh("i")
        self.given: tuple[Value, ...] = ()
        self.rows = ""
        self.paired = False
        self.most: int | None = None

    def listing(self) -> Listing:
        node = self.node
        sources = self._sources()
        scope = Scope(sources, self.resolver.scope)
        inside = self.resolver.inner(scope, "SELECT list")
        if sources:
            inside = replace(inside, in_lambda=True)
        conditions: list[Value] = []
        if node.args.get("where") is not None:
            condition = inside.condition(node.args["where"].this, "WHERE clause")
            conditions.append(condition)
            self.rows = f"list_filter({self.rows}, lambda {self.element}: {condition.sql})"
        order = node.args.get("order")
        parts = [*node.expressions, *([order] if order is not None else [])]
        if any(next(aggregates_in(part), None) is not None for part in parts):
            return self._aggregated(inside, conditions)
        items = expanded(inside, node.expressions)
        columns = tuple(Column(name, item if isinstance(item, Value) else inside.value(item)) for name, item in items)
        given = (self._row(columns),) if node.args.get("kind") else columns
        if not sources:
            return self._alone(given)
        keys = self._orders(inside, columns, [item for _, item in items])
        return self._each(given, keys, conditions)

    def _with(self, resolver: Resolver) -> Resolver:
        clause = self.node.args.get("with_")
        if clause is None:
            return resolver
        if clause.args.get("recursive"):
            raise NeedsRowsError
        for table in clause.expressions:
            if table.args["alias"].args.get("columns") or table.alias.lower() in resolver.tables.lists:
                raise NeedsRowsError
            found = as_list(resolver, table.this)
            if found is None or len(found.sql) > _LONGEST:
                raise NeedsRowsError
            # From here on there must be no query of rows, which would not find the table.
            tables = resolver.tables.listing(table.alias, found)
            resolver = replace(resolver, tables=tables, in_lambda=True)
        return resolver

    def _sources(self) -> list[Source]:
        clause = self.node.args.get("from_")
        if clause is None:
            return []
        item = clause.this
        if isinstance(item, exp.Unnest):
            return [self._array(item)]
        if isinstance(item, exp.Subquery):
            found = as_list(replace(self.resolver, grouping=None), item.this)
            return [self._derived(found, item.alias)]
        if len(item.parts) != 1 or item.args.get("version") or offset_of(item) is not None:
            raise NeedsRowsError
        alias = item.args.get("alias")
        if alias is not None and alias.args.get("columns"):
            raise NeedsRowsError
        return [self._derived(self.resolver.tables.lists.get(item.name.lower()), item.alias or item.name)]

    def _array(self, unnest: exp.Unnest) -> Source:
        # The array stands outside the lambda, but inside those around it.
        given = self.resolver.inner(self.resolver.scope, "UNNEST").value(unnest.expressions[0])
        element = given.type.element
        if element is None:
            raise refused(
                unnest, f"Values referenced in UNNEST must be arrays. UNNEST contains expression of type {given.type}"
            )
        self.given = (given,)
        self.rows = f"coalesce({given.sql}, CAST([] AS {engine_type(given.type)}))"
        offset = offset_of(unnest)
        alias = unnest.args.get("alias")
        called = str(((alias.args.get("columns") or [None])[0] or alias).name) if alias is not None else ""
        held, at = self.element, f"CAST({self.place} - 1 AS BIGINT)"
        needs_pairs = any(self.node.args.get(key) is not None for key in ("where", "order"))
        parts = [*self.node.expressions]
        if offset is not None and (needs_pairs or any(next(aggregates_in(part), None) is not None for part in parts)):
            # Behind a filter, or in another order, the index is no longer the offset.
            self.paired = True
            self.rows = f"list_transform({self.rows}, lambda {held}, {self.place}: struct_pack(e := {held}, o := {at}))"
            held, at = f"struct_extract({held}, 'e')", f"struct_extract({held}, 'o')"
        item = Value(held, element, uses=given.uses, path=given.path, fixed=given.fixed, full=given.full)
        columns = (
            [Name(field, member(item, field, None)) for field, _ in element.fields if field]
            if element.name == "STRUCT"
            else [Name(called, item)]
        )
        if offset is not None:
            columns.append(Name(offset.name, Value(at, INT64)))
        return Source(called, tuple(columns), element=item)

    def _derived(self, found: Listing | None, alias: str) -> Source:
        if found is None:
            raise NeedsRowsError
        self.given = (found.value,)
        self.rows = found.sql
        self.most = found.most
        shown: list[Name] = []
        for number, column in enumerate(found.columns, 1):
            sql = self.element if len(found.columns) == 1 else f"struct_extract({self.element}, 'c{number}')"
            held = column.value
            seen = Value(sql, held.type, uses=held.uses, path=held.path, fixed=found.value.fixed, full=held.full)
            shown.append(Name(column.name, seen))
        if not found.value_table:
            return Source(alias, tuple(shown))
        element = shown[0].value
        if element.type.name != "STRUCT":
            return Source(alias, (Name(alias, element),), element=element)
        fields = tuple(Name(field, member(element, field, None)) for field, _ in element.type.fields if field)
        return Source(alias, fields, element=element)

    def _row(self, columns: Sequence[Column]) -> Column:
        kind = str(self.node.args["kind"]).upper()
        values = [column.value for column in columns]
        if kind == "VALUE" and len(columns) == 1:
            return Column("", values[0])
        if kind != "STRUCT":
            raise NeedsRowsError
        row = struct(*((column.name, column.value.type) for column in columns))
        return Column("", replace(derived(packed(row, values), row, *values), parts=tuple(values)))

    def _alone(self, columns: tuple[Column, ...]) -> Listing:
        """One row."""
        sql = _element([column.value for column in columns])
        return self._made(f"[{sql}]", columns, [column.value for column in columns], single=True, most=1)

    def _aggregated(self, inside: Resolver, conditions: Sequence[Value]) -> Listing:
        """One row, of aggregates."""
        node = self.node
        if any(node.args.get(key) is not None for key in ("distinct", "order", "limit", "offset")):
            raise NeedsRowsError
        rows = self.rows or "[0]"
        held = self.names.fresh("l")
        grouping = ListGrouping(replace(inside, in_lambda=True), held, self.element, self.place)
        after = replace(
            inside,
            scope=replace(inside.scope, keys=grouping.keys),
            in_lambda=True,
            grouping=grouping,
        )
        columns = [
            Column(name, item if isinstance(item, Value) else after.value(item))
            for name, item in expanded(inside, node.expressions)
        ]
        if node.args.get("kind"):
            columns = [self._row(columns)]
        values = [column.value for column in columns]
        sql = f"list_transform([{rows}], lambda {held}: {_element(values)})"
        found = self._made(sql, tuple(columns), [*values, *conditions], most=1)
        if len(columns) != 1:
            return found
        return replace(found, direct=replace(found.value, sql=f"{sql}[1]", type=values[0].type))

    def _each(
        self, columns: tuple[Column, ...], keys: Sequence[tuple[str, str]], conditions: Sequence[Value]
    ) -> Listing:
        values = [column.value for column in columns]
        element = _element(values)
        listed = self.rows
        shifted = not self.paired and any(self.place in one for one in (element, *(key for key, _ in keys)))
        bound = f"{self.element}{f', {self.place}' if shifted else ''}"
        distinct = bool(self.node.args.get("distinct"))
        if distinct:
            listed = self._distinct(listed, element, bound, values, keys)
        elif keys:
            listed = in_order(listed, self.element, self.place, element, keys)
        elif element != self.element:
            listed = f"list_transform({listed}, lambda {bound}: {element})"
        most = self.most
        limit = _LIMIT.fullmatch(limit_sql(self.resolver, self.node))
        if limit is not None:
            count, skipped = int(limit[1]), int(limit[2] or 0)
            listed = f"list_slice({listed}, {skipped + 1}, {skipped + count})"
            most = count if most is None else min(count, most)
        elif self.node.args.get("limit") is not None or self.node.args.get("offset") is not None:
            raise NeedsRowsError
        return self._made(listed, columns, [*values, *conditions], most=most)

    def _orders(
        self, inside: Resolver, columns: Sequence[Column], items: Sequence[exp.Expr | Value]
    ) -> list[tuple[str, str]]:
        """What is ordered by, and how."""
        clause = self.node.args.get("order")
        found: list[tuple[str, str]] = []
        named = tuple(Name(column.name, column.value) for column in columns if column.name)
        aliases = Scope([Source("", named)], inside.scope)
        for node in clause.expressions if clause is not None else ():
            index = ordinal(node.this, len(columns), "ORDER BY")
            wanted, name = shape(node.this), single_name(node.this)
            for place, (column, item) in enumerate(zip(columns, items, strict=False)):
                same = isinstance(item, exp.Expr) and shape(item) == wanted
                if index is None and ((name and column.name.lower() == name) or same):
                    index = place
            if index is not None:
                value = columns[index].value
            elif self.node.args.get("distinct"):
                raise NeedsRowsError
            else:
                value = replace(inside, scope=aliases, clause="ORDER BY clause").value(node.this)
            if not value.fixed or self.element in value.sql:
                found += directed(node, value)
        return found

    def _distinct(
        self, listed: str, element: str, bound: str, values: Sequence[Value], keys: Sequence[tuple[str, str]]
    ) -> str:
        if len(values) != 1 or values[0].type.name not in _DISTINCT or any(sql != element for sql, _ in keys):
            raise NeedsRowsError
        made = self.names.fresh("l")
        all_ = listed if element == self.element else f"list_transform({listed}, lambda {bound}: {element})"
        null = f"list_filter({made}, lambda {self.element}: {self.element} IS NULL)[1:1]"
        kept = f"list_concat(list_distinct({made}), {null})"
        if keys:
            direction, _, nulls = keys[0][1].partition(" ")
            kept = f"list_sort({kept}, '{direction}', '{nulls}')"
        return f"list_transform([{all_}], lambda {made}: {kept})[1]"

    def _made(
        self,
        sql: str,
        columns: tuple[Column, ...],
        values: Sequence[Value],
        *,
        single: bool = False,
        most: int | None = None,
    ) -> Listing:
        uses = union([value.uses for value in values])
        ours = [use for value in self.given for use in value.uses]
        if not any(scan == other and path[: len(own)] == own for scan, path in uses for other, own in ours):
            # Nothing of the elements is looked at, but how many there are.
            uses = union([uses, *(value.uses for value in self.given)])
        held = columns[0].value
        value = Value(
            sql,
            array(held.type) if len(columns) == 1 else array(INT64),
            uses=uses,
            fixed=all(one.fixed for one in (*self.given, *values)),
            fallible=any(one.fallible for one in (*self.given, *values)),
            present=True,
            full=len(columns) == 1 and (held.parts is not None or (held.sql == self.element and held.full)),
        )
        direct = held if single and len(columns) == 1 else None
        return Listing(sql, columns, value, value_table=bool(self.node.args.get("kind")), most=most, direct=direct)


def _element(values: Sequence[Value]) -> str:
    """A row as an element of a list."""
    if len(values) == 1:
        return values[0].sql
    return f"struct_pack({', '.join(f'c{number} := {value.sql}' for number, value in enumerate(values, 1))})"
