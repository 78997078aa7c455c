"""Putting data into BigQuery by load jobs, and making what it lies in."""

from __future__ import annotations

import base64
import io
import json
import math
import time as waiting
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from replicator.errors import FailedError
from replicator.gcp.clients import Clients
from replicator.gcp.failures import calling
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field, Mode

_FIRST_LOOK: Final = 0.02
_LOOKS_GROW: Final = 1.5
_LONGEST_LOOK: Final = 2.0
"""Seconds between two looks at a job."""


def create_dataset(clients: Clients, ref: DatasetRef, *, location: str) -> None:
    """Make a dataset; one that exists in the location is fine.

    Raises:
        FailedError: It exists in another location, or BigQuery refuses it.
    """
    from google.api_core.exceptions import Conflict
    from google.cloud.bigquery import Dataset, DatasetReference

    client = clients.bigquery(ref.project)
    dataset = Dataset(DatasetReference(ref.project, ref.dataset))
    dataset.location = location
    with calling(f"creating dataset {ref}"):
        try:
            client.create_dataset(dataset, retry=None)
        except Conflict:
            found = str(client.get_dataset(dataset.reference, retry=None).location)
            if found.casefold() != location.casefold():
                msg = f"dataset {ref} lies in {found} and not in {location}, and cannot be moved; choose another name"
                raise FailedError(msg) from None


def load_rows(
    clients: Clients,
    ref: TableRef,
    fields: Sequence[Field],
    rows: Iterable[Mapping[str, Any]],
    *,
    location: str,
    sleep: Callable[[float], None] = waiting.sleep,
) -> int:
    """Make a table hold exactly these rows, by one load job, and wait for it.

    Args:
        clients: Where the client comes from.
        ref: Made where it is missing; what it held is replaced.
        fields: The table's schema.
        rows: Python values by column name; a column that is missing is NULL.
        location: The dataset's.
        sleep: Lets seconds pass between two looks at the job.

    Returns:
        The number of rows that BigQuery says it loaded.

    Raises:
        FailedError: BigQuery refuses the rows or the table.
    """
    from google.cloud.bigquery import LoadJobConfig, SchemaField, SourceFormat, TableReference, WriteDisposition

    lines = [json.dumps(_record(fields, row), ensure_ascii=False, allow_nan=False) for row in rows]
    content = "".join(f"{line}\n" for line in lines).encode()
    config = LoadJobConfig(
        schema=[SchemaField.from_api_repr(field.to_api()) for field in fields],
        source_format=SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=WriteDisposition.WRITE_TRUNCATE,
    )
    with calling(f"loading {ref}"):
        job = clients.bigquery(ref.project).load_table_from_file(
            io.BytesIO(content),
            TableReference.from_string(str(ref)),
            size=len(content),
            job_config=config,
            location=location,
            project=ref.project,
        )
        # The client's own polling starts at a second, which is long for a small table.
        wait = _FIRST_LOOK
        while not job.done(retry=None):
            sleep(wait)
            wait = min(wait * _LOOKS_GROW, _LONGEST_LOOK)
        job.result(retry=None)
    return int(job.output_rows)


def drop_table(clients: Clients, ref: TableRef) -> None:
    """Delete a table or a view; a missing one is fine.

    Raises:
        FailedError: BigQuery refuses it.
    """
    from google.cloud.bigquery import TableReference

    with calling(f"deleting {ref}"):
        clients.bigquery(ref.project).delete_table(TableReference.from_string(str(ref)), retry=None, not_found_ok=True)


def create_view(clients: Clients, ref: TableRef, query: str, *, location: str) -> None:
    """Make a view; whatever had its name is replaced.

    Args:
        clients: Where the client comes from.
        ref: The view.
        query: Its GoogleSQL.
        location: The dataset's, named in the error.

    Raises:
        FailedError: BigQuery refuses it.
    """
    from google.cloud.bigquery import Table, TableReference

    view = Table(TableReference.from_string(str(ref)))
    view.view_query = query
    drop_table(clients, ref)
    with calling(f"creating view {ref} in {location}"):
        clients.bigquery(ref.project).create_table(view, retry=None)


def _record(fields: Sequence[Field], row: Mapping[str, Any]) -> dict[str, Any]:
    """A row, or a RECORD in it, as load jobs read it."""
    unknown = row.keys() - {field.name for field in fields}
    if unknown:
        msg = f"{', '.join(sorted(unknown))}: no such field in the schema"
        raise FailedError(msg)
    return {field.name: _cell(field, row[field.name]) for field in fields if field.name in row}


def _cell(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.mode is Mode.REPEATED:
        return [_single(field, item) for item in value]
    return _single(field, value)


def _single(field: Field, value: Any) -> Any:
    """cloud.google.com/bigquery/docs/loading-data-cloud-storage-json: numbers beyond 2^53 go as texts."""
    if field.type == "RECORD":
        return _record(field.fields, value)
    if field.type == "JSON":
        return value
    match value:
        case None | bool() | str():
            return value
        case int() | Decimal():
            return str(value)
        case float():
            return value if math.isfinite(value) else str(value).replace("inf", "Infinity").replace("nan", "NaN")
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            msg = f"{field.name}: a {type(value).__name__} cannot be loaded as {field.type}"
            raise FailedError(msg)
