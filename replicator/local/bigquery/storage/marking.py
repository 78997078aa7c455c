"""Rows taken out of a large fragment: named beside it, so that the rows that stay need not be written again.

A MERGE that replaces a tenth of a table costs what it replaces. Half of a file may be gone; then what is left of it is
written anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replicator.local.bigquery.storage.footers import measure
from replicator.local.bigquery.storage.fragments import Fragment, copy_for_now, copy_to, files_of, flush, share
from replicator.local.bigquery.storage.projection import literal
from replicator.local.bigquery.storage.sizes import leaves_of
from replicator.local.bigquery.types import duckdb_name
from replicator.schema.fields import Field, Mode

if TYPE_CHECKING:
    import duckdb

# Smaller fragments are written faster than they are marked, and read faster without.
_WORTH_MARKING: Final = 20_000


def worth_marking(fragment: Fragment, removed: int) -> bool:
    """Whether it is better to name these rows than to write the others again."""
    held, gone = fragment.rows + fragment.gone, fragment.gone + removed
    return held >= _WORTH_MARKING and 2 * gone <= held


@dataclass(frozen=True, slots=True)
class Marking:
    """Marks rows of one table's fragments.

    Attributes:
        root: The store's folder.
        folder: The table's.
        new_id: Numbers for fragments.
        now: The statement's time.
    """

    root: Path
    folder: Path
    new_id: Callable[[], int]
    now: datetime

    def mark(self, connection: duckdb.DuckDBPyConnection, fragments: Sequence[Fragment], hits: str) -> list[Fragment]:
        """These fragments without the rows that the table ``hits`` (fragment, position) names; each keeps some."""
        marked = [
            self._mark(connection, fragment, f"FROM {hits} WHERE fragment = {fragment.id}") for fragment in fragments
        ]
        flush(self.folder)
        return marked

    def _mark(self, connection: duckdb.DuckDBPyConnection, fragment: Fragment, named: str) -> Fragment:
        removed, sizes = self._removed(connection, fragment, named)
        left = [size - gone for size, gone in zip(fragment.leaf_bytes(), sizes, strict=True)]
        identity = self.new_id()
        made = replace(
            fragment,
            id=identity,
            path=share(self.root, fragment, identity, self.folder),
            rows=fragment.rows - removed,
            bytes=sum(left),
            sizes=json.dumps(left, separators=(",", ":")),
            written=self.now,
            gone=fragment.gone + removed,
        )
        positions = f"SELECT position {named}"
        if fragment.gone:
            positions += f" UNION ALL SELECT position FROM read_parquet({files_of(self.root, [fragment.gone_path])})"
        copy_to(connection, f"{positions} ORDER BY position", self.root / made.gone_path)
        return made

    def _removed(self, connection: duckdb.DuckDBPyConnection, fragment: Fragment, named: str) -> tuple[int, list[int]]:
        """How many rows are named, and the logical bytes of each leaf in them."""
        counted = connection.execute(f"SELECT count(*) {named}").fetchone()
        removed = int(counted[0]) if counted else 0
        found: dict[str, Sequence[int]] = {}
        uneven = []
        place = fragment.leaf_bytes()
        for field in fragment.fields:
            count = len(leaves_of((field,)))
            taken, place = place[:count], place[count:]
            width = leaves_of((field,))[0].width
            if _single(field) and width is not None and taken[0] == width * fragment.rows:
                found[field.name] = [width * removed]  # nothing is NULL in it: every value counts the same
            else:
                uneven.append(field)
        found |= self._measured(connection, fragment, uneven, named)
        return removed, [size for field in fragment.fields for size in found[field.name]]

    def _measured(
        self, connection: duckdb.DuckDBPyConnection, fragment: Fragment, fields: Sequence[Field], named: str
    ) -> dict[str, Sequence[int]]:
        """The logical bytes of columns in the rows that are named: these are written, looked at, and forgotten."""
        if not fields:
            return {}
        path = self.folder / f"{self.new_id()}.parquet"
        listed = ", ".join(f"f.{duckdb_name(field.name)}" for field in fields)
        file = literal(str(self.root / fragment.path))
        select = (
            f"SELECT {listed} FROM read_parquet({file}, hive_partitioning = false) AS f "
            f"SEMI JOIN (SELECT position {named}) AS named ON named.position = f.file_row_number"
        )
        try:
            copy_for_now(connection, select, path)
            _, sizes = measure(path, tuple(fields))
        finally:
            path.unlink(missing_ok=True)
        return dict(_by_field(fields, sizes))


def _single(field: Field) -> bool:
    return field.type != "RECORD" and field.mode is not Mode.REPEATED


def _by_field(fields: Iterable[Field], sizes: Sequence[int]) -> Iterable[tuple[str, Sequence[int]]]:
    for field in fields:
        count = len(leaves_of((field,)))
        yield field.name, sizes[:count]
        sizes = sizes[count:]
