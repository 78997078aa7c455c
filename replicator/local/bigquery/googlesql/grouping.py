"""GROUP BY and aggregates: the part of a SELECT that turns rows into groups.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#group_by_clause
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.functions.aggregates import AGGREGATES
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, path_of
from replicator.local.bigquery.googlesql.scope import Key
from replicator.local.bigquery.googlesql.values import INT64, Value

_UNGROUPED = frozenset({"STRUCT", "ARRAY", "JSON", "INTERVAL"})
_SETS = (exp.GroupingSets, exp.Rollup, exp.Cube)
# No page settles whether the total of no rows is a row, as it is without keys.
_TOTAL_OF_ROWS: Final = (
    " HAVING CASE WHEN count(*) = 0 THEN CAST(error('A grouping set without keys over no rows is not modelled by the "
    "local cloud') AS BOOLEAN) ELSE true END"
)
_MOST_SETS: Final = 4_096
_MOST_CUBED: Final = 12
GROUPING: Final = "GROUPING"
"""The function that tells which rows of grouping sets lack a key."""


class Grouping:
    """What a grouped SELECT computes from its rows.

    Attributes:
        rows: Resolves what stands inside aggregates, against single rows.
        alias: The name of the groups in DuckDB's SQL.
        keys: What the grouped columns are called behind the grouping.
        items: Which members of the SELECT list are keys as a whole.
        mark: What stands behind each aggregate that is computed.
        fallible: Whether an aggregate is computed where it stands, and fails there.
        sets: Of GROUPING SETS, ROLLUP and CUBE: which keys, by their numbers from 0, each set groups by.
    """

    def __init__(self, rows: Resolver) -> None:
        self.rows = rows
        self.alias = rows.gathering.names.fresh("g")
        self.keys: dict[Key, Value] = {}
        self.items: dict[int, Value] = {}
        self.mark = ""
        self.fallible = False
        self.sets: tuple[tuple[int, ...], ...] | None = None
        self._columns: list[str] = []
        self._key_count = 0
        self._known: dict[str, str] = {}
        self._shapes: dict[Any, str] = {}

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
        key = Value(f"{self.alias}.{name}", value.type, fallible=False)
        self._shapes[shape(node)] = value.sql
        return key

    def absent(self, node: exp.Expr) -> Value:
        """GROUPING(key): 1 where the row's grouping set does not hold the key.

        Raises:
            BigQueryError: It is no key.
        """
        found = self._shapes.get(shape(node))
        if found is None:
            raise refused(node, "GROUPING must have an argument that exists within the group-by expression list")
        if self.sets is None:
            return Value(self.aggregate("0::BIGINT + 0 * count(*)"), INT64)
        return Value(self.aggregate(f"CAST(grouping({found}) AS BIGINT)"), INT64)

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
        if self.sets is not None and keys:
            sets = (f"({', '.join(keys[number] for number in members)})" for members in self.sets)
            grouped = f" GROUP BY GROUPING SETS ({', '.join(sets)}){'' if all(self.sets) else _TOTAL_OF_ROWS}"
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
        if isinstance(one, exp.Anonymous) and str(one.name).upper() in (*AGGREGATES, GROUPING):
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


def group_nodes(select: exp.Select, items: Sequence[exp.Expr | Value]) -> list[exp.Expr]:
    """The keys of GROUP BY, of all its grouping sets; of GROUP BY ALL by their numbers in the SELECT list.

    Raises:
        BigQueryError: The clause is not GoogleSQL's.
    """
    group = select.args.get("group")
    if group is None:
        return []
    if group.args.get("all"):
        return [exp.Literal.number(place) for place, item in enumerate(items, 1) if _grouped_by_all(item)]
    for key, value in group.args.items():
        if key != "expressions" and value:
            raise unknown(group, f"GROUP BY {key.upper()}")
    members = group.expressions
    if not any(isinstance(one, _SETS) or _empty(one) for one in members):
        return list(members)
    if len(members) > 1:
        raise refused(group, "Syntax error: GROUPING SETS, ROLLUP and CUBE stand alone in GROUP BY")
    nodes: dict[Any, exp.Expr] = {}
    for one in _sets(members[0]):
        nodes.update({shape(key): key for key in one})
    return list(nodes.values())


def grouping_sets(select: exp.Select, nodes: Sequence[exp.Expr]) -> tuple[tuple[int, ...], ...] | None:
    """Which of the keys each grouping set holds; None where there is one set, of all keys.

    Raises:
        BigQueryError: There are more than GoogleSQL takes.
    """
    group = select.args.get("group")
    if group is None or len(group.expressions) != 1 or not isinstance(group.expressions[0], _SETS):
        return None
    numbers = {shape(node): number for number, node in enumerate(nodes)}
    sets = [tuple(dict.fromkeys(numbers[shape(key)] for key in one)) for one in _sets(group.expressions[0])]
    if not nodes:
        raise unknown(group, "GROUPING SETS without keys")
    if len(sets) > _MOST_SETS:
        raise refused(group, f"At most {_MOST_SETS} grouping sets are allowed, but {len(sets)} were provided")
    return tuple(sets)


def _empty(node: exp.Expr) -> bool:
    return isinstance(node, exp.Tuple) and not node.expressions


def _sets(node: exp.Expr) -> list[list[exp.Expr]]:
    """The grouping sets that a member of GROUP BY stands for."""
    if isinstance(node, exp.GroupingSets):
        return [one for member in node.expressions for one in _sets(member)]
    parts = [_members(member) for member in node.expressions]
    if isinstance(node, exp.Rollup):
        return [[key for part in parts[:length] for key in part] for length in range(len(parts), -1, -1)]
    if isinstance(node, exp.Cube):
        if len(parts) > _MOST_CUBED:
            raise refused(node, f"CUBE cannot have more than {_MOST_CUBED} elements")
        choices = product(*((True, False) for _ in parts))
        return [[key for part, taken in zip(parts, chosen, strict=True) if taken for key in part] for chosen in choices]
    return [_members(node)]


def _members(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Tuple):
        return list(node.expressions)
    return [node.this if isinstance(node, exp.Paren) else node]


def _grouped_by_all(item: exp.Expr | Value) -> bool:
    """Whether GROUP BY ALL groups by a member of the SELECT list: it aggregates nothing, and is no constant."""
    if isinstance(item, Value):
        return True
    if next(aggregates_in(item), None) is not None or item.find(exp.Window) is not None:
        return False
    if item.find(exp.Query) is not None:
        raise unknown(item, "GROUP BY ALL with a subquery in the SELECT list")
    return item.find(exp.Column) is not None


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
