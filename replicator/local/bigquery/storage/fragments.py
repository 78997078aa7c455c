"""Fragments: Parquet files that are written once, belong to one partition, and are never changed.

They are uncompressed, so that a search of a dataset's folder for some text proves whether it is in a value.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from replicator.local.bigquery.storage.projection import literal
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field

if TYPE_CHECKING:
    import duckdb

# File systems hold names of 255 bytes; a table's may have 1,024 characters.
_FOLDER_NAME: Final = 200
# Dictionaries would hide how long the values are (footers.py), and building them costs more than small tables hold.
_PLAINLY: Final = "FORMAT parquet, PARQUET_VERSION V2, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 0"
# From so many files on, one sync of everything is faster than one per file.
_SYNC_ALL_FROM: Final = 100


@dataclass(frozen=True, slots=True)
class Fragment:
    """One file.

    Attributes:
        id: The catalog's number for it, never used again.
        partition: The partition's id, ``""`` in an unpartitioned table.
        fields: The schema under which it was written.
        path: Below the store's folder.
        rows: How many it holds, at least one.
        bytes: Their logical size.
        sizes: The same by leaf, a JSON list in the order of ``sizes.leaves(fields)``.
        written: When.
    """

    id: int
    partition: str
    fields: tuple[Field, ...]
    path: str
    rows: int
    bytes: int
    sizes: str
    written: datetime

    def leaf_bytes(self) -> list[int]:
        """Logical size by leaf, in the order of ``sizes.leaves(fields)``."""
        return [int(size) for size in json.loads(self.sizes)]


def dataset_folder(ref: DatasetRef) -> Path:
    """Where a dataset's files lie, below the store's folder."""
    return Path(_folder(ref.project), _folder(ref.dataset))


def table_folder(ref: TableRef) -> Path:
    """Where a table's files lie, below the store's folder."""
    return dataset_folder(ref.parent) / _folder(ref.table)


def copy_to(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> int:
    """Write a SELECT into one file, durably, and say how many rows it has."""
    row = connection.execute(f"COPY ({select}) TO {literal(str(path))} ({_PLAINLY}, USE_TMP_FILE false)").fetchone()
    rows = int(row[0]) if row else 0
    if rows:
        flush(path)
    return rows


def copy_partitions(
    connection: duckdb.DuckDBPyConnection, select: str, column: str, folder: Path
) -> list[tuple[str, Path]]:
    """Write a SELECT into files that hold one value of ``column`` each, without that column.

    Returns:
        (value, path), durably written; a value may have several files.
    """
    written = connection.execute(
        f"COPY ({select}) TO {literal(str(folder))} ({_PLAINLY}, PARTITION_BY ({column}), RETURN_STATS)"
    ).fetchall()
    files = [(str(next(iter(keys.values()))), Path(name)) for name, _, _, _, _, keys, *_ in written]
    if len(files) > _SYNC_ALL_FROM:
        os.sync()
        return files
    for _, path in files:
        flush(path)
    return files


def flush(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def files_of(root: Path, fragments: Sequence[Fragment]) -> str:
    """The fragments' files as DuckDB's list of literals."""
    return f"[{', '.join(literal(str(root / fragment.path)) for fragment in fragments)}]"


def _folder(name: str) -> str:
    # Percent signs keep DuckDB's wildcards and path separators out of names.
    quoted = quote(name, safe="")
    if len(quoted) <= _FOLDER_NAME:
        return quoted
    return f"{quoted[:_FOLDER_NAME]}%{hashlib.sha256(name.encode()).hexdigest()[:16]}"
