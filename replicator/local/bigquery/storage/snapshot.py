"""The catalog as it was at one moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from replicator.local.bigquery.storage.database import read_schema
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.fragments import Fragment
from replicator.local.bigquery.storage.instants import from_micros, micros
from replicator.local.bigquery.storage.resources import dataset_definition, table_definition
from replicator.local.bigquery.storage.states import Dataset, Partition, Table
from replicator.names import DatasetRef, TableRef

_DATASET: Final = "SELECT project, dataset, location, definition, created, modified, etag FROM datasets"
_TABLE: Final = """
SELECT id, project, dataset, name, location, definition, schemas.fields, created, modified, storage_modified, rows,
       bytes, version
FROM tables JOIN schemas ON schemas.digest = tables.schema
WHERE deleted IS NULL AND project = ? AND dataset = ?"""
_FRAGMENT: Final = """
SELECT id, partition, schemas.fields, path, rows, bytes, sizes, written, gone, settles
FROM fragments JOIN schemas ON schemas.digest = fragments.schema WHERE table_id = ? ORDER BY id"""
_PAST_FRAGMENT: Final = """
SELECT id, partition, schemas.fields, path, rows, bytes, sizes, written, gone, settles
FROM (SELECT *, NULL AS retired FROM fragments WHERE table_id = ?1
      UNION ALL SELECT * FROM past_fragments WHERE table_id = ?1 AND retired > ?2) AS f
JOIN schemas ON schemas.digest = f.schema WHERE written <= ?2 ORDER BY id"""
_PAST_TABLE: Final = """
SELECT id, project, dataset, name, location, definition, schemas.fields, created, since, since, 0, 0, 0
FROM past_tables JOIN schemas ON schemas.digest = past_tables.schema
WHERE project = ? AND dataset = ? AND name = ? AND since <= ?4 AND until > ?4 ORDER BY since DESC LIMIT 1"""


class Snapshot:
    """A read transaction on the catalog; what is committed after it began is not in it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("BEGIN")
        # A read transaction's snapshot is the one of its first read.
        connection.execute("SELECT 1 FROM datasets LIMIT 1").fetchone()

    def release(self) -> sqlite3.Connection:
        """End it; the connection may serve another."""
        self._connection.execute("ROLLBACK")
        return self._connection

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a SELECT on the catalog's own tables."""
        return self._connection.execute(sql, parameters).fetchall()

    def dataset(self, ref: DatasetRef) -> Dataset | None:
        """The dataset, if there is one."""
        rows = self.query(f"{_DATASET} WHERE project = ? AND dataset = ?", (ref.project, ref.dataset))
        return _dataset(rows[0]) if rows else None

    def datasets(self, project: str) -> list[Dataset]:
        """A project's datasets by name, hidden ones too."""
        return [_dataset(row) for row in self.query(f"{_DATASET} WHERE project = ? ORDER BY dataset", (project,))]

    def table(self, ref: TableRef) -> Table | None:
        """The table or view, if there is one."""
        rows = self.query(f"{_TABLE} AND name = ?", (ref.project, ref.dataset, ref.table))
        return _table(rows[0]) if rows else None

    def tables(self, ref: DatasetRef, *, prefix: str = "") -> list[Table]:
        """A dataset's tables and views whose name begins with ``prefix``, by name."""
        # GLOB and LIKE fold or interpret characters; a range over the index does neither.
        where, parameters = "", [ref.project, ref.dataset]
        if prefix:
            where, parameters = " AND name >= ? AND name < ?", [*parameters, prefix, _after(prefix)]
        return [_table(row) for row in self.query(f"{_TABLE}{where} ORDER BY name", parameters)]

    def fragments(self, table_id: int) -> list[Fragment]:
        """A table's fragments, oldest first."""
        return [_fragment(row) for row in self.query(_FRAGMENT, (table_id,))]

    def fragments_of(self, table_ids: Iterable[int]) -> dict[int, list[Fragment]]:
        """The same of many tables at once."""
        return {identity: self.fragments(identity) for identity in table_ids}

    def past_table(self, ref: TableRef, moment: int) -> Table | None:
        """What had that name at a time, in microseconds since 1970, and is no longer so; without rows and bytes."""
        rows = self.query(_PAST_TABLE, (ref.project, ref.dataset, ref.table, moment))
        return _table(rows[0]) if rows else None

    def past_fragments(self, table_id: int, moment: int) -> list[Fragment]:
        """The fragments that were in force at a time, oldest first."""
        return [_fragment(row) for row in self.query(_PAST_FRAGMENT, (table_id, moment))]

    def streams(self, table_id: int, now: datetime) -> bool:
        """Whether a table has rows in the streaming buffer."""
        query = "SELECT 1 FROM fragments WHERE table_id = ? AND settles > ? LIMIT 1"
        return bool(self.query(query, (table_id, micros(now))))

    def partitions(self, table_id: int) -> list[Partition]:
        """A table's partitions by id."""
        rows = self.query(
            "SELECT partition, rows, bytes, modified FROM partitions WHERE table_id = ? ORDER BY partition", (table_id,)
        )
        return [Partition(name, count, size, from_micros(modified)) for name, count, size, modified in rows]


def _after(prefix: str) -> str:
    """The least text above every text that begins with ``prefix``."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _dataset(row: tuple[Any, ...]) -> Dataset:
    project, dataset, location, definition, created, modified, etag = row
    return Dataset(
        ref=DatasetRef(project, dataset),
        definition=dataset_definition(json.loads(definition), location=location),
        created=from_micros(created),
        modified=from_micros(modified),
        etag=etag,
    )


def _table(row: tuple[Any, ...]) -> Table:
    identity, project, dataset, name, location, definition, fields, created, modified, stored, rows, size, version = row
    return Table(
        id=identity,
        ref=TableRef(project, dataset, name),
        location=location,
        definition=_definition(definition, fields),
        created=from_micros(created),
        modified=from_micros(modified),
        storage_modified=from_micros(stored),
        rows=rows,
        bytes=size,
        etag=table_etag(identity, version),
    )


@lru_cache(maxsize=5_000)
def _definition(text: str, fields: str) -> TableDefinition:
    """What the texts say; tables that say the same share the object, which nobody changes."""
    return table_definition(json.loads(text), fields=read_schema(fields))


def table_etag(identity: int, version: int) -> str:
    """What a client hands back to say which state of the table it has seen."""
    return f'"{identity:x}.{version:x}"'


def _fragment(row: tuple[Any, ...]) -> Fragment:
    identity, partition, fields, path, rows, size, sizes, written, gone, settles = row
    until = from_micros(settles) if settles is not None else None
    return Fragment(
        identity, partition, read_schema(fields), path, rows, size, sizes, from_micros(written), gone, until
    )
