"""Function calls.

A function is in one of the tables of ``functions``, or has its own rules in ``functions.special`` and its neighbours,
or is known not to be modelled; any other name is not GoogleSQL's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.analytic import aggregate
from replicator.local.bigquery.googlesql.functions.aggregates import AGGREGATES, ANALYTIC
from replicator.local.bigquery.googlesql.functions.arrays import ARRAYS
from replicator.local.bigquery.googlesql.functions.dates import DATES
from replicator.local.bigquery.googlesql.functions.digests import DIGESTS
from replicator.local.bigquery.googlesql.functions.fingerprints import FINGERPRINTS
from replicator.local.bigquery.googlesql.functions.known import KNOWN
from replicator.local.bigquery.googlesql.functions.logarithms import LOGARITHMS
from replicator.local.bigquery.googlesql.functions.network import NETWORK
from replicator.local.bigquery.googlesql.functions.numbers import NUMBERS
from replicator.local.bigquery.googlesql.functions.rules import RULES, NullArgumentError, Rule
from replicator.local.bigquery.googlesql.functions.strings import STRINGS
from replicator.local.bigquery.googlesql.functions.table import Functions, call
from replicator.local.bigquery.googlesql.grouping import GROUPING
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, emits
from replicator.local.bigquery.googlesql.routines import called, function_of
from replicator.local.bigquery.googlesql.scope import Name, Scope, Source
from replicator.local.bigquery.googlesql.values import Value, let, null, trying

FUNCTIONS: Final[Functions] = {
    **ARRAYS, **DATES, **DIGESTS, **FINGERPRINTS, **LOGARITHMS, **NETWORK, **NUMBERS, **STRINGS,
}  # fmt: skip


def load_rules() -> dict[str, Rule]:
    """All functions with rules of their own; their modules register themselves."""
    from replicator.local.bigquery.googlesql.functions import (  # noqa: F401 - importing registers
        buckets,
        conditionals,
        folding,
        formats,
        joining,
        json,
        jsonarrays,
        jsonscalars,
        jsonvalues,
        jsonwrites,
        patterns,
        positions,
        sequences,
        special,
        times,
        vectors,
    )

    return RULES


_RULES: Final = load_rules()


def is_builtin(name: str) -> bool:
    """Whether GoogleSQL has a function of that name."""
    return any(name.upper() in known for known in (_RULES, AGGREGATES, ANALYTIC, FUNCTIONS, KNOWN))


@emits(exp.Anonymous)
def _call(resolver: Resolver, node: exp.Expr) -> Value:
    name = str(node.name).upper()
    if isinstance(node.this, exp.Identifier) and node.this.args.get("quoted") and "." in node.name:
        return _routine(resolver, node, tuple(node.name.split(".")))
    if name in _RULES:
        return _ruled(resolver, name, node)
    if name in AGGREGATES:
        return aggregate(resolver, name, node)
    if name == GROUPING:
        return _grouping(resolver, node)
    if name in ANALYTIC:
        raise refused(node, f"Analytic function {name} cannot be called without an OVER clause")
    if name in FUNCTIONS:
        args = [resolver.value(argument) for argument in node.expressions]
        return call(f"function {name}", FUNCTIONS[name], args, resolver.gathering.names, node)
    if name in KNOWN:
        raise unknown(node, f"the function {name}")
    return _routine(resolver, node, (str(node.name),))


def _ruled(resolver: Resolver, name: str, node: exp.Expr) -> Value:
    try:
        return _RULES[name](resolver, node)
    except NullArgumentError as found:
        places = [place for place, argument in enumerate(node.expressions) if argument is found.argument]
        # The others have to be of types that the function takes all the same.
        call_ = node.copy()
        call_.expressions[places[0]].replace(exp.Literal.string(found.instead))
        return null(_ruled(resolver, name, call_).type)


def _routine(resolver: Resolver, node: exp.Expr, path: tuple[str, ...]) -> Value:
    function = function_of(resolver, path)
    if function is None:
        raise refused(node, f"Function not found: {'.'.join(path)}")
    return called(resolver, function, node.expressions, node)


def _grouping(resolver: Resolver, node: exp.Expr) -> Value:
    if resolver.grouping is None:
        raise refused(node, f"Aggregate function GROUPING not allowed in {resolver.clause}")
    if len(node.expressions) != 1:
        raise refused(node, "GROUPING takes one argument")
    return resolver.grouping.absent(node.expressions[0])


@emits(exp.NetFunc)
def _net(resolver: Resolver, node: exp.Expr) -> Value:
    inner = node.this
    name = f"NET.{str(inner.name).upper()}"
    if name not in FUNCTIONS:
        raise unknown(node, f"the function {name}")
    args = [resolver.value(argument) for argument in inner.expressions]
    return call(f"function {name}", FUNCTIONS[name], args, resolver.gathering.names, node)


@emits(exp.SafeFunc)
def _safe(resolver: Resolver, node: exp.Expr) -> Value:
    """``SAFE.f(…)``: NULL where the function fails; where its arguments do, the error remains."""
    inner = node.this
    if not isinstance(inner, exp.Anonymous):
        raise unknown(node, "SAFE. before this expression")
    name = str(inner.name).upper()
    if name in AGGREGATES or name in ANALYTIC or name in ("IF", "COALESCE", "IFNULL", "NULLIF", "STRUCT", "ERROR"):
        raise refused(node, f"Function {name} does not support SAFE error mode")
    if name not in (*_RULES, *FUNCTIONS):
        raise unknown(node, f"SAFE. before {inner.name}")
    value = resolver.value(inner)
    if not value.fallible:
        return value
    names = resolver.gathering.names
    held: list[tuple[Name, str]] = []
    call_ = inner.copy()
    for number, argument in enumerate(inner.expressions):
        if isinstance(argument, exp.Interval | exp.Column | exp.Var | exp.Literal | exp.Kwarg):
            continue
        given = resolver.value(argument)
        if given.fallible:
            # What fails in the argument is none of the function's own failures, and is named before.
            name = names.fresh("v")
            held.append((Name(name, Value(name, given.type, uses=given.uses)), given.sql))
            call_.expressions[number].replace(exp.column(name))
    if held:
        scope = Scope([Source("", tuple(name for name, _ in held))], resolver.scope)
        value = replace(resolver, scope=scope).value(call_)
    sql = trying(value.sql, value.type)
    for argument_name, given_sql in reversed(held):
        sql = let(argument_name.name, given_sql, sql, names)
    return replace(value, sql=sql, fallible=bool(held))
