"""The target's own two columns, and how a source's rows come to have the first of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from replicator.config.tables import SUFFIXES
from replicator.config.target import Granularity
from replicator.errors import UsageError
from replicator.onboard import guesses
from replicator.onboard.metadata import ByNumber, ByTime, Described
from replicator.onboard.survey import Kind, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The target's own columns, as far as they are decided: by a table that exists, a pipeline, or a person.

    Attributes:
        partition_column: None where it is free.
        by: The width of a partition; None where it is free.
        source_column: None where it is free.
        by_number: Whether the target exists and is partitioned by whole numbers.
    """

    partition_column: str | None = None
    by: Granularity | None = None
    source_column: str | None = None
    by_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a subject becomes partitions of the target.

    Attributes:
        kind: What its units are.
        partition_column: The target's.
        by: The width of one partition.
        source_column: The target's.
        brought: For each table the column that becomes the partition column; None where a run fills it.
        constant: The table has no date at all, so a query has to make one up.
        because: The reason for column and width.
    """

    kind: Kind
    partition_column: str
    by: Granularity
    source_column: str
    brought: tuple[str | None, ...]
    constant: bool = False
    because: str = ""


_BY_WHOLE_TABLES: Final = Granularity.MONTH
"""One job modifies at most 4,000 partitions; months make that 333 years."""


def layout_for(subject: Subject, tables: Sequence[Described], own: Own) -> Layout:
    """Decide the target's own columns.

    Args:
        subject: What is brought.
        tables: One of its tables, the newest, in each of its places.
        own: What is decided already.

    Raises:
        UsageError: A table cannot be read as a whole.
    """
    match subject.kind:
        case Kind.SHARDS:
            return _of_shards(subject, tables, own)
        case Kind.PARTITIONED:
            return _of_partitions(tables, own)
        case Kind.TABLE:
            return _of_tables(tables, own)


def renames(table: Described, layout: Layout, brought: str | None) -> dict[str, str]:
    """New names for a table's columns, so that the target's own two are free and the first is brought.

    Raises:
        UsageError: Two columns of the table would have to be the partition column.
    """
    names = {field.name.lower(): field.name for field in table.fields}
    partition, owner = layout.partition_column.lower(), layout.source_column.lower()
    renamed: dict[str, str] = {}
    if brought is not None and brought.lower() != partition:
        if partition in names:
            msg = (
                f"{table.ref} is partitioned by {brought} and has another column {names[partition]}, by which the "
                f"target is partitioned; bring it into a pipeline of its own"
            )
            raise UsageError(msg)
        renamed[brought] = layout.partition_column
    if brought is None and partition in names:
        if layout.constant:
            msg = f"{table.ref} has a column {names[partition]} that is no date; name another with --partition-column"
            raise UsageError(msg)
        renamed[names[partition]] = f"{names[partition]}_of_source"
    if owner in names and names[owner] not in renamed:
        renamed[names[owner]] = f"{names[owner]}_of_source"
    return renamed


def _of_shards(subject: Subject, tables: Sequence[Described], own: Own) -> Layout:
    width, export = SUFFIXES[subject.suffix], subject.export
    day = export.day if export is not None and width is Granularity.DAY else f"shard_{width}"
    return _dated(
        subject.kind, tables, own, width, day, export.owner if export is not None else "source",
        because=f"A shard's {width}, as its name says; it becomes the partition that its rows belong to.",
    )  # fmt: skip


def _of_partitions(tables: Sequence[Described], own: Own) -> Layout:
    layouts = [table.layout for table in tables if isinstance(table.layout, ByTime)]
    by, column = layouts[0].by, layouts[0].column
    if column is None:
        because = f"{tables[0].ref} is partitioned by the {by} in which rows were ingested, which is no column of it."
        return _dated(Kind.PARTITIONED, tables, own, by, f"ingested_{by}", "source", because=because)
    return Layout(
        kind=Kind.PARTITIONED,
        partition_column=own.partition_column or column,
        by=own.by or by,
        source_column=own.source_column or _free("source", tables, column),
        brought=tuple(layout.column for layout in layouts),
        because=f"As {tables[0].ref} is partitioned: by {column}, one partition a {by}.",
    )


def _dated(
    kind: Kind, tables: Sequence[Described], own: Own, by: Granularity, column: str, owner: str, *, because: str
) -> Layout:
    partition = own.partition_column or _free(column, tables)
    return Layout(
        kind=kind,
        partition_column=partition,
        by=own.by or by,
        source_column=own.source_column or _free(owner, tables, partition),
        brought=(None,) * len(tables),
        because=because,
    )


def _of_tables(tables: Sequence[Described], own: Own) -> Layout:
    numbers = [table.layout.column for table in tables if isinstance(table.layout, ByNumber)]
    if own.by_number and len(numbers) == len(tables):
        return Layout(
            kind=Kind.PARTITIONED,
            partition_column=own.partition_column or numbers[0],
            by=own.by or Granularity.DAY,
            source_column=own.source_column or _free("source", tables),
            brought=tuple(numbers),
            because="The target exists and is partitioned by whole numbers; 'by' means nothing to it.",
        )
    for table in tables:
        if table.needs_filter:
            msg = (
                f"{table.ref} is partitioned by whole numbers and refuses queries without a filter, so it cannot be "
                f"read as a whole; make the target first, partitioned in the same way, and onboard again"
            )
            raise UsageError(msg)
    found = [_date_of(table, own) for table in tables]
    if None in found:
        partition = own.partition_column or _free("undated", tables)
        because = "The table has no date to be partitioned by: all its rows get one constant day."
    else:
        guess = next(each for each in found if each is not None)
        partition = own.partition_column or guess.columns[0]
        because = f"A guess: {guess.columns[0]}, for {guess.because}. Any date or time of the table would do."
    return Layout(
        kind=Kind.TABLE,
        partition_column=partition,
        by=own.by or _BY_WHOLE_TABLES,
        source_column=own.source_column or _free("source", tables, partition),
        brought=tuple(None if each is None else each.columns[0] for each in found),
        constant=None in found,
        because=because + (" By month, since a job changes at most 4,000 partitions." if own.by is None else ""),
    )


def _date_of(table: Described, own: Own) -> guesses.Guess | None:
    wished = (own.partition_column or "").lower()
    given = [field for field in guesses.moments(table.fields) if field.name.lower() == wished]
    return guesses.Guess((given[0].name,), "it is asked for") if given else guesses.partition_column(table.fields)


def _free(wish: str, tables: Sequence[Described], *others: str) -> str:
    """The name, or the first like it that no column of the tables has."""
    taken: Collection[str] = {field.name.lower() for table in tables for field in table.fields}
    taken = {*taken, *(other.lower() for other in others)}
    candidates = (wish, f"replicated_{wish}", *(f"replicated_{wish}_{number}" for number in range(2, 1_000)))
    return next(name for name in candidates if name.lower() not in taken)
