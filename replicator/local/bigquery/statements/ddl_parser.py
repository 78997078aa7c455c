"""Text to DDL.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
"""

from __future__ import annotations

from typing import Final, NoReturn

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements import ddl
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.function_parser import create_function
from replicator.local.bigquery.statements.types_parser import ColumnOption, column, columns, option_list, parse_type
from replicator.local.bigquery.types import field_of
from replicator.schema.fields import Field

_UNITS: Final = ("HOUR", "DAY", "MONTH", "YEAR")
_TRUNCATIONS: Final = ("DATE_TRUNC", "TIMESTAMP_TRUNC", "DATETIME_TRUNC")


def parse_ddl(source: Source) -> ddl.Ddl:
    """Read a CREATE, DROP or ALTER statement.

    Raises:
        BigQueryError: ``invalidQuery`` with the position, or ``notImplemented`` for what is not modelled.
    """
    cursor = Cursor.over(source)
    if cursor.at("CREATE"):
        statement = _create(cursor)
    elif cursor.at("DROP"):
        statement = _drop(cursor)
    else:
        statement = _alter(cursor)
    cursor.finish()
    return statement


def _create(cursor: Cursor) -> ddl.Ddl:
    cursor.expect("CREATE")
    existing = ddl.Existing.REPLACED if cursor.accept("OR", "REPLACE") else ddl.Existing.REFUSED
    temporary = cursor.accept("TEMP") or cursor.accept("TEMPORARY")
    tabular = not temporary and cursor.accept("TABLE", "FUNCTION")
    if tabular or cursor.accept("FUNCTION"):
        return create_function(cursor, existing, temporary=temporary, tabular=tabular)
    return _create_named(cursor, existing, temporary=temporary)


def _create_named(cursor: Cursor, existing: ddl.Existing, *, temporary: bool) -> ddl.Ddl:
    kind = _kind(cursor, "CREATE")
    if kind == "SNAPSHOT TABLE" and (temporary or existing is ddl.Existing.REPLACED):
        cursor.refuse("a statement")
    if cursor.accept("IF", "NOT", "EXISTS"):
        if existing is ddl.Existing.REPLACED:
            msg = "CREATE OR REPLACE and IF NOT EXISTS cannot be used together"
            refuse("invalidQuery", msg, location="query")
        existing = ddl.Existing.KEPT
    path = cursor.path()
    if kind == "SNAPSHOT TABLE":
        return _create_copy(cursor, path, existing, ddl.Copying.SNAPSHOT)
    if kind == "TABLE":
        return _create_plain_table(cursor, path, existing, temporary=temporary)
    if temporary or (kind == "SCHEMA" and existing is ddl.Existing.REPLACED):
        msg = f"{'a temporary' if temporary else 'OR REPLACE of a'} {kind}"
        raise unmodelled(msg)
    if kind == "SCHEMA":
        _not_next(cursor, "DEFAULT")
        return ddl.CreateSchema(path, existing, _options(cursor))
    return _create_view(cursor, path, existing, materialized=kind == "MATERIALIZED VIEW")


def _create_plain_table(cursor: Cursor, path: ddl.Path, existing: ddl.Existing, *, temporary: bool) -> ddl.Ddl:
    if not cursor.at_any("CLONE", "COPY"):
        return _create_table(cursor, path, existing, temporary=temporary)
    if temporary:
        what = f"CREATE TEMP TABLE … {cursor.token.upper}"
        raise unmodelled(what)
    return _create_copy(cursor, path, existing, ddl.Copying[cursor.token.upper])


def _create_view(cursor: Cursor, path: ddl.Path, existing: ddl.Existing, *, materialized: bool) -> ddl.CreateView:
    names = None
    if cursor.accept("("):
        given = [cursor.name()]
        while cursor.accept(","):
            given.append(cursor.name())
        cursor.expect(")")
        names = tuple(given)
    if materialized:
        _not_next(cursor, "PARTITION", "CLUSTER")
    options = _options(cursor)
    cursor.expect("AS")
    if materialized:
        _not_next(cursor, "REPLICA")
    return ddl.CreateView(path, existing, names, options, cursor.rest(), materialized)


