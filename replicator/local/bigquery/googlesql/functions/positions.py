"""REGEXP_INSTR: where in a text a regular expression matches.

DuckDB has no such function. Every match is set between two signs that stand for no letter, and those are counted by.
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_instr
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.functions.patterns import group_of, matched, sole_group, sound
from replicator.local.bigquery.googlesql.functions.rules import rule
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import INT64, NATIVE, Value, bound, derived, fail, quote

_OPEN: Final = "chr(1114110)"
_CLOSE: Final = "chr(1114111)"
_WHOLE: Final = f"{_OPEN} || {quote(chr(92) + '0')} || {_CLOSE}"
_INNER: Final = f"{quote(chr(92) + '1')} || {_OPEN} || {quote(chr(92) + '2')} || {_CLOSE} || {quote(chr(92) + '3')}"
_DOUBT: Final = "error('REGEXP_INSTR of such texts, or of empty matches, is not modelled by the local cloud')"


@rule("REGEXP_INSTR")
def _instr(resolver: Resolver, node: exp.Expr) -> Value:
    given = matched(resolver, node, counts=3)
    text, pattern = given.texts
    names = resolver.gathering.names
    sought, marked = pattern.sql, _WHOLE
    if group_of(pattern, node):
        around = sole_group(str(constant_of(pattern)))
        if around is None:
            raise unknown(node, "REGEXP_INSTR of a group inside another one")
        sought, marked = quote("".join(f"({part})" for part in around)), _INNER
    counts = (*(count.sql for count in given.counts), *("1::BIGINT", "1::BIGINT", "0::BIGINT")[len(given.counts) :])

    def found(place: str, number: str, after: str, signed: str) -> str:
        before = f"length(array_to_string(list_slice(string_split({signed}, {_OPEN}), 1, {number}), ''))"
        match = f"split_part(string_split({signed}, {_OPEN})[{number} + 1], {_CLOSE}, 1)"
        at = f"{place} + {before} - {number} + 1 + CASE WHEN {after} = 1 THEN length({match}) ELSE 0 END"
        count = f"len(string_split({signed}, {_OPEN})) - 1"
        empty = f"contains({signed}, {_OPEN} || {_CLOSE})"
        return f"CASE WHEN {empty} THEN {_DOUBT} WHEN {number} > {count} THEN 0 ELSE CAST({at} AS BIGINT) END"

    def sql(held: str, place: str, number: str, after: str) -> str:
        nulls = " OR ".join(f"{each} IS NULL" for each in (held, pattern.sql, place, number, after))
        rest = f"substr({held}, least({place}, length({held}) + 1))"
        signed = f"regexp_replace({rest}, {sought}, {marked}, 'g')"
        odd = f"regexp_matches({held}, '[\U0010fffe\U0010ffff]') OR regexp_matches('', {pattern.sql})"
        return (
            f"(CASE WHEN {nulls} THEN NULL "
            f"WHEN {place} < 1 THEN {fail(INT64, quote('Position must be positive'))} "
            f"WHEN {number} < 1 THEN {fail(INT64, quote('Occurrence must be positive'))} "
            f"WHEN {after} NOT IN (0, 1) THEN {fail(INT64, quote('Invalid return_position_after_match.'))} "
            f"WHEN {place} > greatest(length({held}), 1) THEN 0 WHEN {odd} THEN {_DOUBT} "
            f"ELSE {bound(signed, names, lambda each: found(place, number, after, each))} END)"
        )

    def with_counts(held: str) -> str:
        place, number, after = counts
        return bound(
            place,
            names,
            lambda place: bound(number, names, lambda n: bound(after, names, lambda a: sql(held, place, n, a))),
        )

    made = derived(NATIVE + bound(text.sql, names, with_counts), INT64, text, pattern, *given.counts, fallible=True)
    return sound(pattern, made, text)
