"""Rows as extracted CSV and JSON have them.

https://docs.cloud.google.com/bigquery/docs/exporting-data#export_limitations
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from replicator.local.bigquery.errors import refuse
from replicator.local.bigquery.files import csv_text
from replicator.schema.fields import Field, Mode

_BEYOND: Final = {math.inf: "Infinity", -math.inf: "-Infinity"}


def check_flat(fields: Sequence[Field]) -> None:
    """Refuse what CSV cannot hold.

    Raises:
        BigQueryError: ``invalid``.
    """
    for field in fields:
        if field.type == "RECORD" or field.mode is Mode.REPEATED:
            msg = "Operation cannot be performed on a nested schema. Field: "
            refuse("invalid", f"{msg}{field.name}")


def csv_header(fields: Sequence[Field], *, delimiter: str) -> str:
    """The line of the columns' names."""
    return csv_text.line([field.name for field in fields], delimiter=delimiter)


def csv_line(row: Sequence[Any], fields: Sequence[Field], *, delimiter: str) -> str:
    """A row of a flat table."""
    cells = [None if value is None else _text(value, field) for value, field in zip(row, fields, strict=True)]
    return csv_text.line(cells, delimiter=delimiter)


def json_line(row: Sequence[Any], fields: Sequence[Field]) -> str:
    """A row as one line: NULLs left out, INT64 and NUMERIC as texts, ``<``, ``>`` and ``&`` escaped."""
    text = _record(row, fields)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026") + "\n"


def _record(row: Sequence[Any], fields: Sequence[Field]) -> str:
    given = zip(row, fields, strict=True)
    pairs = (f"{json.dumps(field.name)}:{_json(value, field)}" for value, field in given if value is not None)
    return "{" + ",".join(pairs) + "}"


def _json(value: Any, field: Field) -> str:
    if field.mode is Mode.REPEATED:
        element = Field(field.name, field.type, fields=field.fields)
        return "[" + ",".join("null" if each is None else _json(each, element) for each in value) + "]"
    if field.type == "RECORD":
        return _record(value, field.fields)
    if field.type == "JSON":
        return str(value)
    if isinstance(value, bool) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    return json.dumps(_text(value, field), ensure_ascii=False)


def _text(value: Any, field: Field) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return repr(value) if math.isfinite(value) else _BEYOND.get(value, "NaN")
        case bytes():
            return base64.b64encode(value).decode()
        case Decimal():
            return f"{value:f}"
        case datetime() if field.type == "TIMESTAMP":
            # As seen in googleapis/google-cloud-php#3422; no page tells how a fraction is written.
            return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ')} UTC"
        case datetime() | date() | time():
            return value.isoformat()
    return str(value)
