"""What a table may hold: no NULL array, no NULL in an array, a value wherever one is REQUIRED.

The check is part of the expression that is written, so that rows are read once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.projection import column_type, literal
from replicator.local.bigquery.types import duckdb_name
from replicator.schema.fields import Field, Mode

if TYPE_CHECKING:
    import duckdb

# Tells these refusals from what ERROR() says in a query.
_MARK: Final = "The table may not hold this: "


def admitted(expression: str, field: Field) -> str:
    """DuckDB SQL of a column's value as the table holds it: NULL arrays are empty, at every depth.

    It raises what ``refusal`` reads where the table may not hold the value.
    """
    return _value(expression, field, (field.name,), 0)


def refusal(error: duckdb.Error) -> BigQueryError | None:
    """The service's error, where a value was not admitted; None for errors of another origin."""
    _, mark, fact = str(error).partition(_MARK)
    return BigQueryError("invalidQuery", fact) if mark else None


def _value(expression: str, field: Field, names: tuple[str, ...], depth: int) -> str:
    if field.mode is Mode.REPEATED:
        return _array(expression, field, names, depth)
    value = _record(expression, field, names, depth)
    if field.mode is Mode.REQUIRED:
        refused = _refuse(f"Required field {'.'.join(names)} cannot be null", field)
        return f"CASE WHEN {expression} IS NULL THEN {refused} ELSE {value} END"
    return value


def _array(expression: str, field: Field, names: tuple[str, ...], depth: int) -> str:
    value = expression
    if _is_checked_within(field):
        element = f"e{depth}"
        inner = _record(element, replace(field, mode=Mode.NULLABLE), names, depth + 1)
        value = f"list_transform({expression}, lambda {element}: {inner})"
    refused = _refuse(f"Array cannot have a null element; error in writing field {'.'.join(names)}", field)
    return (
        f"CASE WHEN {expression} IS NULL THEN []::{column_type(field)} "
        f"WHEN list_count({expression}) < len({expression}) THEN {refused} ELSE {value} END"
    )


def _record(expression: str, field: Field, names: tuple[str, ...], depth: int) -> str:
    """A record is made anew only where something in it has to be looked at."""
    if not _is_checked_within(field):
        return expression
    parts = []
    for child in field.fields:
        at = f"struct_extract({expression}, {literal(child.name)})"
        parts.append(f"{duckdb_name(child.name)} := {_value(at, child, (*names, child.name), depth)}")
    return f"CASE WHEN {expression} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END"


def _refuse(fact: str, field: Field) -> str:
    return f"error({literal(_MARK + fact)})::{column_type(field)}"


@lru_cache(maxsize=20_000)
def _is_checked_within(field: Field) -> bool:
    return any(child.mode is not Mode.NULLABLE or _is_checked_within(child) for child in field.fields)
