r"""Regular expressions: RE2 on both sides.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_contains
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.functions.rules import arguments, as_type, name_of, rule
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import (
    BOOL,
    BYTES,
    INT64,
    NATIVE,
    STRING,
    Value,
    bound,
    derived,
    fail,
    quote,
)
from replicator.local.bigquery.types import array

# What is no group, then a group: escapes, character classes, (?: and (?i).
_GROUP: Final = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]])*\]|\((?P<opens>\?P?<|(?!\?))?", re.DOTALL
)

_TOKEN: Final = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]])*\]|\((?P<opens>\?P?<|(?!\?))?|\)(?P<repeated>[?*]|\{0)?|\|",
    re.DOTALL,
)


def groups_in(pattern: str) -> int:
    """How many capturing groups a pattern has."""
    return sum(match["opens"] is not None for match in _GROUP.finditer(pattern))


def _no_bytes(node: exp.Expr, values: list[Value]) -> list[Value]:
    if values[0].type == BYTES:
        raise unknown(node, f"{name_of(node)} of BYTES")
    return values


def _texts(resolver: Resolver, node: exp.Expr, count: int) -> list[Value]:
    values = _no_bytes(node, arguments(resolver, node, count))
    return [as_type(resolver, node, values, index, STRING) for index in range(count)]


def _sound(pattern: Value, made: Value, text: Value) -> Value:
    """``made``, unless the pattern is broken, which is noticed where there is a text that it is held against."""
    if not isinstance(constant_of(pattern), str):
        return made
    if constant_of(derived(f"regexp_matches('', {pattern.sql})", BOOL, pattern)) is not None:
        return made
    sql = f"(CASE WHEN {text.sql} IS NOT NULL THEN {fail(made.type, quote('Cannot parse regular expression'))} END)"
    return derived(sql, made.type, text, pattern, fallible=True)


@rule("REGEXP_CONTAINS")
def _contains(resolver: Resolver, node: exp.Expr) -> Value:
    text, pattern = _texts(resolver, node, 2)
    made = derived(f"{NATIVE}regexp_matches({text.sql}, {pattern.sql})", BOOL, text, pattern, fallible=True)
    return _sound(pattern, made, text)


def _group(pattern: Value, node: exp.Expr) -> int:
    written = constant_of(pattern)
    if not isinstance(written, str):
        raise unknown(node, "extraction by a regular expression that is not constant")
    count = groups_in(written)
    if count == 1 and _may_be_absent(written):
        raise unknown(node, "extraction of a group that may be left out of a match")
    if count > 1:
        message = "Regular expressions passed into extraction functions must not have more than 1 capturing group"
        raise refused(node, message)
    return count


@rule("REGEXP_EXTRACT", "REGEXP_SUBSTR")
def _extract(resolver: Resolver, node: exp.Expr) -> Value:
    values = _no_bytes(node, arguments(resolver, node, 2, 4))
    text, pattern = (as_type(resolver, node, values, index, STRING) for index in (0, 1))
    group = _group(pattern, node)
    if len(values) > 2:
        counts = [as_type(resolver, node, values, index, INT64) for index in range(2, len(values))]
        return _extract_at(resolver, text, pattern, group, counts)

    def sql(held: str) -> str:
        taken = f"regexp_extract({held}, {pattern.sql}, {group})"
        return f"(CASE WHEN regexp_matches({held}, {pattern.sql}) THEN {taken} END)"

    made = derived(NATIVE + bound(text.sql, resolver.gathering.names, sql), STRING, text, pattern, fallible=True)
    return _sound(pattern, made, text)


def _extract_at(resolver: Resolver, text: Value, pattern: Value, group: int, counts: Sequence[Value]) -> Value:
    """The match that is found from a position on, and of those the one with a number."""
    position, occurrence = (*(count.sql for count in counts), "1::BIGINT")[:2]
    names = resolver.gathering.names
    # Where an empty match follows another one, the two count differently.
    doubt = "error('REGEXP_EXTRACT of empty matches by their number is not modelled by the local cloud')"

    def sql(held: str, place: str, number: str) -> str:
        wrong = (
            f"WHEN {place} < 1 THEN {fail(STRING, quote('Position must be positive'))} "
            f"WHEN {number} < 1 THEN {fail(STRING, quote('Occurrence must be positive'))}"
        )
        rest = f"substr({held}, least({place}, length({held}) + 1))"
        found = f"regexp_extract_all({rest}, {pattern.sql}, {group})"
        return (
            f"(CASE WHEN {held} IS NULL OR {pattern.sql} IS NULL OR {place} IS NULL OR {number} IS NULL THEN NULL "
            f"{wrong} WHEN {place} > greatest(length({held}), 1) THEN NULL "
            f"WHEN regexp_matches('', {pattern.sql}) THEN {doubt} ELSE list_extract({found}, {number}) END)"
        )

    made = bound(
        text.sql,
        names,
        lambda held: bound(position, names, lambda at: bound(occurrence, names, lambda n: sql(held, at, n))),
    )
    return derived(NATIVE + made, STRING, text, pattern, *counts, fallible=True)


def _may_be_absent(pattern: str) -> bool:
    """Whether the one capturing group might not take part in a match: it then reads as NULL, and not as an empty text.

    It might where it, or a group around it, is repeated from zero times on, or is one of several alternatives.
    """
    # One entry a group that is open, the whole pattern first: whether the capturing group is in it.
    holds = [False]
    for match in _TOKEN.finditer(pattern):
        sign = match[0]
        if sign.startswith("("):
            capturing = match["opens"] is not None
            holds = [True] * len(holds) + [capturing] if capturing else [*holds, False]
        elif sign == "|":
            if _around(pattern, match.start()):
                return True
        elif sign.startswith(")") and len(holds) > 1:
            held = holds.pop()
            if held and match["repeated"]:
                return True
    return False


def _around(pattern: str, bar: int) -> bool:
    """Whether the alternatives that the bar at this place separates have the capturing group in one of them."""
    spans: list[tuple[int, int, bool]] = []
    opened: list[tuple[int, bool]] = []
    for match in _TOKEN.finditer(pattern):
        if match[0].startswith("("):
            opened.append((match.start(), match["opens"] is not None))
        elif match[0].startswith(")") and opened:
            start, capturing = opened.pop()
            spans.append((start, match.start(), capturing))
    group = next(((start, end) for start, end, capturing in spans if capturing), (0, 0))
    inside = [(start, end) for start, end, _ in spans if start < bar < end]
    start, end = max(inside, default=(-1, len(pattern)))
    return start < group[0] and group[1] < end


@rule("REGEXP_EXTRACT_ALL")
def _extract_all(resolver: Resolver, node: exp.Expr) -> Value:
    text, pattern = _texts(resolver, node, 2)
    group = _group(pattern, node)
    # Where an empty match follows another one, the two count differently.
    doubt = "error('REGEXP_EXTRACT_ALL of empty matches is not modelled by the local cloud')"
    taken = f"regexp_extract_all({text.sql}, {pattern.sql}, {group})"
    sql = f"{NATIVE}(CASE WHEN regexp_matches('', {pattern.sql}) THEN {doubt} ELSE {taken} END)"
    return _sound(pattern, derived(sql, array(STRING), text, pattern, fallible=True), text)


@rule("REGEXP_REPLACE")
def _replace(resolver: Resolver, node: exp.Expr) -> Value:
    text, pattern, replacement = _texts(resolver, node, 3)
    written = constant_of(replacement)
    if not isinstance(written, str):
        raise unknown(node, "REGEXP_REPLACE by a text that is not constant")
    for escape in re.findall(r"\\(.?)", written.replace("\\\\", "")):
        if not escape.isdigit():
            raise refused(node, f"Invalid REGEXP_REPLACE pattern: {written}")
    sql = f"{NATIVE}regexp_replace({text.sql}, {pattern.sql}, {replacement.sql}, {quote('g')})"
    return _sound(pattern, derived(sql, STRING, text, pattern, replacement, fallible=True), text)
