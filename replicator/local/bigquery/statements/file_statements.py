"""EXPORT DATA and LOAD DATA: what they say, as the configuration of the job that does the same.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/export-statements, …/load-statements
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.ddl_parser import partition_by
from replicator.local.bigquery.statements.frame import BOOL, INT64, STRING, Frame
from replicator.local.bigquery.statements.new_tables import table_definition
from replicator.local.bigquery.statements.options import Evaluate, option_values
from replicator.local.bigquery.statements.outcome import Outcome, Rows
from replicator.local.bigquery.statements.types_parser import columns, option_list
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.types import Type, array, field_of
from replicator.names import TableRef
from replicator.schema.fields import Field

if TYPE_CHECKING:
    import duckdb

    from replicator.local.bigquery.statements.analysis import Prepared
    from replicator.local.bigquery.statements.engine import Engine
    from replicator.local.bigquery.storage.store import Transaction

_FORMATS: Final = {
    "AVRO": "AVRO", "CSV": "CSV", "JSON": "NEWLINE_DELIMITED_JSON", "NEWLINE_DELIMITED_JSON": "NEWLINE_DELIMITED_JSON",
    "PARQUET": "PARQUET",
}  # fmt: skip
# Each option with its type and the job's own name for it.
_EXPORT: Final[Mapping[str, tuple[Type, str]]] = {
    "uri": (STRING, "destinationUri"),
    "format": (STRING, "destinationFormat"),
    "overwrite": (BOOL, "overwrite"),
    "compression": (STRING, "compression"),
    "field_delimiter": (STRING, "fieldDelimiter"),
    "header": (BOOL, "printHeader"),
    "use_avro_logical_types": (BOOL, "useAvroLogicalTypes"),
}
_LOAD: Final[Mapping[str, tuple[Type, str]]] = {
    "uris": (array(STRING), "sourceUris"),
    "format": (STRING, "sourceFormat"),
    "allow_jagged_rows": (BOOL, "allowJaggedRows"),
    "allow_quoted_newlines": (BOOL, "allowQuotedNewlines"),
    "decimal_target_types": (array(STRING), "decimalTargetTypes"),
    "enable_list_inference": (BOOL, "enableListInference"),
    "enable_logical_types": (BOOL, "useAvroLogicalTypes"),
    "encoding": (STRING, "encoding"),
    "field_delimiter": (STRING, "fieldDelimiter"),
    "ignore_unknown_values": (BOOL, "ignoreUnknownValues"),
    "max_bad_records": (INT64, "maxBadRecords"),
    "null_marker": (STRING, "nullMarker"),
    "quote": (STRING, "quote"),
    "skip_leading_rows": (INT64, "skipLeadingRows"),
}


class Files(Protocol):
    """Who reads and writes the files."""

    def export(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        fields: Sequence[Field],
        configuration: Mapping[str, Any],
        *,
        location: str,
    ) -> Mapping[str, Any]:
        """Write the rows of a DuckDB table as an extract's ``configuration`` says; an ``ExportDataStatistics``."""
        ...

    def load(
        self,
        transaction: Transaction,
        connection: duckdb.DuckDBPyConnection,
        target: TableRef,
        definition: TableDefinition,
        configuration: Mapping[str, Any],
        *,
        location: str,
    ) -> Mapping[str, Any]:
        """Load as a load's ``configuration`` says; a ``LoadQueryStatistics``."""
        ...


@dataclass(frozen=True, slots=True)
class ExportData:
    """EXPORT DATA."""

    options: ddl.Options
    query: Source


@dataclass(frozen=True, slots=True)
class LoadData:
    """LOAD DATA.

    Attributes:
        table: What is loaded into, told as CREATE TABLE tells it.
        overwrites: The rows that are there go.
        files: What stands behind FROM FILES.
    """

    table: ddl.CreateTable
    overwrites: bool
    files: ddl.Options


