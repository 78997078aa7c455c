"""Rows into fragments: checked, cut by partition, on disk and measured before anyone hears of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replicator import limits
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.admission import admitted, refusal
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.footers import measure
from replicator.local.bigquery.storage.fragments import (
    Fragment,
    copy_for_now,
    copy_partitions,
    copy_to,
    flush,
    table_folder,
)
from replicator.local.bigquery.storage.partitions import (
    UNPARTITIONED,
    arrival_id,
    check_decorator,
    partition_column,
    partition_id,
)
from replicator.local.bigquery.storage.projection import column_type, literal
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
        self, connection: duckdb.DuckDBPyConnection, select: str, *, partition: str | None = None
    ) -> list[Fragment]:
        """Write the rows of ``select``; no rows make no fragment.

        Args:
            connection: Where ``select`` can be read; it is read once.
            select: A DuckDB SELECT of the table's columns, in order and in their exact types.
            partition: All rows belong to this partition, or are refused; None lets each row's values say.

        Raises:
            BigQueryError: A REQUIRED field is NULL, an array holds a NULL, a row lies outside ``partition``,
                there are too many partitions.
        """
        import duckdb

        if partition is not None:
            check_decorator(self.definition, partition)
        self._check_types(connection, select)
        names = [f"c{place}" for place, _ in enumerate(self.definition.fields)]
        listed = ", ".join(
            f"{admitted(name, field)} AS {duckdb_name(field.name)}"
            for name, field in zip(names, self.definition.fields, strict=True)
        )
        rows = f"SELECT {listed} FROM ({select}) AS given ({', '.join(names)})"
        arrival = arrival_id(self.definition, self.now)
        try:
            if arrival is not None:
                return self._write_one(connection, rows, partition or arrival)
            return self._write_by_value(connection, rows, partition)
        except duckdb.Error as error:
            refused = refusal(error)
            if refused is None:
                raise
            raise refused from error

    def move(self, connection: duckdb.DuckDBPyConnection, select: str, partition: str) -> list[Fragment]:
        """Write rows of ``partition`` anew; they were admitted when they came."""
        return self._write_one(connection, select, partition)

    def _check_types(self, connection: duckdb.DuckDBPyConnection, select: str) -> None:
        """Refuse a ``select`` whose columns are not the table's."""
        held = connection.execute(f"DESCRIBE SELECT * FROM ({select})").fetchall()
        fields = self.definition.fields
        if len(held) != len(fields):
            reason = "invalidQuery"
            fact = f"Inserted row has wrong column count; Has {len(held)}, expected {len(fields)}"
            raise BigQueryError(reason, fact)
        for field, (_, kind, *_) in zip(fields, held, strict=True):
            if kind != _described(connection, field):
                reason = "invalidQuery"
                fact = f"Query column {field.name} has type {kind} which cannot be inserted into {field.googlesql}"
                raise BigQueryError(reason, fact)

    def _write_one(self, connection: duckdb.DuckDBPyConnection, rows: str, partition: str) -> list[Fragment]:
        """Write rows that are all in one partition."""
        with self._new_file() as (identity, path):
            if copy_to(connection, rows, path) == 0:
                path.unlink()
                return []
            flush(path.parent)
            return [self._fragment(identity, partition, path, path)]

    def _write_by_value(
        self, connection: duckdb.DuckDBPyConnection, rows: str, partition: str | None
    ) -> list[Fragment]:
        """Write rows whose values say where they belong: into one file, and from there on if they are not together."""
        with self._new_file() as (identity, path):
            if copy_for_now(connection, rows, path) == 0:
                path.unlink()
                return []
            only = self._only_partition(connection, path)
            if only is not None:
                _check_partitions({only}, partition)
                flush(path)
                flush(path.parent)
                return [self._fragment(identity, only, path, path)]
            fragments = self._spread(connection, path, partition)
            path.unlink()
            flush(path.parent)
            return fragments

    def _only_partition(self, connection: duckdb.DuckDBPyConnection, path: Path) -> str | None:
        """The partition of all rows of a file; None where there are several, or may be."""
        column = duckdb_name(partition_column(self.definition) or "")
        ends = connection.execute(
            f"SELECT {partition_id(self.definition, self.now)} FROM (SELECT unnest([least, most]) AS {column}, nulls "
            f"FROM (SELECT min({column}) AS least, max({column}) AS most, count(*) - count({column}) AS nulls "
            f"FROM read_parquet({literal(str(path))}, hive_partitioning = false))) WHERE nulls = 0 OR {column} IS NULL"
        ).fetchall()
        found = {str(name) for (name,) in ends}
        # What lies below all ranges and what lies above them is together; what is between is not.
        return found.pop() if len(found) == 1 and UNPARTITIONED not in found else None

    def _spread(self, connection: duckdb.DuckDBPyConnection, path: Path, partition: str | None) -> list[Fragment]:
        """A fragment for each partition of which a file has rows."""
        where = partition_id(self.definition, self.now)
        rows = f"FROM read_parquet({literal(str(path))}, hive_partitioning = false)"
        found = connection.execute(f"SELECT DISTINCT {where} {rows}").fetchall()
        _check_partitions({str(name) for (name,) in found}, partition)
        scratch, fragments = path.with_suffix(".writing"), []
        try:
            for name, written in copy_partitions(
                connection, f"SELECT *, {where} AS {_PARTITION} {rows}", _PARTITION, scratch
            ):
                identity = self.new_id()
                fragments.append(self._fragment(identity, name, written, path.with_name(f"{identity}.parquet")))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return fragments

    @contextmanager
    def _new_file(self) -> Iterator[tuple[int, Path]]:
        """A number and the place of its file, which is gone when writing it fails."""
        folder = self.root / table_folder(self.ref)
        folder.mkdir(parents=True, exist_ok=True)
        identity = self.new_id()
        path = folder / f"{identity}.parquet"
        try:
            yield identity, path
        except BaseException:
            path.unlink(missing_ok=True)
            raise

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
