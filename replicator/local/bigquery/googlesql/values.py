"""Values of DuckDB's SQL with what GoogleSQL knows about them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, auto
from itertools import count
from typing import Any, Final, TypeAlias

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.catalog import Constant
from replicator.local.bigquery.googlesql.refusals import unknown
from replicator.local.bigquery.types import Type, duckdb_name, duckdb_type

Use: TypeAlias = tuple[int, tuple[str, ...]]
"""A column, or a field in it, that a value is made from: the number of a scan, and the path."""

INT64: Final = Type("INT64")
FLOAT64: Final = Type("FLOAT64")
NUMERIC: Final = Type("NUMERIC")
BIGNUMERIC: Final = Type("BIGNUMERIC")
BOOL: Final = Type("BOOL")
STRING: Final = Type("STRING")
BYTES: Final = Type("BYTES")
DATE: Final = Type("DATE")
DATETIME: Final = Type("DATETIME")
TIME: Final = Type("TIME")
TIMESTAMP: Final = Type("TIMESTAMP")
JSON: Final = Type("JSON")
INTERVAL: Final = Type("INTERVAL")

_SHORT: Final = 60

_MANY: Final = 16
"""Elements of an array beyond which DuckDB reads one text of JSON many times faster than an expression for each."""

_READ_EXACTLY: Final[Mapping[str, type]] = {"BOOL": bool, "INT64": int, "STRING": str}
"""Types whose values DuckDB reads from JSON as they are."""


class Origin(Enum):
    """Where a value comes from, which decides what it is coerced to."""

    COMPUTED = auto()
    LITERAL = auto()
    PARAMETER = auto()
    NULL = auto()
    EMPTY_ARRAY = auto()


class WrittenFloat(float):
    """A FLOAT64 literal that knows how it was written: as a NUMERIC it has more digits than a FLOAT64 can hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


@dataclass(frozen=True, slots=True)
class Value:
    """An expression.

    Attributes:
        sql: DuckDB's SQL of it; safe to stand anywhere.
        type: GoogleSQL's type.
        origin: A literal or a parameter coerces to more than a computed value; an untyped NULL to anything.
        constant: The Python value of a literal or parameter.
        parts: The members of a struct or array constructor, which coerce one by one.
        uses: The columns that must be read for it.
        column: The scan and the name, when it is nothing but a column of a scanned relation.
        fixed: It is the same for every row and every run of the statement.
        fallible: Evaluating it can fail.
        path: It is a column or a field in one, so that its uses narrow with each further field.
        present: It is an array that is never NULL.
        full: It is an array that never has a NULL element, or a struct in which no array has.
    """

    sql: str
    type: Type
    origin: Origin = Origin.COMPUTED
    constant: Constant | None = None
    parts: tuple[Value, ...] | None = None
    uses: frozenset[Use] = frozenset()
    column: tuple[int, str] | None = None
    fixed: bool = False
    fallible: bool = False
    path: bool = False
    present: bool = False
    full: bool = False

    @property
    def is_literal(self) -> bool:
        """Whether it coerces as literals do."""
        return self.origin is not Origin.COMPUTED