def parse_export(source: Source) -> ExportData:
    """Read EXPORT DATA.

    Raises:
        BigQueryError: ``invalidQuery`` with the position, or ``notImplemented`` for what is not modelled.
    """
    cursor = Cursor.over(source)
    cursor.expect("EXPORT")
    if cursor.at_any("MODEL", "METADATA"):
        what = f"the statement EXPORT {cursor.token.upper}"
        raise unmodelled(what)
    cursor.expect("DATA")
    _not_next(cursor, "WITH", "EXPORT DATA WITH CONNECTION")
    options = option_list(cursor)
    cursor.expect("AS")
    return ExportData(options, cursor.rest())


def parse_load(source: Source) -> LoadData:
    """Read LOAD DATA.

    Raises:
        BigQueryError: As above.
    """
    cursor = Cursor.over(source)
    cursor.expect("LOAD", "DATA")
    if not cursor.at_any("INTO", "OVERWRITE"):
        cursor.refuse("keyword INTO or keyword OVERWRITE")
    overwrites = cursor.advance().upper == "OVERWRITE"
    if cursor.at_any("TEMP", "TEMPORARY") and cursor.after(1).upper == "TABLE":
        what = "LOAD DATA into a temporary table"
        raise unmodelled(what)
    path = cursor.path()
    for word in ("OVERWRITE", "PARTITIONS"):
        _not_next(cursor, word, f"LOAD DATA … {word}")
    fields, column_options = columns(cursor) if cursor.at("(") else (None, ())
    partition = partition_by(cursor) if cursor.accept("PARTITION", "BY") else None
    cluster: list[str] = []
    if cursor.accept("CLUSTER", "BY"):
        cluster.append(cursor.name())
        while cursor.accept(","):
            cluster.append(cursor.name())
    options = option_list(cursor) if cursor.at("OPTIONS") else ()
    cursor.expect("FROM", "FILES")
    files = option_list(cursor, behind=())
    _not_next(cursor, "WITH", "LOAD DATA … WITH")
    cursor.finish()
    if fields is None and (partition is not None or cluster):
        what = "PARTITION BY or CLUSTER BY of LOAD DATA without columns"
        raise unmodelled(what)
    table = ddl.CreateTable(
        path,
        existing=ddl.Existing.REPLACED if overwrites else ddl.Existing.KEPT,
        temporary=False,
        columns=fields,
        column_options=column_options,
        like=None,
        partition=partition,
        cluster=tuple(cluster),
        options=options,
        query=None,
    )
    return LoadData(table, overwrites, files)


def _not_next(cursor: Cursor, word: str, what: str) -> None:
    if cursor.at(word):
        raise unmodelled(what)


