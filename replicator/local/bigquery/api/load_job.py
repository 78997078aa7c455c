"""Load jobs, from what the request itself carries or from Cloud Storage.

https://docs.cloud.google.com/bigquery/docs/batch-loading-data
"""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from replicator.local.bigquery.api.csv_rows import CsvOptions, read_csv, read_csv_options
from replicator.local.bigquery.api.encryption import read_key
from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.api.job import Job
from replicator.local.bigquery.api.json_rows import FileRows, Refusal, Rules, TooManyRefusals, read_lines, stage
from replicator.local.bigquery.api.json_schema import detected_fields
from replicator.local.bigquery.api.parquet_rows import parquet_fields, parquet_select
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.writing import Destination, Write, check_layout, make_room, read_destination
from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.files.avro import read_rows, read_schema
from replicator.local.bigquery.files.avro_schema import AvroOptions
from replicator.local.bigquery.files.cloud_storage import CloudStorage
from replicator.local.bigquery.files.decimals import check_targets
from replicator.local.bigquery.files.uris import Uri, read_uri
from replicator.local.bigquery.members import flag, member, number, texts
from replicator.local.bigquery.statements.session import not_in_location
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.resources import fields_of, table_definition
from replicator.local.bigquery.storage.states import Written
from replicator.local.bigquery.storage.store import Store, Transaction
from replicator.schema.fields import Field, Mode

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
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What a load is asked to do.

    Attributes:
        uris: Where the files are; none where one was uploaded.
        data: The file that was uploaded.
        format: One of the formats that are read.
        destination: Where the rows go.
        definition: What a new table is made like; no fields when none were given.
        autodetect: Find the fields in the data.
        ignore_unknown: Values without a column are passed over.
        bad_records: How many malformed rows are passed over.
        csv: How CSV is written.
        avro: How Avro's types are read.
        lists: Parquet's lists are read as REPEATED columns.
    """

    uris: tuple[Uri, ...]
    data: bytes
    format: str
    destination: Destination
    definition: TableDefinition
    autodetect: bool
    ignore_unknown: bool
    bad_records: int
    csv: CsvOptions
    avro: AvroOptions
    lists: bool


@dataclass(frozen=True, slots=True)
class File:
    """A file that is loaded; ``uri`` is empty for one that was uploaded."""

    uri: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did.

    Attributes:
        files: How many there were.
        size: Their bytes.
        written: The rows.
        bad: What was wrong with rows that were passed over, as errors of the job.
    """

    files: int
    size: int
    written: Written
    bad: tuple[Json, ...]

    def statistics(self) -> Json:
        """A ``JobStatistics3``, which LOAD DATA has too."""
        return {
            "inputFiles": str(self.files),
            "inputFileBytes": str(self.size),
            "outputRows": str(self.written.rows),
            "outputBytes": str(self.written.bytes),
            "badRecords": str(len(self.bad)),
        }


class FailedLoadError(BigQueryError):
    """A load that failed for its rows.

    Attributes:
        bad: What was wrong with each.
    """

    def __init__(self, message: str, bad: Sequence[Json]) -> None:
        super().__init__("invalid", message)
        self.bad = tuple(bad)


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


class Loader:
    """Reads files into a table: of load jobs, and of LOAD DATA."""

    def __init__(self, storage: CloudStorage) -> None:
        self._storage = storage

    def load(
        self,
        transaction: Transaction,
        request: LoadRequest,
        connection: duckdb.DuckDBPyConnection,
        *,
        location: str,
    ) -> Loaded:
        """Add what the files hold to the table.

        Raises:
            BigQueryError: It cannot be done.
        """
        if not request.uris:
            files = [File("", request.data)]
        else:
            found = self._storage.find(request.uris, location=location)
            files = [File(str(uri), self._storage.read(uri)) for uri in found]
        size = sum(len(file.data) for file in files)
        bad: list[Json] = []
        with tempfile.TemporaryDirectory(prefix="replicator-load-") as folder:
            try:
                reading = _Reading(request, files, Path(folder), connection, bad)
                written = reading.into(transaction)
            except Refusal as refusal:
                raise FailedLoadError(_unread(str(refusal)), bad) from refusal
        return Loaded(len(files), size, written, tuple(bad))


