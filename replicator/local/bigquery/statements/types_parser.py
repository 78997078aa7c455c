"""Types as GoogleSQL writes them, and the columns of a CREATE TABLE.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#column_name_and_column_schema
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.lexer import place
from replicator.local.bigquery.types import SCALARS, Type, field_of
from replicator.schema.fields import Field, Mode

# data-types: "Alias"
_ALIASES: Final = {
    "INT": "INT64", "SMALLINT": "INT64", "INTEGER": "INT64", "BIGINT": "INT64", "TINYINT": "INT64", "BYTEINT": "INT64",
    "DECIMAL": "NUMERIC", "BIGDECIMAL": "BIGNUMERIC", "BOOLEAN": "BOOL",
}  # fmt: skip
_KNOWN_ELSEWHERE: Final = frozenset({"GEOGRAPHY", "INTERVAL", "RANGE"})


@dataclass(frozen=True, slots=True)
class ColumnOption:
    """An option of a column, by the column's path."""

    path: tuple[str, ...]
    name: str
    value: Source


def parse_type(source: Source) -> Type:
    """Read one type, ``ARRAY<STRUCT<a INT64>>``.

    Raises:
        BigQueryError: It is no type, or one that is not modelled.
    """
    cursor = Cursor.over(source)
    kind = _type(cursor)
    cursor.finish()
    return kind


def _type(cursor: Cursor) -> Type:
    begin = cursor.start
    name = cursor.word().upper()
    name = _ALIASES.get(name, name)
    if name == "ARRAY":
        cursor.expect("<")
        element = _type(cursor)
        cursor.expect(">")
        if element.element is not None:
            where = place(cursor.script, begin)
            refuse("invalidQuery", f"Arrays of arrays are not supported at {where}", location="query")
        return Type("ARRAY", element=element)
    if name == "STRUCT":
        fields: list[tuple[str, Type]] = []
        cursor.expect("<")
        while not cursor.accept(">"):
            if fields:
                cursor.expect(",")
            unnamed = cursor.after(1).upper in (",", ">", "<", "(")
            fields.append(("" if unnamed else cursor.name(), _type(cursor)))
        return Type("STRUCT", fields=tuple(fields))
    _check_scalar(cursor, name, begin)
    return Type(name)


def _check_scalar(cursor: Cursor, name: str, begin: int) -> None:
    if name in _KNOWN_ELSEWHERE:
        msg = f"type {name}"
        raise unmodelled(msg)
    if name not in SCALARS:
        msg = f"Type not found: {name} at {place(cursor.script, begin)}"
        refuse("invalidQuery", msg, location="query")
    if cursor.at("("):
        msg = f"a parameterized type, {name}(…),"
        raise unmodelled(msg)


def columns(cursor: Cursor) -> tuple[tuple[Field, ...], tuple[ColumnOption, ...]]:
    """Read the parenthesised columns of a CREATE TABLE: the fields, and the options that are still expressions."""
    options: list[ColumnOption] = []
    fields: list[Field] = []
    cursor.expect("(")
    while not cursor.accept(")"):
        if fields:
            cursor.expect(",")
            if cursor.accept(")"):
                break
        if cursor.at("PRIMARY", "KEY") or cursor.at("FOREIGN", "KEY") or cursor.at("CONSTRAINT"):
            msg = "a table constraint (PRIMARY KEY, FOREIGN KEY)"
            raise unmodelled(msg)
        fields.append(column(cursor, (), options))
    return tuple(fields), tuple(options)


def column(cursor: Cursor, parent: tuple[str, ...], options: list[ColumnOption]) -> Field:
    """Read one column or field with its schema; what OPTIONS it has are added to ``options``."""
    name = cursor.name()
    path = (*parent, name)
    field = replace(_column_schema(cursor, path, options), name=name)
    while True:
        if cursor.accept("NOT", "NULL"):
            if field.mode is Mode.REPEATED:
                msg = f"NOT NULL cannot be applied to ARRAY column {name}"
                refuse("invalidQuery", msg, location="query")
            field = replace(field, mode=Mode.REQUIRED)
        elif cursor.at("OPTIONS"):
            options.extend(ColumnOption(path, key, value) for key, value in option_list(cursor))
        elif cursor.at_any("DEFAULT", "COLLATE", "PRIMARY", "REFERENCES", "GENERATED"):
            msg = f"{cursor.token.upper} of a column"
            raise unmodelled(msg)
        else:
            return field


def _column_schema(cursor: Cursor, path: tuple[str, ...], options: list[ColumnOption]) -> Field:
    if cursor.at("ARRAY", "<"):
        cursor.expect("ARRAY", "<")
        element = _column_schema(cursor, path, options)
        while cursor.at("NOT") or cursor.at("OPTIONS"):
            msg = "NOT NULL or OPTIONS on the element of an ARRAY"
            raise unmodelled(msg)
        cursor.expect(">")
        if element.mode is Mode.REPEATED:
            refuse("invalidQuery", "Arrays of arrays are not supported", location="query")
        return replace(element, mode=Mode.REPEATED)
    if cursor.at("STRUCT", "<"):
        cursor.expect("STRUCT", "<")
        fields: list[Field] = []
        while not cursor.accept(">"):
            if fields:
                cursor.expect(",")
            fields.append(column(cursor, path, options))
        return Field(path[-1], "RECORD", fields=tuple(fields))
    return field_of(path[-1], _type(cursor))


def option_list(cursor: Cursor, *, behind: tuple[str, ...] = ("OPTIONS",)) -> tuple[tuple[str, Source], ...]:
    """Read ``OPTIONS (name = expression, …)``; the expressions are still to be evaluated."""
    cursor.expect(*behind, "(")
    pairs: list[tuple[str, Source]] = []
    while not cursor.accept(")"):
        if pairs:
            cursor.expect(",")
        name = cursor.name().lower()
        cursor.expect("=")
        pairs.append((name, cursor.until(",", ")")))
    return tuple(pairs)
