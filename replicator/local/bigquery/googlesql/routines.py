"""Calls of functions of the user's, whose bodies stand in the call's place.

https://docs.cloud.google.com/bigquery/docs/user-defined-functions
https://docs.cloud.google.com/bigquery/docs/table-functions
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlglot import exp

from replicator.local.bigquery.googlesql.blocks import Draft, With
from replicator.local.bigquery.googlesql.catalog import Function
from replicator.local.bigquery.googlesql.coercion import implicit
from replicator.local.bigquery.googlesql.dialect import parse_expression, parse_query
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import NeedsRowsError, Resolver
from replicator.local.bigquery.googlesql.scope import Name, Scope, Source
from replicator.local.bigquery.googlesql.values import Value, derived, let, union
from replicator.local.bigquery.types import duckdb_name

_FULL_PATH = 3


def function_of(resolver: Resolver, path: tuple[str, ...]) -> Function | None:
    """The user's function of that name; None where there is none."""
    routines = resolver.gathering.context.routines
    return None if routines is None else routines.function(path)


def called(resolver: Resolver, function: Function, arguments: Sequence[exp.Expr], node: exp.Expr) -> Value:
    """A call of a scalar function.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    if function.tabular:
        raise refused(node, f"Table-valued function is not expected here: {function.name}")
    return applied(resolver, function, [resolver.value(argument) for argument in arguments], node)


def applied(resolver: Resolver, function: Function, values: Sequence[Value], node: exp.Expr) -> Value:
    """A scalar function of values."""
    given = _arguments(resolver, function, values, node)
    with _calling(resolver, function, node):
        return _inlined(resolver, function, given, node)


def _arguments(resolver: Resolver, function: Function, values: Sequence[Value], node: exp.Expr) -> list[Value]:
    """The values of the parameters."""
    names = resolver.gathering.names
    coerced: list[Value] = []
    if len(values) == len(function.parameters):
        for value, (_, kind) in zip(values, function.parameters, strict=True):
            found = value if kind is None else implicit(value, kind, names, node)
            if found is not None:
                coerced.append(found)
    if len(coerced) < len(function.parameters) or len(values) != len(function.parameters):
        kinds = ", ".join(str(value.type) for value in values)
        wanted = ", ".join("ANY TYPE" if kind is None else str(kind) for _, kind in function.parameters)
        signature = f"{function.name}({wanted})"
        message = f"No matching signature for function {function.name} for argument types: {kinds}"
        raise refused(node, f"{message}. Supported signature: {signature}")
    return coerced


@contextmanager
def _calling(resolver: Resolver, function: Function, node: exp.Expr) -> Iterator[None]:
    calling = resolver.gathering.calling
    if function.name in calling:
        raise refused(node, f"Recursive function calls are not supported: {function.name}")
    calling.append(function.name)
    try:
        yield
    finally:
        calling.pop()


def _inlined(resolver: Resolver, function: Function, given: list[Value], node: exp.Expr) -> Value:
    """The body as a value; each argument is computed once, however often the body names its parameter."""
    names = resolver.gathering.names
    tree = parse_expression(function.body)
    _check_body(resolver, function, tree)
    bound: list[tuple[str, Value]] = []
    seen: list[Name] = []
    for (title, _), value in zip(function.parameters, given, strict=True):
        if value.column is not None or (value.fixed and value.constant is not None):
            seen.append(Name(title, _opaque(value, value.sql)))
        else:
            name = names.fresh("v")
            bound.append((name, value))
            seen.append(Name(title, _opaque(value, name)))
    try:
        body = _body(resolver, function, tree, seen, lambdas=resolver.in_lambda or bool(bound), node=node)
    except NeedsRowsError:
        if resolver.in_lambda:
            raise
        return _as_subquery(resolver, function, tree, given, node)
    sql = body.sql
    for name, value in reversed(bound):
        sql = let(name, value.sql, sql, names)
    return _result(body, sql, given)


def _as_subquery(resolver: Resolver, function: Function, tree: exp.Expr, given: list[Value], node: exp.Expr) -> Value:
    """The body over a row of the arguments: DuckDB takes no subquery in a lambda."""
    if any(" OVER (" in value.sql for value in given):
        raise unknown(node, f"a call of {function.name} with an analytic function as argument")
    row = resolver.gathering.names.fresh("t")
    seen = [
        Name(title, _opaque(value, f"{row}.{duckdb_name(f'a{index}')}"))
        for index, ((title, _), value) in enumerate(zip(function.parameters, given, strict=True), 1)
    ]
    body = _body(resolver, function, tree, seen, lambdas=False, node=node)
    columns = ", ".join(f"{value.sql} AS a{index}" for index, value in enumerate(given, 1))
    return _result(body, f"(SELECT {body.sql} FROM (SELECT {columns}) AS {row})", given)


def _body(
    resolver: Resolver, function: Function, tree: exp.Expr, seen: list[Name], *, lambdas: bool, node: exp.Expr
) -> Value:
    # A body sees its parameters, and nothing of where the call stands.
    scope = Scope([Source("", tuple(seen))], None)
    inside = replace(resolver.inner(scope, "SQL function body"), tables=With(), in_lambda=lambdas)
    value = inside.value(tree)
    if function.returns is None:
        return value
    coerced = implicit(value, function.returns, resolver.gathering.names, node)
    if coerced is None:
        message = f"Function declared to return {function.returns} but the function body produces incompatible type"
        raise refused(node, f"{message} {value.type}")
    return coerced


def _result(body: Value, sql: str, given: Sequence[Value]) -> Value:
    uses = union([body.uses, *(value.uses for value in given)])
    value = derived(sql, body.type, body, *given)
    return replace(value, uses=uses, fixed=value.fixed)


def _opaque(value: Value, sql: str) -> Value:
    """An argument within the body, where it is no literal any more."""
    return Value(sql, value.type, uses=value.uses, fixed=value.fixed)


def _check_body(resolver: Resolver, function: Function, tree: exp.Expr) -> None:
    for mark in tree.find_all(exp.Parameter, exp.Placeholder):
        raise refused(mark, "Query parameters cannot be used inside SQL function bodies")
    if function.project not in (None, resolver.gathering.context.project):
        for table in tree.find_all(exp.Table):
            parts = [piece for part in table.parts for piece in str(part.name).split(".")]
            if len(parts) < _FULL_PATH and table.args.get("db") is not None:
                raise unknown(None, f"a table without its project in {function.name}, which is another project's")


def table_draft(
    resolver: Resolver,
    function: Function,
    arguments: Sequence[exp.Expr],
    node: exp.Expr,
    draft_of: Callable[[Resolver, exp.Expr], Draft],
) -> Draft:
    """The query that a call of a table function stands for.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    if not function.tabular:
        raise refused(node, f"Function is not a table function: {function.name}")
    values = [resolver.inner(Scope([], resolver.scope), "table function").value(one) for one in arguments]
    return table_rows(resolver, function, values, node, draft_of)


def table_rows(
    resolver: Resolver,
    function: Function,
    values: Sequence[Value],
    node: exp.Expr,
    draft_of: Callable[[Resolver, exp.Expr], Draft],
) -> Draft:
    """The rows of a table function of values that are the same for every row."""
    given = _arguments(resolver, function, values, node)
    if not all(value.fixed for value in given):
        raise unknown(node, f"a call of {function.name} with an argument that is no constant")
    tree = parse_query(function.body)
    _check_body(resolver, function, tree)
    seen = [
        Name(title, _opaque(value, value.sql)) for (title, _), value in zip(function.parameters, given, strict=True)
    ]
    with _calling(resolver, function, node):
        inside = replace(resolver.inner(Scope([Source("", tuple(seen))], None), "SELECT list"), tables=With())
        return draft_of(inside, tree)
