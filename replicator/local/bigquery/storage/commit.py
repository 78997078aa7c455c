"""A transaction's changes into the catalog: all of them in one SQLite transaction, or none.

What another transaction committed since the snapshot is looked at here, and here only: appends join it, everything
else that met it is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from replicator import limits
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.database import read_schema, schema_digest, schema_text, to_json
from replicator.local.bigquery.storage.drafts import Compaction, Contents, DatasetDraft, Draft, OnExisting, hidden
from replicator.local.bigquery.storage.fragments import Fragment, files_at
from replicator.local.bigquery.storage.instants import micros
from replicator.local.bigquery.storage.partitions import expiry
from replicator.local.bigquery.storage.refusals import aborted, dataset_not_found, duplicate_dataset, duplicate_table
from replicator.local.bigquery.storage.resources import dataset_definition_resource, definition_resource
from replicator.names import DatasetRef, TableRef

ROUTINES: Final = "routine"
"""The kind of the records that hold routines; an empty text says that one is gone."""
FORGOTTEN: Final = ("storage", "forgotten")
"""The record of the time, in microseconds since 1970, before which fragments are missing that were in force."""
REPLACED: Final = "REPLACED"
"""How a table went that another one took the name of; no view shows it any more."""

# No lag that is asked for is longer.
_LONGEST_LAG: Final = timedelta(days=1)
_NOTE: Final = """
INSERT OR REPLACE INTO storage_states
SELECT id, ?, project, dataset, name, created, rows, bytes, storage_modified,
       (SELECT count(*) FROM partitions WHERE table_id = tables.id AND partition <> ''), deleted, deletion, kind
