"""What differs between two schemas, at every depth, each difference a value.

Names are matched without regard to case and order, as BigQuery's wildcard tables match them; the order of siblings, by
which STRUCTs are coerced, is a difference of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from replicator.schema.fields import Field, Mode

FieldNames = tuple[str, ...]
"""A field's path: the names of the records around it, and its own."""

WIDER: Final = {
    "INTEGER": frozenset({"NUMERIC", "BIGNUMERIC", "FLOAT"}),
    "NUMERIC": frozenset({"BIGNUMERIC", "FLOAT"}),
    "BIGNUMERIC": frozenset({"FLOAT"}),
}
"""What a column of each type can be changed to (managing-table-schemas#change_a_columns_data_type)."""

CASTS: Final = {
    "INTEGER": frozenset({"NUMERIC", "BIGNUMERIC", "FLOAT", "STRING"}),
    "NUMERIC": frozenset({"BIGNUMERIC"}),
}
"""Of each type, those that hold its every value, so that a cast can lose none; FLOAT is checked value by value."""


class Kind(StrEnum):
    """What a field is, whatever its type."""

    SCALAR = "scalar"
    RECORD = "record"
    REPEATED_SCALAR = "repeated scalar"
    REPEATED_RECORD = "repeated record"

    @classmethod
    def of(cls, field: Field) -> Kind:
        """The kind of ``field``."""
        if field.type == "RECORD":
            return cls.REPEATED_RECORD if field.mode is Mode.REPEATED else cls.RECORD
        return cls.REPEATED_SCALAR if field.mode is Mode.REPEATED else cls.SCALAR


class Change(StrEnum):
    """How a field of the source is not as in the target, in the words of the ledger.

    Attributes:
        ADDED: The target lacks it.
        REMOVED: The source lacks it.
        REORDERED: The fields that both records have stand in another order.
        CASE: It is spelled with other capitals.
        MODE: It is REQUIRED on one side and NULLABLE on the other.
        KIND: It is a scalar here and a record there, or one value here and many there.
        WIDENED: The source's type holds every value of the target's, and more.
        NARROWED: The target's type holds every value of the source's, and more.
        TYPE: The types are two others.
    """

    ADDED = "added"
    REMOVED = "removed"
    REORDERED = "reordered"
    CASE = "case changed"
    MODE = "mode changed"
    KIND = "kind changed"
    WIDENED = "widened"
    NARROWED = "narrowed"
    TYPE = "type changed"


class Absorber(StrEnum):
    """What brings a source's rows to the target all the same."""

    WILDCARD = "wildcard"
    EVOLUTION = "evolution"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        change: What it is.
        path: The field, spelled as the target spells it as far as it has it; empty for the table itself.
        target: The target's field, or None where it has none.
        source: The source's field, or None where it has none.
    """

    change: Change
    path: FieldNames
    target: Field | None
    source: Field | None

    @property
    def absorbed_by(self) -> Absorber:
        """What absorbs it.

        A wildcard reads by name, in any order and case, and NULL where a field is missing; the reference that it reads
        by has no REQUIRED field. It leaves out what the target lacks, which an evolution adds. No wildcard reads one
        type or kind as another, and NULL stays out of what is REQUIRED.
        """
        match self.change:
            case Change.ADDED:
                return Absorber.EVOLUTION
            case Change.REORDERED | Change.CASE:
                return Absorber.WILDCARD
            case Change.REMOVED | Change.MODE:
                required = self.target is not None and self.target.mode is Mode.REQUIRED
                return Absorber.NOTHING if required else Absorber.WILDCARD
            case Change.KIND | Change.WIDENED | Change.NARROWED | Change.TYPE:
                return Absorber.NOTHING

    @property
    def castable(self) -> bool:
        """Whether a cast that loses nothing brings the source's values to the target's type; a kind is not cast."""
        if self.target is None or self.source is None or self.change is Change.KIND:
            return False
        return self.target.type in CASTS.get(self.source.type, ())


def compare(target: Sequence[Field], source: Sequence[Field]) -> tuple[Difference, ...]:
    """Everything in ``source`` that is not as in ``target``; empty when only descriptions differ.

    The target's fields come first, in its order, parents before children, then what the source has besides.
    A field that is added or removed, or is a record on one side only, is one difference with all that is in it.
    """
    return tuple(_compare((), Field("", "RECORD", fields=tuple(target)), Field("", "RECORD", fields=tuple(source))))


def _compare(path: FieldNames, target: Field, source: Field) -> Iterator[Difference]:
    """The differences in two records, but for those of the records themselves."""
    ours = {field.name.lower(): field for field in target.fields}
    theirs = {field.name.lower(): field for field in source.fields}
    if [name for name in ours if name in theirs] != [name for name in theirs if name in ours]:
        yield Difference(Change.REORDERED, path, target, source)
    for name, field in ours.items():
        here, other = (*path, field.name), theirs.get(name)
        if other is None:
            yield Difference(Change.REMOVED, here, field, None)
        elif other != field:
            yield from _compare_field(here, field, other)
    for name, field in theirs.items():
        if name not in ours:
            yield Difference(Change.ADDED, (*path, field.name), None, field)


def _compare_field(path: FieldNames, target: Field, source: Field) -> Iterator[Difference]:
    if target.name != source.name:
        yield Difference(Change.CASE, path, target, source)
    if Kind.of(target) is not Kind.of(source):
        yield Difference(Change.KIND, path, target, source)
    else:
        if target.mode is not source.mode:
            yield Difference(Change.MODE, path, target, source)
        if target.type != source.type:
            yield Difference(_type_change(target.type, source.type), path, target, source)
    if target.type == source.type == "RECORD":
        yield from _compare(path, target, source)


def _type_change(target: str, source: str) -> Change:
    if source in WIDER.get(target, ()):
        return Change.WIDENED
    return Change.NARROWED if target in WIDER.get(source, ()) else Change.TYPE
