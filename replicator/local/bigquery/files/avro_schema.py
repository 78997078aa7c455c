"""Avro's schemas and a table's, both ways.

https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-avro#avro_conversions,
…/bigquery/docs/exporting-data#avro_export_details
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.files.decimals import check_decimal
from replicator.schema.fields import Field, Mode

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN: Final = {
    "boolean": "BOOLEAN", "int": "INTEGER", "long": "INTEGER", "float": "FLOAT", "double": "FLOAT", "bytes": "BYTES",
    "string": "STRING", "enum": "STRING", "fixed": "BYTES",
}  # fmt: skip
_LOGICAL: Final = {
    "date": "DATE", "time-millis": "TIME", "time-micros": "TIME", "timestamp-millis": "TIMESTAMP",
    "timestamp-micros": "TIMESTAMP", "local-timestamp-millis": "DATETIME", "local-timestamp-micros": "DATETIME",
    "datetime": "DATETIME",
}  # fmt: skip
_RAW: Final[Mapping[str, Any]] = {
    "INTEGER": "long", "FLOAT": "double", "BOOLEAN": "boolean", "STRING": "string", "BYTES": "bytes",
    "NUMERIC": {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9},
    "BIGNUMERIC": {"type": "bytes", "logicalType": "decimal", "precision": 77, "scale": 38},
    "JSON": {"type": "string", "sqlType": "JSON"},
    "DATE": "int", "TIME": "long", "TIMESTAMP": "long", "DATETIME": "string",
}  # fmt: skip
_STATED: Final[Mapping[str, Any]] = {
    "DATE": {"type": "int", "logicalType": "date"},
    "TIME": {"type": "long", "logicalType": "time-micros"},
    "TIMESTAMP": {"type": "long", "logicalType": "timestamp-micros"},
    "DATETIME": {"type": "string", "logicalType": "datetime"},
}


@dataclass(frozen=True, slots=True)
class AvroOptions:
    """How Avro's types are read.

    Attributes:
        logical: Logical types are what they say, and not what they are made of.
        decimals: ``decimalTargetTypes``.
    """

    logical: bool = False
    decimals: tuple[str, ...] = ()


def avro_schema(fields: Sequence[Field], *, logical: bool) -> Mapping[str, Any]:
    """The schema of the file that a table's rows are written to.

    Raises:
        BigQueryError: A column's name or type is none that Avro has.
    """
    return _record("Root", "", fields, logical=logical)


def _record(name: str, path: str, fields: Sequence[Field], *, logical: bool) -> Mapping[str, Any]:
    schema: dict[str, Any] = {"type": "record", "name": name, "fields": []}
    if path:
        schema["namespace"] = path
    for field in fields:
        if not _NAME.fullmatch(field.name):
            refuse("invalid", f"Invalid field name for Avro: {field.name}")
        inner = f"{path}.{name}".lower().lstrip(".")
        kind = _type(field, inner, logical=logical)
        match field.mode:
            case Mode.REPEATED:
                kind = {"type": "array", "items": kind}
            case Mode.NULLABLE:
                kind = ["null", kind]
        schema["fields"].append({"name": field.name, "type": kind})
    return schema


def _type(field: Field, path: str, *, logical: bool) -> Any:
    if field.type == "RECORD":
        return _record(field.name, path, field.fields, logical=logical)
    kind = (_STATED if logical else {}).get(field.type) or _RAW.get(field.type)
    if kind is None:
        what = f"the type {field.type} in Avro"
        raise unmodelled(what)
    return kind


def avro_fields(schema: Any, options: AvroOptions) -> tuple[Field, ...]:
    """The columns of a file.

    Raises:
        BigQueryError: Its schema is no record's, or has a type that is not modelled.
    """
    if not isinstance(schema, Mapping) or schema.get("type") != "record":
        refuse("invalid", "Error while reading data, error message: Avro schema's root has to be a record")
    return tuple(_columns(schema, {}, options))


def _columns(schema: Mapping[str, Any], named: dict[str, Any], options: AvroOptions) -> Iterator[Field]:
    space = schema.get("namespace", "")
    named[str(schema["name"])] = schema
    named[f"{space}.{schema['name']}".lstrip(".")] = schema
    for each in schema["fields"]:
        yield _field(str(each["name"]), each["type"], named, options)


def _field(name: str, kind: Any, named: dict[str, Any], options: AvroOptions) -> Field:
    mode = Mode.REQUIRED
    if isinstance(kind, list):
        others = [each for each in kind if each != "null"]
        if len(others) != 1:
            what = f"the Avro union of {name}"
            raise unmodelled(what)
        mode, kind = (Mode.NULLABLE if "null" in kind else Mode.REQUIRED), others[0]
    if isinstance(kind, str) and kind not in _PLAIN:
        kind = named.get(kind, kind)
    plain = kind["type"] if isinstance(kind, Mapping) else kind
    if isinstance(plain, Mapping | list):
        return _field(name, plain, named, options)
    if plain == "array":
        element = _field(name, kind["items"], named, options)
        if element.mode is not Mode.REQUIRED:
            what = f"the Avro array {name} of arrays, or of elements that may be NULL"
            raise unmodelled(what)
        return Field(name, element.type, Mode.REPEATED, element.fields)
    if plain == "map":
        value = _field("value", kind["values"], named, options)
        return Field(name, "RECORD", Mode.REPEATED, (Field("key", "STRING", Mode.REQUIRED), value))
    if plain == "record":
        return Field(name, "RECORD", mode, tuple(_columns(kind, named, options)))
    return Field(name, _scalar(name, plain, kind if isinstance(kind, Mapping) else {}, options), mode)


def _scalar(name: str, plain: str, kind: Mapping[str, Any], options: AvroOptions) -> str:
    logical = kind.get("logicalType")
    if plain == "enum" and "name" in kind:
        return "STRING"
    if logical == "decimal":
        return check_decimal(name, int(kind["precision"]), int(kind.get("scale", 0)), options.decimals)
    if kind.get("sqlType") == "JSON":
        return "JSON"
    if kind.get("sqlType") is not None:
        what = f"the Avro sqlType {kind['sqlType']} of {name}"
        raise unmodelled(what)
    if options.logical and logical in _LOGICAL:
        return _LOGICAL[str(logical)]
    if str(logical).endswith("-millis"):
        # fastavro reads it as a moment, of which nobody knows any more how it was counted.
        what = f"the Avro type {logical} of {name} without useAvroLogicalTypes"
        raise unmodelled(what)
    found = _PLAIN.get(plain)
    if found is None:
        what = f"the Avro type {plain} of {name}"
        raise unmodelled(what)
    return found
