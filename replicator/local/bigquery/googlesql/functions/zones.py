"""Time zones: the wall clock that an instant has in one, and the instant at which it shows a wall clock's time.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#time_zones
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from sqlglot import exp

from replicator.local.bigquery.googlesql.constants import constant_of, is_null
from replicator.local.bigquery.googlesql.functions.rules import NullArgumentError
from replicator.local.bigquery.googlesql.moments import OFFSET_PATTERN, read_zone
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import STRING, Names, Origin, bound, quote

UTC: Final = "UTC"
_FARTHEST: Final = timedelta(hours=14)
# What the clocks of Morocco do in Ramadan is announced from time to time, and differs by the data's age.
_CHANGING: Final = frozenset({"Africa/Casablanca", "Africa/El_Aaiun"})
# By how much clocks have been set back.
_STEPS: Final = ("to_hours(2)", "to_hours(1)", "to_minutes(30)")


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_of(resolver: Resolver, node: exp.Expr | None) -> str:
    """The time zone that an argument names; UTC without one.

    Raises:
        NullArgumentError: It is NULL.
        BigQueryError: notImplemented, where it is not constant, or not known here.
    """
    if node is None:
        return UTC
    given = resolver.value(node)
    name = constant_of(given)
    if is_null(given) and (given.type == STRING or given.origin is Origin.NULL):
        raise NullArgumentError(node, UTC)
    if not isinstance(name, str):
        raise unknown(node, "a time zone that is not constant")
    if re.fullmatch(OFFSET_PATTERN, name):
        if _offset(name) <= _FARTHEST and int(name.partition(":")[2] or 0) < 60:
            return name
    elif name in _names() and name not in _CHANGING:
        return name
    raise unknown(node, f"the time zone {name!r}")


def zone_at(resolver: Resolver, node: exp.Expr, index: int) -> str:
    """The time zone that the call's argument at this place names, UTC where it has none."""
    return zone_of(resolver, node.expressions[index] if len(node.expressions) > index else None)


def _offset(zone: str) -> timedelta:
    found = read_zone(zone)
    offset = found.utcoffset(None) if found is not None else None
    return abs(offset) if offset is not None else timedelta()


def _minutes(zone: str) -> int | None:
    """Minutes ahead of UTC of a zone that is written as that, ``+05:30``."""
    if not re.fullmatch(OFFSET_PATTERN, zone):
        return None
    minutes = int(_offset(zone).total_seconds()) // 60
    return -minutes if zone.startswith("-") else minutes


def wall(sql: str, zone: str) -> str:
    """The DATETIME that clocks in the zone show at a TIMESTAMP."""
    minutes = _minutes(zone)
    if minutes is None:
        return f"({sql} AT TIME ZONE {quote(zone)})"
    return f"(({sql} AT TIME ZONE 'UTC') + to_minutes({minutes}))"


def shown(sql: str, zone: str, names: Names) -> str:
    """The DATETIME whose parts or text are wanted, for which GoogleSQL goes on beyond the first and the last day.

    Where clocks are ahead by some seconds, as they were before there were time zones, its texts leave these out.
    """
    if zone == UTC:
        return wall(sql, zone)
    doubt = "error('the parts of so early or late a TIMESTAMP in a time zone are not modelled by the local cloud')"

    def guarded(held: str) -> str:
        clock = wall(held, zone)
        odd = f"{held} < TIMESTAMPTZ '0001-01-02 00:00:00+00' OR {held} > TIMESTAMPTZ '9999-12-30 00:00:00+00'"
        return f"(CASE WHEN {odd} OR {offset_seconds(held, zone)} % 60 <> 0 THEN {doubt} ELSE {clock} END)"

    return bound(sql, names, guarded)


def instant(sql: str, zone: str, names: Names) -> str:
    """The TIMESTAMP at which clocks in the zone show a DATETIME.

    Of a time that they show twice it is the first; one that they pass over is counted on from before.
    """
    minutes = _minutes(zone)
    if minutes is not None:
        return f"(({sql} - to_minutes({minutes})) AT TIME ZONE 'UTC')"
    if zone == UTC:
        return f"({sql} AT TIME ZONE 'UTC')"

    def first(held: str) -> str:
        made = f"({held} AT TIME ZONE {quote(zone)})"
        earlier = (
            f"WHEN (({made} - {step}) AT TIME ZONE {quote(zone)}) = {held} THEN {made} - {step}" for step in _STEPS
        )
        return f"(CASE {' '.join(earlier)} ELSE {made} END)"

    return bound(sql, names, first)


def offset_seconds(sql: str, zone: str) -> str:
    """How many seconds clocks in the zone are ahead of UTC at a TIMESTAMP."""
    return f"((epoch_us({wall(sql, zone)}) - epoch_us({sql})) // 1000000)"


def offset_text(sql: str, zone: str, *, colon: str, minutes: bool) -> str:
    """The offset from UTC: ``+02``, ``+0530``, ``+05:30``.

    Args:
        sql: A TIMESTAMP.
        zone: The time zone.
        colon: What stands between hours and minutes.
        minutes: Print them where they are zero as well.
    """
    ahead = offset_seconds(sql, zone)
    sign = f"(CASE WHEN {ahead} < 0 THEN '-' ELSE '+' END)"
    hours = f"printf('%02d', abs({ahead}) // 3600)"
    rest = f"printf('%02d', abs({ahead}) // 60 % 60)"
    tail = f"{quote(colon)} || {rest}" if colon else rest
    if not minutes:
        tail = f"CASE WHEN {ahead} % 3600 = 0 THEN '' ELSE {tail} END"
    return f"({sign} || {hours} || ({tail}))"


def zone_name(sql: str, zone: str) -> str:
    """What FORMAT's ``%Z`` prints: ``UTC``, ``UTC+2``, ``UTC+0530``."""
    if zone == UTC:
        return "'UTC'"
    ahead = offset_seconds(sql, zone)
    text = offset_text(sql, zone, colon="", minutes=False)
    return rf"(CASE WHEN {ahead} = 0 THEN 'UTC' ELSE 'UTC' || regexp_replace({text}, '^([+-])0(\d)$', '\1\2') END)"
