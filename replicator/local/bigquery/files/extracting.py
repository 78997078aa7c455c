"""Rows into files of Cloud Storage: what extract jobs and EXPORT DATA have in common.

https://docs.cloud.google.com/bigquery/docs/exporting-data
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.files.avro import write_rows
from replicator.local.bigquery.files.cloud_storage import CloudStorage
from replicator.local.bigquery.files.texts import check_flat, csv_header, csv_line, json_line
from replicator.local.bigquery.files.uris import Uri
from replicator.local.bigquery.members import flag, member
from replicator.local.bigquery.statements.cells import read_row
from replicator.local.bigquery.storage.rows import rest_row
from replicator.local.bigquery.types import Type, type_of
from replicator.schema.fields import Field, walk

_COMPRESSIONS: Final = {
    "CSV": ("NONE", "GZIP"),
    "NEWLINE_DELIMITED_JSON": ("NONE", "GZIP"),
    "AVRO": ("NONE", "DEFLATE", "SNAPPY"),
    "PARQUET": ("NONE", "GZIP", "SNAPPY", "ZSTD"),
}
_NAMED_DELIMITERS: Final = {"tab": "\t", "\\t": "\t"}
_PAGE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Format:
    """How files are written.

    Attributes:
        name: The format.
        compression: NONE, or one that the format has.
        delimiter: Between the values of CSV.
        header: CSV begins with the columns' names.
        logical: Avro states logical types.
    """

    name: str
    compression: str
    delimiter: str
    header: bool
    logical: bool


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was written."""

    files: int
    rows: int


def read_format(configuration: Mapping[str, Any]) -> Format:
    """The format of a ``JobConfigurationExtract``.

    Raises:
        BigQueryError: 400, it has other options or compressions than that; 501, it is not modelled.
    """
    name = str(member(configuration, "destinationFormat", str) or "CSV").upper()
    if name not in _COMPRESSIONS:
        what = f"the destination format {name}"
        raise unmodelled(what)
    compression = str(member(configuration, "compression", str) or "NONE").upper()
    if compression not in _COMPRESSIONS[name]:
        allowed = ", ".join(_COMPRESSIONS[name])
        refuse("invalid", f"{name} files are compressed by one of {allowed}, not {compression}", location="compression")
    delimiter = member(configuration, "fieldDelimiter", str)
    if delimiter is not None and name != "CSV":
        # In these words (googledatalab/datalab#2079).
        refuse("invalid", "Only exports to CSV may specify a field delimiter.", location="fieldDelimiter")
    delimiter = _NAMED_DELIMITERS.get(str(delimiter), delimiter) or ","
    if len(delimiter) != 1 or delimiter in '\r\n"':
        refuse("invalid", f"Invalid value for fieldDelimiter: {delimiter!r}", location="fieldDelimiter")
    header = flag(configuration, "printHeader", default=True)
    return Format(name, compression, delimiter, header, flag(configuration, "useAvroLogicalTypes"))


def check_columns(fields: Sequence[Field], asked: Format) -> None:
    """Refuse columns that a format cannot hold.

    Raises:
        BigQueryError: 400, CSV is flat; 501, no page tells how it is written.
    """
    if asked.name == "CSV":
        check_flat(fields)
    if asked.name == "PARQUET":
        for path, field in walk(fields):
            if field.type in ("JSON", "BIGNUMERIC"):
                what = f"the {field.type} column {'.'.join(path)} in Parquet"
                raise unmodelled(what)


class Extractor:
    """Writes the rows of one DuckDB table."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, table: str, fields: Sequence[Field], asked: Format
    ) -> None:
        """Write what is in ``table``, whose columns are ``fields`` in their order and types."""
        self._connection = connection
        self._table = table
        self._fields = fields
        self._asked = asked

    def extract(self, storage: CloudStorage, uri: Uri, *, files: int) -> Extracted:
        """Write so many files, their rows in the table's order; a URI without ``*`` is one file.

        Raises:
            BigQueryError: They cannot be written.
        """
        [(rows,)] = self._connection.execute(f"SELECT count(*) FROM {self._table}").fetchall()
        files = max(1, min(files, rows))
        share = -(-rows // files)
        for number in range(files):
            piece = f"SELECT * FROM {self._table} LIMIT {share} OFFSET {number * share}"
            storage.write(Uri(uri.bucket, uri.shard(number)), self._file(piece))
        return Extracted(files, rows)

    def size(self) -> int:
        """How much there is, in bytes of the API's rows: the most that a format makes of them."""
        row = rest_row([(field.name, type_of(field)) for field in self._fields])
        [(size,)] = self._connection.execute(f"SELECT coalesce(sum(strlen({row})), 0) FROM {self._table}").fetchall()
        return int(size)

    def _file(self, select: str) -> bytes:
        asked, fields = self._asked, self._fields
        match asked.name:
            case "PARQUET":
                return self._parquet(select)
            case "AVRO":
                rows = self._rows(select)
                return write_rows(rows, fields, logical=asked.logical, compression=asked.compression)
            case "CSV":
                head = csv_header(fields, delimiter=asked.delimiter) if asked.header else ""
                lines = (csv_line(row, fields, delimiter=asked.delimiter) for row in self._rows(select))
                data = (head + "".join(lines)).encode()
            case _:
                data = "".join(json_line(row, fields) for row in self._rows(select)).encode()
        # Without a time in its header: the same rows are the same bytes.
        return gzip.compress(data, mtime=0) if asked.compression == "GZIP" else data

    def _rows(self, select: str) -> Iterator[Sequence[Any]]:
        columns = [(field.name, type_of(field)) for field in self._fields]
        kind = Type("STRUCT", fields=tuple(columns))
        answer = self._connection.execute(f"SELECT {rest_row(columns)} FROM ({select})")
        while page := answer.fetchmany(_PAGE):
            for (line,) in page:
                yield read_row(json.loads(line), kind)

    def _parquet(self, select: str) -> bytes:
        codec = "uncompressed" if self._asked.compression == "NONE" else self._asked.compression.lower()
        with tempfile.TemporaryDirectory(prefix="replicator-extract-") as folder:
            file = Path(folder) / "rows.parquet"
            self._connection.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet, COMPRESSION {codec})")
            return file.read_bytes()
