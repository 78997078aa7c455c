"""IS, IN, BETWEEN, LIKE, DISTINCT FROM, CASE.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/operators#in_operators
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from replicator.local.bigquery.googlesql.coercion import common, implicit
from replicator.local.bigquery.googlesql.functions.octets import latin
from replicator.local.bigquery.googlesql.functions.table import no_signature
from replicator.local.bigquery.googlesql.operators import compared
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, emits
from replicator.local.bigquery.googlesql.values import (
    BOOL,
    BYTES,
    FLOAT64,
    STRING,
    Origin,
    Value,
    bound,
    derived,
    maybe_unneeded,
)
from replicator.local.bigquery.types import array as array_of


@emits(exp.Is)
def _is(resolver: Resolver, node: exp.Expr) -> Value:
    value = resolver.value(node.this)
    wanted = node.expression
    if isinstance(wanted, exp.Null):
        return derived(f"({value.sql} IS NULL)", BOOL, value)
    if isinstance(wanted, exp.Boolean):
        if value.type != BOOL and value.origin is not Origin.NULL:
            raise no_signature(node, f"operator IS {'TRUE' if wanted.this else 'FALSE'}", [value])
        truth = "true" if wanted.this else "false"
        return derived(f"(CAST({value.sql} AS BOOLEAN) IS NOT DISTINCT FROM {truth})", BOOL, value)
    raise unknown(node, f"IS {wanted.sql()}")


@emits(exp.NullSafeEQ, exp.NullSafeNEQ)
def _distinct(resolver: Resolver, node: exp.Expr) -> Value:
    word = "IS NOT DISTINCT FROM" if isinstance(node, exp.NullSafeEQ) else "IS DISTINCT FROM"
    given = [resolver.value(node.this), resolver.value(node.expression)]
    found = common(given, resolver.gathering.names, node)
    if found is None or found[0].name in ("JSON", "INTERVAL"):
        raise no_signature(node, f"operator {word}", given)
    if found[0].name in ("STRUCT", "ARRAY"):
        raise unknown(node, f"{word} for values of type {found[0]}")
    _, (one, other) = found
    return derived(f"({one.sql} {word} {other.sql})", BOOL, one, other)


@emits(exp.Between)
def _between(resolver: Resolver, node: exp.Expr) -> Value:
    given = [resolver.value(node.args[key]) for key in ("this", "low", "high")]
    found = common(given, resolver.gathering.names, node)
    if found is None or found[0].name in ("STRUCT", "ARRAY", "JSON", "INTERVAL"):
        raise no_signature(node, "operator BETWEEN", given)
    kind, (value, low, high) = found
    if kind == FLOAT64:
        first = compared(resolver, ">=", value, low, node)
        last = compared(resolver, "<=", value, high, node)
        return derived(f"({first.sql} AND {last.sql})", BOOL, value, low, high)
    return derived(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", BOOL, value, low, high)


@emits(exp.In)
def _in(resolver: Resolver, node: exp.Expr) -> Value:
    value = resolver.value(node.this)
    if node.args.get("query") is not None:
        from replicator.local.bigquery.googlesql.subqueries import in_query

        return in_query(resolver, value, node.args["query"], node)
    if node.args.get("unnest") is not None:
        return _in_array(resolver, value, node.args["unnest"], node)
    members = [resolver.value(member) for member in node.expressions]
    if not members:
        raise unknown(node, "IN without members")
    found = common([value, *members], resolver.gathering.names, node)
    if found is None:
        raise no_signature(node, "operator IN", [value, *members])
    kind, (one, *others) = found
    if kind.name in ("STRUCT", "ARRAY", "JSON", "FLOAT64"):
        tests = [compared(resolver, "=", one, other, node) for other in others]
        return derived(f"({' OR '.join(test.sql for test in tests)})", BOOL, *tests)
    return derived(f"({one.sql} IN ({', '.join(other.sql for other in others)}))", BOOL, one, *others)


def _in_array(resolver: Resolver, value: Value, unnest: exp.Expr, node: exp.Expr) -> Value:
    names = resolver.gathering.names
    array = resolver.value(unnest.expressions[0])
    if array.type.element is None:
        raise refused(node, f"Second argument of IN UNNEST must be an array but was {array.type}")
    others = array.parts if array.parts is not None else (Value("NULL", array.type.element),)
    members = [value, *others]
    found = common(members, names, node)
    if found is None or found[0].name in ("STRUCT", "ARRAY", "JSON"):
        if found is not None:
            raise unknown(node, f"IN UNNEST for values of type {found[0]}")
        raise no_signature(node, "operator IN UNNEST", [value, array])
    kind = found[0]
    one = implicit(value, kind, names, node)
    many = implicit(array, array_of(kind), names, node)
    if one is None or many is None:
        raise no_signature(node, "operator IN UNNEST", [value, array])

    def sql(given: str, among: str) -> str:
        nulls = f"list_count({among}) < len({among})"
        # NaN is in no array, and not equal to itself.
        nan = f"WHEN isnan({given}) THEN CASE WHEN {nulls} THEN NULL ELSE false END " if kind == FLOAT64 else ""
        return (
            f"(CASE WHEN coalesce(len({among}), 0) = 0 THEN false WHEN {given} IS NULL THEN NULL "
            f"{nan}WHEN list_contains({among}, {given}) THEN true WHEN {nulls} THEN NULL ELSE false END)"
        )

    text = bound(many.sql, names, lambda among: bound(one.sql, names, lambda given: sql(given, among)))
    return derived(text, BOOL, one, many)


@emits(exp.Like)
def _like(resolver: Resolver, node: exp.Expr) -> Value:
    if isinstance(node.expression, exp.Anonymous) and str(node.expression.name).upper() in ("ALL", "ANY", "SOME"):
        return _quantified(resolver, node, str(node.expression.name).upper())
    given = [resolver.value(node.this), resolver.value(node.expression)]
    one, pattern = _alike(resolver, given, node)
    if one is None or pattern is None:
        raise no_signature(node, "operator LIKE", given)
    if any(value.origin is Origin.NULL for value in given):
        raise refused(node, "Operands of LIKE cannot be literal NULL")
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    return derived(f"({one.sql} {word} {pattern.sql} ESCAPE '\\')", BOOL, one, pattern)


def _alike(resolver: Resolver, values: Sequence[Value], node: exp.Expr) -> list[Value | None]:
    """What LIKE is asked of, as texts; None for what is neither a text nor, as all the others, BYTES."""
    names = resolver.gathering.names
    if all(value.type != BYTES for value in values):
        return [implicit(value, STRING, names, node) for value in values]
    octets = [implicit(value, BYTES, names, node) for value in values]
    return [None if value is None else latin(value) for value in octets]


def _quantified(resolver: Resolver, node: exp.Expr, word: str) -> Value:
    """LIKE ANY, SOME and ALL; NOT asks whether any of them, or all, are not matched."""
    names = resolver.gathering.names
    values = [resolver.value(one) for one in (node.this, *node.expression.expressions)]
    if any(value.type.element is not None for value in values):
        raise unknown(node, f"LIKE {word} of arrays")
    texts = _alike(resolver, values, node)
    given, *patterns = [text for text in texts if text is not None]
    if len(patterns) + 1 < len(values) or not patterns:
        raise no_signature(node, f"operator LIKE {word}", values)
    like = "NOT LIKE" if node.args.get("negate") else "LIKE"
    joint = " AND " if word == "ALL" else " OR "

    def tests(subject: str) -> str:
        each = (f"{subject} {like} {pattern.sql} ESCAPE '\\'" for pattern in patterns)
        return f"({joint.join(each)})"

    return derived(bound(given.sql, names, tests), BOOL, given, *patterns)


@emits(exp.Case)
def _case(resolver: Resolver, node: exp.Expr) -> Value:
    subject = resolver.value(node.this) if node.args.get("this") is not None else None
    tests: list[Value] = []
    results: list[Value] = []
    for branch in node.args["ifs"]:
        if subject is None:
            tests.append(resolver.condition(branch.this, "CASE WHEN"))
        else:
            tests.append(compared(resolver, "=", subject, resolver.value(branch.this), branch))
        results.append(resolver.value(branch.args["true"]))
    default = node.args.get("default")
    if default is not None:
        results.append(resolver.value(default))
    found = common(results, resolver.gathering.names, node)
    if found is None:
        raise no_signature(node, "operator CASE", results)
    kind, coerced = found
    shown = [maybe_unneeded(result.sql) for result in coerced]
    asked = [tests[0].sql, *(maybe_unneeded(test.sql) for test in tests[1:])]
    arms = " ".join(f"WHEN {test} THEN {result}" for test, result in zip(asked, shown, strict=False))
    otherwise = f" ELSE {shown[-1]}" if default is not None else ""
    return derived(f"(CASE {arms}{otherwise} END)", kind, *tests, *coerced)
