"""Names: what a FROM clause offers, and what a name in an expression stands for.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#range_variables
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.values import JSON, Value, derived, field_sql, pack, quote
from replicator.local.bigquery.types import struct


@dataclass(frozen=True, slots=True)
class Name:
    """A column that a FROM item offers.

    Attributes:
        name: How it is called; empty when it has no name.
        value: What it is. ``uses`` may be narrowed to a field by going on with a path.
        pseudo: It is not part of ``*``.
        touch: Called when the statement's text comes to need it.
    """

    name: str
    value: Value
    pseudo: bool = False
    touch: Callable[[], None] | None = None

    def taken(self) -> Value:
        """The value, noted as needed."""
        if self.touch is not None:
            self.touch()
        return self.value


@dataclass(frozen=True, slots=True)
class Source:
    """A FROM item.

    Attributes:
        alias: The range variable; empty when it has none.
        names: Its columns.
        element: The value itself, when the item yields values and not rows: UNNEST, SELECT AS STRUCT.
        shared: Names that USING has merged with those of a source before; ``*`` shows them once.
    """

    alias: str
    names: tuple[Name, ...]
    element: Value | None = None
    shared: frozenset[str] = frozenset()

    def row(self) -> Value:
        """The range variable as a value."""
        if self.element is not None:
            return self.element
        members = [name.taken() for name in self.names if not name.pseudo]
        names = [name.name for name in self.names if not name.pseudo]
        kind = struct(*zip(names, (member.type for member in members), strict=True))
        return derived(pack(kind, [member.sql for member in members]), kind, *members)


Key = tuple[int, tuple[str, ...]]


@dataclass(slots=True)
class Scope:
    """The names that an expression can see.

    Attributes:
        sources: The FROM items, in order.
        outer: The scope around a subquery.
        variables: A script's variables, behind all columns; only in the outermost scope.
        keys: In a grouped query, what its grouped columns are called; None where rows are still single.
        clause: What is being analyzed, for messages: ``SELECT list``.
    """

    sources: list[Source] = field(default_factory=list)
    outer: Scope | None = None
    variables: dict[str, Value] = field(default_factory=dict)
    keys: dict[Key, Value] | None = None
    merged: dict[str, Value] = field(default_factory=dict)
    clause: str = "SELECT list"

    def resolve(self, path: Sequence[exp.Identifier]) -> Value:
        """What a dotted path stands for.

        Raises:
            BigQueryError: There is no such name, or more than one.
        """
        names = tuple(identifier.name for identifier in path)
        scope: Scope | None = self
        while scope is not None:
            found = scope.found(names, path)
            if found is not None:
                return found
            if scope.outer is None and names[0].lower() in scope.variables:
                return _at(scope.variables[names[0].lower()], path[1:])
            scope = scope.outer
        raise refused(path[0], f"Unrecognized name: {names[0]}")

    def found(self, names: tuple[str, ...], path: Sequence[exp.Identifier]) -> Value | None:
        """What the path stands for in this scope, those around it left aside; None where it stands for nothing."""
        first = names[0].lower()
        for index, source in enumerate(self.sources):
            if source.alias.lower() == first:
                return self._in_source(index, source, names[1:], path)
        if first in self.merged:
            return self._grouped((-1, (first,)), names, lambda: _at(self.merged[first], path[1:]))
        matches = [
            (index, name)
            for index, source in enumerate(self.sources)
            for name in source.names
            if name.name.lower() == first
        ]
        if not matches:
            return None
        if len(matches) > 1:
            raise refused(path[0], f"Column name {names[0]} is ambiguous")
        index, name = matches[0]
        key = (index, tuple(part.lower() for part in names))
        return self._grouped(key, names, lambda: _at(name.taken(), path[1:]))

    def _in_source(self, index: int, source: Source, rest: tuple[str, ...], path: Sequence[exp.Identifier]) -> Value:
        if not rest:
            return self._grouped((index, ()), (source.alias,), source.row)
        matches = [name for name in source.names if name.name.lower() == rest[0].lower()]
        if len(matches) > 1:
            raise refused(path[1], f"Column name {rest[0]} is ambiguous")
        key = (index, tuple(part.lower() for part in rest))
        if matches:
            return self._grouped(key, rest, lambda: _at(matches[0].taken(), path[2:]))
        if source.element is not None:
            element = source.element
            return self._grouped(key, rest, lambda: _at(element, path[1:]))
        raise refused(path[1], f"Name {rest[0]} not found inside {path[0].name}")

    def _grouped(self, key: Key, names: Sequence[str], value: Callable[[], Value]) -> Value:
        if self.keys is None:
            return value()
        number, parts = key
        for length in range(len(parts), -1, -1):
            found = self.keys.get((number, parts[:length]))
            if found is not None:
                return _members(found, parts[length:])
        # The value is looked up all the same: a name that does not exist is the better message.
        value()
        message = f"{self.clause} expression references column {names[-1]} which is neither grouped nor aggregated"
        raise refused(None, message)

    def merged_items(self) -> list[tuple[str, Value]]:
        """The columns that USING has merged, in the order in which ``*`` shows them."""
        return list(self.merged.items())

    def key(self, path: Sequence[exp.Identifier]) -> Key | None:
        """What a path is called among grouped columns, when it is a path of this scope."""
        parts = tuple(identifier.name.lower() for identifier in path)
        for index, source in enumerate(self.sources):
            if source.alias.lower() == parts[0]:
                return index, parts[1:]
        if parts[0] in self.merged:
            return -1, parts
        for index, source in enumerate(self.sources):
            if any(name.name.lower() == parts[0] for name in source.names):
                return index, parts
        return None


def json_member(value: Value, key: str, node: exp.Expr | None) -> Value:
    """The member of a JSON object under a key, or that of an array at an index: ``key`` is a STRING's or INT64's SQL.

    Raises:
        BigQueryError: The key is one that DuckDB's paths cannot name.
    """
    if key.startswith("'") and re.search(r'["*\\]', key):
        raise unknown(node, f"the JSON key {key}")
    doubt = "error('such a key of a JSON object is not modelled by the local cloud')"
    odd = rf"""regexp_matches({key}, '["*\\]')"""
    path = f"""'$."' || {key} || '"'"""
    made = path if key.startswith("'") else f"CASE WHEN {odd} THEN {doubt} ELSE {path} END"
    return derived(f"json_extract({value.sql}, {made})", JSON, value)


def member(value: Value, name: str, node: exp.Expr | None) -> Value:
    """A field of a struct by its name, or a member of a JSON object.

    Raises:
        BigQueryError: The value is neither, or has no such field, or more than one.
    """
    if value.type.name == "JSON":
        return json_member(value, quote(name), node)
    if value.type.name != "STRUCT":
        what = "an array with" if value.type.element is not None else "a value with"
        raise refused(node, f"Cannot access field {name} on {what} type {value.type}")
    found = [index for index, (own, _) in enumerate(value.type.fields) if own.lower() == name.lower()]
    if not found:
        raise refused(node, f"Field name {name} does not exist in {value.type}")
    if len(found) > 1:
        raise refused(node, f"Struct field {name} is ambiguous")
    index = found[0]
    own, kind = value.type.fields[index]
    if value.parts is not None:
        return replace(value.parts[index], parts=value.parts[index].parts)
    uses = frozenset((scan, (*path, own)) for scan, path in value.uses) if value.path else value.uses
    return Value(
        field_sql(value.sql, value.type, index), kind, uses=uses, fixed=value.fixed, fallible=value.fallible,
        path=value.path,
        full=value.full,
    )  # fmt: skip


def _at(value: Value, path: Sequence[exp.Identifier]) -> Value:
    for identifier in path:
        value = member(value, identifier.name, identifier)
    return value


def _members(value: Value, names: Sequence[str]) -> Value:
    for name in names:
        value = member(value, name, None)
    return value
