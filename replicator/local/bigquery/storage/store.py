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
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from replicator.errors import FailedError
from replicator.local.bigquery.storage.drafts import Contents, OnExisting, hidden
from replicator.local.bigquery.storage.engine import Engine
from replicator.local.bigquery.storage.metadata_jobs import JobHistory
from replicator.local.bigquery.storage.overlay import PROJECTS
from replicator.local.bigquery.storage.transaction import Transaction
from replicator.local.settings import Lags
from replicator.names import TableRef

if TYPE_CHECKING:
    import duckdb

__all__ = ["Contents", "OnExisting", "Records", "Store", "Transaction"]

_SETTINGS: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "4GB",
    "threads": "2",
}


class Records:
    """Rows of the server's own that must outlive it, by kind and key; a value is a text, JSON as a rule."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, kind: str, key: str, value: str) -> None:
        """Write a record, durably when this returns."""
        self._engine.put_record(kind, key, value)

    def get(self, kind: str, key: str) -> str | None:
        """The record's value, None where there is none."""
        return self._engine.record(kind, key)

    def scan(self, kind: str, *, prefix: str = "") -> list[tuple[str, str]]:
        """(key, value) of the kind's records whose key begins with ``prefix``, by key."""
        return self._engine.records(kind, prefix)

    def delete(self, kind: str, key: str) -> None:
        """Remove a record, if it is there."""
        self._engine.put_record(kind, key, None)


class Store:
    """All projects' datasets below one folder; safe to use from many threads, and from one process at a time.

    Attributes:
        records: Rows of the server's own.
        lags: How late metadata views see what has happened; may be set while it serves.
        keeping: How much of the past is kept; may be set while it serves.
        rights: What callers may see; may be set while it serves.
    """

    def __init__(self, directory: Path, *, now: Callable[[], datetime], lags: Lags | None = None) -> None:
        """Open the folder, make it if it is not there, and remove what a killed process left half done.

        Args:
            directory: Holds the catalog and a folder per project.
            now: The server's clock, UTC: creation, expiration and ingestion times are its.
            lags: None for views that are up to date.
        """
        directory = directory.absolute()
        if any(character in str(directory) for character in "*?[]"):
            msg = f"{directory} has a wildcard character in its name; serve a folder without '*', '?', '[' and ']'"
            raise FailedError(msg)
        self.lags = lags or Lags()
        self._engine = Engine(directory, now, self.lags)
        self.rights = self._engine.rights
        self.keeping = self._engine.keeping
        self._directory = directory
        self._lock = Lock()
        self._database: duckdb.DuckDBPyConnection | None = None
        self.records = Records(self._engine)

    def tell_jobs(self, jobs: JobHistory) -> None:
        """Let INFORMATION_SCHEMA.JOBS ask ``jobs``."""
        self._engine.jobs = jobs

    def make_project(self, project: str) -> None:
        """Let a project be there, durably when this returns; it may be there already."""
        self.records.put(PROJECTS, project, "{}")

    def projects(self) -> list[str]:
        """The projects that are there, by id."""
        return [project for project, _ in self.records.scan(PROJECTS)]

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection of its own, as every statement needs it: UTC, offline, bounded memory."""
        with self._lock:
            if self._database is None:
                import duckdb

                spill = self._directory / "spill.writing"
                self._database = duckdb.connect(":memory:", config={**_SETTINGS, "temp_directory": str(spill)})
            connection = self._database.cursor()
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def begin(self) -> Transaction:
        """BEGIN TRANSACTION: mutating what another one mutates fails at once."""
        return Transaction(self._engine, _identity(), self.connect, several=True)

    def statement(
        self, *, mutates: TableRef | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> Transaction:
        """A transaction of one statement.

        Args:
            mutates: The target of an UPDATE, DELETE, MERGE or TRUNCATE: the snapshot is taken once nobody else
                mutates it.
            cancelled: Asked while it waits.

        Raises:
            BigQueryError: Too many wait already, or the job was cancelled.
        """
        identity = _identity()
        if mutates is not None and not hidden(mutates.dataset):
            self._engine.locks.wait(mutates, identity, cancelled)
        try:
            return Transaction(self._engine, identity, self.connect, several=False)
        except BaseException:
            self._engine.locks.release(identity)
            raise

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            if self._database is not None:
                self._database.close()
        self._engine.close()


def _identity() -> str:
    return uuid4().hex
