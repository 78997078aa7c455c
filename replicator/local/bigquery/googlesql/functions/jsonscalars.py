"""What a JSON value is, and the scalar that it holds.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_type
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.casting import cast
from replicator.local.bigquery.googlesql.functions.rules import arguments, mismatch, name_of, rule
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
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
_TYPES: Final = {"BOOL": BOOL, "FLOAT64": FLOAT64, "INT64": INT64, "STRING": STRING}


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
        raise unknown(node, f"{name} with more than one argument")
    values = arguments(resolver, node, 1)
    to = _TYPES[name]
    if name == "STRING" and values[0].type.name in _TIMES:
        return cast(values[0], STRING, resolver.gathering.names, node)
    if values[0].type != JSON:
        raise mismatch(node, values)
    sql = bound(values[0].sql, resolver.gathering.names, lambda held: _held(held, to))
    return derived(sql, to, values[0], fallible=True)


def _held(held: str, to: Type) -> str:
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
