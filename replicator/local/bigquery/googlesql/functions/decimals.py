"""What NUMERIC values are divided and rounded to, which DuckDB does in FLOAT64.

A NUMERIC is counted in its last digits here, as a whole number of at most 38 digits. Halves are rounded away from zero:
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_MOST: Final = "CAST('10000000000000000000' AS DECIMAL(38, 9))"
_END: Final = "100000000000000000000000000000"
"""10^29, the first whole number that is no NUMERIC."""
_DOUBT: Final = "error('the division or rounding of so large a NUMERIC is not modelled by the local cloud')"


def counted(sql: str) -> str:
    """The value in its last digits, a HUGEINT."""
    return f"CAST(replace(CAST(CAST({sql} AS DECIMAL(38, 9)) AS VARCHAR), '.', '') AS HUGEINT)"


def valued(sql: str) -> str:
    """The NUMERIC of so many last digits."""
    made = "CAST(h // 1000000000 AS DECIMAL(38, 9)) + CAST(h % 1000000000 AS DECIMAL(9, 0)) * 0.000000001"
    return f"CAST(list_transform([{sql}], lambda h: {made})[1] AS DECIMAL(38, 9))"


def quotient(dividend: str, divisor: str) -> str:
    """One HUGEINT by another, a half rounded away from zero."""
    half = f"((2 * abs({dividend}) + abs({divisor})) // (2 * abs({divisor})))"
    return f"(CASE WHEN ({dividend} < 0) <> ({divisor} < 0) THEN -{half} ELSE {half} END)"


def small(*sqls: str) -> str:
    """Whether the values can be counted with."""
    return " AND ".join(f"abs({sql}) < {_MOST}" for sql in sqls)


def divided(dividend: str, divisor: str, beyond: str) -> str:
    """A NUMERIC by another; ``beyond`` for a divisor of zero, and where the quotient is too large.

    Both are counted in their last digits, and so is what is left of a whole quotient; with nine digits more that is
    too large only where both are beyond 10^20 and nearly alike in size.
    """
    last = "m * 1000000000 % b"
    made = f"(a // b) * 1000000000 + m * 1000000000 // b + CASE WHEN {last} >= b - {last} THEN 1 ELSE 0 END"
    digits = f"CASE WHEN a // b >= {_END} THEN NULL WHEN m >= {_END} THEN {_DOUBT} ELSE {made} END"
    parts = f"list_transform([a % b], lambda m: {digits})[1]"
    parts = f"list_transform([abs({counted(divisor)})], lambda b: {parts})[1]"
    size = f"list_transform([abs({counted(dividend)})], lambda a: {parts})[1]"
    signed = f"CASE WHEN ({dividend} < 0) <> ({divisor} < 0) THEN -q ELSE q END"
    checked = f"CASE WHEN q IS NULL OR q >= {_END}000000000 THEN {beyond} ELSE {valued(signed)} END"
    return (
        f"CASE WHEN {dividend} IS NULL OR {divisor} IS NULL THEN NULL WHEN {divisor} = 0 THEN {beyond} "
        f"ELSE list_transform([{size}], lambda q: {checked})[1] END"
    )


def whole(sign: str, zero: str) -> str:
    """DIV or MOD of {0} and {1}: ``//`` or ``%``, the sign being the dividend's."""
    made = f"({counted('{0}')} {sign} {counted('{1}')})"
    sql = f"CAST({made} AS DECIMAL(38, 9))" if sign == "//" else valued(made)
    return f"CASE WHEN {{1}} = 0 THEN {zero} ELSE {sql} END"


def rounded(up: str) -> str:
    """{0} with {1} digits behind the point; ``up`` is 1 to round, 0 to cut off."""
    unit = "CAST('1' || repeat('0', CAST(9 - greatest(least({1}, 9), -29) AS INTEGER)) AS HUGEINT)"
    steps = f"((abs({counted('{0}')}) + {up} * {unit} // 2) // {unit}) * {unit}"
    made = f"CASE WHEN {{0}} < 0 THEN {valued(f'-({steps})')} ELSE {valued(f'({steps})')} END"
    return (
        f"CASE WHEN {{1}} >= 9 OR {{0}} IS NULL THEN {{0}} WHEN {{1}} IS NULL THEN NULL "
        f"WHEN {{1}} < -29 THEN CAST(0 AS DECIMAL(38, 9)) ELSE {made} END"
    )


def average(total: str, count: str, doubtful: str) -> str:
    """The mean of NUMERIC values of which there are ``count``, unless they are ``doubtful``."""
    made = valued(quotient(counted(total), f"CAST({count} AS HUGEINT)"))
    checked = f"CASE WHEN {small(total)} THEN {made} ELSE {_DOUBT} END"
    return f"CASE WHEN {doubtful} THEN {_DOUBT} WHEN {count} > 0 THEN {checked} END"


def mean(args: Sequence[str], distinct: str, over: str) -> str:
    """AVG as an aggregate, with what stands in and behind its parentheses."""
    value = args[0]
    kept = f"CASE WHEN {small(value)} THEN {value} END"
    total, count = f"sum({distinct}{kept}){over}", f"count({distinct}{kept}){over}"
    return average(total, count, f"coalesce(bool_or(abs({value}) >= {_MOST}){over}, false)")
