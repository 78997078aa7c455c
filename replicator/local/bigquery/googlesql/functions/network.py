"""NET.* functions of addresses.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/net_functions
"""

from __future__ import annotations

from typing import Final

from replicator.local.bigquery.googlesql.functions.table import Functions, Overload

_PART: Final = "(?:0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_FOUR: Final = r"\.".join([_PART] * 4)
_GROUP: Final = "[0-9a-fA-F][0-9a-fA-F]?[0-9a-fA-F]?[0-9a-fA-F]?"
_GROUPS: Final = f"(?:{_GROUP}(?::{_GROUP})*)?"


def _count(side: str) -> str:
    return f"CASE WHEN {side} = '' THEN 0 ELSE len(string_split({side}, ':')) END"


def _hex(side: str) -> str:
    return (
        f"CASE WHEN {side} = '' THEN '' ELSE array_to_string(list_transform(string_split({side}, ':'), "
        "lambda g: lpad(g, 4, '0')), '') END"
    )


def _from_text(failure: str) -> str:
    """An address's bytes: of four numbers, or of eight groups of which those that are zero may be left out once."""
    part = "printf('%02X', TRY_CAST(p AS INTEGER))"
    four = f"unhex(array_to_string(list_transform(string_split({{0}}, '.'), lambda p: {part}), ''))"
    whole = f"regexp_full_match({{0}}, '{_GROUP}" + f":{_GROUP}" * 7 + "')"
    cut = f"regexp_full_match({{0}}, '{_GROUPS}::{_GROUPS}')"
    left, right = "split_part({0}, '::', 1)", "split_part({0}, '::', 2)"
    left_count, right_count = f"({_count(left)})", f"({_count(right)})"
    zeros = f"repeat('0000', 8 - {left_count} - {right_count})"
    doubt = "error('an address of groups with numbers or a scope is not modelled by the local cloud')"
    return (
        f"CASE WHEN {{0}} IS NULL THEN NULL WHEN regexp_full_match({{0}}, '{_FOUR}') THEN {four} "
        f"WHEN {whole} THEN unhex({_hex('{0}')}) "
        f"WHEN {cut} AND {left_count} + {right_count} < 8 THEN unhex({_hex(left)} || {zeros} || {_hex(right)}) "
        f"WHEN contains({{0}}, ':') AND (contains({{0}}, '.') OR contains({{0}}, '%')) THEN {doubt} ELSE {failure} END"
    )


def _shortened() -> str:
    """Eight groups as text, the first of the longest runs of zeros left out."""
    groups = (
        "array_to_string(list_transform(regexp_extract_all(lower(hex({0})), '....'), "
        "lambda g: CASE WHEN ltrim(g, '0') = '' THEN '0' ELSE ltrim(g, '0') END), ':')"
    )
    arms = ""
    for count in range(8, 1, -1):
        run = "(^|:)0" + ":0" * (count - 1) + "(:|$)"
        arms += f"WHEN regexp_matches(g, '{run}') THEN regexp_replace(g, '{run}', '::') "
    return f"list_transform([{groups}], lambda g: CASE {arms}ELSE g END)[1]"


_NUMBERS: Final = (
    "array_to_string(list_transform(regexp_extract_all(hex({0}), '..'), "
    "lambda h: CAST(CAST('0x' || h AS INTEGER) AS VARCHAR)), '.')"
)
_MIXED: Final = "error('an address of groups that holds one of numbers is not modelled by the local cloud')"
_WRONG_SIZE: Final = "'An IP address has 4 or 16 bytes'"


def _mask(size: str, length: str) -> str:
    """So many bytes, of which so many bits are set."""
    ones = f"repeat('1', CAST({length} AS INTEGER)) || repeat('0', CAST(8 * {size} - {length} AS INTEGER))"
    return f"CAST(CAST(({ones}) AS BIT) AS BLOB)"


