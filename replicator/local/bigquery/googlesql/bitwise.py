"""Bitwise operators, of whole numbers and of BYTES.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/operators#bitwise_operators
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.functions.table import Overload
from replicator.local.bigquery.googlesql.operators import operate
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, emits
from replicator.local.bigquery.googlesql.values import Origin, Value, filled

_BITS: Final[dict[type[exp.Expr], tuple[str, str]]] = {
    exp.BitwiseAnd: ("&", "({0} & {1})"),
    exp.BitwiseOr: ("|", "({0} | {1})"),
    exp.BitwiseXor: ("^", "xor({0}, {1})"),
}
_SHIFTS: Final[dict[type[exp.Expr], str]] = {exp.BitwiseLeftShift: "<<", exp.BitwiseRightShift: ">>"}
_UNEQUAL: Final = "'Bitwise binary operator for BYTES requires equal length of the inputs'"
_BACK: Final = "'Bitwise shift by negative offset.'"


def _of_bytes(sql: str, failing: str = "") -> str:
    """A bitwise operation on BYTES, of which there are none in an empty one."""
    return f"CASE {failing}WHEN octet_length({{0}}) = 0 THEN {{0}} ELSE CAST({sql} AS BLOB) END"


def _pairwise(sql: str) -> Overload:
    bits = filled(sql, {"0": "CAST({0} AS BIT)", "1": "CAST({1} AS BIT)"})
    unequal = "WHEN octet_length({0}) <> octet_length({1}) THEN {fail} "
    return Overload("BYTES, BYTES -> BYTES", _of_bytes(bits, unequal), _UNEQUAL)


def _shifts(sign: str) -> tuple[Overload, ...]:
    """A shift, to the right without regard to the sign; DuckDB has it so of BIT alone."""

    def bits(most: str) -> str:
        return f"CAST({{0}} AS BIT) {sign} CAST(least({{1}}, {most}) AS INTEGER)"

    negative = "WHEN {1} < 0 THEN {fail} "
    return (
        Overload("INT64, INT64 -> INT64", f"CASE {negative}ELSE CAST({bits('64')} AS BIGINT) END", _BACK),
        Overload("BYTES, INT64 -> BYTES", _of_bytes(bits("8 * octet_length({0})"), negative), _BACK),
    )


@emits(*_BITS)
def _bits(resolver: Resolver, node: exp.Expr) -> Value:
    _check_mixed(node)
    sign, sql = _BITS[type(node)]
    args = [resolver.value(node.this), resolver.value(node.expression)]
    return operate(resolver, sign, (Overload("INT64, INT64 -> INT64", sql), _pairwise(sql)), args, node)


def _check_mixed(node: exp.Expr) -> None:
    # sqlglot reads them all from left to right, GoogleSQL some before the others.
    if type(node.this) in _BITS | _SHIFTS and type(node.this) is not type(node):
        raise unknown(node, "different bitwise operators without parentheses")


@emits(*_SHIFTS)
def _shift(resolver: Resolver, node: exp.Expr) -> Value:
    _check_mixed(node)
    sign = _SHIFTS[type(node)]
    args = [resolver.value(node.this), resolver.value(node.expression)]
    return operate(resolver, sign, _shifts(sign), args, node)


@emits(exp.BitwiseNot)
def _inverted(resolver: Resolver, node: exp.Expr) -> Value:
    given = resolver.value(node.this)
    if given.type.name == "STRING" and given.origin is Origin.LITERAL:
        raise unknown(node, "a text taken for BYTES")
    inverted = Overload("INT64 -> INT64", "(~{0})"), Overload("BYTES -> BYTES", _of_bytes("~CAST({0} AS BIT)"))
    return operate(resolver, "~", inverted, [given], node)
