"""``prefix*``: many tables read as one, under the schema of the one that was created last.

https://docs.cloud.google.com/bigquery/docs/querying-wildcard-tables. A filter on ``_TABLE_SUFFIX`` neither chooses the
schema nor forgives a table that does not fit it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from replicator.local.bigquery.errors import unmodelled
from replicator.local.bigquery.storage.definitions import Kind, Partitioning, TimePartitioning
from replicator.local.bigquery.storage.projection import find
from replicator.local.bigquery.storage.refusals import refuse
from replicator.local.bigquery.storage.states import Table
from replicator.local.bigquery.types import Type, type_of
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode

# How many of the tables that a query fails by are named.
_NAMED: Final = 10


def reference_of(pattern: TableRef, matches: Sequence[Table]) -> Table:
    """The table whose schema a wildcard has.

    Raises:
        BigQueryError: Nothing matches, a view does, or a table cannot be read under that schema.
    """
    name = f"{pattern.project}:{pattern.dataset}.{pattern.table}"
    if not matches:
        refuse(f"{name} does not match any table.", reason="invalidQuery")
    views = [str(table.ref) for table in matches if table.definition.kind.has_query]
    if views:
        refuse(f"Views cannot be queried through prefix. Matched views are: {', '.join(views)}", reason="invalidQuery")
    snapshots = [str(table.ref) for table in matches if table.definition.kind is Kind.SNAPSHOT]
    if snapshots:
        what = f"the wildcard {name}, which matches table snapshots: {', '.join(snapshots[:_NAMED])}"
        raise unmodelled(what)
    locked = [str(table.ref) for table in matches if table.definition.kms_key_name is not None]
    if locked:
        fact = f"Wildcard table {name} matches tables with a customer-managed encryption key, which it cannot read"
        refuse(f"{fact}: {', '.join(locked[:_NAMED])}", reason="invalidQuery")
    reference = max(matches, key=lambda table: (table.created, table.id))
    _check_layout(name, reference, matches)
    for fields in {id(table.definition.fields): table.definition.fields for table in matches}.values():
        _check_fields(fields, reference.definition.fields, ())
    return reference


def check_filled(reference: Table, matches: Sequence[Table]) -> None:
    """Refuse tables that lack a nested field, a record or an array of the reference.

    Raises:
        BigQueryError: A table lacks one.
    """
    for fields in {id(table.definition.fields): table.definition.fields for table in matches}.values():
        _check_filled(fields, reference.definition.fields, ())


def _check_filled(written: Sequence[Field], wanted: Sequence[Field], path: tuple[str, ...]) -> None:
    for field in wanted:
        found = find(written, field.name)
        if found is not None:
            _check_filled(found.fields, field.fields, (*path, field.name))
        elif path or field.type == "RECORD" or field.mode is Mode.REPEATED:
            name = ".".join((*path, field.name))
            refuse(f"Cannot read missing field as {field.mode} Field: {name}", reason="invalidQuery")


def _check_layout(name: str, reference: Table, matches: Iterable[Table]) -> None:
    expected = _layout(reference)
    for table in matches:
        if _layout(table) != expected:
            refuse(
                f"Wildcard table {name} matches tables with different partitioning or clustering: "
                f"{reference.ref} and {table.ref}",
                reason="invalidQuery",
            )


def _layout(table: Table) -> tuple[Partitioning | None, tuple[str, ...]]:
    partitioning = table.definition.partitioning
    if isinstance(partitioning, TimePartitioning):
        # How long partitions are kept is no part of how they are cut.
        partitioning = TimePartitioning(partitioning.unit, partitioning.column)
    return partitioning, table.definition.clustering


def _check_fields(written: Sequence[Field], wanted: Sequence[Field], path: tuple[str, ...]) -> None:
    for field in wanted:
        name = ".".join((*path, field.name))
        found = find(written, field.name)
        if found is None:
            if field.mode is Mode.REQUIRED:
                refuse(f"Cannot read missing field as REQUIRED Field: {name}", reason="invalidQuery")
            continue
        if found.type != field.type:
            refuse(f"Cannot read field of type {_kind(found)} as {_kind(field)} Field: {name}", reason="invalidQuery")
        if found.mode is not field.mode and not (found.mode is Mode.REQUIRED and field.mode is Mode.NULLABLE):
            refuse(f"Cannot read field of mode {found.mode} as {field.mode} Field: {name}", reason="invalidQuery")
        _check_fields(found.fields, field.fields, (*path, field.name))


def _kind(field: Field) -> str:
    kind: Type = type_of(field)
    return (kind.element or kind).name
