"""How much of the past is kept.

Seven days of it, as long as the files are not too many nor too large: nights that rewrite much would fill the disk
otherwise. What had to go early is remembered as one time, before which nobody may ask.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from replicator.local.bigquery.storage.commit import FORGOTTEN, Applying
from replicator.local.bigquery.storage.fragments import files_at
from replicator.local.bigquery.storage.instants import micros
from replicator.local.bigquery.storage.time_travel import MOST_TIME_TRAVEL
from replicator.local.settings import Keeping

# Each is a file or two.
_MOST_FRAGMENTS: Final = 50_000
# How much of what is allowed is left when some of it has to go, so that it does not at every commit.
_LEFT: Final = 2


@dataclass(slots=True)
class Retention:
    """What is kept of the past, counted so that looking costs nothing.

    Attributes:
        oldest: When the first of it went out of force, in microseconds since 1970; None when nothing is kept.
        fragments: How many fragments.
        bytes: Their logical size.
    """

    oldest: int | None = None
    fragments: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> Retention:
        """What the catalog says."""
        (oldest, count, size) = connection.execute(
            "SELECT min(retired), count(*), coalesce(sum(bytes), 0) FROM past_fragments"
        ).fetchone()
        (until,) = connection.execute("SELECT min(until) FROM past_tables").fetchone()
        return cls(min((each for each in (oldest, until) if each is not None), default=None), count, size)

    def added(self, applying: Applying) -> None:
        """Count what a commit has put out of force."""
        self.fragments += applying.retired_files
        self.bytes += applying.retired_bytes
        if self.oldest is None and applying.retired_tables + applying.retired_files:
            self.oldest = micros(applying.now)

    def due(self, now: datetime, keeping: Keeping) -> bool:
        """Whether something has to go."""
        late = self.oldest is not None and self.oldest < micros(now - MOST_TIME_TRAVEL)
        return late or self.fragments > _MOST_FRAGMENTS or self.bytes > keeping.past_bytes


def forget(applying: Applying, keeping: Keeping) -> Retention:
    """Remove what nobody may ask for any more, and what there is no room for; answers with what is left."""
    connection, first = applying.connection, micros(applying.now - MOST_TIME_TRAVEL)
    connection.execute("DELETE FROM past_tables WHERE until < ?", (first,))
    _remove(applying, first)
    kept = Retention.of(connection)
    if kept.bytes <= keeping.past_bytes and kept.fragments <= _MOST_FRAGMENTS:
        return kept
    last = None
    for retired, count, size in connection.execute(
        "SELECT retired, count(*), sum(bytes) FROM past_fragments GROUP BY retired ORDER BY retired"
    ):
        if kept.bytes <= keeping.past_bytes // _LEFT and kept.fragments <= _MOST_FRAGMENTS // _LEFT:
            break
        last, kept.fragments, kept.bytes = retired, kept.fragments - count, kept.bytes - size
    if last is not None:
        _remove(applying, last + 1)
        connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (*FORGOTTEN, str(last)))
    return Retention.of(connection)


def _remove(applying: Applying, before: int) -> None:
    found = applying.connection.execute(
        "DELETE FROM past_fragments WHERE retired < ? RETURNING path, gone", (before,)
    ).fetchall()
    applying.garbage.extend(path for name, gone in found for path in files_at(name, gone))
