"""Rows that arrive as JSON: checked against a schema, and handed to the engine.

https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-json, …/streaming-data-into-bigquery
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any, Final

import duckdb

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.api.http import not_json
from replicator.local.bigquery.errors import unmodelled
from replicator.local.bigquery.googlesql.documents import normalized
from replicator.local.bigquery.types import SCALARS, duckdb_name, type_of
from replicator.local.bigquery.types import Type as GoogleSqlType
from replicator.schema.fields import Field, Mode

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UTC: Final = re.compile(r"\s*(?:UTC|Z)$")


class Refusal(ValueError):  # noqa: N818 - it is one row's refusal, which may be passed over, and not yet an error
    """A row that does not fit.

    Attributes:
        path: The field that is wrong, where it is one.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class TooManyRefusals(Refusal):
    """A file of which more rows do not fit than may.

    Attributes:
        bad: What was wrong with each.
    """

    def __init__(self, read: int, bad: Sequence[str], *, kind: str) -> None:
        counted = f"Rows: {read}; errors: {len(bad)}"
        super().__init__(
            f"{kind} table encountered too many errors, giving up. {counted}. "
            "Please look into the errors[] collection for more details."
        )
        self.bad = tuple(bad)


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of a file.

    Attributes:
        lines: Those that fit, as the engine reads them.
        bad: What was wrong with each of those that do not.
    """

    lines: tuple[str, ...]
    bad: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What is let pass.

    Attributes:
        ignore_unknown: Values without a column are passed over.
        json_as_text: A JSON column's value is its text, as streaming has it, and not the value itself.
    """

    ignore_unknown: bool = False
    json_as_text: bool = False


DEFAULT_RULES: Final = Rules()


def read_lines(data: bytes, fields: Sequence[Field], rules: Rules = DEFAULT_RULES, *, bad_records: int = 0) -> FileRows:
    """Rows of newline-delimited JSON.

    Raises:
        TooManyRefusals: More than ``bad_records`` rows do not fit.
    """
    lines: list[str] = []
    bad: list[str] = []
    position = 0
    for line in data.split(b"\n"):
        begin, position = position, position + len(line) + 1
        if not line.strip():
            continue
        try:
            lines.append(written(parsed(line), fields, rules))
        except Refusal as refusal:
            text = str(refusal)
            bad.append(f"JSON parsing error in row starting at position {begin}: {text[:1].upper()}{text[1:]}")
            if len(bad) > bad_records:
                raise TooManyRefusals(len(lines) + len(bad), bad, kind="JSON") from refusal
    return FileRows(tuple(lines), tuple(bad))


def parsed(line: bytes) -> Mapping[str, Any]:
    """One row.

    Raises:
        Refusal: It is no JSON object.
    """
    try:
        row = json.loads(line, parse_float=Decimal, parse_constant=not_json, object_pairs_hook=_once)
        if b"\\u" in line:
            json.dumps(row, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as error:
        msg = f"Parser terminated before end of string: {error}"
        raise Refusal(msg) from None
    if not isinstance(row, dict):
        msg = "A row is a JSON object"
        raise Refusal(msg)
    return row


def written(row: Mapping[str, Any], fields: Sequence[Field], rules: Rules = DEFAULT_RULES) -> str:
    """A row as the engine reads it: one line of JSON, its values in DuckDB's notation.

    Args:
        row: Names to values; names are compared without regard to case.
        fields: The table's columns.
        rules: What is let pass.

    Raises:
        Refusal: It does not fit.
    """
    return json.dumps(_record(row, fields, "", rules), ensure_ascii=False) + "\n"


def stage(connection: duckdb.DuckDBPyConnection, lines: Iterable[str], fields: Sequence[Field], name: str) -> str:
    """Put rows into a temporary table of DuckDB, and answer with a SELECT of the columns in their exact types."""
    structure = json.dumps({field.name: _structure(type_of(field)) for field in fields})
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {duckdb_name(name)} AS SELECT from_json(line, ?) AS r "
        "FROM (SELECT unnest(string_split(rtrim(?, chr(10)), chr(10))) AS line) WHERE line <> ''",
        [structure, "".join(lines)],
    )
    items = (
        f"{_final(f'r.{duckdb_name(field.name)}', type_of(field), 0)} AS {duckdb_name(field.name)}" for field in fields
    )
    return f"SELECT {', '.join(items)} FROM {duckdb_name(name)}"


def _structure(kind: GoogleSqlType) -> Any:
    if kind.element is not None:
        return [_structure(kind.element)]
    if kind.name == "STRUCT":
        return {name: _structure(inner) for name, inner in kind.fields}
    if kind.name not in SCALARS:
        what = f"the type {kind.name}"
        raise unmodelled(what)
    return "VARCHAR" if kind.name in ("BYTES", "JSON") else SCALARS[kind.name]


def _final(expression: str, kind: GoogleSqlType, depth: int) -> str:
    # Bytes travel as base64, documents as texts; everything else is already what it is to be.
    if not _travels(kind):
        return expression
    if kind.element is not None:
        name = f"e{depth}"
        return f"list_transform({expression}, lambda {name}: {_final(name, kind.element, depth + 1)})"
    if kind.name == "STRUCT":
        items = ", ".join(
            f"{duckdb_name(name)} := {_final(f'{expression}.{duckdb_name(name)}', inner, depth)}"
            for name, inner in kind.fields
        )
        return f"CASE WHEN {expression} IS NULL THEN NULL ELSE struct_pack({items}) END"
    return f"from_base64({expression})" if kind.name == "BYTES" else f"CAST({expression} AS JSON)"


