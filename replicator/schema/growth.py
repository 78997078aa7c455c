"""A table's schema with fields that it lacked, as the REST API has it: what is there stays as it is.

https://docs.cloud.google.com/bigquery/docs/managing-table-schemas#add_a_nested_column_to_a_record_column
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from replicator.schema.fields import Field, Mode

_TOKEN: Final = re.compile(r"\s*(`[^`]*`|[<>,]|[^\s<>,`]+)")


def field_of(name: str, kind: str) -> Field:
    """The field that INFORMATION_SCHEMA describes by its type, as in ``ARRAY<STRUCT<a INT64, b DATE>>``.

    Raises:
        ValueError: The text is no type.
    """
    bare = re.sub(r"\s*\([^)]*\)", "", kind)
    rest = iter([*_TOKEN.findall(bare), ""])
    try:
        field, after = _read(name, next(rest), rest)
    except StopIteration:
        after = "its end"
    if after:
        msg = f"{kind!r} is not a BigQuery type"
        raise ValueError(msg)
    return field


def _read(name: str, word: str, rest: Iterator[str]) -> tuple[Field, str]:
    """A field whose type begins with ``word``, and the token behind it."""
    after = next(rest)
    if word.upper() == "ARRAY":
        element, _ = _read(name, next(rest), rest)
        return replace(element, mode=Mode.REPEATED), next(rest)
    if word.upper() == "STRUCT":
        fields = []
        while after in {"<", ","}:
            inner = next(rest).strip("`")
            field, after = _read(inner, next(rest), rest)
            fields.append(field)
        return Field(name, "RECORD", fields=tuple(fields)), next(rest)
    return Field.from_api({"name": name, "type": word}), after


def grown(schema: Sequence[Mapping[str, Any]], path: Sequence[str], wanted: Field) -> list[dict[str, Any]]:
    """``schema`` with ``wanted`` at the end of the record that ``path`` names, or with what that lacks of it.

    Args:
        schema: The ``fields`` of a ``TableSchema``; descriptions, policy tags and modes in it are kept.
        path: The records around the field.
        wanted: The field; a type that differs from that of one that is there changes nothing.

    Raises:
        ValueError: There is no such record.
    """
    found = [dict(field) for field in schema]
    if not path:
        return _with(found, wanted)
    for field in found:
        if field["name"].lower() == path[0].lower() and field["type"] in {"RECORD", "STRUCT"}:
            field["fields"] = grown(field.get("fields", ()), path[1:], wanted)
            return found
    msg = f"there is no record {path[0]}"
    raise ValueError(msg)


def _with(fields: list[dict[str, Any]], wanted: Field) -> list[dict[str, Any]]:
    there = next((field for field in fields if field["name"].lower() == wanted.name.lower()), None)
    if there is None:
        return [*fields, wanted.to_api()]
    if there["type"] in {"RECORD", "STRUCT"}:
        inner = [dict(field) for field in there.get("fields", ())]
        for child in wanted.fields:
            inner = _with(inner, child)
        there["fields"] = inner
    return fields
