"""Reading files into a table: what load jobs and LOAD DATA have in common.

https://docs.cloud.google.com/bigquery/docs/batch-loading-data
"""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb

from replicator.local.bigquery.api.csv_rows import CsvOptions, read_csv
from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.api.json_rows import FileRows, Refusal, Rules, TooManyRefusals, read_lines, stage
from replicator.local.bigquery.api.json_schema import detected_fields
from replicator.local.bigquery.api.parquet_rows import parquet_fields, parquet_select
from replicator.local.bigquery.api.writing import Destination, check_layout, make_room
from replicator.local.bigquery.errors import BigQueryError, unmodelled
from replicator.local.bigquery.files.avro import read_rows, read_schema
from replicator.local.bigquery.files.avro_schema import AvroOptions
from replicator.local.bigquery.files.cloud_storage import CloudStorage
from replicator.local.bigquery.files.uris import Uri
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.states import Written
from replicator.local.bigquery.storage.store import Transaction
from replicator.schema.fields import Field, Mode

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
