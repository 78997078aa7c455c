r"""Regular expressions: RE2 on both sides.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_contains
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.constants import constant_of, is_null
from replicator.local.bigquery.googlesql.functions.octets import latin, of_latin
from replicator.local.bigquery.googlesql.functions.rules import arguments, as_type, rule
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import (
    BOOL,
    BYTES,
    INT64,
    NATIVE,
    STRING,
    Names,
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

_REPLACEMENT: Final = r"(?:[^\\]|\\[0-9\\])*"

_TOKEN: Final = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]])*\]|\((?P<opens>\?P?<|(?!\?))?|\)(?P<repeated>[?*]|\{0)?|\|",
    re.DOTALL,
)


_ASSERTED: Final = re.compile(r"[\^$]|\\[bBAzZ]")
"""What makes a pattern match in some places only."""


def groups_in(pattern: str) -> int:
    """How many capturing groups a pattern has."""
    return sum(match["opens"] is not None for match in _GROUP.finditer(pattern))


@dataclass(frozen=True)
class Matched:
    """The arguments of such a function.

    Attributes:
        texts: The text, the pattern and whatever else is one.
        counts: What the function counts by, behind the texts.
        octets: Whether the texts stand for BYTES, as their result does then.
    """

    texts: list[Value]
    counts: list[Value]
    octets: bool


def matched(resolver: Resolver, node: exp.Expr, texts: int = 2, counts: int = 0) -> Matched:
    """The arguments: so many texts or BYTES, and up to so many INT64.

    Raises:
        BigQueryError: They are not.
    """
    values = arguments(resolver, node, texts, texts + counts)
    octets = BYTES in [value.type for value in values[:texts]]
    kind = BYTES if octets else STRING
    given = [as_type(resolver, node, values, index, kind) for index in range(texts)]
    # Of letters beyond ASCII a text has two cases, a byte has one.
    if octets and re.search(r"\\C|\(\?[a-zA-Z]*i", str(constant_of(latin(given[1])))):
        raise unknown(node, "a regular expression of BYTES without regard to case, or with \\C")
    numbers = [as_type(resolver, node, values, index, INT64) for index in range(texts, len(values))]
    return Matched([latin(text) for text in given] if octets else given, numbers, octets)


def _taken(given: Matched, made: Value) -> Value:
    return of_latin(made) if given.octets else made


def sound(pattern: Value, made: Value, text: Value) -> Value:
    """``made``, unless the pattern is broken, which is noticed where there is a text that it is held against."""
    if not isinstance(constant_of(pattern), str):
        return made
    if constant_of(derived(f"regexp_matches('', {pattern.sql})", BOOL, pattern)) is not None:
        return made
    sql = f"(CASE WHEN {text.sql} IS NOT NULL THEN {fail(made.type, quote('Cannot parse regular expression'))} END)"
    return derived(sql, made.type, text, pattern, fallible=True)


@rule("REGEXP_CONTAINS")
def _contains(resolver: Resolver, node: exp.Expr) -> Value:
    text, pattern = matched(resolver, node).texts
    made = derived(f"{NATIVE}regexp_matches({text.sql}, {pattern.sql})", BOOL, text, pattern, fallible=True)
    return sound(pattern, made, text)


def group_of(pattern: Value, node: exp.Expr) -> int:
    """The number of the group that is taken out, 0 where there is none.

    Raises:
        BigQueryError: There are several, or it is not known.
    """
    written = "" if is_null(pattern) else constant_of(pattern)
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
    given = matched(resolver, node, counts=2)
    text, pattern = given.texts
    group = group_of(pattern, node)
    if given.counts:
        return _taken(given, _extract_at(resolver, text, pattern, group, given.counts))

    def sql(held: str) -> str:
        taken = f"regexp_extract({held}, {pattern.sql}, {group})"
        return f"(CASE WHEN regexp_matches({held}, {pattern.sql}) THEN {taken} END)"

    made = derived(NATIVE + bound(text.sql, resolver.gathering.names, sql), STRING, text, pattern, fallible=True)
    return _taken(given, sound(pattern, made, text))


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


def sole_group(pattern: str) -> tuple[str, str, str] | None:
    """What stands before, in and behind the one capturing group; None unless it always takes part, as it is, once."""
    depth, start, opened = 0, -1, 0
    for match in _TOKEN.finditer(pattern):
        if match[0].startswith("("):
            if match["opens"] is not None:
                if depth:
                    return None
                start, opened = match.start(), match.end()
            depth += 1
        elif match[0].startswith(")"):
            depth -= 1
            if start >= 0 and not depth:
                before, inside, behind = pattern[:start], pattern[opened : match.start()], pattern[match.start() + 1 :]
                inside = re.sub(r"^[^>]*>", "", inside) if pattern[start:opened].endswith("<") else inside
                flags = re.search(r"\(\?[a-zA-Z-]+\)", before + behind)
                return None if flags or re.match(r"[?*+{]", behind) else (before, inside, behind)
        elif match[0] == "|" and not depth:
            return None
    return None


def _matches(text: str, pattern: Value, group: int, names: Names) -> str:
    """All matches in a text, one behind the other; behind the last letter GoogleSQL looks for no empty one."""
    written = constant_of(pattern)

    def sql(held: str) -> str:
        found = f"regexp_extract_all({held}, {pattern.sql}, {group})"
        if not isinstance(written, str) or constant_of(_empty(pattern)) is False:
            return found
        kept = f"list_slice({found}, 1, len({found}) - 1)"
        if _ASSERTED.search(written):
            # Whether there is one behind the last letter is not known.
            doubt = "error('what REGEXP_EXTRACT_ALL finds of empty matches is not modelled by the local cloud')"
            kept = f"CASE WHEN regexp_matches({held}, {pattern.sql}) THEN {doubt} ELSE {found} END"
        return f"(CASE WHEN {held} = '' THEN {found} ELSE {kept} END)"

    return bound(text, names, sql)


def _empty(pattern: Value) -> Value:
    """Whether the pattern matches an empty text."""
    return derived(f"regexp_matches('', {pattern.sql})", BOOL, pattern)


@rule("REGEXP_EXTRACT_ALL")
def _extract_all(resolver: Resolver, node: exp.Expr) -> Value:
    given = matched(resolver, node)
    text, pattern = given.texts
    group = group_of(pattern, node)
    sql = NATIVE + _matches(text.sql, pattern, group, resolver.gathering.names)
    return _taken(given, sound(pattern, derived(sql, array(STRING), text, pattern, fallible=True), text))


@rule("REGEXP_REPLACE")
def _replace(resolver: Resolver, node: exp.Expr) -> Value:
    given = matched(resolver, node, texts=3)
    text, pattern, replacement = given.texts
    written = constant_of(replacement)
    if isinstance(written, str) and not re.fullmatch(_REPLACEMENT, written, re.DOTALL):
        raise refused(node, f"Invalid REGEXP_REPLACE pattern: {written}")

    def sql(held: str) -> str:
        made = f"regexp_replace({text.sql}, {pattern.sql}, {held}, 'g')"
        if isinstance(written, str):
            return made
        wrong = f"{held} IS NOT NULL AND NOT regexp_full_match({held}, {quote(_REPLACEMENT)}, 's')"
        failure = fail(STRING, f"'Invalid REGEXP_REPLACE pattern: ' || {held}")
        return f"(CASE WHEN {wrong} THEN {failure} ELSE {made} END)"

    made = NATIVE + bound(replacement.sql, resolver.gathering.names, sql)
    return _taken(given, sound(pattern, derived(made, STRING, text, pattern, replacement, fallible=True), text))
