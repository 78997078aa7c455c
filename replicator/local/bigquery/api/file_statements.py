"""What EXPORT DATA and LOAD DATA ask for, done as the jobs of the same kind do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from replicator.local.bigquery.api.knobs import Knobs
from replicator.local.bigquery.api.load_job import read_load
from replicator.local.bigquery.api.loading import Loader
from replicator.local.bigquery.errors import refuse
from replicator.local.bigquery.files.cloud_storage import CloudStorage
from replicator.local.bigquery.files.extracting import Extractor, check_columns, read_format
from replicator.local.bigquery.files.uris import read_uri
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.resources import table_reference
from replicator.local.bigquery.storage.store import Transaction
from replicator.names import TableRef
from replicator.schema.fields import Field


class FileStatements:
    """The files of statements."""

    def __init__(self, storage: CloudStorage, knobs: Knobs) -> None:
        self._storage = storage
        self._loader = Loader(storage)
        self._knobs = knobs

    def export(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        fields: Sequence[Field],
        configuration: Mapping[str, Any],
        *,
        location: str,
    ) -> Mapping[str, Any]:
        """Write the rows of a DuckDB table; an ``ExportDataStatistics``.

        Raises:
            BigQueryError: It cannot be done.
        """
        asked = read_format(configuration)
        check_columns(fields, asked)
        uri = read_uri(configuration["destinationUri"], where="uri")
        if not uri.wildcard:
            # export-statements: "The uri option must be a single-wildcard URI".
            msg = f"Option 'uri' value must be a wildcard URI with exactly one '*': {uri}"
            refuse("invalidQuery", msg, location="query")
        self._storage.check_destination(uri, location=location)
        if not configuration.get("overwrite") and self._storage.there(uri):
            msg = f"Destination {uri} is not empty; set option overwrite to true to write over what is there"
            refuse("invalidQuery", msg, location="query")
        extractor = Extractor(connection, table, fields, asked)
        files = -(-extractor.size() // max(self._knobs.extract_file_bytes, 1))
        done = extractor.extract(self._storage, uri, files=files)
        return {"fileCount": str(done.files), "rowCount": str(done.rows)}

    def load(
        self,
        transaction: Transaction,
        connection: duckdb.DuckDBPyConnection,
        target: TableRef,
        definition: TableDefinition,
        configuration: Mapping[str, Any],
        *,
        location: str,
    ) -> Mapping[str, Any]:
        """Load files into a table; a ``LoadQueryStatistics``.

        Raises:
            BigQueryError: It cannot be done.
        """
        given = dict(configuration)
        lists = given.pop("enableListInference", False)
        parquet = {"parquetOptions": {"enableListInference": True}} if lists else {}
        destination = {"destinationTable": table_reference(target)}
        request = read_load({**given, **parquet, **destination}, target.project, None)
        request = replace(request, definition=definition)
        return self._loader.load(transaction, request, connection, location=location).statistics()
