"""CAST(… AS STRING FORMAT …) of dates and times, and of BYTES in both directions.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/format-elements
"""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.functions.strings import STRINGS
from replicator.local.bigquery.googlesql.functions.table import call
from replicator.local.bigquery.googlesql.functions.zones import UTC, offset_text, shown, zone_of
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import BYTES, STRING, Names, Value, bound, derived, quote, trying
from replicator.local.bigquery.types import Type

_ELEMENT: Final = re.compile(
    r"(?i)Y,YYY|YYYY|YYY|YY|Y|RRRR|RR|MONTH|MON|MM|DDD|DD|DAY|DY|D|HH24|HH12|HH|MI|SSSSS|SS|FF[1-9]|A\.M\.|P\.M\.|AM|PM"
    r"|TZH|TZM|\"(?:[^\"\\]|\\[\"\\])*\"|[-./,';: ]"
)
_YEAR: Final = "lpad(CAST(year({0}) AS VARCHAR), 4, '0')"
_NOON: Final = "hour({0}) < 12"
_DATES: Final = {
    "YYYY": _YEAR,
    "RRRR": _YEAR,
    "YYY": f"right({_YEAR}, 3)",
    "YY": f"right({_YEAR}, 2)",
    "RR": f"right({_YEAR}, 2)",
    "Y": f"right({_YEAR}, 1)",
    "MM": "strftime({0}, '%m')",
    "DD": "strftime({0}, '%d')",
    "DDD": "strftime({0}, '%j')",
    "D": "CAST(dayofweek({0}) + 1 AS VARCHAR)",
}
_TIMES: Final = {
    "HH24": "strftime({0}, '%H')",
    "HH12": "strftime({0}, '%I')",
    "HH": "strftime({0}, '%I')",
    "MI": "strftime({0}, '%M')",
    "SS": "strftime({0}, '%S')",
    "SSSSS": "lpad(CAST(hour({0}) * 3600 + minute({0}) * 60 + second({0}) AS VARCHAR), 5, '0')",
}
_NAMES: Final = {
    "MONTH": "monthname({0})",
    "DAY": "dayname({0})",
    "MON": "strftime({0}, '%b')",
    "DY": "strftime({0}, '%a')",
}
_HALVES: Final = {
    **dict.fromkeys(("AM", "PM"), f"CASE WHEN {_NOON} THEN 'AM' ELSE 'PM' END"),
    **dict.fromkeys(("A.M.", "P.M."), f"CASE WHEN {_NOON} THEN 'A.M.' ELSE 'P.M.' END"),
}
_OF: Final = {"DATE": "D", "DATETIME": "DT", "TIME": "T", "TIMESTAMP": "DTZ"}
"""What a type has: a day, a time of the day, a time zone."""
_ENCODINGS: Final = {
    "HEX": ("TO_HEX", "FROM_HEX"),
    "BASE16": ("TO_HEX", "FROM_HEX"),
    "BASE64": ("TO_BASE64", "FROM_BASE64"),
}


def cast_by_format(resolver: Resolver, node: exp.Expr, to: Type) -> Value:
    """A value cast as its format says.

    Raises:
        BigQueryError: The format is none, or it is not modelled.
    """
    value, form = resolver.value(node.this), node.args["format"]
    zone = UTC
    if isinstance(form, exp.AtTimeZone):
        if value.type.name != "TIMESTAMP":
            raise refused(form, "AT TIME ZONE is only allowed when casting from or to TIMESTAMP")
        zone, form = zone_of(resolver, form.args["zone"]), form.this
    given = resolver.value(form)
    written = constant_of(given)
    if given.type != STRING or not isinstance(written, str):
        raise unknown(form, "CAST with a format that is NULL, not constant or no text")
    if value.type.name in _OF and to == STRING:
        return _moment(resolver, value, written, zone, form)
    if (value.type, to) in ((BYTES, STRING), (STRING, BYTES)) and written.upper() in _ENCODINGS:
        name = _ENCODINGS[written.upper()][to == BYTES]
        made = call(f"function {name}", STRINGS[name], [value], resolver.gathering.names, node)
        return derived(trying(made.sql, to), to, value) if isinstance(node, exp.TryCast) else made
    raise unknown(node, f"CAST of a {value.type} to a {to} with this FORMAT")


def _moment(resolver: Resolver, value: Value, written: str, zone: str, node: exp.Expr) -> Value:
    names: Names = resolver.gathering.names
    clock = {
        "DATE": f"CAST({value.sql} AS TIMESTAMP)",
        "DATETIME": value.sql,
        "TIME": f"(DATE '1970-01-01' + {value.sql})",
        "TIMESTAMP": value.sql,
    }[value.type.name]

    def sql(held: str) -> str:
        def printed(shown_: str) -> str:
            texts = [_element(text, shown_, held, value.type.name, zone, node) for text in _elements(written, node)]
            return f"(CASE WHEN {held} IS NOT NULL THEN {' || '.join(texts) or quote('')} END)"

        return bound(shown(held, zone, names), names, printed) if value.type.name == "TIMESTAMP" else printed(held)

    return derived(bound(clock, names, sql), STRING, value)


def _elements(written: str, node: exp.Expr) -> list[str]:
    found: list[str] = []
    position = 0
    while position < len(written):
        match = _ELEMENT.match(written, position)
        if match is None:
            raise unknown(node, f"the format {written!r} from {written[position:]!r} on")
        if "," in match[0][1:]:
            raise refused(node, f"Unsupported format element '{match[0]}'")
        found.append(match[0])
        position = match.end()
    return found


def _element(text: str, clock: str, moment: str, kind: str, zone: str, node: exp.Expr) -> str:
    """The SQL of what an element prints."""
    name, has = text.upper(), _OF[kind]
    if text[0] == '"':
        return quote(re.sub(r"\\(.)", r"\1", text[1:-1]))
    if not text[0].isalpha():
        return quote(text)
    needs = "D" if name in _DATES or name in _NAMES else "Z" if name.startswith("TZ") else "T"
    if needs not in has:
        raise refused(node, f"Cannot cast {kind} to STRING by a format with {text}")
    if name.startswith("FF"):
        micros = f"lpad(CAST(microsecond({clock}) % 1000000 AS VARCHAR), 6, '0')"
        return f"left(rpad({micros}, 9, '0'), {name[2:]})"
    if needs == "Z":
        whole = offset_text(moment, zone, colon=":", minutes=True)
        return f"left({whole}, 3)" if name == "TZH" else f"right({whole}, 2)"
    if name in _DATES or name in _TIMES:
        return (_DATES | _TIMES)[name].format(clock)
    return _cased(text, f"({(_NAMES | _HALVES)[name].format(clock)})")


def _cased(text: str, sql: str) -> str:
    """In the case of the element: that of its first two letters, or of its first alone where it is short."""
    if text[0].islower():
        return f"lower({sql})"
    return (
        f"upper({sql})"
        if text.upper() in _HALVES or text[1].isupper()
        else f"upper(left({sql}, 1)) || lower(substr({sql}, 2))"
    )
