"""Calls of aggregate and analytic functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.blocks import Order
from replicator.local.bigquery.googlesql.coercion import implicit
from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.functions.aggregates import (
    AGGREGATES,
    ANALYTIC,
    NEEDS_ORDER,
    TAKES_NO_ORDER,
    TAKES_NULLS,
    Modified,
    modified,
)
from replicator.local.bigquery.googlesql.functions.marks import DISTINCT, NULLS, ORDER, OVER
from replicator.local.bigquery.googlesql.functions.table import call
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, emits
from replicator.local.bigquery.googlesql.values import BYTES, FLOAT64, INT64, Value, derived

if TYPE_CHECKING:
    from replicator.local.bigquery.googlesql.grouping import Grouping

_NUMBERS: Final = {
    "APPROX_QUANTILES": (1, 1, 100_000),
    "APPROX_TOP_COUNT": (1, 1, 2**63),
    "APPROX_TOP_SUM": (2, 1, 2**63),
    "LAG": (1, 0, 2**63),
    "LEAD": (1, 0, 2**63),
    "NTH_VALUE": (1, 1, 2**63),
    "NTILE": (0, 1, 2**63),
    "PERCENTILE_CONT": (1, 0, 1),
    "PERCENTILE_DISC": (1, 0, 1),
}
"""The place of what they count by, the smallest and the largest that it may be."""
_UNORDERED = frozenset({"STRUCT", "ARRAY", "JSON", "INTERVAL"})


def aggregate(resolver: Resolver, name: str, node: exp.Expr) -> Value:
    """An aggregate over the rows of a group.

    Raises:
        BigQueryError: No aggregate may stand here.
    """
    grouping = resolver.grouping
    if grouping is None:
        shown = f"{name}(*)" if node.find(exp.Star) is not None and name == "COUNT" else name
        raise refused(node, f"Aggregate function {shown} not allowed in {resolver.clause}")
    return aggregate_of(grouping, name, node)


def aggregate_of(grouping: Grouping, name: str, node: exp.Expr, *, only: str = "") -> Value:
    """An aggregate over the rows of a group, or over those of them for which ``only``, SQL of a BOOL, holds.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    if node.expressions and isinstance(node.expressions[-1], exp.HavingMax):
        value = _at_extreme(grouping.rows, name, node, only)
    else:
        value = _called(grouping.rows, name, node, modified(name, node.expressions), "", only, grouping.mark)
    return Value(
        grouping.aggregate(value.sql), value.type, uses=value.uses, fallible=grouping.fallible and value.fallible
    )


def _at_extreme(resolver: Resolver, name: str, node: exp.Expr, only: str) -> Value:
    """ANY_VALUE(x HAVING MAX y)."""
    clause = node.expressions[-1]
    if name != "ANY_VALUE" or len(node.expressions) != 1:
        raise unknown(clause, f"{name} with HAVING MAX or MIN")
    value, by = resolver.value(clause.this), resolver.value(clause.expression)
    if by.type.name in _UNORDERED:
        raise refused(clause, f"HAVING {'MAX' if clause.args.get('max') else 'MIN'} of type {by.type} is not supported")
    if by.type == FLOAT64:
        # NaN is the extreme of what it is among, which it is not to DuckDB.
        raise unknown(clause, "ANY_VALUE with HAVING MAX or MIN of a FLOAT64")
    extreme = "arg_max_null" if clause.args.get("max") else "arg_min_null"
    sql = f"{extreme}({value.sql}, {by.sql}){f' FILTER (WHERE {only})' if only else ''}"
    return derived(sql, value.type, value, by)


