"""What a table may be, and what it may become; everything else is refused in the service's words.

https://docs.cloud.google.com/bigquery/docs/schemas, …/docs/managing-table-schemas
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NoReturn

from replicator import limits
from replicator.local.bigquery.storage.definitions import (
    Kind,
    RangePartitioning,
    TableDefinition,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.projection import column_type, find
from replicator.local.bigquery.storage.reading import FRAGMENT, ROW
from replicator.local.bigquery.storage.refusals import refuse
from replicator.names import TABLE, TableRef
from replicator.schema.fields import Field, Mode, walk

_RESERVED_PREFIXES: Final = ("_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER")
_CLUSTERABLE: Final = frozenset(
    {"BOOLEAN", "DATE", "DATETIME", "INTEGER", "NUMERIC", "STRING", "TIMESTAMP", "BIGNUMERIC", "GEOGRAPHY"}
)
_MOST_CLUSTERING: Final = 4
_LONGEST_NAME: Final = 300


def check_definition(ref: TableRef, definition: TableDefinition) -> None:
    """Refuse a table that cannot be made.

    Raises:
        BigQueryError: Its name, fields, partitioning or clustering are not possible, or not modelled.
    """
    if not TABLE.fullmatch(ref.table):
        refuse(f"Invalid table ID {ref.table!r}")
    fields = definition.fields
    _check_names(fields, ())
    count = sum(1 for _ in walk(fields))
    if count > limits.COLUMNS_PER_TABLE.value:
        refuse(f"Too many columns: {count}, and a table has at most {limits.COLUMNS_PER_TABLE.value}")
    for path, field in walk(fields):
        if len(path) > limits.NESTING_DEPTH.value + 1:
            refuse(f"Field {'.'.join(path)} is nested deeper than {limits.NESTING_DEPTH.value} levels")
        if (field.type == "RECORD") != bool(field.fields):
            refuse(f"Field {'.'.join(path)} is type {field.type} but has {len(field.fields)} fields")
        if not field.fields:
            column_type(field)
    if definition.kind.holds_rows:
        _check_partitioning(definition)
        _check_clustering(definition)


def changed(ref: TableRef, old: TableDefinition, new: TableDefinition) -> TableDefinition:
    """What a table becomes when ``new`` is asked of it.

    New fields stand behind the old ones of their record, wherever they were written (managing-table-schemas).

    Raises:
        BigQueryError: The change is none that BigQuery makes.
    """
    if old.kind is not new.kind:
        refuse(f"Cannot change {_name(ref)} from {old.kind} to {new.kind}")
    if _without_expiration(old) != _without_expiration(new):
        refuse(f"Cannot change partitioning of table {_name(ref)}; make another table and copy the rows")
    _check_names(new.fields, ())
    fields = new.fields if new.kind.has_query else _merge(ref, old.fields, new.fields, ())
    if new.kind in (Kind.SNAPSHOT, Kind.MATERIALIZED_VIEW) and (fields, new.query) != (old.fields, old.query):
        refuse(f"{_name(ref)} is a {new.kind}, whose columns and query cannot be changed")
    definition = replace(new, fields=fields, origin=old.origin)
    check_definition(ref, definition)
    return definition


def check_copy(ref: TableRef, source: Sequence[Field], target: Sequence[Field]) -> None:
    """Refuse rows of other fields: each is in the target, with its type, and what the target requires is there."""
    for path, field in walk(source):
        found: Field | None = None
        fields = target
        for name in path:
            found = find(fields, name)
            fields = found.fields if found is not None else ()
        name = ".".join(path)
        if found is None:
            _mismatch(ref, f"Cannot add fields (field: {name})")
        if found.type != field.type:
            _mismatch(ref, f"Field {name} has changed type from {found.type} to {field.type}")
        if Mode.REPEATED in (found.mode, field.mode) and found.mode is not field.mode:
            _mismatch(ref, f"Field {name} has changed mode from {found.mode} to {field.mode}")
    for field in target:
        given = find(source, field.name)
        if field.mode is Mode.REQUIRED and (given is None or given.mode is not Mode.REQUIRED):
            _mismatch(ref, f"Field {field.name} has changed mode from REQUIRED to NULLABLE")


def _merge(ref: TableRef, old: Sequence[Field], new: Sequence[Field], path: tuple[str, ...]) -> tuple[Field, ...]:
    merged = []
    for field in old:
        names = (*path, field.name)
        wanted = find(new, field.name)
        if wanted is None:
            _mismatch(ref, f"Field {'.'.join(names)} is missing in new schema")
        if wanted.type != field.type:
            fact = f"Field {'.'.join(names)} has changed type from {field.type} to {wanted.type}"
            _mismatch(ref, fact)
        if wanted.mode is not field.mode and (field.mode, wanted.mode) != (Mode.REQUIRED, Mode.NULLABLE):
            fact = f"Field {'.'.join(names)} has changed mode from {field.mode} to {wanted.mode}"
            _mismatch(ref, fact)
        merged.append(replace(wanted, name=field.name, fields=_merge(ref, field.fields, wanted.fields, names)))
    for field in new:
        if find(old, field.name) is None:
            if field.mode is Mode.REQUIRED:
                fact = f"Cannot add required fields to an existing schema. (field: {'.'.join((*path, field.name))})"
                _mismatch(ref, fact)
            merged.append(field)
    return tuple(merged)


def _check_names(fields: Iterable[Field], path: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for field in fields:
        name = ".".join((*path, field.name))
        if not field.name or len(field.name) > _LONGEST_NAME:
            refuse(f'Invalid field name "{name}"')
        if field.name.casefold() in seen:
            refuse(f"Field {name} already exists in schema")
        if not path and field.name.upper().startswith(_RESERVED_PREFIXES):
            refuse(f'Invalid field name "{name}". Field names are not allowed to start with a reserved prefix')
        if not path and field.name.upper() in (FRAGMENT, ROW):
            refuse(f'Field name "{name}" is one by which this server finds rows; choose another')
        seen.add(field.name.casefold())
        _check_names(field.fields, (*path, field.name))


def _check_partitioning(definition: TableDefinition) -> None:
    partitioning = definition.partitioning
    if partitioning is None:
        if definition.require_partition_filter:
            refuse("require_partition_filter can only be set on a partitioned table")
        return
    if partitioning.column is None:
        return
    field = find(definition.fields, partitioning.column)
    if field is None:
        refuse(f"The field specified for partitioning cannot be found in the schema: {partitioning.column}")
    allowed: tuple[str, ...]
    match partitioning:
        case RangePartitioning(_, start, end, interval):
            allowed, sound = ("INTEGER",), start < end and interval > 0
        case TimePartitioning(Unit.HOUR, _, _):
            allowed, sound = ("TIMESTAMP", "DATETIME"), True
        case _:
            allowed, sound = ("DATE", "TIMESTAMP", "DATETIME"), True
    if field.type not in allowed or field.mode is Mode.REPEATED:
        fact = f"The field specified for partitioning must be a top-level {' or '.join(allowed)} that is not REPEATED"
        refuse(f"{fact}: {field.name} is {field.mode} {field.type}")
    if not sound:
        refuse("rangePartitioning needs start < end and an interval above 0")


def _check_clustering(definition: TableDefinition) -> None:
    if len(definition.clustering) > _MOST_CLUSTERING:
        refuse(f"Clustering is by at most {_MOST_CLUSTERING} columns, and {len(definition.clustering)} are named")
    for name in definition.clustering:
        field = find(definition.fields, name)
        if field is None:
            refuse(f"The field specified for clustering cannot be found in the schema: {name}")
        if field.type not in _CLUSTERABLE or field.mode is Mode.REPEATED:
            refuse(f"Field {name} of {field.mode} {field.type} cannot be clustered by")


def _without_expiration(definition: TableDefinition) -> object:
    if isinstance(definition.partitioning, TimePartitioning):
        return replace(definition.partitioning, expiration=None)
    return definition.partitioning


def _mismatch(ref: TableRef, fact: str) -> NoReturn:
    refuse(f"Provided Schema does not match Table {_name(ref)}. {fact}")


def _name(ref: TableRef) -> str:
    return f"{ref.project}:{ref.dataset}.{ref.table}"
