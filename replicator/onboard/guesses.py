"""What names and constraints suggest about a plain table: its key, its change column, and a date to partition by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from replicator.config.words import COLUMN, RESERVED_PREFIXES
from replicator.onboard.metadata import Described
from replicator.onboard.personal import words_of
from replicator.schema.fields import Field, Mode

_MOMENTS: Final = frozenset({"DATE", "DATETIME", "TIMESTAMP"})
# Types whose values can be compared for equality, and so can be keys.
_KEY_TYPES: Final = frozenset({"STRING", "INTEGER", "NUMERIC", "BIGNUMERIC", "BYTES", "DATE", "DATETIME", "TIMESTAMP"})
_CHANGE: Final = frozenset({"updated", "modified", "changed", "update", "modification", "change"})
_BEGIN: Final = frozenset({"created", "creation", "inserted", "ordered", "placed", "started", "registered", "signup"})


@dataclass(frozen=True, slots=True)
class Guess:
    """Columns, and what suggested them."""

    columns: tuple[str, ...]
    because: str


def key(table: Described) -> Guess | None:
    """The columns that may make a row unique: a declared PRIMARY KEY, or a column that is named like one.

    Neither is a promise: BigQuery does not enforce its constraints.
    """
    if table.keys:
        return Guess(table.keys, "the table declares it as PRIMARY KEY, which BigQuery does not enforce")
    able = [field.name for field in _top(table.fields) if field.type in _KEY_TYPES]
    lower = {name.lower(): name for name in able}
    words = words_of(table.ref.table)
    for subject in ("_".join(words), *words[-1:]):
        singular = subject.removesuffix("s")
        for name in (f"{subject}_id", f"{singular}_id", f"{singular}id", f"{singular}_key", f"{singular}_no"):
            if name in lower:
                return Guess((lower[name],), "by its name")
    plain = next((lower[name] for name in ("id", "uuid", "guid", "key") if name in lower), None)
    if plain is not None:
        return Guess((plain,), "by its name")
    # The first column is where most people put the key.
    first = able[0] if able and able[0] == table.fields[0].name else ""
    return Guess((first,), "it is the first, and an id") if words_of(first)[-1:] == ("id",) else None


def change_column(fields: Sequence[Field]) -> Guess | None:
    """A column that may grow whenever a row changes."""
    for field in moments(fields):
        if _CHANGE & set(words_of(field.name)):
            return Guess((field.name,), "by its name and type")
    return None


def partition_column(fields: Sequence[Field]) -> Guess | None:
    """A column to partition a copy of the table by: the best is one whose value a row keeps."""
    every = tuple(moments(fields))
    begin = [field for field in every if _BEGIN & set(words_of(field.name))]
    steady = [field for field in every if not _CHANGE & set(words_of(field.name))]
    for candidates, because in (
        (begin, "its name says that a row keeps it"),
        (steady, f"it is the first that is a {' or '.join(sorted(_MOMENTS))}"),
        (every, "the table has no other date or time"),
    ):
        if candidates:
            return Guess((candidates[0].name,), because)
    return None


def moments(fields: Sequence[Field]) -> Iterable[Field]:
    """The columns at the top that hold one date or time, and that a pipeline file can name."""
    return (field for field in _top(fields) if field.type in _MOMENTS)


def _top(fields: Sequence[Field]) -> Iterable[Field]:
    """Columns at the top that a pipeline file can name."""
    return (
        field
        for field in fields
        if field.mode is not Mode.REPEATED
        and COLUMN.fullmatch(field.name)
        and not field.name.lower().startswith(RESERVED_PREFIXES)
    )