FROM tables WHERE id = ? AND kind IN ('TABLE', 'CLONE', 'SNAPSHOT') AND substr(dataset, 1, 1) <> '_'"""
# What a table was until now, so that it can be read as of a time before.
_RETIRE: Final = """
INSERT OR REPLACE INTO past_tables
SELECT id, since, ?, project, dataset, name, location, schema, definition, created, ? FROM tables
WHERE id = ? AND substr(dataset, 1, 1) <> '_'"""
_FORGET: Final = """
DELETE FROM storage_states WHERE table_id = ? AND since <
       (SELECT max(since) FROM storage_states WHERE table_id = ? AND since <= ?)"""


@dataclass(slots=True)
class Changes:
    """All that one transaction wants."""

    datasets: dict[DatasetRef, DatasetDraft] = field(default_factory=dict)
    tables: dict[TableRef, Draft] = field(default_factory=dict)
    records: list[tuple[str, str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.datasets or self.tables or self.records)


@dataclass(slots=True)
class Applying:
    """One commit under way, on a connection whose write transaction has begun.

    Attributes:
        connection: The writer.
        now: The commit's time.
        transaction_id: Told in refusals.
        keeps: What goes out of force is kept for reading the past.
        compacts: Nobody has a snapshot from which fragments could be asked for that are being merged.
        garbage: Files that no later snapshot sees.
        retired_tables: How many states of tables are kept for reading the past, more than before.
        retired_files: How many fragments are.
        retired_bytes: Their logical size.
    """

    connection: sqlite3.Connection
    now: datetime
    transaction_id: str
    keeps: bool = True
    compacts: bool = False
    garbage: list[str] = field(default_factory=list)
    retired_tables: int = 0
    retired_files: int = 0
    retired_bytes: int = 0

    def apply(self, changes: Changes) -> None:
        """Write it all.

        Raises:
            BigQueryError: Something that was committed since the snapshot stands against it.
        """
        for dataset in changes.datasets.values():
            if dataset.dropped is None:
                self._keep_dataset(dataset)
        for draft in changes.tables.values():
            self._table(draft)
        for dataset in changes.datasets.values():
            if dataset.dropped is not None:
                self._drop_dataset(dataset)
        self.connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", changes.records)
        self.connection.execute("DELETE FROM records WHERE kind = ? AND value = ''", (ROUTINES,))

    # Datasets --------------------------------------------------------------------------------------------------
    def _keep_dataset(self, draft: DatasetDraft) -> None:
        key = (draft.ref.project, draft.ref.dataset)
        found = self._row("SELECT etag FROM datasets WHERE project = ? AND dataset = ?", key)
        if draft.created is not None and draft.base is None:
            if found is not None:
                if draft.created is OnExisting.REFUSE:
                    raise duplicate_dataset(draft.ref)
                return
            created = self.now
        elif found is None or draft.base is None:
            raise dataset_not_found(draft.ref)
        else:
            created = draft.base.created
        definition = draft.definition
        self.connection.execute(
            "INSERT OR REPLACE INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*key, definition.location, to_json(dataset_definition_resource(definition)), micros(created),
             micros(self.now), f'"{uuid4().hex[:16]}"'),
        )  # fmt: skip

    def _drop_dataset(self, draft: DatasetDraft) -> None:
        key = (draft.ref.project, draft.ref.dataset)
        living = self._rows(
            "SELECT id FROM tables WHERE project = ? AND dataset = ? AND deleted IS NULL ORDER BY id", key
        )
        if living and draft.dropped is Contents.REFUSE:
            reason = "resourceInUse"
            raise BigQueryError(reason, f"Dataset {draft.ref.project}:{draft.ref.dataset} is still in use")
        for (identity,) in living:
            self.remove_table(identity, "DATASET_DELETED")
        self.connection.execute("DELETE FROM datasets WHERE project = ? AND dataset = ?", key)

    # Tables ----------------------------------------------------------------------------------------------------
    def _table(self, draft: Draft) -> None:
        living = self._row(
            "SELECT id, version FROM tables WHERE project = ? AND dataset = ? AND name = ? AND deleted IS NULL",
            (draft.ref.project, draft.ref.dataset, draft.ref.table),
        )
        if draft.dropped:
            if living is not None:
                self.remove_table(living[0], "DIRECT_DELETE")
            return
        if draft.base is None:
            if living is not None and not self._make_room(draft, living[0]):
                self._forget(draft.added.values())
                return
            self._insert_table(draft)
        elif living is None or living[0] != draft.base.id:
            raise aborted(draft.ref, self.transaction_id)
        if draft.base is not None and draft.redefined:
            self._redefine(draft)
        if draft.rows_changed:
            self._check_columns(draft)
            self._change_rows(draft)
        if draft.reshaped:
            held = self._row("SELECT count(*) FROM fragments WHERE table_id = ?", (draft.id,))
            if held is not None and held[0] > len(draft.added):
                # Rows that came meanwhile have the columns of before.
                raise aborted(draft.ref, self.transaction_id)

    def _check_columns(self, draft: Draft) -> None:
        """Refuse rows of columns that the table had when they were written, and has no longer."""
        if draft.base is None or draft.redefined:
            return
        written = draft.base.definition.fields
        found = self._row("SELECT digest, fields FROM tables JOIN schemas ON schema = digest WHERE id = ?", (draft.id,))
        if found is None or found[0] == schema_digest(written):
            return
        types = {field.name.casefold(): field.type for field in read_schema(found[1])}
        if any(types.get(field.name.casefold()) != field.type for field in written):
            raise aborted(draft.ref, self.transaction_id)

    def _make_room(self, draft: Draft, living: int) -> bool:
        """Whether a new table may take the name that another one has."""
        match draft.created:
            case OnExisting.KEEP:
                return False
            case OnExisting.REPLACE:
                self.remove_table(living, REPLACED)
                return True
            case _:
                raise duplicate_table(draft.ref)

    def _insert_table(self, draft: Draft) -> None:
        if self._row(
            "SELECT 1 FROM datasets WHERE project = ? AND dataset = ?", (draft.ref.project, draft.ref.dataset)
        ) is None:  # fmt: skip
            raise dataset_not_found(draft.ref.parent)
        definition, now = draft.definition, micros(self.now)
        made = now if draft.dated is None else micros(draft.dated)
        self.connection.execute(
            "INSERT INTO tables VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 1, ?, NULL, NULL, ?)",
            (draft.id, draft.ref.project, draft.ref.dataset, draft.ref.table, draft.location, definition.stored_as,
             self._schema(draft), to_json(definition_resource(definition)), made, now, now, _expires(draft), now),
        )  # fmt: skip
        self._note(draft.id)

    def _redefine(self, draft: Draft) -> None:
        base = draft.base
        assert base is not None  # noqa: S101 - the only caller has looked
        unchanged = self._row(
            "SELECT 1 FROM tables WHERE id = ? AND schema = ? AND definition = ?",
            (draft.id, schema_digest(base.definition.fields), to_json(definition_resource(base.definition))),
        )
        if unchanged is None:
            raise aborted(draft.ref, self.transaction_id)
        now = micros(self.now)
        self.retired_tables += self.connection.execute(_RETIRE, (now, None, draft.id)).rowcount
        self.connection.execute(
            "UPDATE tables SET schema = ?, definition = ?, modified = ?3, expires = ?, since = ?3, "
            "version = version + 1 WHERE id = ?",
            (self._schema(draft), to_json(definition_resource(draft.definition)), now, _expires(draft), draft.id),
        )  # fmt: skip
        for (partition,) in self._rows("SELECT partition FROM partitions WHERE table_id = ?", (draft.id,)):
            self.connection.execute(
                "UPDATE partitions SET expires = ? WHERE table_id = ? AND partition = ?",
                (_partition_expires(draft, partition), draft.id, partition),
            )

    def _change_rows(self, draft: Draft) -> None:
        kept = None if hidden(draft.ref.dataset) else micros(self.now)
        touched = {fragment.partition for fragment in (*draft.added.values(), *draft.removed.values())}
        if draft.overwritten:
            touched |= {
                row[0] for row in self._rows("SELECT partition FROM partitions WHERE table_id = ?", (draft.id,))
            }
            self.drop_fragments("table_id = ?", (draft.id,), kept=kept)
        else:
            for fragment in draft.removed.values():
                if self.drop_fragments("id = ? AND table_id = ?", (fragment.id, draft.id), kept=kept) == 0:
                    raise aborted(draft.ref, self.transaction_id)
        for fragment in draft.added.values():
            self._insert_fragment(draft.id, fragment)
        if draft.compaction is not None:
            self._compact(draft.id, draft.compaction, kept)
        for partition in touched:
            self._count_partition(draft, partition)
        self.count_table(draft.id)
        held = self._row("SELECT count(*) FROM partitions WHERE table_id = ?", (draft.id,))
        most = limits.PARTITIONS_PER_TABLE.value
        if held is not None and held[0] > most:
            reason = "quotaExceeded"
            fact = f"Table {draft.ref} would have {held[0]} partitions, and a table has at most {most}"
            raise BigQueryError(reason, fact)

    def _compact(self, table_id: int, compaction: Compaction, kept: int | None) -> None:
        if not self.compacts:
            self._forget(compaction.merged)
            return
        for fragment in compaction.replaced:
            self.drop_fragments("id = ? AND table_id = ?", (fragment.id, table_id), kept=kept)
        for fragment in compaction.merged:
            self._insert_fragment(table_id, fragment)

    def _insert_fragment(self, table_id: int, fragment: Fragment) -> None:
        digest = schema_digest(fragment.fields)
        self.connection.execute("INSERT OR IGNORE INTO schemas VALUES (?, ?)", (digest, schema_text(fragment.fields)))
        settles = None if fragment.settles is None else micros(fragment.settles)
        self.connection.execute(
            "INSERT INTO fragments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (fragment.id, table_id, fragment.partition, digest, fragment.path, fragment.rows, fragment.bytes,
             fragment.sizes, micros(self.now), fragment.gone, settles),
        )  # fmt: skip

    def _count_partition(self, draft: Draft, partition: str) -> None:
        rows, size = self._row(
            "SELECT sum(rows), sum(bytes) FROM fragments WHERE table_id = ? AND partition = ?", (draft.id, partition)
        ) or (None, None)
        if rows is None:
            self.connection.execute(
                "DELETE FROM partitions WHERE table_id = ? AND partition = ?", (draft.id, partition)
            )
            return
        self.connection.execute(
            "INSERT OR REPLACE INTO partitions VALUES (?, ?, ?, ?, ?, ?)",
            (draft.id, partition, rows, size, micros(self.now), _partition_expires(draft, partition)),
        )

    # Shared with the sweep -------------------------------------------------------------------------------------
    def count_table(self, table_id: int) -> None:
        """Set a table's rows and bytes to the sum of its fragments', and say that it changed now."""
        self.connection.execute(
            "UPDATE tables SET (rows, bytes) = (SELECT coalesce(sum(rows), 0), coalesce(sum(bytes), 0) "
            "FROM partitions WHERE table_id = tables.id), modified = ?1, storage_modified = ?1, version = version + 1 "
            "WHERE id = ?2",
            (micros(self.now), table_id),
        )
        self._note(table_id)

    def _note(self, table_id: int) -> None:
        """Remember what TABLE_STORAGE shows of a table from now on, and forget what it no longer has to."""
        self.connection.execute(_NOTE, (micros(self.now), table_id))
        self.connection.execute(_FORGET, (table_id, table_id, micros(self.now - _LONGEST_LAG)))

    def drop_fragments(self, where: str, parameters: tuple[Any, ...], *, kept: int | None) -> int:
        """Take fragments out of force, and say how many.

        Args:
            where: Which, as SQL.
            parameters: Of that SQL.
            kept: The time, in microseconds since 1970, until which they were in force, where the past can be asked
                for them; None where it cannot.
        """
        keeps = kept is not None and self.keeps
        if keeps:
            self.connection.execute(f"INSERT INTO past_fragments SELECT *, ? FROM fragments WHERE {where}",
                                    (kept, *parameters))  # fmt: skip
        found = self._rows(f"DELETE FROM fragments WHERE {where} RETURNING path, gone, bytes", parameters)
        if keeps:
            self.retired_files += len(found)
            self.retired_bytes += sum(size for _, _, size in found)
        else:
            self.garbage.extend(path for name, gone, _ in found for path in files_at(name, gone))
            if kept is not None and found:
                self.connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (*FORGOTTEN, str(kept)))
        return len(found)

    def remove_table(self, table_id: int, why: str, *, at: int | None = None) -> None:
        """Drop a table; TABLE_STORAGE remembers it, unless it was replaced or hidden.

        Args:
            table_id: Which.
            why: As TABLE_STORAGE tells it.
            at: When it was gone, in microseconds since 1970; None for now.
        """
        gone = micros(self.now) if at is None else at
        found = self._row("SELECT dataset FROM tables WHERE id = ?", (table_id,))
        kept = None if found is None or hidden(found[0]) else gone
        self.drop_fragments("table_id = ?", (table_id,), kept=kept)
        self.retired_tables += self.connection.execute(_RETIRE, (gone, why, table_id)).rowcount
        self.connection.execute("DELETE FROM partitions WHERE table_id = ?", (table_id,))
        self.connection.execute(
            "UPDATE tables SET deleted = ?, deletion = ?, rows = 0, bytes = 0 WHERE id = ?",
            (micros(self.now), why, table_id),
        )
        self._note(table_id)
        if why == REPLACED:
            self.connection.execute("DELETE FROM tables WHERE id = ?", (table_id,))
        self.connection.execute("DELETE FROM tables WHERE id = ? AND substr(dataset, 1, 1) = '_'", (table_id,))

    def _schema(self, draft: Draft) -> str:
        fields = draft.definition.fields
        digest = schema_digest(fields)
        self.connection.execute("INSERT OR IGNORE INTO schemas VALUES (?, ?)", (digest, schema_text(fields)))
        return digest

    def _forget(self, fragments: Iterable[Fragment]) -> None:
        self.garbage.extend(path for fragment in fragments for path in fragment.files)

    def _row(self, sql: str, parameters: tuple[Any, ...]) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.connection.execute(sql, parameters).fetchone()
        return row

    def _rows(self, sql: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, parameters).fetchall()


def _expires(draft: Draft) -> int | None:
    return None if draft.definition.expires is None else micros(draft.definition.expires)


def _partition_expires(draft: Draft, partition: str) -> int | None:
    gone = expiry(draft.definition, partition)
    return None if gone is None else micros(gone)
