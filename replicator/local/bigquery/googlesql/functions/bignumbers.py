"""Functions of BIGNUMERIC values.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.bignumerics import LEAST, ZERO, counted
from replicator.local.bigquery.googlesql.functions.marks import DISTINCT, OVER
from replicator.local.bigquery.googlesql.functions.table import UNMODELLED, Overload

_TWO: Final = "BIGNUMERIC, BIGNUMERIC -> BIGNUMERIC"
_ONE: Final = "BIGNUMERIC -> BIGNUMERIC"
_OVERFLOW: Final = "'BIGNUMERIC overflow'"
_ZERO_DIVISOR: Final = "'division by zero'"
_NEGATED: Final = f"CASE WHEN {{0}} = {LEAST} THEN {{fail}} ELSE {bignumerics.negated('{0}')} END"
_UNSIGNED: Final = f"CASE WHEN {{0}} >= {ZERO} THEN {{0}} ELSE {_NEGATED} END"
_SIGN: Final = (
    f"CASE WHEN {{0}} > {ZERO} THEN '{bignumerics.held(Decimal(1))}' "
    f"WHEN {{0}} < {ZERO} THEN '{bignumerics.held(Decimal(-1))}' ELSE {{0}} END"
)

ADDED: Final = Overload(_TWO, bignumerics.total("{0}", "{1}", "{fail}"), _OVERFLOW)
SUBTRACTED: Final = Overload(_TWO, bignumerics.difference("{0}", "{1}", "{fail}"), _OVERFLOW)
MULTIPLIED: Final = Overload(_TWO, bignumerics.product("{0}", "{1}", "{fail}"), _OVERFLOW)
DIVIDED: Final = Overload(
    _TWO, bignumerics.quotient("{0}", "{1}", "{fail}", "{fail}"), "'division by zero, or BIGNUMERIC overflow'"
)
NEGATED: Final = Overload(_ONE, _NEGATED, _OVERFLOW)

SAFELY: Final = {
    "SAFE_ADD": Overload(_TWO, bignumerics.total("{0}", "{1}", "NULL")),
    "SAFE_DIVIDE": Overload(_TWO, bignumerics.quotient("{0}", "{1}", "NULL", "NULL")),
    "SAFE_MULTIPLY": Overload(_TWO, bignumerics.product("{0}", "{1}", "NULL")),
    "SAFE_NEGATE": Overload(_ONE, _NEGATED.replace("{fail}", "NULL")),
    "SAFE_SUBTRACT": Overload(_TWO, bignumerics.difference("{0}", "{1}", "NULL")),
}
"""Operators whose overflow is NULL."""

_DIGITS: Final = "BIGNUMERIC, INT64 -> BIGNUMERIC"
NUMBERS: Final = {
    **{name: (overload,) for name, overload in SAFELY.items()},
    "ABS": (Overload(_ONE, _UNSIGNED, _OVERFLOW),),
    "CEIL": (Overload(_ONE, bignumerics.ceiling("{0}", "{fail}"), _OVERFLOW),),
    "DIV": (Overload(_TWO, bignumerics.whole_quotient("{0}", "{1}", "{fail}", "{fail}"), _ZERO_DIVISOR),),
    "FLOOR": (Overload(_ONE, bignumerics.floor("{0}", "{fail}"), _OVERFLOW),),
    "MOD": (Overload(_TWO, bignumerics.remainder("{0}", "{1}", "{fail}"), _ZERO_DIVISOR),),
    "POW": (Overload(_TWO, UNMODELLED),),
    "ROUND": (
        Overload(_ONE, bignumerics.cut("{0}", "0", "{fail}", half=True), _OVERFLOW),
        Overload(_DIGITS, bignumerics.cut("{0}", "{1}", "{fail}", half=True), _OVERFLOW),
        Overload("BIGNUMERIC, INT64, STRING -> BIGNUMERIC", UNMODELLED),
    ),
    "SIGN": (Overload(_ONE, _SIGN),),
    "SQRT": (Overload(_ONE, UNMODELLED),),
    "TRUNC": (
        Overload(_ONE, bignumerics.cut("{0}", "0", "{fail}", half=False), _OVERFLOW),
        Overload(_DIGITS, bignumerics.cut("{0}", "{1}", "{fail}", half=False), _OVERFLOW),
    ),
}
"""By name, the signatures that take such a value."""

LOGARITHMS: Final = (Overload(_ONE, UNMODELLED),)


def _sum(args: Sequence[str]) -> str:
    return f"sum({DISTINCT}{counted(args[0])}){OVER}"


SUMMED: Final = Overload(_ONE, bignumerics.checked(_sum(["{0}"]), "{fail}"), _OVERFLOW)
"""SUM, which only its end may be too large for."""


def _mean(args: Sequence[str]) -> str:
    made = bignumerics.ratio("a['n']", "CAST(a['c'] AS BIGNUM)")
    mean = f"CASE WHEN a['c'] > 0 THEN {bignumerics.checked(made, 'NULL')} END"
    both = f"struct_pack(n := {_sum(args)}, c := count({DISTINCT}{args[0]}){OVER})"
    return f"list_transform([{both}], lambda a: {mean})[1]"


AVERAGED: Final = Overload(_ONE, _mean)
