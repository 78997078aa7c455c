"""CREATE TABLE: what a table is made like, and of which rows.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_statement
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements.analysis import Prepared
from replicator.local.bigquery.statements.frame import INT64, Frame
from replicator.local.bigquery.statements.options import Evaluate, column_options, table_options
from replicator.local.bigquery.statements.outcome import Outcome, Rows
from replicator.local.bigquery.storage.definitions import (
    Kind,
    Partitioning,
    RangePartitioning,
    TableDefinition,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.store import OnExisting, Transaction
from replicator.local.bigquery.types import field_of, type_of
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode

if TYPE_CHECKING:
    from replicator.local.bigquery.statements.engine import Engine

ON_EXISTING: Final = {
    ddl.Existing.REFUSED: OnExisting.REFUSE,
    ddl.Existing.KEPT: OnExisting.KEEP,
    ddl.Existing.REPLACED: OnExisting.REPLACE,
}
# The column types that each way of PARTITION BY takes (creating-partitioned-tables).
_PARTITION_TYPES: Final = {
    "": ("DATE",),
    "DATE": ("TIMESTAMP", "DATETIME"),
    "DATE_TRUNC": ("DATE",),
    "TIMESTAMP_TRUNC": ("TIMESTAMP",),
    "DATETIME_TRUNC": ("DATETIME",),
    "RANGE_BUCKET": ("INTEGER",),
}


@dataclass(frozen=True, slots=True)
class _Planned:
    """A table that is about to be made.

    Attributes:
        ref: Its name.
        definition: What it is made like.
        replaces: There is one of that name, which makes room.
        prepared: The query of its rows, if there is one.
        select: The same, its columns in the types of the table's.
    """

    ref: TableRef
    definition: TableDefinition
    replaces: bool
    prepared: Prepared | None
    select: str

    def outcome(self) -> Outcome:
        """What making it is told as."""
        operation = "REPLACE" if self.replaces else "CREATE"
        if self.prepared is None:
            return Outcome("CREATE_TABLE", operation=operation, target=self.ref)
        read, tables = self.prepared.read, self.prepared.tables
        return Outcome("CREATE_TABLE_AS_SELECT", read=read, tables=tables, operation=operation, target=self.ref)


def create_table(
    engine: Engine, transaction: Transaction, statement: ddl.CreateTable, frame: Frame, evaluate: Evaluate
) -> Outcome:
    """Make a table, with the rows of its query if it has one."""
    planned = _planned(engine, transaction, statement, frame, evaluate)
    if isinstance(planned, Outcome):
        return planned
    rows = None
    if planned.prepared is not None:
        # The query may read the very table that is replaced, so its rows are computed first.
        rows = engine.session.scratch()
        engine.compute(f"CREATE TEMP TABLE {rows} AS {planned.select}")
    transaction.create_table(planned.ref, planned.definition, ON_EXISTING[statement.existing])
    if rows is not None:
        with engine.computing():
            transaction.append(planned.ref, f"SELECT * FROM {rows}", engine.session.connection)
        engine.compute(f"DROP TABLE {rows}")
    return planned.outcome()


def describe_table(
    engine: Engine, transaction: Transaction, statement: ddl.CreateTable, frame: Frame, evaluate: Evaluate
) -> Outcome:
    """The same without rows: what would be read, and the columns that the query answers with."""
    planned = _planned(engine, transaction, statement, frame, evaluate)
    if isinstance(planned, Outcome):
        return planned
    transaction.create_table(planned.ref, planned.definition, ON_EXISTING[statement.existing])
    columns = () if planned.prepared is None else planned.prepared.columns
    return replace(planned.outcome(), rows=Rows(columns, ()))


def _planned(
    engine: Engine, transaction: Transaction, statement: ddl.CreateTable, frame: Frame, evaluate: Evaluate
) -> _Planned | Outcome:
    """The table that is to be made, or what there is to tell where one of that name is kept."""
    kind = "CREATE_TABLE" if statement.query is None else "CREATE_TABLE_AS_SELECT"
    if statement.temporary:
        if len(statement.path) != 1:
            msg = "A temporary table is named without a project and a dataset"
            refuse("invalidQuery", msg, location="query")
        ref = engine.session.new_temporary(statement.path[0], transaction)
    else:
        ref = engine.session.table(statement.path)
        engine.session.in_location(transaction, ref.parent)
    existing = transaction.find_table(ref)
    prepared = None
    if statement.query is not None:
        # A query is analyzed, and its mistakes refused, whether the table is then made or not.
        prepared = engine.prepare(transaction, statement.query.placed, frame=frame)
    if existing is not None and statement.existing is ddl.Existing.KEPT:
        return Outcome(kind, operation="SKIP", target=ref)
    definition = table_definition(engine, transaction, statement, prepared, evaluate)
    replaces = existing is not None and statement.existing is ddl.Existing.REPLACED
    if existing is not None and replaces:
        check_replaced(existing.definition, definition, ref)
    select = "" if prepared is None else _typed(engine, transaction, statement, prepared, frame)
    return _Planned(ref, definition, replaces, prepared, select)


def _typed(
    engine: Engine, transaction: Transaction, statement: ddl.CreateTable, prepared: Prepared, frame: Frame
) -> str:
    if statement.columns is None or statement.query is None:
        return prepared.named()
    wanted = [(field.name, type_of(field)) for field in statement.columns]
    return engine.prepare(transaction, statement.query.placed, frame=frame, wanted=wanted).sql


def check_replaced(old: TableDefinition, new: TableDefinition, ref: TableRef) -> None:
    """Refuse to replace a table by one that is partitioned or clustered otherwise.

    Raises:
        BigQueryError: ``invalid``; ``notImplemented`` where it is no table that is replaced.
    """

    def spec(definition: TableDefinition) -> Partitioning | None:
        partitioning = definition.partitioning
        return replace(partitioning, expiration=None) if isinstance(partitioning, TimePartitioning) else partitioning

    if old.kind is not Kind.TABLE:
        what = f"CREATE OR REPLACE TABLE over the {old.kind.told} {ref}"
        raise unmodelled(what)
    # data-definition-language: a table is not replaced by one of another partitioning or clustering.
    if spec(old) != spec(new):
        msg = (
            "Cannot replace a table with a different partitioning spec. Instead, DROP the table, and then recreate it."
        )
        refuse("invalid", f"{msg} New partitioning spec is {_spec(new)} and existing spec is {_spec(old)}")
    if old.clustering != new.clustering:
        msg = "Cannot replace a table with a different clustering spec. Instead, DROP the table, and then recreate it."
        refuse("invalid", msg)


def _spec(definition: TableDefinition) -> str:
    match definition.partitioning:
        case TimePartitioning(unit, column, _):
            return f"interval(type:{unit.value.lower()},field:{column or '_PARTITIONTIME'})"
        case RangePartitioning(column, start, end, interval):
            return f"range(field:{column},start:{start},end:{end},interval:{interval})"
        case None:
            return "none"


def table_definition(
    engine: Engine,
    transaction: Transaction,
    statement: ddl.CreateTable,
    prepared: Prepared | None,
    evaluate: Evaluate,
) -> TableDefinition:
    """What a new table is made like.

    Raises:
        BigQueryError: ``invalidQuery``: it cannot be made like that.
    """
    like = None
    if statement.like is not None:
        source = engine.session.table(statement.like)
        engine.session.in_location(transaction, source.parent)
        engine.session.meet_table(transaction, source)
        like = transaction.table(source).definition
    if statement.columns is not None:
        fields = column_options(statement.columns, statement.column_options, evaluate)
        if prepared is not None and len(prepared.columns) != len(fields):
            msg = f"Column count mismatch: {len(fields)} in the column list, {len(prepared.columns)} in the query"
            refuse("invalidQuery", msg, location="query")
    elif like is not None:
        fields = like.fields
    else:
        fields = () if prepared is None else query_fields(prepared)
    definition = TableDefinition(fields) if like is None else replace(like, fields=fields, expires=None)
    if statement.partition is not None:
        definition = replace(definition, partitioning=_partitioning(statement.partition, fields, evaluate))
    if statement.cluster:
        definition = replace(
            definition, clustering=tuple(column_named(fields, name).name for name in statement.cluster)
        )
    return table_options(definition, statement.options, evaluate)


def query_fields(prepared: Prepared) -> tuple[Field, ...]:
    """A query's columns as those of a table, all of them NULLABLE or REPEATED.

    Raises:
        BigQueryError: A column has no name, or one that another has too.
    """
    seen: set[str] = set()
    for position, (name, _) in enumerate(prepared.columns):
        if position in prepared.unnamed:
            msg = f"CREATE TABLE columns must be named, but column {position + 1} has no name"
            refuse("invalidQuery", msg, location="query")
        if name.lower() in seen:
            msg = f"CREATE TABLE has columns with duplicate name {name}"
            refuse("invalidQuery", msg, location="query")
        seen.add(name.lower())
    return tuple(field_of(name, kind) for name, kind in prepared.columns)


def column_named(fields: Sequence[Field], name: str) -> Field:
    """The column of that name, whatever its case.

    Raises:
        BigQueryError: There is none.
    """
    for field in fields:
        if field.name.lower() == name.lower():
            return field
    return refuse("invalidQuery", f"Unrecognized name: {name}", location="query")


def _partitioning(given: ddl.PartitionBy, fields: Sequence[Field], evaluate: Evaluate) -> Partitioning:
    if given.column is None:
        return TimePartitioning(Unit(given.unit))
    field = column_named(fields, given.column)
    if field.type not in _PARTITION_TYPES[given.function] or field.mode is Mode.REPEATED:
        takes = " or ".join(_PARTITION_TYPES[given.function])
        msg = f"PARTITION BY {given.function or 'a column'} takes {takes}, and {field.name} is {field.googlesql}"
        refuse("invalidQuery", msg, location="query")
    if given.bounds is not None:
        start, end, interval = (int(evaluate(bound, INT64)) for bound in given.bounds)
        return RangePartitioning(field.name, start, end, interval)
    return TimePartitioning(Unit(given.unit), field.name)
