"""Exponential, logarithmic and trigonometric functions of FLOAT64.

They are those of the C library, and may differ from BigQuery's in the last digit. Out of their domain GoogleSQL's fail,
of an infinite argument most are NaN: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions
"""

from __future__ import annotations

from typing import Final

from replicator.local.bigquery.googlesql.functions.bignumbers import LOGARITHMS as WIDE
from replicator.local.bigquery.googlesql.functions.table import UNMODELLED, Functions, Overload

_NAN: Final = "CAST('nan' AS DOUBLE)"


def _made(name: str, sql: str, wrong: str = "", endless: str = _NAN) -> Overload:
    """A function of one argument: ``endless`` of an infinite one, a failure where ``wrong`` holds."""
    failing = f"WHEN {wrong} THEN {{fail}} " if wrong else ""
    infinite = f"WHEN isinf({{0}}) THEN {endless} " if endless else ""
    return Overload(
        "FLOAT64 -> FLOAT64",
        f"CASE WHEN isnan({{0}}) THEN {_NAN} {infinite}{failing}ELSE {sql} END",
        f"'Floating point error in function: {name}(' || CAST({{0}} AS VARCHAR) || ')'" if wrong else "",
    )


def _finite(name: str, sql: str, endless: str = _NAN) -> Overload:
    """One that fails where a finite argument yields no finite value."""
    return _made(name, sql, f"NOT isfinite({sql})", endless)


_DECIMAL: Final = (Overload("NUMERIC -> NUMERIC", UNMODELLED), *WIDE)
_RATIO: Final = "ln({0}) / ln({1})"
_WRONG_BASE: Final = "{0} <= 0 OR {1} <= 0 OR {1} = 1"

LOGARITHMS: Final[Functions] = {
    "ACOS": (_made("ACOS", "acos({0})", "abs({0}) > 1"),),
    "ACOSH": (_made("ACOSH", "acosh({0})", "{0} < 1", "CASE WHEN {0} > 0 THEN {0} ELSE CAST('nan' AS DOUBLE) END"),),
    "ASIN": (_made("ASIN", "asin({0})", "abs({0}) > 1"),),
    "ASINH": (_made("ASINH", "asinh({0})", endless="{0}"),),
    "ATAN": (_made("ATAN", "atan({0})", endless=""),),
    "ATAN2": (Overload("FLOAT64, FLOAT64 -> FLOAT64", "atan2({0}, {1})"),),
    "ATANH": (_made("ATANH", "atanh({0})", "abs({0}) >= 1"),),
    "CBRT": (
        _made(
            "CBRT", "CASE WHEN pow(round(cbrt({0})), 3) = {0} THEN round(cbrt({0})) ELSE cbrt({0}) END", endless="{0}"
        ),
        *_DECIMAL,
    ),
    "COS": (_made("COS", "cos({0})"),),
    "COSH": (_finite("COSH", "cosh({0})", "abs({0})"),),
    "COT": (_finite("COT", "(1 / tan({0}))"),),
    "COTH": (_finite("COTH", "(1 / tanh({0}))", "sign({0})"),),
    "CSC": (_finite("CSC", "(1 / sin({0}))"),),
    "CSCH": (_finite("CSCH", "(1 / sinh({0}))", "(1 / {0})"),),
    "EXP": (_finite("EXP", "exp({0})", "exp({0})"), *_DECIMAL),
    "LN": (_made("LN", "ln({0})", "{0} <= 0", "CASE WHEN {0} > 0 THEN {0} ELSE CAST('nan' AS DOUBLE) END"), *_DECIMAL),
    "LOG": (
        _made("LOG", "ln({0})", "{0} <= 0", "CASE WHEN {0} > 0 THEN {0} ELSE CAST('nan' AS DOUBLE) END"),
        Overload(
            "FLOAT64, FLOAT64 -> FLOAT64",
            f"CASE WHEN isnan({{0}}) OR isnan({{1}}) OR isinf({{1}}) OR {{0}} = '-inf' THEN {_NAN} WHEN {_WRONG_BASE} "
            f"THEN {{fail}} ELSE {_RATIO} END",
            "'Floating point error in function: LOG(' || CAST({0} AS VARCHAR) || ', ' || CAST({1} AS VARCHAR) || ')'",
        ),
        *_DECIMAL,
        Overload("NUMERIC, NUMERIC -> NUMERIC", UNMODELLED),
        Overload("BIGNUMERIC, BIGNUMERIC -> BIGNUMERIC", UNMODELLED),
    ),
    "LOG10": (
        _made("LOG10", "log10({0})", "{0} <= 0", "CASE WHEN {0} > 0 THEN {0} ELSE CAST('nan' AS DOUBLE) END"),
        *_DECIMAL,
    ),
    "SEC": (_finite("SEC", "(1 / cos({0}))"),),
    "SECH": (_made("SECH", "(1 / cosh({0}))", endless="CAST(0 AS DOUBLE)"),),
    "SIN": (_made("SIN", "sin({0})"),),
    "SINH": (_finite("SINH", "sinh({0})", "{0}"),),
    "TAN": (_made("TAN", "tan({0})"),),
    "TANH": (_made("TANH", "tanh({0})", endless="CAST(sign({0}) AS DOUBLE)"),),
}
