"""FROM: tables, subqueries, arrays and joins.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#from_clause
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlglot import exp

from replicator.local.bigquery.googlesql.blocks import Draft
from replicator.local.bigquery.googlesql.catalog import Relation
from replicator.local.bigquery.googlesql.coercion import common, implicit
from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.context import Gathering, named
from replicator.local.bigquery.googlesql.dialect import COMMA, OFFSET
from replicator.local.bigquery.googlesql.operators import compared
from replicator.local.bigquery.googlesql.paths import full_path
from replicator.local.bigquery.googlesql.pivots import reshaped
from replicator.local.bigquery.googlesql.pruning import prune
from replicator.local.bigquery.googlesql.queries import draft_of
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.routines import function_of, table_draft
from replicator.local.bigquery.googlesql.scope import Name, Scope, Source, member
from replicator.local.bigquery.googlesql.values import INT64, STRING, TIMESTAMP, Value, derived

Clause = tuple[str, list[Source], dict[str, Value], bool]
"""The clause's SQL, its sources, what USING merged, and whether a join may leave a side empty."""


def from_clause(resolver: Resolver, node: exp.Expr) -> Clause:
    """The FROM clause of a SELECT; nothing where it has none."""
    clause = node.args.get("from_")
    if clause is None:
        return "", [], {}, False
    return joined(resolver, clause.this, [*(clause.this.args.get("joins") or ()), *(node.args.get("joins") or ())])


def joined(resolver: Resolver, first: exp.Expr, joins: list[exp.Expr]) -> Clause:
    """FROM with these items."""
    builder = _From(resolver)
    builder.first(first)
    for join in joins:
        builder.join(join)
    return f" FROM {builder.sql}", builder.scope.sources, builder.scope.merged, builder.outer


