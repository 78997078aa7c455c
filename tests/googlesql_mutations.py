"""Statements with a token too many, too few or elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Final

_TOKEN: Final = re.compile(r"""`[^`]*`|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|@?\w+|\s+|[^\w\s]""")
_ODD: Final = (
    "'", '"', "`", "(", ")", "((", "))", "[", "]", "<", ">", "<>", "!=", "=", ".", ",", ";", "--", "/*", "*/", "\\",
    "@", "@@x", "?", "+", "-", "*", "/", "%", "||", "|>", "=>", "->", "{", "}", "$", "~", "&", "<<",
    "NULL", "SELECT", "FROM", "AS", "WITH", "END", "IF", "ALL", "DISTINCT", "NOT", "AND", "IN", "IS", "LIKE", "ANY",
    "EXCEPT", "UNION ALL", "GROUP BY", "ORDER BY", "HAVING", "LIMIT 1", "OFFSET", "DESC", "NULLS FIRST", "OVER ()",
    "WINDOW", "QUALIFY", "USING", "ON", "CROSS", "LEFT", "JOIN", "UNNEST", "STRUCT", "ARRAY", "CASE",
    "WHEN", "THEN", "ELSE", "CAST", "EXTRACT", "INTERVAL", "BETWEEN", "EXISTS", "SAFE.", "x.*",
    "* EXCEPT (a)", "* REPLACE (1 AS a)", "0", "1e999", "0x", "0x1F", "1.", ".5", "12abc", "9223372036854775808",
    "b'\\xff'", "r'\\'", "'''", "''", "'a'",
    "DATE '0000-00-00'", "TRUE", "STRUCT()", "[]", "ARRAY<INT64>[]", "CAST(NULL AS INT64)", "a", "x",
)  # fmt: skip


def mutated(chance: Random, given: Sequence[str]) -> str:
    """One of the statements with one token of it changed, or a few; tokens come from here and from others."""
    tokens = _TOKEN.findall(chance.choice(given))
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(len(tokens))
        match chance.randrange(6):
            case 0 if len(tokens) > 1:
                del tokens[at]
            case 1:
                tokens.insert(at, f" {chance.choice(_ODD)} ")
            case 2:
                tokens[at] = f" {chance.choice(_ODD)} "
            case 3:
                other = chance.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 4:
                tokens.insert(at, f" {chance.choice(tokens)} ")
            case _:
                others = _TOKEN.findall(chance.choice(given))
                begin = chance.randrange(len(others))
                tokens[at : at + 1] = others[begin : begin + chance.randrange(1, 10)]
    return "".join(tokens)
