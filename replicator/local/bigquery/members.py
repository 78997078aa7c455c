"""Members of a resource that a client has sent, each looked at before it is used.

A member of a wrong type is answered with a 400 that names it, and null is as good as missing
(https://docs.cloud.google.com/bigquery/docs/reference/rest).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from replicator.local.bigquery.errors import BigQueryError, refuse


def member(resource: Mapping[str, Any], name: str, kind: type | tuple[type, ...], *, where: str = "") -> Any:
    """A member of a resource, or ``None`` where it is missing or null.

    Raises:
        BigQueryError: 400, it is of another kind.
    """
    value = resource.get(name)
    if value is None:
        return None
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        place = f"{where}.{name}" if where else name
        wanted = " or ".join(each.__name__ for each in kinds)
        msg = f"Invalid value at '{place}': {wanted} is expected, not {type(value).__name__}"
        refuse("invalid", msg, location=place)
    return value


def required(resource: Mapping[str, Any], name: str, kind: type | tuple[type, ...], *, where: str = "") -> Any:
    """A member of a resource that must be there.

    Raises:
        BigQueryError: 400, it is missing or of another kind.
    """
    value = member(resource, name, kind, where=where)
    if value is None or value == "":
        place = f"{where}.{name}" if where else name
        refuse("required", f"Required parameter is missing: {place}", location=place)
    return value


def number(resource: Mapping[str, Any], name: str, *, where: str = "") -> int | None:
    """An integer, which JSON carries as a number or, being an int64, as a string.

    Raises:
        BigQueryError: 400, it is neither.
    """
    value = member(resource, name, (int, str), where=where)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        place = f"{where}.{name}" if where else name
        msg = f"Invalid value at '{place}' (TYPE_INT64), \"{value}\""
        raise BigQueryError(reason="invalid", message=msg, location=place) from None


def flag(resource: Mapping[str, Any], name: str, *, default: bool = False, where: str = "") -> bool:
    """A boolean, which some clients send as a string.

    Raises:
        BigQueryError: 400, it is neither.
    """
    value = member(resource, name, (bool, str), where=where)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if value.lower() not in ("true", "false"):
        place = f"{where}.{name}" if where else name
        msg = f"Invalid value at '{place}' (TYPE_BOOL), \"{value}\""
        refuse("invalid", msg, location=place)
    return bool(value.lower() == "true")


def objects(resource: Mapping[str, Any], name: str, *, where: str = "") -> Sequence[Mapping[str, Any]]:
    """A list of objects; empty where it is missing.

    Raises:
        BigQueryError: 400, it is something else.
    """
    return _listed(resource, name, dict, where)


def texts(resource: Mapping[str, Any], name: str, *, where: str = "") -> tuple[str, ...]:
    """A list of strings; empty where it is missing.

    Raises:
        BigQueryError: 400, it is something else.
    """
    return tuple(_listed(resource, name, str, where))


def text_map(resource: Mapping[str, Any], name: str, *, where: str = "") -> dict[str, str]:
    """An object whose members are strings; empty where it is missing, without those that are null.

    Raises:
        BigQueryError: 400, it is something else.
    """
    given = member(resource, name, dict, where=where) or {}
    place = f"{where}.{name}" if where else name
    return {key: member(given, key, str, where=place) for key, value in given.items() if value is not None}


def _listed(resource: Mapping[str, Any], name: str, kind: type, where: str) -> Sequence[Any]:
    given = member(resource, name, list, where=where) or []
    # A null in a list is no value of it, other than a null member of an object.
    return [required({f"{name}[{at}]": each}, f"{name}[{at}]", kind, where=where) for at, each in enumerate(given)]
