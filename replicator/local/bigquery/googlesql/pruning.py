"""What WHERE, and ON of an inner join, say of partitions by constants alone.

https://docs.cloud.google.com/bigquery/docs/querying-partitioned-tables#use_a_constant_filter_expression

No page says whether ``IN UNNEST(array variable)`` is such a filter. Here it is none, and that is not to be set
otherwise: what does not rely on it is right either way.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.catalog import AllOf, AnyOf, Comparison, Operator, Prune
from replicator.local.bigquery.googlesql.coercion import implicit
from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import Origin, Value

_OPERATORS: Final[dict[type[exp.Expr], Operator]] = {
    exp.EQ: Operator.EQUAL,
    exp.NEQ: Operator.UNEQUAL,
    exp.LT: Operator.LESS,
    exp.LTE: Operator.AT_MOST,
    exp.GT: Operator.GREATER,
    exp.GTE: Operator.AT_LEAST,
}
_MIRRORED: Final = {
    Operator.LESS: Operator.GREATER,
    Operator.AT_MOST: Operator.AT_LEAST,
    Operator.GREATER: Operator.LESS,
    Operator.AT_LEAST: Operator.AT_MOST,
}


def prune(resolver: Resolver, condition: exp.Expr, *, outer_joined: bool) -> None:
    """Tell each relation of this FROM what its rows must satisfy; behind an outer join, nothing that NULLs would.

    What a subquery says of the rows around it chooses none of them: it may stand under NOT.
    """
    names = [name.value.column for source in resolver.scope.sources for name in source.names]
    own = {column[0] for column in names if column is not None}
    for number, scan in enumerate(resolver.gathering.scans):
        if number in own and scan.relation.prunable:
            found = _condition(resolver, condition, number, nulls=not outer_joined)
            if found is not None:
                scan.prune.append(found)
                scan.exact = len(scan.prune) == 1 and _lossless(resolver, condition, number, nulls=not outer_joined)


def _condition(resolver: Resolver, node: exp.Expr, number: int, *, nulls: bool) -> Prune | None:
    """What ``node`` being true says of the rows of one scan, or None when that is nothing."""
    if isinstance(node, exp.Paren):
        return _condition(resolver, node.this, number, nulls=nulls)
    if isinstance(node, exp.And | exp.Or):
        sides = [_condition(resolver, side, number, nulls=nulls) for side in (node.this, node.expression)]
        known = tuple(side for side in sides if side is not None)
        if isinstance(node, exp.And):
            return AllOf(known) if len(known) > 1 else next(iter(known), None)
        return AnyOf(known) if len(known) == len(sides) else None
    if isinstance(node, exp.Between):
        bounds = [
            _comparison(resolver, node.this, operator, node.args[key], number)
            for key, operator in (("low", Operator.AT_LEAST), ("high", Operator.AT_MOST))
        ]
        known = tuple(bound for bound in bounds if bound is not None)
        return AllOf(known) if len(known) == len(bounds) else next(iter(known), None)
    if isinstance(node, exp.In) and node.expressions:
        members = [_comparison(resolver, node.this, Operator.EQUAL, member, number) for member in node.expressions]
        known = tuple(member for member in members if member is not None)
        return AnyOf(known) if len(known) == len(members) else None
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null) and nulls:
        column = _column(resolver, node.this, number)
        return None if column is None else Comparison(column, Operator.IS_NULL)
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
        column = _column(resolver, node.this.this, number)
        return None if column is None else Comparison(column, Operator.IS_NOT_NULL)
    if type(node) in _OPERATORS:
        operator = _OPERATORS[type(node)]
        found = _comparison(resolver, node.this, operator, node.expression, number)
        return found or _comparison(resolver, node.expression, _MIRRORED.get(operator, operator), node.this, number)
    return None


def _lossless(resolver: Resolver, node: exp.Expr, number: int, *, nulls: bool) -> bool:
    """Whether ``_condition`` says all that ``node`` says."""
    if isinstance(node, exp.Paren):
        return _lossless(resolver, node.this, number, nulls=nulls)
    if isinstance(node, exp.And | exp.Or):
        return all(_lossless(resolver, side, number, nulls=nulls) for side in (node.this, node.expression))
    found = _condition(resolver, node, number, nulls=nulls)
    return isinstance(found, AllOf) if isinstance(node, exp.Between) else found is not None


def _comparison(
    resolver: Resolver, node: exp.Expr, operator: Operator, other: exp.Expr, number: int
) -> Comparison | None:
    column = _column(resolver, node, number)
    if column is None or other.find(exp.Query) is not None:
        return None
    ours, theirs = resolver.value(node), resolver.value(other)
    if not theirs.fixed or theirs.origin is Origin.NULL:
        return None
    coerced = implicit(theirs, ours.type, resolver.gathering.names, other)
    constant = constant_of(coerced) if coerced is not None else None
    return None if constant is None else Comparison(column, operator, constant)


def _column(resolver: Resolver, node: exp.Expr, number: int) -> str | None:
    if isinstance(node, exp.Paren):
        return _column(resolver, node.this, number)
    if not isinstance(node, exp.Column):
        return None
    value: Value = resolver.value(node)
    if value.column is None or value.column[0] != number:
        return None
    name = value.column[1]
    return name if name in resolver.gathering.scans[number].relation.prunable else None