def run_export(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """Carry out EXPORT DATA.

    Raises:
        BigQueryError: It could not be; files may have been written.
    """
    statement = parse_export(source)
    _not_in_transaction(engine, "EXPORT DATA")
    configuration = _export_configuration(engine, statement, frame)
    with engine.session.transaction() as (transaction, _):
        prepared = engine.prepare(transaction, statement.query.placed, frame=frame)
        fields = _columns(prepared)
        scratch = engine.session.scratch()
        engine.compute(f"CREATE TEMP TABLE {scratch} AS {prepared.named()}")
        location = engine.session.setting.location
        with engine.computing():
            told = _files(engine).export(engine.session.connection, scratch, fields, configuration, location=location)
        engine.compute(f"DROP TABLE {scratch}")
        statistics = {"exportDataStatistics": told}
        outcome = Outcome("EXPORT_DATA", read=prepared.read, tables=prepared.tables, files=statistics)
        engine.finishing(outcome, transaction)
        transaction.commit()
    return outcome


def describe_export(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """What EXPORT DATA would read.

    Raises:
        BigQueryError: What it would be refused with before it runs.
    """
    statement = parse_export(source)
    _export_configuration(engine, statement, frame)
    with engine.session.transaction() as (transaction, _):
        prepared = engine.prepare(transaction, statement.query.placed, frame=frame)
        _columns(prepared)
    return Outcome("EXPORT_DATA", Rows(prepared.columns, ()), read=prepared.read, tables=prepared.tables)


def run_load(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """Carry out LOAD DATA.

    Raises:
        BigQueryError: It could not be, and nothing of it was.
    """
    statement = parse_load(source)
    _not_in_transaction(engine, "LOAD DATA")
    evaluate = _evaluate(engine, frame)
    configuration = _configuration(statement.files, _LOAD, "LOAD DATA", evaluate)
    ref = engine.session.table(statement.table.path)
    with engine.session.transaction(mutates=ref if statement.overwrites else None) as (transaction, _):
        engine.session.in_location(transaction, ref.parent)
        existing = transaction.find_table(ref)
        if existing is not None:
            engine.session.meet_table(transaction, ref)
            if statement.table.options or (statement.overwrites and statement.table.columns is None):
                # No page tells what of the table that is there remains.
                what = "LOAD DATA with OPTIONS, or OVERWRITE without columns, of a table that is there"
                raise unmodelled(what)
        definition = table_definition(engine, transaction, statement.table, None, evaluate)
        configuration["autodetect"] = statement.table.columns is None
        configuration["writeDisposition"] = "WRITE_TRUNCATE" if statement.overwrites else "WRITE_APPEND"
        location = engine.session.setting.location
        with engine.computing():
            told = _files(engine).load(
                transaction, engine.session.connection, ref, definition, configuration, location=location
            )
        # A table that the statement makes is met as it was made.
        engine.session.meet_table(transaction, ref)
        outcome = Outcome("LOAD_DATA", target=ref, files={"loadQueryStatistics": told})
        engine.finishing(outcome, transaction)
        transaction.commit()
    return outcome


def describe_load(engine: Engine, source: Source, frame: Frame) -> Outcome:
    """LOAD DATA reads no table.

    Raises:
        BigQueryError: What it would be refused with before it runs.
    """
    statement = parse_load(source)
    _configuration(statement.files, _LOAD, "LOAD DATA", _evaluate(engine, frame))
    with engine.session.transaction() as (transaction, _):
        engine.session.in_location(transaction, engine.session.table(statement.table.path).parent)
    return Outcome("LOAD_DATA")


def _evaluate(engine: Engine, frame: Frame) -> Evaluate:
    def evaluate(expression: Source, kind: Type) -> Any:
        return engine.evaluate(expression, frame, kind).value

    return evaluate


def _files(engine: Engine) -> Files:
    found = engine.session.setting.files
    if found is None:
        what = "a statement over files where there is no Cloud Storage"
        raise unmodelled(what)
    return found


def _not_in_transaction(engine: Engine, what: str) -> None:
    if engine.session.in_transaction:
        # The page on transactions names the statements that are taken in one, and it is not among them.
        refuse("invalidQuery", f"{what} is not supported in a transaction", location="query")


def _export_configuration(engine: Engine, statement: ExportData, frame: Frame) -> Mapping[str, Any]:
    configuration = _configuration(statement.options, _EXPORT, "EXPORT DATA", _evaluate(engine, frame))
    # Other than in extract jobs there is no header unless it is asked for (export-statements, header).
    return {"printHeader": False, **configuration}


def _configuration(
    options: ddl.Options, known: Mapping[str, tuple[Type, str]], owner: str, evaluate: Evaluate
) -> dict[str, Any]:
    values = option_values(options, {name: kind for name, (kind, _) in known.items()}, owner, evaluate)
    for name in ("uri" if "uri" in known else "uris", "format"):
        if not values.get(name):
            refuse("invalidQuery", f"Option {name} is required in {owner}", location="query")
    form = str(values["format"]).upper()
    if form not in _FORMATS:
        what = f"the format {form} of {owner}"
        raise unmodelled(what)
    values["format"] = _FORMATS[form]
    given = {known[name][1]: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return {name: value for name, value in given.items() if value is not None}


def _columns(prepared: Prepared) -> tuple[Field, ...]:
    seen: set[str] = set()
    for name, _ in prepared.columns:
        if name.lower() in seen:
            msg = f"Duplicate column names in the result are not supported. Found duplicate(s): {name}"
            refuse("invalidQuery", msg, location="query")
        seen.add(name.lower())
    return tuple(field_of(name, kind) for name, kind in prepared.columns)
