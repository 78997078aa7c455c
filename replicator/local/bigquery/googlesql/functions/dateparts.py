"""Parts of dates and times: adding, subtracting, truncating and extracting them.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/date_functions
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.refusals import refused

# Days from the epoch, a Thursday, back to the last day of that name.
_WEEKDAYS: Final = {
    "SUNDAY": 4,
    "MONDAY": 3,
    "TUESDAY": 2,
    "WEDNESDAY": 1,
    "THURSDAY": 0,
    "FRIDAY": 6,
    "SATURDAY": 5,
}
MICROS: Final = {
    "MICROSECOND": 1,
    "MILLISECOND": 1_000,
    "SECOND": 1_000_000,
    "MINUTE": 60_000_000,
    "HOUR": 3_600_000_000,
    "DAY": 86_400_000_000,
}
"""How many microseconds each part has that is always as long."""
_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_CALENDAR: Final = frozenset({"MONTH", "QUARTER", "YEAR", "ISOYEAR"})
_DAY_PARTS: Final = frozenset({"DAY", "WEEK", "ISOWEEK", *_CALENDAR})
_CLOCK_PARTS: Final = frozenset({"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR"})

ADDED: Final = {
    "DATE": frozenset({"DAY", "WEEK", *_MONTHS}),
    "DATETIME": frozenset({"WEEK", *MICROS, *_MONTHS}),
    "TIMESTAMP": frozenset(MICROS),
    "TIME": frozenset(_CLOCK_PARTS),
}
"""The parts that may be added to each type."""

COUNTED: Final = {
    "DATE": _DAY_PARTS,
    "DATETIME": _DAY_PARTS | _CLOCK_PARTS,
    "TIMESTAMP": frozenset(MICROS),
    "TIME": frozenset(_CLOCK_PARTS),
}
"""The parts that two values of each type may differ by."""

TRUNCATED: Final = {
    "DATE": _DAY_PARTS,
    "DATETIME": _DAY_PARTS | _CLOCK_PARTS,
    "TIMESTAMP": _DAY_PARTS | _CLOCK_PARTS,
    "TIME": frozenset(_CLOCK_PARTS),
}
"""The parts that each type may be truncated to."""


def part_of(node: exp.Expr | None) -> str:
    """The date part that stands as an argument: ``DAY``, ``WEEK(MONDAY)``.

    Raises:
        BigQueryError: It is none.
    """
    if isinstance(node, exp.Anonymous) and str(node.this).upper() == "WEEK" and len(node.expressions) == 1:
        day = node.expressions[0].name.upper()
        if day in _WEEKDAYS:
            return f"WEEK({day})"
    if isinstance(node, exp.Column | exp.Var | exp.Identifier):
        return str(node.name).upper()
    raise refused(node, "A valid date part name is required")


def check(part: str, allowed: frozenset[str], function: str, node: exp.Expr) -> None:
    """Refuse a part that ``function`` does not take."""
    if part.partition("(")[0] not in allowed:
        raise refused(node, f"{function} does not support the {part} date part")


def added(kind: str, sql: str, amount: str, part: str) -> str:
    """``sql`` of type ``kind`` with ``amount`` parts more."""
    if part in _MONTHS:
        moved = f"({sql} + to_months(CAST({amount} * {_MONTHS[part]} AS INTEGER)))"
        return f"CAST({moved} AS DATE)" if kind == "DATE" else moved
    if kind == "DATE":
        days = amount if part == "DAY" else f"{amount} * 7"
        return f"({sql} + CAST({days} AS INTEGER))"
    micros = 7 * MICROS["DAY"] if part == "WEEK" else MICROS[part]
    if kind == "TIME":
        # Which goes round; whole days of it would only overflow.
        return f"({sql} + to_microseconds({amount} % {MICROS['DAY'] // micros} * {micros}))"
    return f"({sql} + to_microseconds(CAST({amount} * {micros} AS BIGINT)))"


def day_number(sql: str) -> str:
    """Days since the epoch of a DATE."""
    return f"date_diff('day', DATE '1970-01-01', {sql})"


def _week(sql: str, part: str) -> str:
    """The number of the week that the DATE lies in, counted from the epoch."""
    shift = _WEEKDAYS[part[5:-1] if "(" in part else "SUNDAY"]
    return f"CAST(floor(({day_number(sql)} + {shift}) / 7.0) AS BIGINT)"


def counted(kind: str, later: str, earlier: str, part: str) -> str:
    """How many boundaries of ``part`` lie between; for a TIMESTAMP, how many whole parts."""
    if kind == "TIMESTAMP":
        micros = f"(epoch_us({later}) - epoch_us({earlier}))"
        return micros if part == "MICROSECOND" else f"({micros} // {MICROS[part]})"
    if kind == "TIME":
        return f"(epoch_us({later}) // {MICROS[part]} - epoch_us({earlier}) // {MICROS[part]})"
    if part.startswith("WEEK"):
        first, last = (earlier, later) if kind == "DATE" else (f"CAST({earlier} AS DATE)", f"CAST({later} AS DATE)")
        return f"({_week(last, part)} - {_week(first, part)})"
    if part == "ISOWEEK":
        first, last = (earlier, later) if kind == "DATE" else (f"CAST({earlier} AS DATE)", f"CAST({later} AS DATE)")
        return f"({_week(last, 'WEEK(MONDAY)')} - {_week(first, 'WEEK(MONDAY)')})"
    if part == "ISOYEAR":
        return f"CAST(date_part('isoyear', {later}) - date_part('isoyear', {earlier}) AS BIGINT)"
    return f"date_diff('{part.lower()}', {earlier}, {later})"


def truncated(kind: str, sql: str, part: str) -> str:
    """``sql`` at the beginning of its ``part``."""
    if kind == "TIMESTAMP":
        wall = truncated("DATETIME", f"({sql} AT TIME ZONE 'UTC')", part)
        return f"({wall} AT TIME ZONE 'UTC')"
    if part.startswith("WEEK") or part == "ISOWEEK":
        day = sql if kind == "DATE" else f"CAST({sql} AS DATE)"
        shift = _WEEKDAYS[part[5:-1] if "(" in part else ("MONDAY" if part == "ISOWEEK" else "SUNDAY")]
        number = day_number(day)
        start = f"({day} - CAST((({number} + {shift}) % 7 + 7) % 7 AS INTEGER))"
        return start if kind == "DATE" else f"CAST({start} AS TIMESTAMP)"
    if part == "ISOYEAR":
        day = sql if kind == "DATE" else f"CAST({sql} AS DATE)"
        # The first week of an ISO year is the one that holds January 4th.
        fourth = f"make_date(CAST(date_part('isoyear', {day}) AS BIGINT), 1, 4)"
        start = truncated("DATE", fourth, "ISOWEEK")
        return start if kind == "DATE" else f"CAST({start} AS TIMESTAMP)"
    if kind == "TIME":
        return f"CAST(date_trunc('{part.lower()}', DATE '1970-01-01' + {sql}) AS TIME)"
    sql = f"date_trunc('{part.lower()}', {sql})"
    return f"CAST({sql} AS DATE)" if kind == "DATE" else sql


_EXTRACTED: Final[dict[str, Callable[[str], str]]] = {
    "YEAR": lambda sql: f"year({sql})",
    "MONTH": lambda sql: f"month({sql})",
    "DAY": lambda sql: f"day({sql})",
    "QUARTER": lambda sql: f"quarter({sql})",
    "DAYOFWEEK": lambda sql: f"(dayofweek({sql}) + 1)",
    "DAYOFYEAR": lambda sql: f"dayofyear({sql})",
    "ISOWEEK": lambda sql: f"week({sql})",
    "ISOYEAR": lambda sql: f"isoyear({sql})",
    "HOUR": lambda sql: f"hour({sql})",
    "MINUTE": lambda sql: f"minute({sql})",
    "SECOND": lambda sql: f"second({sql})",
    "MILLISECOND": lambda sql: f"(microsecond({sql}) % 1000000 // 1000)",
    "MICROSECOND": lambda sql: f"(microsecond({sql}) % 1000000)",
}


def extracted(kind: str, sql: str, part: str, node: exp.Expr) -> str:
    """EXTRACT of a number from a value whose wall clock is ``sql``.

    Raises:
        BigQueryError: A value of that type has no such part.
    """
    clock = part in _CLOCK_PARTS
    if (kind == "DATE" and clock) or (kind == "TIME" and not clock):
        raise refused(node, f"EXTRACT from {kind} does not support the {part} date part")
    if part.startswith("WEEK"):
        # Week 1 begins with the year's first such day; the days before it are in week 0.
        first = f"make_date(year({sql}), 1, 1)"
        day = f"CAST({sql} AS DATE)"
        weeks = f"({_week(day, part)} - {_week(f'({first} - 1)', part)})"
        return f"CAST({weeks} AS BIGINT)"
    if part not in _EXTRACTED:
        raise refused(node, f"A valid date part name is required but found {part}")
    return f"CAST({_EXTRACTED[part](sql)} AS BIGINT)"
