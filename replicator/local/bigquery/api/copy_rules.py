"""What a copy job may copy into what.

https://docs.cloud.google.com/bigquery/docs/managing-tables#copy-table, …/managing-partitioned-tables#copy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from replicator.local.bigquery.api.writing import Destination, Write
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements.by_name import select_by_name
from replicator.local.bigquery.statements.copies import cloned, snapshot
from replicator.local.bigquery.storage.definitions import Kind, Origin, Partitioning, TableDefinition, TimePartitioning
from replicator.local.bigquery.storage.instants import from_millis
from replicator.local.bigquery.storage.states import Table
from replicator.local.bigquery.storage.store import Transaction
from replicator.local.bigquery.types import type_of
from replicator.names import TableRef

_INCOMPATIBLE = "Incompatible table partitioning specification when copying to the column partitioned table"
"""As it was seen in embulk/embulk-output-bigquery#100."""


class Operation(StrEnum):
    """``operationType`` of a copy job."""

    COPY = "COPY"
    SNAPSHOT = "SNAPSHOT"
    RESTORE = "RESTORE"
    CLONE = "CLONE"


@dataclass(frozen=True, slots=True)
class CopySource:
    """What is copied.

    Attributes:
        ref: The table.
        partition: The one partition of it, from its decorator.
        at: As of when, from its decorator: milliseconds since 1970, or from now where negative; None for now.
    """

    ref: TableRef
    partition: str | None = None
    at: int | None = None

    def moment(self, transaction: Transaction) -> datetime | None:
        """As of when it is copied; None for what it is."""
        if self.at is None:
            return None
        return from_millis(self.at) if self.at >= 0 else transaction.now + timedelta(milliseconds=self.at)

    def table(self, transaction: Transaction) -> Table:
        """The table as it is or was.

        Raises:
            BigQueryError: There is none, or that time cannot be read.
        """
        moment = self.moment(transaction)
        return transaction.table(self.ref) if moment is None else transaction.table_as_of(self.ref, moment)


def copied_definition(
    transaction: Transaction, sources: Sequence[CopySource], destination: Destination
) -> TableDefinition:
    """What a table is made like by copying ``sources`` into it.

    Raises:
        BigQueryError: One of them is no table, or has another schema than the first.
    """
    definitions = [source.table(transaction).definition for source in sources]
    for source, each in zip(sources, definitions, strict=True):
        if each.kind is not Kind.TABLE:
            refuse("invalid", f"{_name(source.ref)} is not allowed for this operation because it is a {each.kind}.")
        if _shape(each) != _shape(definitions[0]):
            refuse(
                "invalid", f"Provided Schema does not match Table {_name(sources[0].ref)}. {_name(source.ref)} differs"
            )
        if _spec(each) != _spec(definitions[0]):
            what = "a copy job over tables of different partitioning"
            raise unmodelled(what)
    itself = any(source.ref == destination.ref and source.at is None for source in sources)
    if destination.write is Write.TRUNCATE and destination.partition is None and itself:
        what = "a table copied over itself"
        raise unmodelled(what)
    # A copy takes schema, partitioning and clustering along; expiration is the destination's (managing-tables).
    return replace(definitions[0], expires=None, origin=None)


def made_of(source: Table, operation: Operation, time: datetime, expires: datetime | None) -> TableDefinition:
    """What a job makes of a table or a snapshot, as of a time, otherwise than by copying a table.

    Raises:
        BigQueryError: The source is not of the kind that the operation takes.
    """
    origin = Origin(source.ref, time)
    match operation:
        case Operation.SNAPSHOT:
            _check_kind(source, operation, Kind.TABLE)
            return replace(snapshot(source, origin), expires=expires)
        case Operation.COPY:
            return snapshot(source, origin)
        case Operation.CLONE:
            _check_kind(source, operation, Kind.TABLE)
            return cloned(source, origin)
        case Operation.RESTORE:
            _check_kind(source, operation, Kind.SNAPSHOT)
            return replace(cloned(source, origin), origin=None)


