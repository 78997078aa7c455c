"""CREATE TABLE … COPY and CLONE, CREATE SNAPSHOT TABLE: tables made of one other, with its rows.

Below docs.cloud.google.com/bigquery/docs/: table-snapshots-intro, table-clones-intro;
reference/standard-sql/data-definition-language.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.googlesql.catalog import Column
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.new_tables import ON_EXISTING, check_replaced
from replicator.local.bigquery.statements.options import Evaluate, table_options
from replicator.local.bigquery.statements.outcome import Outcome
from replicator.local.bigquery.storage.definitions import Kind, Origin, TableDefinition, TimePartitioning
from replicator.local.bigquery.storage.states import Table
from replicator.local.bigquery.storage.store import Transaction
from replicator.local.bigquery.types import Type, type_of
from replicator.names import TableRef

if TYPE_CHECKING:
    from replicator.local.bigquery.statements.engine import Engine

DROPPED: Final = {
    "TABLE": Kind.TABLE,
    "SNAPSHOT TABLE": Kind.SNAPSHOT,
    "VIEW": Kind.VIEW,
    "MATERIALIZED VIEW": Kind.MATERIALIZED_VIEW,
}
"""What each DROP removes."""


def create_copy(engine: Engine, transaction: Transaction, statement: ddl.CreateCopy, evaluate: Evaluate) -> Outcome:
    """Make a table of another one.

    Raises:
        BigQueryError: It could not be made.
    """
    told = "CREATE_SNAPSHOT_TABLE" if statement.copying is ddl.Copying.SNAPSHOT else "CREATE_TABLE"
    session = engine.session
    ref, base = session.table(statement.path), session.table(statement.source)
    for each in (ref, base):
        session.in_location(transaction, each.parent)
    existing = transaction.find_table(ref)
    moment = None if statement.moment is None else _moment(statement.moment, evaluate)
    session.check_moment((base.project, base.dataset, base.table), moment)
    if moment is not None:
        # What was committed since the statement began is not the past of what it sees.
        moment = min(moment, transaction.now)
    source = transaction.table(base) if moment is None else transaction.table_as_of(base, moment)
    columns = [Column(field.name, type_of(field)) for field in source.definition.fields]
    session.meet((base.project, base.dataset, base.table), columns)
    definition = table_options(_definition(statement.copying, source, moment, transaction), statement.options, evaluate)
    if existing is not None and statement.existing is ddl.Existing.KEPT:
        return Outcome(told, operation="SKIP", target=ref)
    replaces = existing is not None and statement.existing is ddl.Existing.REPLACED
    if existing is not None and replaces:
        if ref == base and moment is None:
            what = "CREATE OR REPLACE TABLE of a table by itself"
            raise unmodelled(what)
        check_replaced(existing.definition, definition, ref)
    transaction.create_table(ref, definition, ON_EXISTING[statement.existing])
    transaction.copy(base, ref, moment=moment)
    return Outcome(told, tables=(base,), operation="REPLACE" if replaces else "CREATE", target=ref)


def _moment(source: Source, evaluate: Evaluate) -> datetime:
    cursor = Cursor.over(source)
    while not cursor.exhausted:
        if cursor.advance().upper == "SELECT":
            refuse(
                "invalidQuery", "FOR SYSTEM_TIME AS OF must be a constant expression, and not a query", location="query"
            )
    moment = evaluate(source, Type("TIMESTAMP"))
    if not isinstance(moment, datetime):
        refuse("invalidQuery", "FOR SYSTEM_TIME AS OF expression cannot be NULL", location="query")
    return moment


def _definition(
    copying: ddl.Copying, source: Table, moment: datetime | None, transaction: Transaction
) -> TableDefinition:
    """What the new table is made like."""
    origin = Origin(source.ref, moment or transaction.now)
    match copying:
        case ddl.Copying.COPY:
            return copied(source)
        case ddl.Copying.CLONE:
            return cloned(source, origin)
        case ddl.Copying.SNAPSHOT:
            return snapshot(source, origin)


def copied(source: Table) -> TableDefinition:
    """A table like another one; its expiration is the destination's (managing-tables).

    Raises:
        BigQueryError: The source is no table.
    """
    _check_source(source, Kind.TABLE)
    return replace(source.definition, expires=None, kms_key_name=None, origin=None)


def cloned(source: Table, origin: Origin) -> TableDefinition:
    """A clone of a table, or the table that is restored from a snapshot.

    Raises:
        BigQueryError: The source is neither; notImplemented where it has a key of its own.
    """
    _check_source(source, Kind.TABLE, Kind.SNAPSHOT)
    return replace(source.definition, kind=Kind.TABLE, expires=None, origin=origin)


def snapshot(source: Table, origin: Origin) -> TableDefinition:
    """A snapshot of a table, or a copy of one; how long partitions are kept is not kept (table-snapshots-intro).

    Raises:
        BigQueryError: The source is neither; notImplemented where it has a key of its own.
    """
    _check_source(source, Kind.TABLE, Kind.SNAPSHOT)
    partitioning = source.definition.partitioning
    if isinstance(partitioning, TimePartitioning):
        partitioning = replace(partitioning, expiration=None)
    return replace(source.definition, kind=Kind.SNAPSHOT, expires=None, origin=origin, partitioning=partitioning)


def _check_source(source: Table, *kinds: Kind) -> None:
    if source.definition.kind not in kinds:
        fact = f"{_name(source.ref)} is not allowed for this operation because it is a {source.definition.kind}."
        refuse("invalid", fact)
    if source.definition.kms_key_name is not None:
        what = f"a copy, clone or snapshot by a statement of {source.ref}, which has a key of its own,"
        raise unmodelled(what)


def _name(ref: TableRef) -> str:
    return f"{ref.project}:{ref.dataset}.{ref.table}"
