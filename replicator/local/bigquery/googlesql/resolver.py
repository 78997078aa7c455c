"""Expressions: from a tree to a value of DuckDB's SQL.

One function per kind of node: in ``operators``, ``predicates``, ``constructors``, ``subqueries``, ``analytic`` and
``calls``. A kind that is in none of them is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from replicator.local.bigquery.googlesql.context import Gathering
from replicator.local.bigquery.googlesql.dialect import PLUS, POSITION
from replicator.local.bigquery.googlesql.functions.known import KNOWN_FOLDERS
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.scope import Scope, member
from replicator.local.bigquery.googlesql.values import BOOL, Origin, Value, typed, untyped

if TYPE_CHECKING:
    from replicator.local.bigquery.googlesql.blocks import With
    from replicator.local.bigquery.googlesql.grouping import Grouping

Emit: TypeAlias = "Callable[[Resolver, exp.Expr], Value]"
# https://docs.cloud.google.com/bigquery/docs/reference/system-variables
_UNMODELLED: Final = frozenset(
    {
        "current_job_id", "last_job_id", "location", "query_label", "reservation", "script.bytes_billed",
        "script.slot_ms",        "session_id",
    }
)  # fmt: skip
_EMITTERS: Final[dict[type[exp.Expr], Emit]] = {}


def emits(*kinds: type[exp.Expr]) -> Callable[[Emit], Emit]:
    """Register how nodes of these kinds are emitted."""

    def register(emit: Emit) -> Emit:
        _EMITTERS.update(dict.fromkeys(kinds, emit))
        return emit

    return register


@dataclass(frozen=True, slots=True)
class Resolver:
    """Where an expression stands.

    Attributes:
        gathering: What the statement's analysis has come upon.
        scope: The names that can be seen.
        tables: The WITH tables that can be seen.
        clause: The clause, for messages: ``WHERE clause``.
        grouping: Where aggregates go; None where none may stand.
        windows: Whether analytic functions may stand here.
        named_windows: The WINDOW clause.
        beside: FROM items beside the query's own: what windows are partitioned by, where it is computed beforehand.
        in_lambda: Whether this is the body of a lambda, in which DuckDB takes no subquery.
    """

    gathering: Gathering
    scope: Scope
    tables: With
    clause: str = "SELECT list"
    grouping: Grouping | None = None
    windows: bool = False
    in_lambda: bool = False
    named_windows: tuple[exp.Expr, ...] = ()
    beside: list[str] | None = None

    def value(self, node: exp.Expr | None) -> Value:
        """The value of an expression.

        Raises:
            BigQueryError: GoogleSQL does not accept it, or it is not modelled.
        """
        if node is None:
            raise refused(None, "Syntax error: Expected an expression")
        emit = _EMITTERS.get(type(node))
        if emit is None:
            raise unknown(node, f"the expression {node.key}")
        return emit(self, node)

    def condition(self, node: exp.Expr, what: str) -> Value:
        """The value of a BOOL.

        Raises:
            BigQueryError: It is of another type.
        """
        value = self.value(node)
        if value.origin is Origin.NULL:
            return untyped(value, BOOL)
        if value.type != BOOL:
            raise refused(node, f"{what} should return type BOOL, but returns {value.type}")
        return value

    def inner(self, scope: Scope, clause: str) -> Resolver:
        """The same statement, in other surroundings: no aggregates, no analytic functions."""
        return replace(self, scope=scope, clause=clause, grouping=None, windows=False, named_windows=(), beside=None)


class NeedsRowsError(Exception):
    """A lambda's body would need a subquery; the caller finds another way to write it."""


@emits(exp.Paren)
def _paren(resolver: Resolver, node: exp.Expr) -> Value:
    value = resolver.value(node.this)
    if node.meta_get(PLUS) and value.type.name not in {"INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"}:
        raise refused(node, f"Operands of + must be numeric type but was {value.type}")
    return value


def path_of(node: exp.Expr) -> tuple[exp.Expr | None, list[exp.Identifier]]:
    """A dotted path: what it starts from, None where it starts from a name, and its identifiers."""
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier):
        return None, [part for part in node.parts if isinstance(part, exp.Identifier)]
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        base, path = path_of(node.this)
        return base, [*path, node.expression]
    return node, []


@emits(exp.Column, exp.Dot)
def _path(resolver: Resolver, node: exp.Expr) -> Value:
    base, path = path_of(node)
    if base is None:
        return resolver.scope.resolve(path)
    if not path:
        if isinstance(node, exp.Dot):
            return _dotted_call(resolver, node)
        raise unknown(node, f"the expression {node.key}")
    if isinstance(base, exp.Parameter) and isinstance(base.this, exp.Parameter):
        return _system(resolver, base, ".".join([base.this.name, *(part.name for part in path)]))
    value = resolver.value(base)
    for identifier in path:
        value = member(value, identifier.name, identifier)
    return value


def _dotted_call(resolver: Resolver, node: exp.Dot) -> Value:
    """A call of a name with dots: a function that is known, ``NET.HOST``, or one of the user's."""
    from replicator.local.bigquery.googlesql.routines import called, function_of

    folder = node.this
    folders = [folder.name] if isinstance(folder, exp.Identifier) else _folders(folder)
    path = tuple(piece for part in (*folders, node.expression.name) for piece in part.split("."))
    if len(folders) == 1 and folders[0].upper() in KNOWN_FOLDERS:
        raise unknown(node, f"the function {'.'.join(path).upper()}")
    function = function_of(resolver, path)
    if function is None or not isinstance(node.expression, exp.Anonymous):
        raise refused(node, f"Function not found: {'.'.join(path)}")
    return called(resolver, function, node.expression.expressions, node)


def _folders(node: exp.Expr) -> list[str]:
    if isinstance(node, exp.Dot):
        return [*_folders(node.this), node.expression.name]
    if isinstance(node, exp.Identifier):
        return [node.name]
    return [part.name for part in path_of(node)[1]]


@emits(exp.Parameter)
def _parameter(resolver: Resolver, node: exp.Expr) -> Value:
    if isinstance(node.this, exp.Parameter):
        return _system(resolver, node, node.this.name)
    for name, given in resolver.gathering.context.named.items():
        if name.lower() == node.name.lower():
            return typed(given.value, given.type)
    raise refused(node, f"Query parameter '{node.name}' not found")


def _system(resolver: Resolver, node: exp.Expr, name: str) -> Value:
    given = resolver.gathering.context.system.get(name.lower())
    if given is None:
        if name.lower() in _UNMODELLED:
            raise unknown(node, f"the system variable @@{name}")
        raise refused(node, f"System variable @@{name} is not set here, or not known")
    return replace(typed(given.value, given.type), origin=Origin.COMPUTED)


@emits(exp.Placeholder)
def _placeholder(resolver: Resolver, node: exp.Expr) -> Value:
    positional = resolver.gathering.context.positional
    index = int(node.meta[POSITION])
    if index >= len(positional):
        raise refused(node, f"Query parameter number {index + 1} is not defined ({len(positional)} provided)")
    return typed(positional[index].value, positional[index].type)
