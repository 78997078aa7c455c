"""Array functions.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/array_functions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replicator.local.bigquery.googlesql.functions.octets import JOINED
from replicator.local.bigquery.googlesql.functions.table import Functions, Overload


def _concatenated(args: Sequence[str]) -> str:
    # list_concat passes over a NULL list; GoogleSQL's result is NULL then.
    sql = f"list_concat({', '.join(args)})" if len(args) > 1 else args[0]
    checked = [arg for arg in args if not arg.startswith(("[", "CAST(["))]
    if not checked:
        return sql
    return f"CASE WHEN {' OR '.join(f'{arg} IS NULL' for arg in checked)} THEN NULL ELSE {sql} END"


# Counted from 0, or from the end by what is negative; kept within what DuckDB counts by.
_PLACED: Final = (
    "greatest(least({{{0}}}, len({{0}})), -len({{0}}) - 1) + CASE WHEN {{{0}}} < 0 THEN len({{0}}) + 1 ELSE 1 END"
)


def _joined(texts: str) -> str:
    """The texts with {1} between them, for which DuckDB takes nothing but what is constant."""
    doubt = "error('a text with a character of private use is not modelled by the local cloud')"
    apart = f"coalesce(array_to_string({texts}, chr(57345)), '')"
    return (
        f"CASE WHEN contains(coalesce(array_to_string({texts}, ''), ''), chr(57345)) THEN {doubt} "
        f"ELSE replace({apart}, chr(57345), {{1}}) END"
    )


ARRAYS: Final[Functions] = {
    "ARRAY_CONCAT": (Overload("ARRAY<T>... -> ARRAY<T>", _concatenated),),
    "ARRAY_FIRST": (
        Overload(
            "ARRAY<T> -> T",
            "CASE WHEN len({0}) = 0 THEN {fail} ELSE list_extract({0}, 1) END",
            "'ARRAY_FIRST cannot get the first element of an empty array'",
        ),
    ),
    "ARRAY_LAST": (
        Overload(
            "ARRAY<T> -> T",
            "CASE WHEN len({0}) = 0 THEN {fail} ELSE list_extract({0}, len({0})) END",
            "'ARRAY_LAST cannot get the last element of an empty array'",
        ),
    ),
    "ARRAY_SLICE": (
        Overload(
            "ARRAY<T>, INT64, INT64 -> ARRAY<T>",
            "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL AND {2} IS NOT NULL THEN "
            f"list_slice({{0}}, greatest({_PLACED.format(1)}, 1), least({_PLACED.format(2)}, len({{0}}))) END",
        ),
    ),
    "ARRAY_LENGTH": (Overload("ARRAY<T> -> INT64", "CAST(len({0}) AS BIGINT)"),),
    "ARRAY_REVERSE": (Overload("ARRAY<T> -> ARRAY<T>", "list_reverse({0})"),),
    "ARRAY_TO_STRING": (
        *JOINED,
        Overload(
            "ARRAY<STRING>, STRING -> STRING",
            "CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL "
            f"ELSE {_joined('list_filter({0}, lambda e: e IS NOT NULL)')} END",
        ),
        Overload(
            "ARRAY<STRING>, STRING, STRING -> STRING",
            "CASE WHEN {0} IS NULL OR {1} IS NULL OR {2} IS NULL THEN NULL "
            f"ELSE {_joined('list_transform({0}, lambda e: coalesce(e, {2}))')} END",
        ),
    ),
}
