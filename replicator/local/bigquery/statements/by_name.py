"""Columns matched by name, at every depth.

Where a job adds rows to a table that is there, the service matches columns and fields by name; in DML it never does.
"""

from __future__ import annotations

from collections.abc import Sequence

from replicator.local.bigquery.types import Type, duckdb_name, duckdb_type, type_of
from replicator.schema.fields import Field


def select_by_name(select: str, columns: Sequence[tuple[str, Type]], fields: Sequence[Field]) -> str:
    """A DuckDB SELECT of a table's columns out of another SELECT; what is missing there is NULL.

    Args:
        select: Yields ``columns``.
        columns: Their names and types.
        fields: The table's columns, which name each of ``columns``.
    """
    given = {name.lower(): (name, kind) for name, kind in columns}
    items = []
    for field in fields:
        found = given.get(field.name.lower())
        kind = type_of(field)
        text = "NULL" if found is None else _value(duckdb_name(found[0]), found[1], kind, 0)
        items.append(f"CAST({text} AS {duckdb_type(kind)}) AS {duckdb_name(field.name)}")
    return f"SELECT {', '.join(items)} FROM ({select})"


def _value(expression: str, given: Type, wanted: Type, depth: int) -> str:
    if given == wanted:
        return expression
    if wanted.element is not None and given.element is not None:
        name = f"e{depth}"
        inner = _value(name, given.element, wanted.element, depth + 1)
        return expression if inner == name else f"list_transform({expression}, lambda {name}: {inner})"
    if wanted.name == "STRUCT" and given.name == "STRUCT":
        known = {name.lower(): (name, kind) for name, kind in given.fields}
        parts = []
        for name, kind in wanted.fields:
            found = known.get(name.lower())
            text = "NULL" if found is None else _value(f"{expression}.{duckdb_name(found[0])}", found[1], kind, depth)
            parts.append(f"{duckdb_name(name)} := CAST({text} AS {duckdb_type(kind)})")
        return f"CASE WHEN {expression} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END"
    return expression
