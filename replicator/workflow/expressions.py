"""Expressions of Cloud Workflows as values: they print themselves, with parentheses only where they are needed.

https://docs.cloud.google.com/workflows/docs/reference/syntax/expressions
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from replicator import limits
from replicator.errors import ReplicatorError

_PRECEDENCE: Final = {
    "or": 1, "and": 2, "in": 4, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6,
    "//": 6, "%": 6,
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT: Final = 3
_ATOM: Final = 9


class ExpressionTooLongError(ReplicatorError):
    """A rendered expression is longer than the service takes: our mistake, found before anything is deployed."""


class Expression:
    """The base of all: ``text()`` is what stands between ``${`` and ``}``."""

    precedence: int = _ATOM

    def text(self) -> str:
        """The expression's source."""
        raise NotImplementedError

    def render(self) -> str:
        """The expression as a YAML value.

        Raises:
            ExpressionTooLongError: It is longer than 400 characters.
        """
        text = f"${{{self.text()}}}"
        if len(text) > limits.EXPRESSION_CHARACTERS.value:
            msg = f"an expression has {len(text)} characters, {limits.EXPRESSION_CHARACTERS.value} are allowed: {text}"
            raise ExpressionTooLongError(msg)
        return text

    def __getitem__(self, key: Operand) -> Index:
        return Index(self, key)


Scalar: TypeAlias = str | int | float | bool | None
Operand: TypeAlias = Expression | Scalar
Value: TypeAlias = "Expression | Scalar | Sequence[Value] | Mapping[str, Value]"


@dataclass(frozen=True, eq=False)
class Var(Expression):
    """A variable."""

    name: str

    def text(self) -> str:
        """The variable's name."""
        return self.name


@dataclass(frozen=True, eq=False)
class Index(Expression):
    """``collection.key`` where the key is a plain word, ``collection[key]`` elsewhere."""

    collection: Expression
    key: Operand

    def text(self) -> str:
        """The subscript."""
        if isinstance(self.key, str) and _WORD.fullmatch(self.key):
            return f"{self.collection.text()}.{self.key}"
        return f"{self.collection.text()}[{_text(self.key)}]"


@dataclass(frozen=True, eq=False)
class Call(Expression):
    """``function(arguments…)``; the function is one of the standard library that does not block."""

    function: str
    arguments: tuple[Operand, ...]

    def text(self) -> str:
        """The call."""
        return f"{self.function}({', '.join(_text(argument) for argument in self.arguments)})"


@dataclass(frozen=True, eq=False)
class Literal(Expression):
    """A text as an expression, for one that would be read as an expression itself."""

    value: str

    def text(self) -> str:
        """The text in quotes."""
        return _text(self.value)


@dataclass(frozen=True, eq=False)
class Items(Expression):
    """``[item, …]``."""

    items: tuple[Operand, ...]

    def text(self) -> str:
        """The list."""
        return f"[{', '.join(_text(item) for item in self.items)}]"


@dataclass(frozen=True, eq=False)
class Binary(Expression):
    """``left operator right``."""

    operator: str
    left: Operand
    right: Operand

    @property
    def precedence(self) -> int:  # type: ignore[override]  # a class attribute for atoms, computed here
        """How tightly the operator binds."""
        return _PRECEDENCE[self.operator]

    def text(self) -> str:
        """The operation; all operators group to the left, so the right side gets parentheses at the same precedence."""
        left = _text(self.left, self.precedence)
        return f"{left} {self.operator} {_text(self.right, self.precedence + 1)}"


@dataclass(frozen=True, eq=False)
class Not(Expression):
    """``not (operand)``: always with parentheses, so that nobody has to know how tightly it binds."""

    operand: Expression

    @property
    def precedence(self) -> int:  # type: ignore[override]  # a class attribute for atoms, computed here
        """How tightly it binds."""
        return _NOT

    def text(self) -> str:
        """The negation."""
        return f"not ({self.operand.text()})"


def _text(operand: Operand, precedence: int = 0) -> str:
    if isinstance(operand, Expression):
        return f"({operand.text()})" if operand.precedence < precedence else operand.text()
    # Strings, numbers, true, false and null are written as in JSON.
    return json.dumps(operand, ensure_ascii=False)


def call(function: str, *arguments: Operand) -> Call:
    """``function(arguments…)``."""
    return Call(function, arguments)


def default(value: Expression, otherwise: Operand) -> Call:
    """``value``, or ``otherwise`` where it is null."""
    return Call("default", (value, otherwise))


def get(record: Expression, *keys: Operand) -> Call:
    """A key, or a path of keys, that may be missing: null then."""
    return Call("map.get", (record, keys[0] if len(keys) == 1 else Items(keys)))


def eq(left: Operand, right: Operand) -> Binary:
    """``left == right``."""
    return Binary("==", left, right)


def ne(left: Operand, right: Operand) -> Binary:
    """``left != right``."""
    return Binary("!=", left, right)


def no(operand: Operand) -> Binary:
    """``operand == false``: for values that are true or false, and never null."""
    return Binary("==", operand, right=False)


def lt(left: Operand, right: Operand) -> Binary:
    """``left < right``."""
    return Binary("<", left, right)


def add(left: Operand, right: Operand) -> Binary:
    """``left + right``, of numbers."""
    return Binary("+", left, right)


def both(*operands: Operand) -> Expression:
    """All of them, joined by ``and``."""
    return _chain("and", operands)


def either(*operands: Operand) -> Expression:
    """Any of them, joined by ``or``."""
    return _chain("or", operands)


def join(*operands: Operand) -> Expression:
    """Texts one after the other."""
    return _chain("+", operands)


def _chain(operator: str, operands: Sequence[Operand]) -> Expression:
    first, *rest = operands
    chained: Operand = first
    for operand in rest:
        chained = Binary(operator, chained, operand)
    if not isinstance(chained, Expression):
        msg = f"{operator!r} joins expressions, not {chained!r}"
        raise TypeError(msg)
    return chained
