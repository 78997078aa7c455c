"""Text to DML.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
"""

from __future__ import annotations

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements import dml
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.lexer import Kind


def parse_dml(source: Source) -> dml.Dml:
    """Read an INSERT, UPDATE, DELETE, MERGE or TRUNCATE TABLE statement.

    Raises:
        BigQueryError: ``invalidQuery`` with the position, or ``notImplemented`` for what is not modelled.
    """
    cursor = Cursor.over(source)
    match cursor.token.upper:
        case "INSERT":
            statement: dml.Dml = _insert(cursor)
        case "UPDATE":
            statement = _update(cursor)
        case "DELETE":
            statement = _delete(cursor)
        case "MERGE":
            statement = _merge(cursor)
        case _:
            cursor.expect("TRUNCATE", "TABLE")
            statement = dml.Truncate(cursor.path())
    cursor.finish()
    return statement


def _insert(cursor: Cursor) -> dml.Insert:
    cursor.expect("INSERT")
    cursor.accept("INTO")
    path = cursor.path()
    names = None
    if cursor.at("(") and cursor.after(1).upper not in ("SELECT", "WITH", "("):
        names = _names(cursor)
    if cursor.accept("VALUES"):
        rows = [_values(cursor)]
        while cursor.accept(","):
            rows.append(_values(cursor))
        return dml.Insert(path, names, tuple(rows), None)
    if not cursor.at_any("SELECT", "WITH", "(", "FROM"):
        cursor.refuse("keyword VALUES or a query")
    return dml.Insert(path, names, (), cursor.rest())


def _names(cursor: Cursor) -> tuple[str, ...]:
    cursor.expect("(")
    names = [cursor.name()]
    while cursor.accept(","):
        names.append(cursor.name())
    cursor.expect(")")
    return tuple(names)


def _values(cursor: Cursor) -> tuple[dml.Item, ...]:
    cursor.expect("(")
    items = [_item(cursor, ",", ")")]
    while cursor.accept(","):
        items.append(_item(cursor, ",", ")"))
    cursor.expect(")")
    return tuple(items)


def _item(cursor: Cursor, *stops: str) -> dml.Item:
    if cursor.at("DEFAULT") and (cursor.after(1).upper in stops or cursor.after(1).kind is Kind.END):
        cursor.advance()
        return dml.Unset.DEFAULT
    return cursor.until(*stops)


def _target(cursor: Cursor, *keywords: str) -> dml.Target:
    path = cursor.path()
    if cursor.accept("AS"):
        return dml.Target(path, cursor.name())
    if cursor.token.kind is Kind.QUOTED or (cursor.token.kind is Kind.WORD and not cursor.at_any(*keywords)):
        return dml.Target(path, cursor.name())
    return dml.Target(path, path[-1])


def _assignments(cursor: Cursor, *stops: str) -> tuple[dml.Assignment, ...]:
    assignments: list[dml.Assignment] = []
    while not assignments or cursor.accept(","):
        if cursor.at("("):
            msg = "a nested DML statement in SET"
            raise unmodelled(msg)
        path = [cursor.name()]
        while cursor.accept("."):
            path.append(cursor.word())
        cursor.expect("=")
        assignments.append(dml.Assignment(tuple(path), _item(cursor, ",", *stops)))
    return tuple(assignments)


def _update(cursor: Cursor) -> dml.Update:
    cursor.expect("UPDATE")
    target = _target(cursor, "SET")
    cursor.expect("SET")
    assignments = _assignments(cursor, "FROM", "WHERE")
    origin = cursor.until("WHERE") if cursor.accept("FROM") else None
    return dml.Update(target, assignments, origin, _where(cursor, "UPDATE"))


def _delete(cursor: Cursor) -> dml.Delete:
    cursor.expect("DELETE")
    cursor.accept("FROM")
    target = _target(cursor, "WHERE")
    return dml.Delete(target, _where(cursor, "DELETE"))


def _where(cursor: Cursor, statement: str) -> Source:
    if cursor.exhausted:
        # dml-syntax: every UPDATE and DELETE must have a WHERE clause.
        msg = f"{statement} must have a WHERE clause"
        refuse("invalidQuery", msg, location="query")
    cursor.expect("WHERE")
    return cursor.rest()


def _merge(cursor: Cursor) -> dml.Merge:
    cursor.expect("MERGE")
    cursor.accept("INTO")
    target = _target(cursor, "USING")
    cursor.expect("USING")
    origin = cursor.until("ON")
    cursor.expect("ON")
    on = cursor.until("WHEN")
    clauses: list[dml.When] = []
    while not cursor.exhausted:
        clauses.append(_when(cursor))
    if not clauses:
        cursor.refuse("keyword WHEN")
    return dml.Merge(target, origin, on, tuple(clauses))


def _when(cursor: Cursor) -> dml.When:
    cursor.expect("WHEN")
    matching = dml.Matching.MATCHED
    if cursor.accept("NOT"):
        matching = dml.Matching.NOT_BY_TARGET
    cursor.expect("MATCHED")
    if matching is dml.Matching.NOT_BY_TARGET and cursor.accept("BY"):
        if cursor.accept("SOURCE"):
            matching = dml.Matching.NOT_BY_SOURCE
        else:
            cursor.expect("TARGET")
    condition = cursor.until("THEN") if cursor.accept("AND") else None
    cursor.expect("THEN")
    return dml.When(matching, condition, _action(cursor, matching))


def _action(cursor: Cursor, matching: dml.Matching) -> dml.InsertRow | dml.UpdateRow | dml.DeleteRow:
    if matching is dml.Matching.NOT_BY_TARGET:
        cursor.expect("INSERT")
        names = _names(cursor) if cursor.at("(") else None
        if cursor.accept("ROW"):
            return dml.InsertRow(names, None)
        cursor.expect("VALUES")
        return dml.InsertRow(names, _values(cursor))
    if cursor.accept("DELETE"):
        return dml.DeleteRow()
    cursor.expect("UPDATE", "SET")
    return dml.UpdateRow(_assignments(cursor, "WHEN"))
