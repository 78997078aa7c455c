"""What other services may do with tables without being a job: look at datasets, and copy a table across locations.

https://docs.cloud.google.com/bigquery/docs/managing-datasets#copy-datasets
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from replicator.local.bigquery.errors import refuse
from replicator.local.bigquery.ration import Ration
from replicator.local.bigquery.storage.definitions import Kind
from replicator.local.bigquery.storage.instants import micros
from replicator.local.bigquery.storage.store import OnExisting, Store
from replicator.local.settings import Unsettled
from replicator.names import DatasetRef, TableRef


@dataclass(frozen=True, slots=True)
class CopyableTable:
    """One table or view of a dataset.

    Attributes:
        name: Its id.
        kind: As ``tables.get`` has it: ``TABLE``, ``VIEW``.
        modified: When its data or schema last changed, in microseconds since 1970.
    """

    name: str
    kind: str
    modified: int


class Copies:
    """The datasets of a store, whatever their location.

    Attributes:
        unsettled: What no page settles; may be changed, or replaced, at any time.
    """

    def __init__(self, store: Store, ration: Ration) -> None:
        self._store = store
        self._ration = ration
        self.unsettled = Unsettled()

    def location(self, dataset: DatasetRef) -> str | None:
        """Where a dataset lies, or None when there is none of that name."""
        with self._store.statement() as transaction:
            found = transaction.find_dataset(dataset)
        return None if found is None else found.definition.location

    def tables(self, dataset: DatasetRef) -> Sequence[CopyableTable]:
        """Everything in a dataset; nothing when there is no such dataset."""
        with self._store.statement() as transaction:
            found = transaction.tables(dataset) if transaction.find_dataset(dataset) is not None else []
        return [CopyableTable(t.ref.table, t.definition.kind.value, micros(t.modified)) for t in found]

    def ration(self, destination: TableRef) -> None:
        """Take one from the day's copies across locations, which copy jobs and dataset copies share.

        Raises:
            BigQueryError: ``quotaExceeded``.
        """
        self._ration.take(destination)

    def copy_table(self, source: TableRef, destination: TableRef) -> None:
        """Copy a table in one commit, across locations: truncates the destination, or makes it.

        Data, schema, partitioning, clustering, description, labels and expiration are the source's
        (managing-tables: a copied table keeps its expiration). Its key is not: what a transfer writes has the key of
        its config or the destination's default (REST transferConfigs: encryptionConfiguration).
        A destination that is there stays the same table and
        keeps its creation time; a new one is created now, or when its source was: no page says which.

        Raises:
            BigQueryError: The source or the destination dataset has gone, or the source is a view.
        """
        with self._store.statement(mutates=destination) as transaction:
            table = transaction.table(source)
            definition = replace(table.definition, kms_key_name=None, origin=None)
            if definition.kind is not Kind.TABLE:
                refuse("invalid", f"{source} is not allowed for this operation because it is a {definition.kind}.")
            existing = transaction.find_table(destination)
            if existing is None:
                created = table.created if self.unsettled.copies_keep_creation_time else None
                transaction.create_table(destination, definition, OnExisting.REFUSE, created=created)
            else:
                transaction.overwrite_table(destination, definition)
            transaction.copy(source, destination)
            transaction.commit()
