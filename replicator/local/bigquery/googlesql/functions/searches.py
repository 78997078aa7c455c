"""Finding a text in another, and what texts have in common.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#instr
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.functions.rules import mismatch, rule, with_names
from replicator.local.bigquery.googlesql.functions.table import UNMODELLED, Functions, Overload, call
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import Value

_FOUND: Final = "list_filter(range(1, length({0}) - length({1}) + 2), lambda i: substr({0}, i, length({1})) = {1})"
_BACKWARDS: Final = "error('INSTR of an empty text, backwards, is not modelled by the local cloud')"


def _found(occurrence: str) -> str:
    onwards = f"list_filter({_FOUND}, lambda i: i >= {{2}})"
    backwards = f"list_reverse(list_filter({_FOUND}, lambda i: i <= length({{0}}) + 1 + {{2}}))"
    wrong = f" OR {occurrence} < 1" if "{" in occurrence else ""
    return (
        f"CASE WHEN {{2}} = 0{wrong} THEN {{fail}} WHEN {{2}} < 0 AND {{1}} = '' THEN {_BACKWARDS} "
        f"ELSE coalesce(list_extract(CASE WHEN {{2}} > 0 THEN {onwards} ELSE {backwards} END, {occurrence}), 0) END"
    )


_CODES: Final = {"BFPV": 1, "CGJKQSXZ": 2, "DT": 3, "L": 4, "MN": 5, "R": 6}
_CODED: Final = "".join(_CODES)
_DIGITS: Final = "".join(str(code) * len(letters) for letters, code in _CODES.items())


def _soundex(args: Sequence[str]) -> str:
    # What has no code separates nothing: two letters of one code on both sides of it are one.
    codes = f"translate(upper(l), '{_CODED}AEIOUYHW', '{_DIGITS}')"
    for code in _CODES.values():
        codes = f"regexp_replace({codes}, '{code}+', '{code}', 'g')"
    begins = f"CASE WHEN contains('{_CODED}', upper(left(l, 1))) THEN 2 ELSE 1 END"
    made = f"left(l, 1) || rpad(left(substr({codes}, {begins}), 3), 3, '0')"
    letters = f"regexp_replace({args[0]}, '[^A-Za-z]', '', 'g')"
    return f"list_transform([{letters}], lambda l: CASE WHEN l = '' THEN '' ELSE {made} END)[1]"


# DuckDB's own counts bytes: every letter of the two becomes one.
_MOST: Final = 127
_TOO_MANY: Final = f"error('EDIT_DISTANCE of more than {_MOST} different letters is not modelled by the local cloud')"
_BYTE: Final = f"array_to_string(list_transform(range(1, {_MOST + 1}), lambda n: chr(CAST(n AS INTEGER))), '')"
_DIFFERENT: Final = "array_to_string(list_distinct(regexp_extract_all({0} || {1}, '(?s).')), '')"
_MAPPED: Final = (
    f"list_transform([{_DIFFERENT}], lambda d: CASE WHEN length(d) > {_MOST} THEN {_TOO_MANY} "
    f"WHEN d = '' THEN 0 ELSE levenshtein(translate({{0}}, d, {_BYTE}), translate({{1}}, d, {_BYTE})) END)[1]"
)
_DISTANCE: Final = (
    f"CAST(CASE WHEN strlen({{0}}) > length({{0}}) OR strlen({{1}}) > length({{1}}) THEN {_MAPPED} "
    "ELSE levenshtein({0}, {1}) END AS BIGINT)"
)
_EDITS: Final = (
    Overload("STRING, STRING -> INT64", _DISTANCE),
    Overload("BYTES, BYTES -> INT64", UNMODELLED),
    Overload(
        "STRING, STRING, INT64 -> INT64",
        f"CASE WHEN {{2}} < 0 THEN {{fail}} ELSE least({_DISTANCE}, {{2}}) END",
        "'Max distance must be non-negative'",
    ),
)


@rule("EDIT_DISTANCE")
def _edits(resolver: Resolver, node: exp.Expr) -> Value:
    given, named = with_names(node)
    values = [resolver.value(argument) for argument in [*given, *named.values()]]
    if len(given) != 2 or set(named) - {"max_distance"}:
        raise mismatch(node, values)
    return call("function EDIT_DISTANCE", _EDITS, values, resolver.gathering.names, node)


_MESSAGE: Final = "'Position must be non-zero, and occurrence must be positive'"

SEARCHES: Final[Functions] = {
    "INSTR": (
        Overload("STRING, STRING -> INT64", "CAST(strpos({0}, {1}) AS BIGINT)"),
        Overload("STRING, STRING, INT64 -> INT64", _found("1"), _MESSAGE),
        Overload("STRING, STRING, INT64, INT64 -> INT64", _found("{3}"), _MESSAGE),
    ),
    "SOUNDEX": (Overload("STRING -> STRING", _soundex),),
}
