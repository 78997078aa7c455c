"""What kind of statement a text is, from its first words."""

from __future__ import annotations

from enum import Enum

from replicator.local.bigquery.errors import unmodelled
from replicator.local.bigquery.statements.cursor import Cursor, Source


class Family(Enum):
    """Who carries a statement out."""

    QUERY = "query"
    DML = "dml"
    DDL = "ddl"
    ASSERT = "assert"
    EXPORT = "export data"
    LOAD = "load data"


def family(source: Source) -> Family:
    """The family of a statement.

    Raises:
        BigQueryError: It is no statement, or one that is not modelled.
    """
    cursor = Cursor.over(source)
    word = cursor.token.upper
    if word in ("SELECT", "WITH", "(", "FROM"):
        return Family.QUERY
    if word in ("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE"):
        return Family.DML
    if word in ("CREATE", "DROP", "ALTER"):
        return Family.DDL
    if word == "ASSERT":
        return Family.ASSERT
    if word == "EXPORT":
        return Family.EXPORT
    if word == "LOAD":
        return Family.LOAD
    if word in ("GRANT", "REVOKE", "EXPLAIN", "UNDROP", "CALL", "DESCRIBE", "SHOW"):
        what = f"the statement {word}"
        raise unmodelled(what)
    return cursor.refuse("a statement")
