"""Values of type JSON that are made of others: TO_JSON, JSON_OBJECT, JSON_ARRAY.

Keys come out sorted, and of a key that is there twice the first value stands:
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlglot import exp

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.functions.json import PLAIN, printed
from replicator.local.bigquery.googlesql.functions.rules import mismatch, name_of, rule, with_names
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.texts import numeric_text
from replicator.local.bigquery.googlesql.values import BOOL, JSON, STRING, Names, Origin, Value, bound, derived, quote
from replicator.local.bigquery.types import Type

_DOUBT: Final = "error('the JSON number ' || CAST({0} AS VARCHAR) || ' is not modelled by the local cloud')"


def _float64(sql: str) -> str:
    special = f"CASE WHEN isnan({sql}) THEN '\"NaN\"' WHEN {sql} > 0 THEN '\"Infinity\"' ELSE '\"-Infinity\"' END"
    return (
        f"CASE WHEN {sql} = 0 THEN '0.0' WHEN abs({sql}) >= 1e-4 AND abs({sql}) < 1e15 THEN CAST({sql} AS VARCHAR) "
        f"WHEN isfinite({sql}) THEN {_DOUBT.format(sql)} WHEN {sql} IS NOT NULL THEN {special} END"
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


_SCALARS: Final[Mapping[str, Callable[[str], str]]] = {
    **PLAIN,
    "BIGNUMERIC": _bignumeric,
    "FLOAT64": _float64,
    "INT64": lambda sql: f"CAST({sql} AS VARCHAR)",
    "NUMERIC": _numeric,
    "STRING": lambda sql: f"CAST(to_json({sql}) AS VARCHAR)",
}


def _sorted(members: Sequence[str], kind: Type) -> tuple[list[str], Type]:
    kept: dict[str, tuple[str, Type]] = {}
    for member, (name, child) in zip(members, kind.fields, strict=True):
        kept.setdefault(name, (member, child))
    names = sorted(kept, key=str.encode)
    return [kept[name][0] for name in names], Type("STRUCT", tuple((name, kept[name][1]) for name in names))


def document(value: Value, names: Names) -> str:
    """The text of a value's JSON; ``null`` for NULL."""
    if value.origin is Origin.NULL and not value.fallible:
        return "'null'"
    return printed(value, names, _SCALARS, _sorted)


@rule("TO_JSON")
def _to_json(resolver: Resolver, node: exp.Expr) -> Value:
    given, named = with_names(node)
    if len(given) != 1 or set(named) - {"stringify_wide_numbers"}:
        raise mismatch(node, [resolver.value(each) for each in given])
    for each in named.values():
        wide = resolver.value(each)
        if wide.type != BOOL or constant_of(wide) is not False:
            raise unknown(node, "TO_JSON with wide numbers as texts")
    value = resolver.value(given[0])
    return derived(f"CAST({document(value, resolver.gathering.names)} AS JSON)", JSON, value)


@rule("JSON_ARRAY")
def _array(resolver: Resolver, node: exp.Expr) -> Value:
    values = [resolver.value(argument) for argument in node.expressions]
    members = " || ',' || ".join(document(value, resolver.gathering.names) for value in values)
    return derived(f"CAST(('[' || {members} || ']') AS JSON)" if values else "CAST('[]' AS JSON)", JSON, *values)


@rule("JSON_OBJECT")
def _object(resolver: Resolver, node: exp.Expr) -> Value:
    values = [resolver.value(argument) for argument in node.expressions]
    keys, members = values[::2], values[1::2]
    if len(values) == 2 and values[0].type.element is not None:
        raise unknown(node, "JSON_OBJECT of an array of keys")
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
