"""Statistical aggregates, and percentiles.

Their last digits depend on the order in which rows are summed up, here as in BigQuery:
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#floating_point_types
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replicator.local.bigquery.googlesql.functions.marks import DISTINCT, OVER
from replicator.local.bigquery.googlesql.functions.table import UNMODELLED, Functions, Overload

_DECIMALS: Final = ("NUMERIC", "BIGNUMERIC")
_NAN: Final = "CAST('nan' AS DOUBLE)"


def _doubtful(name: str) -> str:
    return f"error('{name} of such values is not modelled by the local cloud')"


def _single(name: str, engine: str, least: int) -> tuple[Overload, ...]:
    """A measure of one sample; NULL for fewer than ``least`` values."""

    def sql(args: Sequence[str]) -> str:
        value = args[0]
        finite = f"CASE WHEN isfinite({value}) THEN {value} END"
        count = f"count({DISTINCT}{value}){OVER}"
        odd = f"coalesce(bool_or(NOT isfinite({value})){OVER}, false)"
        # The square of what is very large or small is nothing that can be computed with.
        extreme = f"coalesce(bool_or({value} <> 0 AND NOT abs({value}) BETWEEN 1e-150 AND 1e150){OVER}, false)"
        return (
            f"CASE WHEN {count} < {least} THEN NULL WHEN {odd} THEN {_NAN} WHEN {extreme} THEN {_doubtful(name)} "
            f"ELSE {engine}({DISTINCT}{finite}){OVER} END"
        )

    return Overload("FLOAT64 -> FLOAT64", sql), *(Overload(f"{kind} -> FLOAT64", UNMODELLED) for kind in _DECIMALS)


def _paired(name: str, engine: str, least: int) -> tuple[Overload, ...]:
    """A measure of pairs, of which those with a NULL do not count."""

    def sql(args: Sequence[str]) -> str:
        one, other = args
        odd = " OR ".join(
            f"NOT isfinite({one}) OR ({one} <> 0 AND NOT abs({one}) BETWEEN 1e-75 AND 1e75)" for one in args
        )
        odd = f"bool_or({odd}){OVER}"
        finite = f"CASE WHEN isfinite({one}) THEN {one} END, CASE WHEN isfinite({other}) THEN {other} END"
        count = f"count(CASE WHEN {one} IS NOT NULL AND {other} IS NOT NULL THEN 1 END){OVER}"
        return (
            f"CASE WHEN coalesce({odd}, false) THEN {_doubtful(name)} "
            f"WHEN {count} >= {least} THEN {engine}({finite}){OVER} END"
        )

    return Overload("FLOAT64, FLOAT64 -> FLOAT64", sql), *(
        Overload(f"{kind}, {kind} -> FLOAT64", UNMODELLED) for kind in _DECIMALS
    )


def _percentile(name: str, engine: str) -> Overload:
    def sql(args: Sequence[str]) -> str:
        value, share = args
        odd = f"bool_or(NOT isfinite({value})){OVER}"
        finite = f"CASE WHEN isfinite({value}) THEN {value} END"
        return f"CASE WHEN coalesce({odd}, false) THEN {_doubtful(name)} ELSE {engine}({finite}, {share}){OVER} END"

    return Overload("FLOAT64, FLOAT64 -> FLOAT64", sql)


STATISTICS: Final[Functions] = {
    "CORR": _paired("CORR", "corr", 2),
    "COVAR_POP": _paired("COVAR_POP", "covar_pop", 1),
    "COVAR_SAMP": _paired("COVAR_SAMP", "covar_samp", 2),
    "STDDEV": _single("STDDEV", "stddev_samp", 2),
    "STDDEV_POP": _single("STDDEV_POP", "stddev_pop", 1),
    "STDDEV_SAMP": _single("STDDEV_SAMP", "stddev_samp", 2),
    "VARIANCE": _single("VARIANCE", "var_samp", 2),
    "VAR_POP": _single("VAR_POP", "var_pop", 1),
    "VAR_SAMP": _single("VAR_SAMP", "var_samp", 2),
}
"""Aggregates, which may be analytic as well."""

PERCENTILES: Final[Functions] = {
    "PERCENTILE_CONT": (
        _percentile("PERCENTILE_CONT", "quantile_cont"),
        *(Overload(f"{kind}, {kind} -> {kind}", UNMODELLED) for kind in _DECIMALS),
    ),
    "PERCENTILE_DISC": (
        _percentile("PERCENTILE_DISC", "quantile_disc"),
        *(
            Overload(f"{kind}, FLOAT64 -> {kind}", f"quantile_disc({{0}}, {{1}}){OVER}")
            for kind in ("INT64", "STRING", "DATE", "TIMESTAMP", "DATETIME", "TIME", "BOOL", "BYTES")
        ),
        *(Overload(f"{kind}, {kind} -> {kind}", UNMODELLED) for kind in _DECIMALS),
    ),
}
"""They stand with OVER, which holds no ORDER BY."""