def _check_kind(source: Table, operation: Operation, kind: Kind) -> None:
    if source.definition.kind is not kind:
        given = source.definition.kind
        refuse("invalid", f"A copy job of type {operation} takes a {kind}, and {_name(source.ref)} is a {given}")


def _shape(definition: TableDefinition) -> list[tuple[str, str, str]]:
    return [(field.name.lower(), field.googlesql, field.mode.value) for field in definition.fields]


def check_partitions(transaction: Transaction, sources: Sequence[CopySource], destination: Destination) -> None:
    """Refuse decorators of tables that have no partitions, and partitionings that do not go together.

    Raises:
        BigQueryError: ``invalid``, or ``notImplemented`` where no page tells what comes of it.
    """
    for source in sources:
        _check_source(transaction, source, destination)
    found = transaction.find_table(destination.ref)
    partition = sources[0].partition
    given = _spec(sources[0].table(transaction).definition)
    if found is not None and destination.partition is not None:
        _check_into_partition(given, _spec(found.definition), partition)
    elif found is not None and partition is None:
        _check_into_table(given, _spec(found.definition))
    elif partition is not None and (destination.partition is None and (found is None or _spec(found.definition))):
        what = "a partition copied, without a decorator, into a table that is partitioned or does not exist"
        raise unmodelled(what)


def _check_source(transaction: Transaction, source: CopySource, destination: Destination) -> None:
    if source.partition is None:
        return
    if source.table(transaction).definition.partitioning is None:
        name = f"{_name(source.ref)}${source.partition}"
        refuse("invalid", f"Cannot read partition information from a table that is not partitioned: {name}")
    if (source.ref, source.partition) == (destination.ref, destination.partition):
        what = "a partition copied over itself"
        raise unmodelled(what)


def _check_into_table(given: Partitioning | None, wanted: Partitioning | None) -> None:
    if given == wanted:
        return
    if wanted is None:
        what = "a partitioned table copied into one that is not partitioned"
        raise unmodelled(what)
    if given is None and wanted.column is not None:
        # In these words (apache/airflow#42130).
        refuse("invalid", "Failed to copy Non partitioned table to Column partitioned table: not supported.")
    if given is not None:
        refuse("invalid", _INCOMPATIBLE if wanted.column else _INCOMPATIBLE.replace("column ", ""))


def _check_into_partition(given: Partitioning | None, wanted: Partitioning | None, partition: str | None) -> None:
    if wanted is None:
        # The destination itself is refused with the others that a decorator does not fit (writing).
        return
    if partition is None:
        if given is not None:
            what = "a partitioned table copied into one partition"
            raise unmodelled(what)
        if wanted.column is not None:
            # Nothing would look at the rows, and no page says that they are.
            what = "a table copied into one partition of a column-partitioned table"
            raise unmodelled(what)
    elif given != wanted:
        refuse("invalid", _INCOMPATIBLE)


def copied_partition(transaction: Transaction, source: TableRef, partition: str | None, stored: TableDefinition) -> str:
    """A DuckDB SELECT of a table's rows, or those of one partition, as another table's columns."""
    relation = transaction.catalog(location=None).table_relation(source, partition=partition)
    fields = transaction.table(source).definition.fields
    scan = relation.scan(columns=frozenset(field.name for field in fields), prune=())
    return select_by_name(f"SELECT * FROM {scan}", [(field.name, type_of(field)) for field in fields], stored.fields)


def _spec(definition: TableDefinition) -> Partitioning | None:
    partitioning = definition.partitioning
    return replace(partitioning, expiration=None) if isinstance(partitioning, TimePartitioning) else partitioning


def _name(ref: TableRef) -> str:
    return f"{ref.project}:{ref.dataset}.{ref.table}"
