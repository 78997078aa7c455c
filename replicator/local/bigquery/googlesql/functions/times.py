"""Functions with date parts or formats.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.casting import cast
from replicator.local.bigquery.googlesql.coercion import implicit
from replicator.local.bigquery.googlesql.constants import constant_of, is_null
from replicator.local.bigquery.googlesql.functions.dateparts import (
    ADDED,
    COUNTED,
    MICROS,
    TRUNCATED,
    added,
    check,
    counted,
    part_of,
    truncated,
)
from replicator.local.bigquery.googlesql.functions.dates import DATES
from replicator.local.bigquery.googlesql.functions.rules import as_type, mismatch, name_of, rule
from replicator.local.bigquery.googlesql.functions.table import call
from replicator.local.bigquery.googlesql.functions.timeformats import formatted, parsing
from replicator.local.bigquery.googlesql.functions.zones import UTC, instant, wall, zone_at
from replicator.local.bigquery.googlesql.moments import read_datetime
from replicator.local.bigquery.googlesql.operators import interval_of
from replicator.local.bigquery.googlesql.ranges import has_ends, within
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import (
    DATE,
    DATETIME,
    INT64,
    STRING,
    TIMESTAMP,
    Names,
    Value,
    bound,
    derived,
    engine_type,
    fail,
    literal,
    null,
    quote,
)
from replicator.local.bigquery.types import Type, array

_KINDS: Final = ("DATE", "DATETIME", "TIME", "TIMESTAMP")


def _moment(resolver: Resolver, node: exp.Expr, argument: exp.Expr) -> Value:
    """The value that the function's name speaks of; DATE_… takes a DATETIME or a TIMESTAMP as well."""
    value = resolver.value(argument)
    kind = Type(name_of(node).partition("_")[0])
    if kind == DATE and value.type.name in ("DATETIME", "TIMESTAMP"):
        return value
    coerced = implicit(value, kind, resolver.gathering.names, argument)
    if coerced is None:
        if value.type.name in ("DATETIME", "TIMESTAMP") and kind.name in ("DATETIME", "TIMESTAMP"):
            raise unknown(node, f"{name_of(node)} of a {value.type}")
        raise mismatch(node, [value])
    return coerced


def _count(node: exp.Expr, least: int, most: int) -> None:
    if not least <= len(node.expressions) <= most:
        raise refused(node, f"No matching signature for function {name_of(node)}: wrong number of arguments")


@rule(*(f"{kind}_{verb}" for kind in _KINDS for verb in ("ADD", "SUB")))
def _shift(resolver: Resolver, node: exp.Expr) -> Value:
    _count(node, 2, 2)
    value = _moment(resolver, node, node.expressions[0])
    amount, part = interval_of(resolver, node.expressions[1])
    check(part, ADDED[value.type.name], name_of(node), node)
    if resolver.value(node.expressions[0]).type == DATE:
        check(part, ADDED["DATE"], name_of(node), node)
    # A clock goes round, so that of a TIME's parts whole days are left out before the sign is turned.
    taken = f"({amount.sql} % {MICROS['DAY']})" if value.type.name == "TIME" else amount.sql
    signed = amount.sql if name_of(node).endswith("ADD") else f"(-{taken})"
    sql = added(value.type.name, value.sql, signed, part)
    if has_ends(value.type):
        sql = within(sql, value.type, resolver.gathering.names, name_of(node))
    return derived(sql, value.type, value, amount, fallible=True)


@rule(*(f"{kind}_DIFF" for kind in _KINDS))
def _difference(resolver: Resolver, node: exp.Expr) -> Value:
    _count(node, 3, 3)
    later, earlier = (_moment(resolver, node, argument) for argument in node.expressions[:2])
    if later.type != earlier.type:
        raise mismatch(node, [later, earlier])
    part = part_of(node.expressions[2])
    kind = later.type.name
    check(part, COUNTED[kind], name_of(node), node)
    return derived(counted(kind, later.sql, earlier.sql, part), INT64, later, earlier)


@rule(*(f"{kind}_TRUNC" for kind in _KINDS))
def _truncation(resolver: Resolver, node: exp.Expr) -> Value:
    _count(node, 2, 3)
    value = _moment(resolver, node, node.expressions[0])
    zone = _zone(resolver, node, value)
    part = part_of(node.expressions[1])
    check(part, TRUNCATED[value.type.name], name_of(node), node)
    names = resolver.gathering.names
    if zone == UTC:
        sql = bound(value.sql, names, lambda held: truncated(value.type.name, held, part))
    else:
        sql = bound(value.sql, names, lambda held: _truncated_in(held, part, zone, names))
    if not part.startswith("WEEK") and zone == UTC:
        return derived(sql, value.type, value)
    # The first day of all is a Monday; every other part begins on it as well.
    return derived(within(sql, value.type, names, name_of(node)), value.type, value, fallible=True)


