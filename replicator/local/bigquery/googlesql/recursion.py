"""WITH RECURSIVE.

https://docs.cloud.google.com/bigquery/docs/recursive-ctes
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlglot import exp

from replicator import limits
from replicator.local.bigquery.googlesql.blocks import Column, Draft, Shared
from replicator.local.bigquery.googlesql.coercion import implicit
from replicator.local.bigquery.googlesql.grouping import aggregates_in
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import Value, union

_ROUND = "iteration"


def ordered_tables(tables: Sequence[exp.Expr], node: exp.Expr) -> list[exp.Expr]:
    """The members of WITH RECURSIVE, each behind those that it names: they may stand in any order.

    Raises:
        BigQueryError: Two of them name each other.
    """
    known = {table.alias.lower(): table for table in tables}
    done: dict[str, exp.Expr] = {}
    pending: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in pending:
            cycle = " => ".join([*pending[pending.index(name) :], name])
            raise refused(node, f"Unsupported WITH entry dependency cycle: {cycle}")
        pending.append(name)
        for other in known:
            if other != name and references(known[name].this, other):
                visit(other)
        pending.pop()
        done[name] = known[name]

    for name in known:
        visit(name)
    return list(done.values())


def references(query: exp.Expr, name: str) -> list[exp.Table]:
    """Where a query names a WITH table."""
    return [
        table
        for table in query.find_all(exp.Table)
        if table.name.lower() == name and not table.args.get("db") and isinstance(table.this, exp.Identifier)
    ]


def recursive_table(
    resolver: Resolver, table: exp.Expr, draft_of: Callable[[Resolver, exp.Expr], Draft]
) -> tuple[str, Shared]:
    """A WITH table that names itself: DuckDB's definition of it, and what the query behind it sees.

    Raises:
        BigQueryError: GoogleSQL does not accept it, or it is not modelled.
    """
    query, title = table.this, table.alias
    while isinstance(query, exp.Subquery) and not _modifiers(query):
        query = query.this
    if not isinstance(query, exp.Union) or query.args.get("by_name") or query.args.get("with_"):
        form = "<non-recursive-term> UNION [ALL|DISTINCT] <recursive-term>"
        raise refused(table, f"Recursive query does not have the form {form}")
    if _modifiers(query):
        raise refused(table, "A recursive query may not use ORDER BY or LIMIT")
    if references(query.this, title.lower()):
        raise refused(table, "Recursive reference is not allowed in non-recursive UNION term")
    found = references(query.expression, title.lower())
    if len(found) > 1:
        raise refused(table, f"Multiple recursive references to table '{title}' are not allowed")
    _check_reference(found[0], query.expression)
    base = draft_of(resolver, query.this)
    if base.value_table:
        raise unknown(table, "a recursive query of values")
    name = resolver.gathering.names.fresh("w")
    seen = tuple(Column(column.name, _computed(column.value)) for column in base.columns)
    held = Draft(seen, base.render)
    term = draft_of(replace(resolver, tables=resolver.tables.adding(title, Shared(name, held))), query.expression)
    texts = _terms(resolver, base, term, table)
    uses = [union([one.value.uses, other.value.uses]) for one, other in zip(base.columns, term.columns, strict=True)]
    columns = tuple(
        Column(column.name, replace(column.value, uses=used)) for column, used in zip(seen, uses, strict=True)
    )
    resolver.gathering.need(*(column.value for column in columns))
    return _definition(name, texts, len(columns), distinct=bool(query.args.get("distinct"))), Shared(
        name, replace(held, columns=columns)
    )


def _computed(value: Value) -> Value:
    return Value(value.sql, value.type, uses=value.uses)


def _terms(resolver: Resolver, base: Draft, term: Draft, table: exp.Expr) -> tuple[str, str]:
    """Both terms' SELECTs; the recursive one's columns have the types of the other's."""
    if len(base.columns) != len(term.columns):
        sizes = f"query 1 has {len(base.columns)}, query 2 has {len(term.columns)}"
        raise refused(table, f"Queries in UNION have mismatched column count; {sizes}")
    sqls: list[str] = []
    for place, (one, other) in enumerate(zip(base.columns, term.columns, strict=True), 1):
        coerced = implicit(other.value, one.value.type, resolver.gathering.names, table)
        if coerced is None:
            ours, theirs = f"({other.value.type}) of column {place}", f"({one.value.type}) of column {place}"
            terms = f"{ours} in the recursive term to type {theirs} in non-recursive term"
            raise refused(table, f"Cannot coerce type {terms}")
        sqls.append(coerced.sql)
    return base.text(), term.text(sqls)


