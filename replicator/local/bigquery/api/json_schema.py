"""The columns of newline-delimited JSON, found in its values.

https://docs.cloud.google.com/bigquery/docs/schema-detect
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from replicator.local.bigquery.api.json_rows import Refusal, parsed
from replicator.local.bigquery.errors import unmodelled
from replicator.schema.fields import Field, Mode

# schema-detect: so many rows of a file are looked at.
_ROWS: Final = 500
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|true|false", re.IGNORECASE)
_TIME: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")


def detected_fields(data: bytes, known: Sequence[Field], *, adds: bool) -> tuple[Field, ...]:
    """The columns that a file's values ask for.

    Args:
        data: The file.
        known: The table's columns, which stay what they are.
        adds: Values that ``known`` has no column for get one.

    Raises:
        Refusal: A row is no JSON object, or a column's values do not go together.
        BigQueryError: notImplemented, for texts of which no page says what is found in them.
    """
    if known and not adds:
        return tuple(known)
    found: dict[str, Field] = {}
    for line in [line for line in data.split(b"\n") if line.strip()][:_ROWS]:
        for name, value in parsed(line).items():
            field = _detected(name, value, {each.name.lower(): each for each in known}.get(name.lower()))
            if field is not None:
                found[name] = _joined(found[name], field) if name in found else field
    return _together(known, tuple(found.values()))


def _together(known: Sequence[Field], found: Sequence[Field]) -> tuple[Field, ...]:
    by_name = {field.name.lower(): field for field in found}
    fields = []
    for field in known:
        other = by_name.pop(field.name.lower(), None)
        nested = other is not None and field.type == "RECORD" and other.type == "RECORD"
        fields.append(replace(field, fields=_together(field.fields, other.fields)) if other and nested else field)
    return (*fields, *by_name.values())


def _detected(name: str, value: Any, known: Field | None) -> Field | None:
    if value is None or value == []:
        return None
    if isinstance(value, list):
        elements = [each for each in (_detected(name, item, known) for item in value) if each is not None]
        if not elements:
            return None
        field = elements[0]
        for other in elements[1:]:
            field = _joined(field, other)
        return Field(name, field.type, Mode.REPEATED, field.fields)
    if isinstance(value, dict):
        inside = {each.name.lower(): each for each in known.fields} if known is not None else {}
        children = (_detected(str(child), inner, inside.get(str(child).lower())) for child, inner in value.items())
        return Field(name, "RECORD", fields=tuple(child for child in children if child is not None))
    if known is not None:
        return Field(name, known.type)
    if isinstance(value, bool):
        return Field(name, "BOOLEAN")
    if isinstance(value, int):
        return Field(name, "INTEGER")
    if isinstance(value, Decimal):
        return Field(name, "FLOAT")
    return Field(name, _text_type(str(value)))


def _text_type(text: str) -> str:
    if _NUMBER.fullmatch(text.strip()) or _TIME.fullmatch(text.strip()):
        # No page says whether a number, a truth or a time in quotes is found to be one.
        what = f"autodetect of the quoted value '{text}' (give a schema)"
        raise unmodelled(what)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return "DATE"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d+)?\s*(UTC|Z|[+-]\d{2}:?\d{2})?", text):
        return "TIMESTAMP"
    return "STRING"


def _joined(one: Field, other: Field) -> Field:
    if one.mode is not other.mode:
        msg = f"Field {one.name} is an array in one row and a single value in another"
        raise Refusal(msg)
    if one.type == "RECORD" and other.type == "RECORD":
        fields = {field.name: field for field in one.fields}
        for field in other.fields:
            fields[field.name] = _joined(fields[field.name], field) if field.name in fields else field
        return Field(one.name, "RECORD", one.mode, tuple(fields.values()))
    if one.type == other.type:
        return one
    kinds = {one.type, other.type}
    if kinds == {"INTEGER", "FLOAT"}:
        return Field(one.name, "FLOAT", one.mode)
    if "RECORD" not in kinds and "BOOLEAN" not in kinds:
        return Field(one.name, "STRING", one.mode)
    msg = f"Field {one.name} is {one.type} in one row and {other.type} in another"
    raise Refusal(msg)