def _called(
    resolver: Resolver, name: str, node: exp.Expr, call_: Modified, over: str, only: str = "", mark: str = ""
) -> Value:
    """A call as DuckDB writes it, ``over`` or a ``mark`` behind it, over the rows for which ``only`` holds."""
    names = resolver.gathering.names
    if name == "COUNT" and len(call_.args) == 1 and isinstance(call_.args[0], exp.Star):
        if call_.distinct:
            raise refused(node, "COUNT(*) cannot be used with DISTINCT")
        return Value(f"count(*){f' FILTER (WHERE {only})' if only else ''}{over}{mark}", INT64)
    args = [resolver.value(argument) for argument in call_.args]
    if call_.distinct and args and args[0].type.name in _UNORDERED:
        raise refused(node, f"Aggregate functions with DISTINCT cannot be used with arguments of type {args[0].type}")
    if name == "STRING_AGG" and len(args) > 1 and not args[1].is_literal:
        raise refused(node, "Argument 2 to STRING_AGG must be a literal or query parameter")
    _check_number(name, args, node)
    made = call(
        f"{'analytic' if over else 'aggregate'} function {name}", (AGGREGATES | ANALYTIC)[name], args, names, node
    )
    orders = [ordered(resolver, one) for one in call_.order]
    order = f" ORDER BY {', '.join(sql for sql, _ in orders)}" if orders else ""
    if call_.nulls == "IGNORE NULLS" and name == "ARRAY_AGG":
        if over:
            raise unknown(node, "IGNORE NULLS in an analytic ARRAY_AGG")
        only = f"{args[0].sql} IS NOT NULL{f' AND {only}' if only else ''}"
    nulls = " IGNORE NULLS" if call_.nulls == "IGNORE NULLS" else ""
    sql = made.sql
    behind = f" FILTER (WHERE {only}){over}{mark}" if only else f"{over}{mark}"
    for place, text in (
        (OVER, behind),
        (ORDER, order),
        (NULLS, nulls),
        (DISTINCT, "DISTINCT " if call_.distinct else ""),
    ):
        sql = sql.replace(place, text)
    value = derived(sql, made.type, made, *(value for _, value in orders))
    if call_.limit is None:
        return value
    return _limited(resolver, name, node, call_, value, args, only)


def _check_number(name: str, args: Sequence[Value], node: exp.Expr) -> None:
    """Refuse what LAG, NTILE, PERCENTILE_CONT and their like do not count by."""
    place, least, most = _NUMBERS.get(name, (0, 0, 0))
    if name not in _NUMBERS or len(args) <= place:
        return
    which = f"Argument {place + 1} to {name}"
    number = constant_of(args[place])
    if not args[place].fixed or (number is not None and args[place].constant is None):
        raise refused(node, f"{which} must be a literal or query parameter")
    if number is None:
        raise refused(node, f"{which} must be non-NULL")
    if isinstance(number, int | float | Decimal) and not least <= number <= most:
        raise refused(node, f"{which} must be between {least} and {most}")


def _limited(
    resolver: Resolver, name: str, node: exp.Expr, call_: Modified, value: Value, args: Sequence[Value], only: str
) -> Value:
    limit = resolver.value(call_.limit)
    if limit.type != INT64 or not limit.fixed:
        raise refused(node, "LIMIT inside an aggregate must be an integer literal or parameter")
    if name == "ARRAY_AGG":
        return derived(f"list_slice({value.sql}, 1, {limit.sql})", value.type, value)
    if name == "STRING_AGG":
        separator = args[1].sql if len(args) > 1 else "','"
        orders = ", ".join(ordered(resolver, one)[0] for one in call_.order)
        kept = f"{args[0].sql} IS NOT NULL{f' AND {only}' if only else ''}"
        distinct = "DISTINCT " if call_.distinct else ""
        listed = f"list({distinct}{args[0].sql}{f' ORDER BY {orders}' if orders else ''}) FILTER (WHERE {kept})"
        taken = f"list_slice({listed}, 1, {limit.sql})"
        if value.type == BYTES:
            mark = args[1].sql if len(args) > 1 else "unhex('2C')"
            made = f"unhex(array_to_string(list_transform({taken}, lambda b: hex(b)), hex({mark})))"
            return derived(made, BYTES, value)
        return derived(f"array_to_string({taken}, {separator})", value.type, value)
    raise unknown(node, f"LIMIT inside {name}")


def ordered(resolver: Resolver, node: exp.Expr) -> tuple[str, Value]:
    """A member of ORDER BY, with its direction and the place of NULLs.

    Raises:
        BigQueryError: Values of that type have no order.
    """
    value = resolver.value(node.this)
    return ", ".join(f"{sql} {how}" for sql, how in directed(node, value)), value


def directed(node: exp.Expr, value: Value) -> list[Order]:
    """What rows are ordered by for one member of ORDER BY, and how: ``ASC NULLS FIRST`` or as it was written.

    NULL is the smallest value, and NaN the next, which is DuckDB's largest
    (https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#orderable_floating_points).

    Raises:
        BigQueryError: Values of that type have no order.
    """
    if value.type.name in _UNORDERED:
        raise refused(node, f"ORDER BY does not support expressions of type {value.type}")
    word, other = ("DESC", "ASC") if node.args.get("desc") else ("ASC", "DESC")
    nulls = f"NULLS {'FIRST' if node.args.get('nulls_first') else 'LAST'}"
    order = value.sql, f"{word} {nulls}"
    return [(f"isnan({value.sql})", f"{other} {nulls}"), order] if value.type == FLOAT64 else [order]


