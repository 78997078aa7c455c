"""Copy jobs: whole tables or partitions, within a location and from one location into another.

https://docs.cloud.google.com/bigquery/docs/managing-tables#copy-table
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from replicator.local.bigquery.api.copy_rules import (
    CopySource,
    Operation,
    check_partitions,
    copied_definition,
    copied_partition,
    made_of,
)
from replicator.local.bigquery.api.encryption import read_key
from replicator.local.bigquery.api.job import Job
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.writing import Destination, Write, check_key, make_room, read_destination, read_table
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.members import member, required
from replicator.local.bigquery.ration import Ration
from replicator.local.bigquery.statements.session import not_in_location
from replicator.local.bigquery.storage.definitions import Kind, TableDefinition
from replicator.local.bigquery.storage.refusals import duplicate_table
from replicator.local.bigquery.storage.states import Written
from replicator.local.bigquery.storage.store import Store, Transaction
from replicator.names import DatasetRef

# https://docs.cloud.google.com/bigquery/quotas#copy_jobs: source tables per copy job.
_MOST_SOURCES: Final = 1_200
# A snapshot decorator (access-historical-data): since 1970, or from now.
_TIME: Final = re.compile(r"-?\d{1,15}")


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """What a copy job is asked to do.

    Attributes:
        operation: What is made of the sources.
        sources: Each with the partition that it is limited to, and the time as of which it is copied.
        destination: Where they go.
        key: The key of a new destination.
        expires: When a snapshot is gone.
    """

    operation: Operation
    sources: tuple[CopySource, ...]
    destination: Destination
    key: str | None
    expires: datetime | None = None


def read_copy(configuration: Mapping[str, Any], project: str) -> CopyRequest:
    """Read the ``copy`` part of a job's configuration.

    Raises:
        BigQueryError: 400, it is malformed, or asks for what is not modelled.
    """
    operation = str(member(configuration, "operationType", str) or "COPY").replace("OPERATION_TYPE_UNSPECIFIED", "COPY")
    if operation not in tuple(Operation):
        refuse("invalid", f"Invalid value for operationType: {operation}", location="operationType")
    given = member(configuration, "sourceTables", list)
    if given is None:
        given = [required(configuration, "sourceTable", dict)]
    if not given or not all(isinstance(each, dict) for each in given):
        refuse("required", "Required parameter is missing: copy.sourceTables", location="sourceTables")
    if len(given) > _MOST_SOURCES:
        refuse("invalid", f"Too many source tables: {len(given)}. A copy job has at most {_MOST_SOURCES}.")
    sources = tuple(_source(each, project) for each in given)
    destination = read_destination(configuration, project=project, default=Write.EMPTY)
    if member(configuration, "schemaUpdateOptions", list):
        refuse("invalid", "schemaUpdateOptions is no part of a copy job", location="schemaUpdateOptions")
    expires = _expires(configuration, Operation(operation))
    return CopyRequest(Operation(operation), sources, destination, read_key(configuration), expires)


def _expires(configuration: Mapping[str, Any], operation: Operation) -> datetime | None:
    stated = member(configuration, "destinationExpirationTime", str)
    if not stated:
        return None
    where = "destinationExpirationTime"
    if operation is not Operation.SNAPSHOT:
        what = f"{where} of a copy job that takes no snapshot"
        raise unmodelled(what)
    try:
        instant = datetime.fromisoformat(stated.removesuffix(" UTC"))
    except ValueError:
        refuse("invalid", f"Invalid value for {where}: {stated!r} is no time", location=where)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _source(resource: Mapping[str, Any], project: str) -> CopySource:
    """A table, its decorators taken off."""
    name, at, time = str(required(resource, "tableId", str, where="sourceTables")).partition("@")
    ref, partition = read_table({**resource, "tableId": name}, project=project, where="sourceTables")
    if not at:
        return CopySource(ref, partition)
    if not _TIME.fullmatch(time):
        refuse("invalid", f"Invalid snapshot decorator in {name}@{time}", location="sourceTables")
    if partition is not None or int(time) == 0:
        what = f"the decorator of {name}@{time}"
        raise unmodelled(what)
    return CopySource(ref, at=int(time))


class CopyRunner:
    """Carries copy jobs out."""

    def __init__(self, store: Store, registry: Registry, ration: Ration) -> None:
        self._store = store
        self._registry = registry
        self._ration = ration

    def run(self, job: Job, request: CopyRequest) -> None:
        """Copy.

        Raises:
            BigQueryError: It could not be done, and nothing of it was.
        """
        destination = request.destination
        with self._statement(job, destination) as transaction:
            if self._crosses(job, transaction, request):
                self._across(request)
            definition = self._definition(transaction, request)
            check_partitions(transaction, request.sources, destination)
            found = transaction.find_table(destination.ref)
            if found is not None:
                check_key(request.key, found.definition)
            stored = make_room(transaction, destination, replace(definition, kms_key_name=request.key))
            written = [self._copy(transaction, each, destination, stored) for each in request.sources]
            rows, size = sum(each.rows for each in written), sum(each.bytes for each in written)
            job.statistics = {"copy": {"copiedRows": str(rows), "copiedLogicalBytes": str(size)}}
            self._registry.committing(job)
            self._registry.end(job)
            self._registry.record(job, transaction)
            transaction.commit()

    def _definition(self, transaction: Transaction, request: CopyRequest) -> TableDefinition:
        """What the destination is made like.

        Raises:
            BigQueryError: It cannot be made of these sources, or is there already.
        """
        source, destination = request.sources[0], request.destination
        kind = source.table(transaction).definition.kind
        if request.operation is Operation.COPY and kind is not Kind.SNAPSHOT:
            return copied_definition(transaction, request.sources, destination)
        if len(request.sources) > 1 or source.partition is not None or destination.partition is not None:
            refuse("invalid", f"A copy job of type {request.operation} takes one whole {kind}")
        table = source.table(transaction)
        if request.key is not None:
            what = f"a key of a copy job of type {request.operation}"
            raise unmodelled(what)
        over = request.operation is Operation.RESTORE and destination.write is Write.TRUNCATE
        if transaction.find_table(destination.ref) is not None and not over:
            raise duplicate_table(destination.ref)
        return made_of(table, request.operation, source.moment(transaction) or transaction.now, request.expires)

    def _crosses(self, job: Job, transaction: Transaction, request: CopyRequest) -> bool:
        """Whether the sources lie elsewhere than the destination, all of them where the job may find them.

        Raises:
            BigQueryError: ``notFound``.
        """
        target = self._place(transaction, request.destination.ref.parent, job)
        places = {self._place(transaction, source.ref.parent, job) for source in request.sources}
        crosses = places != {target}
        here = job.ref.location.lower()
        if crosses and self._registry.knobs.copies_run_in == "source":
            if here not in places:
                raise not_in_location(request.sources[0].ref.parent, job.ref.location)
        elif here != target:
            raise not_in_location(request.destination.ref.parent, job.ref.location)
        return crosses

    @staticmethod
    def _place(transaction: Transaction, ref: DatasetRef, job: Job) -> str:
        found = transaction.find_dataset(ref)
        if found is None:
            raise not_in_location(ref, job.ref.location)
        return found.definition.location.lower()

    def _across(self, request: CopyRequest) -> None:
        """Hold a copy across locations to what it can do (managing-tables, copy tables across regions).

        Raises:
            BigQueryError: It asks for more, or there were too many today.
        """
        destination = request.destination
        if request.operation is not Operation.COPY or request.sources[0].at is not None:
            what = f"a copy job of type {request.operation}, or of a table as it was, across locations"
            raise unmodelled(what)
        if destination.write is Write.APPEND:
            # In these words (fivetran.com/docs/destinations/bigquery/troubleshooting/cross-region-copy-table-error).
            msg = "Cross-region table copy with append mode (--append_table or WRITE_APPEND) is unsupported."
            refuse("invalid", f"{msg} Use copy without the append mode.")
        if len(request.sources) > 1:
            msg = (
                f"Cross-region table copy of {len(request.sources)} source tables is unsupported. Use one job for each."
            )
            refuse("invalid", msg)
        decorated = destination.partition is not None or request.sources[0].partition is not None
        if decorated and not self._registry.knobs.partitions_across_locations:
            refuse("invalid", "Cross-region table copy with a partition decorator is unsupported.")
        self._ration.take(destination.ref)

    def _copy(
        self,
        transaction: Transaction,
        source: CopySource,
        destination: Destination,
        stored: TableDefinition,
    ) -> Written:
        ref, partition = source.ref, source.partition
        if partition is not None and destination.partition is not None:
            return transaction.copy(ref, destination.ref, partition=(partition, destination.partition))
        if partition is None and destination.partition is None:
            return transaction.copy(ref, destination.ref, moment=source.moment(transaction))
        connection = self._store.connect()
        try:
            select = copied_partition(transaction, ref, partition, stored)
            return transaction.append(destination.ref, select, connection, partition=destination.partition)
        finally:
            connection.close()

    def _statement(self, job: Job, destination: Destination) -> Transaction:
        cancelled: Callable[[], bool] = lambda: self._registry.stop_reason(job) is not None  # noqa: E731 - an argument
        mutates = destination.ref if destination.write is Write.TRUNCATE else None
        return self._store.statement(mutates=mutates, cancelled=cancelled)
