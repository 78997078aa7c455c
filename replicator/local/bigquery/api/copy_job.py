"""Copy jobs: whole tables or partitions, within a location.

https://docs.cloud.google.com/bigquery/docs/managing-tables#copy-table
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from replicator.local.bigquery.api.http import member, required
from replicator.local.bigquery.api.job import Job
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.writing import Destination, Write, make_room, read_destination, read_table
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements.session import not_in_location
from replicator.local.bigquery.storage.definitions import Kind, TableDefinition
from replicator.local.bigquery.storage.store import Store, Transaction
from replicator.names import TableRef


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """What a copy job is asked to do; each source with the partition that it is limited to."""

    sources: tuple[tuple[TableRef, str | None], ...]
    destination: Destination


def read_copy(configuration: Mapping[str, Any], project: str) -> CopyRequest:
    """Read the ``copy`` part of a job's configuration.

    Raises:
        BigQueryError: 400, it is malformed, or asks for what is not modelled.
    """
    operation = member(configuration, "operationType", str) or "COPY"
    if operation not in ("COPY", "OPERATION_TYPE_UNSPECIFIED"):
        what = f"a copy job of type {operation}"
        raise unmodelled(what)
    given = member(configuration, "sourceTables", list)
    if given is None:
        given = [required(configuration, "sourceTable", dict)]
    if not given or not all(isinstance(each, dict) for each in given):
        refuse("required", "Required parameter is missing: copy.sourceTables", location="sourceTables")
    sources = tuple(read_table(each, project=project, where="sourceTables") for each in given)
    return CopyRequest(sources, read_destination(configuration, project=project, default=Write.EMPTY))


class CopyRunner:
    """Carries copy jobs out."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    def run(self, job: Job, request: CopyRequest) -> None:
        """Copy.

        Raises:
            BigQueryError: It could not be done, and nothing of it was.
        """
        destination = request.destination
        with self._statement(job, destination) as transaction:
            for ref in (destination.ref, *(source for source, _ in request.sources)):
                dataset = transaction.find_dataset(ref.parent)
                if dataset is None or dataset.definition.location.lower() != job.ref.location.lower():
                    raise not_in_location(ref.parent, job.ref.location)
            rows = size = 0
            definition = _definition(transaction, request)
            make_room(transaction, destination, definition)
            for source, partition in request.sources:
                pair = None
                if partition is not None or destination.partition is not None:
                    if partition is None or destination.partition is None:
                        what = "a copy with a partition decorator on one side only"
                        raise unmodelled(what)
                    pair = (partition, destination.partition)
                written = transaction.copy(source, destination.ref, partition=pair)
                rows, size = rows + written.rows, size + written.bytes
            job.statistics = {"copy": {"copiedRows": str(rows), "copiedLogicalBytes": str(size)}}
            self._registry.committing(job)
            self._registry.end(job)
            self._registry.record(job, transaction)
            transaction.commit()

    def _statement(self, job: Job, destination: Destination) -> Transaction:
        cancelled: Callable[[], bool] = lambda: self._registry.stop_reason(job) is not None  # noqa: E731 - an argument
        mutates = destination.ref if destination.write is Write.TRUNCATE else None
        return self._store.statement(mutates=mutates, cancelled=cancelled)


def _definition(transaction: Transaction, request: CopyRequest) -> TableDefinition:
    definitions = [transaction.table(source).definition for source, _ in request.sources]
    for (source, _), each in zip(request.sources, definitions, strict=True):
        if each.kind is not Kind.TABLE:
            refuse("invalid", f"{source} is not allowed for this operation because it is a VIEW.")
        if [(f.name.lower(), f.googlesql) for f in each.fields] != [
            (f.name.lower(), f.googlesql) for f in definitions[0].fields
        ]:
            refuse("invalid", f"Tables of a copy job must have the same schema, and {source} differs")
    # managing-tables: a copy takes schema, partitioning and clustering along; expiration is the destination's.
    return replace(definitions[0], expires=None)
