"""Expressions by precedence (a Pratt parser), and the strings that hold them."""

from __future__ import annotations

from typing import Final

from replicator.limits import EXPRESSION_CHARACTERS
from replicator.runtime.expressions.lexer import ExpressionError, Kind, Token, tokens
from replicator.runtime.expressions.tree import (
    Binary,
    Expression,
    Index,
    Invoke,
    Listing,
    Literal,
    Member,
    Name,
    Unary,
)

# docs.cloud.google.com/workflows/docs/reference/syntax/datatypes, "Order of operations"; all left to right.
BINARY_PRECEDENCE: Final = {
    "or": 1, "and": 2,
    "in": 3, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "//": 5, "%": 5,
}  # fmt: skip
_UNARY: Final = 6
UNARY_OPERATORS: Final = frozenset({"-", "not"})

_DEEPEST: Final = 40
"""Levels of parentheses, brackets and operators inside each other that are read; Python's stack has an end."""


def parse(text: str, start: int) -> tuple[Expression, int]:
    """Read the expression that begins at ``start``, just after its ``${``.

    Returns:
        The tree, and the offset just after the closing brace.

    Raises:
        ExpressionError: It is not an expression.
    """
    words, end = tokens(text, start)
    length = end - start + len("${")
    if length > EXPRESSION_CHARACTERS.value:
        fact = f"the expression has {length} characters, and may have {EXPRESSION_CHARACTERS.value}"
        raise ExpressionError(start, fact, "compute a part of it in a step before")
    parser = _Parser(words)
    expression = parser.binary(0)
    parser.finish()
    return expression, end


class _Parser:
    """One pass over one expression's words."""

    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._at = 0
        self._depth = 0

    def finish(self) -> None:
        """Insist that every word was used."""
        word = self._words[self._at]
        if word.kind is not Kind.END:
            raise ExpressionError(word.offset, f"unexpected {word.text!r} after the end of the expression")

    def binary(self, power: int) -> Expression:
        """An operand, and every operator behind it that binds more tightly than ``power``."""
        self._depth += 1
        if self._depth > _DEEPEST:
            fact = f"nested deeper than {_DEEPEST} levels"
            raise ExpressionError(self._words[self._at].offset, fact, "compute a part of it in a step before")
        left = self._operand()
        while (word := self._words[self._at]).kind is Kind.OPERATOR and BINARY_PRECEDENCE.get(word.text, 0) > power:
            self._at += 1
            right = self.binary(BINARY_PRECEDENCE[word.text])
            left = Binary(word.text, left, right)
        self._depth -= 1
        return left

    def _operand(self) -> Expression:
        word = self._take()
        if word.kind is Kind.OPERATOR and word.text in UNARY_OPERATORS:
            return self._unary(word)
        return self._trailers(self._primary(word))

    def _unary(self, word: Token) -> Expression:
        operand = self.binary(_UNARY)
        if word.text == "-" and isinstance(operand, Literal) and type(operand.value) in {int, float}:
            return Literal(-operand.value)  # type: ignore[operator]  # a number, told by its type just above
        return Unary(word.text, operand)

    def _primary(self, word: Token) -> Expression:
        if word.kind is Kind.LITERAL:
            return Literal(word.value)
        if word.kind is Kind.NAME:
            return Name(word.text, word.offset)
        if word.text == "(":
            inner = self.binary(0)
            self._expect(")")
            return inner
        if word.text == "[":
            return Listing(self._list("]"))
        what = "the expression is empty or ends too early" if word.kind is Kind.END else f"unexpected {word.text!r}"
        raise ExpressionError(word.offset, what)

    def _trailers(self, expression: Expression) -> Expression:
        while True:
            word = self._words[self._at]
            if word.kind is not Kind.OPERATOR or word.text not in {".", "[", "("}:
                return expression
            self._at += 1
            if word.text == ".":
                expression = Member(expression, self._key())
            elif word.text == "[":
                index = self.binary(0)
                self._expect("]")
                expression = Index(expression, index)
            else:
                expression = Invoke(_dotted(expression, word), self._list(")"), word.offset)

    def _key(self) -> str:
        word = self._take()
        # Words that are operators or constants elsewhere are keys behind a dot.
        if word.text.isidentifier():
            return word.value if isinstance(word.value, str) else word.text
        raise ExpressionError(word.offset, f"{word.text!r} is not a key", 'write other keys as ["key"]')

    def _list(self, closing: str) -> tuple[Expression, ...]:
        items: list[Expression] = []
        if self._is(closing):
            self._at += 1
            return ()
        while True:
            items.append(self.binary(0))
            if self._is(","):
                self._at += 1
                continue
            self._expect(closing)
            return tuple(items)

    def _is(self, operator: str) -> bool:
        word = self._words[self._at]
        return word.kind is Kind.OPERATOR and word.text == operator

    def _expect(self, operator: str) -> None:
        word = self._words[self._at]
        if not self._is(operator):
            found = "the end" if word.kind is Kind.END else repr(word.text)
            raise ExpressionError(word.offset, f"expected {operator!r}, found {found}")
        self._at += 1

    def _take(self) -> Token:
        word = self._words[self._at]
        if word.kind is not Kind.END:
            self._at += 1
        return word


def dotted_name(expression: Expression) -> str | None:
    """``a.b.c`` as a text when the expression is nothing but a name with members, else None."""
    parts: list[str] = []
    while isinstance(expression, Member):
        parts.append(expression.key)
        expression = expression.of
    if not isinstance(expression, Name):
        return None
    return ".".join([expression.name, *reversed(parts)])


def _dotted(expression: Expression, word: Token) -> str:
    name = dotted_name(expression)
    if name is None:
        raise ExpressionError(word.offset, "only a function can be called", "write its name before '('")
    return name
