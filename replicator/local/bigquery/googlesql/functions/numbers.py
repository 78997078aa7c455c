"""Mathematical functions.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replicator.local.bigquery.googlesql.functions.bignumbers import NUMBERS as WIDE
from replicator.local.bigquery.googlesql.functions.decimals import divided, rounded, whole
from replicator.local.bigquery.googlesql.functions.table import BY_ITSELF, UNMODELLED, Functions, Overload

_LARGEST: Final = "CAST('99999999999999999999999999999' AS DECIMAL(38, 0))"
# A FLOAT64 has no digit beyond these; DuckDB counts in less than an INT64.
_DIGITS: Final = "CAST(greatest(least({1}, 400), -400) AS INTEGER)"
_TRIED: Final = "INT64, INT64 -> INT64", "NUMERIC, NUMERIC -> NUMERIC", "FLOAT64, FLOAT64 -> FLOAT64"


def _extreme(name: str) -> tuple[Overload, ...]:
    """GREATEST and LEAST: NULL when any argument is, NaN when any argument is."""

    def sql(args: Sequence[str]) -> str:
        nulls = " OR ".join(f"{arg} IS NULL" for arg in args)
        return f"CASE WHEN {nulls} THEN NULL ELSE {name}({', '.join(args)}) END"

    def floats(args: Sequence[str]) -> str:
        nulls = " OR ".join(f"{arg} IS NULL" for arg in args)
        nans = " OR ".join(f"isnan({arg})" for arg in args)
        return f"CASE WHEN {nulls} THEN NULL WHEN {nans} THEN CAST('nan' AS DOUBLE) ELSE {name}({', '.join(args)}) END"

    ordered = ("INT64", "NUMERIC", "BIGNUMERIC", "STRING", "BYTES", "DATE", "DATETIME", "TIME", "TIMESTAMP", "BOOL")
    return (*(Overload(f"{kind}... -> {kind}", sql) for kind in ordered), Overload("FLOAT64... -> FLOAT64", floats))


def _float(name: str) -> tuple[Overload, ...]:
    # Rounding up may reach what a NUMERIC cannot hold, and DuckDB does.
    whole = f"CASE WHEN abs({name}({{0}})) > {_LARGEST} THEN {{fail}} ELSE CAST({name}({{0}}) AS DECIMAL(38, 9)) END"
    return (
        Overload("INT64 -> FLOAT64", f"CAST({name}(CAST({{0}} AS DOUBLE)) AS DOUBLE)"),
        Overload("NUMERIC -> NUMERIC", whole, f"'numeric overflow: {name.upper()}(' || CAST({{0}} AS VARCHAR) || ')'"),
        Overload("FLOAT64 -> FLOAT64", f"{name}({{0}})"),
    )


# DuckDB rounds what a power of ten was multiplied with, which is another number, but for what lies exactly between two.
_ROUNDED: Final = (
    "CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL "
    f"WHEN {{1}} < 0 OR {{1}} > 15 OR NOT isfinite({{0}}) THEN round({{0}}, {_DIGITS}) "
    "WHEN regexp_full_match(substr(split_part(printf('%.60f', {0}), '.', 2), least({1}, 400) + 1), '50*') "
    f"THEN round({{0}}, {_DIGITS}) ELSE CAST(printf('%.*f', {_DIGITS}, {{0}}) AS DOUBLE) END"
)
# Cut where the digits are printed, which are exact.
_PRINTED: Final = "printf('%.400f', abs({0}))"
_CUT_DIGITS: Final = f"substr({_PRINTED}, 1, strpos({_PRINTED}, '.') + CAST(greatest(least({{1}}, 400), 0) AS INTEGER))"
_CUT_TENS: Final = "CAST(greatest(least(-greatest({1}, -400), 400), 0) AS INTEGER)"
_WHOLE: Final = "printf('%.0f', trunc(abs({0})))"
_CUT: Final = (
    "CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL WHEN NOT isfinite({0}) THEN {0} "
    f"WHEN {{1}} >= 0 THEN CAST({_CUT_DIGITS} AS DOUBLE) "
    f"WHEN length({_WHOLE}) <= {_CUT_TENS} THEN 0.0::DOUBLE "
    f"ELSE CAST(left({_WHOLE}, length({_WHOLE}) - {_CUT_TENS}) || repeat('0', {_CUT_TENS}) AS DOUBLE) END "
    "* CASE WHEN {0} < 0 THEN -1 ELSE 1 END"
)
_BEYOND: Final = "isinf({{0}} {0} {{1}}) AND isfinite({{0}}) AND isfinite({{1}})"


def product(beyond: str) -> str:
    """DuckDB's SQL of the product of two NUMERIC values, ``beyond`` where it is none.

    DuckDB needs twice the digits behind the point for it, and so has fewer before it.
    """
    size = "abs(CAST({0} AS DOUBLE) * CAST({1} AS DOUBLE))"
    return (
        f"CASE WHEN {size} < 9e19 THEN CAST({{0}} * {{1}} AS DECIMAL(38, 9)) WHEN {size} > 1.0000001e29 THEN {beyond} "
        f"WHEN {size} IS NOT NULL THEN error('so large a NUMERIC product is not modelled by the local cloud') "
        "END"
    )


def _safe(sign: str) -> tuple[Overload, ...]:
    """An operator whose overflow is NULL."""
    integers, numerics, floats = _TRIED
    return (
        Overload(integers, f"TRY({{0}} {sign} {{1}})"),
        Overload(numerics, product("NULL") if sign == "*" else f"TRY({{0}} {sign} {{1}})"),
        Overload(floats, f"CASE WHEN {_BEYOND.format(sign)} THEN NULL ELSE {{0}} {sign} {{1}} END"),
    )


NUMBERS: Final[Functions] = {
    "ABS": (
        Overload("INT64 -> INT64", "abs({0})", BY_ITSELF),
        Overload("NUMERIC -> NUMERIC", "abs({0})"),
        Overload("FLOAT64 -> FLOAT64", "abs({0})"),
    ),
    "BIT_COUNT": (
        Overload("INT64 -> INT64", "CAST(bit_count({0}) AS BIGINT)"),
        Overload(
            "BYTES -> INT64",
            "CASE WHEN octet_length({0}) = 0 THEN 0 ELSE CAST(bit_count(CAST({0} AS BIT)) AS BIGINT) END",
        ),
    ),
    "CEIL": _float("ceil"),
    "DIV": (
        Overload(
            "INT64, INT64 -> INT64",
            "CASE WHEN {1} = 0 THEN {fail} ELSE {0} // {1} END",
            "'division by zero: ' || CAST({0} AS VARCHAR) || ' / 0'",
        ),
        Overload("NUMERIC, NUMERIC -> NUMERIC", whole("//", "{fail}"), "'division by zero'"),
    ),
    "FLOOR": _float("floor"),
    "GREATEST": _extreme("greatest"),
    "IEEE_DIVIDE": (Overload("FLOAT64, FLOAT64 -> FLOAT64", "({0} / {1})"),),
    "IS_INF": (Overload("FLOAT64 -> BOOL", "isinf({0})"),),
    "IS_NAN": (Overload("FLOAT64 -> BOOL", "isnan({0})"),),
    "LEAST": _extreme("least"),
    "MOD": (
        Overload(
            "INT64, INT64 -> INT64",
            "CASE WHEN {1} = 0 THEN {fail} WHEN {1} = -1 THEN 0 * {0} ELSE {0} % {1} END",
            "'division by zero: MOD(' || CAST({0} AS VARCHAR) || ', 0)'",
        ),
        Overload("NUMERIC, NUMERIC -> NUMERIC", whole("%", "{fail}"), "'division by zero'"),
    ),
    "POW": (
        Overload(
            "FLOAT64, FLOAT64 -> FLOAT64",
            "CASE WHEN isfinite({0}) AND isfinite({1}) AND NOT isfinite(pow({0}, {1})) THEN {fail} "
            "ELSE pow({0}, {1}) END",
            "'Floating point error in function: POW'",
        ),
        Overload("NUMERIC, NUMERIC -> NUMERIC", UNMODELLED),
    ),
    "RAND": (Overload(" -> FLOAT64", "random()", volatile=True),),
    "ROUND": (
        *_float("round"),
        Overload("FLOAT64, INT64 -> FLOAT64", _ROUNDED),
        Overload("NUMERIC, INT64 -> NUMERIC", rounded("1")),
        Overload("NUMERIC, INT64, STRING -> NUMERIC", UNMODELLED),
    ),
    "SAFE_ADD": _safe("+"),
    "SAFE_DIVIDE": (
        Overload(
            "FLOAT64, FLOAT64 -> FLOAT64",
            f"CASE WHEN {{1}} = 0 OR {_BEYOND.format('/')} THEN NULL ELSE {{0}} / {{1}} END",
        ),
        Overload("NUMERIC, NUMERIC -> NUMERIC", divided("{0}", "{1}", "NULL")),
    ),
    "SAFE_MULTIPLY": _safe("*"),
    "SAFE_NEGATE": (
        Overload("INT64 -> INT64", "CASE WHEN {0} > -9223372036854775808 THEN -{0} END"),
        Overload("NUMERIC -> NUMERIC", "(-{0})"),
        Overload("FLOAT64 -> FLOAT64", "(-{0})"),
    ),
    "SAFE_SUBTRACT": _safe("-"),
    "SIGN": (
        Overload("INT64 -> INT64", "CAST(sign({0}) AS BIGINT)"),
        Overload("NUMERIC -> NUMERIC", "CAST(sign({0}) AS DECIMAL(38, 9))"),
        Overload("FLOAT64 -> FLOAT64", "CASE WHEN isnan({0}) THEN {0} ELSE CAST(sign({0}) AS DOUBLE) END"),
    ),
    "SQRT": (
        Overload(
            "FLOAT64 -> FLOAT64",
            "CASE WHEN {0} < 0 THEN {fail} ELSE sqrt({0}) END",
            "'Argument to SQRT cannot be negative: ' || CAST({0} AS VARCHAR)",
        ),
        Overload("NUMERIC -> NUMERIC", UNMODELLED),
    ),
    "TRUNC": (
        *_float("trunc"),
        Overload("FLOAT64, INT64 -> FLOAT64", _CUT),
        Overload("NUMERIC, INT64 -> NUMERIC", rounded("0")),
    ),
}
for _name, _wide in WIDE.items():
    # Of what costs the same the first is taken, and a decimal is not to become a FLOAT64.
    NUMBERS[_name] = (*_wide, *NUMBERS[_name])
NUMBERS["CEILING"] = NUMBERS["CEIL"]
NUMBERS["POWER"] = NUMBERS["POW"]
