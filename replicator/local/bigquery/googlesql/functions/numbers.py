"""Mathematical functions.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replicator.local.bigquery.googlesql.functions.table import BY_ITSELF, Functions, Overload

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

    ordered = ("INT64", "NUMERIC", "STRING", "BYTES", "DATE", "DATETIME", "TIME", "TIMESTAMP", "BOOL")
    return (*(Overload(f"{kind}... -> {kind}", sql) for kind in ordered), Overload("FLOAT64... -> FLOAT64", floats))


def _float(name: str) -> tuple[Overload, ...]:
    return (
        Overload("INT64 -> FLOAT64", f"CAST({name}(CAST({{0}} AS DOUBLE)) AS DOUBLE)"),
        Overload("NUMERIC -> NUMERIC", f"CAST({name}({{0}}) AS DECIMAL(38, 9))", BY_ITSELF),
        Overload("FLOAT64 -> FLOAT64", f"{name}({{0}})"),
    )


NUMBERS: Final[Functions] = {
    "ABS": (
        Overload("INT64 -> INT64", "abs({0})", BY_ITSELF),
        Overload("NUMERIC -> NUMERIC", "abs({0})"),
        Overload("FLOAT64 -> FLOAT64", "abs({0})"),
    ),
    "CEIL": _float("ceil"),
    "CEILING": _float("ceil"),
    "DIV": (
        Overload(
            "INT64, INT64 -> INT64",
            "CASE WHEN {1} = 0 THEN {fail} ELSE {0} // {1} END",
            "'division by zero: ' || CAST({0} AS VARCHAR) || ' / 0'",
        ),
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
            "CASE WHEN {1} = 0 THEN {fail} ELSE {0} % {1} END",
            "'division by zero: MOD(' || CAST({0} AS VARCHAR) || ', 0)'",
        ),
    ),
    "POW": (
        Overload(
            "FLOAT64, FLOAT64 -> FLOAT64",
            "CASE WHEN isfinite({0}) AND isfinite({1}) AND NOT isfinite(pow({0}, {1})) THEN {fail} "
            "ELSE pow({0}, {1}) END",
            "'Floating point error in function: POW'",
        ),
    ),
    "RAND": (Overload(" -> FLOAT64", "random()", volatile=True),),
    "ROUND": (
        *_float("round"),
        Overload("FLOAT64, INT64 -> FLOAT64", "round({0}, CAST({1} AS INTEGER))", BY_ITSELF),
    ),
    "SAFE_ADD": tuple(Overload(shape, "TRY({0} + {1})") for shape in _TRIED[:2]),
    "SAFE_DIVIDE": (Overload("FLOAT64, FLOAT64 -> FLOAT64", "CASE WHEN {1} = 0 THEN NULL ELSE {0} / {1} END"),),
    "SAFE_MULTIPLY": (Overload(_TRIED[0], "TRY({0} * {1})"),),
    "SAFE_NEGATE": (Overload("INT64 -> INT64", "TRY(-{0})"), Overload("FLOAT64 -> FLOAT64", "(-{0})")),
    "SAFE_SUBTRACT": tuple(Overload(shape, "TRY({0} - {1})") for shape in _TRIED[:2]),
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
    ),
    "TRUNC": _float("trunc"),
}
NUMBERS["POWER"] = NUMBERS["POW"]
