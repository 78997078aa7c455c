"""Query parameters, as requests carry them.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/QueryParameter
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.googlesql.context import Typed
from replicator.local.bigquery.googlesql.documents import normal
from replicator.local.bigquery.members import member, required
from replicator.local.bigquery.statements.frame import Parameters
from replicator.local.bigquery.types import SCALARS, Type

_ALIASES: Final = {
    "INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "DECIMAL": "NUMERIC", "BIGDECIMAL": "BIGNUMERIC",
}  # fmt: skip
_INT64: Final = re.compile(r"[+-]?\d+")


def read_parameters(configuration: Mapping[str, Any]) -> Parameters:
    """The ``queryParameters`` of a query's configuration.

    Raises:
        BigQueryError: 400, one of them is malformed or of a type that is not modelled.
    """
    given = member(configuration, "queryParameters", list) or []
    mode = str(member(configuration, "parameterMode", str) or "").upper()
    if mode not in ("", "NONE", "NAMED", "POSITIONAL"):
        refuse("invalid", f"Invalid value for parameterMode: {mode}", location="parameterMode")
    named: dict[str, Typed] = {}
    positional: list[Typed] = []
    for parameter in given:
        if not isinstance(parameter, dict):
            refuse("invalid", "Invalid value at 'queryParameters': objects are expected")
        kind = _type(required(parameter, "parameterType", dict, where="queryParameters"))
        value = Typed(kind, _value(parameter.get("parameterValue") or {}, kind, str(parameter.get("name") or "?")))
        name = parameter.get("name")
        if not name:
            positional.append(value)
        elif str(name).lower() in named:
            refuse("invalid", f"Duplicate query parameter name: {name}", location="queryParameters")
        else:
            named[str(name).lower()] = value
    if named and positional:
        msg = "Query parameters are either all named or all positional"
        refuse("invalid", msg, location="queryParameters")
    return Parameters(named, tuple(positional))


def _type(resource: Json) -> Type:
    name = str(required(resource, "type", str, where="parameterType")).upper()
    name = _ALIASES.get(name, name)
    if name == "ARRAY":
        return Type("ARRAY", element=_type(required(resource, "arrayType", dict, where="parameterType")))
    if name in ("STRUCT", "RECORD"):
        fields = member(resource, "structTypes", list, where="parameterType") or []
        return Type(
            "STRUCT", fields=tuple((str(f.get("name") or ""), _type(required(f, "type", dict))) for f in fields)
        )
    if name not in SCALARS:
        what = f"a query parameter of type {name}"
        raise unmodelled(what)
    return Type(name)


def _value(resource: Json, kind: Type, name: str) -> Any:
    if kind.element is not None:
        values = member(resource, "arrayValues", list)
        # A parameter cannot be a NULL array: no values at all is the empty one.
        return tuple(_value(value, kind.element, name) for value in values or ())
    if kind.name == "STRUCT":
        values = member(resource, "structValues", dict)
        if values is None:
            return None
        return tuple(_value(values.get(field) or {}, inner, name) for field, inner in kind.fields)
    text = resource.get("value")
    if text is None:
        return None
    try:
        return _READERS[kind.name](str(text))
    except (ValueError, InvalidOperation, binascii.Error):
        refuse("invalid", f"Invalid value '{text}' for query parameter {name} of type {kind.name}")


def _integer(text: str) -> int:
    if not _INT64.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise ValueError(text)
    return int(text)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _datetime(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is not None:
        raise ValueError(text)
    return value


def _timestamp(text: str) -> datetime:
    value = datetime.fromisoformat(text.removesuffix(" UTC"))
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _numeric(text: str) -> Decimal:
    value = Decimal(text)
    # data-types: 29 digits before the point and 9 behind it.
    if not value.is_finite() or value.copy_abs() >= Decimal(10) ** 29:
        raise ValueError(text)
    # Python's own context keeps 28 digits.
    if value != value.quantize(Decimal("1e-9"), context=Context(prec=60)):
        raise ValueError(text)
    return value


def _bignumeric(text: str) -> Decimal:
    value = bignumerics.read(text)
    if value is None:
        raise ValueError(text)
    return value


def _json(text: str) -> str:
    document = normal(text)
    if document is None:
        raise ValueError(text)
    return document


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "INT64": _integer,
    "FLOAT64": float,
    "NUMERIC": _numeric,
    "BIGNUMERIC": _bignumeric,
    "BOOL": _boolean,
    "STRING": str,
    "JSON": _json,
    "BYTES": lambda text: base64.b64decode(text, validate=True),
    "DATE": date.fromisoformat,
    "TIME": time.fromisoformat,
    "DATETIME": _datetime,
    "TIMESTAMP": _timestamp,
}
