"""What the catalog knows: datasets, tables, fragments, as one snapshot sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from replicator.local.bigquery.storage.definitions import DatasetDefinition, TableDefinition
from replicator.names import DatasetRef, TableRef


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset.

    Attributes:
        ref: Its name.
        definition: What its owner says of it.
        created: When it was made.
        modified: When it, not its tables, was last changed.
        etag: Changes with every change of the dataset itself.
    """

    ref: DatasetRef
    definition: DatasetDefinition
    created: datetime
    modified: datetime
    etag: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view, without its rows.

    Attributes:
        id: The catalog's number for it; a table that is replaced gets a new one.
        ref: Its name.
        location: Its dataset's, as given.
        definition: What its owner says of it.
        created: When it was made; replacing makes anew.
        modified: When its definition or its rows were last changed.
        storage_modified: When its rows were last changed.
        rows: How many rows it has.
        bytes: Their logical size.
        etag: Changes with every change of the definition or the rows.
    """

    id: int
    ref: TableRef
    location: str
    definition: TableDefinition
    created: datetime
    modified: datetime
    storage_modified: datetime
    rows: int
    bytes: int
    etag: str


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a table, or the whole of an unpartitioned one (``id`` is then ``""``)."""

    id: str
    rows: int
    bytes: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Buffer:
    """What of a table is in the streaming buffer.

    Attributes:
        rows: How many rows.
        bytes: Their logical size.
        oldest: When the first of them came.
    """

    rows: int
    bytes: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """What a write put in.

    Attributes:
        rows: How many rows; those that fell into expired partitions are counted too.
        bytes: Their logical size.
        partitions: Ids of the partitions that were written.
    """

    rows: int
    bytes: int
    partitions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What an UPDATE, DELETE or MERGE did: rows taken out, rows put in, the partitions it touched and their bytes."""

    removed: int
    added: int
    touched_bytes: int
    partitions: frozenset[str]
