"""Fragments: Parquet files that are written once, belong to one partition, and are never changed.

They are uncompressed, so that a search of a dataset's folder for some text proves that it is in no value. A row that
is taken out of a large fragment stays in its file: a second file beside it says which rows count no more (marking.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from replicator.local.bigquery.storage.partitions import UNPARTITIONED
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
        gone: How many rows of the file count no more; ``gone_path`` names their positions. ``rows``, ``bytes`` and
            ``sizes`` are without them.
        settles: Until then its rows are in the streaming buffer; None once they have left it, or were never in it.
    """

    id: int
    partition: str
    fields: tuple[Field, ...]
    path: str
    rows: int
    bytes: int
    sizes: str
    written: datetime
    gone: int = 0
    settles: datetime | None = None

    @property
    def place(self) -> str:
        """The partition in which its rows are found; those of the streaming buffer are in none yet."""
        return self.partition if self.settles is None else UNPARTITIONED

    @property
    def gone_path(self) -> str:
        """Below the store's folder, the file with one column, ``position``; there is none while ``gone`` is 0."""
        return gone_path(self.path)

    @property
    def files(self) -> tuple[str, ...]:
        """All that it consists of, below the store's folder."""
        return files_at(self.path, self.gone)

    def leaf_bytes(self) -> list[int]:
        """Logical size by leaf, in the order of ``sizes.leaves(fields)``."""
        return [int(size) for size in json.loads(self.sizes)]


def gone_path(path: str) -> str:
    """Where the positions of rows stand that were taken out of the fragment at ``path``."""
    return path.removesuffix(".parquet") + ".gone.parquet"


def files_at(path: str, gone: int) -> tuple[str, ...]:
    """The files of the fragment at ``path``, of whose rows ``gone`` count no more."""
    return (path, gone_path(path)) if gone else (path,)


def dataset_folder(ref: DatasetRef) -> Path:
    """Where a dataset's files lie, below the store's folder."""
    return Path(_folder(ref.project), _folder(ref.dataset))


def table_folder(ref: TableRef) -> Path:
    """Where a table's files lie, below the store's folder."""
    return dataset_folder(ref.parent) / _folder(ref.table)


def copy_to(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> int:
    """Write a SELECT into one file, durably, and say how many rows it has."""
    rows = copy_for_now(connection, select, path)
    if rows:
        flush(path)
    return rows


def copy_for_now(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> int:
    """The same, for a file that need not survive the machine."""
    row = connection.execute(f"COPY ({select}) TO {literal(str(path))} ({_PLAINLY}, USE_TMP_FILE false)").fetchone()
    return int(row[0]) if row else 0


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


def share(root: Path, fragment: Fragment, identity: int, folder: Path) -> str:
    """The fragment's file once more, under another number; nothing writes to it, so both may be one on disk.

    Returns:
        Its path below the store's folder; whoever calls flushes that folder.
    """
    path = folder / f"{identity}.parquet"
    _share(root / fragment.path, path)
    return str(path.relative_to(root))


def share_all(root: Path, fragment: Fragment, identity: int, folder: Path) -> str:
    """The same, with the positions of the rows that were taken out."""
    path = share(root, fragment, identity, folder)
    if fragment.gone:
        _share(root / fragment.gone_path, root / gone_path(path))
    return path


def _share(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, path)
        flush(path)


def files_of(root: Path, paths: Iterable[str]) -> str:
    """Files below the store's folder as DuckDB's list of literals."""
    return f"[{', '.join(literal(str(root / path)) for path in paths)}]"


def _folder(name: str) -> str:
    # Percent signs keep DuckDB's wildcards and path separators out of names.
    quoted = quote(name, safe="")
    if len(quoted) <= _FOLDER_NAME:
        return quoted
    return f"{quoted[:_FOLDER_NAME]}%{hashlib.sha256(name.encode()).hexdigest()[:16]}"
