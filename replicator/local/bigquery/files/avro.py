"""Rows in Avro's container files.

https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-avro
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from replicator.local.bigquery.api.json_rows import FileRows, Refusal, Rules, written
from replicator.local.bigquery.files.avro_schema import AvroOptions, avro_fields, avro_schema
from replicator.schema.fields import Field, Mode

_RULES: Final = Rules(json_as_text=True)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CODECS: Final = {"NONE": "null", "DEFLATE": "deflate", "SNAPPY": "snappy"}


def read_schema(data: bytes, options: AvroOptions) -> tuple[Field, ...]:
    """The columns of a file.

    Raises:
        Refusal: It is no Avro file.
        BigQueryError: It holds a type that is not modelled.
    """
    import fastavro

    try:
        schema = fastavro.reader(io.BytesIO(data)).writer_schema
    except (ValueError, EOFError, KeyError, IndexError) as error:
        msg = f"The Apache Avro library failed to parse the header with the following error: {error}"
        raise Refusal(msg) from error
    return avro_fields(schema, options)


def read_rows(data: bytes, found: Sequence[Field], stored: Sequence[Field]) -> FileRows:
    """The rows of a file.

    Args:
        data: The file.
        found: Its columns, as ``read_schema`` tells them.
        stored: The table's, which have all of those.

    Raises:
        Refusal: The file breaks off, or a value does not fit.
    """
    import fastavro

    try:
        # read_schema has seen that the file's schema is a record's.
        rows = [row for row in fastavro.reader(io.BytesIO(data)) if isinstance(row, Mapping)]
    except (ValueError, EOFError, KeyError, IndexError, OverflowError, TypeError) as error:
        msg = f"The Apache Avro library failed to read data with the following error: {error}"
        raise Refusal(msg) from error
    return FileRows(tuple(written(_record(row, found), stored, _RULES) for row in rows))


def _record(row: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    return {field.name: _value(row[field.name], field) for field in fields}


def _value(value: Any, field: Field) -> Any:
    if field.mode is Mode.REPEATED:
        element = Field(field.name, field.type, Mode.REQUIRED, field.fields)
        if isinstance(value, Mapping):
            value = [{"key": key, "value": each} for key, each in value.items()]
        return [_value(each, element) for each in value or ()]
    if value is None:
        return None
    if field.type == "RECORD":
        return _record(value, field.fields)
    return _scalar(value, field.type)


def _scalar(value: Any, kind: str) -> Any:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime() if kind == "INTEGER":
            # What it is made of: fastavro has read a logical type that the load does not look at.
            return (value.replace(tzinfo=value.tzinfo or UTC) - _EPOCH) // _MICROSECOND
        case date() if kind == "INTEGER" and not isinstance(value, datetime):
            return (value - _EPOCH.date()).days
        case time() if kind == "INTEGER":
            return (datetime.combine(_EPOCH, value, UTC) - _EPOCH) // _MICROSECOND
        case datetime() | date() | time():
            return value.isoformat()
        case float() | Decimal():
            return str(value)
        case _:
            return value


def write_rows(rows: Iterable[Sequence[Any]], fields: Sequence[Field], *, logical: bool, compression: str) -> bytes:
    """A file of rows.

    Raises:
        BigQueryError: A column cannot be written.
    """
    import fastavro

    schema = fastavro.parse_schema(dict(avro_schema(fields, logical=logical)))
    file = io.BytesIO()
    # The values are those of logical types; what is stated decides how they are written.
    made = (_made(row, fields, logical=logical) for row in rows)
    fastavro.writer(file, schema, made, codec=_CODECS[compression])
    return file.getvalue()


def _made(row: Sequence[Any], fields: Sequence[Field], *, logical: bool) -> dict[str, Any]:
    return {field.name: _cell(value, field, logical=logical) for value, field in zip(row, fields, strict=True)}


def _cell(value: Any, field: Field, *, logical: bool) -> Any:
    if field.mode is Mode.REPEATED:
        element = Field(field.name, field.type, Mode.REQUIRED, field.fields)
        return [_cell(each, element, logical=logical) for each in value]
    if value is None:
        return None
    if field.type == "RECORD":
        return _made(value, field.fields, logical=logical)
    if field.type == "DATETIME":
        return value.isoformat()
    return value if logical else _WITHOUT_LOGICAL.get(field.type, _same)(value)


def _same(value: Any) -> Any:
    return value


_WITHOUT_LOGICAL: Final[Mapping[str, Callable[[Any], Any]]] = {
    kind: lambda value: _scalar(value, "INTEGER") for kind in ("DATE", "TIME", "TIMESTAMP")
}
