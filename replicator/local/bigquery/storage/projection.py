"""Columns written under one schema, read under another: by name, at every depth, never by position.

DuckDB SQL only. A field that the older schema lacks is NULL, or an empty array where it is REPEATED; fields that the
newer schema lacks are left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from replicator.local.bigquery.errors import unmodelled
from replicator.local.bigquery.types import Type, duckdb_name, duckdb_type, type_of
from replicator.schema.fields import Field, Mode


@lru_cache(maxsize=20_000)
def column_type(field: Field) -> str:
    """The DuckDB type of a column or nested field."""
    return duckdb_type(type_of(field))


@lru_cache(maxsize=20_000)
def _type(field: Field) -> Type:
    # Two types may be held alike, and are not the same for it.
    return type_of(field)


def literal(text: str) -> str:
    """A DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def find(fields: Iterable[Field], name: str) -> Field | None:
    """The field of that name, compared as BigQuery does: without regard to case."""
    folded = name.casefold()
    return next((field for field in fields if field.name.casefold() == folded), None)


def project(expression: str, written: Field | None, wanted: Field, depth: int = 0) -> str:
    """DuckDB SQL of ``wanted``, from a value at ``expression`` that was written as ``written``.

    Args:
        expression: Where the value is; not used when ``written`` is None.
        written: The field as it was written, None where it was not.
        wanted: The field as it is to be read.
        depth: How many arrays enclose it; names the lambda's parameter.
    """
    kind = column_type(wanted)
    if written is None:
        return f"[]::{kind}" if wanted.mode is Mode.REPEATED else f"NULL::{kind}"
    if column_type(written) == kind and _type(written) == _type(wanted):
        return expression
    if written.type != "RECORD" or wanted.type != "RECORD" or _repeated(written) != _repeated(wanted):
        what = f"reading field {wanted.name} of type {_type(written)} as {_type(wanted)}"
        raise unmodelled(what)
    if wanted.mode is Mode.REPEATED:
        element = f"e{depth}"
        inner = project(element, replace(written, mode=Mode.NULLABLE), replace(wanted, mode=Mode.NULLABLE), depth + 1)
        return f"list_transform({expression}, lambda {element}: {inner})"
    parts = []
    for child in wanted.fields:
        source = find(written.fields, child.name)
        at = f"struct_extract({expression}, {literal(source.name)})" if source else ""
        parts.append(f"{duckdb_name(child.name)} := {project(at, source, child, depth)}")
    return f"CASE WHEN {expression} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END"


def empty_relation(columns: Sequence[tuple[str, str]]) -> str:
    """A SELECT of no rows with columns of these (name, DuckDB type)."""
    listed = ", ".join(f"NULL::{kind} AS {duckdb_name(name)}" for name, kind in columns) or "NULL::BOOLEAN AS none"
    return f"SELECT {listed} WHERE false"


def _repeated(field: Field) -> bool:
    return field.mode is Mode.REPEATED
