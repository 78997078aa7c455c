"""Names in a query to relations, seen from one location."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from replicator.local.bigquery.errors import unmodelled
from replicator.local.bigquery.googlesql.catalog import Column
from replicator.local.bigquery.storage.fragments import Fragment
from replicator.local.bigquery.storage.metadata import MetadataRelation, metadata_relation
from replicator.local.bigquery.storage.overlay import Overlay
from replicator.local.bigquery.storage.past import version
from replicator.local.bigquery.storage.refusals import dataset_not_found, project_unknown, refuse, table_not_found
from replicator.local.bigquery.storage.relations import Shard, TableRelation, ViewRelation
from replicator.local.bigquery.storage.states import Table
from replicator.local.bigquery.storage.wildcards import reference_of
from replicator.local.bigquery.types import type_of
from replicator.names import DatasetRef, TableRef

StoredRelation = TableRelation | ViewRelation | MetadataRelation
_TABLE_PARTS: Final = 3


class StoreCatalog:
    """The catalog port of the query analysis, over one transaction.

    A job runs in one location; a dataset that lies elsewhere is not found, and only dataset copies, copy jobs and
    the like lead from one to another (locations).
    """

    def __init__(
        self, overlay: Overlay, root: Path, *, location: str | None, temporary: DatasetRef | None = None
    ) -> None:
        """See tables as a job does.

        Args:
            overlay: The transaction's view.
            root: The store's folder.
            location: The job's; None sees every location, for callers that are no jobs.
            temporary: Where names of one part are looked for.
        """
        self._overlay = overlay
        self._root = root
        self._location = location
        self._temporary = temporary

    def relation(self, path: tuple[str, ...], *, system_time: datetime | None = None) -> StoredRelation:
        """The relation of that name.

        Raises:
            BigQueryError: notFound; invalid for a project that is not there, and for a time that cannot be read;
                invalidQuery for a wildcard that cannot be read.
        """
        if len(path) >= _TABLE_PARTS and not self._overlay.has_project(path[0]):
            raise project_unknown(path[0])
        metadata = metadata_relation(self._overlay, path, self._location)
        if system_time is not None:
            if metadata is not None or len(path) != _TABLE_PARTS or path[-1].endswith("*"):
                what = f"FOR SYSTEM_TIME AS OF with {'.'.join(path)}, which is no single table"
                raise unmodelled(what)
            return self._as_of(TableRef(*path), system_time)
        if metadata is not None:
            return metadata
        if len(path) == 1:
            return self._temporary_table(path[0])
        if len(path) != _TABLE_PARTS:
            refuse(f'Table name "{".".join(path)}" must be qualified with a dataset (e.g. dataset.table).')
        ref = TableRef(*path)
        if "$" in ref.table:
            refuse(f"Partition decorators are not supported in GoogleSQL: {ref}", reason="invalidQuery")
        if ref.table.endswith("*"):
            return self._wildcard(ref)
        return self._relation(self._here(ref))

    def table_relation(self, ref: TableRef, *, partition: str | None = None) -> TableRelation | ViewRelation:
        """One table, or one partition of it: what tabledata.list and copy jobs name by a decorator."""
        return self._relation(self._here(ref), partition)

    def _temporary_table(self, name: str) -> TableRelation | ViewRelation:
        table = self._overlay.find_table(self._temporary.table(name)) if self._temporary is not None else None
        if table is None:
            refuse(f'Table "{name}" must be qualified with a dataset (e.g. dataset.table).', reason="invalidQuery")
        return self._relation(table)

    def _check_here(self, ref: TableRef) -> None:
        dataset = self._overlay.find_dataset(ref.parent)
        if dataset is None or not self._visible(dataset.definition.location):
            raise dataset_not_found(ref.parent, self._location)

    def _here(self, ref: TableRef) -> Table:
        self._check_here(ref)
        table = self._overlay.find_table(ref)
        if table is None:
            raise table_not_found(ref, self._location)
        return table

    def _visible(self, location: str) -> bool:
        return self._location is None or location.casefold() == self._location.casefold()

    def _relation(self, table: Table, partition: str | None = None) -> TableRelation | ViewRelation:
        definition = table.definition
        if definition.kind.has_query:
            columns = tuple(Column(field.name, type_of(field)) for field in definition.fields)
            return ViewRelation(table.ref, definition.query or "", columns)
        fragments = partial(self._overlay.fragments, table)
        if partition is not None:
            fragments = partial(self._of_partition, table, partition)
        return TableRelation(
            self._root, table, (Shard(table, None, fragments),), wildcard=False, referenced=(table.ref,)
        )

    def _as_of(self, ref: TableRef, moment: datetime) -> TableRelation:
        self._check_here(ref)
        # What was committed since the transaction began is not the past of what it sees.
        found = version(self._overlay, ref, min(moment, self._overlay.now))
        if found.table.definition.kind.has_query:
            what = f"FOR SYSTEM_TIME AS OF with the view {ref}"
            raise unmodelled(what)
        shard = Shard(found.table, None, lambda: found.fragments)
        return TableRelation(self._root, found.table, (shard,), wildcard=False, referenced=(ref,))

    def _of_partition(self, table: Table, partition: str) -> list[Fragment]:
        return [fragment for fragment in self._overlay.fragments(table) if fragment.place == partition]

    def _wildcard(self, ref: TableRef) -> TableRelation:
        prefix = ref.table.removesuffix("*")
        dataset = self._overlay.find_dataset(ref.parent)
        if dataset is None:
            raise dataset_not_found(ref.parent, self._location)
        matches = self._overlay.tables(ref.parent, prefix=prefix)
        reference = reference_of(ref, matches)
        if not self._visible(dataset.definition.location):
            # Asked for in another location it answers with no rows instead of an error (growthbook/growthbook#6476).
            matches = []
        shards = tuple(
            Shard(table, table.ref.table[len(prefix) :], partial(self._overlay.fragments, table)) for table in matches
        )
        referenced = tuple(table.ref for table in matches)
        return TableRelation(self._root, reference, shards, wildcard=True, referenced=referenced)
