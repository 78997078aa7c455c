"""What a copy job may copy into what.

https://docs.cloud.google.com/bigquery/docs/managing-tables#copy-table, …/managing-partitioned-tables#copy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from replicator.local.bigquery.api.writing import Destination, Write
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements.by_name import select_by_name
from replicator.local.bigquery.storage.definitions import Kind, Partitioning, TableDefinition, TimePartitioning
from replicator.local.bigquery.storage.store import Transaction
from replicator.local.bigquery.types import type_of
from replicator.names import TableRef

_INCOMPATIBLE = "Incompatible table partitioning specification when copying to the column partitioned table"
"""As it was seen in embulk/embulk-output-bigquery#100."""


def copied_definition(
    transaction: Transaction, sources: Sequence[TableRef], destination: Destination
) -> TableDefinition:
    """What a table is made like by copying ``sources`` into it.

    Raises:
        BigQueryError: One of them is no table, or has another schema than the first.
    """
    definitions = [transaction.table(source).definition for source in sources]
    for source, each in zip(sources, definitions, strict=True):
        if each.kind is not Kind.TABLE:
            refuse("invalid", f"{_name(source)} is not allowed for this operation because it is a VIEW.")
        if _shape(each) != _shape(definitions[0]):
            refuse("invalid", f"Provided Schema does not match Table {_name(sources[0])}. {_name(source)} differs")
        if _spec(each) != _spec(definitions[0]):
            what = "a copy job over tables of different partitioning"
            raise unmodelled(what)
    if destination.write is Write.TRUNCATE and destination.partition is None and destination.ref in sources:
        what = "a table copied over itself"
        raise unmodelled(what)
    # A copy takes schema, partitioning and clustering along; expiration is the destination's (managing-tables).
    return replace(definitions[0], expires=None)


def _shape(definition: TableDefinition) -> list[tuple[str, str, str]]:
    return [(field.name.lower(), field.googlesql, field.mode.value) for field in definition.fields]


def check_partitions(
    transaction: Transaction, sources: Sequence[tuple[TableRef, str | None]], destination: Destination
) -> None:
    """Refuse decorators of tables that have no partitions, and partitionings that do not go together.

    Raises:
        BigQueryError: ``invalid``, or ``notImplemented`` where no page tells what comes of it.
    """
    for source, partition in sources:
        _check_source(transaction, source, partition, destination)
    found = transaction.find_table(destination.ref)
    first, partition = sources[0]
    given = _spec(transaction.table(first).definition)
    if found is not None and destination.partition is not None:
        _check_into_partition(given, _spec(found.definition), partition)
    elif found is not None and partition is None:
        _check_into_table(given, _spec(found.definition))
    elif partition is not None and (destination.partition is None and (found is None or _spec(found.definition))):
        what = "a partition copied, without a decorator, into a table that is partitioned or does not exist"
        raise unmodelled(what)


def _check_source(transaction: Transaction, source: TableRef, partition: str | None, destination: Destination) -> None:
    if partition is None:
        return
    if transaction.table(source).definition.partitioning is None:
        msg = f"Cannot read partition information from a table that is not partitioned: {_name(source)}${partition}"
        refuse("invalid", msg)
    if (source, partition) == (destination.ref, destination.partition):
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
