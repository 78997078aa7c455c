"""Rows into a table under a job's dispositions: what query, load and copy jobs have in common.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationQuery
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.members import member, required
from replicator.local.bigquery.storage.definitions import Kind, RangePartitioning, TableDefinition, TimePartitioning
from replicator.local.bigquery.storage.states import Table
from replicator.local.bigquery.storage.store import OnExisting, Transaction
from replicator.names import DATASET, PROJECT, TABLE, TableRef
from replicator.schema.fields import Field, Mode


class Write(StrEnum):
    """``writeDisposition``."""

    EMPTY = "WRITE_EMPTY"
    APPEND = "WRITE_APPEND"
    TRUNCATE = "WRITE_TRUNCATE"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a job writes.

    Attributes:
        ref: The table, without a decorator.
        partition: The decorator's partition id, or ``None`` for the whole table.
        write: What becomes of rows that are there.
        creates: Whether a missing table is made.
        adds_fields: ALLOW_FIELD_ADDITION.
        relaxes: ALLOW_FIELD_RELAXATION.
    """

    ref: TableRef
    partition: str | None
    write: Write
    creates: bool
    adds_fields: bool = False
    relaxes: bool = False


def read_table(resource: Mapping[str, Any], *, project: str, where: str) -> tuple[TableRef, str | None]:
    """A ``TableReference``, its decorator taken off.

    Raises:
        BigQueryError: 400, it is malformed.
    """
    name, dollar, partition = str(required(resource, "tableId", str, where=where)).partition("$")
    ref = TableRef(
        str(member(resource, "projectId", str, where=where) or project),
        str(required(resource, "datasetId", str, where=where)),
        name,
    )
    if not (PROJECT.fullmatch(ref.project) and DATASET.fullmatch(ref.dataset) and TABLE.fullmatch(name)):
        refuse("invalid", f"Invalid table reference: {ref}", location=where)
    if dollar and not partition:
        refuse("invalid", f"Invalid partition decorator in {name}$", location=where)
    return ref, partition or None


def read_destination(configuration: Mapping[str, Any], *, project: str, default: Write) -> Destination:
    """The destination and the dispositions of a job.

    Raises:
        BigQueryError: 400, they are malformed.
    """
    resource = required(configuration, "destinationTable", dict)
    ref, partition = read_table(resource, project=project, where="destinationTable")
    write = str(member(configuration, "writeDisposition", str) or default.value)
    create = str(member(configuration, "createDisposition", str) or "CREATE_IF_NEEDED")
    updates = {str(option) for option in member(configuration, "schemaUpdateOptions", list) or []}
    if write == "WRITE_TRUNCATE_DATA":
        what = "WRITE_TRUNCATE_DATA"
        raise unmodelled(what)
    if write not in tuple(Write):
        refuse("invalid", f"Invalid value for writeDisposition: {write}", location="writeDisposition")
    if create not in ("CREATE_IF_NEEDED", "CREATE_NEVER"):
        refuse("invalid", f"Invalid value for createDisposition: {create}", location="createDisposition")
    if not updates <= {"ALLOW_FIELD_ADDITION", "ALLOW_FIELD_RELAXATION"}:
        refuse("invalid", "Invalid value for schemaUpdateOptions", location="schemaUpdateOptions")
    if updates and not (write == Write.APPEND or (write == Write.TRUNCATE and partition)):
        msg = "Schema update options should only be specified with WRITE_APPEND disposition"
        refuse(
            "invalid",
            f"{msg}, or with WRITE_TRUNCATE disposition on a table partition.",
            location="schemaUpdateOptions",
        )
    return Destination(
        ref,
        partition,
        Write(write),
        create == "CREATE_IF_NEEDED",
        "ALLOW_FIELD_ADDITION" in updates,
        "ALLOW_FIELD_RELAXATION" in updates,
    )


def make_room(transaction: Transaction, destination: Destination, definition: TableDefinition) -> TableDefinition:
    """Bring the destination into the state in which rows of ``definition``'s columns can be added to it.

    Returns:
        The table's definition as it then is.

    Raises:
        BigQueryError: ``notFound``, ``duplicate`` or ``invalid``, as the dispositions have it.
    """
    ref = destination.ref
    table = transaction.find_table(ref)
    if table is None:
        if not destination.creates:
            refuse("notFound", f"Not found: Table {ref.project}:{ref.dataset}.{ref.table}")
        if destination.partition is not None and definition.partitioning is None:
            msg = "Partitioning specification must be provided in order to create partitioned table"
            refuse("invalid", msg)
        transaction.create_table(ref, definition, OnExisting.REFUSE)
        return definition
    if table.definition.kind is not Kind.TABLE:
        refuse("invalid", f"{ref} is not allowed for this operation because it is a {table.definition.kind}.")
    if destination.partition is not None and table.definition.partitioning is None:
        msg = "Cannot add storage to a non-partitioned table with a partition reference"
        refuse("invalid", f"{msg}: {ref.project}:{ref.dataset}.{ref.table}")
    if destination.write is Write.EMPTY and _holds_rows(transaction, table, destination.partition):
        decorator = "" if destination.partition is None else f"${destination.partition}"
        refuse("duplicate", f"Already Exists: Table {ref.project}:{ref.dataset}.{ref.table}{decorator}")
    if destination.write is Write.TRUNCATE and destination.partition is None:
        partitioning = definition.partitioning or table.definition.partitioning
        clustering = definition.clustering or table.definition.clustering
        overwritten = replace(
            table.definition, fields=definition.fields, partitioning=partitioning, clustering=clustering
        )
        transaction.overwrite_table(ref, overwritten)
        return overwritten
    fields = combined(table.definition.fields, definition.fields, destination)
    changed = table.definition
    if fields != table.definition.fields:
        changed = replace(table.definition, fields=fields)
        transaction.update_table(ref, changed)
    if destination.write is Write.TRUNCATE:
        transaction.truncate(ref, partition=destination.partition)
    return changed


