"""GoogleSQL's tokens, with the offsets that errors and statement texts are cut by.

Scripts, DDL and DML are read token by token; queries and expressions inside them are handed on as text. Only where a
token begins and ends matters here, so strings are not decoded and operators are single characters.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/lexical
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from replicator.local.bigquery.errors import refuse


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    QUOTED = "backquoted identifier"
    TEXT = "string or bytes literal"
    NUMBER = "number"
    PARAMETER = "parameter or system variable"
    SYMBOL = "symbol"
    END = "end of statement"


class Token(NamedTuple):
    """One token; a tuple, for a script has thousands of them.

    Attributes:
        kind: What it is.
        text: As written; a backquoted identifier without its quotes.
        start: Where it begins in the script, in characters from 0.
        end: Where it has ended.
        upper: A word in upper case, which is how keywords are compared, or a symbol; empty for anything else.
    """

    kind: Kind
    text: str
    start: int
    end: int
    upper: str


_STRING: Final = (
    r'"""(?:\\.|[^\\])*?"""|'
    r"'''(?:\\.|[^\\])*?'''|"
    r'"(?!"")(?:\\.|[^"\\\n])*"|'
    r"'(?!'')(?:\\.|[^'\\\n])*'"
)
_PATTERN: Final = re.compile(
    "|".join(
        (
            r"(?P<space>\s+|--[^\n]*|\#[^\n]*|/\*.*?\*/)",
            # A raw literal's backslash keeps its quote from ending it too, so raw ones are cut like the others.
            rf"(?P<text>(?:[rR][bB]|[bB][rR]|[rRbB])?(?:{_STRING}))",
            r"(?P<quoted>`(?:\\.|[^`\\\n])*`)",
            r"(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)",
            r"(?P<parameter>@@[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|@`[^`\n]*`|@[A-Za-z_]\w*|\?)",
            r"(?P<word>[^\W\d]\w*)",
            r"(?P<symbol>/(?!\*)|[-+*%~&|^<>=!(){}\[\].,:;])",
        )
    ),
    re.DOTALL,
)
_KINDS: Final = {
    "text": Kind.TEXT,
    "quoted": Kind.QUOTED,
    "number": Kind.NUMBER,
    "parameter": Kind.PARAMETER,
    "word": Kind.WORD,
    "symbol": Kind.SYMBOL,
}


def place(script: str, offset: int) -> str:
    """The position of ``offset`` as errors print it: ``[line:column]``, both from 1."""
    line = script.count("\n", 0, offset) + 1
    column = offset - (script.rfind("\n", 0, offset) + 1) + 1
    return f"[{line}:{column}]"


def refuse_syntax(script: str, offset: int, fact: str) -> NoReturn:
    """Refuse a text that is not GoogleSQL, in the service's words."""
    refuse("invalidQuery", f"Syntax error: {fact} at {place(script, offset)}", location="query")


@lru_cache(maxsize=128)  # a statement is cut to be told what it is, and again to be read
def tokenize(script: str) -> tuple[Token, ...]:
    """Cut a script into tokens, comments and white space left out; the last one is always ``Kind.END``.

    Raises:
        BigQueryError: ``invalidQuery``: a character that begins no token, or a literal or comment that does not end.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(script):
        match = _PATTERN.match(script, position)
        if match is None:
            refuse_syntax(script, position, _illegal(script, position))
        group = match.lastgroup or ""
        if group != "space":
            tokens.append(_token(_KINDS[group], match.group(), position, match.end()))
        position = match.end()
    tokens.append(end_of_statement(len(script)))
    return tuple(tokens)


def end_of_statement(offset: int) -> Token:
    """The token behind the last one."""
    return Token(Kind.END, "", offset, offset, "")


def _token(kind: Kind, text: str, start: int, end: int) -> Token:
    match kind:
        case Kind.WORD:
            return Token(kind, text, start, end, text.upper())
        case Kind.SYMBOL:
            return Token(kind, text, start, end, text)
        case Kind.QUOTED:
            return Token(kind, text[1:-1], start, end, "")
        case _:
            return Token(kind, text, start, end, "")


def _illegal(script: str, position: int) -> str:
    rest = script[position : position + 3]
    if rest.startswith("/*"):
        return "Unclosed comment"
    if rest[0] in "\"'":
        return "Unclosed triple-quoted string literal" if rest in ('"""', "'''") else "Unclosed string literal"
    if rest[0] == "`":
        return "Unclosed identifier literal"
    return f'Illegal input character "{rest[0]}"'
