"""Rows as the REST API writes them, made in the engine: ``{"f": [{"v": "1"}, {"v": null}]}``.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list; timestamps are whole microseconds since
1970, as ``formatOptions.useInt64Timestamp`` has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.types import Type, duckdb_name

# Clients tell a time with a fraction from one without by its length: the fraction has six digits or is not there.
_TEXT: Final = {
    "BIGNUMERIC": bignumerics.text("{0}"),
    "BOOL": "({0})::VARCHAR",
    "BYTES": "to_base64({0})",
    "DATE": "strftime({0}, '%Y-%m-%d')",
    "DATETIME": "CASE WHEN epoch_us({0}) % 1000000 = 0 THEN strftime({0}, '%Y-%m-%dT%H:%M:%S') "
    "ELSE strftime({0}, '%Y-%m-%dT%H:%M:%S.%f') END",
    "FLOAT64": "CASE WHEN isnan({0}) THEN 'NaN' WHEN isinf({0}) THEN CASE WHEN {0} > 0 THEN 'Infinity' "
    "ELSE '-Infinity' END ELSE ({0})::VARCHAR END",
    "INT64": "({0})::VARCHAR",
    "JSON": "({0})::VARCHAR",
    "NUMERIC": "rtrim(rtrim(({0})::VARCHAR, '0'), '.')",
    "STRING": "{0}",
    "TIME": "CASE WHEN epoch_us({0}) % 1000000 = 0 THEN left(({0})::VARCHAR, 8) ELSE rpad(({0})::VARCHAR, 15, '0') END",
    "TIMESTAMP": "epoch_us({0})::VARCHAR",
}


def rest_row(columns: Sequence[tuple[str, Type]]) -> str:
    """DuckDB SQL of one row's JSON text, where columns of these names and types are in scope.

    Fields of a STRUCT are taken by position: what they are called inside the engine does not matter.
    """
    return _record([(duckdb_name(name), kind) for name, kind in columns], 0)


def _record(values: Sequence[tuple[str, Type]], depth: int) -> str:
    listed = ", ".join(f"json_object('v', {_value(expression, kind, depth)})" for expression, kind in values)
    return f"json_object('f', json_array({listed}))"


def _value(expression: str, kind: Type, depth: int) -> str:
    if kind.element is not None:
        element = f"e{depth}"
        inner = f"json_object('v', {_value(element, kind.element, depth + 1)})"
        # An array that is NULL is written as an empty one.
        return f"coalesce(to_json(list_transform({expression}, lambda {element}: {inner})), '[]'::JSON)"
    if kind.name == "STRUCT":
        children = [
            (f"struct_extract_at({expression}, {position})", child)
            for position, (_, child) in enumerate(kind.fields, start=1)
        ]
        return f"CASE WHEN {expression} IS NULL THEN NULL ELSE {_record(children, depth)} END"
    return _TEXT[kind.name].format(expression)
