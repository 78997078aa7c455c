"""Operators.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/operators
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.coercion import common, implicit
from replicator.local.bigquery.googlesql.functions import bignumbers
from replicator.local.bigquery.googlesql.functions.dateparts import ADDED, added, check, part_of
from replicator.local.bigquery.googlesql.functions.decimals import divided
from replicator.local.bigquery.googlesql.functions.joining import as_texts
from replicator.local.bigquery.googlesql.functions.numbers import product
from replicator.local.bigquery.googlesql.functions.table import (
    BY_ITSELF,
    UNMODELLED,
    Functions,
    Overload,
    call,
    no_signature,
)
from replicator.local.bigquery.googlesql.ranges import within
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, emits
from replicator.local.bigquery.googlesql.values import (
    BIGNUMERIC,
    BOOL,
    DATETIME,
    FLOAT64,
    INT64,
    NUMERIC,
    STRING,
    Origin,
    Value,
    WrittenFloat,
    bound,
    derived,
    fail,
    let,
    literal,
    null,
)
from replicator.local.bigquery.types import Type

_COMPARISONS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


def _plain(sql: str) -> str:
    return f"regexp_replace(CAST({sql} AS VARCHAR), '\\.0$', '')"


def _bounded(sign: str) -> Overload:
    """FLOAT64 arithmetic, which fails where DuckDB's goes to infinity."""
    made = f"{{0}} {sign} {{1}}"
    beyond = f"isinf({made}) AND isfinite({{0}}) AND isfinite({{1}})"
    message = f"'double overflow: ' || {_plain('{0}')} || ' {sign} ' || {_plain('{1}')}"
    sql = f"(CASE WHEN {beyond} THEN {{fail}} ELSE {made} END)"
    return Overload("FLOAT64, FLOAT64 -> FLOAT64", sql, message)


_ARITHMETIC: Final[dict[type[exp.Expr], tuple[str, tuple[Overload, ...]]]] = {
    exp.Add: (
        "+",
        (
            Overload("INT64, INT64 -> INT64", "({0} + {1})", BY_ITSELF),
            Overload("NUMERIC, NUMERIC -> NUMERIC", "({0} + {1})", BY_ITSELF),
            bignumbers.ADDED,
            _bounded("+"),
            Overload("DATE, INT64 -> DATE", "CASE WHEN {0} IS NOT NULL THEN {0} + CAST({1} AS INTEGER) END", BY_ITSELF),
            Overload("INT64, DATE -> DATE", "CASE WHEN {1} IS NOT NULL THEN {1} + CAST({0} AS INTEGER) END", BY_ITSELF),
        ),
    ),
    exp.Sub: (
        "-",
        (
            Overload("INT64, INT64 -> INT64", "({0} - {1})", BY_ITSELF),
            Overload("NUMERIC, NUMERIC -> NUMERIC", "({0} - {1})", BY_ITSELF),
            bignumbers.SUBTRACTED,
            _bounded("-"),
            Overload("DATE, INT64 -> DATE", "CASE WHEN {0} IS NOT NULL THEN {0} - CAST({1} AS INTEGER) END", BY_ITSELF),
            *(
                Overload(f"{kind}, {kind} -> INTERVAL", UNMODELLED)
                for kind in ("DATE", "DATETIME", "TIME", "TIMESTAMP")
            ),
        ),
    ),
    exp.Mul: (
        "*",
        (
            Overload("INT64, INT64 -> INT64", "({0} * {1})", BY_ITSELF),
            Overload("NUMERIC, NUMERIC -> NUMERIC", product("{fail}"), "'numeric overflow'"),
            bignumbers.MULTIPLIED,
            _bounded("*"),
        ),
    ),
}
_DIVISION: Final = Overload(
    "NUMERIC, NUMERIC -> NUMERIC",
    divided("{0}", "{1}", "{fail}"),
    f"'division by zero: ' || {_plain('{0}')} || ' / 0'",
)
_CONCATENATIONS: Final[Functions] = {
    "||": (
        Overload("STRING, STRING -> STRING", "({0} || {1})"),
        Overload("BYTES, BYTES -> BYTES", "({0} || {1})"),
        Overload("ARRAY<T>, ARRAY<T> -> ARRAY<T>", "({0} || {1})"),
    ),
}
_DECIMALS: Final = (NUMERIC, BIGNUMERIC)
_NOT_COMPARED: Final = frozenset({"JSON", "INTERVAL"})


