"""Aggregate and analytic functions.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/window-function-calls
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.functions.approximate import APPROXIMATE
from replicator.local.bigquery.googlesql.functions.bignumbers import AVERAGED, SUMMED
from replicator.local.bigquery.googlesql.functions.decimals import mean
from replicator.local.bigquery.googlesql.functions.marks import DISTINCT, NULLS, ORDER, OVER
from replicator.local.bigquery.googlesql.functions.statistics import PERCENTILES, STATISTICS
from replicator.local.bigquery.googlesql.functions.table import BY_ITSELF, UNMODELLED, Functions, Overload
from replicator.local.bigquery.googlesql.refusals import refused, unknown

_SCALARS: Final = ("INT64", "NUMERIC", "BIGNUMERIC", "STRING", "BYTES", "BOOL", "DATE", "DATETIME", "TIME", "TIMESTAMP")


def _extreme(name: str) -> tuple[Overload, ...]:
    """MIN and MAX: NaN when any value is."""

    def floats(args: Sequence[str]) -> str:
        nan = f"bool_or(isnan({args[0]})){OVER}"
        return f"CASE WHEN {nan} THEN CAST('nan' AS DOUBLE) ELSE {name}({args[0]}){OVER} END"

    plain = (Overload(f"{kind} -> {kind}", f"{name}({{0}}){OVER}") for kind in _SCALARS)
    return (*plain, Overload("FLOAT64 -> FLOAT64", floats))


def _average(args: Sequence[str]) -> str:
    made = f"avg({DISTINCT}{args[0]}){OVER}"
    doubt = "error('AVG of values that are not finite is not modelled by the local cloud')"
    return f"CASE WHEN isinf({made}) THEN {doubt} ELSE {made} END"


def _total(args: Sequence[str]) -> str:
    made = f"sum({DISTINCT}{args[0]}){OVER}"
    doubt = "error('SUM of values that are not finite, or add up to so much, is not modelled by the local cloud')"
    return f"CASE WHEN abs({made}) >= 1e308 AND NOT isnan({made}) THEN {doubt} ELSE {made} END"


def _at_extreme(name: str) -> tuple[Overload, ...]:
    """MAX_BY and MIN_BY; of a FLOAT64 NaN is the extreme, which it is not to DuckDB."""
    return (
        *(Overload(f"T, {kind} -> T", f"{name}({{0}}, {{1}}){OVER}") for kind in _SCALARS),
        Overload("T, FLOAT64 -> T", UNMODELLED),
    )


AGGREGATES: Final[Functions] = {
    "ANY_VALUE": (Overload("T -> T", f"any_value({{0}}){OVER}"),),
    "ARRAY_AGG": (Overload("T -> ARRAY<T>", f"list({DISTINCT}{{0}}{ORDER}){OVER}"),),
    "ARRAY_CONCAT_AGG": (Overload("ARRAY<T> -> ARRAY<T>", f"flatten(list({{0}}{ORDER}){OVER})"),),
    **APPROXIMATE,
    "AVG": (
        Overload("INT64 -> FLOAT64", f"avg({DISTINCT}{{0}}){OVER}"),
        Overload("FLOAT64 -> FLOAT64", _average),
        Overload("NUMERIC -> NUMERIC", lambda args: mean(args, DISTINCT, OVER)),
        AVERAGED,
    ),
    "BIT_AND": (Overload("INT64 -> INT64", f"bit_and({{0}}){OVER}"), Overload("BYTES -> BYTES", UNMODELLED)),
    "BIT_OR": (Overload("INT64 -> INT64", f"bit_or({{0}}){OVER}"), Overload("BYTES -> BYTES", UNMODELLED)),
    "BIT_XOR": (
        Overload("INT64 -> INT64", f"bit_xor({DISTINCT}{{0}}){OVER}"),
        Overload("BYTES -> BYTES", UNMODELLED),
    ),
    "COUNT": (Overload("T -> INT64", f"count({DISTINCT}{{0}}){OVER}"),),
    "COUNTIF": (Overload("BOOL -> INT64", f"count(CASE WHEN {{0}} THEN 1 END){OVER}"),),
    "LOGICAL_AND": (Overload("BOOL -> BOOL", f"bool_and({{0}}){OVER}"),),
    "LOGICAL_OR": (Overload("BOOL -> BOOL", f"bool_or({{0}}){OVER}"),),
    "MAX": _extreme("max"),
    "MAX_BY": _at_extreme("arg_max_null"),
    "MIN": _extreme("min"),
    "MIN_BY": _at_extreme("arg_min_null"),
    "STRING_AGG": (
        Overload("BYTES -> BYTES", f"unhex(string_agg({DISTINCT}hex({{0}}), '2C'{ORDER}){OVER})"),
        Overload("BYTES, BYTES -> BYTES", f"unhex(string_agg({DISTINCT}hex({{0}}), hex({{1}}){ORDER}){OVER})"),
        Overload("STRING -> STRING", f"string_agg({DISTINCT}{{0}}, ','{ORDER}){OVER}"),
        Overload("STRING, STRING -> STRING", f"string_agg({DISTINCT}{{0}}, {{1}}{ORDER}){OVER}"),
    ),
    "SUM": (
        Overload("INT64 -> INT64", f"CAST(sum({DISTINCT}{{0}}){OVER} AS BIGINT)", BY_ITSELF),
        Overload("NUMERIC -> NUMERIC", f"CAST(sum({DISTINCT}{{0}}){OVER} AS DECIMAL(38, 9))", BY_ITSELF),
        SUMMED,
        Overload("FLOAT64 -> FLOAT64", _total),
    ),
    **STATISTICS,
}
"""Functions over the rows of a group; all of them may be analytic as well."""

ANALYTIC: Final[Functions] = {
    "CUME_DIST": (Overload(" -> FLOAT64", f"cume_dist(){OVER}"),),
    "DENSE_RANK": (Overload(" -> INT64", f"dense_rank(){OVER}"),),
    "FIRST_VALUE": (Overload("T -> T", f"first_value({{0}}{NULLS}){OVER}"),),
    "LAG": (
        Overload("T -> T", f"lag({{0}}){OVER}"),
        Overload("T, INT64 -> T", f"lag({{0}}, {{1}}){OVER}"),
        Overload("T, INT64, T -> T", f"lag({{0}}, {{1}}, {{2}}){OVER}"),
    ),
    "LAST_VALUE": (Overload("T -> T", f"last_value({{0}}{NULLS}){OVER}"),),
    "LEAD": (
        Overload("T -> T", f"lead({{0}}){OVER}"),
        Overload("T, INT64 -> T", f"lead({{0}}, {{1}}){OVER}"),
        Overload("T, INT64, T -> T", f"lead({{0}}, {{1}}, {{2}}){OVER}"),
    ),
    "NTH_VALUE": (Overload("T, INT64 -> T", f"nth_value({{0}}, {{1}}{NULLS}){OVER}"),),
    "NTILE": (Overload("INT64 -> INT64", f"ntile({{0}}){OVER}"),),
    **PERCENTILES,
    "PERCENT_RANK": (Overload(" -> FLOAT64", f"percent_rank(){OVER}"),),
    "RANK": (Overload(" -> INT64", f"rank(){OVER}"),),
    "ROW_NUMBER": (Overload(" -> INT64", f"row_number(){OVER}"),),
}
"""Functions that only stand with OVER."""

NEEDS_ORDER: Final = frozenset({"CUME_DIST", "DENSE_RANK", "LAG", "LEAD", "NTILE", "PERCENT_RANK", "RANK"})
TAKES_NO_ORDER: Final = frozenset(PERCENTILES)
TAKES_NULLS: Final = frozenset({"FIRST_VALUE", "LAST_VALUE", "NTH_VALUE"})
_DISTINCT: Final = frozenset(
    {
        *(name for name in STATISTICS if name.startswith(("STDDEV", "VAR"))),
        "APPROX_QUANTILES",
        "ARRAY_AGG",
        "AVG",
        "BIT_XOR",
        "COUNT",
        "MAX",
        "MIN",
        "STRING_AGG",
        "SUM",
    }
)
_ORDERED: Final = frozenset({"ARRAY_AGG", "ARRAY_CONCAT_AGG", "STRING_AGG"})


@dataclass(frozen=True, slots=True)
class Modified:
    """A call with what stands inside its parentheses besides arguments."""

    args: tuple[exp.Expr, ...]
    distinct: bool = False
    nulls: str = ""
    order: tuple[exp.Expr, ...] = field(default=())
    limit: exp.Expr | None = None


def _check_nulls(name: str, nulls: str, node: exp.Expr) -> None:
    if nulls == "RESPECT NULLS" and name in TAKES_NO_ORDER:
        raise unknown(node, f"{name} with RESPECT NULLS")
    if name not in TAKES_NULLS | TAKES_NO_ORDER and name != "ARRAY_AGG":
        raise refused(node, f"{nulls} is not allowed for {name}")


def modified(name: str, args: Sequence[exp.Expr]) -> Modified:
    """Take the modifiers off the arguments, where sqlglot hangs them on the last or the only one.

    Raises:
        BigQueryError: The function does not take one of them.
    """
    if not args:
        return Modified(())
    *before, last = args
    limit = order = None
    nulls = ""
    distinct = False
    if isinstance(last, exp.Limit):
        limit, last = last.expression, last.this
    if isinstance(last, exp.Order):
        order, last = tuple(last.expressions), last.this
    if isinstance(last, exp.HavingMax):
        raise unknown(last, f"{name} with HAVING MAX or MIN")
    if isinstance(last, exp.IgnoreNulls | exp.RespectNulls):
        nulls = "IGNORE NULLS" if isinstance(last, exp.IgnoreNulls) else "RESPECT NULLS"
        last = last.this
    rest = [last]
    if isinstance(last, exp.Distinct):
        distinct, rest = True, list(last.expressions)
    elif before and isinstance(before[0], exp.Distinct):
        distinct, before = True, [*before[0].expressions, *before[1:]]
    if (distinct and name not in _DISTINCT) or ((order or limit) and name not in _ORDERED):
        raise refused(last, f"Aggregate function {name} does not support DISTINCT, ORDER BY or LIMIT in arguments")
    if nulls:
        _check_nulls(name, nulls, last)
    return Modified((*before, *rest), distinct, nulls, order or (), limit)
