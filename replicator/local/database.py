"""A service's state in one SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeAlias

Value: TypeAlias = str | int | float | bytes | None


class Database:
    """One connection that threads share, one at a time.

    A process that is killed leaves all that a ``transaction`` wrote, or nothing of it. A machine that loses power may
    lose the last transactions, whole.
    """

    def __init__(self, file: Path, schema: str) -> None:
        """Open ``file``, making it and the tables of ``schema`` where they are missing.

        Args:
            file: Its directory exists.
            schema: Statements that may be repeated: ``CREATE TABLE IF NOT EXISTS …``.
        """
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(schema)

    def rows(self, sql: str, *values: Value) -> Sequence[sqlite3.Row]:
        """What a query answers."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Value) -> sqlite3.Row | None:
        """The first row that a query answers, or None."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return found

    def write(self, sql: str, *values: Value) -> int:
        """Execute one statement; how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is read and written inside happens at once, or not at all when an exception leaves it."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


class Store:
    """The state of one service; what a method of a store wrote survives the process.

    Attributes:
        SCHEMA: The statements that make its tables, which may be repeated.
    """

    SCHEMA: ClassVar[str]

    def __init__(self, file: Path) -> None:
        self._database = Database(file, self.SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is read and written inside happens at once."""
        with self._database.transaction():
            yield