def check_layout(transaction: Transaction, destination: Destination, given: TableDefinition) -> None:
    """Refuse a partitioning or clustering that a query or load job states and its destination does not have.

    Raises:
        BigQueryError: ``invalid``.
    """
    table = transaction.find_table(destination.ref)
    if table is None:
        return
    there = table.definition
    check_key(given.kms_key_name, there)
    wanted, held = layout(given), layout(there)
    differs = given.partitioning is not None and wanted.partition(" ")[0] != held.partition(" ")[0]
    if differs or (given.clustering and given.clustering != there.clustering):
        msg = f"Incompatible table partitioning specification. Expects partitioning specification {held}"
        refuse("invalid", f"{msg}, but input partitioning specification is {wanted}")


def check_key(key: str | None, there: TableDefinition) -> None:
    """Refuse to write with another key than the table's.

    Raises:
        BigQueryError: notImplemented: no page says what becomes of the table's own.
    """
    if key is not None and key != there.kms_key_name:
        what = "a destinationEncryptionConfiguration other than that of the table that is there"
        raise unmodelled(what)


def layout(definition: TableDefinition) -> str:
    """A partitioning and clustering as the service prints them."""
    match definition.partitioning:
        case TimePartitioning(unit, None, _):
            text = f"interval(type:{unit.value.lower()})"
        case TimePartitioning(unit, column, _):
            text = f"interval(type:{unit.value.lower()},field:{column})"
        case RangePartitioning(column, start, end, interval):
            text = f"range(field:{column},start:{start},end:{end},interval:{interval})"
        case None:
            text = "none"
    return text + (f" clustering({','.join(definition.clustering)})" if definition.clustering else "")


def _holds_rows(transaction: Transaction, table: Table, partition: str | None) -> bool:
    if partition is None:
        return table.rows > 0
    return any(each.id == partition and each.rows > 0 for each in transaction.partitions(table.ref))


def combined(
    old: Sequence[Field], new: Sequence[Field], destination: Destination, *, path: str = ""
) -> tuple[Field, ...]:
    """The columns of a table after rows with ``new`` columns are added to it, matched by name.

    Raises:
        BigQueryError: ``invalid``: a type or mode that differs, or a new field that is not allowed.
    """
    by_name = {field.name.lower(): field for field in new}
    fields: list[Field] = []
    for field in old:
        given = by_name.pop(field.name.lower(), None)
        if given is None:
            if field.mode is Mode.REQUIRED and not destination.relaxes:
                raise _mismatch(destination.ref, f"Missing required field: {path}{field.name}.")
            fields.append(replace(field, mode=Mode.NULLABLE) if field.mode is Mode.REQUIRED else field)
            continue
        if given.type != field.type:
            fact = f"Field {path}{field.name} has changed type from {field.type} to {given.type}"
            raise _mismatch(destination.ref, fact)
        mode = _mode(field, given, destination, path)
        inner = combined(field.fields, given.fields, destination, path=f"{path}{field.name}.")
        fields.append(replace(field, mode=mode, fields=inner))
    if by_name and not destination.adds_fields:
        names = ", ".join(f"{path}{field.name}" for field in by_name.values())
        raise _mismatch(destination.ref, f"Cannot add fields (field: {names})")
    for field in by_name.values():
        if field.mode is Mode.REQUIRED:
            fact = f"Cannot add required fields to an existing schema. (field: {path}{field.name})"
            raise _mismatch(destination.ref, fact)
    return (*fields, *by_name.values())


def required_alike(old: Sequence[Field], new: Sequence[Field]) -> tuple[Field, ...]:
    """The columns of a query's result, REQUIRED where those are that they are appended to.

    A result's columns are NULLABLE, and Google's own samples append them to REQUIRED ones without relaxing these
    (samples/bigquery-add-column-query-append); a NULL among the values is refused with its row.
    """
    there = {field.name.lower(): field for field in old}
    return tuple(
        _required_as(there[field.name.lower()], field) if field.name.lower() in there else field for field in new
    )


def _required_as(old: Field, new: Field) -> Field:
    bound = old.mode is Mode.REQUIRED and new.mode is Mode.NULLABLE
    return replace(new, mode=Mode.REQUIRED if bound else new.mode, fields=required_alike(old.fields, new.fields))


def _mode(old: Field, new: Field, destination: Destination, path: str) -> Mode:
    if old.mode is new.mode or (old.mode is Mode.NULLABLE and new.mode is Mode.REQUIRED):
        return old.mode
    if old.mode is Mode.REQUIRED and new.mode is Mode.NULLABLE and destination.relaxes:
        return Mode.NULLABLE
    fact = f"Field {path}{old.name} has changed mode from {old.mode.value} to {new.mode.value}"
    raise _mismatch(destination.ref, fact)


def _mismatch(ref: TableRef, fact: str) -> BigQueryError:
    name = f"{ref.project}:{ref.dataset}.{ref.table}"
    return BigQueryError(reason="invalid", message=f"Provided Schema does not match Table {name}. {fact}")