def _truncated_in(held: str, part: str, zone: str, names: Names) -> str:
    """A TIMESTAMP at the beginning of its part in a time zone."""
    clock = wall(held, zone)
    if part in MICROS and part != "DAY":
        # Of a time that the clocks show twice it is the one that they show at that instant.
        return f"({held} - ({clock} - {truncated('DATETIME', clock, part)}))"
    return instant(bound(clock, names, lambda shown: truncated("DATETIME", shown, part)), zone, names)


def _zone(resolver: Resolver, node: exp.Expr, value: Value) -> str:
    """The time zone that stands third.

    Raises:
        BigQueryError: It stands with what is no TIMESTAMP, or is not known here.
    """
    if len(node.expressions) > 2 and value.type != TIMESTAMP:
        raise mismatch(node, [value, resolver.value(node.expressions[2])])
    return zone_at(resolver, node, 2)


@rule("LAST_DAY")
def _last_day(resolver: Resolver, node: exp.Expr) -> Value:
    _count(node, 1, 2)
    value = resolver.value(node.expressions[0])
    if value.type.name == "DATETIME":
        value = derived(f"CAST({value.sql} AS DATE)", DATE, value)
    day = implicit(value, DATE, resolver.gathering.names, node)
    if day is None:
        raise mismatch(node, [value])
    part = part_of(node.expressions[1]) if len(node.expressions) > 1 else "MONTH"
    if part not in ("MONTH", "QUARTER", "YEAR", "ISOWEEK", "ISOYEAR") and not part.startswith("WEEK"):
        raise refused(node, f"LAST_DAY does not support the {part} date part")
    names = resolver.gathering.names
    if part == "ISOYEAR":
        # A day of an ISO year, the 4th of January, and a year later: in the next one.
        start = bound(
            day.sql, names, lambda held: truncated("DATE", f"({_fourth(held)} + to_years(1))::DATE", "ISOYEAR")
        )
        sql = f"({start} - 1)"
    else:
        start = bound(day.sql, names, lambda held: truncated("DATE", held, part))
        sql = f"({added('DATE', start, '1', 'WEEK' if 'WEEK' in part else part)} - 1)"
    return derived(within(sql, DATE, names, "LAST_DAY"), DATE, day, fallible=True)


def _fourth(day: str) -> str:
    return f"make_date(CAST(date_part('isoyear', {day}) AS BIGINT), 1, 4)"


@rule("DATE", "DATETIME", "TIME", "TIMESTAMP")
def _constructor(resolver: Resolver, node: exp.Expr) -> Value:
    name = name_of(node)
    values = [resolver.value(argument) for argument in node.expressions]
    zoned = len(values) == 2 and values[1].type == STRING
    names = resolver.gathering.names
    if zoned:
        zone = zone_at(resolver, node, 1)
        if zone != UTC:
            return _zoned(node, values, zone, names)
        values = values[:1]
    if len(values) == 1 and values[0].type == STRING:
        to = Type(name)
        coerced = implicit(values[0], to, names, node)
        if coerced is not None:
            return coerced
        if name in ("DATE", "DATETIME", "TIMESTAMP"):
            return cast(values[0], to, names, node)
        raise mismatch(node, values)
    return call(f"function {name}", DATES[name], values, names, node)


def _zoned(node: exp.Expr, values: list[Value], zone: str, names: Names) -> Value:
    """A TIMESTAMP's date or time in a zone, or the TIMESTAMP of a date and time there."""
    value, to = values[0], Type(name_of(node))
    if value.type == STRING and to == TIMESTAMP:
        written = constant_of(value)
        moment = read_datetime(written) if isinstance(written, str) else None
        if moment is None:
            raise unknown(node, "TIMESTAMP of a text that is not constant, or not a plain one, in a time zone")
        value = literal(moment, DATETIME)
    if value.type == TIMESTAMP and to != TIMESTAMP:
        clock = wall(value.sql, zone)
        made = clock if to.name == "TIME" else within(clock, DATETIME, names, f"{to} in a time zone")
        return derived(f"CAST({made} AS {engine_type(to)})", to, value, fallible=to.name != "TIME")
    day = implicit(value, DATETIME, names, node) if value.type.name in ("DATE", "DATETIME") else None
    if to != TIMESTAMP or day is None:
        raise mismatch(node, values)
    return derived(within(instant(day.sql, zone, names), to, names, "TIMESTAMP in a time zone"), to, day, fallible=True)