class _From:
    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.gathering = resolver.gathering
        self.names = resolver.gathering.names
        self.scope = Scope([], resolver.scope)
        self.sql = ""
        self.outer = False
        self.comma = False

    def first(self, node: exp.Expr) -> None:
        nested = self._nested(node)
        if nested is not None:
            self.sql, self.outer = f"({nested.sql})", nested.outer
            self.scope.merged.update(nested.scope.merged)
            for source in nested.scope.sources:
                self._add(source, node)
            return
        self.sql, source, _ = self._item(node)
        self._add(source, node)

    def _nested(self, node: exp.Expr) -> _From | None:
        """Joins in parentheses, whose aliases are seen outside; None where there are none."""
        if not isinstance(node, exp.Subquery) or node.args.get("alias") is not None or node.args.get("pivots"):
            return None
        first = node.this
        if (not isinstance(first, exp.Table) and not first.args.get("joins")) or isinstance(first, exp.Select):
            return None
        nested = _From(self.resolver)
        nested.first(first)
        for join in first.args.get("joins") or ():
            nested.join(join)
        return nested

    def _add(self, source: Source, node: exp.Expr) -> None:
        if source.alias and any(one.alias.lower() == source.alias.lower() for one in self.scope.sources):
            raise refused(node, f"Duplicate table alias {source.alias} in the same FROM clause")
        self.scope.sources.append(source)

    def join(self, node: exp.Expr) -> None:
        side, kind = str(node.args.get("side") or ""), str(node.args.get("kind") or "")
        if node.args.get("method") or kind not in ("", "INNER", "OUTER", "CROSS"):
            raise unknown(node, f"{node.args.get('method') or ''} {kind} JOIN".strip())
        if kind == "OUTER" and not side:
            raise refused(node, "Syntax error: Unexpected keyword OUTER")
        self._check_comma(node, side)
        nested = self._nested(node.this)
        if nested is not None:
            self._join_nested(nested, node, side, kind)
            return
        hidden: list[Source] = []
        if side in ("RIGHT", "FULL"):
            # What is joined so may not refer to the items before it.
            hidden, self.scope.sources = self.scope.sources, []
        item, source, correlated = self._item(node.this)
        self.scope.sources = hidden or self.scope.sources
        on, using = node.args.get("on"), node.args.get("using")
        word = "CROSS JOIN" if kind == "CROSS" or not (side or on is not None or using) else f"{side or 'INNER'} JOIN"
        if word == "CROSS JOIN" and not correlated and kind != "CROSS" and not isinstance(node.this, exp.Unnest):
            raise refused(node, "INNER JOIN must have an immediately following ON or USING clause")
        lateral = "LATERAL " if correlated else ""
        self.outer = self.outer or bool(side)
        if using:
            shown = self._using(source, using, side or "INNER", node)
            self.sql = f"{self.sql} {word} {lateral}{item} ON {shown}"
            return
        self._add(source, node.this)
        if word == "CROSS JOIN":
            self.sql = f"{self.sql} {word} {lateral}{item}"
            return
        shown = "true"
        if on is not None:
            shown = self._on(on, side)
        elif not correlated:
            raise refused(node, f"{side or 'INNER'} JOIN must have an immediately following ON or USING clause")
        self.sql = f"{self.sql} {word} {lateral}{item} ON {shown}"

    def _check_comma(self, node: exp.Expr, side: str) -> None:
        if self.comma and side in ("RIGHT", "FULL"):
            raise refused(node, f"Syntax error: {side} JOIN must be parenthesized when following a comma join")
        self.comma = self.comma or bool(node.meta_get(COMMA))

    def _on(self, on: exp.Expr, side: str) -> str:
        resolver = self.resolver.inner(self.scope, "JOIN ON clause")
        condition = resolver.condition(on, "JOIN ON clause")
        self.gathering.need(condition)
        if not side:
            # Every row that goes on satisfies it; of an outer join, one side's rows go on without.
            prune(resolver, on, outer_joined=self.outer)
        return condition.sql

    def _join_nested(self, nested: _From, node: exp.Expr, side: str, kind: str) -> None:
        on = node.args.get("on")
        if node.args.get("using") or nested.scope.merged:
            raise unknown(node, "USING in or around parenthesised joins")
        if (on is None) != (kind == "CROSS"):
            raise refused(node, f"{side or 'INNER'} JOIN must have an immediately following ON or USING clause")
        self.outer = self.outer or nested.outer or bool(side)
        for source in nested.scope.sources:
            self._add(source, node)
        word = "CROSS" if on is None else side or "INNER"
        shown = "" if on is None else f" ON {self._on(on, side)}"
        self.sql = f"{self.sql} {word} JOIN ({nested.sql}){shown}"

    def _using(self, source: Source, using: list[exp.Expr], side: str, node: exp.Expr) -> str:
        left = Scope(list(self.scope.sources), None, merged=dict(self.scope.merged))
        right = Scope([source])
        tests: list[str] = []
        shared: set[str] = set()
        for name in using:
            identifier = name if isinstance(name, exp.Identifier) else exp.to_identifier(name.name)
            ours, theirs = left.resolve([identifier]), right.resolve([identifier])
            resolver = self.resolver.inner(self.scope, "USING clause")
            test = compared(resolver, "=", ours, theirs, node)
            self.gathering.need(test)
            tests.append(test.sql)
            found = common([ours, theirs], self.names, node)
            if found is None:
                raise refused(node, f"Column {identifier.name} in USING has incompatible types")
            kind, (one, other) = found
            merged = {"INNER": one, "LEFT": one, "RIGHT": other}.get(side)
            if merged is None:
                merged = derived(f"coalesce({one.sql}, {other.sql})", kind, one, other)
            self.scope.merged[identifier.name.lower()] = replace(merged, column=None)
            shared.add(identifier.name.lower())
        self._add(replace(source, shared=frozenset(shared)), node.this)
        self.scope.sources[:] = [replace(given, shared=given.shared | shared) for given in self.scope.sources]
        return f"({' AND '.join(tests)})"

    def _item(self, node: exp.Expr) -> tuple[str, Source, bool]:
        """A FROM item's SQL, what it offers, and whether it refers to the items before it."""
        if node.args.get("sample"):
            # What a sample holds is the service's choice, and differs each time.
            raise unknown(node, "TABLESAMPLE")
        if node.args.get("pivots"):
            sql, source, correlated = self._plain_item(node)
            if correlated or isinstance(node, exp.Unnest):
                raise refused(node, "PIVOT and UNPIVOT are not allowed with array scans")
            sql, source = reshaped(self.resolver, sql, source, node)
            return sql, source, False
        return self._plain_item(node)

    def _plain_item(self, node: exp.Expr) -> tuple[str, Source, bool]:
        if isinstance(node, exp.Unnest):
            if len(node.expressions) > 1:
                raise unknown(node, "UNNEST of more than one array")
            return self._unnest(node.expressions[0], _unnest_alias(node), offset_of(node), node)
        if isinstance(node, exp.Subquery):
            draft = draft_of(replace(self.resolver, grouping=None), node.this)
            return self._derived(draft, node.alias)
        if isinstance(node, exp.Table):
            return self._table(node)
        raise unknown(node, f"{node.key} in FROM")

    def _derived(self, draft: Draft, alias: str) -> tuple[str, Source, bool]:
        name = self.names.fresh("t")
        return f"({draft.text()}) AS {name}", _source(alias, draft, name), False

    def _table(self, node: exp.Table) -> tuple[str, Source, bool]:
        parts = [part for part in node.parts if isinstance(part, exp.Identifier)]
        if len(parts) != len(node.parts):
            return self._table_function(node)
        columns = node.args["alias"].args.get("columns") if node.args.get("alias") is not None else None
        if columns:
            raise refused(node, "Syntax error: a table alias takes no list of columns")
        if node.args.get("version") is not None and self._is_no_stored(parts):
            raise refused(node, "FOR SYSTEM_TIME AS OF can only be used with tables, and not with WITH and arrays")
        if len(parts) == 1 and parts[0].name.lower() in self.resolver.tables.tables:
            shared = self.resolver.tables.tables[parts[0].name.lower()]
            name = self.names.fresh("t")
            return f"{shared.name} AS {name}", _source(node.alias or parts[0].name, shared.draft, name), False
        if self._is_array(parts):
            path = exp.Dot.build([exp.column(parts[0].copy()), *(part.copy() for part in parts[1:])])
            column = exp.column(parts[1].copy(), table=parts[0].copy()) if len(parts) == 2 else path
            return self._unnest(column, node.alias or parts[-1].name, offset_of(node), node)
        if offset_of(node) is not None:
            raise refused(node, "WITH OFFSET can only be used with array scans")
        return self._relation(node, parts)

    def _table_function(self, node: exp.Table) -> tuple[str, Source, bool]:
        folders = [part.name for part in node.parts[:-1]]
        if not isinstance(node.this, exp.Anonymous):
            raise unknown(node, "this call in FROM")
        path = tuple(piece for part in (*folders, str(node.this.name)) for piece in part.split("."))
        function = function_of(self.resolver, path)
        if function is None:
            raise refused(node, f"Table-valued function not found: {'.'.join(path)}")
        draft = table_draft(self.resolver, function, node.this.expressions, node, draft_of)
        return self._derived(draft, node.alias)

    def _is_no_stored(self, parts: list[exp.Identifier]) -> bool:
        return (len(parts) == 1 and parts[0].name.lower() in self.resolver.tables.tables) or self._is_array(parts)

    def _is_array(self, parts: list[exp.Identifier]) -> bool:
        return len(parts) > 1 and not parts[0].args.get("quoted") and self._is_range_variable(parts[0].name)

    def _is_range_variable(self, name: str) -> bool:
        scope: Scope | None = self.scope
        while scope is not None:
            if any(source.alias.lower() == name.lower() for source in scope.sources):
                return True
            scope = scope.outer
        return False

    def _relation(self, node: exp.Table, parts: list[exp.Identifier]) -> tuple[str, Source, bool]:
        context = self.gathering.context
        written = tuple(piece for part in parts for piece in part.name.split("."))
        path = full_path(written, context, node)
        relation = context.catalog.relation(path, system_time=self._system_time(node))
        alias = node.alias or ("" if written[-1].endswith("*") else written[-1])
        sql, source = scanned(self.gathering, path, relation, alias)
        return sql, source, False

    def _system_time(self, node: exp.Table) -> datetime | None:
        version = node.args.get("version")
        if version is None:
            return None
        outermost = self.scope
        while outermost.outer is not None:
            outermost = outermost.outer
        # A script's variables are constants of its statements; columns are none.
        scope = Scope([], None, variables=outermost.variables)
        given = self.resolver.inner(scope, "FOR SYSTEM_TIME AS OF").value(version.expression)
        value = implicit(given, TIMESTAMP, self.names, node) if given.type == STRING else given
        if value is None or value.type != TIMESTAMP:
            raise refused(node, f"FOR SYSTEM_TIME AS OF must be of type TIMESTAMP but was of type {given.type}")
        moment = None if version.find(exp.Select) else constant_of(value)
        if not isinstance(moment, datetime):
            raise refused(node, "FOR SYSTEM_TIME AS OF must be a constant expression, and not NULL")
        return moment

    def _unnest(self, node: exp.Expr, alias: str, offset: exp.Expr | None, where: exp.Expr) -> tuple[str, Source, bool]:
        value = self.resolver.inner(self.scope, "UNNEST").value(node)
        element = value.type.element
        if element is None:
            raise refused(
                where, f"Values referenced in UNNEST must be arrays. UNNEST contains expression of type {value.type}"
            )
        name = self.names.fresh("t")
        item = Value(f"{name}.e", element, uses=value.uses, path=value.path, full=value.full)
        names: list[Name] = []
        if element.name == "STRUCT":
            names = [Name(field, member(item, field, where)) for field, _ in element.fields if field]
        else:
            names = [Name(alias, item)]
        inner = self.names.fresh("u")
        columns = [f"unnest({inner}.a) AS e"]
        if offset is not None:
            columns.append(f"CAST(generate_subscripts({inner}.a, 1) - 1 AS BIGINT) AS o")
            names.append(Name(offset.name, Value(f"{name}.o", INT64)))
        sql = f"(SELECT {', '.join(columns)} FROM (SELECT {value.sql} AS a) AS {inner}) AS {name}"
        return sql, Source(alias, tuple(names), element=item), bool(self.scope.sources)


