"""Rows into fragments: checked, measured, cut by partition, on disk before anyone hears of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replicator import limits
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.fragments import Fragment, copy_partitions, copy_to, flush, table_folder
from replicator.local.bigquery.storage.partitions import check_decorator, ingestion_partitioned, partition_id
from replicator.local.bigquery.storage.projection import column_type, filled, literal
from replicator.local.bigquery.storage.sizes import leaf_sums
from replicator.local.bigquery.types import duckdb_name
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode

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
            placed: ``select`` has one column more, the id of the partition in which a row already is.

        Raises:
            BigQueryError: A REQUIRED field is NULL, an array holds a NULL, a row lies outside ``partition``,
                there are too many partitions.
        """
        stage = f"written_{self.new_id()}"
        connection.execute(f"CREATE TEMP TABLE {stage} AS {select}")
        try:
            names = self._check_types(connection, stage, placed=placed)
            source = self._normal(stage, names, partition, placed=placed)
            measured = self._measure(connection, source)
            self._check_partitions(measured, partition)
            return self._store(connection, source, measured)
        finally:
            connection.execute(f"DROP TABLE {stage}")

    def _check_types(self, connection: duckdb.DuckDBPyConnection, stage: str, *, placed: bool) -> list[str]:
        held = connection.execute(f"DESCRIBE {stage}").fetchall()
        names = [str(row[0]) for row in held]
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
        return names

    def _normal(self, stage: str, names: Sequence[str], partition: str | None, *, placed: bool) -> str:
        """A SELECT of the columns as they are to be written, and the partition's id behind them."""
        fields = self.definition.fields
        columns = [
            f"{filled(duckdb_name(name), field)} AS {duckdb_name(field.name)}"
            for name, field in zip(names, fields, strict=False)
        ]
        inner = f"SELECT {', '.join(columns)}"
        if placed:
            return f"{inner}, {duckdb_name(names[-1])} AS {_PARTITION} FROM {stage}"
        where = partition_id(self.definition, self.now)
        if partition is not None:
            check_decorator(self.definition, partition)
            if ingestion_partitioned(self.definition):
                where = literal(partition)
        return f"SELECT *, {where} AS {_PARTITION} FROM ({inner} FROM {stage})"

    def _measure(self, connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, tuple[int, list[int]]]:
        """Rows and bytes by leaf of each partition, after the checks that need every row."""
        fields = self.definition.fields
        offences, sums = list(_offences(fields)), leaf_sums(fields)
        counted = ", ".join(["count(*)", *sums, *(f"count_if({condition})" for condition, _ in offences)])
        rows = connection.execute(f"SELECT {_PARTITION}, {counted} FROM ({source}) GROUP BY {_PARTITION}").fetchall()
        width = len(sums)
        for row in rows:
            for count, (_, fact) in zip(row[2 + width :], offences, strict=True):
                if count:
                    reason = "invalidQuery"
                    raise BigQueryError(reason, fact)
        return {str(row[0]): (int(row[1]), [int(size or 0) for size in row[2 : 2 + width]]) for row in rows}

    def _check_partitions(self, measured: dict[str, tuple[int, list[int]]], partition: str | None) -> None:
        most = limits.PARTITIONS_PER_JOB.value
        if len(measured) > most:
            reason = "invalidQuery"
            fact = f"Too many partitions produced by query, allowed {most}, query produces at least {len(measured)}"
            raise BigQueryError(reason, f"{fact} partitions")
        elsewhere = sorted(set(measured) - {partition}) if partition is not None else []
        if elsewhere:
            reason = "invalid"
            fact = f"Some rows belong to different partitions rather than destination partition {partition}"
            raise BigQueryError(reason, f"{fact}, among them {elsewhere[0]}")

    def _store(
        self, connection: duckdb.DuckDBPyConnection, source: str, measured: dict[str, tuple[int, list[int]]]
    ) -> list[Fragment]:
        if not measured:
            return []
        folder = self.root / table_folder(self.ref)
        folder.mkdir(parents=True, exist_ok=True)
        if len(measured) == 1:
            (partition, (rows, sizes)) = next(iter(measured.items()))
            identity = self.new_id()
            path = folder / f"{identity}.parquet"
            copy_to(connection, f"SELECT * EXCLUDE ({_PARTITION}) FROM ({source})", path)
            fragments = [self._fragment(identity, partition, path, rows, sizes)]
        else:
            fragments = self._store_many(connection, source, measured, folder)
        flush(folder)
        return fragments

    def _store_many(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: str,
        measured: dict[str, tuple[int, list[int]]],
        folder: Path,
    ) -> list[Fragment]:
        scratch = folder / f"{self.new_id()}.writing"
        files = copy_partitions(connection, source, _PARTITION, scratch)
        fragments = []
        for partition, written, rows in files:
            identity = self.new_id()
            path = written.rename(folder / f"{identity}.parquet")
            total, sizes = measured[partition]
            if rows != total:  # DuckDB wrote the partition in several files
                sizes = self._sizes(connection, path)
            fragments.append(self._fragment(identity, partition, path, rows, sizes))
        shutil.rmtree(scratch)
        return fragments

    def _sizes(self, connection: duckdb.DuckDBPyConnection, path: Path) -> list[int]:
        sums = ", ".join(leaf_sums(self.definition.fields))
        row = connection.execute(
            f"SELECT {sums} FROM read_parquet({literal(str(path))}, hive_partitioning = false)"
        ).fetchone()
        return [int(size or 0) for size in row or ()]

    def _fragment(self, identity: int, partition: str, path: Path, rows: int, sizes: list[int]) -> Fragment:
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


_DESCRIBED: Final[dict[str, str]] = {}


def _described(connection: duckdb.DuckDBPyConnection, field: Field) -> str:
    """The column's type as DuckDB itself prints it."""
    kind = column_type(field)
    if kind not in _DESCRIBED:
        row = connection.execute(f"SELECT typeof(NULL::{kind})").fetchone()
        _DESCRIBED[kind] = str(row[0]) if row else kind
    return _DESCRIBED[kind]


def _offences(
    fields: Sequence[Field], parent: str | None = None, path: tuple[str, ...] = (), depth: int = 0
) -> Iterator[tuple[str, str]]:
    """(condition, message) for all that a table's row may not hold."""
    for field in fields:
        value = duckdb_name(field.name) if parent is None else f"struct_extract({parent}, {literal(field.name)})"
        names = (*path, field.name)
        if field.mode is Mode.REQUIRED:
            present = "" if parent is None else f" AND {parent} IS NOT NULL"
            yield f"{value} IS NULL{present}", f"Required field {'.'.join(names)} cannot be null"
        if field.mode is not Mode.REPEATED:
            yield from _offences(field.fields, value, names, depth)
            continue
        yield (
            f"list_count({value}) < len({value})",
            f"Array cannot have a null element; error in writing field {'.'.join(names)}",
        )
        element = f"e{depth}"
        for condition, fact in _offences(field.fields, element, names, depth + 1):
            yield f"len(list_filter({value}, lambda {element}: {condition})) > 0", fact
