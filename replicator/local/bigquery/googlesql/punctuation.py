"""What may stand beside what: commas, dots, aliases and names that sqlglot reads more kindly than GoogleSQL does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlglot.tokenizer_core import TokenType

from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.schema.identifiers import RESERVED

_OPEN: Final = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET})
_CLOSE: Final = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET})
_WRITTEN: Final = frozenset(
    {TokenType.STRING, TokenType.RAW_STRING, TokenType.BYTE_STRING, TokenType.IDENTIFIER, TokenType.NUMBER}
)
"""Tokens whose text is no keyword, whatever it says."""

_LABELS: Final = frozenset({TokenType.STRING, TokenType.RAW_STRING, TokenType.NUMBER})
_TEXTS: Final = frozenset({TokenType.STRING, TokenType.RAW_STRING, TokenType.BYTE_STRING})

_ENDS_THE_LIST: Final = frozenset(
    {"FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER", "LIMIT", "UNION", "INTERSECT", "EXCEPT"}
)
"""What may follow the columns of a query, and so the one comma behind them that says nothing."""

_ALIASED: Final = frozenset({"SELECT", "WITH", "FROM", "STRUCT", "ARRAY", "INTERVAL", "RANGE", "ENUM", "PROTO", "OF"})
"""Reserved words that may follow AS: a query, a type, or the time of FOR SYSTEM_TIME AS OF."""

_VALUES: Final = frozenset({"NULL", "TRUE", "FALSE", "END"})
"""Reserved words that end an expression."""

_BEGINS: Final = frozenset(
    {"ARRAY", "CASE", "CAST", "EXISTS", "EXTRACT", "IF", "INTERVAL", "NEW", "NOT", "NULL", "TRUE", "FALSE", "STRUCT"}
    | {"LEFT", "RIGHT", "UNNEST", "LATERAL", "RANGE", "CURRENT", "UNBOUNDED", "CUBE", "ROLLUP", "GROUPING", "DEFAULT"}
)
"""Reserved words that an item of a list may begin with."""

_ENDS: Final = _VALUES | {"ASC", "DESC", "NULLS", "ALL"}
"""Reserved words that an item of a list may end with."""

_OPENS: Final = frozenset({"BY", "WHERE", "HAVING", "QUALIFY", "WHEN", "THEN", "ELSE", "AND", "OR", "ON", "SELECT"})
"""Reserved words with an expression behind them."""

_NUMBER: Final = re.compile(r"(\d+\.?\d*|\.\d+)(E[+-]?\d+)?", re.IGNORECASE)
_BEHIND_A_NAME: Final = frozenset({"FORMAT", "OFFSET", "PIVOT", "UNPIVOT", "TABLESAMPLE", "MATCH_RECOGNIZE", "WINDOW"})
"""Words that are not reserved, and may follow a name behind AS."""

_SETS: Final = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_SIGNS: Final = frozenset({TokenType.PLUS, TokenType.DASH, TokenType.TILDE})


@dataclass(slots=True)
class _Level:
    """What is known within one pair of brackets.

    Attributes:
        listing: Whether the columns of a query are being listed.
        operator: The set operation of its queries; GoogleSQL gives none a rank, and sqlglot does.
        cases: Of each CASE that is open, whether a WHEN waits for its THEN.
        labels: Whether it is UNPIVOT's, where AS stands before a number or a text.
    """

    listing: bool = False
    operator: str = ""
    cases: list[bool] = field(default_factory=list)
    labels: bool = False


def check_tokens(tokens: Sequence[Any], text: str) -> None:
    """Refuse what stands where nothing of the kind may stand.

    Args:
        tokens: sqlglot's, of one query or expression.
        text: What they were read from.

    Raises:
        BigQueryError: invalidQuery, with the position; notImplemented for texts side by side, which are one text.
    """
    levels = [_Level()]
    heard = ["", ""]
    for number, token in enumerate(tokens):
        before, after = _at(tokens, number - 1), _at(tokens, number + 1)
        joined = _joins(tokens, number)
        # Behind a dot every word is a name.
        word = "" if joined and token.token_type is not TokenType.STAR else _word(token)
        if _misplaced(token, word, before, heard, levels[-1]) and not _begins_a_number(token, after):
            raise refused(None, f'Syntax error: Unexpected "{token.text}"{_place(token, text)}')
        if (_is_no_number(token) and not joined) or _stands_alone(token, before, heard, levels[-1]):
            raise refused(None, f'Syntax error: Unexpected "{token.text}"{_place(token, text)}')
        if before.token_type is TokenType.NUMBER and _touches(before, token) and not _joins(tokens, number - 1):
            raise refused(None, f"Syntax error: Missing whitespace between literal and alias{_place(token, text)}")
        if before.token_type in _TEXTS and token.token_type in _TEXTS:
            raise unknown(None, f"texts side by side{_place(token, text)}")
        _follow(levels, token, word, heard[1], text)
        heard = [heard[1], word]
    last = _at(tokens, len(tokens) - 1)
    if len(levels) > 1 or _is_as(last) or (last.token_type is TokenType.COMMA and not levels[-1].listing):
        raise refused(None, "Syntax error: Unexpected end of statement")


@dataclass(frozen=True, slots=True)
class _Nothing:
    """What stands before the first token, and after the last one."""

    token_type: Any = None
    text: str = ""
    start: int = -1
    end: int = -2


_NOTHING: Final[Any] = _Nothing()


def _at(tokens: Sequence[Any], number: int) -> Any:
    return tokens[number] if 0 <= number < len(tokens) else _NOTHING


def _word(token: Any) -> str:
    """The keyword or name that a token is, in capitals; empty for a sign but `*`, and for what is written in quotes."""
    text = "" if token.token_type in _WRITTEN else token.text.upper()
    return text if text[:1].isalpha() or text[:1] in {"_", "*"} else ""


def _touches(before: Any, token: Any) -> bool:
    return bool(token.start == before.end + 1 and (token.text[:1].isalpha() or token.text[:1] == "_"))


def _joins(tokens: Sequence[Any], number: int) -> bool:
    """Whether a token goes on with a path: behind a dot, or a dash that touches both: `region-1.dataset.1st`."""
    token, before, last = tokens[number], _at(tokens, number - 1), _at(tokens, number - 2)
    if before.token_type is TokenType.DOT:
        return token.token_type is not TokenType.NUMBER or _may_end(last, _word(last), _VALUES)
    adjoining = bool(last.end + 1 == before.start and before.end + 1 == token.start)
    return before.token_type is TokenType.DASH and adjoining and last.token_type is TokenType.VAR


def _is_no_number(token: Any) -> bool:
    if token.token_type in {TokenType.VAR, TokenType.IDENTIFIER}:
        # Of `0x` sqlglot makes an identifier, as of a name in quotes.
        quoted = token.end - token.start >= len(token.text)
        return bool(token.text[:1].isdigit()) and not quoted
    return token.token_type is TokenType.NUMBER and not _NUMBER.fullmatch(token.text)


def _begins_a_number(token: Any, after: Any) -> bool:
    """Whether it is the point of `.5`."""
    return bool(
        token.token_type is TokenType.DOT and after.token_type is TokenType.NUMBER and after.start == token.end + 1
    )


def _misplaced(token: Any, word: str, before: Any, heard: Sequence[str], level: _Level) -> bool:
    kind = token.token_type
    last, latest = heard
    if before.token_type is TokenType.COMMA:
        return not _may_follow_comma(token, word, level)
    if _is_as(before):
        if level.labels and token.token_type in _LABELS:
            return False
        return word not in {"STRUCT", "VALUE"} if last == "SELECT" else not _may_follow_as(token, word)
    if before.token_type in _SIGNS:
        return not _may_begin(token, word)
    if kind is TokenType.COMMA:
        return not _may_end(before, latest, _ENDS)
    if kind is TokenType.DOT:
        return before.token_type is TokenType.NUMBER or not _may_end(before, latest, _VALUES)
    if level.cases and word in {"WHEN", "ELSE", "END", "THEN"}:
        return level.cases[-1] is not (word == "THEN")
    if word == "ALL" and before.token_type is TokenType.L_PAREN:
        return True
    # `ORDER BY` is one token.
    if latest and latest.split()[-1] in _OPENS:
        return not (_may_begin(token, word) or word in {"ALL", "DISTINCT", "AS", "SELECT", "WITH"})
    return False


def _follow(levels: list[_Level], token: Any, word: str, latest: str, text: str) -> None:
    """Keep what is known of each open bracket."""
    level = levels[-1]
    if token.token_type in _OPEN:
        levels.append(_Level(labels=level.labels or latest in {"UNPIVOT", "NULLS"}))
    elif token.token_type in _CLOSE and len(levels) > 1:
        levels.pop()
    elif word == "SELECT":
        level.listing = True
    elif word == "CASE":
        level.cases.append(False)
    elif word in {"WHEN", "THEN"} and level.cases:
        level.cases[-1] = word == "WHEN"
    elif word == "END" and level.cases:
        level.cases.pop()
    elif _first(word) in _ENDS_THE_LIST and latest != "*":
        level.listing = False
    elif word in {"ALL", "DISTINCT"} and latest in _SETS:
        operator = f"{latest} {word}"
        if level.operator not in {"", operator}:
            msg = "Different set operations cannot be used in the same query without using parentheses for grouping"
            raise refused(None, f"Syntax error: {msg}{_place(token, text)}")
        level.operator = operator


def _stands_alone(token: Any, before: Any, heard: Sequence[str], level: _Level) -> bool:
    """Whether AS has nothing before it, a value has another one there, or a table two names."""
    kind = token.token_type
    if _is_as(token):
        return before.token_type is None or before.token_type in _OPEN
    if kind in _LABELS or kind is TokenType.BYTE_STRING:
        return not level.labels and (before.token_type in _CLOSE or before.token_type is TokenType.NUMBER)
    if kind is TokenType.VAR and heard[0] == "AS" and before.token_type is TokenType.VAR:
        return token.text.upper() not in _BEHIND_A_NAME and heard[1] not in {"VALUE", "OF"}
    return False


def _may_follow_comma(token: Any, word: str, level: _Level) -> bool:
    if token.token_type is TokenType.R_PAREN or _first(word) in _ENDS_THE_LIST:
        return level.listing
    return _may_begin(token, word)


def _may_begin(token: Any, word: str) -> bool:
    """Whether an expression, or an item of a list, may begin with it."""
    if token.token_type in {TokenType.COMMA, TokenType.R_PAREN, TokenType.R_BRACKET}:
        return False
    return _first(word) not in RESERVED or _first(word) in _BEGINS


def _first(word: str) -> str:
    """ORDER of `ORDER BY`, which is one token."""
    return (word.split() or [""])[0]


def _may_end(before: Any, word: str, words: frozenset[str]) -> bool:
    """Whether an expression, or an item of a list, may end with it; ``words`` are reserved words that do."""
    kind = before.token_type
    if kind in _CLOSE or kind in _WRITTEN or kind is TokenType.STAR:
        return True
    if word:
        last = word.rsplit(maxsplit=1)[-1]
        return last not in RESERVED or last in words
    # A name behind a dot, a parameter, the end of a type, a number in base 16.
    return before.text[:1].isalnum() or before.text[:1] in {"_", "?", ">"}


def _is_as(token: Any) -> bool:
    return token.token_type is TokenType.ALIAS and token.text.upper() == "AS"


def _may_follow_as(token: Any, word: str) -> bool:
    if token.token_type in {TokenType.IDENTIFIER, TokenType.L_PAREN}:
        return True
    return bool(word) and (word[0].isalpha() or word[0] == "_") and (word not in RESERVED or word in _ALIASED)


def _place(token: Any, text: str) -> str:
    head = text[: token.start]
    return f" at [{head.count(chr(10)) + 1}:{token.start - head.rfind(chr(10))}]"
