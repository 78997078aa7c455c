"""Materialized views, answered as the views that they equal.

https://docs.cloud.google.com/bigquery/docs/materialized-views-create. The service takes queries that it can keep up to
date by itself; here are taken those of which that is certain, and the others refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.googlesql.calls import is_builtin
from replicator.local.bigquery.googlesql.dialect import parse_query
from replicator.local.bigquery.googlesql.functions.aggregates import AGGREGATES
from replicator.local.bigquery.statements.analysis import Prepared
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.frame import BOOL
from replicator.local.bigquery.statements.options import OWNED, Evaluate, option_values, table_options
from replicator.local.bigquery.storage.definitions import Refresh, TableDefinition
from replicator.local.bigquery.storage.relations import TableRelation
from replicator.local.bigquery.types import Type

_CHANGING: Final = frozenset({"GENERATE_UUID", "RAND", "SESSION_USER"})
_KEPT_UP: Final = frozenset(
    {"APPROX_COUNT_DISTINCT", "AVG", "BIT_AND", "BIT_OR", "BIT_XOR", "COUNT", "COUNTIF"}
    | {"LOGICAL_AND", "LOGICAL_OR", "MAX", "MIN", "SUM"}
)
"""Aggregates that the service keeps up to date by what has been added."""
_CLAUSES: Final = {
    "distinct": "DISTINCT", "having": "HAVING", "limit": "LIMIT", "order": "ORDER BY", "qualify": "QUALIFY",
    "with_": "WITH", "windows": "WINDOW", "offset": "OFFSET", "laterals": "LATERAL",
}  # fmt: skip
_REFRESH: Final = {"enable_refresh": BOOL, "refresh_interval_minutes": Type("FLOAT64")}


def materialized_options(
    definition: TableDefinition, options: Sequence[tuple[str, Source]], evaluate: Evaluate
) -> TableDefinition:
    """The definition with the options of a materialized view laid over it.

    Raises:
        BigQueryError: An option is unknown, of a wrong type, or not modelled.
    """
    own = [(name, source) for name, source in options if name in _REFRESH]
    refresh = definition.refresh or Refresh()
    for name, value in option_values(own, _REFRESH, "materialized view", evaluate).items():
        if name == "enable_refresh":
            refresh = replace(refresh, enabled=Refresh().enabled if value is None else bool(value))
        else:
            interval = Refresh().interval if value is None else timedelta(minutes=float(value))
            refresh = replace(refresh, interval=interval)
    rest = [(name, source) for name, source in options if name not in _REFRESH]
    for name, _ in rest:
        if name not in OWNED:
            what = f"the option {name} of a materialized view"
            raise unmodelled(what)
    return table_options(replace(definition, refresh=refresh), rest, evaluate)


def check_materialized(query: str, prepared: Prepared) -> None:
    """Assert that the service would take the query for a materialized view.

    Raises:
        BigQueryError: ``invalidQuery``: it would not; ``notImplemented``: it might.
    """
    tree = parse_query(query)
    for name in map(_called, tree.walk()):
        if name in _CHANGING or name.startswith("CURRENT_"):
            refuse("invalidQuery", f"Materialized view query cannot use {name}, which changes", location="query")
    if not prepared.scans:
        refuse("invalidQuery", "Materialized view query must reference a table", location="query")
    for beyond in (*_beyond_tables(prepared), *_beyond_select(tree), *_beyond_nodes(tree), *_beyond_aggregates(tree)):
        what = f"a materialized view {beyond},"
        raise unmodelled(what)


def _beyond_tables(prepared: Prepared) -> Iterator[str]:
    for scan in prepared.scans:
        if not isinstance(scan.relation, TableRelation) or scan.relation.wildcard:
            yield f"over {'.'.join(scan.path)}, which is no table"


def _beyond_select(tree: exp.Expr) -> Iterator[str]:
    if not isinstance(tree, exp.Select):
        yield "that is no plain SELECT"
    yield from (f"with {clause}" for key, clause in _CLAUSES.items() if tree.args.get(key))
    if len(list(tree.find_all(exp.Select))) > 1:
        yield "with a subquery"


def _beyond_nodes(tree: exp.Expr) -> Iterator[str]:
    for node in tree.walk():
        match node:
            case exp.Window():
                yield "with an analytic function"
            case exp.Join() if node.args.get("side") or node.args.get("method"):
                yield "with an outer join"
            case exp.Table() if any(node.args.get(key) for key in ("version", "pivots", "sample")):
                yield "with FOR SYSTEM_TIME AS OF, PIVOT, UNPIVOT or TABLESAMPLE"
            case exp.Anonymous() if isinstance(node.parent, exp.Dot) or not is_builtin(node.name):
                yield "with a function of the user's"


def _beyond_aggregates(tree: exp.Expr) -> Iterator[str]:
    for call in tree.find_all(exp.Anonymous):
        name = _called(call)
        if name not in AGGREGATES:
            continue
        if name not in _KEPT_UP or any(call.find_all(exp.Distinct, exp.Order, exp.Limit, exp.HavingMax)):
            yield f"with {name} written so"
        above = call.parent
        if above is not tree and not (isinstance(above, exp.Alias) and above.parent is tree):
            yield "that computes with what it has aggregated"


def _called(node: exp.Expr) -> str:
    """The function that a node calls, empty where it calls none."""
    if isinstance(node, exp.Anonymous):
        return str(node.name).upper()
    return node.sql_name() if isinstance(node, exp.Func) else ""
