"""The store: where transactions begin.

A thread that runs a statement asks for a transaction, looks and writes through it, and commits or rolls back::

    with store.statement(mutates=target) as transaction:
        transaction.rewrite(target, removed=..., added=..., connection=connection)
        transaction.commit()

Leaving the block without a commit rolls back. A scan's files stay readable until its transaction ends,
so results are fetched before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from replicator.local.bigquery.storage.definitions import DatasetDefinition, TableDefinition
from replicator.local.bigquery.storage.states import Dataset, Partition, Rewritten, Table, Written
from replicator.names import DatasetRef, TableRef

if TYPE_CHECKING:
    import duckdb


class OnExisting(Enum):
    """What creating does when the name is taken."""

    REFUSE = auto()
    KEEP = auto()
    REPLACE = auto()


class Contents(Enum):
    """What dropping a dataset does with tables that are still in it."""

    REFUSE = auto()
    DROP = auto()


class Records:
    """Rows of the server's own that must outlive it, by kind and key; a value is a text, JSON as a rule."""

    def put(self, kind: str, key: str, value: str) -> None:
        """Write a record, durably when this returns."""
        raise NotImplementedError

    def get(self, kind: str, key: str) -> str | None:
        """The record's value, None where there is none."""
        raise NotImplementedError

    def scan(self, kind: str, *, prefix: str = "") -> list[tuple[str, str]]:
        """(key, value) of the kind's records whose key begins with ``prefix``, by key."""
        raise NotImplementedError

    def delete(self, kind: str, key: str) -> None:
        """Remove a record, if it is there."""
        raise NotImplementedError


class Store:
    """All projects' datasets below one folder; safe to use from many threads."""

    records: Records

    def __init__(self, directory: Path, *, now: Callable[[], datetime]) -> None:
        raise NotImplementedError

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection of its own, as every statement needs it: UTC, offline, bounded memory."""
        raise NotImplementedError

    def begin(self) -> Transaction:
        """BEGIN TRANSACTION: mutating what another one mutates fails at once."""
        raise NotImplementedError

    def statement(self, *, mutates: TableRef | None = None, cancelled: Callable[[], bool] = ...) -> Transaction:
        """A transaction of one statement. With ``mutates`` (UPDATE, DELETE, MERGE, TRUNCATE) it queues behind others."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the files."""
        raise NotImplementedError


class Transaction:
    """One snapshot of everything, and the writes made on top of it."""

    # Looking ---------------------------------------------------------------------------------------------------
    def dataset(self, ref: DatasetRef) -> Dataset:
        """The dataset; BigQueryError notFound where there is none (whatever its location)."""
        raise NotImplementedError

    def datasets(self, project: str) -> list[Dataset]:
        """A project's datasets by name, hidden ones (``_…``) left out."""
        raise NotImplementedError

    def table(self, ref: TableRef) -> Table:
        """The table or view; BigQueryError notFound where there is none."""
        raise NotImplementedError

    def find_table(self, ref: TableRef) -> Table | None:
        """The table or view, or None."""
        raise NotImplementedError

    def tables(self, ref: DatasetRef) -> list[Table]:
        """A dataset's tables and views, by name."""
        raise NotImplementedError

    def partitions(self, ref: TableRef) -> list[Partition]:
        """A table's partitions that hold rows, by id."""
        raise NotImplementedError

    # Definitions -----------------------------------------------------------------------------------------------
    def create_dataset(self, ref: DatasetRef, definition: DatasetDefinition, on_existing: OnExisting) -> bool:
        """Make a dataset; False if it was there and is kept. A name ``_…`` makes a hidden one, for temporary tables."""
        raise NotImplementedError

    def update_dataset(self, ref: DatasetRef, definition: DatasetDefinition, *, etag: str | None = None) -> None:
        """Replace what is said about a dataset; 412 when ``etag`` is not its own."""
        raise NotImplementedError

    def drop_dataset(self, ref: DatasetRef, contents: Contents) -> None:
        """Remove a dataset; refused with resourceInUse when it holds tables and ``contents`` says so."""
        raise NotImplementedError

    def create_table(self, ref: TableRef, definition: TableDefinition, on_existing: OnExisting) -> bool:
        """Make an empty table, or a view; False if it was there and is kept."""
        raise NotImplementedError

    def update_table(self, ref: TableRef, definition: TableDefinition, *, etag: str | None = None) -> None:
        """Replace what is said about a table: adds fields, relaxes REQUIRED, sets options, or refuses as BigQuery does."""
        raise NotImplementedError

    def overwrite_table(self, ref: TableRef, definition: TableDefinition) -> None:
        """WRITE_TRUNCATE: another schema and no rows; the table stays the same table, with its creation time."""
        raise NotImplementedError

    def drop_table(self, ref: TableRef, *, etag: str | None = None) -> None:
        """Remove a table or view; notFound where there is none."""
        raise NotImplementedError

    # Rows ------------------------------------------------------------------------------------------------------
    def append(
        self, ref: TableRef, select: str, connection: duckdb.DuckDBPyConnection, *, partition: str | None = None
    ) -> Written:
        """Add the rows of a DuckDB SELECT, whose columns are the table's, in its order and exact types.

        Args:
            ref: The table.
            select: Read once.
            connection: Where the SELECT's own temporary tables live.
            partition: The decorator (``20260101``) of a write into one partition.
        """
        raise NotImplementedError

    def rewrite(
        self, ref: TableRef, removed: str, added: str | None, connection: duckdb.DuckDBPyConnection
    ) -> Rewritten:
        """UPDATE, DELETE, MERGE: take rows out and put rows in.

        Args:
            ref: The table.
            removed: A DuckDB SELECT of (_FRAGMENT, _ROW), as the table's scan gave them, each at most once.
            added: A SELECT as of ``append``; it may read what ``removed`` names.
            connection: Where both are read.
        """
        raise NotImplementedError

    def truncate(self, ref: TableRef, *, partition: str | None = None) -> int:
        """Take all rows out, of the table or of one partition, and say how many there were."""
        raise NotImplementedError

    def copy(self, source: TableRef, target: TableRef, *, partition: tuple[str, str] | None = None) -> Written:
        """Add all rows of ``source`` to ``target``, matching columns by name; files are shared on disk, not read."""
        raise NotImplementedError

    # The end ---------------------------------------------------------------------------------------------------
    def record(self, kind: str, key: str, value: str) -> None:
        """Write a record in the same commit as everything else."""
        raise NotImplementedError

    def commit(self) -> None:
        """Make it all true, durably, or nothing of it (BigQueryError)."""
        raise NotImplementedError

    def rollback(self) -> None:
        """Forget it all."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rollback()