def _definition(name: str, texts: tuple[str, str], count: int, *, distinct: bool) -> str:
    columns = [f"c{index}" for index in range(1, count + 1)]
    listed = ", ".join(columns)
    most = limits.RECURSIVE_ITERATIONS.value
    failed = f"error('A recursive CTE has reached the maximum number of iterations: {most}')"
    # The rows of one iteration are all of the same one, so that the next is told from any of them.
    following = f"(SELECT CASE WHEN max({_ROUND}) >= {most} THEN {failed} ELSE max({_ROUND}) + 1 END FROM {name})"
    first = f"SELECT {listed}, 0 AS {_ROUND} FROM ({texts[0]})"
    again = f"SELECT {listed}, {following} AS {_ROUND} FROM ({texts[1]}) AS q"
    if not distinct:
        return f"{name}({listed}, {_ROUND}) AS ({first} UNION ALL {again})"
    same = " AND ".join(f"z.{column} IS NOT DISTINCT FROM q.{column}" for column in columns)
    fresh = f"WHERE NOT EXISTS (SELECT 1 FROM recurring.{name} AS z WHERE {same})"
    return f"{name}({listed}, {_ROUND}) USING KEY ({listed}) AS ({first} UNION ALL {again} {fresh})"


def _modifiers(node: exp.Expr) -> bool:
    return any(node.args.get(key) for key in ("order", "limit", "offset", "with_", "alias", "joins", "pivots"))


def _check_reference(reference: exp.Expr, term: exp.Expr) -> None:
    """Refuse a recursive reference where each iteration's rows alone would not do."""
    node = reference
    while node is not term:
        parent = node.parent
        if parent is None:
            return
        _check_step(node, parent)
        node = parent
    _check_query(term)


def _check_step(node: exp.Expr, parent: exp.Expr) -> None:
    if isinstance(parent, exp.Join):
        if parent.args.get("side") in ("LEFT", "FULL"):
            side = parent.args["side"]
            message = f"A query containing a recursive reference must not be used as the right operand of a {side} JOIN"
            raise refused(node, message)
    elif isinstance(parent, exp.Select):
        for join in parent.args.get("joins") or ():
            if join is not node and join.args.get("side") in ("RIGHT", "FULL"):
                side = join.args["side"]
                message = f"A query containing a recursive reference must not be used as an operand of a {side} JOIN"
                raise refused(node, message)
    elif not isinstance(parent, exp.From | exp.Subquery):
        raise unknown(node, "a recursive reference in this place")
    if isinstance(node, exp.Query):
        _check_query(node)


def _check_query(node: exp.Expr) -> None:
    if isinstance(node, exp.Select) and (
        node.args.get("distinct")
        or node.args.get("group")
        or node.args.get("having")
        or any(next(aggregates_in(one), None) is not None for one in node.expressions)
    ):
        message = "must not use DISTINCT, GROUP BY, or any aggregate function"
        raise refused(node, f"A subquery containing a recursive reference {message}")
    if node.args.get("qualify") or any(
        window.find_ancestor(exp.Select) is node for window in node.find_all(exp.Window)
    ):
        raise refused(node, "A subquery containing a recursive reference must not use an analytic function")
    if node.args.get("order") or node.args.get("limit") or node.args.get("offset"):
        raise refused(node, "A recursive query may not use ORDER BY or LIMIT")
    if node.args.get("with_"):
        raise unknown(node, "WITH in a recursive term")
