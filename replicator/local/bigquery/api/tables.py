"""Tables.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from replicator.local.bigquery.api.datasets import dataset_of, merged
from replicator.local.bigquery.api.encryption import read_key
from replicator.local.bigquery.api.http import Answer, Call, Json, page_start, page_token
from replicator.local.bigquery.errors import refuse
from replicator.local.bigquery.members import required
from replicator.local.bigquery.statements import analysis
from replicator.local.bigquery.statements.frame import Frame
from replicator.local.bigquery.statements.materialized import check_materialized
from replicator.local.bigquery.statements.new_tables import query_fields
from replicator.local.bigquery.statements.session import Session, Setting, Unsettled
from replicator.local.bigquery.storage.definitions import Kind, TableDefinition
from replicator.local.bigquery.storage.instants import millis_text
from replicator.local.bigquery.storage.resources import (
    definition_resource,
    table_definition,
    table_list_resource,
    table_resource,
)
from replicator.local.bigquery.storage.states import Table
from replicator.local.bigquery.storage.store import OnExisting, Store, Transaction
from replicator.names import TABLE, TableRef
from replicator.schema.fields import Field


def table_of(call: Call) -> TableRef:
    """The table in the path.

    Raises:
        BigQueryError: 400, a part is no such name.
    """
    return checked_table(dataset_of(call).table(call.path["table"]))


def checked_table(ref: TableRef) -> TableRef:
    """The table, its name looked at.

    Raises:
        BigQueryError: 400, it is no table's name.
    """
    if not TABLE.fullmatch(ref.table):
        msg = f'Invalid table ID "{ref.table}". Table IDs must be alphanumeric (plus underscores, dashes and spaces)'
        refuse("invalid", f"{msg} and must be at most 1024 characters long.", location="tableId")
    return ref


class Tables:
    """tables.* over a store."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def insert(self, call: Call) -> Answer:
        """tables.insert: an empty table, or a view."""
        resource = call.json()
        reference = required(resource, "tableReference", dict)
        ref = checked_table(dataset_of(call).table(str(required(reference, "tableId", str, where="tableReference"))))
        for key in ("snapshotDefinition", "cloneDefinition"):
            if resource.get(key):
                refuse("invalid", f"{key} is set by the copy job or the statement that makes the table", location=key)
        with self._store.statement() as transaction:
            transaction.dataset(ref.parent)
            transaction.create_table(ref, self._defined(transaction, ref, resource), OnExisting.REFUSE)
            transaction.commit()
        return self._resource(ref)

    def _defined(self, transaction: Transaction, ref: TableRef, resource: Json) -> TableDefinition:
        read_key(resource, "encryptionConfiguration")
        definition = table_definition(resource)
        if definition.kind.holds_rows:
            return definition
        return replace(definition, fields=self._view_fields(transaction, ref, definition))

    def _view_fields(self, transaction: Transaction, ref: TableRef, definition: TableDefinition) -> tuple[Field, ...]:
        location = transaction.dataset(ref.parent).definition.location
        setting = Setting("view", ref.project, location, None, self._now, lambda: None, Unsettled())
        session = Session(self._store, setting)
        try:
            query = definition.query or ""
            prepared = analysis.query(session, transaction, [query], Frame(), computed={})
            if definition.kind is Kind.MATERIALIZED_VIEW:
                check_materialized(query, prepared)
            return query_fields(prepared)
        finally:
            session.close()

    def get(self, call: Call) -> Answer:
        """tables.get."""
        return self._resource(table_of(call))

    def list(self, call: Call) -> Answer:
        """tables.list."""
        ref = dataset_of(call)
        with self._store.statement() as transaction:
            transaction.dataset(ref)
            found = transaction.tables(ref)
        start, size = page_start(call), call.integer("maxResults", 1000) or 1000
        body: Json = {"kind": "bigquery#tableList", "totalItems": len(found)}
        body["tables"] = [table_list_resource(table) for table in found[start : start + size]]
        if start + size < len(found):
            body["nextPageToken"] = page_token(start + size)
        return Answer(body)

    def patch(self, call: Call) -> Answer:
        """tables.patch."""
        ref = table_of(call)
        with self._store.statement() as transaction:
            table = transaction.table(ref)
            call.only_if(table.etag)
            patch = call.json()
            if patch.get("schema", table) is None:
                # `bq update` sends null where it leaves the schema alone.
                del patch["schema"]
            resource = merged(_stated(table), patch)
            transaction.update_table(ref, self._defined(transaction, ref, resource), etag=table.etag)
            transaction.commit()
        return self._resource(ref)

    def update(self, call: Call) -> Answer:
        """tables.update."""
        ref = table_of(call)
        with self._store.statement() as transaction:
            table = transaction.table(ref)
            call.only_if(table.etag)
            resource = call.json()
            if resource.get("schema") is None:
                resource["schema"] = _stated(table)["schema"]
            transaction.update_table(ref, self._defined(transaction, ref, resource), etag=table.etag)
            transaction.commit()
        return self._resource(ref)

    def delete(self, call: Call) -> Answer:
        """tables.delete."""
        ref = table_of(call)
        with self._store.statement() as transaction:
            table = transaction.table(ref)
            call.only_if(table.etag)
            transaction.drop_table(ref, etag=table.etag)
            transaction.commit()
        return Answer(None, 204)

    def _resource(self, ref: TableRef) -> Answer:
        with self._store.statement() as transaction:
            resource = table_resource(transaction.table(ref))
            buffer = transaction.buffer(ref)
        if buffer is not None:
            resource["streamingBuffer"] = {
                "estimatedRows": str(buffer.rows),
                "estimatedBytes": str(buffer.bytes),
                "oldestEntryTime": millis_text(buffer.oldest),
            }
        return Answer(resource)


def _stated(table: Table) -> Json:
    schema = {"fields": [field.to_api() for field in table.definition.fields]}
    return {**definition_resource(table.definition), "schema": schema}
