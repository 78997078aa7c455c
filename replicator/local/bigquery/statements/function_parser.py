"""Text to CREATE FUNCTION and DROP FUNCTION.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_function_statement
"""

from __future__ import annotations

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.googlesql.dialect import parse_expression, parse_query
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.types_parser import option_list, parse_type
from replicator.local.bigquery.types import Type


def create_function(cursor: Cursor, existing: ddl.Existing, *, temporary: bool, tabular: bool) -> ddl.CreateFunction:
    """Read what stands behind FUNCTION.

    Raises:
        BigQueryError: ``invalidQuery`` with the position, or ``notImplemented`` for what is not modelled.
    """
    if cursor.accept("IF", "NOT", "EXISTS"):
        if existing is ddl.Existing.REPLACED:
            msg = "CREATE OR REPLACE and IF NOT EXISTS cannot be used together"
            refuse("invalidQuery", msg, location="query")
        existing = ddl.Existing.KEPT
    path = cursor.path()
    parameters = _parameters(cursor)
    returns = None
    if cursor.accept("RETURNS"):
        if tabular:
            what = "RETURNS TABLE"
            raise unmodelled(what)
        returns = parse_type(cursor.skip_type())
    if cursor.at_any("LANGUAGE", "REMOTE", "DETERMINISTIC", "NOT"):
        what = "a function that is not written in SQL"
        raise unmodelled(what)
    options = option_list(cursor) if cursor.at("OPTIONS") else ()
    cursor.expect("AS")
    body = cursor.rest() if tabular else _expression(cursor)
    if cursor.at("OPTIONS"):
        options = option_list(cursor)
    if tabular:
        parse_query(body.placed)
    else:
        parse_expression(body.placed)
    return ddl.CreateFunction(path, existing, temporary, tabular, parameters, returns, options, body)


def _expression(cursor: Cursor) -> Source:
    if not cursor.at("("):
        cursor.refuse('"("')
    return cursor.enclosed()


def _parameters(cursor: Cursor) -> tuple[tuple[str, Type | None], ...]:
    cursor.expect("(")
    given: list[tuple[str, Type | None]] = []
    while not cursor.at(")"):
        if given:
            cursor.expect(",")
        name = cursor.name()
        if cursor.accept("ANY", "TYPE"):
            given.append((name, None))
        elif cursor.at("ANY", "TABLE") or cursor.at("TABLE", "<"):
            what = "a table function with a table as argument"
            raise unmodelled(what)
        else:
            given.append((name, parse_type(cursor.skip_type())))
        if cursor.at_any("DEFAULT", "NOT"):
            what = f"{cursor.token.upper} behind an argument of a function"
            raise unmodelled(what)
    cursor.expect(")")
    if len({name.lower() for name, _ in given}) < len(given):
        refuse("invalidQuery", "Duplicate argument name in a function's arguments", location="query")
    return tuple(given)