@rule("GENERATE_DATE_ARRAY")
def _date_array(resolver: Resolver, node: exp.Expr) -> Value:
    _count(node, 2, 3)
    values = [resolver.value(argument) for argument in node.expressions[:2]]
    first, last = (as_type(resolver, node, values, index, DATE) for index in (0, 1))
    amount, part = "1::BIGINT", "DAY"
    if len(node.expressions) > 2:
        step, part = interval_of(resolver, node.expressions[2])
        if not isinstance(step.constant, int) or step.constant <= 0 or part not in ("DAY", "WEEK"):
            raise unknown(node, "GENERATE_DATE_ARRAY with a step that is not a positive number of days or weeks")
        amount = step.sql
    days = f"{amount} * 7" if part == "WEEK" else amount
    numbers = f"generate_series(0::BIGINT, date_diff('day', {first.sql}, {last.sql}), {days})"
    name = resolver.gathering.names.fresh("v")
    return derived(
        f"list_transform({numbers}, lambda {name}: {first.sql} + CAST({name} AS INTEGER))", array(DATE), first, last
    )


@rule(*(f"FORMAT_{kind}" for kind in _KINDS))
def _format(resolver: Resolver, node: exp.Expr) -> Value:
    _count(node, 2, 3)
    kind = name_of(node).removeprefix("FORMAT_")
    form, value = resolver.value(node.expressions[0]), resolver.value(node.expressions[1])
    coerced = implicit(value, Type(kind), resolver.gathering.names, node)
    if coerced is None and form.type == STRING and kind != "TIME" and value.type.name in ("DATETIME", "TIMESTAMP"):
        raise unknown(node, f"{name_of(node)} of a {value.type}")
    if form.type != STRING or coerced is None:
        raise mismatch(node, [form, value])
    written = constant_of(form)
    if is_null(form):
        return null(STRING)
    if not isinstance(written, str):
        raise unknown(node, f"{name_of(node)} with a format that is not constant")
    zone, names = _zone(resolver, node, coerced), resolver.gathering.names
    sql = bound(coerced.sql, names, lambda held: formatted(written, held, kind, node, zone=zone, names=names))
    return derived(sql, STRING, coerced)


@rule("GENERATE_TIMESTAMP_ARRAY")
def _timestamp_array(resolver: Resolver, node: exp.Expr) -> Value:
    _count(node, 3, 3)
    values = [resolver.value(argument) for argument in node.expressions[:2]]
    first, last = (as_type(resolver, node, values, index, TIMESTAMP) for index in (0, 1))
    step, part = interval_of(resolver, node.expressions[2])
    check(part, ADDED["TIMESTAMP"], name_of(node), node)
    if not isinstance(step.constant, int) or step.constant == 0:
        raise unknown(node, "GENERATE_TIMESTAMP_ARRAY with a step that is zero or not constant")
    name = resolver.gathering.names.fresh("v")
    moments = f"generate_series(epoch_us({first.sql}), epoch_us({last.sql}), {step.constant * MICROS[part]}::BIGINT)"
    sql = f"list_transform({moments}, lambda {name}: make_timestamp({name}) AT TIME ZONE 'UTC')"
    return derived(sql, array(TIMESTAMP), first, last)


@rule(*(f"PARSE_{kind}" for kind in _KINDS))
def _parse(resolver: Resolver, node: exp.Expr) -> Value:
    _count(node, 2, 3)
    kind = Type(name_of(node).removeprefix("PARSE_"))
    zone = _zone(resolver, node, null(kind))
    values = [resolver.value(argument) for argument in node.expressions[:2]]
    form, text = (as_type(resolver, node, values, index, STRING) for index in (0, 1))
    written = constant_of(form)
    if is_null(form):
        return null(kind)
    if not isinstance(written, str):
        raise unknown(node, f"{name_of(node)} with a format that is not constant")
    engine, strict, loose = parsing(written, kind.name, node)
    names: Names = resolver.gathering.names

    def sql(held: str) -> str:
        moment = f"strptime({held}, {quote(engine)})"
        taken = {
            "DATE": f"CAST({moment} AS DATE)",
            "DATETIME": moment,
            "TIME": f"CAST({moment} AS TIME)",
            "TIMESTAMP": instant(moment, zone, names),
        }[kind.name]
        failure = fail(kind, f"'Failed to parse input string \"' || {held} || '\"'")
        doubt = f"error('how {name_of(node)} reads \"' || {held} || '\" is not modelled by the local cloud')"
        return (
            f"(CASE WHEN {held} IS NULL THEN NULL WHEN regexp_full_match({held}, {quote(strict)}) THEN "
            f"CASE WHEN try_strptime({held}, {quote(engine)}) IS NULL THEN {failure} ELSE {taken} END "
            f"WHEN regexp_full_match({held}, {quote(loose)}) THEN {doubt} ELSE {failure} END)"
        )

    made = bound(text.sql, names, sql)
    made = within(made, kind, names, name_of(node)) if has_ends(kind) else made
    return derived(made, kind, text, fallible=True)
