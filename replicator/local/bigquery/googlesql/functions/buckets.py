"""DATE_BUCKET and its like: the beginning of the span of so many days or months that a moment lies in.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/time-series-functions
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.coercion import implicit
from replicator.local.bigquery.googlesql.functions.dateparts import MICROS
from replicator.local.bigquery.googlesql.functions.rules import mismatch, name_of, rule
from replicator.local.bigquery.googlesql.operators import interval_of
from replicator.local.bigquery.googlesql.ranges import within
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import DATETIME, Names, Value, bound, derived
from replicator.local.bigquery.types import Type

_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_LENGTHS: Final = {**MICROS, "WEEK": 7 * MICROS["DAY"]}
_ORIGIN: Final = "TIMESTAMP '1950-01-01 00:00:00'"
_TAKEN: Final = {
    "DATE": frozenset({"DAY", "WEEK", *_MONTHS}),
    "DATETIME": frozenset({*_LENGTHS, *_MONTHS}),
    "TIMESTAMP": frozenset(_LENGTHS),
}


@rule("DATE_BUCKET", "DATETIME_BUCKET", "TIMESTAMP_BUCKET")
def _bucket(resolver: Resolver, node: exp.Expr) -> Value:
    kind, names = Type(name_of(node).removesuffix("_BUCKET")), resolver.gathering.names
    if not 2 <= len(node.expressions) <= 3:
        raise mismatch(node, [])
    given = [resolver.value(each) for each in (node.expressions[0], *node.expressions[2:])]
    moments = [implicit(value, kind, names, node) for value in given]
    if not isinstance(node.expressions[1], exp.Interval):
        raise unknown(node, f"{name_of(node)} of a width that is not written out")
    other = next((value.type for value in given if value.type.name in _TAKEN and value.type != kind), None)
    if other is not None:
        raise unknown(node, f"{name_of(node)} of a {other}")
    if any(moment is None for moment in moments):
        raise mismatch(node, given)
    amount, part = interval_of(resolver, node.expressions[1])
    width = amount.constant
    if not isinstance(width, int) or width <= 0 or part not in _TAKEN[kind.name]:
        raise unknown(node, f"{name_of(node)} of a width that is not constant and positive, or is of {part}")
    walls = [_wall(moment.sql, kind) for moment in moments if moment is not None]
    clock, origin = walls if len(walls) > 1 else (walls[0], _ORIGIN)
    if part in _MONTHS:
        made = bound(
            clock, names, lambda held: bound(origin, names, lambda o: _month(held, o, width * _MONTHS[part], names))
        )
    else:
        made = bound(clock, names, lambda held: bound(origin, names, lambda o: _span(held, o, width * _LENGTHS[part])))
    sql = within(made, DATETIME, names, name_of(node))
    back = {"DATE": f"CAST({sql} AS DATE)", "DATETIME": sql, "TIMESTAMP": f"({sql} AT TIME ZONE 'UTC')"}[kind.name]
    return derived(back, kind, *(moment for moment in moments if moment is not None), fallible=True)


def _wall(sql: str, kind: Type) -> str:
    """A moment as a DATETIME."""
    return {"DATE": f"CAST({sql} AS TIMESTAMP)", "DATETIME": sql, "TIMESTAMP": f"({sql} AT TIME ZONE 'UTC')"}[kind.name]


def _span(clock: str, origin: str, micros: int) -> str:
    behind = f"(epoch_us({clock}) - epoch_us({origin}))"
    return f"({clock} - to_microseconds(({behind} % {micros} + {micros}) % {micros}))"


def _month(clock: str, origin: str, months: int, names: Names) -> str:
    """Spans of months begin on the origin's day, or on the last one of a month that is shorter."""
    behind = f"(12 * (year({clock}) - year({origin})) + month({clock}) - month({origin}))"
    whole = f"(({behind} - ({behind} % {months} + {months}) % {months}))"

    def begun(count: str) -> str:
        return f"({origin} + to_months(CAST({count} AS INTEGER)))"

    def before(count: str) -> str:
        return f"(CASE WHEN {begun(count)} > {clock} THEN {begun(f'({count} - {months})')} ELSE {begun(count)} END)"

    return bound(whole, names, before)
