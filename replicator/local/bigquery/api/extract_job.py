"""Extract jobs: a table, or one partition of it, into files of Cloud Storage.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationExtract
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from replicator.local.bigquery.api.copy_rules import copied_partition
from replicator.local.bigquery.api.job import Job
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.writing import read_table
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.files.cloud_storage import CloudStorage
from replicator.local.bigquery.files.extracting import Extractor, Format, check_columns, read_format
from replicator.local.bigquery.files.uris import Uri, read_uri
from replicator.local.bigquery.members import member, required
from replicator.local.bigquery.statements.session import not_in_location
from replicator.local.bigquery.storage.states import Table
from replicator.local.bigquery.storage.store import Store, Transaction
from replicator.names import TableRef


@dataclass(frozen=True, slots=True)
class ExtractRequest:
    """What an extract job is asked to do.

    Attributes:
        source: The table.
        partition: The partition that it is limited to.
        uri: Where the files go.
        format: How they are written.
    """

    source: TableRef
    partition: str | None
    uri: Uri
    format: Format


def read_extract(configuration: Mapping[str, Any], project: str) -> ExtractRequest:
    """Read the ``extract`` part of a job's configuration.

    Raises:
        BigQueryError: 400, it is malformed, or asks for what is not modelled.
    """
    for name in ("sourceModel", "modelExtractOptions"):
        if configuration.get(name):
            what = f"extract.{name}"
            raise unmodelled(what)
    source, partition = read_table(required(configuration, "sourceTable", dict), project=project, where="sourceTable")
    uris = member(configuration, "destinationUris", list) or [member(configuration, "destinationUri", str)]
    if uris == [None]:
        refuse("required", "Required parameter is missing: extract.destinationUris", location="destinationUris")
    if len(uris) > 1:
        what = "an extract job with several destinationUris"
        raise unmodelled(what)
    uri = read_uri(uris[0], where="destinationUris")
    return ExtractRequest(source, partition, uri, read_format(configuration))


class ExtractRunner:
    """Carries extract jobs out."""

    def __init__(self, store: Store, registry: Registry, storage: CloudStorage) -> None:
        self._store = store
        self._registry = registry
        self._storage = storage

    def run(self, job: Job, request: ExtractRequest) -> None:
        """Extract.

        Raises:
            BigQueryError: It could not be done; files may have been written.
        """
        connection = self._store.connect()
        try:
            with self._store.statement() as transaction:
                dataset = transaction.find_dataset(request.source.parent)
                if dataset is None or dataset.definition.location.lower() != job.ref.location.lower():
                    raise not_in_location(request.source.parent, job.ref.location)
                table = transaction.table(request.source)
                size = self._checked(job, transaction, table, request)
                select = copied_partition(transaction, table.ref, request.partition, table.definition)
                connection.execute(f"CREATE TEMP TABLE extracted AS {select}")
                self._registry.committing(job)
                most = max(self._registry.knobs.extract_file_bytes, 1)
                extractor = Extractor(connection, "extracted", table.definition.fields, request.format)
                files = -(-size // most) if request.uri.wildcard else 1
                done = extractor.extract(self._storage, request.uri, files=files)
            job.statistics = {
                "totalBytesProcessed": str(size),
                "extract": {"destinationUriFileCounts": [str(done.files)], "inputBytes": str(size)},
            }
        finally:
            connection.close()

    def _checked(self, job: Job, transaction: Transaction, table: Table, request: ExtractRequest) -> int:
        """The logical bytes that are extracted."""
        name = f"{table.ref.project}:{table.ref.dataset}.{table.ref.table}"
        if table.definition.kind.has_query:
            refuse("invalid", f"{name} is not allowed for this operation because it is a {table.definition.kind}.")
        size = table.bytes
        if request.partition is not None:
            if table.definition.partitioning is None:
                msg = "Cannot read partition information from a table that is not partitioned"
                refuse("invalid", f"{msg}: {name}${request.partition}")
            size = sum(each.bytes for each in transaction.partitions(table.ref) if each.id == request.partition)
        check_columns(table.definition.fields, request.format)
        self._storage.check_destination(request.uri, location=job.ref.location)
        if size > self._registry.knobs.extract_file_bytes and not request.uri.wildcard:
            # In these words (google-marketing-solutions/crmint#150).
            refuse(
                "invalid",
                f"Table {request.uri} too large to be exported to a single file. Specify a uri including a * to shard "
                "export. See 'Exporting data into one or more files' in "
                "https://cloud.google.com/bigquery/docs/exporting-data.",
            )
        return size
