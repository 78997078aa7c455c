"""Fields that tables of one subject have under one path and with two types: no table can hold both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from replicator.config.words import COLUMN
from replicator.onboard.metadata import Described
from replicator.schema.fields import Field, Mode, walk


@dataclass(frozen=True, slots=True)
class Conflict:
    """A path, as one of the tables spells it, and which table has it how."""

    path: str
    why: str


def conflicts(tables: Sequence[Described]) -> tuple[Conflict, ...]:
    """The outermost paths on which two of the tables disagree, each once, in the order of the first."""
    seen: dict[tuple[str, ...], tuple[str, Field, Described]] = {}
    found: dict[tuple[str, ...], Conflict] = {}
    for table in tables:
        for path, field in walk(table.fields):
            key = tuple(part.lower() for part in path)
            spelled, other, where = seen.setdefault(key, (".".join(path), field, table))
            if _shape(field) != _shape(other) and all(COLUMN.fullmatch(part) for part in path):
                why = f"{_shape(other)} in {_place(where)}, {_shape(field)} in {_place(table)}"
                found.setdefault(key, Conflict(spelled, why))
    return tuple(found[key] for key in found if not any(key[:depth] in found for depth in range(1, len(key))))


def _shape(field: Field) -> str:
    """What has to be the same; a REQUIRED field reads as a NULLABLE one."""
    return f"repeated {field.type}" if field.mode is Mode.REPEATED else field.type


def _place(table: Described) -> str:
    return f"{table.ref.dataset}.{table.ref.table}"
