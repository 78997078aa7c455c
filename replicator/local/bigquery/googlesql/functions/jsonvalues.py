"""Values of type JSON that are made of others: TO_JSON, JSON_OBJECT, JSON_ARRAY.

Keys come out sorted, and of a key that is there twice the first value stands:
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from sqlglot import exp

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.functions.json import PLAIN, PRINTED, printed
from replicator.local.bigquery.googlesql.functions.rules import mismatch, name_of, rule, with_names
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.texts import numeric_text
from replicator.local.bigquery.googlesql.values import (
    BOOL,
    JSON,
    STRING,
    Names,
    Origin,
    Value,
    bound,
    derived,
    fail,
    quote,
)
from replicator.local.bigquery.types import Type, array

_DOUBT: Final = "error('the JSON number ' || CAST({0} AS VARCHAR) || ' is not modelled by the local cloud')"


def _float64(sql: str) -> str:
    # Of a number so large a FLOAT64 is written otherwise than DuckDB does, if it has not many more digits.
    special = f"CASE WHEN isnan({sql}) THEN '\"NaN\"' WHEN {sql} > 0 THEN '\"Infinity\"' ELSE '\"-Infinity\"' END"
    return (
        f"CASE WHEN {sql} = 0 THEN '0.0' WHEN abs({sql}) >= 1e-4 AND abs({sql}) < 1e15 THEN CAST({sql} AS VARCHAR) "
        f"WHEN abs({sql}) BETWEEN 1e15 AND 1e17 THEN {_DOUBT.format(sql)} "
        f"WHEN isfinite({sql}) THEN CAST({sql} AS VARCHAR) WHEN {sql} IS NOT NULL THEN {special} END"
    )


def _numeric(sql: str) -> str:
    # A fraction becomes the FLOAT64 that is nearest.
    nearest = f"CAST(CAST(CAST({sql} AS VARCHAR) AS DOUBLE) AS VARCHAR)"
    return (
        f"CASE WHEN {sql} = trunc({sql}) AND abs({sql}) < 9000000000000000000 THEN {numeric_text(sql)} "
        f"WHEN abs({sql}) >= 0.0001 AND abs({sql}) < 1000000000000000 THEN {nearest} "
        f"WHEN {sql} IS NOT NULL THEN {_DOUBT.format(sql)} END"
    )


def _bignumeric(sql: str) -> str:
    whole = "NOT contains(t, '.') AND abs(TRY_CAST(t AS HUGEINT)) < 9000000000000000000"
    nearest = "abs(CAST(t AS DOUBLE)) >= 0.0001 AND abs(CAST(t AS DOUBLE)) < 1000000000000000"
    text = f"CASE WHEN {whole} THEN t WHEN {nearest} THEN CAST(CAST(t AS DOUBLE) AS VARCHAR) "
    doubt = f"WHEN t IS NOT NULL THEN {_DOUBT.format('t')} END"
    return f"list_transform([{bignumerics.text(sql)}], lambda t: {text}{doubt})[1]"


def _stringified(sql: str) -> str:
    text = numeric_text(sql)
    nearest = f"CAST({text} AS DOUBLE)"
    # A FLOAT64 holds what it is written as; from 10^15 on, and below 10^-4, it is not written in full.
    return (
        f"CASE WHEN {sql} = trunc({sql}) THEN {PRINTED['NUMERIC'](sql)} "
        f"WHEN abs({sql}) >= 1000000000000000 THEN {_DOUBT.format(sql)} "
        f"WHEN abs({sql}) < 0.0001 AND CAST({nearest} AS DECIMAL(38, 9)) = {sql} THEN CAST({nearest} AS VARCHAR) "
        f"""WHEN CAST({nearest} AS VARCHAR) = {text} THEN {text} ELSE '"' || {text} || '"' END"""
    )


Scalars: TypeAlias = "Mapping[str, Callable[[str], str]]"
_SCALARS: Final[Scalars] = {
    **PLAIN,
    "BIGNUMERIC": _bignumeric,
    "FLOAT64": _float64,
    "INT64": lambda sql: f"CAST({sql} AS VARCHAR)",
    "NUMERIC": _numeric,
    "STRING": lambda sql: f"CAST(to_json({sql}) AS VARCHAR)",
}
_STRINGIFIED: Final[Scalars] = {
    **{name: text for name, text in _SCALARS.items() if name != "BIGNUMERIC"},
    "INT64": PRINTED["INT64"],
    "NUMERIC": _stringified,
}
"""With numbers that no FLOAT64 holds as texts."""


def _sorted(members: Sequence[str], kind: Type) -> tuple[list[str], Type]:
    kept: dict[str, tuple[str, Type]] = {}
    for member, (name, child) in zip(members, kind.fields, strict=True):
        kept.setdefault(name, (member, child))
    names = sorted(kept, key=str.encode)
    return [kept[name][0] for name in names], Type("STRUCT", tuple((name, kept[name][1]) for name in names))


def document(value: Value, names: Names, scalars: Scalars = _SCALARS) -> str:
    """The text of a value's JSON; ``null`` for NULL."""
    if value.origin is Origin.NULL and not value.fallible:
        return "'null'"
    return printed(value, names, scalars, _sorted)


