"""What a JSON value is, and the scalar that it holds.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_type
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.casting import cast
from replicator.local.bigquery.googlesql.functions.rules import arguments, mismatch, name_of, rule
from replicator.local.bigquery.googlesql.functions.zones import offset_text, shown, zone_at
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.texts import datetime_text, float_text
from replicator.local.bigquery.googlesql.values import (
    BOOL,
    FLOAT64,
    INT64,
    JSON,
    STRING,
    Value,
    bound,
    derived,
    fail,
    quote,
)
from replicator.local.bigquery.types import Type

_WHOLE: Final = "('BIGINT', 'UBIGINT')"
_NUMBERS: Final = "('BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT', 'UHUGEINT')"
_TIMES: Final = ("DATE", "DATETIME", "TIME", "TIMESTAMP")
TYPES: Final = {"BOOL": BOOL, "FLOAT64": FLOAT64, "INT64": INT64, "STRING": STRING}


@rule("JSON_TYPE")
def _type(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 1)
    if values[0].type != JSON:
        raise mismatch(node, values)

    def sql(held: str) -> str:
        return (
            f"(CASE json_type({held}) WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' "
            "WHEN 'NULL' THEN 'null' "
            "WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'object' "
            f"ELSE CASE WHEN {held} IS NOT NULL THEN 'number' END END)"
        )

    return derived(bound(values[0].sql, resolver.gathering.names, sql), STRING, values[0])


@rule("BOOL", "FLOAT64", "INT64", "STRING")
def _scalar(resolver: Resolver, node: exp.Expr) -> Value:
    name = name_of(node)
    if len(node.expressions) > 1:
        return _in_zone(resolver, node)
    values = arguments(resolver, node, 1)
    to = TYPES[name]
    if name == "STRING" and values[0].type.name in _TIMES:
        return cast(values[0], STRING, resolver.gathering.names, node)
    if values[0].type != JSON:
        raise mismatch(node, values)
    sql = bound(values[0].sql, resolver.gathering.names, lambda held: strict(held, to))
    return derived(sql, to, values[0], fallible=True)


def _in_zone(resolver: Resolver, node: exp.Expr) -> Value:
    """STRING(timestamp, zone)."""
    values = arguments(resolver, node, 2)
    if name_of(node) != "STRING" or values[0].type.name != "TIMESTAMP":
        raise unknown(node, f"{name_of(node)} with more than one argument")
    zone, names = zone_at(resolver, node, 1), resolver.gathering.names

    def sql(held: str) -> str:
        clock = bound(shown(held, zone, names), names, lambda clock: f"({datetime_text(clock)})")
        return f"{clock} || {offset_text(held, zone, colon=':', minutes=False)}"

    return derived(bound(values[0].sql, names, sql), STRING, values[0])


_READ: Final = r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*"
_SPECIAL: Final = r"(?i)\s*[+-]?(?:inf|infinity|nan)\s*"
_HEXADECIMAL: Final = r"^\s*[+-]?0[xX]"
_DIGITS: Final = r"\s*[+-]?\d+\s*"
_BLANKS: Final = "' \t\n\r\x0b\x0c'"


def _taken(held: str) -> str:
    return f"json_extract_string({held}, '$')"


@rule("LAX_BOOL", "LAX_FLOAT64", "LAX_INT64", "LAX_STRING")
def _lax(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 1)
    if values[0].type != JSON:
        raise mismatch(node, values)
    to = TYPES[name_of(node).removeprefix("LAX_")]
    return derived(bound(values[0].sql, resolver.gathering.names, lambda held: lax(held, to)), to, values[0])


def _lax_cases(held: str, boolean: str, number: str, text: str) -> str:
    """What a scalar comes to by its kind; NULL for what is none."""
    kind = f"json_type({held})"
    arms = f"WHEN 'BOOLEAN' THEN {boolean} WHEN 'VARCHAR' THEN {text} "
    numbers = " ".join(
        f"WHEN '{each}' THEN {number}" for each in ("BIGINT", "UBIGINT", "DOUBLE", "HUGEINT", "UHUGEINT")
    )
    return f"(CASE {kind} {arms}{numbers} END)"


def _lax_bool(held: str) -> str:
    text = _taken(held)
    words = f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    return _lax_cases(held, f"({text} = 'true')", f"(TRY_CAST({text} AS DOUBLE) <> 0)", words)


def _lax_float64(held: str) -> str:
    text = _taken(held)
    doubt = f"error('LAX_FLOAT64 of the text ' || {text} || ' is not modelled by the local cloud')"
    read = (
        f"CASE WHEN regexp_full_match({text}, {quote(_READ)}) OR regexp_full_match({text}, {quote(_SPECIAL)}) "
        f"THEN TRY_CAST(trim({text}, {_BLANKS}) AS DOUBLE) "
        f"WHEN regexp_matches({text}, {quote(_HEXADECIMAL)}) THEN {doubt} END"
    )
    return _lax_cases(held, "CAST(NULL AS DOUBLE)", f"TRY_CAST({text} AS DOUBLE)", read)


def _lax_int64(held: str) -> str:
    text = _taken(held)
    number = f"TRY_CAST(trim({text}, {_BLANKS}) AS DOUBLE)"
    doubt = f"error('LAX_INT64 of ' || {text} || ' is not modelled by the local cloud')"
    # A half is rounded away from zero; of what a FLOAT64 does not hold exactly the digits are not known.
    rounded = (
        f"CASE WHEN abs({number}) < 9007199254740992 THEN TRY_CAST(round({number}) AS BIGINT) "
        f"WHEN abs({number}) < 9300000000000000000 THEN {doubt} END"
    )
    digits = f"regexp_full_match({text}, {quote(_DIGITS)})"
    read = (
        f"CASE WHEN {digits} THEN TRY_CAST(trim({text}, {_BLANKS}) AS BIGINT) "
        f"WHEN regexp_full_match({text}, {quote(_READ)}) THEN {rounded} END"
    )
    plain = f"CASE WHEN {digits} THEN TRY_CAST({text} AS BIGINT) ELSE {rounded} END"
    return _lax_cases(held, f"CAST(({text} = 'true') AS BIGINT)", plain, read)


def _lax_string(held: str) -> str:
    text = _taken(held)
    fraction = f"TRY_CAST({text} AS DOUBLE)"
    number = f"CASE WHEN regexp_full_match({text}, {quote(_DIGITS)}) THEN {text} ELSE {float_text(fraction)} END"
    return _lax_cases(held, text, number, text)


def lax(held: str, to: Type) -> str:
    """What a JSON value can be read as; NULL where it cannot."""
    return _LAX[to.name](held)


_LAX: Final[dict[str, Callable[[str], str]]] = {
    "BOOL": _lax_bool,
    "FLOAT64": _lax_float64,
    "INT64": _lax_int64,
    "STRING": _lax_string,
}


def strict(held: str, to: Type) -> str:
    """The scalar that a JSON value is, or a failure where it is another one; NULL of NULL."""
    kind = f"json_type({held})"
    failure = fail(to, quote(f"The provided JSON input is not of type {to}"))
    text = f"json_extract_string({held}, '$')"
    if to == FLOAT64:
        taken = f"WHEN {kind} IN {_NUMBERS} THEN CAST({text} AS DOUBLE)"
    elif to == INT64:
        number = f"CAST({text} AS DOUBLE)"
        whole = f"abs({number}) < 9007199254740992 AND {number} = trunc({number})"
        doubt = f"error('the INT64 in the JSON number ' || {text} || ' is not modelled by the local cloud')"
        taken = (
            f"WHEN {kind} IN {_WHOLE} THEN coalesce(TRY_CAST({text} AS BIGINT), {failure}) "
            f"WHEN {kind} IN {_NUMBERS} THEN CASE WHEN {whole} THEN CAST({number} AS BIGINT) "
            f"WHEN {number} = trunc({number}) THEN {doubt} ELSE {failure} END"
        )
    else:
        wanted, value = ("BOOLEAN", f"({text} = 'true')") if to == BOOL else ("VARCHAR", text)
        taken = f"WHEN {kind} = '{wanted}' THEN {value}"
    return f"(CASE WHEN {held} IS NULL THEN NULL {taken} ELSE {failure} END)"
