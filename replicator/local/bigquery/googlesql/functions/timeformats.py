"""The elements of FORMAT_DATE, PARSE_DATE and their kin.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_elements_date_time
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.functions.zones import UTC, offset_text, shown, wall, zone_name
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.texts import fraction_text
from replicator.local.bigquery.googlesql.values import Names, bound, quote

_ELEMENT: Final = re.compile(r"%(E\d[SfY]|E\*S|E[YzSCxXFT]|.)", re.DOTALL)
_SHORTHANDS: Final = {
    "F": "%E4Y-%m-%d",
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "D": "%m/%d/%y",
    "X": "%H:%M:%S",
    "x": "%m/%d/%y",
}
_CLOCK: Final = "\x06clock\x06"
"""Where the clock of a time zone goes once it is known by a name."""
# Elements whose output DuckDB's strftime gives as GoogleSQL does.
_SAME: Final = frozenset("aAbBdHIjmMSpy")
_SAME_DATE: Final = frozenset("aAbBdjmy")
# A year is not padded, but in %F and %E4Y.
_CALENDAR: Final = {
    "Y": "CAST(year({0}) AS VARCHAR)",
    "E4Y": "strftime({0}, '%Y')",
    "e": "lpad(CAST(day({0}) AS VARCHAR), 2, ' ')",
    "Q": "CAST(quarter({0}) AS VARCHAR)",
}

# What strptime takes of each element: as it is always written, and as widely as it may be read.
_STRICT: Final = {"Y": r"\d{4}", "m": r"\d{2}", "d": r"\d{2}", "H": r"\d{2}", "M": r"\d{2}", "S": r"\d{2}"}
_LOOSE: Final = {
    "Y": r"[+-]?\d{1,5}",
    "m": r"\d{1,2}",
    "d": r"\d{1,2}",
    "H": r"\d{1,2}",
    "M": r"\d{1,2}",
    "S": r"\d{1,2}",
}


def pieces(form: str, node: exp.Expr | None) -> Iterator[tuple[str, str]]:
    """(text, ``""``) for what stands for itself and (``""``, element) for elements; shorthands are spelt out."""
    for short, long in _SHORTHANDS.items():
        form = re.sub(rf"((?:^|[^%])(?:%%)*)%{short}", rf"\g<1>{long}", form)
    position = 0
    for match in _ELEMENT.finditer(form):
        if match.start() > position:
            yield form[position : match.start()], ""
        yield ("%", "") if match[1] == "%" else ("", match[1])
        position = match.end()
    if form[position:].endswith("%"):
        raise unknown(node, f"the format {form!r}")
    if position < len(form):
        yield form[position:], ""


def seconds(sql: str) -> str:
    """Whole seconds since the epoch, rounded down before it too."""
    micros = f"epoch_us({sql})"
    return f"(({micros} - ({micros} % 1000000 + 1000000) % 1000000) // 1000000)"


def formatted(form: str, sql: str, kind: str, node: exp.Expr | None, *, zone: str, names: Names) -> str:
    """The text of a DATE, DATETIME or TIME, or of a TIMESTAMP in a time zone; ``sql`` is short.

    Raises:
        BigQueryError: notImplemented, for an element whose exact output is not known here.
    """
    clock = {
        "DATE": f"CAST({sql} AS TIMESTAMP)",
        "DATETIME": sql,
        "TIMESTAMP": _CLOCK if zone != UTC else wall(sql, zone),
        "TIME": f"(DATE '1970-01-01' + {sql})",
    }[kind]
    texts = [_element(text, element, sql, clock, kind, node, zone=zone) for text, element in pieces(form, node)]
    nothing = f"CASE WHEN {sql} IS NOT NULL THEN '' END"
    if not any("strftime" in text for text in texts):
        made = f"(CASE WHEN {sql} IS NOT NULL THEN {' || '.join(texts) or quote('')} END)"
    else:
        made = "(" + " || ".join(texts or [nothing]) + ")"
    return bound(shown(sql, zone, names), names, lambda held: made.replace(_CLOCK, held)) if zone != UTC else made


def _element(text: str, element: str, sql: str, clock: str, kind: str, node: exp.Expr | None, *, zone: str) -> str:
    """What stands for itself, or an element, of a value whose clock shows ``clock``."""
    if text:
        return quote(text)
    if element in _SAME and (kind != "DATE" or element in _SAME_DATE) and (kind != "TIME" or element in "HIMSp"):
        return f"strftime({clock}, '%{element}')"
    if element in _CALENDAR and kind != "TIME":
        return _CALENDAR[element].format(clock)
    if kind != "DATE" and re.fullmatch(r"E[1-6]S", element):
        digits = int(element[1])
        return f"strftime({clock}, '%S.') || substr(strftime({clock}, '%f'), 1, {digits})"
    if kind != "DATE" and element == "E*S":
        micros = f"(microsecond({clock}))"
        return f"strftime({clock}, '%S') || regexp_replace({fraction_text(micros)}, '0+$', '')"
    if kind == "TIMESTAMP" and element == "s":
        return f"CAST({seconds(sql)} AS VARCHAR)"
    if kind == "TIMESTAMP" and element in ("z", "Ez", "Z"):
        if element == "Z":
            return zone_name(sql, zone)
        return offset_text(sql, zone, colon=":" if element == "Ez" else "", minutes=True)
    raise unknown(node, f"the format element %{element} for {kind}")


def parsing(form: str, kind: str, node: exp.Expr | None) -> tuple[str, str, str]:
    """For reading texts: DuckDB's strptime format, and patterns of what is surely read and of what may be.

    Raises:
        BigQueryError: notImplemented, for an element that is not read here.
    """
    if "%F" in form or "%E4Y" in form or ("%Y" in form) == (kind == "TIME"):
        raise unknown(node, f"parsing by the format {form!r}")
    engine: list[str] = []
    strict: list[str] = []
    loose: list[str] = [r"\s*"]
    for text, element in pieces(form, node):
        if text:
            engine.append(text.replace("%", "%%"))
            strict.append(re.escape(text))
            loose.append(r"\s*".join(re.escape(part) for part in re.split(r"\s+", text)))
        elif element in _STRICT and (kind != "TIME" or element in "HMS"):
            engine.append(f"%{element}")
            strict.append(_STRICT[element])
            loose.append(rf"\s*{_LOOSE[element]}")
        elif element in ("E*S", "E6S", "E3S"):
            engine.append("%S.%f")
            strict.append(r"\d{2}\.\d{1,6}" if element == "E*S" else rf"\d{{2}}\.\d{{1,{element[1]}}}")
            loose.append(r"\s*\d{1,2}(?:\.\d*)?")
        else:
            raise unknown(node, f"the format element %{element} for parsing")
    return "".join(engine), "".join(strict), "".join([*loose, r"\s*"])
