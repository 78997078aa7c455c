"""Rows into fragments: checked, cut by partition, on disk and measured before anyone hears of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replicator import limits
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.admission import admitted, refusal
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.footers import measure
from replicator.local.bigquery.storage.fragments import Fragment, copy_partitions, copy_to, flush, table_folder
from replicator.local.bigquery.storage.partitions import WHOLE, arrival_id, check_decorator, partition_id
from replicator.local.bigquery.storage.projection import column_type
from replicator.local.bigquery.types import duckdb_name
from replicator.names import TableRef
from replicator.schema.fields import Field

if TYPE_CHECKING:
    import duckdb

_PARTITION: Final = '"$partition"'


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes fragments of one table.

    Attributes:
        root: The store's folder.
        ref: The table.
        definition: Its schema and partitioning.
        new_id: Numbers for fragments, each used once.
        now: The statement's time: the ingestion time of its rows.
    """

    root: Path
    ref: TableRef
    definition: TableDefinition
    new_id: Callable[[], int]
    now: datetime

    def write(
        self, connection: duckdb.DuckDBPyConnection, select: str, *, partition: str | None = None, placed: bool = False
    ) -> list[Fragment]:
        """Write the rows of ``select``; no rows make no fragment.

        Args:
            connection: Where ``select`` can be read; it is read once.
            select: A DuckDB SELECT of the table's columns, in order and in their exact types.
            partition: All rows belong to this partition, or are refused; None lets each row's values say.
            placed: The rows are the table's already, and ``select`` has one column more, the id of their partition.

        Raises:
            BigQueryError: A REQUIRED field is NULL, an array holds a NULL, a row lies outside ``partition``,
                there are too many partitions.
        """
        import duckdb

        if partition is not None:
            check_decorator(self.definition, partition)
        columns = self._check_types(connection, select, placed=placed)
        names = [f"c{place}" for place in range(columns)]
        # Rows that have their place were admitted when they came, and only move.
        listed = ", ".join(
            f"{name if placed else admitted(name, field)} AS {duckdb_name(field.name)}"
            for name, field in zip(names, self.definition.fields, strict=False)
        )
        given = f"FROM ({select}) AS given ({', '.join(names)})"
        folder = self.root / table_folder(self.ref)
        folder.mkdir(parents=True, exist_ok=True)
        arrival = arrival_id(self.definition, self.now)
        try:
            if arrival == WHOLE or (arrival is not None and not placed):
                fragments = self._write_one(connection, f"SELECT {listed} {given}", partition or arrival, folder)
            elif placed:
                rows = f"SELECT {listed}, {names[-1]} AS {_PARTITION} {given}"
                fragments = self._write_by_partition(connection, rows, partition, folder)
            else:
                where = partition_id(self.definition, self.now)
                rows = f"SELECT *, {where} AS {_PARTITION} FROM (SELECT {listed} {given})"
                fragments = self._write_by_partition(connection, rows, partition, folder)
        except duckdb.Error as error:
            refused = refusal(error)
            if refused is None:
                raise
            raise refused from error
        if fragments:
            flush(folder)
        return fragments

    def _check_types(self, connection: duckdb.DuckDBPyConnection, select: str, *, placed: bool) -> int:
        """How many columns ``select`` has, all of them of the table's types."""
        held = connection.execute(f"DESCRIBE SELECT * FROM ({select})").fetchall()
        fields = self.definition.fields
        if len(held) != len(fields) + placed:
            reason = "invalidQuery"
            fact = f"Inserted row has wrong column count; Has {len(held) - placed}, expected {len(fields)}"
            raise BigQueryError(reason, fact)
        for field, (_, kind, *_) in zip(fields, held, strict=False):
            if kind != _described(connection, field):
                reason = "invalidQuery"
                fact = f"Query column {field.name} has type {kind} which cannot be inserted into {field.googlesql}"
                raise BigQueryError(reason, fact)
        return len(held)

    def _write_one(
        self, connection: duckdb.DuckDBPyConnection, rows: str, partition: str, folder: Path
    ) -> list[Fragment]:
        """Write rows that are all in one partition."""
        identity = self.new_id()
        path = folder / f"{identity}.parquet"
        try:
            if copy_to(connection, rows, path):
                return [self._fragment(identity, partition, path, path)]
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        path.unlink()
        return []

    def _write_by_partition(
        self, connection: duckdb.DuckDBPyConnection, rows: str, partition: str | None, folder: Path
    ) -> list[Fragment]:
        """Write rows that carry their partition; they wait in a temporary table until it is known which there are."""
        stage = f"written_{self.new_id()}"
        scratch = folder / f"{stage}.writing"
        connection.execute(f"CREATE TEMP TABLE {stage} AS {rows}")
        try:
            found = connection.execute(f"SELECT DISTINCT {_PARTITION} FROM {stage}").fetchall()
            _check_partitions({str(name) for (name,) in found}, partition)
            if len(found) <= 1:
                one = f"SELECT * EXCLUDE ({_PARTITION}) FROM {stage}"
                return [f for (name,) in found for f in self._write_one(connection, one, str(name), folder)]
            fragments = []
            for name, written in copy_partitions(connection, f"FROM {stage}", _PARTITION, scratch):
                identity = self.new_id()
                fragments.append(self._fragment(identity, name, written, folder / f"{identity}.parquet"))
            return fragments
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            connection.execute(f"DROP TABLE {stage}")

    def _fragment(self, identity: int, partition: str, written: Path, path: Path) -> Fragment:
        """The fragment of a file, which gets its place."""
        rows, sizes = measure(written, self.definition.fields)
        written.rename(path)
        return Fragment(
            id=identity,
            partition=partition,
            fields=self.definition.fields,
            path=str(path.relative_to(self.root)),
            rows=rows,
            bytes=sum(sizes),
            sizes=json.dumps(sizes, separators=(",", ":")),
            written=self.now,
        )


def _check_partitions(found: set[str], partition: str | None) -> None:
    most = limits.PARTITIONS_PER_JOB.value
    if len(found) > most:
        reason = "invalidQuery"
        fact = f"Too many partitions produced by query, allowed {most}, query produces at least {len(found)}"
        raise BigQueryError(reason, f"{fact} partitions")
    elsewhere = sorted(found - {partition}) if partition is not None else []
    if elsewhere:
        reason = "invalid"
        fact = f"Some rows belong to different partitions rather than destination partition {partition}"
        raise BigQueryError(reason, f"{fact}, among them {elsewhere[0]}")


_DESCRIBED: Final[dict[str, str]] = {}


def _described(connection: duckdb.DuckDBPyConnection, field: Field) -> str:
    """The column's type as DuckDB itself prints it."""
    kind = column_type(field)
    if kind not in _DESCRIBED:
        row = connection.execute(f"SELECT typeof(NULL::{kind})").fetchone()
        _DESCRIBED[kind] = str(row[0]) if row else kind
    return _DESCRIBED[kind]
