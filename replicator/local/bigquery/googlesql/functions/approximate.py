"""Approximate aggregates, which are exact here: the page lets them be, and no two answers of the service need agree.

Of values that come equally often or weigh the same, no page says which stands first.
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/approximate_aggregate_functions
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from replicator.local.bigquery.googlesql.functions.marks import DISTINCT, OVER
from replicator.local.bigquery.googlesql.functions.table import UNMODELLED, Functions, Overload

_KINDS: Final = ("INT64", "NUMERIC", "BIGNUMERIC", "STRING", "BYTES", "BOOL", "DATE", "DATETIME", "TIME", "TIMESTAMP")
_MOST_PAIRS: Final = 50_000_000
"""So many comparisons APPROX_TOP_SUM may take, a few seconds."""


def _quantiles(args: Sequence[str]) -> str:
    value, count = args
    place = f"CAST(greatest((q * len(l) + {count} - 1) // {count}, 1) AS BIGINT)"
    made = f"list_transform(range(0, {count} + 1), lambda q: list_extract(l, {place}))"
    held = f"list_sort(list_filter(list({DISTINCT}{value}){OVER}, lambda e: e IS NOT NULL))"
    return f"list_transform([{held}], lambda l: CASE WHEN len(l) > 0 THEN {made} END)[1]"


def _top(every: str, count: str, name: str) -> str:
    """The first of a list of values ``v`` with what they came to as ``n``, the most first."""
    ordered = f"list_transform({every}, lambda o: struct_pack(there := o['n'] IS NOT NULL, n := o['n'], v := o['v']))"
    kept = f"list_slice(list_reverse_sort({ordered}), 1, {count})"
    return f"list_transform({kept}, lambda r: struct_pack(value := r['v'], {name} := r['n']))"


def _top_count(args: Sequence[str]) -> str:
    value, count = args
    counted = (
        f"list_transform(map_entries(histogram({value}){OVER}), lambda m: struct_pack(n := m['value'], v := m['key']))"
    )
    # NULL is counted as any value is.
    nulls = f"CAST(count(*){OVER} - count({value}){OVER} AS UBIGINT)"
    absent = f"CASE WHEN {nulls} > 0 THEN [struct_pack(n := {nulls}, v := NULL)] ELSE [] END"
    every = f"list_concat(coalesce({counted}, []), {absent})"
    whole = f"list_transform({every}, lambda w: struct_pack(n := CAST(w['n'] AS BIGINT), v := w['v']))"
    return f"CASE WHEN count(*){OVER} > 0 THEN {_top(whole, count, 'count')} END"


def _top_sum(engine: str) -> Callable[[Sequence[str]], str]:
    def sql(args: Sequence[str]) -> str:
        value, weight, count = args
        pairs = f"list(struct_pack(v := {value}, w := {weight})){OVER}"
        values = "list_distinct(list_transform(l, lambda p: p['v']))"
        absent = "CASE WHEN len(list_filter(l, lambda p: p['v'] IS NULL)) > 0 THEN [NULL] ELSE [] END"
        own = "list_transform(list_filter(l, lambda p: p['v'] IS NOT DISTINCT FROM d), lambda q: q['w'])"
        every = (
            f"list_transform(list_concat({values}, {absent}), "
            f"lambda d: struct_pack(n := CAST(list_sum({own}) AS {engine}), v := d))"
        )
        wrong = "len(list_filter(l, lambda p: p['w'] < 0 OR CAST(p['w'] AS VARCHAR) = 'nan')) > 0"
        failure = "error('The weight of APPROX_TOP_SUM cannot be negative or NaN')"
        doubt = "error('APPROX_TOP_SUM of so many values is not modelled by the local cloud')"
        return (
            f"list_transform([{pairs}], lambda l: CASE WHEN len(l) = 0 THEN NULL WHEN {wrong} THEN {failure} "
            f"WHEN len(l) * len({values}) > {_MOST_PAIRS} THEN {doubt} ELSE {_top(every, count, 'sum')} END)[1]"
        )

    return sql


_WEIGHTS: Final = {"INT64": "BIGINT", "NUMERIC": "DECIMAL(38, 9)", "BIGNUMERIC": "", "FLOAT64": "DOUBLE"}

APPROXIMATE: Final[Functions] = {
    "APPROX_COUNT_DISTINCT": (Overload("T -> INT64", f"count(DISTINCT {{0}}){OVER}"),),
    "APPROX_QUANTILES": tuple(
        Overload(f"{kind}, INT64 -> ARRAY<{kind}>", UNMODELLED if kind == "FLOAT64" else _quantiles)
        for kind in (*_KINDS, "FLOAT64")
    ),
    "APPROX_TOP_COUNT": tuple(
        Overload(
            f"{kind}, INT64 -> ARRAY<STRUCT<value {kind}, count INT64>>",
            UNMODELLED if kind == "FLOAT64" else _top_count,
        )
        for kind in (*_KINDS, "FLOAT64")
    ),
    "APPROX_TOP_SUM": tuple(
        Overload(
            f"{kind}, {weight}, INT64 -> ARRAY<STRUCT<value {kind}, sum {weight}>>",
            UNMODELLED if kind == "FLOAT64" or not engine else _top_sum(engine),
        )
        for kind in (*_KINDS, "FLOAT64")
        for weight, engine in _WEIGHTS.items()
    ),
}