class Names:
    """Names for what the emitted SQL binds; each is given once."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def fresh(self, letter: str) -> str:
        """A name that nothing else in the statement has."""
        return f"{letter}{self._prefix}{next(self._numbers)}"


def derived(sql: str, kind: Type, *sources: Value, fallible: bool = False, volatile: bool = False) -> Value:
    """A value that is computed from others."""
    return Value(
        sql,
        kind,
        uses=union(source.uses for source in sources),
        fixed=not volatile and all(source.fixed for source in sources),
        fallible=fallible or any(source.fallible for source in sources),
    )


def union(sets: Iterable[frozenset[Use]]) -> frozenset[Use]:
    """All uses of several values."""
    found = [one for one in sets if one]
    return found[0] if len(found) == 1 else frozenset().union(*found)


def untyped(value: Value, to: Type) -> Value:
    """An untyped NULL, or ERROR(), as a value of ``to``."""
    if not value.fallible:
        return null(to)
    return replace(value, sql=f"CAST({value.sql} AS {engine_type(to)})", type=to, origin=Origin.COMPUTED)


def null(kind: Type | None = None) -> Value:
    """NULL; without a type, the untyped one, which is an INT64 where nothing else asks for it."""
    if kind is None:
        return Value("CAST(NULL AS BIGINT)", INT64, Origin.NULL, fixed=True)
    return Value(f"CAST(NULL AS {engine_type(kind)})", kind, fixed=True)


def literal(constant: Constant, kind: Type, origin: Origin = Origin.LITERAL) -> Value:
    """A scalar that the statement states."""
    return Value(render(constant, kind), kind, origin, constant, fixed=True)


def typed(value: Any, kind: Type, origin: Origin = Origin.PARAMETER) -> Value:
    """A parameter's or variable's value: scalars as Python's, arrays as lists, structs as tuples or mappings."""
    if value is None:
        return replace(null(kind), origin=origin)
    if kind.name == "STRUCT" and kind.element is None and origin is Origin.COMPUTED:
        given = [value.get(name) for name, _ in kind.fields] if isinstance(value, Mapping) else list(value)
        parts = tuple(typed(member, child, origin) for member, (_, child) in zip(given, kind.fields, strict=True))
        return Value(render(value, kind), kind, origin, parts=parts, fixed=True)
    scalar = kind.element is None and kind.name != "STRUCT"
    return Value(render(value, kind), kind, origin, value if scalar else None, fixed=True)


def field_keys(kind: Type) -> tuple[str, ...]:
    """The names under which DuckDB holds a struct's fields; an unnamed one is called by its position.

    Raises:
        BigQueryError: Two fields share a name, which DuckDB's structs cannot hold.
    """
    keys = tuple(name or f"_field_{index}" for index, (name, _) in enumerate(kind.fields, 1))
    if len({key.lower() for key in keys}) < len(keys):
        raise unknown(None, f"a struct that has two fields of one name ({kind})")
    return keys


def engine_type(kind: Type) -> str:
    """The DuckDB type of a value, unnamed fields called by their position."""
    if kind.element is not None:
        return f"{engine_type(kind.element)}[]"
    if kind.name == "STRUCT":
        pairs = zip(field_keys(kind), kind.fields, strict=True)
        return f"STRUCT({', '.join(f'{duckdb_name(key)} {engine_type(child)}' for key, (_, child) in pairs)})"
    if kind.name == "INTERVAL":
        raise unknown(None, "a value of type INTERVAL outside date arithmetic")
    return duckdb_type(kind)


def pack(kind: Type, members: Sequence[str]) -> str:
    """A struct made of its members' SQL."""
    if not members:
        raise unknown(None, "a struct without fields")
    pairs = zip(field_keys(kind), members, strict=True)
    return f"struct_pack({', '.join(f'{duckdb_name(key)} := {member}' for key, member in pairs)})"


def packed(kind: Type, members: Sequence[Value]) -> str:
    """A struct made of values. An array that is NULL stays so until it is written (data-types#array_nulls)."""
    return pack(kind, [member.sql for member in members])


def stored(value: Value) -> str:
    """The value's SQL, a NULL array made empty."""
    if value.type.element is None or value.present:
        return value.sql
    return f"coalesce({value.sql}, CAST([] AS {engine_type(value.type)}))"


def field_sql(sql: str, kind: Type, index: int) -> str:
    """A field of a struct; NULL of a NULL struct."""
    return f"struct_extract({sql}, {quote(field_keys(kind)[index])})"


def null_elements(sql: str, kind: Type, names: Names, path: str) -> Iterator[tuple[str, str]]:
    """Each array in a value, by its dotted path: SQL of whether it has a NULL element, from the outermost inwards."""
    if kind.element is not None:
        yield path, f"list_count({sql}) < len({sql})"
        name = names.fresh("e")
        for inner, condition in null_elements(name, kind.element, names, path):
            yield inner, f"len(list_filter({sql}, lambda {name}: {condition})) > 0"
    else:
        for index, (field, child) in enumerate(kind.fields):
            yield from null_elements(field_sql(sql, kind, index), child, names, f"{path}.{field}" if field else path)


