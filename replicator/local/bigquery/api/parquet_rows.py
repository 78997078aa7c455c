"""Rows that arrive as Parquet.

https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#parquet_conversions
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
from duckdb.sqltypes import DuckDBPyType

from replicator.local.bigquery.errors import BigQueryError, unmodelled
from replicator.local.bigquery.files.decimals import check_decimal
from replicator.local.bigquery.statements.by_name import select_by_name
from replicator.local.bigquery.types import type_of
from replicator.schema.fields import Field, Mode

_TYPES: Final = {
    "bigint": "INTEGER", "integer": "INTEGER", "smallint": "INTEGER", "tinyint": "INTEGER", "uinteger": "INTEGER",
    "usmallint": "INTEGER", "utinyint": "INTEGER", "double": "FLOAT", "float": "FLOAT", "varchar": "STRING",
    "blob": "BYTES", "boolean": "BOOLEAN", "date": "DATE", "time": "TIME", "timestamp with time zone": "TIMESTAMP",
    "timestamp": "DATETIME", "timestamp_ns": "DATETIME", "timestamp_ms": "DATETIME", "timestamp_s": "DATETIME",
}  # fmt: skip


class _Options(NamedTuple):
    lists: bool
    decimals: Sequence[str]


def parquet_fields(
    file: Path, connection: duckdb.DuckDBPyConnection, *, lists: bool, decimals: Sequence[str]
) -> tuple[Field, ...]:
    """The columns of a Parquet file.

    Raises:
        BigQueryError: It is no Parquet file, or holds a type that is not modelled.
    """
    try:
        relation = connection.sql(_scan(file))
        wide = connection.execute(f"SELECT name, precision FROM parquet_schema({_path(file)}) WHERE precision > 38")
        too_wide = wide.fetchone()
    except duckdb.Error as error:
        msg = f"Error while reading data, error message: Input file is not in Parquet format. {error}".split("\n")[0]
        raise BigQueryError(reason="invalid", message=msg) from error
    if too_wide is not None:
        # DuckDB reads them as FLOAT64.
        what = f"the Parquet decimal {too_wide[0]} of {too_wide[1]} digits"
        raise unmodelled(what)
    options = _Options(lists, decimals)
    return tuple(_field(name, kind, options) for name, kind in zip(relation.columns, relation.types, strict=True))


def parquet_select(
    file: Path,
    stored: Sequence[Field],
    connection: duckdb.DuckDBPyConnection,
    *,
    lists: bool,
    decimals: Sequence[str],
) -> str:
    """A SELECT of a table's columns out of a Parquet file, matched by name."""
    fields = parquet_fields(file, connection, lists=lists, decimals=decimals)
    return select_by_name(_scan(file), [(field.name, type_of(field)) for field in fields], stored)


def _scan(file: Path) -> str:
    return f"SELECT * FROM read_parquet({_path(file)})"


def _path(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"


def _field(name: str, kind: DuckDBPyType, options: _Options) -> Field:
    if kind.id == "list":
        if not options.lists:
            # Without enableListInference the service reads a list as a record of list and element.
            what = f"the Parquet list {name} without parquetOptions.enableListInference"
            raise unmodelled(what)
        element = _field(name, kind.child, options)
        return Field(name, element.type, Mode.REPEATED, element.fields)
    if kind.id == "struct":
        return Field(
            name,
            "RECORD",
            fields=tuple(_field(child, DuckDBPyType(str(inner)), options) for child, inner in kind.children),
        )
    if kind.id == "decimal":
        sizes = dict(kind.children)
        decimal = check_decimal(name, int(str(sizes["precision"])), int(str(sizes["scale"])), options.decimals)
        if decimal == "BIGNUMERIC":
            # Those of more than 38 digits DuckDB would read as FLOAT64, so that no file could hold all of them.
            what = f"the Parquet decimal {name} as a BIGNUMERIC"
            raise unmodelled(what)
        return Field(name, decimal)
    found = _TYPES.get(kind.id) or _TYPES.get(str(kind).lower())
    if found is None:
        what = f"the Parquet type {kind} of {name}"
        raise unmodelled(what)
    return Field(name, found)