class _Reading:
    """One load while it goes on."""

    def __init__(
        self,
        request: LoadRequest,
        files: Sequence[File],
        folder: Path,
        connection: duckdb.DuckDBPyConnection,
        bad: list[Json],
    ) -> None:
        self._request = request
        self._files = files
        self._folder = folder
        self._connection = connection
        self._bad = bad

    def into(self, transaction: Transaction) -> Written:
        """Make room for the rows, and add them."""
        request, destination = self._request, self._request.destination
        existing = transaction.find_table(destination.ref)
        known = () if existing is None else existing.definition.fields
        fields = self._fields(known)
        check_layout(transaction, destination, request.definition)
        stored = make_room(transaction, destination, replace(request.definition, fields=fields))
        select = self._select(stored.fields, fields)
        return transaction.append(destination.ref, select, self._connection, partition=destination.partition)

    def _fields(self, known: Sequence[Field]) -> tuple[Field, ...]:
        request = self._request
        if request.format in ("PARQUET", "AVRO"):
            return self._own_fields()
        if request.definition.fields:
            return request.definition.fields
        if request.format == "NEWLINE_DELIMITED_JSON" and request.autodetect:
            data = b"\n".join(_plain(file) for file in self._files)
            return detected_fields(data, known, adds=request.destination.adds_fields)
        if request.autodetect:
            what = "autodetect of CSV"
            raise unmodelled(what)
        if known:
            return tuple(known)
        raise BigQueryError(reason="invalid", message="No schema specified on job or table.")

    def _own_fields(self) -> tuple[Field, ...]:
        """The columns that the files tell themselves; the last by name is the one that is asked.

        https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-avro#avro_schemas
        """
        found = {file.uri: self._fields_of(number) for number, file in enumerate(self._files)}
        fields = found[max(found)]
        for uri, other in found.items():
            if _typed(other) != _typed(fields):
                what = f"a load of files whose columns differ ({uri}, {max(found)})"
                raise unmodelled(what)
        given = self._request.definition.fields
        if given and _typed(given) != _typed(fields):
            what = f"a schema other than that of the {self._request.format} files"
            raise unmodelled(what)
        return tuple(given or fields)

    def _fields_of(self, number: int) -> tuple[Field, ...]:
        if self._request.format == "AVRO":
            return read_schema(self._files[number].data, self._request.avro)
        path = self._path(number)
        path.write_bytes(self._files[number].data)
        lists, decimals = self._request.lists, self._request.avro.decimals
        return parquet_fields(path, self._connection, lists=lists, decimals=decimals)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.file"

    def _select(self, stored: Sequence[Field], given: Sequence[Field]) -> str:
        if self._request.format == "PARQUET":
            lists, decimals = self._request.lists, self._request.avro.decimals
            selects = (
                parquet_select(self._path(number), stored, self._connection, lists=lists, decimals=decimals)
                for number in range(len(self._files))
            )
            return " UNION ALL ".join(f"({select})" for select in selects)
        lines: list[str] = []
        for file in self._files:
            try:
                rows = self._rows(file, stored, given)
            except TooManyRefusals as refusal:
                self._tell(refusal.bad, file)
                raise
            self._tell(rows.bad, file)
            lines.extend(rows.lines)
        return stage(self._connection, lines, stored, "loaded")

    def _rows(self, file: File, stored: Sequence[Field], given: Sequence[Field]) -> FileRows:
        request = self._request
        left = request.bad_records - len(self._bad)
        match request.format:
            case "AVRO":
                return read_rows(file.data, read_schema(file.data, request.avro), stored)
            case "CSV":
                ignore = request.ignore_unknown
                return read_csv(_plain(file), given, request.csv, bad_records=left, ignore_unknown=ignore)
        return read_lines(_plain(file), stored, Rules(ignore_unknown=request.ignore_unknown), bad_records=left)

    def _tell(self, bad: Sequence[str], file: File) -> None:
        location = file.uri or None
        self._bad.extend(BigQueryError("invalid", _unread(fact), location=location).proto() for fact in bad)


def _typed(fields: Sequence[Field]) -> Json:
    """What has to be alike of columns that are matched by name; only arrays are told from single values."""
    repeated = Mode.REPEATED
    return {field.name.lower(): (field.type, field.mode is repeated, _typed(field.fields)) for field in fields}


def _plain(file: File) -> bytes:
    """What a file of text holds; one that is compressed is known by how it begins."""
    if not file.data.startswith(_GZIP):
        return file.data
    try:
        return gzip.decompress(file.data)
    except (OSError, EOFError, zlib.error) as error:
        msg = f"Failed to decompress the file: {error}"
        raise Refusal(msg) from error


def _unread(fact: str) -> str:
    return f"Error while reading data, error message: {fact}"
