"""GROUP BY and aggregates: the part of a SELECT that turns rows into groups.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#group_by_clause
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from replicator.local.bigquery.googlesql.functions.aggregates import AGGREGATES
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, path_of
from replicator.local.bigquery.googlesql.scope import Key
from replicator.local.bigquery.googlesql.values import Value

_UNGROUPED = frozenset({"STRUCT", "ARRAY", "JSON", "INTERVAL"})


class Grouping:
    """What a grouped SELECT computes from its rows.

    Attributes:
        rows: Resolves what stands inside aggregates, against single rows.
        alias: The name of the groups in DuckDB's SQL.
        keys: What the grouped columns are called behind the grouping.
        items: Which members of the SELECT list are keys as a whole.
    """

    def __init__(self, rows: Resolver) -> None:
        self.rows = rows
        self.alias = rows.gathering.names.fresh("g")
        self.keys: dict[Key, Value] = {}
        self.items: dict[int, Value] = {}
        self._columns: list[str] = []
        self._key_count = 0
        self._known: dict[str, str] = {}

    def add_key(self, value: Value, node: exp.Expr) -> Value:
        """Group by ``value``; answers with what it is called behind the grouping.

        Raises:
            BigQueryError: Values of its type are not grouped.
        """
        if value.type.name in _UNGROUPED:
            raise unknown(node, f"grouping by a value of type {value.type}")
        self.rows.gathering.need(value)
        self._key_count += 1
        name = f"k{self._key_count}"
        self._columns.append(f"{value.sql} AS {name}")
        return Value(f"{self.alias}.{name}", value.type, fallible=False)

    def aggregate(self, sql: str) -> str:
        """Compute an aggregate; answers with what it is called behind the grouping."""
        if sql not in self._known:
            name = f"a{len(self._known) + 1}"
            self._known[sql] = f"{self.alias}.{name}"
            self._columns.append(f"{sql} AS {name}")
        return self._known[sql]

    def sql(self, rows: str) -> str:
        """The groups of ``rows``, a FROM clause with its WHERE, as a FROM item."""
        columns = self._columns or ["count(*) AS a0"]
        keys = [str(index) for index, column in enumerate(columns, 1) if column.rpartition(" AS ")[2].startswith("k")]
        grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
        return f"(SELECT {', '.join(columns)}{rows}{grouped}) AS {self.alias}"


def aggregates_in(node: exp.Expr) -> Iterator[exp.Expr]:
    """The aggregate calls that belong to this query: not those of subqueries, nor analytic ones."""
    pending: list[exp.Expr] = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, exp.Query) and one is not node:
            continue
        if isinstance(one, exp.Window) and isinstance(one.this, exp.Anonymous):
            # The analytic call itself is none, what it is computed from may be.
            call, *rest = one.iter_expressions()
            pending += [*call.iter_expressions(), *rest]
            continue
        if isinstance(one, exp.Anonymous) and str(one.name).upper() in AGGREGATES:
            yield one
            continue
        pending += list(one.iter_expressions())


def shape(node: exp.Expr) -> Any:
    """What two expressions share when GoogleSQL holds them for the same: everything but case and parentheses."""
    if isinstance(node, exp.Paren):
        return shape(node.this)
    if isinstance(node, exp.Identifier):
        return node.name.lower()
    if isinstance(node, exp.Anonymous):
        return "call", str(node.name).upper(), tuple(shape(argument) for argument in node.expressions)
    parts: list[Any] = [node.key]
    for name, value in sorted(node.args.items()):
        if isinstance(value, exp.Expr):
            parts.append((name, shape(value)))
        elif isinstance(value, list):
            parts.append((name, tuple(shape(one) if isinstance(one, exp.Expr) else one for one in value)))
        elif value not in (None, False):
            parts.append((name, value))
    return tuple(parts)


def group_nodes(select: exp.Select) -> list[exp.Expr]:
    """The members of GROUP BY.

    Raises:
        BigQueryError: notImplemented, for ROLLUP, CUBE, GROUPING SETS and GROUP BY ALL.
    """
    group = select.args.get("group")
    if group is None:
        return []
    for key, value in group.args.items():
        if key != "expressions" and value:
            raise unknown(group, f"GROUP BY {key.upper()}")
    return list(group.expressions)


def ordinal(node: exp.Expr, count: int, clause: str) -> int | None:
    """The index that a number in GROUP BY or ORDER BY refers to, or None when it is no number.

    Raises:
        BigQueryError: There is no such column.
    """
    if not (isinstance(node, exp.Literal) and not node.is_string):
        if isinstance(node, exp.Literal):
            raise refused(node, f"Cannot {clause} literal values")
        return None
    number = int(node.this) if str(node.this).isdigit() else 0
    if not 1 <= number <= count:
        raise refused(node, f"{clause} is out of SELECT column number range: {node.this}")
    return number - 1


def single_name(node: exp.Expr) -> str | None:
    """The name, when the expression is nothing but one."""
    base, path = path_of(node)
    return path[0].name.lower() if base is None and len(path) == 1 else None
