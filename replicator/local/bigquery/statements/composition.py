"""DML as queries: each changing statement asks, in GoogleSQL, for the rows it takes out and those it puts in.

The target of UPDATE, DELETE and MERGE offers two pseudo columns, ``_FRAGMENT`` and ``_ROW``, which say where a row
lies. A row that changes is taken out and its new form put in.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.statements import dml
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode

MERGE_SOURCE: Final = "_merge_source"
"""The name under which a MERGE's source is read, once computed; its pseudo column ``_POSITION`` numbers its rows."""

UNMATCHED_SOURCE: Final = "_unmatched_source"
"""The rows of it that match no row of the target."""

MATCHED_TARGET: Final = "_matched_target"
"""Where the rows of the target lie that match a row of it."""


@dataclass(frozen=True, slots=True)
class Hits:
    """One query of a changing statement.

    Attributes:
        query: Yields ``_FRAGMENT`` and ``_ROW`` first when ``removes``, then ``columns``.
        removes: Its rows are taken out.
        columns: The columns of such a row, in the query's order.
        matched: Each row of the target may be hit once only (UPDATE … FROM, WHEN MATCHED).
        effect: ``inserted``, ``updated`` or ``deleted``.
        reads: The same query without the columns that are carried over unchanged: what is billed.
    """

    query: str
    removes: bool
    columns: tuple[Field, ...]
    matched: bool
    effect: str
    reads: str

    @property
    def adds(self) -> bool:
        """Whether rows are put in."""
        return bool(self.columns)


def quoted(name: str) -> str:
    """An identifier in backquotes."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def table_text(ref: TableRef) -> str:
    """A table's name in backquotes."""
    return quoted(f"{ref.project}.{ref.dataset}.{ref.table}")


@dataclass(frozen=True, slots=True)
class Subject:
    """The table that is changed."""

    ref: TableRef
    fields: Sequence[Field]
    alias: str

    @property
    def text(self) -> str:
        """The table as it stands in FROM."""
        return f"{table_text(self.ref)} AS {quoted(self.alias)}"

    @property
    def position(self) -> str:
        """The select list's first two items."""
        return f"{quoted(self.alias)}._FRAGMENT AS _FRAGMENT, {quoted(self.alias)}._ROW AS _ROW"

    def field(self, name: str) -> Field:
        """The column of that name.

        Raises:
            BigQueryError: There is none.
        """
        return _named(self.fields, name, f"table {self.ref.project}.{self.ref.dataset}.{self.ref.table}")


def _named(fields: Sequence[Field], name: str, owner: str) -> Field:
    for field in fields:
        if field.name.lower() == name.lower():
            return field
    return refuse("invalidQuery", f"Column {name} is not present in {owner}", location="query")


def insert_queries(statement: dml.Insert, subject: Subject) -> tuple[str, ...]:
    """The queries of an INSERT, one per row of VALUES; their columns are those of ``insert_columns``, in that order."""
    if statement.query is not None:
        return (statement.query.placed,)
    names = insert_columns(statement.columns, subject.fields)
    selects = []
    for row in statement.rows:
        if len(row) != len(names):
            msg = f"Inserted row has wrong column count; Has {len(row)}, expected {len(names)}"
            refuse("invalidQuery", msg, location="query")
        items = (f"{item_text(item, field)} AS {quoted(field.name)}" for item, field in zip(row, names, strict=True))
        selects.append("SELECT " + ", ".join(items))
    return tuple(selects)


def insert_columns(names: Sequence[str] | None, fields: Sequence[Field]) -> tuple[Field, ...]:
    """The columns that an INSERT gives values to, in the order of the values.

    Raises:
        BigQueryError: A name is no column, or is there twice.
    """
    if names is None:
        return tuple(fields)
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            msg = f"INSERT has columns with duplicate name: {name}"
            refuse("invalidQuery", msg, location="query")
        seen.add(name.lower())
    return tuple(_named(fields, name, "the table that is inserted into") for name in names)


def item_text(item: dml.Item, field: Field) -> str:
    """A value of VALUES or SET as an expression."""
    if item is dml.Unset.DEFAULT:
        return "[]" if field.mode is Mode.REPEATED else "NULL"
    return f"({item.text})"


