"""Functions with rules of their own, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from replicator.local.bigquery.googlesql.coercion import implicit
from replicator.local.bigquery.googlesql.functions.table import no_signature
from replicator.local.bigquery.googlesql.values import Value
from replicator.local.bigquery.types import Type

if TYPE_CHECKING:
    from replicator.local.bigquery.googlesql.resolver import Resolver


class NullArgumentError(Exception):
    """An argument that must be constant is NULL, and so is the call.

    Attributes:
        argument: Which one.
        instead: A text that could stand in its place.
    """

    def __init__(self, argument: exp.Expr, instead: str) -> None:
        super().__init__()
        self.argument = argument
        self.instead = instead


Rule: TypeAlias = "Callable[[Resolver, exp.Expr], Value]"
RULES: Final[dict[str, Rule]] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register how calls of these functions are emitted."""

    def register(made: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, made))
        return made

    return register


def name_of(node: exp.Expr) -> str:
    """The function's name."""
    return str(node.name).upper()


def arguments(resolver: Resolver, node: exp.Expr, least: int, most: int | None = None) -> list[Value]:
    """The values of the arguments.

    Raises:
        BigQueryError: There are too few or too many of them.
    """
    values = [resolver.value(argument) for argument in node.expressions]
    if not least <= len(values) <= (most or least):
        raise mismatch(node, values)
    return values


def with_names(node: exp.Expr) -> tuple[list[exp.Expr], dict[str, exp.Expr]]:
    """The arguments that stand by their places, and those that are given by name, in lower case."""
    named = {each.this.name.lower(): each.expression for each in node.expressions if isinstance(each, exp.Kwarg)}
    return [each for each in node.expressions if not isinstance(each, exp.Kwarg)], named


def mismatch(node: exp.Expr, values: Sequence[Value]) -> Exception:
    """No signature takes these."""
    return no_signature(node, f"function {name_of(node)}", values)


def as_type(resolver: Resolver, node: exp.Expr, values: Sequence[Value], index: int, kind: Type) -> Value:
    """An argument coerced to ``kind``.

    Raises:
        BigQueryError: It does not coerce.
    """
    coerced = implicit(values[index], kind, resolver.gathering.names, node)
    if coerced is None:
        raise mismatch(node, values)
    return coerced