@rule("TO_JSON")
def _to_json(resolver: Resolver, node: exp.Expr) -> Value:
    given, named = with_names(node)
    if len(given) != 1 or set(named) - {"stringify_wide_numbers"}:
        raise mismatch(node, [resolver.value(each) for each in given])
    scalars = _SCALARS
    for each in named.values():
        wide = resolver.value(each)
        stringified = constant_of(wide)
        if wide.type != BOOL or not isinstance(stringified, bool):
            raise unknown(node, "TO_JSON with stringify_wide_numbers that is NULL or not constant")
        scalars = _STRINGIFIED if stringified else scalars
    value = resolver.value(given[0])
    return derived(f"CAST({document(value, resolver.gathering.names, scalars)} AS JSON)", JSON, value)


@rule("JSON_ARRAY")
def _array(resolver: Resolver, node: exp.Expr) -> Value:
    values = [resolver.value(argument) for argument in node.expressions]
    members = " || ',' || ".join(document(value, resolver.gathering.names) for value in values)
    return derived(f"CAST(('[' || {members} || ']') AS JSON)" if values else "CAST('[]' AS JSON)", JSON, *values)


def _of_arrays(keys: Value, members: Value, names: Names) -> Value:
    """JSON_OBJECT of keys, and of as many values."""
    place, element = names.fresh("v"), members.type.element or JSON

    def failed(what: str) -> str:
        return fail(JSON, quote(f"Invalid input to JSON_OBJECT: {what}"))

    def sql(held: str, among: str) -> str:
        # Of a key that is there twice the first value stands: list_position finds the first.
        first = f"list_extract({among}, list_position({held}, {place}))"
        pair = f"CAST(to_json({place}) AS VARCHAR) || ':' || {document(Value(first, element), names)}"
        pairs = f"list_transform(list_sort(list_distinct({held})), lambda {place}: {pair})"
        made = f"CAST('{{' || coalesce(array_to_string({pairs}, ','), '') || '}}' AS JSON)"
        return (
            f"(CASE WHEN {held} IS NULL OR {among} IS NULL THEN {failed('The arrays cannot be NULL')} "
            f"WHEN len({held}) <> len({among}) THEN {failed('The number of keys and values must match')} "
            f"WHEN list_count({held}) < len({held}) THEN {failed('A key cannot be NULL')} ELSE {made} END)"
        )

    made = bound(keys.sql, names, lambda held: bound(members.sql, names, lambda among: sql(held, among)))
    return derived(made, JSON, keys, members, fallible=True)


@rule("JSON_OBJECT")
def _object(resolver: Resolver, node: exp.Expr) -> Value:
    values = [resolver.value(argument) for argument in node.expressions]
    keys, members = values[::2], values[1::2]
    if len(values) == 2 and values[0].type == array(STRING) and values[1].type.element is not None:
        return _of_arrays(values[0], values[1], resolver.gathering.names)
    if len(values) % 2 or any(key.type != STRING for key in keys):
        raise mismatch(node, values)
    kept: dict[str, str] = {}
    for key, member in zip(keys, members, strict=True):
        written = constant_of(key)
        if not isinstance(written, str):
            raise unknown(node, f"{name_of(node)} with a key that is NULL or not constant")
        kept.setdefault(written, document(member, resolver.gathering.names))
    pairs = [f"CAST(to_json({quote(key)}) AS VARCHAR) || ':' || {kept[key]}" for key in sorted(kept, key=str.encode)]
    text = " || ',' || ".join(pairs)
    made = f"('{{' || {text} || '}}')" if pairs else "'{}'"
    names = resolver.gathering.names
    return derived(bound(made, names, lambda held: f"CAST({held} AS JSON)"), JSON, *values)