def new_row(subject: Subject, assignments: Sequence[dml.Assignment]) -> Iterator[tuple[Field, str, bool]]:
    """Each column with the expression of its new value, and whether the statement sets it."""
    by_column: dict[str, list[tuple[dml.Path, dml.Item]]] = {}
    for assignment in assignments:
        path = assignment.path
        if len(path) > 1 and path[0].lower() == subject.alias.lower():
            path = path[1:]
        by_column.setdefault(subject.field(path[0]).name, []).append((path[1:], assignment.value))
    # In the order of SET, so that positional parameters keep theirs.
    for name, given in by_column.items():
        field = subject.field(name)
        yield field, _assigned(f"{quoted(subject.alias)}.{quoted(field.name)}", field, given), True
    for field in subject.fields:
        if field.name not in by_column:
            yield field, f"{quoted(subject.alias)}.{quoted(field.name)}", False


def _assigned(old: str, field: Field, given: Sequence[tuple[tuple[str, ...], dml.Item]]) -> str:
    if any(not path for path, _ in given):
        if len(given) > 1:
            msg = f"Update item {field.name} assigned more than once"
            refuse("invalidQuery", msg, location="query")
        return item_text(given[0][1], field)
    if field.type != "RECORD" or field.mode is Mode.REPEATED:
        msg = f"Cannot access field {given[0][0][0]} on a value with type {field.googlesql}"
        refuse("invalidQuery", msg, location="query")
    inner: dict[str, list[tuple[tuple[str, ...], dml.Item]]] = {}
    for path, value in given:
        child = _named(field.fields, path[0], f"the STRUCT {field.name}")
        inner.setdefault(child.name, []).append((path[1:], value))
    parts = []
    for child in field.fields:
        place = f"{old}.{quoted(child.name)}"
        text = _assigned(place, child, inner[child.name]) if child.name in inner else place
        parts.append(f"{text} AS {quoted(child.name)}")
    return f"STRUCT({', '.join(parts)})"


def update_hits(statement: dml.Update, subject: Subject) -> Hits:
    """The rows that an UPDATE changes, in their new form."""
    tables = subject.text if statement.origin is None else f"{statement.origin.text}, {subject.text}"
    tail = f" FROM {tables} WHERE ({statement.where.text})"
    return _changed(subject, statement.assignments, tail, matched=True)


def _changed(subject: Subject, assignments: Sequence[dml.Assignment], tail: str, *, matched: bool) -> Hits:
    row = list(new_row(subject, assignments))
    items = ", ".join(f"{text} AS {quoted(field.name)}" for field, text, _ in row)
    billed = ", ".join(f"{text} AS {quoted(field.name)}" for field, text, given in row if given)
    return Hits(
        f"SELECT {subject.position}, {items}{tail}",
        removes=True,
        columns=tuple(field for field, _, _ in row),
        matched=matched,
        effect="updated",
        reads=f"SELECT {billed}{tail}",
    )


def delete_hits(statement: dml.Delete, subject: Subject) -> Hits:
    """The rows that a DELETE takes out."""
    return _gone(subject, f" FROM {subject.text} WHERE ({statement.where.text})", matched=False)


def _gone(subject: Subject, tail: str, *, matched: bool) -> Hits:
    query = f"SELECT {subject.position}{tail}"
    return Hits(query, removes=True, columns=(), matched=matched, effect="deleted", reads=query)


@dataclass(frozen=True, slots=True)
class MergeSource:
    """What a MERGE reads from: the query that computes it, and the name its columns are called by."""

    query: str
    alias: str


def merge_source(statement: dml.Merge) -> MergeSource:
    """Take the source of a MERGE apart.

    Raises:
        BigQueryError: It is no table and no subquery.
    """
    cursor = Cursor.over(statement.origin)
    if cursor.at("("):
        inside = cursor.enclosed()
        alias = _alias(cursor)
        return MergeSource(inside.text, alias or MERGE_SOURCE)
    if cursor.at("UNNEST", "("):
        what = "UNNEST as the source of MERGE (a subquery over it is)"
        raise unmodelled(what)
    begin = cursor.start
    path = cursor.path()
    table = Source(cursor.script, begin, cursor.previous_end)
    return MergeSource(f"SELECT * FROM {table.text}", _alias(cursor) or path[-1])


def _alias(cursor: Cursor) -> str | None:
    if cursor.exhausted:
        return None
    cursor.accept("AS")
    name = cursor.name()
    cursor.finish()
    return name


def never_matches(statement: dml.Merge) -> bool:
    """Whether the condition is the constant FALSE, which the service too treats apart (dml-syntax: "ON FALSE")."""
    return statement.on.text.strip().upper() == "FALSE"