_CONTROL: Final = re.compile("([\x00-\x07]+)")


def quote(text: str) -> str:
    """A string of DuckDB's SQL; control characters, some of which mark places in SQL here, go by their numbers."""
    pieces: list[str] = []
    for piece in _CONTROL.split(text):
        if _CONTROL.fullmatch(piece):
            pieces += [f"chr({ord(character)})" for character in piece]
        elif piece or len(text) == 0:
            pieces.append("'" + piece.replace("'", "''") + "'")
    return pieces[0] if len(pieces) == 1 else f"({' || '.join(pieces)})"


_BLANK: Final = re.compile(r"\{(\w+)\}")


def filled(template: str, blanks: Mapping[str, str]) -> str:
    """``template`` with its ``{…}`` filled in one pass, so that nothing in what is filled in is taken for a blank."""
    return _BLANK.sub(lambda match: blanks.get(match[1], match[0]), template)


_FAILURE: Final = re.compile("\x03([^\x03\x04\x05]*)\x04([^\x03\x04\x05]*)\x05")


def fail(kind: Type, message: str) -> str:
    """A failure with ``message``, a string's SQL, where a value of ``kind`` was to be.

    DuckDB's TRY refuses ``error()``. So how the failure is brought about is settled where it is known whether
    something catches it: by ``trying``, or else by ``settled``.
    """
    return f"\x03{engine_type(kind)}\x04{message}\x05"


def maybe_unneeded(sql: str) -> str:
    """What stands where it may not be needed: a query fails as not modelled, for DuckDB computes it all the same."""
    if "SELECT" not in sql:
        return sql
    doubt = "' (in a subquery that may not be needed) is not modelled by the local cloud'"
    return _FAILURE.sub(lambda match: f"\x03{match[1]}\x04{match[2]} || {doubt}\x05", sql)


NATIVE: Final = "\x07"
"""Stands in SQL that fails by itself, in DuckDB's words."""


def trying(sql: str, kind: Type) -> str:
    """NULL where ``sql`` fails.

    A failure that stands for the value itself simply becomes NULL; TRY is for what fails natively, or deep within.
    """
    if NATIVE not in sql and kind.element is None and kind.name != "STRUCT":
        return _replaced(sql, lambda scalar, _: f"CAST(NULL AS {scalar})")
    caught = _replaced(sql, lambda scalar, message: f"CAST('!' || {message} AS {scalar})")
    return f"TRY({caught.replace(NATIVE, '')})"


def settled(sql: str) -> str:
    """``sql`` with failures as errors."""
    return _replaced(sql, lambda _, message: f"error({message})").replace(NATIVE, "").replace(ROWS, "")


def _replaced(sql: str, failure: Callable[[str, str], str]) -> str:
    while "\x03" in sql:
        sql = _FAILURE.sub(lambda match: failure(match[1], match[2]), sql)
    return sql


_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
ROWS: Final = "\x02"
"""Stands before a subquery, which DuckDB takes in no lambda and in no TRY."""


def bound(sql: str, names: Names, body: Callable[[str], str]) -> str:
    """``body(name)`` with ``sql`` evaluated once under that name; ``body(sql)`` where ``sql`` is short.

    What can fail is always named: DuckDB computes what stands twice in a CASE beforehand, whether it is needed or not.
    """
    if len(sql) <= _SHORT and not any(mark in sql for mark in (NATIVE, "\x03", ROWS, "error(")):
        return body(sql)
    name = names.fresh("v")
    return let(name, sql, body(name), names)


def let(name: str, sql: str, body: str, names: Names) -> str:
    """``body`` with ``sql`` evaluated once under ``name``: by a lambda, or beside a body that holds a subquery."""
    if ROWS in body and not _windowed(sql + body):
        return f"{ROWS}(SELECT {body} FROM (SELECT {sql} AS {name}) AS {names.fresh('t')})"
    return f"list_transform([{sql}], lambda {name}: {body})[1]"