def _kind(cursor: Cursor, statement: str) -> str:
    """Take what a statement is about."""
    for words in (("SNAPSHOT", "TABLE"), ("MATERIALIZED", "VIEW")):
        if cursor.accept(*words):
            return " ".join(words)
    if not cursor.at_any("TABLE", "VIEW", "SCHEMA"):
        _refuse(cursor, statement)
    return cursor.advance().upper


def _create_copy(cursor: Cursor, path: ddl.Path, existing: ddl.Existing, copying: ddl.Copying) -> ddl.CreateCopy:
    cursor.expect("COPY" if copying is ddl.Copying.COPY else "CLONE")
    source, moment = cursor.path(), None
    if copying is not ddl.Copying.COPY and cursor.accept("FOR", "SYSTEM_TIME", "AS", "OF"):
        moment = cursor.until("OPTIONS")
    return ddl.CreateCopy(path, existing, copying, source, moment, _options(cursor))


def _create_table(cursor: Cursor, path: ddl.Path, existing: ddl.Existing, *, temporary: bool) -> ddl.CreateTable:
    fields: tuple[Field, ...] | None = None
    column_options: tuple[ColumnOption, ...] = ()
    if cursor.at("("):
        fields, column_options = columns(cursor)
        if not fields:
            refuse("invalidQuery", "A table must define at least one column", location="query")
    _not_next(cursor, "DEFAULT", "WITH")
    like = cursor.path() if cursor.accept("LIKE") else None
    partition = None
    if cursor.accept("PARTITION", "BY"):
        partition = partition_by(cursor)
    cluster: list[str] = []
    if cursor.accept("CLUSTER", "BY"):
        cluster.append(cursor.name())
        while cursor.accept(","):
            cluster.append(cursor.name())
        if len({name.lower() for name in cluster}) < len(cluster):
            refuse("invalidQuery", "CLUSTER BY names a column more than once", location="query")
    options = _options(cursor)
    query = None
    if cursor.accept("AS"):
        query = cursor.rest()
    if fields is None and like is None and query is None:
        cursor.refuse('"(" or keyword AS')
    return ddl.CreateTable(
        path, existing, temporary, fields, column_options, like, partition, tuple(cluster), options, query
    )


def partition_by(cursor: Cursor) -> ddl.PartitionBy:
    """Read what stands behind PARTITION BY.

    Raises:
        BigQueryError: ``invalidQuery``, with the position.
    """
    name = cursor.name()
    function = name.upper()
    if not cursor.at("("):
        return ddl.PartitionBy(None if function == "_PARTITIONDATE" else name, "DAY")
    cursor.expect("(")
    if function == "RANGE_BUCKET":
        name = cursor.name()
        cursor.expect(",")
        cursor.expect("GENERATE_ARRAY")
        bounds = cursor.separated()
        cursor.expect(")")
        if len(bounds) != 3:
            msg = "PARTITION BY RANGE_BUCKET needs GENERATE_ARRAY(start, end, interval)"
            refuse("invalidQuery", msg, location="query")
        return ddl.PartitionBy(name, "", function, (bounds[0], bounds[1], bounds[2]))
    name = cursor.name()
    unit = "DAY"
    if function in _TRUNCATIONS:
        cursor.expect(",")
        unit = cursor.name().upper()
    elif function != "DATE":
        msg = f"PARTITION BY expression must be DATE(<column>), a *_TRUNC of it, or RANGE_BUCKET; not {function}"
        refuse("invalidQuery", msg, location="query")
    cursor.expect(")")
    if unit not in _UNITS:
        msg = f"PARTITION BY {function} does not take the granularity {unit}"
        refuse("invalidQuery", msg, location="query")
    return ddl.PartitionBy(None if name.upper() == "_PARTITIONTIME" else name, unit, function)


def _options(cursor: Cursor) -> ddl.Options:
    return option_list(cursor) if cursor.at("OPTIONS") else ()


