"""Rows put into tables, taken out, and copied from one to another, within a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.checks import check_copy
from replicator.local.bigquery.storage.definitions import Kind, Partitioning, TimePartitioning
from replicator.local.bigquery.storage.drafts import Compaction
from replicator.local.bigquery.storage.fragments import Fragment, flush, share_all, table_folder
from replicator.local.bigquery.storage.marking import Marking, worth_marking
from replicator.local.bigquery.storage.overlay import Overlay
from replicator.local.bigquery.storage.partitions import WHOLE, check_decorator, expiry, ingestion_partitioned
from replicator.local.bigquery.storage.past import version
from replicator.local.bigquery.storage.reading import FRAGMENT, FRAGMENT_ID, ROW, ROW_POSITION, read
from replicator.local.bigquery.storage.states import Rewritten, Table, Written
from replicator.local.bigquery.storage.writing import Writer
from replicator.local.bigquery.types import duckdb_name
from replicator.names import TableRef

if TYPE_CHECKING:
    import duckdb

# A partition is tidied up when an append finds so many fragments in it that are so small.
_MANY_FRAGMENTS: Final = 32
_SMALL_ROWS: Final = 50_000
_PARTITIONS_LOOKED_AT: Final = 100


@dataclass(slots=True)
class Changing:
    """Writes rows for one transaction.

    Attributes:
        overlay: What the transaction sees, and collects.
        root: The store's folder.
        new_id: Numbers for fragments.
        discarded: Files that were written and are in no catalog, nor will be.
    """

    overlay: Overlay
    root: Path
    new_id: Callable[[], int]
    discarded: list[Fragment]

    def append(
        self,
        ref: TableRef,
        select: str,
        connection: duckdb.DuckDBPyConnection,
        *,
        partition: str | None = None,
        streamed_until: datetime | None = None,
    ) -> Written:
        """Add the rows of a SELECT, to the streaming buffer where they stay there until some time."""
        table = self._table(ref)
        written = self._writer(table).write(connection, select, partition=partition)
        return self._add(table, [replace(fragment, settles=streamed_until) for fragment in written])

    def crowded(self, ref: TableRef, partitions: Iterable[str]) -> tuple[str, ...]:
        """Which of these partitions consist of so many small fragments that reading them is slow."""
        table, few = self._table(ref), sorted(partitions)[:_PARTITIONS_LOOKED_AT]
        counted = self.overlay.snapshot.query(
            f"SELECT partition FROM fragments WHERE table_id = ? AND rows < ? AND settles IS NULL "
            f"AND partition IN ({', '.join('?' * len(few))}) GROUP BY partition HAVING count(*) >= ?",
            (table.id, _SMALL_ROWS, *few, _MANY_FRAGMENTS),
        )
        return tuple(str(row[0]) for row in counted)

    def compact(self, ref: TableRef, partitions: Sequence[str], connection: duckdb.DuckDBPyConnection) -> None:
        """Write the small fragments of these partitions as one each; whoever calls holds the table."""
        table = self._table(ref)
        draft = self.overlay.draft(table)
        small = [
            fragment
            for fragment in self.overlay.snapshot.fragments(table.id)
            if fragment.partition in partitions and fragment.rows < _SMALL_ROWS and fragment.settles is None
        ]
        writer, merged = self._writer(table), []
        for partition, fragments in _by_partition(small).items():
            merged += writer.move(connection, read(self.root, fragments, table.definition.fields), partition)
        draft.compaction = Compaction(tuple(small), tuple(merged))

    def rewrite(
        self, ref: TableRef, removed: str, added: str | None, connection: duckdb.DuckDBPyConnection
    ) -> Rewritten:
        """Take the rows out that ``removed`` names, put in those of ``added``."""
        table = self._table(ref)
        fragments = {fragment.id: fragment for fragment in self.overlay.fragments(table)}
        hits = f"removed_{self.new_id()}"
        connection.execute(
            f"CREATE TEMP TABLE {hits} AS SELECT fragment::BIGINT AS fragment, position FROM ({removed}) "
            "AS hits (fragment, position)"
        )
        try:
            counted = connection.execute(f"SELECT fragment, count(*) FROM {hits} GROUP BY fragment").fetchall()
            touched = [fragments[identity] for identity, _ in counted]
            _check_settled(ref, touched, "UPDATE or DELETE")
            gone = {identity: int(count) for identity, count in counted}
            thinned = [fragment for fragment in touched if gone[fragment.id] < fragment.rows]
            marked = [fragment for fragment in thinned if worth_marking(fragment, gone[fragment.id])]
            kept = self._kept(connection, table, [each for each in thinned if each not in marked], hits)
            if marked:
                kept += self._marking(table).mark(connection, marked, hits)
            new = self._writer(table).write(connection, added) if added is not None else []
        finally:
            connection.execute(f"DROP TABLE {hits}")
        partitions = {fragment.partition for fragment in (*touched, *new)}
        touched_bytes = sum(f.bytes for f in fragments.values() if f.partition in partitions)
        self._remove(table, touched)
        self._add(table, [*kept, *new])
        inserted = sum(fragment.rows for fragment in new)
        return Rewritten(sum(gone.values()), inserted, touched_bytes, frozenset(partitions))

    def truncate(self, ref: TableRef, partition: str | None) -> Written:
        """Take all rows out, of the table or of one partition, and say what they were."""
        table = self._table(ref)
        if partition is not None:
            check_decorator(table.definition, partition)
        gone = [f for f in self.overlay.fragments(table) if partition is None or f.place == partition]
        _check_settled(ref, gone, "TRUNCATE")
        self._remove(table, gone)
        rows, size = sum(fragment.rows for fragment in gone), sum(fragment.bytes for fragment in gone)
        return Written(rows, size, frozenset(fragment.partition for fragment in gone))

    def copy(
        self,
        source: TableRef,
        target: TableRef,
        partition: tuple[str, str] | None,
        connection: Callable[[], duckdb.DuckDBPyConnection],
        moment: datetime | None = None,
    ) -> Written:
        """Add the rows of ``source``, as it is or was, or of one of its partitions, to ``target``."""
        table, held = self._source(source, moment)
        wanted = self._table(target)
        check_copy(target, table.definition.fields, wanted.definition.fields)
        # Rows can take minutes to leave the buffer; until then a copy does not see them (write-api-rest).
        fragments = [fragment for fragment in held if fragment.settles is None]
        if partition is not None:
            check_decorator(table.definition, partition[0])
            check_decorator(wanted.definition, partition[1])
            fragments = [fragment for fragment in fragments if fragment.partition == partition[0]]
        if partition is not None and partition[0] == partition[1] and _alike(table, wanted):
            return self._link(wanted, ((fragment, fragment.partition) for fragment in fragments))
        if partition is not None and ingestion_partitioned(wanted.definition):
            return self._link(wanted, ((fragment, partition[1]) for fragment in fragments))
        if partition is None and (wanted.definition.partitioning is None or _alike(table, wanted)):
            whole = wanted.definition.partitioning is None
            return self._link(wanted, ((f, WHOLE if whole else f.partition) for f in fragments))
        select = read(self.root, fragments, wanted.definition.fields)
        into = partition[1] if partition is not None else None
        return self.append(target, select, connection(), partition=into)

    def _source(self, ref: TableRef, moment: datetime | None) -> tuple[Table, list[Fragment]]:
        """A table, and its rows."""
        if moment is None:
            table = self.overlay.table(ref)
            fragments = self.overlay.fragments(table)
        else:
            found = version(self.overlay, ref, moment, deleted=True)
            table, fragments = found.table, found.fragments
        if table.definition.kind.has_query:
            raise _not_allowed(table)
        return table, fragments

    def _table(self, ref: TableRef) -> Table:
        table = self.overlay.table(ref)
        draft = self.overlay.changes.tables.get(ref)
        made = draft is not None and draft.base is None
        # A snapshot gets its rows when it is made, and never again.
        if table.definition.kind is not Kind.TABLE and not (made and table.definition.kind is Kind.SNAPSHOT):
            raise _not_allowed(table)
        return table

    def _writer(self, table: Table) -> Writer:
        return Writer(self.root, table.ref, table.definition, self.new_id, self.overlay.now)

    def _marking(self, table: Table) -> Marking:
        return Marking(self.root, self.root / table_folder(table.ref), self.new_id, self.overlay.now)

    def _kept(
        self, connection: duckdb.DuckDBPyConnection, table: Table, fragments: Sequence[Fragment], hits: str
    ) -> list[Fragment]:
        """What is left of fragments that lose rows, written anew."""
        fields = table.definition.fields
        listed = ", ".join(f"kept.{duckdb_name(field.name)}" for field in fields)
        writer, written = self._writer(table), []
        for partition, thinned in _by_partition(fragments).items():
            rows = read(self.root, thinned, fields, [(FRAGMENT, FRAGMENT_ID), (ROW, ROW_POSITION)])
            select = (
                f"SELECT {listed} FROM ({rows}) AS kept ANTI JOIN {hits} AS hits "
                f"ON hits.fragment = kept.{FRAGMENT}::BIGINT AND hits.position = kept.{ROW}"
            )
            written += writer.move(connection, select, partition)
        return written

    def _add(self, table: Table, fragments: Iterable[Fragment]) -> Written:
        draft, rows, size, partitions = self.overlay.draft(table), 0, 0, set()
        for fragment in fragments:
            rows, size = rows + fragment.rows, size + fragment.bytes
            partitions.add(fragment.partition)
            gone = expiry(draft.definition, fragment.partition)
            if gone is not None and gone <= self.overlay.now:
                # Rows put into partitions that have expired vanish at once (managing-partitioned-tables).
                self.discarded.append(fragment)
            else:
                draft.added[fragment.id] = fragment
        return Written(rows, size, frozenset(partitions))

    def _remove(self, table: Table, fragments: Iterable[Fragment]) -> None:
        draft = self.overlay.draft(table)
        for fragment in fragments:
            if draft.added.pop(fragment.id, None) is not None:
                self.discarded.append(fragment)
            else:
                draft.removed[fragment.id] = fragment

    def _link(self, table: Table, fragments: Iterable[tuple[Fragment, str]]) -> Written:
        """The same files under the target's own folder."""
        folder = self.root / table_folder(table.ref)
        folder.mkdir(parents=True, exist_ok=True)
        linked = []
        for fragment, partition in fragments:
            identity = self.new_id()
            path = share_all(self.root, fragment, identity, folder)
            linked.append(replace(fragment, id=identity, partition=partition, path=path, written=self.overlay.now))
        flush(folder)
        return self._add(table, linked)


def _not_allowed(table: Table) -> BigQueryError:
    fact = f"{table.ref} is not allowed for this operation because it is a {table.definition.kind}."
    return BigQueryError("invalid", fact)


def _check_settled(ref: TableRef, fragments: Iterable[Fragment], statement: str) -> None:
    if any(fragment.settles is not None for fragment in fragments):
        reason, name = "invalidQuery", f"{ref.project}:{ref.dataset}.{ref.table}"
        fact = f"{statement} statement over table {name} would affect rows in the streaming buffer"
        raise BigQueryError(reason, f"{fact}, which is not supported")


def _by_partition(fragments: Iterable[Fragment]) -> dict[str, list[Fragment]]:
    found: dict[str, list[Fragment]] = {}
    for fragment in fragments:
        found.setdefault(fragment.partition, []).append(fragment)
    return found


def _alike(source: Table, target: Table) -> bool:
    """Whether a row is in the partition of the same id in both."""
    return _without_expiration(source.definition.partitioning) == _without_expiration(target.definition.partitioning)


def _without_expiration(partitioning: Partitioning | None) -> Partitioning | None:
    return replace(partitioning, expiration=None) if isinstance(partitioning, TimePartitioning) else partitioning
