"""A table's fields, as the REST API describes them.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from replicator.schema.identifiers import identifier

# The API accepts the legacy names and the GoogleSQL ones, and answers with the legacy ones.
_LEGACY: Final = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
_GOOGLESQL: Final = {legacy: name for name, legacy in _LEGACY.items()}

TYPES: Final = frozenset(
    {
        "BIGNUMERIC", "BOOLEAN", "BYTES", "DATE", "DATETIME", "FLOAT", "GEOGRAPHY", "INTEGER", "INTERVAL", "JSON",
        "NUMERIC", "RANGE", "RECORD", "STRING", "TIME", "TIMESTAMP",
    }
)  # fmt: skip


class Mode(StrEnum):
    """How many values a field holds in a row."""

    NULLABLE = "NULLABLE"
    REQUIRED = "REQUIRED"
    REPEATED = "REPEATED"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; ``fields`` is empty unless ``type`` is ``RECORD``.

    Attributes:
        name: As the table spells it; compared without regard to case.
        type: The API's name: ``INTEGER``, ``FLOAT``, ``BOOLEAN``, ``RECORD``, ``STRING``, …
        mode: NULLABLE unless said otherwise.
        fields: The record's own fields, in their order.
        description: Shown to people.
    """

    name: str
    type: str
    mode: Mode = Mode.NULLABLE
    fields: tuple[Field, ...] = field(default=())
    description: str | None = None

    @classmethod
    def from_api(cls, resource: Mapping[str, Any]) -> Self:
        """Read a ``TableFieldSchema``.

        Raises:
            KeyError: It has no name or no type.
            ValueError: The type or the mode is not one of the API's.
        """
        kind = str(resource["type"]).upper()
        kind = _LEGACY.get(kind, kind)
        if kind not in TYPES:
            msg = f"{resource['type']!r} is not a BigQuery type"
            raise ValueError(msg)
        return cls(
            name=str(resource["name"]),
            type=kind,
            mode=Mode(str(resource.get("mode") or "NULLABLE").upper()),
            fields=tuple(cls.from_api(child) for child in resource.get("fields", ())),
            description=resource.get("description"),
        )

    def to_api(self) -> dict[str, Any]:
        """Write a ``TableFieldSchema``."""
        resource: dict[str, Any] = {"name": self.name, "type": self.type, "mode": self.mode.value}
        if self.description is not None:
            resource["description"] = self.description
        if self.fields:
            resource["fields"] = [child.to_api() for child in self.fields]
        return resource

    @property
    def googlesql(self) -> str:
        """The type as GoogleSQL prints it, so that it can be read again: ``ARRAY<STRUCT<a INT64, `end` STRING>>``."""
        name = _GOOGLESQL.get(self.type, self.type)
        if self.type == "RECORD":
            name = f"STRUCT<{', '.join(f'{identifier(child.name)} {child.googlesql}' for child in self.fields)}>"
        return f"ARRAY<{name}>" if self.mode is Mode.REPEATED else name


def schema_from_api(fields: Sequence[Mapping[str, Any]]) -> tuple[Field, ...]:
    """Read the ``fields`` of a ``TableSchema``."""
    return tuple(Field.from_api(resource) for resource in fields)


def walk(fields: Sequence[Field], prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Field]]:
    """Every field with its path, parents before children, in the schema's order."""
    for child in fields:
        path = (*prefix, child.name)
        yield path, child
        yield from walk(child.fields, path)
