"""PIVOT and UNPIVOT.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#pivot_operator
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlglot import exp

from replicator.local.bigquery.googlesql.analytic import aggregate_of
from replicator.local.bigquery.googlesql.coercion import implicit
from replicator.local.bigquery.googlesql.functions.aggregates import AGGREGATES
from replicator.local.bigquery.googlesql.grouping import Grouping
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, path_of
from replicator.local.bigquery.googlesql.scope import Name, Scope, Source
from replicator.local.bigquery.googlesql.values import INT64, STRING, Origin, Value, derived, pack, union
from replicator.local.bigquery.types import Type, struct

_UNCOMPARED = frozenset({"STRUCT", "ARRAY", "JSON", "INTERVAL"})


def reshaped(resolver: Resolver, sql: str, source: Source, node: exp.Expr) -> tuple[str, Source]:
    """A FROM item behind its PIVOT or UNPIVOT, as a FROM item.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    pivots = node.args["pivots"]
    if len(pivots) != 1:
        raise refused(node, "Syntax error: Expected end of input but got PIVOT")
    pivot = pivots[0]
    if len(pivot.args.get("fields") or ()) != 1 or not isinstance(pivot.args["fields"][0], exp.In):
        raise unknown(node, "PIVOT with this FOR clause")
    if pivot.args.get("unpivot"):
        return _unpivoted(resolver, sql, source, pivot)
    return _pivoted(resolver, sql, source, pivot)


def _pivoted(resolver: Resolver, sql: str, source: Source, pivot: exp.Expr) -> tuple[str, Source]:
    named: set[str] = set()
    watched = tuple(replace(name, touch=_noting(name, named)) for name in source.names)
    rows = resolver.inner(Scope([Source(source.alias, watched)], resolver.scope), "PIVOT expression")
    grouping = Grouping(rows)
    clause = pivot.args["fields"][0]
    subject = rows.value(clause.this)
    if subject.type.name in _UNCOMPARED:
        raise unknown(clause, f"PIVOT over values of type {subject.type}")
    calls = [_call(one, len(pivot.expressions)) for one in pivot.expressions]
    resolver.gathering.need(subject)
    made: list[Name] = []
    for item in clause.expressions:
        label, value = _pivot_value(rows, item, subject.type)
        condition = f"{subject.sql} IS NOT DISTINCT FROM {value.sql}"
        for prefix, call in calls:
            title = f"{prefix}_{label}" if prefix else label
            computed = aggregate_of(grouping, str(call.name).upper(), call, only=condition)
            made.append(Name(title, computed))
    # What is named nowhere in the clause is what the rows are grouped by.
    rest = [name for name in source.names if not name.pseudo and name.name.lower() not in named]
    keys = [Name(name.name, grouping.add_key(name.taken(), pivot)) for name in rest]
    return grouping.sql(f" FROM {sql}"), Source(pivot.alias, (*keys, *made))


def _noting(name: Name, named: set[str]) -> Callable[[], None]:
    def note() -> None:
        named.add(name.name.lower())
        if name.touch is not None:
            name.touch()

    return note


def _call(node: exp.Expr, count: int) -> tuple[str, exp.Expr]:
    """An aggregate of PIVOT, with what its columns' names begin with."""
    alias = node.alias if isinstance(node, exp.Alias) else ""
    call = node.this if isinstance(node, exp.Alias) else node
    if not isinstance(call, exp.Anonymous) or str(call.name).upper() not in AGGREGATES:
        raise refused(node, "PIVOT expression must be an aggregate function call")
    if count > 1 and not alias:
        raise refused(
            node, "PIVOT expression must specify an alias unless it is the only pivot expression in the PIVOT clause"
        )
    return alias, call


def _pivot_value(rows: Resolver, node: exp.Expr, wanted: Type) -> tuple[str, Value]:
    """A member of PIVOT's IN, with the name of its columns."""
    given = node.this if isinstance(node, exp.PivotAlias | exp.Alias) else node
    value = rows.inner(Scope([], None), "PIVOT IN list").value(given)
    if not value.fixed:
        raise refused(node, "IN expression in PIVOT clause must be constant")
    held = implicit(value, wanted, rows.gathering.names, node)
    if held is None or (value.type != wanted and not value.is_literal):
        message = f"PIVOT IN list item must be type {wanted} to match the PIVOT FOR expression; found {value.type}"
        raise refused(node, message)
    if given is not node:
        return _alias(node), held
    return _implied(value, held, node), held


def _alias(node: exp.Expr) -> str:
    alias = node.args["alias"]
    return str(alias.name) if isinstance(alias, exp.Expr) else str(alias)


def _implied(value: Value, held: Value, node: exp.Expr) -> str:
    """The name that a constant gives its columns."""
    if value.origin is Origin.NULL:
        return "NULL"
    constant = held.constant if held.constant is not None else value.constant
    match constant:
        case bool():
            return "true" if constant else "false"
        case str():
            return constant
        case int() | Decimal() if held.type.name in ("INT64", "NUMERIC"):
            digits = f"{constant.copy_abs():f}" if isinstance(constant, Decimal) else str(abs(constant))
            digits = (digits.rstrip("0").rstrip(".") if "." in digits else digits).replace(".", "_point_")
            return f"minus_{digits}" if constant < 0 else f"_{digits}"
        case date() if held.type.name == "DATE":
            return f"_{constant.isoformat().replace('-', '_')}"
        case None:
            message = (
                "Generating an implicit alias for this PIVOT value is not supported; please provide an explicit alias"
            )
            raise refused(node, message)
        case _:
            raise refused(node, f"PIVOT values of type {held.type} must specify an alias")