def merge_pairs(statement: dml.Merge, subject: Subject, source: MergeSource) -> str | None:
    """The query for which rows match: ``_FRAGMENT``, ``_ROW``, ``_POSITION``; None where it is not needed."""
    if never_matches(statement) or all(clause.matching is dml.Matching.MATCHED for clause in statement.clauses):
        return None
    items = f"{subject.position}, {quoted(source.alias)}._POSITION AS _POSITION"
    origin = f"{quoted(MERGE_SOURCE)} AS {quoted(source.alias)}"
    return f"SELECT {items} FROM {subject.text} JOIN {origin} ON ({statement.on.text})"


def merge_hits(statement: dml.Merge, subject: Subject, source: MergeSource, columns: Sequence[str]) -> Iterator[Hits]:
    """One query per WHEN clause.

    Args:
        statement: The MERGE.
        subject: Its target.
        source: Its source, which is read as ``MERGE_SOURCE``, and ``UNMATCHED_SOURCE``.
        columns: The source's columns, which INSERT ROW takes by their order.
    """
    _told_apart(subject, source)
    origin = f"{quoted(MERGE_SOURCE)} AS {quoted(source.alias)}"
    unmatched = f"{quoted(UNMATCHED_SOURCE)} AS {quoted(source.alias)}"
    never = never_matches(statement)
    place = quoted(subject.alias)
    same = f"_m._FRAGMENT = {place}._FRAGMENT AND _m._ROW = {place}._ROW"
    elsewhere = f"NOT EXISTS (SELECT 1 FROM {MATCHED_TARGET} AS _m WHERE {same})"
    earlier: dict[dml.Matching, list[str]] = {}
    for clause in statement.clauses:
        before = earlier.setdefault(clause.matching, [])
        chosen = [f"NOT COALESCE(({text}), FALSE)" for text in before]
        if clause.condition is not None:
            chosen.append(f"({clause.condition.text})")
        before.append(clause.condition.text if clause.condition is not None else "TRUE")
        match clause.matching:
            case dml.Matching.MATCHED:
                tail = f" FROM {subject.text} JOIN {origin} ON ({statement.on.text}){_where(chosen)}"
            case dml.Matching.NOT_BY_SOURCE:
                tail = f" FROM {subject.text}{_where(chosen if never else [*chosen, elsewhere])}"
            case dml.Matching.NOT_BY_TARGET:
                tail = f" FROM {unmatched}{_where(chosen)}"
        if clause.matching is dml.Matching.MATCHED and never:
            continue
        matched = clause.matching is dml.Matching.MATCHED
        match clause.action:
            case dml.InsertRow():
                yield _inserted(clause.action, subject, source, columns, tail)
            case dml.UpdateRow(assignments):
                yield _changed(subject, assignments, tail, matched=matched)
            case dml.DeleteRow():
                yield _gone(subject, tail, matched=matched)


def _told_apart(subject: Subject, source: MergeSource) -> None:
    if source.alias.lower() == subject.alias.lower():
        msg = f"Alias {source.alias} in the source was already defined as the MERGE target"
        refuse("invalidQuery", msg, location="query")


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _inserted(action: dml.InsertRow, subject: Subject, source: MergeSource, columns: Sequence[str], tail: str) -> Hits:
    names = insert_columns(action.columns, subject.fields)
    if action.values is None:
        if len(columns) != len(names):
            msg = f"Inserted row has wrong column count; Has {len(columns)}, expected {len(names)}"
            refuse("invalidQuery", msg, location="query")
        texts = [f"{quoted(source.alias)}.{quoted(name)}" for name in columns]
    else:
        if len(action.values) != len(names):
            msg = f"Inserted row has wrong column count; Has {len(action.values)}, expected {len(names)}"
            refuse("invalidQuery", msg, location="query")
        texts = [item_text(item, field) for item, field in zip(action.values, names, strict=True)]
    given: Mapping[str, str] = {field.name: text for field, text in zip(names, texts, strict=True)}
    items = (
        f"{given.get(field.name) or item_text(dml.Unset.DEFAULT, field)} AS {quoted(field.name)}"
        for field in subject.fields
    )
    query = f"SELECT {', '.join(items)}{tail}"
    return Hits(query, removes=False, columns=tuple(subject.fields), matched=False, effect="inserted", reads=query)
