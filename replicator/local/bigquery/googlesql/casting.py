"""CAST and SAFE_CAST.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sqlglot import exp

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.coercion import implicit, written_decimal
from replicator.local.bigquery.googlesql.moments import DATE_PATTERN, TIME_PATTERN
from replicator.local.bigquery.googlesql.ranges import has_ends, within
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.texts import datetime_text, float_text, numeric_text, time_text, timestamp_text
from replicator.local.bigquery.googlesql.values import (
    BIGNUMERIC,
    FLOAT64,
    NUMERIC,
    Names,
    Origin,
    Value,
    bound,
    derived,
    fail,
    field_sql,
    filled,
    let,
    literal,
    pack,
    quote,
    trying,
    untyped,
)
from replicator.local.bigquery.types import Type

_INTEGER: Final = r"\s*[+-]?(?:\d+|0[xX][0-9a-fA-F]+)\s*"
_FLOAT: Final = r"\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?i:inf|infinity|nan))\s*"
_HEXADECIMAL: Final = r"\s*[+-]?0[xX].*"
_DECIMAL: Final = r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*"
_DATETIME: Final = rf"{DATE_PATTERN}(?:[ Tt]{TIME_PATTERN})?"
_STAMP: Final = rf"{_DATETIME}(?:[Zz]| UTC|[+-]\d{{2}}(?::\d{{2}})?)?"
_NAMED: Final = rf"{_DATETIME}(?: [A-Za-z][\w/+-]*|[+-]\d(?::\d{{2}})?)"


def _guarded(pattern: str, cast: str) -> str:
    fits = f"regexp_full_match({{0}}, {quote(pattern)})"
    return f"CASE WHEN {{0}} IS NULL THEN NULL WHEN {fits} THEN coalesce({cast}, {{fail}}) ELSE {{fail}} END"


def _decimal(cast: str, far: str) -> str:
    # GoogleSQL drops all digits before the point of a number that it shifts further than the type has digits.
    shifted = rf"\s*[+-]?0*[1-9]\d*\.?\d*[eE]-0*(?:{far})\s*"
    doubt = "error('the decimal ' || {0} || ' is not modelled by the local cloud')"
    return f"CASE WHEN regexp_full_match({{0}}, {quote(shifted)}) THEN {doubt} ELSE {_guarded(_DECIMAL, cast)} END"


def _tried(cast: str) -> str:
    return f"CASE WHEN {{0}} IS NOT NULL THEN coalesce({cast}, {{fail}}) END"


_FINITE: Final = (
    "CASE WHEN isnan({0}) OR isinf({0}) THEN {fail} ELSE coalesce(TRY_CAST(round({0}) AS BIGINT), {fail}) END"
)
# Zones by name are read where the text is known; for the rest DuckDB would need its own table of zones.
_ZONED: Final = (
    f"CASE WHEN {{0}} IS NULL THEN NULL WHEN regexp_full_match({{0}}, {quote(_STAMP)}) "
    "THEN coalesce(TRY_CAST(replace(upper({0}), ' UTC', '+00') AS TIMESTAMPTZ), {fail}) "
    f"WHEN regexp_full_match({{0}}, {quote(_NAMED)}) "
    "THEN error('the time zone of ' || {0} || ' is not modelled by the local cloud') ELSE {fail} END"
)
_DOUBLE: Final = (
    f"CASE WHEN regexp_full_match({{0}}, {quote(_HEXADECIMAL)}) "
    "THEN error('the hexadecimal FLOAT64 ' || {0} || ' is not modelled by the local cloud') "
    f"ELSE {_guarded(_FLOAT, 'TRY_CAST({0} AS DOUBLE)')} END"
)
# DuckDB multiplies by a billion first, which a FLOAT64 of more than seven digits is not exact for.
_DECIMAL_PARTS: Final = (
    "TRY_CAST(TRY_CAST(trunc({0}) AS HUGEINT) AS DECIMAL(38, 9)) + TRY_CAST({0} - trunc({0}) AS DECIMAL(38, 9))"
)
# (from, to): DuckDB's SQL, {0} being short, and the message of {fail}.
_CASTS: Final[dict[tuple[str, str], tuple[str | Callable[[str], str], str]]] = {
    ("INT64", "FLOAT64"): ("CAST({0} AS DOUBLE)", ""),
    ("INT64", "NUMERIC"): ("CAST({0} AS DECIMAL(38, 9))", ""),
    ("INT64", "STRING"): ("CAST({0} AS VARCHAR)", ""),
    ("INT64", "BOOL"): ("({0} <> 0)", ""),
    ("FLOAT64", "INT64"): (
        _FINITE,
        "'Illegal conversion of non-finite floating point number to an integer: ' || CAST({0} AS VARCHAR)",
    ),
    ("FLOAT64", "NUMERIC"): (
        _tried(_DECIMAL_PARTS),
        "'numeric out of range: ' || CAST({0} AS VARCHAR)",
    ),
    ("FLOAT64", "STRING"): (float_text, ""),
    ("NUMERIC", "INT64"): (_tried("TRY_CAST({0} AS BIGINT)"), "'int64 out of range: ' || CAST({0} AS VARCHAR)"),
    ("NUMERIC", "FLOAT64"): ("CAST({0} AS DOUBLE)", ""),
    ("NUMERIC", "STRING"): (numeric_text, ""),
    ("INT64", "BIGNUMERIC"): (bignumerics.of_integer, ""),
    ("NUMERIC", "BIGNUMERIC"): (bignumerics.of_numeric, ""),
    ("FLOAT64", "BIGNUMERIC"): (
        bignumerics.of_float("{0}", "{fail}"),
        "'BIGNUMERIC out of range: ' || CAST({0} AS VARCHAR)",
    ),
    ("STRING", "BIGNUMERIC"): (
        _decimal(bignumerics.of_text("{0}", "NULL"), "39|[4-9][0-9]|[1-9][0-9][0-9]+"),
        "'Invalid BIGNUMERIC value: ' || {0}",
    ),
    ("BIGNUMERIC", "INT64"): (
        _tried(f"TRY_CAST({bignumerics.text('{0}')} AS BIGINT)"),
        f"'int64 out of range: ' || {bignumerics.text('{0}')}",
    ),
    ("BIGNUMERIC", "NUMERIC"): (
        _tried(f"TRY_CAST({bignumerics.text('{0}')} AS DECIMAL(38, 9))"),
        f"'numeric out of range: ' || {bignumerics.text('{0}')}",
    ),
    ("BIGNUMERIC", "FLOAT64"): (bignumerics.to_float, ""),
    ("BIGNUMERIC", "STRING"): (bignumerics.text, ""),
    ("BOOL", "INT64"): ("CAST({0} AS BIGINT)", ""),
    ("BOOL", "STRING"): ("CAST({0} AS VARCHAR)", ""),
    ("STRING", "INT64"): (_guarded(_INTEGER, "TRY_CAST({0} AS BIGINT)"), "'Bad int64 value: ' || {0}"),
    ("STRING", "FLOAT64"): (
        _DOUBLE,
        "'Bad double value: ' || {0}",
    ),
    ("STRING", "NUMERIC"): (
        _decimal("TRY_CAST({0} AS DECIMAL(38, 9))", "[1-9][0-9]+"),
        "'Invalid NUMERIC value: ' || {0}",
    ),
    ("STRING", "BOOL"): (_guarded("(?i)true|false", "(lower({0}) = 'true')"), "'Bad bool value: ' || {0}"),
    ("STRING", "BYTES"): ("encode({0})", ""),
    ("STRING", "DATE"): (_guarded(DATE_PATTERN, "TRY_CAST({0} AS DATE)"), "'Invalid date: ''' || {0} || ''''"),
    ("STRING", "DATETIME"): (
        _guarded(_DATETIME, "TRY_CAST({0} AS TIMESTAMP)"),
        "'Invalid datetime string \"' || {0} || '\"'",
    ),
    ("STRING", "TIME"): (_guarded(TIME_PATTERN, "TRY_CAST({0} AS TIME)"), "'Invalid time string \"' || {0} || '\"'"),
    ("STRING", "TIMESTAMP"): (_ZONED, "'Invalid timestamp: ''' || {0} || ''''"),
    ("BYTES", "STRING"): (_tried("TRY(decode({0}))"), "'Invalid cast of bytes to UTF8 string'"),
    ("DATE", "STRING"): ("strftime({0}, '%Y-%m-%d')", ""),
    ("DATE", "DATETIME"): ("CAST({0} AS TIMESTAMP)", ""),
    ("DATE", "TIMESTAMP"): ("(CAST({0} AS TIMESTAMP) AT TIME ZONE 'UTC')", ""),
    ("DATETIME", "STRING"): (datetime_text, ""),
    ("DATETIME", "DATE"): ("CAST({0} AS DATE)", ""),
    ("DATETIME", "TIME"): ("CAST({0} AS TIME)", ""),
    ("DATETIME", "TIMESTAMP"): ("({0} AT TIME ZONE 'UTC')", ""),
    ("TIME", "STRING"): (time_text, ""),
    ("TIMESTAMP", "STRING"): (timestamp_text, ""),
    ("TIMESTAMP", "DATE"): ("CAST(({0} AT TIME ZONE 'UTC') AS DATE)", ""),
    ("TIMESTAMP", "DATETIME"): ("({0} AT TIME ZONE 'UTC')", ""),
    ("TIMESTAMP", "TIME"): ("CAST(({0} AT TIME ZONE 'UTC') AS TIME)", ""),
}
_UNMODELLED: Final = frozenset({("STRING", "JSON"), ("JSON", "STRING"), ("INTERVAL", "STRING")})
_SHORT: Final = 60


def cast(value: Value, to: Type, names: Names, node: exp.Expr | None) -> Value:
    """CAST.

    Raises:
        BigQueryError: There is no such cast.
    """
    if value.origin is Origin.NULL:
        return untyped(value, to)
    if value.type == to:
        return replace(value, origin=Origin.COMPUTED, constant=None, parts=None)
    if value.parts is not None or value.origin is Origin.EMPTY_ARRAY:
        # Members of a constructor coerce one by one where they do.
        coerced = implicit(value, to, names, node)
        if coerced is not None:
            return replace(coerced, origin=Origin.COMPUTED, constant=None, parts=None)
    if value.origin is Origin.LITERAL and value.type == FLOAT64 and to in (NUMERIC, BIGNUMERIC):
        # As it is written, and not as the FLOAT64 that it would be.
        exact = written_decimal(value.constant, to, node) if isinstance(value.constant, float) else None
        if exact is not None:
            return literal(exact, to, Origin.COMPUTED)
    sql, fallible = _converted(value.sql, value.type, to, names, node)
    if fallible and has_ends(to):
        sql = within(sql, to, names, f"The cast from {value.type}")
    return derived(sql, to, value, fallible=fallible)


def safe_cast(value: Value, to: Type, names: Names, node: exp.Expr | None) -> Value:
    """SAFE_CAST: NULL where the cast itself fails, an error still where its argument does."""
    made = cast(value, to, names, node)
    if not made.fallible:
        return made
    if not value.fallible:
        return replace(made, sql=trying(made.sql, made.type), fallible=False)
    name = names.fresh("v")
    sql, fallible = _converted(name, value.type, to, names, node)
    if fallible and has_ends(to):
        sql = within(sql, to, names, f"The cast from {value.type}")
    return replace(made, sql=let(name, value.sql, trying(sql, to), names))


def _converted(sql: str, source: Type, to: Type, names: Names, node: exp.Expr | None) -> tuple[str, bool]:
    if source == to:
        return sql, False
    if source.element is not None and to.element is not None:
        name = names.fresh("v")
        body, fallible = _converted(name, source.element, to.element, names, node)
        return f"list_transform({sql}, lambda {name}: {body})", fallible
    if source.name == "STRUCT" and to.name == "STRUCT" and len(source.fields) == len(to.fields):
        return _struct(sql, source, to, names, node)
    pair = source.name, to.name
    if pair in _CASTS:
        template, message = _CASTS[pair]
        return bound(sql, names, lambda name: _scalar(template, message, name, to)), bool(message)
    if pair in _UNMODELLED:
        raise unknown(node, f"a cast from {source} to {to}")
    raise refused(node, f"Invalid cast from {source} to {to}")


def _struct(sql: str, source: Type, to: Type, names: Names, node: exp.Expr | None) -> tuple[str, bool]:
    held = sql if len(sql) <= _SHORT else names.fresh("v")
    pairs = zip(source.fields, to.fields, strict=True)
    members = [
        _converted(field_sql(held, source, index), ours, theirs, names, node)
        for index, ((_, ours), (_, theirs)) in enumerate(pairs)
    ]
    body = f"CASE WHEN {held} IS NOT NULL THEN {pack(to, [member for member, _ in members])} END"
    if held != sql:
        body = let(held, sql, body, names)
    return body, any(fallible for _, fallible in members)


def _scalar(template: str | Callable[[str], str], message: str, name: str, to: Type) -> str:
    if callable(template):
        return f"({template(name)})"
    failure = fail(to, filled(message, {"0": name})) if "{fail}" in template else ""
    return filled(template, {"fail": failure, "0": name})
