"""Functions of dates and times that have plain signatures; those with date parts or formats are in ``special``.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions
"""

from __future__ import annotations

from typing import Final

from replicator.local.bigquery.googlesql.functions.table import BY_ITSELF, Functions, Overload

_WALL: Final = "({0} AT TIME ZONE 'UTC')"


def _unix(unit: int) -> tuple[Overload, ...]:
    # Seconds and milliseconds are rounded down, before the epoch too.
    floor = (
        "epoch_us({0})"
        if unit == 1
        else f"((epoch_us({{0}}) - ((epoch_us({{0}}) % {unit}) + {unit}) % {unit}) // {unit})"
    )
    return (Overload("TIMESTAMP -> INT64", floor),)


def _from_unix(unit: int) -> tuple[Overload, ...]:
    return (Overload("INT64 -> TIMESTAMP", f"(make_timestamp({{0}} * {unit}) AT TIME ZONE 'UTC')", BY_ITSELF),)


DATES: Final[Functions] = {
    "DATE": (
        Overload("TIMESTAMP -> DATE", f"CAST({_WALL} AS DATE)"),
        Overload("DATETIME -> DATE", "CAST({0} AS DATE)"),
        Overload("DATE -> DATE", "{0}"),
        Overload(
            "INT64, INT64, INT64 -> DATE",
            # GoogleSQL seems to keep 32 bits of each.
            "CASE WHEN greatest({0}, {1}, {2}) > 2147483647 OR least({0}, {1}, {2}) < -2147483648 "
            "THEN error('a DATE of numbers beyond 32 bits is not modelled by the local cloud') "
            "ELSE make_date({0}, {1}, {2}) END",
            BY_ITSELF,
        ),
    ),
    "DATETIME": (
        Overload("DATE -> DATETIME", "CAST({0} AS TIMESTAMP)"),
        Overload("DATETIME -> DATETIME", "{0}"),
        Overload("TIMESTAMP -> DATETIME", _WALL),
        Overload("DATE, TIME -> DATETIME", "({0} + {1})"),
        Overload(
            "INT64, INT64, INT64, INT64, INT64, INT64 -> DATETIME",
            "make_timestamp({0}, {1}, {2}, {3}, {4}, CAST({5} AS DOUBLE))",
            BY_ITSELF,
        ),
    ),
    "DATE_FROM_UNIX_DATE": (Overload("INT64 -> DATE", "(DATE '1970-01-01' + CAST({0} AS INTEGER))", BY_ITSELF),),
    "TIME": (
        Overload("TIME -> TIME", "{0}"),
        Overload("TIMESTAMP -> TIME", f"CAST({_WALL} AS TIME)"),
        Overload("DATETIME -> TIME", "CAST({0} AS TIME)"),
        Overload("INT64, INT64, INT64 -> TIME", "make_time({0}, {1}, CAST({2} AS DOUBLE))", BY_ITSELF),
    ),
    "TIMESTAMP": (
        Overload("DATE -> TIMESTAMP", "(CAST({0} AS TIMESTAMP) AT TIME ZONE 'UTC')"),
        Overload("DATETIME -> TIMESTAMP", "({0} AT TIME ZONE 'UTC')"),
        Overload("TIMESTAMP -> TIMESTAMP", "{0}"),
    ),
    "TIMESTAMP_MICROS": _from_unix(1),
    "TIMESTAMP_MILLIS": _from_unix(1_000),
    "TIMESTAMP_SECONDS": _from_unix(1_000_000),
    "UNIX_DATE": (Overload("DATE -> INT64", "date_diff('day', DATE '1970-01-01', {0})"),),
    "UNIX_MICROS": _unix(1),
    "UNIX_MILLIS": _unix(1_000),
    "UNIX_SECONDS": _unix(1_000_000),
}
