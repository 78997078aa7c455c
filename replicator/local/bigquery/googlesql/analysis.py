"""The face of this package: texts of GoogleSQL in, DuckDB's SQL with types out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from replicator.local.bigquery.googlesql import bitwise, blocks, calls, constructors, operators, predicates, subqueries
from replicator.local.bigquery.googlesql.blocks import Draft, With
from replicator.local.bigquery.googlesql.catalog import Column, Constant, Function, Relation
from replicator.local.bigquery.googlesql.coercion import implicit
from replicator.local.bigquery.googlesql.context import Context, Gathering, Scan
from replicator.local.bigquery.googlesql.dialect import POSITION, parse_expression, parse_from, parse_query
from replicator.local.bigquery.googlesql.paths import full_path
from replicator.local.bigquery.googlesql.pruning import prune
from replicator.local.bigquery.googlesql.queries import draft_of
from replicator.local.bigquery.googlesql.refusals import refused
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.routines import applied, table_rows
from replicator.local.bigquery.googlesql.scope import Scope, Source, member
from replicator.local.bigquery.googlesql.tables import joined, scanned
from replicator.local.bigquery.googlesql.values import (
    Names,
    Origin,
    Value,
    bound,
    fail,
    null,
    null_elements,
    quote,
    settled,
    stored,
    typed,
)
from replicator.local.bigquery.types import Type

EMITTERS = (bitwise, calls, constructors, operators, predicates, subqueries)
"""The modules that say how expressions are emitted; importing them registers what they know."""


@dataclass(frozen=True, slots=True)
class Analyzed:
    """A query that GoogleSQL accepts.

    Attributes:
        sql: DuckDB's SELECT.
        columns: (name, type) of what it yields; a column without a name is called ``f0_``, ``f1_``, …
        unnamed: The positions, from 0, of the columns that have no name of their own.
        scans: The relations that it reads.
    """

    sql: str
    columns: tuple[tuple[str, Type], ...]
    unnamed: frozenset[int]
    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that GoogleSQL accepts: DuckDB's SQL, the type, and the value where it need not be computed."""

    sql: str
    type: Type
    constant: Constant | None = None


def analyze_query(text: str, context: Context, *, coerced_to: Sequence[Type] | None = None) -> Analyzed:
    """Analyze a query.

    Args:
        text: One query of GoogleSQL.
        context: What it is analyzed against.
        coerced_to: The types that its columns are wanted in, by position, as INSERT wants them.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    statement = Statement(context)
    made = statement.query(text, coerced_to=coerced_to)
    return Analyzed(statement.finish(made.sql), made.columns, made.unnamed, statement.scans)


def analyze_expression(text: str, context: Context, *, coerced_to: Type | None = None) -> Expression:
    """Analyze an expression that stands by itself: of DECLARE, SET, DEFAULT, OPTIONS.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    statement = Statement(context)
    made = statement.expression(text, coerced_to=coerced_to)
    return Expression(statement.finish(made.sql), made.type)


def coerce(sql: str, source: Type, to: Type, *, what: str = "Value") -> str:
    """A computed value as the type of the column it is assigned to: structs by position.

    Raises:
        BigQueryError: GoogleSQL does not coerce it.
    """
    coerced = implicit(Value(sql, source), to, Names("x"))
    if coerced is None:
        raise refused(None, f"{what} has type {source} which cannot be assigned to {to}")
    return settled(coerced.sql)


@dataclass(frozen=True, slots=True)
class Tables:
    """FROM items of a statement that is put together: their SQL, and the names they offer."""

    sql: str
    sources: tuple[Source, ...]