def _windowed(sql: str) -> bool:
    """Whether a window is computed over the rows around, and not over those of a subquery."""
    outside, *subqueries = _QUOTED.sub("''", sql).split(ROWS)
    for text in subqueries:
        depth, end = 0, len(text)
        for place, character in enumerate(text):
            depth += (character == "(") - (character == ")")
            if depth <= 0 and character == ")":
                end = place
                break
        outside += text[end:]
    return " OVER (" in outside


def render(value: Any, kind: Type) -> str:
    """DuckDB's SQL of a value that is known.

    Raises:
        BigQueryError: The value cannot be of that type.
    """
    if value is None:
        return f"CAST(NULL AS {engine_type(kind)})"
    if kind.element is not None:
        structure = _structure(kind) if len(value) > _MANY else None
        if structure is not None:
            return f"from_json({quote(json.dumps(_jsonable(value, kind)))}, {quote(json.dumps(structure))})"
        members = ", ".join(render(member, kind.element) for member in value)
        return f"CAST([{members}] AS {engine_type(kind)})"
    if kind.name == "STRUCT":
        return pack(kind, [render(member, child) for member, child in _members(value, kind)])
    accepted, emit = _RENDERED.get(kind.name, ((), str))
    _check(value, accepted, kind)
    return emit(value)


def _members(value: Any, kind: Type) -> Iterator[tuple[Any, Type]]:
    given = [value.get(name) for name, _ in kind.fields] if isinstance(value, Mapping) else list(value)
    return zip(given, (child for _, child in kind.fields), strict=True)


def _check(value: Any, accepted: type | tuple[type, ...], kind: Type) -> None:
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind != BOOL):
        raise unknown(None, f"the value {value!r} as {kind}")


def _structure(kind: Type) -> object | None:
    """The type as DuckDB's ``from_json`` takes it, None where that does not read every value as it is."""
    if kind.element is not None:
        inner = _structure(kind.element)
        return None if inner is None else [inner]
    if kind.name == "STRUCT":
        fields = [_structure(child) for _, child in kind.fields]
        return None if None in fields else dict(zip(field_keys(kind), fields, strict=True))
    return duckdb_type(kind) if kind.name in _READ_EXACTLY else None


def _jsonable(value: Any, kind: Type) -> object:
    """The value as JSON has it; a struct by the names under which DuckDB holds its fields."""
    if value is None:
        return None
    if kind.element is not None:
        return [_jsonable(member, kind.element) for member in value]
    if kind.name == "STRUCT":
        members = (_jsonable(member, child) for member, child in _members(value, kind))
        return dict(zip(field_keys(kind), members, strict=True))
    _check(value, _READ_EXACTLY[kind.name], kind)
    return value


def _integer(value: int) -> str:
    return f"({value})::BIGINT" if value < 0 else f"{value}::BIGINT"


def _stamp(value: datetime) -> str:
    return f"TIMESTAMPTZ '{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ')}+00'"


_RENDERED: Final[dict[str, tuple[tuple[type, ...], Callable[[Any], str]]]] = {
    "BIGNUMERIC": ((int, Decimal), lambda value: f"'{bignumerics.held(value)}'"),
    "BOOL": ((bool,), lambda value: "true" if value else "false"),
    "BYTES": ((bytes,), lambda value: f"unhex('{value.hex()}')"),
    "DATE": ((date,), lambda value: f"DATE '{value.isoformat()}'"),
    "DATETIME": ((datetime,), lambda value: f"TIMESTAMP '{value.isoformat(' ')}'"),
    "FLOAT64": ((int, float), lambda value: f"CAST('{float(value)!r}' AS DOUBLE)"),
    "INT64": ((int,), _integer),
    "JSON": ((str,), lambda value: f"CAST({quote(value)} AS JSON)"),
    "NUMERIC": ((int, Decimal), lambda value: f"CAST('{Decimal(value):f}' AS DECIMAL(38, 9))"),
    "STRING": ((str,), quote),
    "TIME": ((time,), lambda value: f"TIME '{value.isoformat()}'"),
    "TIMESTAMP": ((datetime,), _stamp),
}
