"""Load jobs from what the request itself carries.

https://docs.cloud.google.com/bigquery/docs/batch-loading-data
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from replicator.local.bigquery.api.csv_rows import CsvOptions, read_csv
from replicator.local.bigquery.api.encryption import read_key
from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.api.job import Job
from replicator.local.bigquery.api.json_rows import FileRows, Refusal, Rules, TooManyRefusals, read_lines, stage
from replicator.local.bigquery.api.json_schema import detected_fields
from replicator.local.bigquery.api.parquet_rows import parquet_fields, parquet_select
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.writing import Destination, Write, check_layout, make_room, read_destination
from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.members import flag, member, number
from replicator.local.bigquery.statements.session import not_in_location
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.resources import fields_of, table_definition
from replicator.local.bigquery.storage.states import Written
from replicator.local.bigquery.storage.store import Store, Transaction
from replicator.schema.fields import Field

_FORMATS: Final = ("CSV", "NEWLINE_DELIMITED_JSON", "PARQUET")
_REFUSED: Final = (
    "columnNameCharacterMap", "connectionProperties", "decimalTargetTypes",
    "hivePartitioningOptions", "jsonExtension", "projectionFields", "referenceFileSchemaUri",
    "schemaInline", "sourceUris", "timeZone", "useAvroLogicalTypes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What a load job is asked to do.

    Attributes:
        data: The file.
        format: One of the formats that are read.
        destination: Where the rows go.
        definition: What a new table is made like; no fields when none were given.
        autodetect: Find the fields in the data.
        ignore_unknown: Values without a column are passed over.
        bad_records: How many malformed rows are passed over.
        csv: How CSV is written.
        lists: Parquet's lists are read as REPEATED columns.
    """

    data: bytes
    format: str
    destination: Destination
    definition: TableDefinition
    autodetect: bool
    ignore_unknown: bool
    bad_records: int
    csv: CsvOptions
    lists: bool


def read_load(configuration: Mapping[str, Any], project: str, data: bytes | None) -> LoadRequest:
    """Read the ``load`` part of a job's configuration.

    Raises:
        BigQueryError: 400, it is malformed, or asks for what is not modelled.
    """
    for name in _REFUSED:
        if configuration.get(name):
            what = f"load.{name}"
            raise unmodelled(what)
    if data is None:
        refuse("required", "Required parameter is missing: load.sourceUris, or an upload", location="sourceUris")
    kind = str(member(configuration, "sourceFormat", str) or "CSV")
    if kind not in _FORMATS:
        what = f"the source format {kind}"
        raise unmodelled(what)
    schema = member(configuration, "schema", dict) or {}
    given: Json = {"schema": schema}
    for name in ("timePartitioning", "rangePartitioning", "clustering"):
        if configuration.get(name):
            given[name] = configuration[name]
    properties = member(configuration, "destinationTableProperties", dict) or {}
    definition = table_definition({**given, **properties})
    return LoadRequest(
        data,
        kind,
        read_destination(configuration, project=project, default=Write.APPEND),
        replace(definition, fields=fields_of(schema), kms_key_name=read_key(configuration)),
        flag(configuration, "autodetect"),
        flag(configuration, "ignoreUnknownValues"),
        number(configuration, "maxBadRecords") or 0,
        CsvOptions(
            delimiter=str(configuration.get("fieldDelimiter") or ","),
            skip=number(configuration, "skipLeadingRows") or 0,
            null=str(configuration.get("nullMarker") or ""),
            quote=str(configuration.get("quote", '"')),
            jagged=flag(configuration, "allowJaggedRows"),
        ),
        flag(member(configuration, "parquetOptions", dict) or {}, "enableListInference"),
    )


class LoadRunner:
    """Carries load jobs out."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry

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
                written = self._write(job, transaction, request, connection)
                job.statistics = {
                    "load": {
                        "inputFiles": "1",
                        "inputFileBytes": str(len(request.data)),
                        "outputRows": str(written.rows),
                        "outputBytes": str(written.bytes),
                        "badRecords": str(len(job.details)),
                    }
                }
                self._registry.committing(job)
                self._registry.end(job)
                self._registry.record(job, transaction)
                transaction.commit()
        finally:
            connection.close()

    def _write(
        self, job: Job, transaction: Transaction, request: LoadRequest, connection: duckdb.DuckDBPyConnection
    ) -> Written:
        destination = request.destination
        existing = transaction.find_table(destination.ref)
        known = () if existing is None else existing.definition.fields
        with tempfile.TemporaryDirectory(prefix="replicator-load-") as folder:
            file = Path(folder) / "upload"
            file.write_bytes(request.data)
            try:
                fields = self._fields(request, known, file, connection)
                check_layout(transaction, destination, request.definition)
                stored = make_room(transaction, destination, replace(request.definition, fields=fields))
                if request.format == "PARQUET":
                    select = parquet_select(file, stored.fields, connection, lists=request.lists)
                else:
                    found = _rows(request, stored.fields, fields)
                    job.details = _told(found.bad)
                    select = stage(connection, found.lines, stored.fields, "loaded")
                return transaction.append(destination.ref, select, connection, partition=destination.partition)
            except Refusal as refusal:
                if isinstance(refusal, TooManyRefusals):
                    job.details = _told(refusal.bad)
                raise BigQueryError(reason="invalid", message=_unread(str(refusal))) from refusal

    @staticmethod
    def _fields(
        request: LoadRequest, known: Sequence[Field], file: Path, connection: duckdb.DuckDBPyConnection
    ) -> tuple[Field, ...]:
        if request.definition.fields:
            return request.definition.fields
        if request.format == "PARQUET":
            return parquet_fields(file, connection, lists=request.lists)
        if request.format == "NEWLINE_DELIMITED_JSON" and request.autodetect:
            return detected_fields(request.data, known, adds=request.destination.adds_fields)
        if request.autodetect:
            what = "autodetect of CSV"
            raise unmodelled(what)
        if known:
            return tuple(known)
        raise BigQueryError(reason="invalid", message="No schema specified on job or table.")


def _unread(fact: str) -> str:
    return f"Error while reading data, error message: {fact}"


def _told(bad: Sequence[str]) -> list[Json]:
    return [BigQueryError(reason="invalid", message=_unread(fact)).proto() for fact in bad]


def _rows(request: LoadRequest, stored: Sequence[Field], given: Sequence[Field]) -> FileRows:
    if request.format == "CSV":
        return read_csv(request.data, given, request.csv, bad_records=request.bad_records)
    rules = Rules(ignore_unknown=request.ignore_unknown)
    return read_lines(request.data, stored, rules, bad_records=request.bad_records)
