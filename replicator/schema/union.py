"""One schema that has every field of several, by name at every depth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from replicator.schema.compare import FieldNames, Kind
from replicator.schema.fields import Field, Mode


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that the schemas do not agree on.

    Attributes:
        path: Where it is, as first spelled.
        fields: One field for each type and kind that was seen, the first seen first.
    """

    path: FieldNames
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """The union of schemas.

    Attributes:
        fields: Every field once: the first seen first, later ones at the end of their record. Where the schemas
            are in conflict, the field is as first seen.
        conflicts: What one table cannot hold at once.
    """

    fields: tuple[Field, ...]
    conflicts: tuple[Conflict, ...]


def union(schemas: Iterable[Sequence[Field]]) -> Union:
    """Every field of ``schemas``; REQUIRED stays so only where each of them has the field and requires it."""
    builder = _Builder()
    fields = builder.join((), tuple(tuple(schema) for schema in schemas))
    return Union(fields, tuple(builder.conflicts))


@dataclass(slots=True)
class _Builder:
    conflicts: list[Conflict] = field(default_factory=list)

    def join(self, path: FieldNames, schemas: Sequence[Sequence[Field]]) -> tuple[Field, ...]:
        seen: dict[str, list[Field]] = {}
        for schema in schemas:
            for one in schema:
                seen.setdefault(one.name.lower(), []).append(one)
        return tuple(self._one(path, fields, everywhere=len(fields) == len(schemas)) for fields in seen.values())

    def _one(self, path: FieldNames, fields: Sequence[Field], *, everywhere: bool) -> Field:
        first = fields[0]
        here = (*path, first.name)
        shapes: dict[tuple[str, Kind], Field] = {}
        for one in fields:
            shapes.setdefault((one.type, Kind.of(one)), one)
        if len(shapes) > 1:
            self.conflicts.append(Conflict(here, tuple(shapes.values())))
        alike = [one for one in fields if (one.type, Kind.of(one)) == (first.type, Kind.of(first))]
        required = everywhere and all(one.mode is Mode.REQUIRED for one in fields)
        mode = first.mode if first.mode is Mode.REPEATED else Mode.REQUIRED if required else Mode.NULLABLE
        children = self.join(here, [one.fields for one in alike])
        description = next((one.description for one in fields if one.description is not None), None)
        return Field(first.name, first.type, mode, children, description)
