"""Carrying out DDL.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, assert_never

from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements.analysis import Prepared
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.ddl_parser import parse_ddl
from replicator.local.bigquery.statements.frame import INT64, Frame
from replicator.local.bigquery.statements.options import Evaluate, column_options, dataset_options, table_options
from replicator.local.bigquery.statements.outcome import Outcome, Rows
from replicator.local.bigquery.storage.definitions import (
    DatasetDefinition,
    Kind,
    Partitioning,
    RangePartitioning,
    TableDefinition,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.refusals import project_unknown
from replicator.local.bigquery.storage.store import Contents, OnExisting, Transaction
from replicator.local.bigquery.types import field_of, type_of
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode

if TYPE_CHECKING:
    from replicator.local.bigquery.statements.engine import Engine

_ON_EXISTING: Final = {
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


def run_ddl(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """Carry out a CREATE, DROP or ALTER.

    Raises:
        BigQueryError: It could not be, and nothing of it was.
    """
    statement = parse_ddl(source)

    def evaluate(expression: Source, kind: Any) -> Any:
        return engine.evaluate(expression, frame, kind).value

    with engine.session.transaction() as (transaction, own):
        match statement:
            case ddl.CreateTable():
                outcome = _create_table(engine, transaction, statement, frame, evaluate)
            case ddl.CreateView():
                outcome = _create_view(engine, transaction, statement, frame, evaluate)
            case ddl.CreateSchema():
                outcome = _create_schema(engine, transaction, statement, evaluate)
            case ddl.DropSchema():
                outcome = _drop_schema(engine, transaction, statement)
            case ddl.DropTable():
                outcome = _drop_table(engine, transaction, statement)
            case ddl.SetOptions() if statement.kind == "SCHEMA":
                outcome = _set_schema_options(engine, transaction, statement, evaluate)
            case ddl.AddColumns() | ddl.DropColumns() | ddl.AlterColumn() | ddl.SetOptions():
                outcome = _alter(engine, transaction, statement, evaluate)
            case _:
                assert_never(statement)
        if own:
            engine.finishing(outcome, transaction)
            transaction.commit()
    return outcome


def describe_ddl(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """What a DDL statement would read and answer.

    Raises:
        BigQueryError: What it would be refused with before it runs.
    """
    statement = parse_ddl(source)
    if not isinstance(statement, ddl.CreateTable):
        words = source.text.split(maxsplit=2)
        return Outcome("_".join(word.upper() for word in words[:2]))
    if statement.query is None:
        return Outcome("CREATE_TABLE")
    with engine.session.transaction() as (transaction, _):
        prepared = engine.prepare(transaction, statement.query.placed, frame=frame)
    rows = Rows(prepared.columns, ())
    return Outcome("CREATE_TABLE_AS_SELECT", rows, bytes=prepared.bytes, tables=prepared.tables)


def _create_table(
    engine: Engine, transaction: Transaction, statement: ddl.CreateTable, frame: Frame, evaluate: Evaluate
) -> Outcome:
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
    definition = _table_definition(engine, transaction, statement, prepared, evaluate)
    operation = "CREATE"
    if existing is not None and statement.existing is ddl.Existing.REPLACED:
        operation = "REPLACE"
        _same_partitioning(existing.definition, definition, ref)
    rows = None
    if prepared is not None:
        # The query may read the very table that is replaced, so its rows are computed first.
        rows = engine.session.scratch()
        engine.compute(f"CREATE TEMP TABLE {rows} AS {_typed(engine, transaction, statement, prepared, frame)}")
    transaction.create_table(ref, definition, _ON_EXISTING[statement.existing])
    if rows is not None:
        with engine.computing():
            transaction.append(ref, f"SELECT * FROM {rows}", engine.session.connection)
        engine.compute(f"DROP TABLE {rows}")
    if prepared is None:
        return Outcome(kind, operation=operation, target=ref)
    return Outcome(kind, bytes=prepared.bytes, tables=prepared.tables, operation=operation, target=ref)


def _typed(
    engine: Engine, transaction: Transaction, statement: ddl.CreateTable, prepared: Prepared, frame: Frame
) -> str:
    if statement.columns is None or statement.query is None:
        return prepared.named()
    wanted = [(field.name, type_of(field)) for field in statement.columns]
    return engine.prepare(transaction, statement.query.placed, frame=frame, wanted=wanted).sql


def _same_partitioning(old: TableDefinition, new: TableDefinition, ref: TableRef) -> None:
    def spec(definition: TableDefinition) -> Partitioning | None:
        partitioning = definition.partitioning
        return replace(partitioning, expiration=None) if isinstance(partitioning, TimePartitioning) else partitioning

    if old.kind is not Kind.TABLE:
        what = f"CREATE OR REPLACE TABLE over the view {ref}"
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


def _table_definition(
    engine: Engine,
    transaction: Transaction,
    statement: ddl.CreateTable,
    prepared: Prepared | None,
    evaluate: Evaluate,
) -> TableDefinition:
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
        definition = replace(definition, clustering=tuple(_column(fields, name).name for name in statement.cluster))
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


def _column(fields: Sequence[Field], name: str) -> Field:
    for field in fields:
        if field.name.lower() == name.lower():
            return field
    return refuse("invalidQuery", f"Unrecognized name: {name}", location="query")


def _partitioning(given: ddl.PartitionBy, fields: Sequence[Field], evaluate: Evaluate) -> Partitioning:
    if given.column is None:
        return TimePartitioning(Unit(given.unit))
    field = _column(fields, given.column)
    if field.type not in _PARTITION_TYPES[given.function] or field.mode is Mode.REPEATED:
        takes = " or ".join(_PARTITION_TYPES[given.function])
        msg = f"PARTITION BY {given.function or 'a column'} takes {takes}, and {field.name} is {field.googlesql}"
        refuse("invalidQuery", msg, location="query")
    if given.bounds is not None:
        start, end, interval = (int(evaluate(bound, INT64)) for bound in given.bounds)
        return RangePartitioning(field.name, start, end, interval)
    return TimePartitioning(Unit(given.unit), field.name)


def _create_view(
    engine: Engine, transaction: Transaction, statement: ddl.CreateView, frame: Frame, evaluate: Evaluate
) -> Outcome:
    ref = engine.session.table(statement.path)
    engine.session.in_location(transaction, ref.parent)
    existing = transaction.find_table(ref)
    if existing is not None and statement.existing is ddl.Existing.KEPT:
        return Outcome("CREATE_VIEW", operation="SKIP", target=ref)
    if statement.columns is not None:
        what = "a view with a column list"
        raise unmodelled(what)
    prepared = engine.prepare(transaction, statement.query.placed, frame=Frame(system=frame.system))
    definition = TableDefinition(query_fields(prepared), kind=Kind.VIEW, query=statement.query.text)
    definition = table_options(definition, statement.options, evaluate)
    transaction.create_table(ref, definition, _ON_EXISTING[statement.existing])
    return Outcome("CREATE_VIEW", operation="CREATE" if existing is None else "REPLACE", target=ref)


def _create_schema(
    engine: Engine, transaction: Transaction, statement: ddl.CreateSchema, evaluate: Evaluate
) -> Outcome:
    ref = engine.session.dataset(statement.path)
    location = engine.session.setting.location
    definition = dataset_options(DatasetDefinition(location), statement.options, evaluate)
    if definition.location.lower() != location.lower():
        # CREATE SCHEMA runs where its dataset is to lie (data-definition-language: schema_option_list, location).
        msg = f"Cannot create dataset {ref} in location {definition.location} by a job that runs in {location}"
        refuse("invalid", msg)
    if not transaction.has_project(ref.project):
        raise project_unknown(ref.project)
    made = transaction.create_dataset(ref, definition, _ON_EXISTING[statement.existing])
    return Outcome("CREATE_SCHEMA", operation="CREATE" if made else "SKIP", target=ref)


def _drop_schema(engine: Engine, transaction: Transaction, statement: ddl.DropSchema) -> Outcome:
    ref = engine.session.dataset(statement.path)
    try:
        engine.session.in_location(transaction, ref)
    except BigQueryError as error:
        if statement.if_exists and error.reason == "notFound":
            return Outcome("DROP_SCHEMA", operation="SKIP", target=ref)
        raise
    transaction.drop_dataset(ref, Contents.DROP if statement.cascade else Contents.REFUSE)
    return Outcome("DROP_SCHEMA", operation="DROP", target=ref)


def _drop_table(engine: Engine, transaction: Transaction, statement: ddl.DropTable) -> Outcome:
    kind = f"DROP_{statement.kind}"
    ref = engine.session.table(statement.path)
    if statement.if_exists and not _reachable(engine, transaction, ref):
        return Outcome(kind, operation="SKIP", target=ref)
    engine.session.in_location(transaction, ref.parent)
    found = transaction.find_table(ref)
    if found is None and statement.if_exists:
        return Outcome(kind, operation="SKIP", target=ref)
    table = transaction.table(ref)
    if table.definition.kind.value != statement.kind:
        msg = f"Cannot drop {ref} with DROP {statement.kind}: it is a {table.definition.kind.value}"
        refuse("invalid", msg)
    transaction.drop_table(ref)
    engine.session.forget_temporary(ref)
    return Outcome(kind, operation="DROP", target=ref)


def _reachable(engine: Engine, transaction: Transaction, ref: TableRef) -> bool:
    try:
        engine.session.in_location(transaction, ref.parent)
    except BigQueryError as error:
        if error.reason == "notFound":
            return False
        raise
    return True


def _set_schema_options(
    engine: Engine, transaction: Transaction, statement: ddl.SetOptions, evaluate: Evaluate
) -> Outcome:
    ref = engine.session.dataset(statement.path)
    try:
        engine.session.in_location(transaction, ref)
    except BigQueryError as error:
        if statement.if_exists and error.reason == "notFound":
            return Outcome("ALTER_SCHEMA", operation="SKIP", target=ref)
        raise
    definition = transaction.dataset(ref).definition
    changed = dataset_options(definition, statement.options, evaluate)
    if changed.location != definition.location:
        refuse("invalidQuery", "The location of a dataset cannot be changed", location="query")
    transaction.update_dataset(ref, changed)
    return Outcome("ALTER_SCHEMA", operation="ALTER", target=ref)


def _alter(
    engine: Engine,
    transaction: Transaction,
    statement: ddl.AddColumns | ddl.DropColumns | ddl.AlterColumn | ddl.SetOptions,
    evaluate: Evaluate,
) -> Outcome:
    kind = "ALTER_VIEW" if isinstance(statement, ddl.SetOptions) and statement.kind == "VIEW" else "ALTER_TABLE"
    ref = engine.session.table(statement.path)
    if statement.if_exists and (not _reachable(engine, transaction, ref) or transaction.find_table(ref) is None):
        return Outcome(kind, operation="SKIP", target=ref)
    engine.session.in_location(transaction, ref.parent)
    engine.session.meet_table(transaction, ref)
    definition = transaction.table(ref).definition
    match statement:
        case ddl.SetOptions():
            changed = table_options(definition, statement.options, evaluate)
        case ddl.AddColumns():
            changed = _with_columns(definition, statement, evaluate)
        case ddl.AlterColumn():
            column = _column(definition.fields, statement.column)
            relaxed = replace(column, mode=Mode.NULLABLE)
            fields = tuple(relaxed if field is column else field for field in definition.fields)
            changed = replace(definition, fields=fields)
        case ddl.DropColumns():
            what = "ALTER TABLE … DROP COLUMN"
            raise unmodelled(what)
    transaction.update_table(ref, changed)
    return Outcome(kind, operation="ALTER", target=ref)


def _with_columns(definition: TableDefinition, statement: ddl.AddColumns, evaluate: Evaluate) -> TableDefinition:
    fields = list(definition.fields)
    for field, existing_is_fine in statement.columns:
        if any(field.name.lower() == known.name.lower() for known in fields):
            if existing_is_fine:
                continue
            msg = f"Column already exists: {field.name}"
            refuse("invalidQuery", msg, location="query")
        if field.mode is Mode.REQUIRED:
            # managing-table-schemas: a REQUIRED column cannot be added to a table that exists.
            msg = f"Cannot add REQUIRED column {field.name} to a table; add it without NOT NULL"
            refuse("invalid", msg)
        fields.append(field)
    return replace(definition, fields=column_options(fields, statement.column_options, evaluate))
