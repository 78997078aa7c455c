"""The specifiers of FORMAT that print numbers.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#format_string
"""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.functions.decimals import rounded
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.texts import float_text
from replicator.local.bigquery.googlesql.values import (
    BIGNUMERIC,
    FLOAT64,
    INT64,
    NUMERIC,
    Names,
    Origin,
    Value,
    bound,
    filled,
    quote,
)

_MOST_DIGITS: Final = 15
_DOUBT: Final = "error('FORMAT of such a number is not modelled by the local cloud')"


def number_text(match: re.Match[str], value: Value, number: int, names: Names, node: exp.Expr) -> str:
    """A number as a specifier prints it; ``number`` is the argument's, for messages.

    Raises:
        BigQueryError: The specifier does not take the value, or is not known here.
    """
    if match["kind"] in "fFeEgG":
        return _floating(match, value, number, names, node)
    if value.type != INT64:
        raise refused(node, f"Invalid type for argument {number} to FORMAT; Expected integer; Got {value.type}")
    return _integer(match, value.sql, node) if match["kind"] in "di" else _based(match, value, names, node)


def _integer(match: re.Match[str], sql: str, node: exp.Expr) -> str:
    flags, width = match["flags"], match["width"] or ""
    if set(flags) == {"'"}:
        grouped = f"format('{{:,}}', {sql})"
        return f"lpad({grouped}, CAST(greatest({width}, length({grouped})) AS INTEGER), ' ')" if width else grouped
    if set(flags) - set("-+0 "):
        raise unknown(node, f"the format specifier {match[0]}")
    if not flags and not width:
        return f"CAST({sql} AS VARCHAR)"
    return f"printf('%{flags}{width}d', {sql})"


def _floating(match: re.Match[str], value: Value, number: int, names: Names, node: exp.Expr) -> str:
    """``%f``, ``%e``, ``%g`` of a FLOAT64, and ``%f`` of a NUMERIC."""
    digits = int(match["precision"]) if match["precision"] is not None else 6
    kind = match["kind"]
    if set(match["flags"]) - set("-+0 ") or digits > _MOST_DIGITS:
        raise unknown(node, f"the format specifier {match[0]}")
    if value.type == NUMERIC and kind in "fF" and not set(match["flags"]) - {"-"}:
        return padded(match, bound(value.sql, names, lambda held: _decimal(held, min(digits, 9), digits)), names, node)
    if value.type != FLOAT64:
        if value.type in (NUMERIC, BIGNUMERIC) or value.origin is Origin.NULL:
            raise unknown(node, f"the format specifier {match[0]} of a {value.type}")
        raise refused(node, f"Invalid type for argument {number} to FORMAT; Expected FLOAT64; Got {value.type}")
    special = "lower" if kind.islower() else "upper"

    def sql(held: str) -> str:
        # Zero has no sign there, and of large numbers DuckDB does not print each digit.
        made = f"printf({quote(match[0])}, {held} + CAST(0 AS DOUBLE))"
        large = f"WHEN abs({held}) >= 1e15 THEN {_DOUBT} " if kind in "fF" else ""
        odd = _DOUBT if set(match["flags"]) - {"-"} else padded(match, f"{special}({float_text(held)})", names, node)
        return f"(CASE WHEN NOT isfinite({held}) THEN {odd} {large}ELSE {made} END)"

    return bound(value.sql, names, sql)


def _decimal(held: str, kept: int, digits: int) -> str:
    """A NUMERIC with so many digits behind the point, of which those beyond the ninth are zeros."""
    text = f"CAST({filled(rounded('1'), {'0': held, '1': f'{kept}::BIGINT'})} AS VARCHAR)"
    cut = f"left({text}, length({text}) - {10 if digits == 0 else 9 - kept})"
    made = f"({cut} || {quote('0' * (digits - kept))})" if digits > kept else f"({cut})"
    # What is rounded to zero keeps its sign.
    return f"(CASE WHEN {held} < 0 AND NOT starts_with({text}, '-') THEN '-' || {made} ELSE {made} END)"


def _based(match: re.Match[str], value: Value, names: Names, node: exp.Expr) -> str:
    """``%x``, ``%X`` and ``%o``: the sign before the digits of the magnitude."""
    if set(match["flags"]) - {"0"}:
        raise unknown(node, f"the format specifier {match[0]}")
    negative = _DOUBT if match["width"] else f"'-' || printf({quote(match[0])}, -{{0}})"

    def sql(held: str) -> str:
        below = f"WHEN {held} = -9223372036854775808 THEN {_DOUBT} WHEN {held} < 0 THEN {filled(negative, {'0': held})}"
        return f"(CASE {below} ELSE printf({quote(match[0])}, {held}) END)"

    return bound(value.sql, names, sql)


def padded(match: re.Match[str], text: str, names: Names, node: exp.Expr) -> str:
    """A text of the specifier's width, on its right side or, with ``-``, on its left."""
    if set(match["flags"]) - {"-"}:
        raise unknown(node, f"the format specifier {match[0]}")
    if not match["width"]:
        return text
    width = int(match["width"])
    pad = "rpad" if "-" in match["flags"] else "lpad"
    return bound(text, names, lambda held: f"{pad}({held}, CAST(greatest({width}, length({held})) AS INTEGER), ' ')")
