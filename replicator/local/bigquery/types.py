"""GoogleSQL's types, as the engine sees them.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from replicator.local.bigquery.errors import unmodelled
from replicator.schema.fields import Field, Mode
from replicator.schema.identifiers import identifier

SCALARS: Final = {
    "INT64": "BIGINT",
    "FLOAT64": "DOUBLE",
    "NUMERIC": "DECIMAL(38, 9)",
    # As a text that sorts as the value does: bignumerics.py.
    "BIGNUMERIC": "VARCHAR",
    "BOOL": "BOOLEAN",
    "STRING": "VARCHAR",
    "BYTES": "BLOB",
    "DATE": "DATE",
    "DATETIME": "TIMESTAMP",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMPTZ",
    "JSON": "JSON",
}
_FROM_API: Final = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
_TO_API: Final = {name: api for api, name in _FROM_API.items()}


@dataclass(frozen=True, slots=True)
class Type:
    """A GoogleSQL type.

    Attributes:
        name: A scalar's name, ``STRUCT`` or ``ARRAY``.
        fields: A struct's (name, type) pairs; an unnamed field has the name ``""``.
        element: An array's element type.
    """

    name: str
    fields: tuple[tuple[str, Type], ...] = ()
    element: Type | None = None

    def __str__(self) -> str:
        """As GoogleSQL prints it, which it can read again."""
        if self.element is not None:
            return f"ARRAY<{self.element}>"
        if self.name == "STRUCT":
            named = (f"{identifier(name)} {kind}" if name else str(kind) for name, kind in self.fields)
            return f"STRUCT<{', '.join(named)}>"
        return self.name


def array(element: Type) -> Type:
    """``ARRAY<element>``."""
    return Type("ARRAY", element=element)


def struct(*fields: tuple[str, Type]) -> Type:
    """``STRUCT<fields…>``."""
    return Type("STRUCT", fields=fields)


def duckdb_name(name: str) -> str:
    """The name as an identifier of DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'


def duckdb_type(kind: Type) -> str:
    """The type in which DuckDB holds values of ``kind``.

    Raises:
        BigQueryError: notImplemented, for a type that the engine does not hold exactly, and for unnamed struct fields.
    """
    if kind.element is not None:
        return f"{duckdb_type(kind.element)}[]"
    if kind.name == "STRUCT":
        if not all(name for name, _ in kind.fields):
            what = f"a value of {kind} outside its expression"
            raise unmodelled(what)
        return f"STRUCT({', '.join(f'{duckdb_name(name)} {duckdb_type(child)}' for name, child in kind.fields)})"
    if kind.name not in SCALARS:
        what = f"the type {kind.name}"
        raise unmodelled(what)
    return SCALARS[kind.name]


def type_of(field: Field) -> Type:
    """The type of a column or field, its mode included."""
    if field.type == "RECORD":
        kind = Type("STRUCT", fields=tuple((child.name, type_of(child)) for child in field.fields))
    else:
        kind = Type(_FROM_API.get(field.type, field.type))
    return array(kind) if field.mode is Mode.REPEATED else kind


def field_of(name: str, kind: Type) -> Field:
    """The NULLABLE or REPEATED field of a query's result, which is never REQUIRED."""
    mode = Mode.NULLABLE
    if kind.element is not None:
        kind, mode = kind.element, Mode.REPEATED
    if kind.name == "STRUCT":
        return Field(name, "RECORD", mode, tuple(field_of(child, inner) for child, inner in kind.fields))
    return Field(name, _TO_API.get(kind.name, kind.name), mode)
