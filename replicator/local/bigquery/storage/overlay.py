"""A transaction's view: the snapshot, with its own uncommitted changes on top."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from replicator.local.bigquery.storage.commit import Changes
from replicator.local.bigquery.storage.drafts import DatasetDraft, Draft, hidden
from replicator.local.bigquery.storage.fragments import Fragment
from replicator.local.bigquery.storage.metadata_jobs import JobHistory
from replicator.local.bigquery.storage.refusals import dataset_not_found, table_not_found
from replicator.local.bigquery.storage.rights import Rights
from replicator.local.bigquery.storage.snapshot import Snapshot
from replicator.local.bigquery.storage.states import Buffer, Dataset, Partition, Table
from replicator.local.settings import Lags
from replicator.names import DatasetRef, TableRef

PROJECTS: Final = "project"
"""The kind of the records that name the projects."""


@dataclass(slots=True)
class Overlay:
    """What a transaction sees.

    Attributes:
        snapshot: The catalog as it was when the transaction began.
        changes: What it has changed since.
        now: Its time.
        lags: How late metadata views see what has happened.
        jobs: Whom JOBS asks; None where nobody keeps jobs.
        rights: What the caller may see.
    """

    snapshot: Snapshot
    changes: Changes
    now: datetime
    lags: Lags
    jobs: JobHistory | None
    rights: Rights

    def record(self, kind: str, key: str) -> str | None:
        """The record's value, None where there is none; what this transaction wrote comes first."""
        for written, name, value in reversed(self.changes.records):
            if (written, name) == (kind, key):
                return value
        rows = self.snapshot.query("SELECT value FROM records WHERE kind = ? AND key = ?", (kind, key))
        return str(rows[0][0]) if rows else None

    def records(self, kind: str, prefix: str) -> list[str]:
        """The values of the records whose key begins with ``prefix``, by key; empty ones left out."""
        rows = self.snapshot.query("SELECT key, value FROM records WHERE kind = ?", (kind,))
        found = {str(key): str(value) for key, value in rows}
        found |= {key: value for written, key, value in self.changes.records if written == kind}
        return [found[key] for key in sorted(found) if key.startswith(prefix) and found[key]]

    def has_project(self, project: str) -> bool:
        """Whether somebody made the project, or a dataset in it; it stays when its datasets go."""
        if any((kind, key) == (PROJECTS, project) for kind, key, _ in self.changes.records):
            return True
        query = "SELECT 1 FROM records WHERE kind = ? AND key = ?"
        return bool(self.snapshot.query(query, (PROJECTS, project)))

    def make_project(self, project: str) -> None:
        """Let the project be there."""
        if not self.has_project(project):
            self.changes.records.append((PROJECTS, project, "{}"))

    def find_dataset(self, ref: DatasetRef) -> Dataset | None:
        """The dataset, if there is one; BigQueryError accessDenied where the caller may not know."""
        self.rights.check_dataset(ref)
        draft = self.changes.datasets.get(ref)
        return draft.seen() if draft is not None else self.snapshot.dataset(ref)

    def dataset(self, ref: DatasetRef) -> Dataset:
        """The dataset, wherever it lies; BigQueryError notFound where there is none."""
        found = self.find_dataset(ref)
        if found is None:
            raise dataset_not_found(ref)
        return found

    def datasets(self, project: str) -> list[Dataset]:
        """A project's datasets by name; hidden ones, and those that the caller may not see, left out."""
        found = {dataset.ref: dataset for dataset in self.snapshot.datasets(project)}
        for ref, draft in self.changes.datasets.items():
            seen = draft.seen()
            if seen is None:
                found.pop(ref, None)
            elif ref.project == project:
                found[ref] = seen
        return [found[ref] for ref in sorted(found) if not hidden(ref.dataset) and self.rights.shows(ref)]

    def find_table(self, ref: TableRef) -> Table | None:
        """The table or view, if there is one."""
        draft = self.changes.tables.get(ref)
        if draft is not None:
            return draft.seen()
        if self._dropped(ref.parent):
            return None
        return self.snapshot.table(ref)

    def table(self, ref: TableRef) -> Table:
        """The table or view; BigQueryError notFound where there is none, or no such dataset."""
        found = self.find_table(ref)
        if found is None:
            self.dataset(ref.parent)
            raise table_not_found(ref)
        return found

    def tables(self, ref: DatasetRef, *, prefix: str = "") -> list[Table]:
        """A dataset's tables and views whose name begins with ``prefix``, by name."""
        found: dict[TableRef, Table] = {}
        if not self._dropped(ref):
            found = {table.ref: table for table in self.snapshot.tables(ref, prefix=prefix)}
        for name, draft in self.changes.tables.items():
            if name.parent == ref and name.table.startswith(prefix):
                seen = draft.seen()
                if seen is None:
                    found.pop(name, None)
                else:
                    found[name] = seen
        return [found[name] for name in sorted(found)]

    def fragments(self, table: Table) -> list[Fragment]:
        """The fragments in force, oldest first."""
        draft = self.changes.tables.get(table.ref)
        if draft is None:
            return self._settled(self.snapshot.fragments(table.id))
        kept = [] if draft.base is None or draft.overwritten else self.snapshot.fragments(draft.base.id)
        held = [*(fragment for fragment in kept if fragment.id not in draft.removed), *draft.added.values()]
        return self._settled(held)

    def _settled(self, fragments: list[Fragment]) -> list[Fragment]:
        """The fragments; those that have left the streaming buffer by now say so."""
        return [
            replace(each, settles=None) if each.settles is not None and each.settles <= self.now else each
            for each in fragments
        ]

    def buffer(self, table: Table) -> Buffer | None:
        """What of a table is in the streaming buffer; None when nothing is."""
        if table.ref not in self.changes.tables and not self.snapshot.streams(table.id, self.now):
            return None
        held = [fragment for fragment in self.fragments(table) if fragment.settles is not None]
        if not held:
            return None
        size = sum(fragment.bytes for fragment in held)
        return Buffer(sum(fragment.rows for fragment in held), size, min(fragment.written for fragment in held))

    def partitions(self, ref: TableRef) -> list[Partition]:
        """A table's partitions that hold rows, by id; of a table in one piece, one with the id ``""``.

        Rows in the streaming buffer of a partitioned table are in ``__UNPARTITIONED__``.
        """
        table = self.table(ref)
        if ref not in self.changes.tables and not self.snapshot.streams(table.id, self.now):
            return self.snapshot.partitions(table.id)
        return _count(self.fragments(table), whole=table.definition.partitioning is None)

    def draft(self, table: Table) -> Draft:
        """Where changes of the table are collected."""
        draft = self.changes.tables.get(table.ref)
        if draft is None:
            draft = Draft(table.ref, table.id, table.location, table.definition, base=table, now=self.now)
            self.changes.tables[table.ref] = draft
        return draft

    def dataset_draft(self, dataset: Dataset) -> DatasetDraft:
        """Where changes of the dataset are collected."""
        draft = self.changes.datasets.get(dataset.ref)
        if draft is None:
            draft = DatasetDraft(dataset.ref, dataset.definition, dataset, self.now)
            self.changes.datasets[dataset.ref] = draft
        return draft

    def _dropped(self, ref: DatasetRef) -> bool:
        draft = self.changes.datasets.get(ref)
        return draft is not None and draft.dropped is not None


def _count(fragments: Iterable[Fragment], *, whole: bool) -> list[Partition]:
    found: dict[str, Partition] = {}
    for fragment in fragments:
        name = fragment.partition if whole else fragment.place
        seen = found.get(name, Partition(name, 0, 0, fragment.written))
        rows, size = seen.rows + fragment.rows, seen.bytes + fragment.bytes
        found[name] = Partition(name, rows, size, max(seen.modified, fragment.written))
    return [found[name] for name in sorted(found)]