def offset_of(node: exp.Expr) -> exp.Expr | None:
    """The name behind WITH OFFSET, which hangs on the alias where there is one."""
    alias = node.args.get("alias")
    found = alias.meta_get(OFFSET) if isinstance(alias, exp.Expr) else None
    found = found or node.args.get("offset")
    return found if isinstance(found, exp.Expr) else None


def _unnest_alias(node: exp.Unnest) -> str:
    alias = node.args.get("alias")
    if alias is None:
        return ""
    columns = alias.args.get("columns") or []
    return str(columns[0].name) if columns else str(alias.name)


def _source(alias: str, draft: Draft, name: str) -> Source:
    """A subquery or a WITH table as a FROM item."""
    names = draft.names(name)
    if not draft.value_table:
        return Source(alias, names)
    element = names[0].value
    if element.type.name != "STRUCT":
        return Source(alias, (Name(alias, element),), element=element)
    fields = tuple(Name(field, member(element, field, None)) for field, _ in element.type.fields if field)
    return Source(alias, fields, element=element)


def scanned(gathering: Gathering, path: tuple[str, ...], relation: Relation, alias: str) -> tuple[str, Source]:
    """A relation as a FROM item; its own SQL is asked for when it is known which columns are needed."""
    number, mark = gathering.scan(path, relation)
    name = gathering.names.fresh("t")
    wanted = gathering.scans[number].columns
    names = tuple(
        Name(
            column.name,
            Value(
                named(name, column.name),
                column.type,
                uses=frozenset({(number, (column.name,))}),
                column=(number, column.name),
                path=True,
                full=True,
            ),
            pseudo=column.pseudo,
            touch=partial(wanted.add, column.name),
        )
        for column in relation.columns
    )
    return f"{mark} AS {name}", Source(alias, names)
