"""String functions.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replicator.local.bigquery.googlesql.functions.octets import BASE32, DECODED, of_bytes
from replicator.local.bigquery.googlesql.functions.searches import SEARCHES
from replicator.local.bigquery.googlesql.functions.table import BY_ITSELF, Functions, Overload
from replicator.local.bigquery.googlesql.values import quote

# What TRIM takes off when it is not told: Unicode's White_Space.
_WHITE: Final = quote(
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
# Letters that become several, or others by where they stand; DuckDB maps one letter to one.
_UPPERED: Final = quote(
    "[\u0149\u01c5\u01c8\u01cb\u01f0\u01f2\u0390\u03b0\u0587\u1e96-\u1e9a\u1f50-\u1fff\ufb00-\ufb17]"
)
_SHARP: Final = quote("\u00df")
# Sigma has another lower case at the end of a word.
_LOWERED: Final = quote(r"\x{3A3}(?:[^\p{Lu}\p{Ll}\p{Lt}]|$)")
_OTHERS: Final = quote("[\u00df\u0130\u03a3]")
_DOTTED, _DOTS = quote("\u0130"), quote("i\u0307")
_DOUBT: Final = "error('the other case of a letter in ' || {0} || ' is not modelled by the local cloud')"
# A position of 0 is that of 1, one before the beginning is the beginning; DuckDB counts otherwise.
_FROM: Final = "CASE WHEN {1} = 0 OR {1} < -length({0}) THEN 1 WHEN {1} > length({0}) THEN length({0}) + 1 ELSE {1} END"
_COUNT: Final = "CASE WHEN {2} > length({0}) THEN length({0}) ELSE {2} END"
# The page says an empty text, GoogleSQL's own evaluator U+0000 (string_functions#chr).
_NOTHING: Final = "error('CHR(0) is not modelled by the local cloud')"
_LETTERS: Final = "list_transform(range(1, length({1}) + 1), lambda i: substr({1}, i, 1))"
_REVERSED: Final = (
    "array_to_string(list_reverse(list_transform(range(1, length({0}) + 1), lambda i: substr({0}, i, 1))), '')"
)

# Blanks are passed over, and the padding may be left out, all of it.
_DIGITS: Final = r"regexp_replace({0}, '\s', '', 'g')"
_PADDING: Final = f"CASE strlen({_DIGITS}) % 4 WHEN 2 THEN '==' WHEN 3 THEN '=' ELSE '' END"
_ENCODED: Final = (
    f"(strlen({_DIGITS}) % 4 <> 1 AND regexp_full_match({_DIGITS}, '[A-Za-z0-9+/]*')) "
    f"OR (strlen({_DIGITS}) % 4 = 0 AND regexp_full_match({_DIGITS}, '[A-Za-z0-9+/]+==?'))"
)


def _joined(args: Sequence[str]) -> str:
    return "(" + " || ".join(args) + ")"


_WORDS: Final = quote(' \t\n\r\f\v[](){}/|<>!?@"^#$&~_,.:;*%+-')


def _initials(delimiters: str) -> str:
    """INITCAP: the first letter behind each delimiter is upper case, all others lower."""
    letter = "substr({0}, i, 1)"
    first = f"i = 1 OR contains({delimiters}, substr({{0}}, i - 1, 1))"
    cased = (
        f"WHEN contains({delimiters}, {letter}) THEN {letter} WHEN {first} THEN upper({letter}) ELSE lower({letter})"
    )
    letters = f"list_transform(range(1, length({{0}}) + 1), lambda i: CASE {cased} END)"
    odd = f"regexp_matches({{0}}, {_UPPERED}) OR regexp_matches({{0}}, {_OTHERS})"
    cased = f"coalesce(array_to_string({letters}, ''), '') || left({{0}}, 0)"
    return f"CASE WHEN {delimiters} IS NULL THEN NULL WHEN {odd} THEN {_DOUBT} ELSE {cased} END"


def _padded(name: str) -> tuple[Overload, ...]:
    """LPAD and RPAD; of what is too long for an INTEGER nothing can be made."""
    return (
        Overload(
            "STRING, INT64 -> STRING",
            f"CASE WHEN {{1}} < 0 THEN {{fail}} ELSE {name}({{0}}, CAST({{1}} AS INTEGER), ' ') END",
            "'Second argument (output size) for LPAD/RPAD cannot be negative'",
        ),
        Overload(
            "STRING, INT64, STRING -> STRING",
            f"CASE WHEN {{1}} < 0 OR {{2}} = '' THEN {{fail}} ELSE {name}({{0}}, CAST({{1}} AS INTEGER), {{2}}) END",
            "'Second argument (output size) for LPAD/RPAD cannot be negative, nor its third (pad pattern) empty'",
        ),
    )


STRINGS: Final[Functions] = {
    **BASE32,
    **SEARCHES,
    "ASCII": (
        Overload(
            "STRING -> INT64",
            "CASE WHEN {0} = '' THEN 0 WHEN unicode({0}) > 127 THEN {fail} ELSE CAST(unicode({0}) AS BIGINT) END",
            "'Argument to ASCII is not a structurally valid ASCII string: ' || {0}",
        ),
    ),
    "BYTE_LENGTH": (
        Overload("STRING -> INT64", "CAST(strlen({0}) AS BIGINT)"),
        Overload("BYTES -> INT64", "CAST(octet_length({0}) AS BIGINT)"),
    ),
    "CHAR_LENGTH": (Overload("STRING -> INT64", "length({0})"),),
    "CHARACTER_LENGTH": (Overload("STRING -> INT64", "length({0})"),),
    "CHR": (
        Overload(
            "INT64 -> STRING", f"CASE WHEN {{0}} = 0 THEN {_NOTHING} ELSE chr(CAST({{0}} AS INTEGER)) END", BY_ITSELF
        ),
    ),
    "CODE_POINTS_TO_STRING": (
        Overload(
            "ARRAY<INT64> -> STRING",
            "CASE WHEN list_count({0}) = len({0}) "
            "THEN array_to_string(list_transform({0}, lambda c: chr(CAST(c AS INTEGER))), '') END",
            BY_ITSELF,
        ),
    ),
    "CODE_POINTS_TO_BYTES": (
        Overload(
            "ARRAY<INT64> -> BYTES",
            "CASE WHEN list_count({0}) < len({0}) OR {0} IS NULL THEN NULL "
            "WHEN len(list_filter({0}, lambda c: c < 0 OR c > 255)) > 0 THEN {fail} "
            "ELSE unhex(coalesce(array_to_string(list_transform({0}, lambda c: printf('%02X', c)), ''), '')) END",
            "'Invalid extended ASCII code points'",
        ),
    ),
    "CONCAT": (Overload("STRING... -> STRING", _joined), Overload("BYTES... -> BYTES", _joined)),
    "ENDS_WITH": (Overload("STRING, STRING -> BOOL", "ends_with({0}, {1})"),),
    "INITCAP": (
        Overload("STRING -> STRING", _initials(_WORDS)),
        Overload("STRING, STRING -> STRING", _initials("{1}")),
    ),
    "LEFT": (
        Overload(
            "STRING, INT64 -> STRING",
            "CASE WHEN {1} < 0 THEN {fail} WHEN {1} >= length({0}) THEN {0} ELSE substr({0}, 1, {1}) END",
            "'Second argument in LEFT() cannot be negative'",
        ),
    ),
    "LENGTH": (
        Overload("STRING -> INT64", "length({0})"),
        Overload("BYTES -> INT64", "CAST(octet_length({0}) AS BIGINT)"),
    ),
    "LOWER": (
        Overload(
            "STRING -> STRING",
            f"CASE WHEN regexp_matches({{0}}, {_LOWERED}) THEN {_DOUBT} "
            f"ELSE lower(replace({{0}}, {_DOTTED}, {_DOTS})) END",
        ),
    ),
    "LPAD": _padded("lpad"),
    "LTRIM": (
        Overload("STRING -> STRING", f"ltrim({{0}}, {_WHITE})"),
        Overload("STRING, STRING -> STRING", "ltrim({0}, {1})"),
    ),
    "OCTET_LENGTH": (
        Overload("STRING -> INT64", "CAST(strlen({0}) AS BIGINT)"),
        Overload("BYTES -> INT64", "CAST(octet_length({0}) AS BIGINT)"),
    ),
    "REPEAT": (
        Overload(
            "STRING, INT64 -> STRING",
            "CASE WHEN {1} < 0 THEN {fail} ELSE repeat({0}, {1}) END",
            "'Second argument in REPEAT() must be a non-negative integer'",
        ),
    ),
    "REPLACE": (Overload("STRING, STRING, STRING -> STRING", "replace({0}, {1}, {2})"),),
    # DuckDB's own reverses clusters of code points, which are single ones in ASCII only.
    "REVERSE": (
        Overload(
            "STRING -> STRING", f"CASE WHEN strlen({{0}}) = length({{0}}) THEN reverse({{0}}) ELSE {_REVERSED} END"
        ),
    ),
    "RIGHT": (
        Overload(
            "STRING, INT64 -> STRING",
            "CASE WHEN {1} < 0 THEN {fail} WHEN {1} >= length({0}) THEN {0} WHEN {1} = 0 AND {0} IS NOT NULL THEN '' "
            "ELSE right({0}, {1}) END",
            "'Second argument in RIGHT() cannot be negative'",
        ),
    ),
    "RPAD": _padded("rpad"),
    "RTRIM": (
        Overload("STRING -> STRING", f"rtrim({{0}}, {_WHITE})"),
        Overload("STRING, STRING -> STRING", "rtrim({0}, {1})"),
    ),
    "SAFE_CONVERT_BYTES_TO_STRING": (
        Overload("BYTES -> STRING", f"CASE WHEN {{0}} IS NOT NULL THEN coalesce(TRY(decode({{0}})), {DECODED}) END"),
    ),
    "SPLIT": (
        Overload("STRING -> ARRAY<STRING>", "string_split({0}, ',')"),
        Overload("STRING, STRING -> ARRAY<STRING>", "CASE WHEN {1} IS NOT NULL THEN string_split({0}, {1}) END"),
    ),
    "STARTS_WITH": (Overload("STRING, STRING -> BOOL", "starts_with({0}, {1})"),),
    "STRPOS": (Overload("STRING, STRING -> INT64", "CAST(strpos({0}, {1}) AS BIGINT)"),),
    "SUBSTR": (
        Overload("STRING, INT64 -> STRING", f"substr({{0}}, {_FROM})"),
        Overload(
            "STRING, INT64, INT64 -> STRING",
            f"CASE WHEN {{2}} < 0 THEN {{fail}} ELSE substr({{0}}, {_FROM}, {_COUNT}) END",
            "'Third argument in SUBSTR() cannot be negative'",
        ),
    ),
    "TO_CODE_POINTS": (
        Overload(
            "STRING -> ARRAY<INT64>",
            "list_transform(range(1, length({0}) + 1), lambda i: CAST(unicode(substr({0}, i, 1)) AS BIGINT))",
        ),
    ),
    "TRANSLATE": (
        Overload(
            "STRING, STRING, STRING -> STRING",
            f"CASE WHEN len(list_distinct({_LETTERS})) < length({{1}}) THEN {{fail}} "
            "ELSE translate({0}, {1}, {2}) END",
            "'Duplicate character in TRANSLATE source characters'",
        ),
    ),
    "TRIM": (
        Overload("STRING -> STRING", f"trim({{0}}, {_WHITE})"),
        Overload("STRING, STRING -> STRING", "trim({0}, {1})"),
    ),
    "UNICODE": (Overload("STRING -> INT64", "CASE WHEN {0} = '' THEN 0 ELSE CAST(unicode({0}) AS BIGINT) END"),),
    "UPPER": (
        Overload(
            "STRING -> STRING",
            f"CASE WHEN regexp_matches({{0}}, {_UPPERED}) THEN {_DOUBT} ELSE upper(replace({{0}}, {_SHARP}, 'SS')) END",
        ),
    ),
    # Hashes and encodings: hash_functions, string_functions#to_hex.
    # What is no ASCII is refused before DuckDB says it, whose message would be cut within a character.
    "FROM_BASE64": (
        Overload(
            "STRING -> BYTES",
            f"CASE WHEN {{0}} IS NULL THEN NULL WHEN {_ENCODED} THEN from_base64({_DIGITS} || {_PADDING}) "
            "ELSE {fail} END",
            "'Failed to decode invalid base64 string'",
        ),
    ),
    "FROM_HEX": (
        Overload(
            "STRING -> BYTES",
            "CASE WHEN regexp_full_match({0}, '[0-9a-fA-F]*') "
            "THEN unhex(CASE WHEN strlen({0}) % 2 = 1 THEN '0' || {0} ELSE {0} END) "
            "WHEN {0} IS NOT NULL THEN {fail} END",
            "'Failed to decode invalid hexadecimal string: ' || {0}",
        ),
    ),
    "MD5": (Overload("STRING -> BYTES", "unhex(md5({0}))"), Overload("BYTES -> BYTES", "unhex(md5({0}))")),
    "SHA1": (Overload("STRING -> BYTES", "unhex(sha1({0}))"), Overload("BYTES -> BYTES", "unhex(sha1({0}))")),
    "SHA256": (Overload("STRING -> BYTES", "unhex(sha256({0}))"), Overload("BYTES -> BYTES", "unhex(sha256({0}))")),
    "TO_BASE64": (Overload("BYTES -> STRING", "to_base64({0})"),),
    "TO_HEX": (Overload("BYTES -> STRING", "lower(hex({0}))"),),
}
# Bytes are counted in pairs of hexadecimal digits, for DuckDB has no other functions of them.
# GoogleSQL seems to keep 32 bits of the number.
_FAR: Final = "WHEN {1} > 2147483647 THEN error('a part of BYTES beyond 32 bits is not modelled by the local cloud') "

_BYTES: Final[Functions] = {
    "ENDS_WITH": (Overload("BYTES, BYTES -> BOOL", "ends_with(hex({0}), hex({1}))"),),
    "LEFT": (
        Overload(
            "BYTES, INT64 -> BYTES",
            f"CASE WHEN {{1}} < 0 THEN {{fail}} {_FAR}"
            "WHEN {1} >= octet_length({0}) THEN {0} "
            "ELSE unhex(substr(hex({0}), 1, 2 * least({1}, octet_length({0})))) END",
            "'Second argument in LEFT() cannot be negative'",
        ),
    ),
    "REPEAT": (
        Overload(
            "BYTES, INT64 -> BYTES",
            "CASE WHEN {1} < 0 THEN {fail} ELSE unhex(repeat(hex({0}), {1})) END",
            "'Second argument in REPEAT() must be a non-negative integer'",
        ),
    ),
    "RIGHT": (
        Overload(
            "BYTES, INT64 -> BYTES",
            f"CASE WHEN {{1}} < 0 THEN {{fail}} {_FAR}"
            "WHEN {1} >= octet_length({0}) THEN {0} "
            "ELSE unhex(substr(hex({0}), 2 * greatest(octet_length({0}) - greatest({1}, 0), 0) + 1)) END",
            "'Second argument in RIGHT() cannot be negative'",
        ),
    ),
    "STARTS_WITH": (Overload("BYTES, BYTES -> BOOL", "starts_with(hex({0}), hex({1}))"),),
    "TO_CODE_POINTS": (
        Overload(
            "BYTES -> ARRAY<INT64>",
            "list_transform(range(1, 2 * octet_length({0}), 2), "
            "lambda i: CAST('0x' || substr(hex({0}), i, 2) AS BIGINT))",
        ),
    ),
}
for _name, _overloads in _BYTES.items():
    STRINGS[_name] += _overloads
for _name, _overloads in of_bytes(STRINGS).items():
    STRINGS[_name] += _overloads
STRINGS["SUBSTRING"] = STRINGS["SUBSTR"]
