"""Carrying out DDL.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, assert_never

from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements.copies import DROPPED, create_copy
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.ddl_parser import parse_ddl
from replicator.local.bigquery.statements.frame import Frame
from replicator.local.bigquery.statements.functions import create_function, drop_function
from replicator.local.bigquery.statements.materialized import check_materialized, materialized_options
from replicator.local.bigquery.statements.new_tables import (
    ON_EXISTING,
    column_named,
    create_table,
    describe_table,
    query_fields,
)
from replicator.local.bigquery.statements.options import Evaluate, column_options, dataset_options, table_options
from replicator.local.bigquery.statements.outcome import Outcome
from replicator.local.bigquery.statements.reshaping import reshape
from replicator.local.bigquery.storage.definitions import (
    DatasetDefinition,
    Kind,
    Refresh,
    TableDefinition,
)
from replicator.local.bigquery.storage.refusals import project_unknown
from replicator.local.bigquery.storage.store import Contents, Transaction
from replicator.names import TableRef
from replicator.schema.fields import Mode

if TYPE_CHECKING:
    from replicator.local.bigquery.statements.engine import Engine


def run_ddl(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """Carry out a CREATE, DROP or ALTER.

    Raises:
        BigQueryError: It could not be, and nothing of it was.
    """
    statement = parse_ddl(source)
    with engine.session.transaction() as (transaction, own):
        outcome = _carried_out(engine, transaction, statement, frame)
        if own:
            engine.finishing(outcome, transaction)
            transaction.commit()
    return outcome


def describe_ddl(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """What a DDL statement would read and do: it is carried out without its rows, and rolled back.

    Raises:
        BigQueryError: What it would be refused with before it runs.
    """
    statement = parse_ddl(source)
    with engine.session.transaction() as (transaction, _):
        if not isinstance(statement, ddl.CreateTable) or statement.query is None:
            return _carried_out(engine, transaction, statement, frame)
        return describe_table(engine, transaction, statement, frame, _evaluate(engine, frame))


def _evaluate(engine: Engine, frame: Frame) -> Evaluate:
    def evaluate(expression: Source, kind: Any) -> Any:
        return engine.evaluate(expression, frame, kind).value

    return evaluate


def _carried_out(engine: Engine, transaction: Transaction, statement: ddl.Ddl, frame: Frame) -> Outcome:
    evaluate = _evaluate(engine, frame)
    match statement:
        case ddl.CreateTable() | ddl.CreateCopy() | ddl.CreateView() | ddl.CreateSchema() | ddl.CreateFunction():
            return _created(engine, transaction, statement, frame, evaluate)
        case ddl.DropSchema():
            return _drop_schema(engine, transaction, statement)
        case ddl.DropFunction():
            return drop_function(engine, transaction, statement)
        case ddl.DropTable():
            return _drop_table(engine, transaction, statement)
        case ddl.SetOptions() if statement.kind == "SCHEMA":
            return _set_schema_options(engine, transaction, statement, evaluate)
        case (
            ddl.AddColumns()
            | ddl.DropColumns()
            | ddl.RenameColumns()
            | ddl.SetDataType()
            | ddl.AlterColumn()
            | ddl.SetOptions()
        ):
            return _alter(engine, transaction, statement, evaluate)
        case _:
            assert_never(statement)


def _created(
    engine: Engine, transaction: Transaction, statement: ddl.Creation, frame: Frame, evaluate: Evaluate
) -> Outcome:
    match statement:
        case ddl.CreateTable():
            return create_table(engine, transaction, statement, frame, evaluate)
        case ddl.CreateCopy():
            return create_copy(engine, transaction, statement, evaluate)
        case ddl.CreateView():
            return _create_view(engine, transaction, statement, frame, evaluate)
        case ddl.CreateSchema():
            return _create_schema(engine, transaction, statement, evaluate)
        case ddl.CreateFunction():
            return create_function(engine, transaction, statement, evaluate)


def _create_view(
    engine: Engine, transaction: Transaction, statement: ddl.CreateView, frame: Frame, evaluate: Evaluate
) -> Outcome:
    told = "CREATE_MATERIALIZED_VIEW" if statement.materialized else "CREATE_VIEW"
    ref = engine.session.table(statement.path)
    engine.session.in_location(transaction, ref.parent)
    existing = transaction.find_table(ref)
    if existing is not None and statement.existing is ddl.Existing.KEPT:
        return Outcome(told, operation="SKIP", target=ref)
    if statement.columns is not None:
        what = "a view with a column list"
        raise unmodelled(what)
    prepared = engine.prepare(transaction, statement.query.placed, frame=Frame(system=frame.system))
    definition = TableDefinition(query_fields(prepared), kind=Kind.VIEW, query=statement.query.text)
    if statement.materialized:
        check_materialized(statement.query.placed, prepared)
        definition = replace(definition, kind=Kind.MATERIALIZED_VIEW, refresh=Refresh())
        definition = materialized_options(definition, statement.options, evaluate)
    else:
        definition = table_options(definition, statement.options, evaluate)
    transaction.create_table(ref, definition, ON_EXISTING[statement.existing])
    return Outcome(told, operation="CREATE" if existing is None else "REPLACE", target=ref)


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
    made = transaction.create_dataset(ref, definition, ON_EXISTING[statement.existing])
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
    kind = f"DROP_{statement.kind.replace(' ', '_')}"
    ref = engine.session.table(statement.path)
    if statement.if_exists and not _reachable(engine, transaction, ref):
        return Outcome(kind, operation="SKIP", target=ref)
    engine.session.in_location(transaction, ref.parent)
    found = transaction.find_table(ref)
    if found is None and statement.if_exists:
        return Outcome(kind, operation="SKIP", target=ref)
    table = transaction.table(ref)
    if table.definition.kind is not DROPPED[statement.kind]:
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
    statement: ddl.AddColumns | ddl.Reshaping | ddl.AlterColumn | ddl.SetOptions,
    evaluate: Evaluate,
) -> Outcome:
    named = statement.kind if isinstance(statement, ddl.SetOptions) else "TABLE"
    kind = f"ALTER_{named.replace(' ', '_')}"
    ref = engine.session.table(statement.path)
    if statement.if_exists and (not _reachable(engine, transaction, ref) or transaction.find_table(ref) is None):
        return Outcome(kind, operation="SKIP", target=ref)
    engine.session.in_location(transaction, ref.parent)
    engine.session.meet_table(transaction, ref)
    definition = transaction.table(ref).definition
    if definition.kind is Kind.SNAPSHOT and not isinstance(statement, ddl.SetOptions):
        refuse("invalid", f"{ref} is not allowed for this operation because it is a {definition.kind}.")
    if (named == "MATERIALIZED VIEW") is not (definition.kind is Kind.MATERIALIZED_VIEW):
        refuse("invalid", f"ALTER {named} is not allowed for {ref}: it is a {definition.kind}")
    match statement:
        case ddl.SetOptions() if named == "MATERIALIZED VIEW":
            changed = materialized_options(definition, statement.options, evaluate)
        case ddl.SetOptions():
            changed = table_options(definition, statement.options, evaluate)
        case ddl.AddColumns():
            changed = _with_columns(definition, statement, evaluate)
        case ddl.AlterColumn():
            names = {field.name.lower() for field in definition.fields}
            if statement.missing_is_fine and statement.column.lower() not in names:
                return Outcome(kind, operation="SKIP", target=ref)
            column = column_named(definition.fields, statement.column)
            relaxed = replace(column, mode=Mode.NULLABLE)
            fields = tuple(relaxed if field is column else field for field in definition.fields)
            changed = replace(definition, fields=fields)
        case _:
            reshape(engine, transaction, ref, statement)
            return Outcome(kind, operation="ALTER", target=ref)
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