@emits(exp.And, exp.Or)
def _connective(resolver: Resolver, node: exp.Expr) -> Value:
    word = "AND" if isinstance(node, exp.And) else "OR"
    operands = [_bool(resolver, operand, word) for operand in _flat(node, type(node))]
    return derived(f"({f' {word} '.join(operand.sql for operand in operands)})", BOOL, *operands)


def _flat(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    # A chain of thousands of ORs is a list, and not a depth.
    found: list[exp.Expr] = []
    pending = [node]
    while pending:
        one = pending.pop()
        if type(one) is kind:
            pending += [one.expression, one.this]
        else:
            found.append(one)
    return found


def _bool(resolver: Resolver, node: exp.Expr, word: str) -> Value:
    value = resolver.value(node)
    coerced = implicit(value, BOOL, resolver.gathering.names, node)
    if coerced is None:
        raise no_signature(node, f"operator {word}", [value])
    return coerced


@emits(exp.Not)
def _not(resolver: Resolver, node: exp.Expr) -> Value:
    if isinstance(node.this, exp.Null):
        raise refused(node, "Operands of NOT cannot be literal NULL")
    value = _bool(resolver, node.this, "NOT")
    return derived(f"(NOT {value.sql})", BOOL, value)


@emits(*_COMPARISONS)
def _comparison(resolver: Resolver, node: exp.Expr) -> Value:
    _no_nulls(_COMPARISONS[type(node)], node)
    left, right = resolver.value(node.this), resolver.value(node.expression)
    return compared(resolver, _COMPARISONS[type(node)], left, right, node)


def _no_nulls(sign: str, node: exp.Expr) -> None:
    if any(isinstance(one, exp.Null) for one in (node.this, node.args.get("expression"))):
        raise refused(node, f"Operands of {sign} cannot be literal NULL")


def compared(resolver: Resolver, sign: str, left: Value, right: Value, node: exp.Expr) -> Value:
    """``left sign right``.

    Raises:
        BigQueryError: Their types have nothing in common.
    """
    names = resolver.gathering.names
    found = common([left, right], names, node)
    if found is None:
        raise no_signature(node, f"operator {sign}", [left, right])
    kind, (one, other) = found
    if kind.name in _NOT_COMPARED or (sign not in ("=", "!=") and kind.name == "STRUCT"):
        raise no_signature(node, f"operator {sign}", [left, right])
    if kind.name in ("STRUCT", "ARRAY"):
        return _deep(resolver, sign, one, other, kind, node)
    if kind == FLOAT64:
        return derived(_floats(resolver, sign, one.sql, other.sql), BOOL, one, other)
    return derived(f"({one.sql} {sign} {other.sql})", BOOL, one, other)


def _floats(resolver: Resolver, sign: str, one: str, other: str) -> str:
    # DuckDB holds NaN equal to itself and greater than the rest; GoogleSQL holds every comparison but != for false.
    if one.startswith("CAST('") and "nan" not in one and sign in ("=", "!=", ">", ">="):
        one, other, sign = other, one, {"=": "=", "!=": "!=", ">": "<", ">=": "<="}[sign]
    names = resolver.gathering.names
    if other.startswith("CAST('") and "nan" not in other and sign in ("=", "!=", "<", "<="):
        return f"({one} {sign} {other})"
    if sign == "!=":
        unequal = "({a} != {b} OR (isnan({a}) AND {b} IS NOT NULL) OR (isnan({b}) AND {a} IS NOT NULL))"
        return bound(one, names, lambda a: bound(other, names, lambda b: unequal.format(a=a, b=b)))
    return bound(
        one,
        names,
        lambda a: bound(
            other,
            names,
            lambda b: f"({a} {sign} {b} AND NOT coalesce(isnan({a}) AND {b} = {b} OR isnan({b}) AND {a} = {a}, false))",
        ),
    )


def _deep(resolver: Resolver, sign: str, one: Value, other: Value, kind: Type, node: exp.Expr) -> Value:
    if sign not in ("=", "!="):
        raise unknown(node, f"the comparison of two values of type {kind}")
    if kind.element is not None:
        equal = _arrays(resolver, one.sql, other.sql, kind.element, node)
        return derived(equal if sign == "=" else f"(NOT {equal})", BOOL, one, other)
    if not (one.parts and other.parts):
        raise unknown(node, f"the equality of two values of type {kind} that are not written out")
    pairs = [compared(resolver, "=", left, right, node) for left, right in zip(one.parts, other.parts, strict=True)]
    sql = f"({' AND '.join(pair.sql for pair in pairs)})"
    return derived(sql if sign == "=" else f"(NOT {sql})", BOOL, *pairs)


def _arrays(resolver: Resolver, one: str, other: str, kind: Type, node: exp.Expr) -> str:
    """Whether two arrays are equal: not if two elements differ, and unknown if two others are NULL."""
    names = resolver.gathering.names
    place, tests = names.fresh("i"), names.fresh("v")

    def sql(left: str, right: str) -> str:
        ours, theirs = (Value(f"list_extract({array}, {place})", kind) for array in (left, right))
        equal = compared(resolver, "=", ours, theirs, node).sql
        each = f"list_transform(range(1, len({left}) + 1), lambda {place}: {equal})"
        judged = (
            f"CASE WHEN list_contains({tests}, false) THEN false WHEN list_count({tests}) < len({tests}) THEN NULL "
            f"ELSE true END"
        )
        return (
            f"(CASE WHEN {left} IS NULL OR {right} IS NULL THEN NULL WHEN len({left}) <> len({right}) THEN false "
            f"ELSE {let(tests, each, judged, names)} END)"
        )

    return bound(one, names, lambda left: bound(other, names, lambda right: sql(left, right)))


@emits(*_ARITHMETIC)
def _arithmetic(resolver: Resolver, node: exp.Expr) -> Value:
    sign, overloads = _ARITHMETIC[type(node)]
    if sign in "+-" and isinstance(node.expression, exp.Interval):
        return shifted(resolver, resolver.value(node.this), node.expression, sign, node)
    left, right = resolver.value(node.this), resolver.value(node.expression)
    return operate(resolver, sign, overloads, [left, right], node)


def operate(resolver: Resolver, sign: str, overloads: Sequence[Overload], args: list[Value], node: exp.Expr) -> Value:
    """An operator's value, by the first of its overloads that fits.

    Raises:
        BigQueryError: None fits, or an operand is a literal NULL.
    """
    _no_nulls(sign, node)
    for kind in (BIGNUMERIC, NUMERIC):
        if kind in [arg.type for arg in args]:
            # A number written with a point is a NUMERIC next to one.
            args = [_as_decimal(resolver, arg, kind, node) for arg in args]
    if all(arg.origin is Origin.NULL and not arg.fallible for arg in args):
        return null(overloads[0].shape[2])
    if any(arg.type == STRING and arg.is_literal for arg in args) and sign != "||":
        # A text next to a number or a date coerces to nothing that is added or multiplied.
        raise no_signature(node, f"operator {sign}", args)
    return call(f"operator {sign}", overloads, args, resolver.gathering.names, node)


def _as_decimal(resolver: Resolver, value: Value, kind: Type, node: exp.Expr) -> Value:
    if value.type != FLOAT64 or value.origin is not Origin.LITERAL:
        return value
    return implicit(value, kind, resolver.gathering.names, node) or value


def shifted(resolver: Resolver, value: Value, interval: exp.Expr, sign: str, node: exp.Expr) -> Value:
    """A date or time and an INTERVAL, by operator: a DATE becomes a DATETIME."""
    amount, part = interval_of(resolver, interval)
    kind = value.type.name
    if kind not in ("DATE", "DATETIME", "TIMESTAMP"):
        raise refused(node, f"No matching signature for operator {sign} for argument types: {value.type}, INTERVAL")
    if kind == "DATE":
        value = derived(f"CAST({value.sql} AS TIMESTAMP)", DATETIME, value)
        kind = "DATETIME"
    check(part, ADDED[kind], f"operator {sign}", node)
    signed = amount.sql if sign == "+" else f"(-{amount.sql})"
    sql = within(added(kind, value.sql, signed, part), value.type, resolver.gathering.names, f"Operator {sign}")
    return derived(sql, value.type, value, amount, fallible=True)


def interval_of(resolver: Resolver, node: exp.Expr | None) -> tuple[Value, str]:
    """The amount and the part of ``INTERVAL amount part``."""
    if not isinstance(node, exp.Interval):
        raise refused(node, "Expected INTERVAL expression")
    part = part_of(node.args.get("unit"))
    if "(" in part:
        raise refused(node, "Syntax error: Function call cannot be applied to this expression")
    written = node.this
    if isinstance(written, exp.Literal) and written.is_string and str(written.this).lstrip("+-").isdigit():
        # sqlglot quotes the number of INTERVAL 3 DAY; a text in its place would not be taken by GoogleSQL.
        return literal(int(written.this), INT64), part
    amount = resolver.value(written)
    coerced = implicit(amount, INT64, resolver.gathering.names, node)
    if coerced is None:
        raise refused(node, f"Interval value must be coercible to INT64 type; got {amount.type}")
    return coerced, part


@emits(exp.Div)
def _division(resolver: Resolver, node: exp.Expr) -> Value:
    left, right = resolver.value(node.this), resolver.value(node.expression)
    kinds = [each.type for each in (left, right) if each.origin is not Origin.LITERAL or each.type in _DECIMALS]
    if FLOAT64 not in kinds and set(kinds) & set(_DECIMALS):
        return operate(resolver, "/", (_DIVISION, bignumbers.DIVIDED), [left, right], node)
    return quotient(resolver, left, right, node)


def quotient(resolver: Resolver, left: Value, right: Value, node: exp.Expr) -> Value:
    """``/`` of FLOAT64, which fails for a divisor of zero."""
    names = resolver.gathering.names
    one, other = implicit(left, FLOAT64, names, node), implicit(right, FLOAT64, names, node)
    if one is None or other is None or STRING in (left.type, right.type):
        raise no_signature(node, "operator /", [left, right])
    if isinstance(right.constant, int | float) and abs(right.constant) >= 1:
        return derived(f"({one.sql} / {other.sql})", FLOAT64, one, other)

    def divided(dividend: str, divisor: str) -> str:
        message = f"'division by zero: ' || {_plain(dividend)} || ' / 0'"
        null = f"WHEN {dividend} IS NULL THEN NULL"
        made = f"{dividend} / {divisor}"
        beyond = f"isinf({made}) AND isfinite({dividend}) AND isfinite({divisor})"
        overflow = fail(FLOAT64, f"'double overflow: ' || {_plain(dividend)} || ' / ' || {_plain(divisor)}")
        return (
            f"(CASE {null} WHEN {divisor} = 0 THEN {fail(FLOAT64, message)} WHEN {beyond} THEN {overflow} "
            f"ELSE {made} END)"
        )

    sql = bound(one.sql, names, lambda a: bound(other.sql, names, lambda b: divided(a, b)))
    return derived(sql, FLOAT64, one, other, fallible=True)


@emits(exp.Neg)
def _negative(resolver: Resolver, node: exp.Expr) -> Value:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return number(f"-{node.this.this}", node)
    _no_nulls("-", node)
    value = resolver.value(node.this)
    if value.type == BIGNUMERIC:
        return call("operator -", (bignumbers.NEGATED,), [value], resolver.gathering.names, node)
    if value.type not in (INT64, FLOAT64, NUMERIC):
        raise no_signature(node, "operator -", [value])
    return derived(f"(-{value.sql})", value.type, value, fallible=value.type == INT64)


def number(text: str, node: exp.Expr) -> Value:
    """A number as it is written: INT64 without point and exponent, else FLOAT64.

    Raises:
        BigQueryError: It is too large.
    """
    if not any(sign in text for sign in ".eE"):
        whole = int(text)
        if not -(2**63) <= whole < 2**63:
            raise refused(node, f"Invalid integer literal: {text}")
        return literal(whole, INT64)
    return literal(WrittenFloat(text), FLOAT64)


@emits(exp.DPipe)
def _concatenated(resolver: Resolver, node: exp.Expr) -> Value:
    args = [resolver.value(node.this), resolver.value(node.expression)]
    return operate(resolver, "||", _CONCATENATIONS["||"], as_texts(args, resolver.gathering.names, node), node)
