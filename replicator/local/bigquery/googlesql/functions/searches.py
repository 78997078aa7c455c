"""Finding a text in another, and what texts have in common.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#instr
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replicator.local.bigquery.googlesql.functions.table import Functions, Overload

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


_MESSAGE: Final = "'Position must be non-zero, and occurrence must be positive'"

SEARCHES: Final[Functions] = {
    "INSTR": (
        Overload("STRING, STRING -> INT64", "CAST(strpos({0}, {1}) AS BIGINT)"),
        Overload("STRING, STRING, INT64 -> INT64", _found("1"), _MESSAGE),
        Overload("STRING, STRING, INT64, INT64 -> INT64", _found("{3}"), _MESSAGE),
    ),
    "SOUNDEX": (Overload("STRING -> STRING", _soundex),),
}
