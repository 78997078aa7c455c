"""ALTER TABLE where it changes what rows hold: columns dropped, renamed, or given a wider type.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#alter_table_drop_column_statement

The service changes what it knows of the table; here its rows are written anew, in the partitions that they are in. So
the times of all of its partitions are those of the change, of which no page speaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.googlesql.coercion import convert
from replicator.local.bigquery.googlesql.values import Names
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements.new_tables import column_named
from replicator.local.bigquery.storage.definitions import Kind, TableDefinition
from replicator.local.bigquery.storage.partitions import ingestion_partitioned
from replicator.local.bigquery.storage.reading import FRAGMENT, ROW
from replicator.local.bigquery.storage.relations import TableRelation
from replicator.local.bigquery.storage.store import Transaction
from replicator.local.bigquery.types import duckdb_name, duckdb_type, type_of
from replicator.names import TableRef
from replicator.schema.fields import Field

if TYPE_CHECKING:
    from replicator.local.bigquery.statements.engine import Engine

# data-definition-language, ALTER COLUMN SET DATA TYPE: to a type that loses nothing (by the API's names).
_WIDER: Final[Mapping[str, tuple[str, ...]]] = {
    "INTEGER": ("NUMERIC", "BIGNUMERIC", "FLOAT"),
    "NUMERIC": ("BIGNUMERIC", "FLOAT"),
    "BIGNUMERIC": ("FLOAT",),
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as it will be, and the one that its values are taken from."""

    field: Field
    origin: Field

    def sql(self) -> str:
        """DuckDB SQL of its values."""
        name, kind = duckdb_name(self.origin.name), duckdb_type(type_of(self.field))
        if self.origin.type == self.field.type:
            return name
        if "BIGNUMERIC" in (self.origin.type, self.field.type):
            return convert(name, type_of(self.origin), type_of(self.field), Names())
        # A decimal becomes the FLOAT64 nearest to it by way of its digits.
        return f"CAST(CAST({name} AS VARCHAR) AS {kind})"


def reshape(engine: Engine, transaction: Transaction, ref: TableRef, statement: ddl.Reshaping) -> None:
    """Change the columns of a table, and its rows with them.

    Raises:
        BigQueryError: The service does not make this change, or it is not modelled.
    """
    definition = transaction.table(ref).definition
    if definition.kind is not Kind.TABLE:
        refuse("invalidQuery", f"ALTER TABLE is not allowed for {ref}: it is a {definition.kind.value}")
    if ingestion_partitioned(definition) or transaction.buffer(ref) is not None:
        what = "this ALTER TABLE of a table partitioned by ingestion time, or with rows in the streaming buffer,"
        raise unmodelled(what)
    columns = _columns(definition, statement)
    if columns == [_Column(field, field) for field in definition.fields]:
        return
    path = (ref.project, ref.dataset, ref.table)
    relation = transaction.catalog(location=engine.session.setting.location).relation(path)
    if not isinstance(relation, TableRelation):
        refuse("internalError", f"{ref} is not read like a table")
    # Whoever asks queries for a filter does not ask this.
    open_table = replace(relation.reference, definition=replace(definition, require_partition_filter=False))
    read = frozenset({FRAGMENT, ROW, *(column.origin.name for column in columns)})
    rows = replace(relation, reference=open_table).scan(columns=read, prune=())
    items = ", ".join(f"{column.sql()} AS c{number}" for number, column in enumerate(columns))
    scratch = engine.session.scratch()
    engine.compute(f"CREATE TEMP TABLE {scratch} AS SELECT {FRAGMENT}, {ROW}, {items} FROM {rows}")
    transaction.reshape_table(ref, replace(definition, fields=tuple(column.field for column in columns)))
    listed = ", ".join(f"c{number} AS {duckdb_name(column.field.name)}" for number, column in enumerate(columns))
    with engine.computing():
        removed, added = f"SELECT {FRAGMENT}, {ROW} FROM {scratch}", f"SELECT {listed} FROM {scratch}"
        transaction.rewrite(ref, removed, added, engine.session.connection)
    engine.compute(f"DROP TABLE {scratch}")


def _columns(definition: TableDefinition, statement: ddl.Reshaping) -> list[_Column]:
    columns = {field.name.lower(): _Column(field, field) for field in definition.fields}
    match statement:
        case ddl.DropColumns():
            for name, missing_is_fine in statement.columns:
                field = _found(definition, name, missing_is_fine=missing_is_fine)
                if field is not None:
                    _free(definition, field, "drop")
                    columns.pop(field.name.lower(), None)
            if not columns:
                refuse("invalidQuery", "Cannot drop all columns of a table")
        case ddl.RenameColumns():
            for name, new, missing_is_fine in statement.columns:
                field = _found(definition, name, missing_is_fine=missing_is_fine)
                if field is not None:
                    _free(definition, field, "rename")
                    columns[field.name.lower()] = _Column(replace(field, name=new), field)
        case ddl.SetDataType():
            field = _found(definition, statement.column, missing_is_fine=statement.missing_is_fine)
            if field is not None:
                columns[field.name.lower()] = _Column(_widened(definition, field, statement.type), field)
    return list(columns.values())


def _found(definition: TableDefinition, name: str, *, missing_is_fine: bool) -> Field | None:
    known = {field.name.lower() for field in definition.fields}
    return None if missing_is_fine and name.lower() not in known else column_named(definition.fields, name)


def _free(definition: TableDefinition, field: Field, change: str) -> None:
    for used, names in (("partitioning", _partitioning(definition)), ("clustering", definition.clustering)):
        if field.name in names:
            refuse("invalidQuery", f"Cannot {change} column {field.name}: it is used for {used}")


def _partitioning(definition: TableDefinition) -> Sequence[str]:
    column = None if definition.partitioning is None else definition.partitioning.column
    return () if column is None else (column,)


def _widened(definition: TableDefinition, field: Field, wanted: Field) -> Field:
    _free(definition, field, "change the type of")
    if wanted.type == field.type and wanted.mode is field.mode and wanted.fields == field.fields:
        return field
    if field.type == "RECORD" or wanted.type == "RECORD":
        what = "ALTER COLUMN SET DATA TYPE of a STRUCT"
        raise unmodelled(what)
    if wanted.type not in _WIDER.get(field.type, ()) or "REPEATED" in (field.mode.value, wanted.mode.value):
        fact = f"ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type ({field.googlesql})"
        refuse("invalidQuery", f"{fact} is assignable to the new type ({wanted.googlesql})")
    return replace(field, type=wanted.type)
