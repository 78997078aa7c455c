"""Functions of no family: ERROR, STRUCT, SESSION_USER, GENERATE_UUID, current times.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/debugging_functions
"""

from __future__ import annotations

from sqlglot import exp

from replicator.local.bigquery.googlesql.casting import cast
from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.constructors import current, struct_call
from replicator.local.bigquery.googlesql.functions.rules import arguments, as_type, mismatch, name_of, rule
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import STRING, Origin, Value, derived, literal


@rule("STRUCT")
def _struct(resolver: Resolver, node: exp.Expr) -> Value:
    return struct_call(resolver, node)


@rule("ERROR")
def _error(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 1)
    message = as_type(resolver, node, values, 0, STRING)
    # DuckDB's error() of NULL is NULL; GoogleSQL's fails. Where a value is wanted any type will do, as for NULL.
    sql = f"error(coalesce({message.sql}, ''))"
    return Value(sql, values[0].type, Origin.NULL, uses=message.uses, fallible=True)


@rule("SESSION_USER")
def _user(resolver: Resolver, node: exp.Expr) -> Value:
    arguments(resolver, node, 0)
    return literal(resolver.gathering.context.session_user, STRING, Origin.COMPUTED)


@rule("GENERATE_UUID")
def _uuid(resolver: Resolver, node: exp.Expr) -> Value:
    arguments(resolver, node, 0)
    return derived("CAST(uuid() AS VARCHAR)", STRING, volatile=True)


@rule("CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME", "CURRENT_TIMESTAMP")
def _current(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 0, 1)
    if values and (name_of(node) == "CURRENT_TIMESTAMP" or values[0].type != STRING):
        raise mismatch(node, values)
    if values and constant_of(values[0]) != "UTC":
        raise unknown(node, f"{name_of(node)} in a time zone other than UTC")
    return current(resolver, name_of(node).removeprefix("CURRENT_"))


@rule("STRING")
def _string(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 1)
    if values[0].type.name not in ("DATE", "DATETIME", "TIME", "TIMESTAMP"):
        raise unknown(node, f"STRING of a value of type {values[0].type}")
    return cast(values[0], STRING, resolver.gathering.names, node)
