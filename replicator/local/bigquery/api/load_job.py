"""Load jobs, from what the request itself carries or from Cloud Storage.

https://docs.cloud.google.com/bigquery/docs/batch-loading-data
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from replicator.local.bigquery.api.csv_rows import read_csv_options
from replicator.local.bigquery.api.encryption import read_key
from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.api.job import Job
from replicator.local.bigquery.api.loading import FailedLoadError, Loader, LoadRequest
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.writing import Write, read_destination
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.files.avro_schema import AvroOptions
from replicator.local.bigquery.files.cloud_storage import CloudStorage
from replicator.local.bigquery.files.decimals import check_targets
from replicator.local.bigquery.files.uris import read_uri
from replicator.local.bigquery.members import flag, member, number, texts
from replicator.local.bigquery.statements.session import not_in_location
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.resources import fields_of, table_definition
from replicator.local.bigquery.storage.store import Store

_FORMATS: Final = ("CSV", "NEWLINE_DELIMITED_JSON", "PARQUET", "AVRO")
_KNOWN: Final = frozenset(
    {
        "allowJaggedRows", "allowQuotedNewlines", "autodetect", "clustering", "createDisposition",
        "decimalTargetTypes", "destinationEncryptionConfiguration", "destinationTable", "destinationTableProperties",
        "encoding", "fieldDelimiter", "ignoreUnknownValues", "maxBadRecords", "nullMarker", "parquetOptions", "quote",
        "rangePartitioning", "schema", "schemaUpdateOptions", "skipLeadingRows", "sourceFormat", "sourceUris",
        "timePartitioning", "useAvroLogicalTypes", "writeDisposition",
    }
)  # fmt: skip


def read_load(configuration: Mapping[str, Any], project: str, data: bytes | None) -> LoadRequest:
    """Read the ``load`` part of a job's configuration.

    Raises:
        BigQueryError: 400, it is malformed, or asks for what is not modelled.
    """
    for name, value in configuration.items():
        if value and name not in _KNOWN:
            what = f"load.{name}"
            raise unmodelled(what)
    uris = tuple(read_uri(each, where="sourceUris") for each in texts(configuration, "sourceUris"))
    if data is None and not uris:
        refuse("required", "Required parameter is missing: load.sourceUris, or an upload", location="sourceUris")
    if data is not None and uris:
        refuse("invalid", "A load has sourceUris or an upload, and this one has both", location="sourceUris")
    kind = str(member(configuration, "sourceFormat", str) or "CSV")
    if kind not in _FORMATS:
        what = f"the source format {kind}"
        raise unmodelled(what)
    parquet = member(configuration, "parquetOptions", dict) or {}
    for name, value in parquet.items():
        if value and name != "enableListInference":
            what = f"load.parquetOptions.{name}"
            raise unmodelled(what)
    decimals = texts(configuration, "decimalTargetTypes")
    check_targets(decimals)
    if kind not in ("PARQUET", "AVRO") and decimals:
        what = f"decimalTargetTypes of {kind}"
        raise unmodelled(what)
    return LoadRequest(
        uris,
        data or b"",
        kind,
        read_destination(configuration, project=project, default=Write.APPEND),
        _definition(configuration),
        flag(configuration, "autodetect"),
        flag(configuration, "ignoreUnknownValues"),
        number(configuration, "maxBadRecords") or 0,
        read_csv_options(configuration, kind),
        AvroOptions(flag(configuration, "useAvroLogicalTypes"), decimals),
        flag(parquet, "enableListInference", where="parquetOptions"),
    )


def _definition(configuration: Mapping[str, Any]) -> TableDefinition:
    schema = member(configuration, "schema", dict) or {}
    given: Json = {"schema": schema}
    for name in ("timePartitioning", "rangePartitioning", "clustering"):
        if configuration.get(name):
            given[name] = configuration[name]
    properties = member(configuration, "destinationTableProperties", dict) or {}
    definition = table_definition({**given, **properties})
    return replace(definition, fields=fields_of(schema), kms_key_name=read_key(configuration))


class LoadRunner:
    """Carries load jobs out."""

    def __init__(self, store: Store, registry: Registry, storage: CloudStorage) -> None:
        self._store = store
        self._registry = registry
        self._loader = Loader(storage)

    def run(self, job: Job, request: LoadRequest) -> None:
        """Load.

        Raises:
            BigQueryError: It could not be done, and nothing of it was.
        """
        connection = self._store.connect()
        destination = request.destination
        mutates = destination.ref if destination.write is Write.TRUNCATE else None
        try:
            with self._store.statement(
                mutates=mutates, cancelled=lambda: self._registry.stop_reason(job) is not None
            ) as transaction:
                dataset = transaction.find_dataset(destination.ref.parent)
                if dataset is None or dataset.definition.location.lower() != job.ref.location.lower():
                    raise not_in_location(destination.ref.parent, job.ref.location)
                loaded = self._loader.load(transaction, request, connection, location=job.ref.location)
                job.details = list(loaded.bad)
                job.statistics = {"load": loaded.statistics()}
                self._registry.committing(job)
                self._registry.end(job)
                self._registry.record(job, transaction)
                transaction.commit()
        except FailedLoadError as failed:
            job.details = list(failed.bad)
            raise
        finally:
            connection.close()
