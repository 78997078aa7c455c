"""The words of an expression.

docs.cloud.google.com/workflows/docs/reference/syntax/expressions and …/datatypes
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from replicator.runtime.values import INT_MAX, Value


class Kind(Enum):
    """What a token is."""

    LITERAL = auto()
    NAME = auto()
    OPERATOR = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Attributes:
        kind: What it is.
        text: An operator in its canonical, lower-case form; a name as it is written.
        value: A literal's value; an operator that is a word as it is written.
        offset: Where it starts in the scalar's text.
    """

    kind: Kind
    text: str
    value: Value
    offset: int


class ExpressionError(Exception):
    """An expression that cannot be read.

    Attributes:
        offset: Where, in characters from the start of the scalar's text.
        fact: What is wrong.
        remedy: What would be right.
    """

    def __init__(self, offset: int, fact: str, remedy: str = "") -> None:
        super().__init__(fact)
        self.offset = offset
        self.fact = fact
        self.remedy = remedy


_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<operator>==|!=|<=|>=|//|[-+*/%<>()\[\],.])
      | (?P<end>\})
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
ESCAPES: Final = {"\\": "\\", '"': '"', "'": "'", "/": "/", "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

# Lower or upper case, but not mixed (datatypes, "Logical operators"); booleans also capitalised.
_WORD_OPERATORS: Final = {word: word.lower() for word in ("and", "or", "not", "in", "AND", "OR", "NOT", "IN")}
WORD_LITERALS: Final = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False, "null": None,
}  # fmt: skip


def tokens(text: str, start: int) -> tuple[list[Token], int]:
    """Read words from ``start`` up to the ``}`` that closes the expression.

    Returns:
        The words with an END behind them, and the offset just after the brace.

    Raises:
        ExpressionError: There is a character that no word begins with, or no closing brace.
    """
    found: list[Token] = []
    at = start
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        end = match.end()
        lexeme = match.group()
        match match.lastgroup:
            case "number":
                found.append(Token(Kind.LITERAL, lexeme, _number(lexeme, text, at, end), at))
            case "string":
                found.append(Token(Kind.LITERAL, lexeme, _string(lexeme, at), at))
            case "name":
                found.append(_word(lexeme, at))
            case "operator":
                found.append(Token(Kind.OPERATOR, lexeme, None, at))
            case "end":
                found.append(Token(Kind.END, lexeme, None, at))
                return found, end
            case _:
                pass
        at = end
    raise ExpressionError(start, "the expression is not closed", "end it with '}'")


def _word(word: str, at: int) -> Token:
    if word in _WORD_OPERATORS:
        return Token(Kind.OPERATOR, _WORD_OPERATORS[word], word, at)
    if word in WORD_LITERALS:
        return Token(Kind.LITERAL, word, WORD_LITERALS[word], at)
    return Token(Kind.NAME, word, None, at)


def _number(lexeme: str, text: str, at: int, end: int) -> Value:
    if text[end : end + 1].isidentifier():
        raise ExpressionError(at, f"{lexeme + text[end]!r} is neither a number nor a name", "")
    if not lexeme.isdigit():
        return float(lexeme)
    if len(lexeme) > len(str(INT_MAX)) or int(lexeme) > INT_MAX:
        raise ExpressionError(at, "an integer beyond 64 bits", "write it as a double or as a string")
    return int(lexeme)


def _string(lexeme: str, at: int) -> str:
    def replace(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 1:
            return chr(int(escape[1:], 16))
        if escape not in ESCAPES:
            where = at + 1 + match.start()
            raise ExpressionError(where, f"\\{escape} is not an escape", "write a backslash as \\\\")
        return ESCAPES[escape]

    text = _ESCAPE.sub(replace, lexeme[1:-1])
    # \ud83d\ude00 spells one character in two halves, as in JSON.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unreadable(text: str, at: int) -> ExpressionError:
    character = text[at]
    if character in "\"'":
        return ExpressionError(at, "the string is not closed", f"end it with {character}")
    remedies = {
        "{": "maps have no literal in expressions; build them in an assign",
        "=": "compare with '=='",
        "&": "write 'and'",
        "|": "write 'or'",
        "!": "write 'not', or '!='",
    }
    return ExpressionError(at, f"unexpected character {character!r}", remedies.get(character, ""))
