"""Functions of BYTES: as texts whose letters stand for bytes, for DuckDB has hardly any functions of a BLOB.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from replicator.local.bigquery.googlesql.functions.table import Functions, Overload
from replicator.local.bigquery.googlesql.values import BYTES, STRING, Value, derived
from replicator.local.bigquery.types import array

# Letters above those that have a meaning to trimming, casing or reversing.
_SHIFT: Final = 0x100
_NAMES: Final = "opq"


def letters(sql: str, shift: int = _SHIFT) -> str:
    """The text that stands for BYTES; ``sql`` is evaluated once."""
    byte = f"chr({shift} + CAST('0x' || h AS INTEGER))"
    made = f"array_to_string(list_transform(regexp_extract_all(h, '..'), lambda h: {byte}), '')"
    return f"list_transform([hex({sql})], lambda h: CASE WHEN h IS NULL THEN NULL ELSE coalesce({made}, '') END)[1]"


def octets(sql: str, shift: int = _SHIFT) -> str:
    """The BYTES that a text stands for; ``sql`` is evaluated once."""
    byte = f"printf('%02X', unicode(c) - {shift})"
    made = f"array_to_string(list_transform(regexp_extract_all(c, '(?s).'), lambda c: {byte}), '')"
    return f"list_transform([{sql}], lambda c: CASE WHEN c IS NULL THEN NULL ELSE unhex(coalesce({made}, '')) END)[1]"


def latin(value: Value) -> Value:
    """A text of which every letter is the byte of its number, for patterns, in which signs have a meaning."""
    return derived(letters(value.sql, 0), STRING, value)


def of_latin(value: Value) -> Value:
    """The BYTES, or the array of them, that such a text stands for."""
    if value.type.element is None:
        return derived(octets(value.sql, 0), BYTES, value)
    return derived(f"list_transform({value.sql}, lambda m: {octets('m', 0)})", array(BYTES), value)


def _shifted(text: str) -> str:
    return "'" + "".join(chr(_SHIFT + ord(letter)) for letter in text) + "'"


_SMALL: Final = "abcdefghijklmnopqrstuvwxyz"
_CASED: Final = {
    "LOWER": f"translate({{0}}, {_shifted(_SMALL.upper())}, {_shifted(_SMALL)})",
    "UPPER": f"translate({{0}}, {_shifted(_SMALL)}, {_shifted(_SMALL.upper())})",
}
_TAKEN: Final = (
    "INSTR", "LOWER", "LPAD", "LTRIM", "REPLACE", "REVERSE", "RPAD", "RTRIM", "SPLIT", "STRPOS", "SUBSTR", "TRANSLATE",
    "TRIM", "UPPER",
)  # fmt: skip
"""Functions that do to BYTES what they do to a STRING."""
_BARE: Final = frozenset({("LTRIM", 1), ("RTRIM", 1), ("TRIM", 1), ("SPLIT", 1)})
"""What a STRING is trimmed of, or split at, when nothing is said, has no counterpart in BYTES."""


def of_bytes(strings: Functions) -> Mapping[str, tuple[Overload, ...]]:
    """The signatures for BYTES, made of those for STRING."""
    made = {
        name: tuple(
            _of_bytes(name, overload)
            for overload in strings[name]
            if "BYTES" not in overload.signature and (name, overload.signature.count(",") + 1) not in _BARE
        )
        for name in _TAKEN
    }
    made["ASCII"] = (
        Overload(
            "BYTES -> INT64",
            "CASE WHEN octet_length({0}) = 0 THEN 0 ELSE CAST('0x' || left(hex({0}), 2) AS BIGINT) END",
        ),
    )
    return made


def _of_bytes(name: str, overload: Overload) -> Overload:
    parameters, _, result = overload.signature.partition("->")
    body = _CASED.get(name) or str(overload.sql)
    body = body.replace("' '", _shifted(" "))
    places = [place for place, kind in enumerate(parameters.split(",")) if kind.strip() == "STRING"]
    for place in places:
        body = re.sub(rf"\{{{place}\}}", _NAMES[place], body)
    for place in reversed(places):
        body = f"list_transform([{letters(f'{{{place}}}')}], lambda {_NAMES[place]}: {body})[1]"
    if "ARRAY" in result:
        body = f"list_transform({body}, lambda m: {octets('m')})"
    elif "STRING" in result:
        body = octets(body)
    failure = re.sub(r" \|\| \{\d\}", "", overload.failure)
    return Overload(overload.signature.replace("STRING", "BYTES"), body, failure)


JOINED: Final = (
    Overload(
        "ARRAY<BYTES>, BYTES -> BYTES",
        "CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL ELSE "
        "unhex(coalesce(array_to_string(list_transform(list_filter({0}, lambda e: e IS NOT NULL), "
        "lambda e: hex(e)), hex({1})), '')) END",
    ),
    Overload(
        "ARRAY<BYTES>, BYTES, BYTES -> BYTES",
        "CASE WHEN {0} IS NULL OR {1} IS NULL OR {2} IS NULL THEN NULL ELSE "
        "unhex(coalesce(array_to_string(list_transform({0}, lambda e: hex(coalesce(e, {2}))), hex({1})), '')) END",
    ),
)
"""ARRAY_TO_STRING."""

# UTF-8 in hexadecimal, or else one byte of what is none, for which U+FFFD stands.
_SEQUENCES: Final = (
    "[0-7].",
    "C[2-9A-F][89AB].",
    "D.[89AB].",
    "E0[AB].[89AB].",
    "E[1-9A-CEF][89AB].[89AB].",
    "ED[89].[89AB].",
    "F0[9AB].[89AB].[89AB].",
    "F[1-3][89AB].[89AB].[89AB].",
    "F48.[89AB].[89AB].",
)
_DECODED: Final = "CASE WHEN h[1] < '8' OR length(h) > 2 THEN decode(unhex(h)) ELSE chr(65533) END"
DECODED: Final = (
    f"array_to_string(list_transform(regexp_extract_all(hex({{0}}), '{'|'.join(_SEQUENCES)}|..'), "
    f"lambda h: {_DECODED}), '')"
)
"""The text that BYTES are read as where some of them are no UTF-8."""

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ONE: Final = "[A-Z2-7]"
# Of eight letters so many may be padding, behind which whole bytes end.
_LAST: Final = "|".join(_ONE * (8 - padding) + "=" * padding for padding in (0, 1, 3, 4, 6))
_ENCODED: Final = f"(?:{_ONE * 8})*(?:{_LAST})"
_DOUBT: Final = (
    "error('FROM_BASE32 of a text without its padding, or of other letters, is not modelled by the local cloud')"
)


def _number(bits: str) -> str:
    return f"CAST(CAST(lpad({bits}, 32, '0') AS BIT) AS INTEGER)"


# Of BYTES as a text of zeros and ones, five of which are a letter.
_BITS: Final = "CAST(CAST(unhex(h) AS BIT) AS VARCHAR)"
_WHOLE: Final = f"rpad({_BITS}, CAST((length(h) * 4 + 4) // 5 * 5 AS INTEGER), '0')"
_LETTERS: Final = (
    f"array_to_string(list_transform(regexp_extract_all({_WHOLE}, '.....'), "
    f"lambda b: substr('{_ALPHABET}', {_number('b')} + 1, 1)), '')"
)
_FIVES: Final = (
    "array_to_string(list_transform(regexp_extract_all(rtrim({0}, '='), '.'), "
    f"lambda c: right(CAST(CAST(CAST(strpos('{_ALPHABET}', c) - 1 AS INTEGER) AS BIT) AS VARCHAR), 5)), '')"
)
_EIGHTS: Final = (
    f"array_to_string(list_transform(regexp_extract_all({_FIVES}, '........'), "
    f"lambda b: printf('%02X', {_number('b')})), '')"
)

BASE32: Final[Functions] = {
    "FROM_BASE32": (
        Overload(
            "STRING -> BYTES",
            f"CASE WHEN {{0}} IS NULL THEN NULL WHEN {{0}} = '' THEN unhex('') "
            f"WHEN regexp_full_match({{0}}, '{_ENCODED}') THEN unhex({_EIGHTS}) ELSE {_DOUBT} END",
        ),
    ),
    "TO_BASE32": (
        Overload(
            "BYTES -> STRING",
            "list_transform([hex({0})], lambda h: CASE WHEN h = '' THEN '' WHEN h IS NOT NULL THEN "
            f"rpad({_LETTERS}, CAST((length(h) // 2 + 4) // 5 * 8 AS INTEGER), '=') END)[1]",
        ),
    ),
}
