"""Logical bytes: what BigQuery counts for a value, whatever its encoding on disk.

https://docs.cloud.google.com/bigquery/pricing#data (data type sizes): a NULL counts 0, an array the sum of its
elements, a STRUCT the sum of its fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from replicator.local.bigquery.storage.projection import literal
from replicator.local.bigquery.types import duckdb_name
from replicator.schema.fields import Field, Mode

_FIXED: Final = {
    "INTEGER": 8, "FLOAT": 8, "NUMERIC": 16, "BOOLEAN": 1, "DATE": 8, "DATETIME": 8, "TIME": 8, "TIMESTAMP": 8,
}  # fmt: skip
_LENGTH: Final = {
    "STRING": "2 + strlen({0})",
    "BYTES": "2 + octet_length({0})",
    "JSON": "strlen({0}::VARCHAR)",
}


@lru_cache(maxsize=2_000)
def leaves(fields: tuple[Field, ...]) -> tuple[str, ...]:
    """The dotted path of every field that holds values itself, in the schema's order, folded to one case."""
    return tuple(".".join(path).casefold() for path, _ in _leaves(fields))


def leaf_sums(fields: Sequence[Field]) -> list[str]:
    """An aggregate per leaf, in the order of ``leaves``: the bytes of all its values in a group of rows, or NULL.

    Binding hundreds of them is what a small write of a wide table costs, so each is as plain as it can be.
    """
    return [_sum(path) for _, path in _leaves(fields)]


def _leaves(
    fields: Sequence[Field], names: tuple[str, ...] = (), parents: tuple[Field, ...] = ()
) -> Iterator[tuple[tuple[str, ...], tuple[Field, ...]]]:
    for field in fields:
        path = (*parents, field)
        if field.type == "RECORD":
            yield from _leaves(field.fields, (*names, field.name), path)
        else:
            yield (*names, field.name), path


def _sum(path: tuple[Field, ...]) -> str:
    column, fixed = duckdb_name(path[0].name), _FIXED.get(path[-1].type)
    if fixed is not None and all(field.mode is not Mode.REPEATED for field in path):
        return f"count({_reach(column, path[1:])}) * {fixed}"
    return f"sum({_size(column, path)})"


def _reach(expression: str, path: Sequence[Field]) -> str:
    for field in path:
        expression = f"struct_extract({expression}, {literal(field.name)})"
    return expression


def _size(expression: str, path: Sequence[Field], depth: int = 0) -> str:
    """The bytes of one leaf in one value of ``path[0]``; NULL where there is no value."""
    field, rest = path[0], path[1:]
    if field.mode is Mode.REPEATED:
        element = f"e{depth}"
        inner = _value(element, field, rest, depth + 1)
        return f"list_sum(list_transform({expression}, lambda {element}: {inner}))"
    return _value(expression, field, rest, depth)


def _value(expression: str, field: Field, rest: Sequence[Field], depth: int) -> str:
    if rest:
        return _size(f"struct_extract({expression}, {literal(rest[0].name)})", rest, depth)
    fixed = _FIXED.get(field.type)
    if fixed is not None:
        return f"CASE WHEN {expression} IS NULL THEN 0 ELSE {fixed} END"
    return _LENGTH[field.type].format(expression)
