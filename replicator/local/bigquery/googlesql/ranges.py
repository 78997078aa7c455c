"""The first and last moments of GoogleSQL's types, beyond which DuckDB's go on.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#date_type
"""

from __future__ import annotations

from typing import Final

from replicator.local.bigquery.googlesql.values import Names, bound, fail
from replicator.local.bigquery.types import Type

_ENDS: Final = {
    "DATE": ("DATE '0001-01-01'", "DATE '9999-12-31'"),
    "DATETIME": ("TIMESTAMP '0001-01-01 00:00:00'", "TIMESTAMP '9999-12-31 23:59:59.999999'"),
    "TIMESTAMP": ("TIMESTAMPTZ '0001-01-01 00:00:00+00'", "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"),
}


def has_ends(kind: Type) -> bool:
    """Whether values of the type may leave its range when they are computed."""
    return kind.name in _ENDS


def within(sql: str, kind: Type, names: Names, what: str) -> str:
    """A computed DATE, DATETIME or TIMESTAMP; a failure where it lies outside the type's range.

    Args:
        sql: DuckDB's SQL of it.
        kind: Its type.
        names: Where names for what is bound come from.
        what: What was to be computed, for the message.
    """
    first, last = _ENDS[kind.name]
    failure = fail(kind, f"'{what} results in a {kind} that is out of range'")
    return bound(
        sql, names, lambda held: f"(CASE WHEN {held} < {first} OR {held} > {last} THEN {failure} ELSE {held} END)"
    )
