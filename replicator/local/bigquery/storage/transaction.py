"""A transaction, as those who run statements use it."""

from __future__ import annotations

from collections.abc import Callable, Sized
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from replicator import limits
from replicator.local.bigquery.googlesql.catalog import Function
from replicator.local.bigquery.storage import defining, routines
from replicator.local.bigquery.storage.catalog import StoreCatalog
from replicator.local.bigquery.storage.changing import Changing
from replicator.local.bigquery.storage.commit import Changes
from replicator.local.bigquery.storage.definitions import DatasetDefinition, TableDefinition
from replicator.local.bigquery.storage.drafts import Contents, OnExisting, hidden
from replicator.local.bigquery.storage.engine import Engine
from replicator.local.bigquery.storage.fragments import Fragment
from replicator.local.bigquery.storage.overlay import Overlay
from replicator.local.bigquery.storage.past import version
from replicator.local.bigquery.storage.refusals import refuse
from replicator.local.bigquery.storage.routines import RoutineRef
from replicator.local.bigquery.storage.states import Buffer, Dataset, Partition, Rewritten, Table, Written
from replicator.names import DatasetRef, TableRef

if TYPE_CHECKING:
    import duckdb


class Transaction:
    """One snapshot of everything, and the writes made on top of it; used by one thread at a time.

    Attributes:
        id: Told in refusals.
        now: The time of its snapshot.
        overlay: What it sees.
    """

    def __init__(
        self, engine: Engine, identity: str, connect: Callable[[], duckdb.DuckDBPyConnection], *, several: bool
    ) -> None:
        self.id = identity
        self._engine = engine
        self._connect = connect
        self._several = several
        self._open = True
        self._modified_partitions = 0
        self._discarded: list[Fragment] = []
        self._snapshot, self._seen = engine.open_snapshot(identity, several=several)
        self.now = engine.now()
        self.overlay = Overlay(self._snapshot, Changes(), self.now, engine.lags, engine.jobs, engine.rights)
        self._rows = Changing(self.overlay, engine.root, engine.new_id, self._discarded)

    # Looking ---------------------------------------------------------------------------------------------------
    def has_project(self, project: str) -> bool:
        """Whether the project is there: someone made it, or a dataset in it."""
        return self.overlay.has_project(project)

    def make_project(self, project: str) -> None:
        """Let the project be there."""
        self.overlay.make_project(project)

    def dataset(self, ref: DatasetRef) -> Dataset:
        """The dataset; BigQueryError notFound where there is none (whatever its location)."""
        return self.overlay.dataset(ref)

    def find_dataset(self, ref: DatasetRef) -> Dataset | None:
        """The dataset, or None."""
        return self.overlay.find_dataset(ref)

    def datasets(self, project: str) -> list[Dataset]:
        """A project's datasets by name, hidden ones (``_…``) left out."""
        return self.overlay.datasets(project)

    def table(self, ref: TableRef) -> Table:
        """The table or view; BigQueryError notFound where there is none."""
        return self.overlay.table(ref)

    def find_table(self, ref: TableRef) -> Table | None:
        """The table or view, or None."""
        return self.overlay.find_table(ref)

    def table_as_of(self, ref: TableRef, moment: datetime) -> Table:
        """The table as it was, gone by now or not.

        Raises:
            BigQueryError: There was none, or that time cannot be read.
        """
        return version(self.overlay, ref, moment, deleted=True).table

    def tables(self, ref: DatasetRef) -> list[Table]:
        """A dataset's tables and views, by name; notFound where there is no such dataset."""
        self.overlay.dataset(ref)
        return self.overlay.tables(ref)

    def partitions(self, ref: TableRef) -> list[Partition]:
        """A table's partitions that hold rows, by id."""
        return self.overlay.partitions(ref)

    def buffer(self, ref: TableRef) -> Buffer | None:
        """What of a table is in the streaming buffer; None when nothing is."""
        return self.overlay.buffer(self.overlay.table(ref))

    def catalog(self, *, location: str | None, temporary: DatasetRef | None = None) -> StoreCatalog:
        """What a query of a job in ``location`` sees.

        Args:
            location: The job's; None for callers that are no jobs, who see every location.
            temporary: The hidden dataset in which names of one part are looked for.
        """
        return StoreCatalog(self.overlay, self._engine.root, location=location, temporary=temporary)

    # Definitions -----------------------------------------------------------------------------------------------
    def create_dataset(self, ref: DatasetRef, definition: DatasetDefinition, on_existing: OnExisting) -> bool:
        """Make a dataset; False if it was there and is kept. A name ``_…`` makes a hidden one, for temporary tables."""
        self._defines(ref)
        return defining.create_dataset(self.overlay, ref, definition, on_existing)

    def update_dataset(self, ref: DatasetRef, definition: DatasetDefinition, *, etag: str | None = None) -> None:
        """Replace what is said about a dataset; 412 when ``etag`` is not its own."""
        self._defines(ref)
        defining.update_dataset(self.overlay, ref, definition, etag)

    def drop_dataset(self, ref: DatasetRef, contents: Contents) -> None:
        """Remove a dataset; refused with resourceInUse when it holds tables and ``contents`` says so."""
        self._defines(ref)
        defining.drop_dataset(self.overlay, ref, contents)

    def create_table(
        self, ref: TableRef, definition: TableDefinition, on_existing: OnExisting, *, created: datetime | None = None
    ) -> bool:
        """Make an empty table, or a view; False if it was there and is kept.

        Args:
            ref: Its name.
            definition: What it is.
            on_existing: What happens when the name is taken.
            created: Its creation time; None for the time of the commit.
        """
        self._defines(ref.parent)
        self._discard(ref)
        made = defining.create_table(self.overlay, ref, definition, on_existing, self._engine.new_id)
        if made:
            self.overlay.changes.tables[ref].dated = created
        return made

    def update_table(self, ref: TableRef, definition: TableDefinition, *, etag: str | None = None) -> None:
        """Replace what is said about a table: adds fields, relaxes REQUIRED, sets options.

        New fields go to the end of their record. 412 when ``etag`` is not the table's; what BigQuery does not change
        is refused in its words.
        """
        self._defines(ref.parent)
        defining.update_table(self.overlay, ref, definition, etag)

    def reshape_table(self, ref: TableRef, definition: TableDefinition) -> None:
        """Other columns for the same table; whoever calls takes all of its rows out and puts them in again."""
        self._defines(ref.parent)
        defining.reshape_table(self.overlay, ref, definition)

    def overwrite_table(self, ref: TableRef, definition: TableDefinition) -> None:
        """WRITE_TRUNCATE: another schema and no rows; the table stays the same table, with its creation time."""
        self._defines(ref.parent)
        self._discard(ref)
        defining.overwrite_table(self.overlay, ref, definition)

    def drop_table(self, ref: TableRef, *, etag: str | None = None) -> None:
        """Remove a table or view; notFound where there is none."""
        self._defines(ref.parent)
        self._discard(ref)
        defining.drop_table(self.overlay, ref, etag)

    # Routines --------------------------------------------------------------------------------------------------
    def find_routine(self, ref: RoutineRef) -> dict[str, Any] | None:
        """The routine's resource, or None."""
        return routines.find_routine(self.overlay, ref)

    def routines(self, ref: DatasetRef) -> list[dict[str, Any]]:
        """A dataset's routines, by name; notFound where there is no such dataset."""
        return routines.routines(self.overlay, ref)

    def keep_routine(self, ref: RoutineRef, function: Function, *, description: str | None) -> dict[str, Any]:
        """Write a routine, whether it was there or not; answers with its resource."""
        self._defines(ref.parent)
        return routines.keep_routine(self.overlay, ref, function, description)

    def drop_routine(self, ref: RoutineRef) -> None:
        """Remove a routine."""
        self._defines(ref.parent)
        routines.drop_routine(self.overlay, ref)

    # Rows ------------------------------------------------------------------------------------------------------
    def append(
        self,
        ref: TableRef,
        select: str,
        connection: duckdb.DuckDBPyConnection,
        *,
        partition: str | None = None,
        streamed_until: datetime | None = None,
    ) -> Written:
        """Add the rows of a DuckDB SELECT, whose columns are the table's, in its order and exact types.

        Args:
            ref: The table.
            select: Read once.
            connection: Where the SELECT's own temporary tables live.
            partition: The decorator (``20260101``) of a write into one partition.
            streamed_until: The rows are in the streaming buffer until then: queries see them, copies pass over them,
                and they can be neither updated nor deleted.
        """
        self._writes(ref)
        written = self._rows.append(ref, select, connection, partition=partition, streamed_until=streamed_until)
        self._modifies(ref, written.partitions)
        if self._several or not self._engine.settled():
            return written
        crowded = self._rows.crowded(ref, written.partitions)
        if crowded and self._engine.locks.try_claim(ref, self.id, self._seen):
            self._rows.compact(ref, crowded, connection)
        return written

    def rewrite(
        self, ref: TableRef, removed: str, added: str | None, connection: duckdb.DuckDBPyConnection
    ) -> Rewritten:
        """UPDATE, DELETE, MERGE: take rows out and put rows in.

        Args:
            ref: The table.
            removed: A DuckDB SELECT of (_FRAGMENT, _ROW), as the table's scan gave them, each at most once.
            added: A SELECT as of ``append``; it may read what ``removed`` names.
            connection: Where both are read.

        Raises:
            BigQueryError: Another transaction mutates the table, or has since this one's snapshot; a row is in the
                streaming buffer.
        """
        self._mutates(ref)
        rewritten = self._rows.rewrite(ref, removed, added, connection)
        self._modifies(ref, rewritten.partitions)
        return rewritten

    def truncate(self, ref: TableRef, *, partition: str | None = None) -> int:
        """Take all rows out, of the table or of one partition, and say how many there were."""
        self._mutates(ref)
        gone = self._rows.truncate(ref, partition)
        self._modifies(ref, gone.partitions)
        return gone.rows

    def copy(
        self,
        source: TableRef,
        target: TableRef,
        *,
        partition: tuple[str, str] | None = None,
        moment: datetime | None = None,
    ) -> Written:
        """Add all rows of ``source`` to ``target``, matching columns by name; files are shared on disk, not read.

        Args:
            source: A table, wherever it lies.
            target: A table that has all of its columns.
            partition: The decorators of one partition on each side.
            moment: As of when the source is copied; None for what it is.
        """
        self._writes(target)
        copied = self._rows.copy(source, target, partition, self._connect, moment)
        self._modifies(target, copied.partitions)
        return copied

    # The end ---------------------------------------------------------------------------------------------------
    def record(self, kind: str, key: str, value: str) -> None:
        """Write a record in the same commit as everything else."""
        self.overlay.changes.records.append((kind, key, value))

    def commit(self) -> None:
        """Make it all true, durably, or nothing of it.

        Raises:
            BigQueryError: Something that was committed since the snapshot stands against it; it is rolled back.
        """
        try:
            if self.overlay.changes:
                self._engine.commit(self.overlay.changes, self.id)
                self.overlay.changes.tables.clear()
        finally:
            self.rollback()

    def rollback(self) -> None:
        """Forget what was not committed; does nothing after the end."""
        if not self._open:
            return
        self._open = False
        for draft in self.overlay.changes.tables.values():
            self._discarded.extend(draft.added.values())
            if draft.compaction is not None:
                self._discarded.extend(draft.compaction.merged)
        for fragment in self._discarded:
            for path in fragment.files:
                (self._engine.root / path).unlink(missing_ok=True)
        self._engine.close_snapshot(self.id, self._snapshot)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rollback()

    def _defines(self, ref: DatasetRef) -> None:
        if self._several:
            defining.refuse_in_transaction(ref)

    def _writes(self, ref: TableRef) -> None:
        """Refuse one table more than a transaction may change (transactions, limitations)."""
        changed = {each for each in (ref, *self.overlay.changes.tables) if not hidden(each.dataset)}
        most = limits.TRANSACTION_TABLES.value
        if self._several and len(changed) > most:
            refuse(
                f"A transaction can change at most {most} tables, and {ref} would be one more", reason="invalidQuery"
            )

    def _modifies(self, ref: TableRef, partitions: Sized) -> None:
        """Refuse one partition more than a transaction may modify, each time counted (transactions, limitations)."""
        if self.overlay.table(ref).definition.partitioning is not None:
            self._modified_partitions += len(partitions)
        most = limits.TRANSACTION_PARTITIONS.value
        if self._several and self._modified_partitions > most:
            fact = f"A transaction can perform at most {most} partition modifications, and would have performed"
            refuse(f"{fact} {self._modified_partitions} with those of table {ref}", reason="invalidQuery")

    def _mutates(self, ref: TableRef) -> None:
        self._writes(ref)
        if not hidden(ref.dataset):
            self._engine.locks.claim(ref, self.id, self._seen)
        self.overlay.draft(self.overlay.table(ref)).mutated = True

    def _discard(self, ref: TableRef) -> None:
        """Files that this transaction wrote for a table which it now drops or makes anew are nobody's."""
        draft = self.overlay.changes.tables.get(ref)
        if draft is not None:
            self._discarded.extend(draft.added.values())
            draft.added.clear()
