"""What differs between two schemas, at every depth, each difference a value.

Names are matched without regard to case and order, as BigQuery's wildcard tables match them; positions, by which
STRUCTs are coerced, are a difference of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from replicator.schema.fields import Field, Mode

FieldNames = tuple[str, ...]
"""A field's path: the names of the records around it, and its own."""

# What a column's type can be changed to without losing a value: managing-table-schemas#change_a_columns_data_type
_WIDER: Final = {
    "INTEGER": frozenset({"NUMERIC", "BIGNUMERIC", "FLOAT"}),
    "NUMERIC": frozenset({"BIGNUMERIC", "FLOAT"}),
    "BIGNUMERIC": frozenset({"FLOAT"}),
}


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


@dataclass(frozen=True, slots=True)
class Added:
    """The source has a field that the target lacks; a wildcard leaves it out, an evolution adds it."""

    path: FieldNames
    source: Field
    absorbed_by_wildcard: bool = True
    absorbed_by_evolution: bool = True


@dataclass(frozen=True, slots=True)
class Removed:
    """The target has a field that the source lacks; it reads as NULL, which REQUIRED does not take."""

    path: FieldNames
    target: Field

    @property
    def absorbed_by_wildcard(self) -> bool:
        """Whether the target takes NULL there."""
        return self.target.mode is not Mode.REQUIRED

    @property
    def absorbed_by_evolution(self) -> bool:
        """An evolution adds fields and takes no REQUIRED away."""
        return self.absorbed_by_wildcard


@dataclass(frozen=True, slots=True)
class Reordered:
    """The fields that both have stand in another order; harmless by name, a silent swap by position.

    Attributes:
        path: The record they are in; empty for the table itself.
        target: The common fields' names in the target's order.
        source: The same names, spelled as in the target, in the source's order.
    """

    path: FieldNames
    target: tuple[str, ...]
    source: tuple[str, ...]
    absorbed_by_wildcard: bool = True
    absorbed_by_evolution: bool = True


@dataclass(frozen=True, slots=True)
class CaseChanged:
    """The same field, spelled with other capitals."""

    path: FieldNames
    target: Field
    source: Field
    absorbed_by_wildcard: bool = True
    absorbed_by_evolution: bool = True


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """One side is REQUIRED and the other NULLABLE."""

    path: FieldNames
    target: Field
    source: Field

    @property
    def absorbed_by_wildcard(self) -> bool:
        """Only a REQUIRED target is in the way: the reference that a wildcard is read by has no REQUIRED."""
        return self.target.mode is not Mode.REQUIRED

    @property
    def absorbed_by_evolution(self) -> bool:
        """An evolution adds fields and takes no REQUIRED away."""
        return self.absorbed_by_wildcard


@dataclass(frozen=True, slots=True)
class KindChanged:
    """A scalar here and a record there, or one value here and many there."""

    path: FieldNames
    target: Field
    source: Field
    absorbed_by_wildcard: bool = False
    absorbed_by_evolution: bool = False


@dataclass(frozen=True, slots=True)
class TypeChanged:
    """Two scalar types; no wildcard reads one as the other."""

    path: FieldNames
    target: Field
    source: Field
    absorbed_by_wildcard: bool = False
    absorbed_by_evolution: bool = False

    @property
    def widened(self) -> bool:
        """The source's type holds every value of the target's, and more."""
        return self.source.type in _WIDER.get(self.target.type, ())

    @property
    def narrowed(self) -> bool:
        """The target's type holds every value of the source's, so that a cast loses nothing."""
        return self.target.type in _WIDER.get(self.source.type, ())


Difference = Added | Removed | Reordered | CaseChanged | ModeChanged | KindChanged | TypeChanged


def compare(target: Sequence[Field], source: Sequence[Field]) -> tuple[Difference, ...]:
    """Everything in ``source`` that is not as in ``target``; empty when only descriptions differ.

    The target's fields come first, in its order, parents before children, then what the source has besides.
    A field that is added or removed is one difference with all that is in it. A path is spelled as the target
    spells it, as far as the target has it.
    """
    return tuple(_compare((), target, source))


def _compare(path: FieldNames, target: Sequence[Field], source: Sequence[Field]) -> Iterator[Difference]:
    ours = {field.name.lower(): field for field in target}
    theirs = {field.name.lower(): field for field in source}
    common = tuple(ours[name].name for name in ours if name in theirs)
    arrived = tuple(ours[name].name for name in theirs if name in ours)
    if common != arrived:
        yield Reordered(path, common, arrived)
    for name, field in ours.items():
        here = (*path, field.name)
        other = theirs.get(name)
        if other is None:
            yield Removed(here, field)
        elif other != field:
            yield from _compare_field(here, field, other)
    for name, field in theirs.items():
        if name not in ours:
            yield Added((*path, field.name), field)


def _compare_field(path: FieldNames, target: Field, source: Field) -> Iterator[Difference]:
    if target.name != source.name:
        yield CaseChanged(path, target, source)
    if Kind.of(target) is not Kind.of(source):
        yield KindChanged(path, target, source)
    elif target.mode is not source.mode:
        yield ModeChanged(path, target, source)
    if target.type == source.type == "RECORD":
        yield from _compare(path, target.fields, source.fields)
    elif target.type != source.type and "RECORD" not in {target.type, source.type}:
        yield TypeChanged(path, target, source)
