"""What all transactions of a store share: the catalog's writer, numbers, snapshots in use, files to delete."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

from replicator.local.bigquery.storage.commit import Applying, Changes
from replicator.local.bigquery.storage.database import connect, create
from replicator.local.bigquery.storage.fragments import files_at
from replicator.local.bigquery.storage.instants import micros
from replicator.local.bigquery.storage.locks import MutationLocks
from replicator.local.bigquery.storage.metadata_jobs import JobHistory
from replicator.local.bigquery.storage.retention import Retention, forget
from replicator.local.bigquery.storage.rights import Rights
from replicator.local.bigquery.storage.snapshot import Snapshot
from replicator.local.settings import Keeping, Lags

_CATALOG: Final = "catalog.sqlite"
# Numbers handed out by one process; the next one starts above, so that none is ever used for two files or tables.
_NUMBERS_A_PROCESS: Final = 1_000_000_000


class Engine:
    """One store's shared parts.

    Attributes:
        root: The store's folder.
        now: The server's clock, UTC.
        lags: How late metadata views see what has happened.
        keeping: How much of the past is kept.
        rights: What callers may see.
        jobs: Whom JOBS asks; None where nobody keeps jobs.
        locks: Who mutates which table.
    """

    def __init__(self, root: Path, now: Callable[[], datetime], lags: Lags) -> None:
        self.root = root
        self.lags = lags
        self.keeping = Keeping()
        self.rights = Rights()
        self.jobs: JobHistory | None = None
        self.now = now
        self.locks = MutationLocks()
        root.mkdir(parents=True, exist_ok=True)
        self._writer = connect(root / _CATALOG)
        create(self._writer, root / _CATALOG)
        self._retention = Retention.of(self._writer)
        self._numbers = itertools.count(self._reserve())
        self._lock = Lock()
        self._commits = 0
        self._idle: list[sqlite3.Connection] = []
        self._snapshots: dict[str, int] = {}
        self._of_several: set[str] = set()
        self._garbage: list[tuple[int, str]] = []
        self._remove_orphans()

    def new_id(self) -> int:
        """A number that no fragment or table of this store ever had."""
        return next(self._numbers)

    def open_snapshot(self, owner: str, *, several: bool) -> tuple[Snapshot, int]:
        """The catalog as it is now, what has expired left out, and the number of the last commit in it.

        Args:
            owner: The transaction's id.
            several: It is one of several statements, and may mutate later what it sees now.
        """
        with self._lock:
            self._sweep()
            connection = self._idle.pop() if self._idle else connect(self.root / _CATALOG)
            self._snapshots[owner] = self._commits
            if several:
                self._of_several.add(owner)
            return Snapshot(connection), self._commits

    def close_snapshot(self, owner: str, snapshot: Snapshot) -> None:
        """Let go of a snapshot; files that nobody sees any more are deleted."""
        with self._lock:
            self._idle.append(snapshot.release())
            del self._snapshots[owner]
            self._of_several.discard(owner)
            self._collect()
        self.locks.release(owner)

    def settled(self) -> bool:
        """Whether no transaction of several statements is open, which could ask for fragments that are merged now."""
        return not self._of_several

    def commit(self, changes: Changes, owner: str) -> None:
        """Write a transaction's changes, all or none.

        Raises:
            BigQueryError: What was committed since its snapshot stands against it.
        """
        with self._lock:
            keeps = self.keeping.past_bytes > 0
            applying = Applying(self._writer, self.now(), owner, keeps=keeps, compacts=self.settled())
            self._write(applying, lambda: applying.apply(changes))
            for ref, draft in changes.tables.items():
                if draft.mutated or draft.dropped or draft.overwritten:
                    self.locks.mutated(ref, self._commits)

    def put_record(self, kind: str, key: str, value: str | None) -> None:
        """Write a record, or remove it (None)."""
        with self._lock:
            if value is None:
                self._writer.execute("DELETE FROM records WHERE kind = ? AND key = ?", (kind, key))
            else:
                self._writer.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (kind, key, value))

    def records(self, kind: str, prefix: str) -> list[tuple[str, str]]:
        """(key, value) of the records whose key begins with ``prefix``, by key."""
        with self._lock:
            return self._writer.execute(
                "SELECT key, value FROM records WHERE kind = ? AND substr(key, 1, ?) = ? ORDER BY key",
                (kind, len(prefix), prefix),
            ).fetchall()

    def record(self, kind: str, key: str) -> str | None:
        """One record's value."""
        with self._lock:
            row = self._writer.execute("SELECT value FROM records WHERE kind = ? AND key = ?", (kind, key)).fetchone()
            return None if row is None else str(row[0])

    def close(self) -> None:
        """Close the catalog."""
        with self._lock:
            for connection in (self._writer, *self._idle):
                connection.close()

    def _write(self, applying: Applying, work: Callable[[], None]) -> None:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            work()
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")
        self._commits += 1
        self._retention.added(applying)
        self._garbage.extend((self._commits, path) for path in applying.garbage)
        self._collect()

    def _sweep(self) -> None:
        """Remove tables and partitions whose time has come; what nobody looks at needs no earlier removal."""
        now = self.now()
        if self._retention.due(now, self.keeping):
            self._forget(now)
        tables = self._writer.execute(
            "SELECT id, expires FROM tables WHERE deleted IS NULL AND expires <= ?", (micros(now),)
        ).fetchall()
        partitions = self._writer.execute(
            "SELECT table_id, partition, expires FROM partitions WHERE expires <= ?", (micros(now),)
        ).fetchall()
        if not tables and not partitions:
            return
        applying = Applying(self._writer, now, "expiration", keeps=self.keeping.past_bytes > 0)

        def remove() -> None:
            for identity, expires in tables:
                applying.remove_table(identity, "TABLE_EXPIRATION", at=expires)
            for identity, partition, expires in partitions:
                applying.drop_fragments("table_id = ? AND partition = ?", (identity, partition), kept=expires)
                applying.connection.execute(
                    "DELETE FROM partitions WHERE table_id = ? AND partition = ?", (identity, partition)
                )
                applying.count_table(identity)

        self._write(applying, remove)

    def _forget(self, now: datetime) -> None:
        applying, left = Applying(self._writer, now, "retention"), [Retention()]

        def remove() -> None:
            left[0] = forget(applying, self.keeping)

        self._write(applying, remove)
        self._retention = left[0]

    def _collect(self) -> None:
        oldest = min(self._snapshots.values(), default=self._commits)
        kept = []
        for commit, path in self._garbage:
            if commit <= oldest:
                (self.root / path).unlink(missing_ok=True)
            else:
                kept.append((commit, path))
        self._garbage = kept

    def _reserve(self) -> int:
        row = self._writer.execute("SELECT value FROM records WHERE kind = 'storage' AND key = 'numbers'").fetchone()
        first = int(row[0]) if row else 1
        self._writer.execute(
            "INSERT OR REPLACE INTO records VALUES ('storage', 'numbers', ?)", (str(first + _NUMBERS_A_PROCESS),)
        )
        return first

    def _remove_orphans(self) -> None:
        """Delete files that no commit speaks of: a process died after writing them, or before deleting them."""
        fragments = self._writer.execute(
            "SELECT path, gone FROM fragments UNION ALL SELECT path, gone FROM past_fragments"
        )
        known = {path for fragment in fragments for path in files_at(*fragment)}
        for path in self.root.glob("*.writing"):
            shutil.rmtree(path)
        for path in self.root.glob("*/*/*/*"):
            if path.suffix == ".writing":
                shutil.rmtree(path)
            elif str(path.relative_to(self.root)) not in known:
                path.unlink()