def _unpivoted(resolver: Resolver, sql: str, source: Source, pivot: exp.Expr) -> tuple[str, Source]:
    clause = pivot.args["fields"][0]
    values = _names(pivot.expressions[0])
    members = [_unpivot_member(source, one, len(values)) for one in clause.expressions]
    taken = [name.name.lower() for columns, _ in members for name in columns]
    if len(set(taken)) < len(taken):
        raise refused(pivot, "Column names in UNPIVOT IN clause cannot be repeated")
    kinds = [name.value.type for name in members[0][0]]
    for columns, _ in members:
        for name, kind in zip(columns, kinds, strict=True):
            if name.value.type != kind:
                message = "The datatype of column does not match with other datatypes in the IN clause. "
                raise refused(pivot, f"{message}Expected {kind}, Found {name.value.type}")
    labels = _labels(resolver, members, clause.expressions, pivot)
    row = struct(*((f"v{index}", kind) for index, kind in enumerate(kinds, 1)), ("label", labels[0].type))
    packed = [
        pack(row, [*(name.taken().sql for name in columns), label.sql])
        for (columns, _), label in zip(members, labels, strict=True)
    ]
    names = resolver.gathering.names
    inner, outer = names.fresh("u"), names.fresh("t")
    others = [name for name in source.names if not name.pseudo and name.name.lower() not in taken]
    shown = [f"{name.taken().sql} AS c{index}" for index, name in enumerate(others, 1)]
    shown += [f"{inner}.e.{key} AS {key}" for key, _ in row.fields]
    spread = f"(SELECT unnest([{', '.join(packed)}]) AS e) AS {inner}"
    kept = " OR ".join(f"{inner}.e.v{index} IS NOT NULL" for index in range(1, len(kinds) + 1))
    where = "" if pivot.args.get("include_nulls") else f" WHERE {kept}"
    text = f"(SELECT {', '.join(shown)} FROM {sql} CROSS JOIN LATERAL {spread}{where}) AS {outer}"
    seen = [
        Name(name.name, replace(name.value, sql=f"{outer}.c{index}", parts=None, column=None))
        for index, name in enumerate(others, 1)
    ]
    for index, (title, kind) in enumerate(zip(values, kinds, strict=True), 1):
        uses = union(columns[index - 1].value.uses for columns, _ in members)
        seen.append(Name(title, Value(f"{outer}.v{index}", kind, uses=uses)))
    if where:
        resolver.gathering.need(*(name.value for columns, _ in members for name in columns))
    seen.append(Name(_names(clause.this)[0], Value(f"{outer}.label", labels[0].type)))
    return text, Source(pivot.alias, tuple(seen))


def _names(node: exp.Expr) -> list[str]:
    if isinstance(node, exp.Tuple):
        return [one.name for one in node.expressions]
    inner = node.this if isinstance(node, exp.Paren) else node
    return [inner.name]


def _unpivot_member(source: Source, node: exp.Expr, count: int) -> tuple[list[Name], str]:
    """The columns of a member of UNPIVOT's IN, and the label that they give it."""
    given = node.this if isinstance(node, exp.PivotAlias | exp.Alias) else node
    if isinstance(given, exp.Paren):
        given = given.this
    nodes = given.expressions if isinstance(given, exp.Tuple) else [given]
    if len(nodes) != count:
        raise refused(node, f"The number of new columns introduced as value columns must be the same as in IN: {count}")
    columns = [_column(source, one) for one in nodes]
    return columns, "_".join(path_of(one)[1][-1].name for one in nodes)


def _column(source: Source, node: exp.Expr) -> Name:
    base, path = path_of(node)
    if base is not None or not path:
        raise refused(node, "Syntax error: UNPIVOT names columns")
    if len(path) == 2 and path[0].name.lower() == source.alias.lower():
        path = path[1:]
    found = [name for name in source.names if name.name.lower() == path[0].name.lower()]
    if not found or len(path) != 1:
        raise refused(node, f"Unrecognized name: {'.'.join(part.name for part in path)}")
    if len(found) > 1:
        raise refused(node, f"Column name {path[0].name} is ambiguous")
    return found[0]


def _labels(
    resolver: Resolver, members: list[tuple[list[Name], str]], nodes: list[exp.Expr], pivot: exp.Expr
) -> list[Value]:
    labels: list[Value] = []
    rows = resolver.inner(Scope([], None), "UNPIVOT IN list")
    for (_, implied), node in zip(members, nodes, strict=True):
        if isinstance(node, exp.PivotAlias | exp.Alias) and isinstance(node.args["alias"], exp.Literal):
            labels.append(rows.value(node.args["alias"]))
        elif isinstance(node, exp.PivotAlias | exp.Alias):
            raise refused(node, "Syntax error: a label of UNPIVOT is a string or an integer")
        else:
            labels.append(rows.value(exp.Literal.string(implied)))
    if any(label.type != labels[0].type or label.type not in (STRING, INT64) for label in labels):
        message = (
            "All UNPIVOT labels must be the same type; when non-string labels are present then all labels must be "
        )
        raise refused(pivot, f"{message}explicitly provided")
    return [derived(label.sql, label.type) for label in labels]