# User before it, port and path behind it; of what looks otherwise the page promises nothing.
_NAME: Final = r"[^/?#@:\[\]\s%]*[A-Za-z0-9][^/?#@:\[\]\s%]*"
_PLAIN: Final = rf"(?:[^/?#@ ]*@)?({_NAME})(?::[0-9]+)?(?:[/?#].*)?"
_SCHEME: Final = "(?:[A-Za-z][A-Za-z0-9+.-]*:)?//"
_HOST_DOUBT: Final = "error('the host of such a URL is not modelled by the local cloud')"


def _host(pattern: str) -> str:
    return f"WHEN regexp_full_match({{0}}, '{pattern}', 's') THEN regexp_extract({{0}}, '^{pattern}$', 1, 's')"


NETWORK: Final[Functions] = {
    "NET.HOST": (
        Overload(
            "STRING -> STRING",
            f"CASE {_host(_SCHEME + _PLAIN)} WHEN contains({{0}}, '//') THEN {_HOST_DOUBT} {_host(_PLAIN)} "
            f"WHEN {{0}} <> '' THEN {_HOST_DOUBT} END",
        ),
    ),
    "NET.IPV4_FROM_INT64": (
        Overload(
            "INT64 -> BYTES",
            "CASE WHEN {0} < -2147483648 OR {0} > 4294967295 THEN {fail} "
            "ELSE unhex(printf('%08X', CASE WHEN {0} < 0 THEN {0} + 4294967296 ELSE {0} END)) END",
            "'NET.IPV4_FROM_INT64() encountered an invalid integer IP: ' || CAST({0} AS VARCHAR)",
        ),
    ),
    "NET.IPV4_TO_INT64": (
        Overload(
            "BYTES -> INT64",
            "CASE WHEN octet_length({0}) = 4 THEN TRY_CAST('0x' || hex({0}) AS BIGINT) "
            "WHEN {0} IS NOT NULL THEN {fail} END",
            "'NET.IPV4_TO_INT64() takes 4 bytes'",
        ),
    ),
    "NET.IP_FROM_STRING": (
        Overload("STRING -> BYTES", _from_text("{fail}"), "'NET.IP_FROM_STRING() encountered an invalid IP: ' || {0}"),
    ),
    "NET.IP_NET_MASK": (
        Overload(
            "INT64, INT64 -> BYTES",
            f"CASE WHEN {{0}} NOT IN (4, 16) OR {{1}} < 0 OR {{1}} > 8 * {{0}} THEN {{fail}} "
            f"ELSE {_mask('{0}', '{1}')} END",
            "'NET.IP_NET_MASK() takes 4 or 16, and no more bits than that many bytes have'",
        ),
    ),
    "NET.IP_TO_STRING": (
        Overload(
            "BYTES -> STRING",
            f"CASE WHEN octet_length({{0}}) = 4 THEN {_NUMBERS} "
            f"WHEN octet_length({{0}}) = 16 AND starts_with(hex({{0}}), repeat('0', 20)) "
            f"AND right(hex({{0}}), 11) <> '00000000001' AND hex({{0}}) <> repeat('0', 32) THEN {_MIXED} "
            f"WHEN octet_length({{0}}) = 16 THEN {_shortened()} "
            "WHEN {0} IS NOT NULL THEN {fail} END",
            _WRONG_SIZE,
        ),
    ),
    "NET.IP_TRUNC": (
        Overload(
            "BYTES, INT64 -> BYTES",
            "CASE WHEN octet_length({0}) NOT IN (4, 16) OR {1} < 0 OR {1} > 8 * octet_length({0}) THEN {fail} "
            f"ELSE CAST(CAST({{0}} AS BIT) & CAST({_mask('octet_length({0})', '{1}')} AS BIT) AS BLOB) END",
            "'NET.IP_TRUNC() takes 4 or 16 bytes, and no more bits than these have'",
        ),
    ),
    "NET.SAFE_IP_FROM_STRING": (Overload("STRING -> BYTES", _from_text("CAST(NULL AS BLOB)")),),
}
"""Not among them: those that need the list of public suffixes."""