@emits(exp.Window)
def _analytic(resolver: Resolver, node: exp.Expr) -> Value:
    function = node.this
    if isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        raise refused(node, "IGNORE NULLS stands inside the parentheses of the function")
    if not isinstance(function, exp.Anonymous):
        raise unknown(node, "this analytic call")
    name = str(function.name).upper()
    if name not in AGGREGATES and name not in ANALYTIC:
        raise refused(function, f"Function {name} does not support an OVER clause")
    if not resolver.windows:
        raise refused(node, f"Analytic function not allowed in {resolver.clause}")
    call_ = modified(name, function.expressions)
    if call_.order or call_.limit is not None:
        raise refused(function, f"ORDER BY and LIMIT in arguments are not supported on analytic functions ({name})")
    over, values = _over(resolver, node, name, call_)
    value = _called(resolver, name, function, call_, f" OVER ({over})")
    return derived(value.sql, value.type, value, *values, volatile=True)


def _over(resolver: Resolver, node: exp.Expr, name: str, call_: Modified) -> tuple[str, list[Value]]:
    """What stands in OVER's parentheses, and the values that it depends on."""
    partition_nodes, order_nodes, frame = _specification(resolver, node)
    pieces: list[str] = []
    partitions = [_partition(resolver, one) for one in partition_nodes]
    if partitions:
        pieces.append("PARTITION BY " + ", ".join(part.sql for part in partitions))
    orders = [ordered(resolver, one) for one in order_nodes]
    if orders:
        pieces.append("ORDER BY " + ", ".join(sql for sql, _ in orders))
    elif name in NEEDS_ORDER:
        raise refused(node.this, f"Window ORDER BY is required for analytic function {name.lower()}")
    if name in TAKES_NO_ORDER and (orders or frame is not None):
        raise refused(node.this, f"Window ORDER BY is not allowed for analytic function {name.lower()}")
    if call_.distinct and (orders or frame is not None):
        raise refused(node.this, "Window ORDER BY is not allowed if DISTINCT is specified")
    if frame is not None:
        if name in ANALYTIC and name not in TAKES_NULLS:
            raise refused(node.this, f"Window framing clause is not allowed for analytic function {name.lower()}")
        pieces.append(_frame(resolver, frame))
    return " ".join(pieces), [*partitions, *(value for _, value in orders)]


def _partition(resolver: Resolver, node: exp.Expr) -> Value:
    value = resolver.value(node)
    if value.type.name in _UNORDERED or value.type == FLOAT64:
        raise refused(node, f"Partitioning by expressions of type {value.type} is not allowed")
    if value.fallible and resolver.beside is not None:
        # DuckDB takes what can fail for volatile, and partitions by nothing volatile.
        name = resolver.gathering.names.fresh("p")
        resolver.beside.append(f" CROSS JOIN LATERAL (SELECT {value.sql} AS p) AS {name}")
        return replace(value, sql=f"{name}.p", fallible=False)
    return value


def _specification(resolver: Resolver, node: exp.Expr) -> tuple[list[exp.Expr], list[exp.Expr], exp.Expr | None]:
    """PARTITION BY, ORDER BY and the frame, with what a named window adds to them."""
    order = node.args.get("order")
    partitions = list(node.args.get("partition_by") or ())
    orders = list(order.expressions) if order is not None else []
    frame: exp.Expr | None = node.args.get("spec")
    alias = node.args.get("alias")
    if alias is None:
        return partitions, orders, frame
    named = next((one for one in resolver.named_windows if one.name.lower() == alias.name.lower()), None)
    if named is None:
        raise refused(node, f"Unrecognized window alias {alias.name}")
    before, first, whole = _specification(resolver, named)
    if partitions or (orders and first) or (whole is not None and (orders or frame is not None)):
        raise refused(node, f"Window alias {alias.name} cannot be extended by what it has already")
    return before, first or orders, whole if whole is not None else frame


def _frame(resolver: Resolver, frame: exp.Expr) -> str:
    bounds = [_bound(resolver, frame, "start"), _bound(resolver, frame, "end")]
    if frame.args.get("exclude"):
        raise refused(frame, "Syntax error: Unexpected EXCLUDE")
    end = bounds[1] or "CURRENT ROW"
    return f"{frame.args['kind']} BETWEEN {bounds[0]} AND {end}"


def _bound(resolver: Resolver, frame: exp.Expr, which: str) -> str:
    bound, side = frame.args.get(which), frame.args.get(f"{which}_side")
    if bound is None:
        return ""
    if isinstance(bound, str):
        return f"{bound} {side or ''}".strip()
    offset = resolver.value(bound)
    whole = implicit(offset, INT64, resolver.gathering.names, bound)
    if whole is None or not offset.fixed:
        raise unknown(bound, "a window frame whose offset is not an INT64 literal or parameter")
    return f"{whole.sql} {side}"
