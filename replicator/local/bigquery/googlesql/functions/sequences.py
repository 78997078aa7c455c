"""GENERATE_ARRAY.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/array_functions#generate_array
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.coercion import common
from replicator.local.bigquery.googlesql.functions.rules import arguments, mismatch, rule
from replicator.local.bigquery.googlesql.functions.table import UNMODELLED, Overload, call
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import Value, fail, quote
from replicator.local.bigquery.types import Type, array

_STEP: Final = "'Sequence step cannot be 0.'"
_MOST: Final = 1_048_575
"""Elements that a generated array may have (array_functions#generate_array)."""


def _fractions(kind: str) -> tuple[Overload, ...]:
    """GENERATE_ARRAY of numbers with fractions: each is so many steps from the first, not one from the last."""
    one = f"CAST(1 AS {'DOUBLE' if kind == 'FLOAT64' else 'DECIMAL(38, 9)'})"

    def sql(args: Sequence[str]) -> str:
        first, last, step = (*args, one)[:3]
        zero = fail(array(Type(kind)), _STEP)
        many = fail(array(Type(kind)), quote(f"Cannot generate arrays with more than {_MOST} elements."))
        bounds = f"CAST({first} AS DOUBLE)", f"CAST({last} AS DOUBLE)", f"CAST({step} AS DOUBLE)"
        count = f"(({bounds[1]} - {bounds[0]}) / {bounds[2]})"
        # The last of them may be one step too far, or one that the division has lost.
        element = f"{first} + {'CAST(i AS DOUBLE)' if kind == 'FLOAT64' else 'CAST(i AS BIGINT)'} * {step}"
        made = f"list_transform(range(0, CAST(trunc({count}) AS BIGINT) + 2), lambda i: {element})"
        kept = f"list_filter({made}, lambda e: CASE WHEN {step} > 0 THEN e <= {last} ELSE e >= {last} END)"
        wrong = fail(array(Type(kind)), quote("Sequence start, end, and step cannot be NaN, nor the step infinite."))
        odd = f"isnan({first}) OR isnan({last}) OR NOT isfinite({step})"
        checked = f"WHEN {odd} THEN {wrong} " if kind == "FLOAT64" else ""
        return (
            f"CASE WHEN {first} IS NULL OR {last} IS NULL OR {step} IS NULL THEN NULL {checked}"
            f"WHEN {step} = 0 THEN {zero} WHEN {first} = {last} THEN [{first}] "
            f"WHEN ({step} > 0) = ({first} > {last}) THEN [] "
            f"WHEN NOT {count} < {_MOST} THEN {many} ELSE {kept} END"
        )

    return tuple(Overload(f"{', '.join([kind] * count)} -> ARRAY<{kind}>", sql, _STEP) for count in (2, 3))


_OVERLOADS: Final = (
    *(Overload(f"{', '.join(['BIGNUMERIC'] * count)} -> ARRAY<BIGNUMERIC>", UNMODELLED) for count in (2, 3)),
    *_fractions("NUMERIC"),
    *_fractions("FLOAT64"),
    Overload("INT64, INT64 -> ARRAY<INT64>", "generate_series({0}, {1})"),
    Overload(
        "INT64, INT64, INT64 -> ARRAY<INT64>",
        "CASE WHEN {2} = 0 THEN {fail} ELSE generate_series({0}, {1}, {2}) END",
        _STEP,
    ),
)


@rule("GENERATE_ARRAY")
def _generated(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 2, 3)
    found = common(values, resolver.gathering.names, node)
    if found is None:
        raise mismatch(node, values)
    return call("function GENERATE_ARRAY", _OVERLOADS, found[1], resolver.gathering.names, node)