def _drop(cursor: Cursor) -> ddl.Ddl:
    cursor.expect("DROP")
    tabular = cursor.accept("TABLE", "FUNCTION")
    if tabular or cursor.accept("FUNCTION"):
        missing_is_fine = cursor.accept("IF", "EXISTS")
        return ddl.DropFunction(cursor.path(), tabular, missing_is_fine)
    kind = _kind(cursor, "DROP")
    if_exists = cursor.accept("IF", "EXISTS")
    path = cursor.path()
    if kind == "SCHEMA":
        cascade = cursor.accept("CASCADE")
        if not cascade:
            cursor.accept("RESTRICT")
        return ddl.DropSchema(path, if_exists, cascade)
    return ddl.DropTable(path, kind, if_exists)


def _alter(cursor: Cursor) -> ddl.Ddl:
    cursor.expect("ALTER")
    if cursor.at("SNAPSHOT"):
        _refuse(cursor, "ALTER")
    kind = _kind(cursor, "ALTER")
    if_exists = cursor.accept("IF", "EXISTS")
    path = cursor.path()
    if cursor.accept("SET"):
        if not cursor.at("OPTIONS"):
            _refuse(cursor, f"ALTER {kind} … SET")
        return ddl.SetOptions(path, kind, if_exists, option_list(cursor))
    if kind != "TABLE":
        _refuse(cursor, f"ALTER {kind} …")
    if cursor.at("ADD", "COLUMN"):
        return _add_columns(cursor, path, if_exists=if_exists)
    if cursor.at("DROP", "COLUMN"):
        return _drop_columns(cursor, path, if_exists=if_exists)
    if cursor.accept("ALTER", "COLUMN"):
        return _alter_column(cursor, path, if_exists=if_exists)
    if cursor.at("RENAME", "COLUMN"):
        return _rename_columns(cursor, path, if_exists=if_exists)
    return _refuse(cursor, "ALTER TABLE …")


def _drop_columns(cursor: Cursor, path: ddl.Path, *, if_exists: bool) -> ddl.DropColumns:
    dropped: list[tuple[str, bool]] = []
    while not dropped or cursor.accept(","):
        cursor.expect("DROP", "COLUMN")
        missing_is_fine = cursor.accept("IF", "EXISTS")
        dropped.append((cursor.name(), missing_is_fine))
    return ddl.DropColumns(path, if_exists, tuple(dropped))


def _rename_columns(cursor: Cursor, path: ddl.Path, *, if_exists: bool) -> ddl.RenameColumns:
    renamed: list[tuple[str, str, bool]] = []
    while not renamed or cursor.accept(","):
        cursor.expect("RENAME", "COLUMN")
        missing_is_fine = cursor.accept("IF", "EXISTS")
        old = cursor.name()
        cursor.expect("TO")
        renamed.append((old, cursor.name(), missing_is_fine))
    return ddl.RenameColumns(path, if_exists, tuple(renamed))


def _alter_column(cursor: Cursor, path: ddl.Path, *, if_exists: bool) -> ddl.Ddl:
    missing_is_fine = cursor.accept("IF", "EXISTS")
    name = cursor.name()
    if cursor.accept("SET", "DATA", "TYPE"):
        return ddl.SetDataType(path, if_exists, name, missing_is_fine, field_of(name, parse_type(cursor.rest())))
    if not cursor.accept("DROP", "NOT", "NULL"):
        _refuse(cursor, "ALTER COLUMN …")
    return ddl.AlterColumn(path, if_exists, name, missing_is_fine)


def _add_columns(cursor: Cursor, path: ddl.Path, *, if_exists: bool) -> ddl.AddColumns:
    options: list[ColumnOption] = []
    added: list[tuple[Field, bool]] = []
    while not added or cursor.accept(","):
        cursor.expect("ADD", "COLUMN")
        existing_is_fine = cursor.accept("IF", "NOT", "EXISTS")
        added.append((column(cursor, (), options), existing_is_fine))
    return ddl.AddColumns(path, if_exists, tuple(added), tuple(options))


def _not_next(cursor: Cursor, *words: str) -> None:
    if cursor.at_any(*words):
        _refuse(cursor, "CREATE …")


def _refuse(cursor: Cursor, context: str) -> NoReturn:
    if cursor.exhausted or not cursor.token.upper.isidentifier():
        cursor.refuse("a statement")
    msg = f"{context} {cursor.token.upper}"
    raise unmodelled(msg)