def _travels(kind: GoogleSqlType) -> bool:
    inner = [kind.element] if kind.element is not None else [each for _, each in kind.fields]
    return kind.name in ("BYTES", "JSON") or any(_travels(each) for each in inner)


def _record(row: Mapping[str, Any], fields: Sequence[Field], path: str, rules: Rules) -> dict[str, Any]:
    by_name = {field.name.lower(): field for field in fields}
    values: dict[str, Any] = {}
    for name, value in row.items():
        field = by_name.get(str(name).lower())
        if field is None:
            if rules.ignore_unknown:
                continue
            msg = f"no such field: {path}{name}."
            raise Refusal(msg, f"{path}{name}")
        values[field.name] = _field(value, field, f"{path}{field.name}", rules)
    for field in fields:
        if values.get(field.name) is None:
            if field.mode is Mode.REQUIRED:
                msg = f"Missing required field: {path}{field.name}."
                raise Refusal(msg, f"{path}{field.name}")
            values[field.name] = [] if field.mode is Mode.REPEATED else None
    return values


def _field(value: Any, field: Field, path: str, rules: Rules) -> Any:
    if field.mode is Mode.REPEATED:
        if value is None:
            return []
        if not isinstance(value, list):
            msg = f"Array specified for non-repeated field or a value for a repeated one: {path}."
            raise Refusal(msg)
        if any(item is None for item in value):
            msg = f"Only optional fields can be set to NULL. Field: {path}; Value: NULL"
            raise Refusal(msg)
        return [_single(item, field, path, rules) for item in value]
    if value is None and (field.type != "JSON" or rules.json_as_text):
        return None
    # The null of a file is a document, and no NULL (nrkno/bigquery-scala#428).
    return _single(value, field, path, rules)


def _single(value: Any, field: Field, path: str, rules: Rules) -> Any:
    if field.type == "RECORD":
        if not isinstance(value, dict):
            msg = f"This field: {path} is not a record."
            raise Refusal(msg)
        return _record(value, field.fields, f"{path}.", rules)
    if field.type == "JSON":
        return _document(value, path, as_text=rules.json_as_text and isinstance(value, str))
    if isinstance(value, list | dict):
        kind = "Array" if isinstance(value, list) else "Object"
        msg = f"{kind} specified for non-repeated field or a scalar one: {path}."
        raise Refusal(msg)
    try:
        return scalar_text(value, field.type)
    except (ValueError, InvalidOperation, binascii.Error, OverflowError) as error:
        name = type_of(Field(field.name, field.type)).name.lower()
        msg = f"Could not convert value '{value}' to {name}. Field: {path}; Value: {value}"
        raise Refusal(msg, path) from error


def _document(value: Any, path: str, *, as_text: bool) -> str:
    try:
        read = json.loads(value, parse_float=Decimal, object_pairs_hook=_once) if as_text else value
        return json.dumps(normalized(read), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        msg = f"Invalid JSON text in field {path}: {error}"
        raise Refusal(msg) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        # No page says which of the values a load keeps.
        what = "a row in which an object names a key twice"
        raise unmodelled(what)
    return found


def scalar_text(value: Any, kind: str) -> str:
    """A scalar in DuckDB's notation.

    Raises:
        ValueError: It is no value of the type.
    """
    if isinstance(value, bool):
        if kind not in ("BOOLEAN", "STRING"):
            raise ValueError(value)
        return "true" if value else "false"
    if isinstance(value, int | Decimal) and kind == "TIMESTAMP":
        return _moment(_EPOCH + timedelta(microseconds=int(Decimal(value) * 1_000_000)))
    return _WRITERS[kind](str(value))


def _boolean(text: str) -> str:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError(text)
    return "true" if text.lower() in _TRUE else "false"


def _integer(text: str) -> str:
    number = Decimal(text)
    if number != number.to_integral_value() or not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return str(int(number))


def _double(text: str) -> str:
    double = float(text)
    return repr(double) if math.isfinite(double) else str(double)


def _numeric(text: str) -> str:
    # Python's own context keeps 28 digits; NUMERIC has 38 and rounds half away from zero.
    decimal = Decimal(text).quantize(Decimal("1e-9"), context=Context(prec=60, rounding=ROUND_HALF_UP))
    if decimal.copy_abs() >= Decimal(10) ** 29:
        raise ValueError(text)
    return f"{decimal:f}"


def _bignumeric(text: str) -> str:
    value = bignumerics.rounded_to(text)
    if value is None:
        raise ValueError(text)
    return bignumerics.held(value)


def _datetime(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError(text)
    return moment.isoformat(" ")


def _timestamp(text: str) -> str:
    moment = datetime.fromisoformat(_UTC.sub("+00:00", text))
    return _moment(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))


def _moment(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(' ')}+00"


_TRUE: Final = frozenset({"true", "t", "yes", "y", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0"})
_WRITERS: Final[Mapping[str, Callable[[str], str]]] = {
    "STRING": str,
    "BOOLEAN": _boolean,
    "INTEGER": _integer,
    "FLOAT": _double,
    "NUMERIC": _numeric,
    "BIGNUMERIC": _bignumeric,
    "BYTES": lambda text: base64.b64encode(base64.b64decode(text, validate=True)).decode(),
    "DATE": lambda text: date.fromisoformat(text).isoformat(),
    "TIME": lambda text: time.fromisoformat(text).isoformat(),
    "DATETIME": _datetime,
    "TIMESTAMP": _timestamp,
}
