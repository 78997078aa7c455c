"""The catalog's SQLite file: its tables, its connections.

WAL: readers keep the snapshot at which they began, one writer commits beside them. A commit is on disk when it returns.
"""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from replicator.errors import FailedError
from replicator.schema.fields import Field, schema_from_api

# Changes with every change of the tables.
_VERSION: Final = 4
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS datasets (
  project TEXT NOT NULL, dataset TEXT NOT NULL, location TEXT NOT NULL, definition TEXT NOT NULL,
  created INTEGER NOT NULL, modified INTEGER NOT NULL, etag TEXT NOT NULL,
  PRIMARY KEY (project, dataset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schemas (digest TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tables (
  id INTEGER PRIMARY KEY, project TEXT NOT NULL, dataset TEXT NOT NULL, name TEXT NOT NULL, location TEXT NOT NULL,
  kind TEXT NOT NULL, schema TEXT NOT NULL, definition TEXT NOT NULL,
  created INTEGER NOT NULL, modified INTEGER NOT NULL, storage_modified INTEGER NOT NULL,
  rows INTEGER NOT NULL, bytes INTEGER NOT NULL, version INTEGER NOT NULL,
  expires INTEGER, deleted INTEGER, deletion TEXT, since INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS living_tables ON tables (project, dataset, name) WHERE deleted IS NULL;
CREATE INDEX IF NOT EXISTS expiring_tables ON tables (expires) WHERE deleted IS NULL AND expires IS NOT NULL;
CREATE INDEX IF NOT EXISTS deleted_tables ON tables (project, deleted) WHERE deleted IS NOT NULL;
CREATE TABLE IF NOT EXISTS partitions (
  table_id INTEGER NOT NULL, partition TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
  modified INTEGER NOT NULL, expires INTEGER,
  PRIMARY KEY (table_id, partition)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS expiring_partitions ON partitions (expires) WHERE expires IS NOT NULL;
CREATE TABLE IF NOT EXISTS fragments (
  id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, partition TEXT NOT NULL, schema TEXT NOT NULL, path TEXT NOT NULL,
  rows INTEGER NOT NULL, bytes INTEGER NOT NULL, sizes TEXT NOT NULL, written INTEGER NOT NULL,
  gone INTEGER NOT NULL, settles INTEGER
);
CREATE INDEX IF NOT EXISTS table_fragments ON fragments (table_id, partition);
CREATE INDEX IF NOT EXISTS streamed_fragments ON fragments (table_id, settles) WHERE settles IS NOT NULL;
CREATE TABLE IF NOT EXISTS past_fragments (
  id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, partition TEXT NOT NULL, schema TEXT NOT NULL, path TEXT NOT NULL,
  rows INTEGER NOT NULL, bytes INTEGER NOT NULL, sizes TEXT NOT NULL, written INTEGER NOT NULL,
  gone INTEGER NOT NULL, settles INTEGER, retired INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS past_fragments_of_tables ON past_fragments (table_id, retired);
CREATE INDEX IF NOT EXISTS retired_fragments ON past_fragments (retired);
CREATE TABLE IF NOT EXISTS past_tables (
  id INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, project TEXT NOT NULL, dataset TEXT NOT NULL,
  name TEXT NOT NULL, location TEXT NOT NULL, schema TEXT NOT NULL, definition TEXT NOT NULL, created INTEGER NOT NULL,
  ending TEXT,
  PRIMARY KEY (id, since)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS past_names ON past_tables (project, dataset, name, until);
CREATE INDEX IF NOT EXISTS retired_tables ON past_tables (until);
CREATE TABLE IF NOT EXISTS storage_states (
  table_id INTEGER NOT NULL, since INTEGER NOT NULL, project TEXT NOT NULL, dataset TEXT NOT NULL, name TEXT NOT NULL,
  created INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, storage_modified INTEGER NOT NULL,
  partitions INTEGER NOT NULL, deleted INTEGER, deletion TEXT, kind TEXT NOT NULL,
  PRIMARY KEY (table_id, since)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dataset_storage_states ON storage_states (project, dataset, name);
CREATE TABLE IF NOT EXISTS records (
  kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """A connection without transactions of its own accord; made for handing from thread to thread, one at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=60)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def create(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables that are not there yet.

    Raises:
        FailedError: The file was made by another version of this program, whose tables are others.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and version != _VERSION:
        msg = f"{path} was written by another version of this program; serve an empty folder, and load it again"
        raise FailedError(msg)
    connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.executescript(_TABLES)


@lru_cache(maxsize=5_000)
def schema_digest(fields: tuple[Field, ...]) -> str:
    """The name under which a schema is kept once, however many tables and fragments have it."""
    return sha256(schema_text(fields).encode()).hexdigest()[:32]


def schema_text(fields: tuple[Field, ...]) -> str:
    """A schema as the catalog keeps it."""
    return to_json([field.to_api() for field in fields])


@lru_cache(maxsize=5_000)
def read_schema(text: str) -> tuple[Field, ...]:
    """The schema that ``schema_text`` wrote; equal texts give the same object."""
    return schema_from_api(json.loads(text))


def to_json(value: Any) -> str:
    """JSON in as few bytes as it takes."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