class Statement:
    """One statement, analyzed piece by piece in the order of its text; DML is put together from this.

    SQL that its methods answer with is not ready before ``finish``: only then is it known what is read of each table.
    """

    def __init__(self, context: Context) -> None:
        self._gathering = Gathering(context)
        self._variables = {
            name.lower(): typed(given.value, given.type, Origin.COMPUTED) for name, given in context.variables.items()
        }

    @property
    def scans(self) -> tuple[Scan, ...]:
        """The relations that are read so far."""
        return tuple(self._gathering.scans)

    def table(self, path: tuple[str, ...], alias: str, *, extra: Sequence[Column] = ()) -> Tables:
        """A table as a FROM item; ``extra`` are columns of the storage's own, asked for in every case.

        Raises:
            BigQueryError: There is no such table.
        """
        complete = full_path(path, self._gathering.context)
        return self.relation(complete, self._gathering.context.catalog.relation(complete), alias, extra=extra)

    def relation(
        self, path: tuple[str, ...], relation: Relation, alias: str, *, extra: Sequence[Column] = ()
    ) -> Tables:
        """A relation that is at hand as a FROM item."""
        sql, source = scanned(self._gathering, path, relation, alias)
        self._gathering.scans[-1].columns.update(column.name for column in extra)
        return Tables(sql, (source,))

    def from_clause(self, text: str, *, beside: Sequence[Tables] = ()) -> Tables:
        """What stands behind FROM or USING; ``beside`` are items it must not repeat the aliases of."""
        tree = self._admitted(parse_from(text))
        sql, sources, _, _ = joined(self._resolver(()), tree.this, list(tree.this.args.get("joins") or ()))
        taken = {source.alias.lower() for tables in beside for source in tables.sources}
        for source in sources:
            if source.alias and source.alias.lower() in taken:
                raise refused(tree, f"Duplicate table alias {source.alias} in the same FROM clause")
        return Tables(sql.removeprefix(" FROM "), tuple(sources))

    def expression(
        self, text: str, *tables: Tables, clause: str = "expression", coerced_to: Type | None = None
    ) -> Expression:
        """An expression over ``tables``.

        Raises:
            BigQueryError: GoogleSQL does not accept it, or it is not modelled, or is not coerced to what is wanted.
        """
        node = self._admitted(parse_expression(text))
        value = self._resolver(tables, clause).value(node)
        self._gathering.need(value)
        return self._coerced(value, coerced_to, node)

    def condition(self, text: str, *tables: Tables, clause: str = "WHERE clause") -> Expression:
        """A BOOL over ``tables``; what it says of partitions by constants is told to the relations."""
        node = self._admitted(parse_expression(text))
        resolver = self._resolver(tables, clause)
        value = resolver.condition(node, clause)
        self._gathering.need(value)
        prune(resolver, node, outer_joined=False)
        return Expression(value.sql, value.type)

    def query(self, text: str, *, coerced_to: Sequence[Type] | None = None) -> Analyzed:
        """A query that sees no other table of the statement."""
        node = self._admitted(parse_query(text))
        draft = draft_of(self._resolver(()), node)
        if draft.value_table and draft.columns[0].value.type.name == "STRUCT":
            draft = _spread(draft, self._gathering.names)
        self._gathering.need(*(column.value for column in draft.columns))
        values = [column.value for column in draft.columns]
        if coerced_to is not None:
            if len(coerced_to) != len(values):
                message = f"Inserted row has wrong column count; Has {len(values)}, expected {len(coerced_to)}"
                raise refused(node, message)
            wanted = list(coerced_to)
        else:
            wanted = [value.type for value in values]
        shown = [
            self._assigned(value, kind, index, column.name, node)
            for index, (value, kind, column) in enumerate(zip(values, wanted, draft.columns, strict=True), 1)
        ]
        names, unnamed = _titles([column.name for column in draft.columns])
        sql = draft.text(shown, _distinct(names))
        return Analyzed(sql, tuple(zip(names, wanted, strict=True)), unnamed, self.scans)

    def check_function(self, function: Function) -> None:
        """Look at a function's body as a call with arguments of the declared types would.

        Raises:
            BigQueryError: GoogleSQL does not accept it, or it is not modelled.
        """
        resolver = Resolver(self._gathering, Scope([], None), With())
        given = [null(kind) for _, kind in function.parameters]
        if function.tabular:
            draft = table_rows(resolver, function, given, exp.null(), draft_of)
            _titles([column.name for column in draft.columns])
        else:
            applied(resolver, function, given, exp.null())

    def finish(self, sql: str) -> str:
        """SQL made of what this statement answered with, ready for DuckDB."""
        return self._gathering.finish(sql)

    def _assigned(self, value: Value, kind: Type, index: int, name: str, node: exp.Expr) -> str:
        coerced = implicit(value, kind, self._gathering.names, node)
        if coerced is None:
            into = f"column {name or index}, which has type {kind}"
            raise refused(node, f"Query column {index} has type {value.type} which cannot be inserted into {into}")
        return self._written(coerced, name or f"f{index - 1}_")

    def _written(self, value: Value, name: str) -> str:
        """The value as results and tables have it: it is no NULL array, and no array in it has a NULL element."""
        sql, names = stored(value), self._gathering.names
        if value.full and value.column is not None:
            return sql
        # Of an array that is full only what lies in its elements has to be looked at.
        first = 1 if value.full and value.type.element is not None else 0

        def checked(held: str) -> str:
            found = list(null_elements(held, value.type, names, name))[first:]
            where = " ".join(f"WHEN {condition} THEN {quote(path)}" for path, condition in found)
            fact = f"'Array cannot have a null element; error in writing field ' || CASE {where} END"
            any_of = " OR ".join(condition for _, condition in found)
            return f"(CASE WHEN {any_of} THEN {fail(value.type, fact)} ELSE {held} END)"

        has_arrays = len(list(null_elements("", value.type, names, name))) > first
        return bound(sql, names, checked) if has_arrays else sql

    def _coerced(self, value: Value, to: Type | None, node: exp.Expr) -> Expression:
        if to is None:
            return Expression(value.sql, value.type, value.constant)
        coerced = implicit(value, to, self._gathering.names, node)
        if coerced is None:
            raise refused(node, f"Value of type {value.type} cannot be assigned to {to}")
        return Expression(coerced.sql, to, coerced.constant)

    def _resolver(self, tables: Sequence[Tables], clause: str = "SELECT list") -> Resolver:
        outermost = Scope([], None, variables=self._variables)
        scope = Scope([source for given in tables for source in given.sources], outermost)
        return Resolver(self._gathering, scope, With(), clause=clause)

    def _admitted(self, tree: exp.Expr) -> exp.Expr:
        # Positional parameters are counted through the whole statement.
        marks = list(tree.find_all(exp.Placeholder))
        for mark in marks:
            mark.meta[POSITION] += self._gathering.positions
        self._gathering.positions += len(marks)
        return tree


def _spread(draft: Draft, names: Names) -> Draft:
    """SELECT AS STRUCT at the top: the struct's fields are the columns."""
    name = names.fresh("t")
    inner = draft.text()
    held = draft.columns[0].value
    row = Value(f"{name}.c1", held.type, uses=held.uses)
    columns = tuple(blocks.Column(field, member(row, field, None)) for field, _ in held.type.fields)

    def render(shown: Sequence[str], _: str) -> str:
        return f"SELECT {', '.join(shown)} FROM ({inner}) AS {name}"

    return Draft(columns, render)


def _titles(names: Sequence[str]) -> tuple[list[str], frozenset[int]]:
    titles: list[str] = []
    unnamed: set[int] = set()
    for index, name in enumerate(names):
        if not name:
            titles.append(f"f{len(unnamed)}_")
            unnamed.add(index)
        else:
            titles.append(name)
    return titles, frozenset(unnamed)


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, those that would repeat one made different: DuckDB's columns are found by position."""
    seen: set[str] = set()
    shown: list[str] = []
    for index, name in enumerate(names, 1):
        title = name if name.lower() not in seen else f"{name}_{index}"
        seen.add(title.lower())
        shown.append(title)
    return shown
