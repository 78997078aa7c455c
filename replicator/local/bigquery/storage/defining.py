"""Datasets and tables made, changed and dropped within a transaction.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from replicator.local.bigquery.storage.checks import changed, check_definition
from replicator.local.bigquery.storage.commit import ROUTINES
from replicator.local.bigquery.storage.definitions import DatasetDefinition, Kind, TableDefinition, TimePartitioning
from replicator.local.bigquery.storage.drafts import Contents, DatasetDraft, Draft, OnExisting, hidden
from replicator.local.bigquery.storage.overlay import Overlay
from replicator.local.bigquery.storage.refusals import duplicate_dataset, duplicate_table, precondition, refuse
from replicator.local.bigquery.storage.states import Dataset, Table
from replicator.names import DATASET, DatasetRef, TableRef, known_location


def create_dataset(overlay: Overlay, ref: DatasetRef, definition: DatasetDefinition, on_existing: OnExisting) -> bool:
    """Make a dataset; False if it was there and is kept."""
    if not DATASET.fullmatch(ref.dataset):
        refuse(f"Invalid dataset ID {ref.dataset!r}. Dataset IDs are letters, digits and underscores")
    if known_location(definition.location) is None:
        # In these words datasets.insert refused a location (GoogleCloudPlatform/deploymentmanager-samples#460).
        refuse(f"Invalid value for: {definition.location} is not a valid value")
    if overlay.find_dataset(ref) is not None:
        if on_existing is OnExisting.KEEP:
            return False
        raise duplicate_dataset(ref)
    overlay.changes.datasets[ref] = DatasetDraft(ref, definition, None, overlay.now, created=on_existing)
    overlay.make_project(ref.project)
    return True


def update_dataset(overlay: Overlay, ref: DatasetRef, definition: DatasetDefinition, etag: str | None) -> None:
    """Replace what is said about a dataset; it cannot move."""
    dataset = overlay.dataset(ref)
    _check_etag(dataset, etag)
    if definition.location.casefold() != dataset.definition.location.casefold():
        refuse(f"Cannot change the location of dataset {ref} from {dataset.definition.location}")
    overlay.dataset_draft(dataset).definition = replace(definition, location=dataset.definition.location)


def drop_dataset(overlay: Overlay, ref: DatasetRef, contents: Contents) -> None:
    """Remove a dataset."""
    dataset = overlay.dataset(ref)
    kept = overlay.records(ROUTINES, f"{ref}.")
    if contents is Contents.REFUSE and (kept or overlay.tables(ref)):
        refuse(f"Dataset {ref.project}:{ref.dataset} is still in use", reason="resourceInUse")
    for text in kept:
        name = json.loads(text)["routineReference"]["routineId"]
        overlay.changes.records.append((ROUTINES, f"{ref}.{name}", ""))
    for table in overlay.tables(ref):
        drop_table(overlay, table.ref, None)
    overlay.dataset_draft(dataset).dropped = contents


def create_table(
    overlay: Overlay, ref: TableRef, definition: TableDefinition, on_existing: OnExisting, new_id: Callable[[], int]
) -> bool:
    """Make an empty table or a view; False if it was there and is kept."""
    dataset = overlay.dataset(ref.parent)
    check_definition(ref, definition)
    existing = overlay.find_table(ref)
    if existing is not None and on_existing is not OnExisting.REPLACE:
        if on_existing is OnExisting.KEEP:
            return False
        raise duplicate_table(ref)
    if existing is not None and existing.definition.kind is not definition.kind:
        refuse(f"{ref} is a {existing.definition.kind} and cannot be replaced by a {definition.kind}")
    overlay.changes.tables[ref] = Draft(
        ref,
        new_id(),
        dataset.definition.location,
        _with_defaults(overlay, dataset, definition),
        base=None,
        now=overlay.now,
        # Whatever this transaction itself has dropped or replaced makes room at the commit.
        created=OnExisting.REPLACE if ref in overlay.changes.tables else on_existing,
    )
    return True


def update_table(overlay: Overlay, ref: TableRef, definition: TableDefinition, etag: str | None) -> None:
    """Replace what is said about a table, as far as BigQuery lets it change."""
    table = overlay.table(ref)
    _check_etag(table, etag)
    draft = overlay.draft(table)
    draft.definition = changed(ref, table.definition, definition)
    draft.redefined = True


def reshape_table(overlay: Overlay, ref: TableRef, definition: TableDefinition) -> None:
    """Other columns for the same table, all of whose rows its transaction writes anew."""
    check_definition(ref, definition)
    draft = overlay.draft(overlay.table(ref))
    draft.definition = definition
    draft.redefined = draft.reshaped = True


def overwrite_table(overlay: Overlay, ref: TableRef, definition: TableDefinition) -> None:
    """Another schema and no rows, for the same table."""
    table = overlay.table(ref)
    if table.definition.kind is not Kind.TABLE or definition.kind is not Kind.TABLE:
        refuse(f"{ref} is not allowed for this operation because it is a {table.definition.kind}.")
    check_definition(ref, definition)
    draft = overlay.draft(table)
    draft.definition = definition
    draft.redefined = draft.overwritten = True
    draft.added.clear()
    draft.removed.clear()


def drop_table(overlay: Overlay, ref: TableRef, etag: str | None) -> None:
    """Remove a table or view."""
    table = overlay.table(ref)
    _check_etag(table, etag)
    overlay.draft(table).dropped = True


def refuse_in_transaction(ref: DatasetRef) -> None:
    """DDL in a transaction is for temporary tables only (transactions, limitations)."""
    if not hidden(ref.dataset):
        fact = f"DDL statements that affect permanent entities are not supported in a transaction: {ref}"
        refuse(fact, reason="invalidQuery")


def _with_defaults(overlay: Overlay, dataset: Dataset, definition: TableDefinition) -> TableDefinition:
    """The definition with what its dataset gives by default (updating-datasets, customer-managed-encryption)."""
    defaults, partitioning = dataset.definition, definition.partitioning
    if definition.kind.has_query:
        return definition
    if definition.kms_key_name is None and defaults.default_kms_key_name is not None:
        definition = replace(definition, kms_key_name=defaults.default_kms_key_name)
    if isinstance(partitioning, TimePartitioning) and defaults.default_partition_expiration is not None:
        # It is used instead of the table's default expiration, and yields to one that is stated.
        if partitioning.expiration is None:
            partitioning = replace(partitioning, expiration=defaults.default_partition_expiration)
        return replace(definition, partitioning=partitioning)
    if definition.expires is None and defaults.default_table_expiration is not None:
        return replace(definition, expires=overlay.now + defaults.default_table_expiration)
    return definition


def _check_etag(resource: Dataset | Table, etag: str | None) -> None:
    if etag is not None and etag != resource.etag:
        raise precondition(str(resource.ref))
