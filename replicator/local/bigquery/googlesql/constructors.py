"""Literals, arrays, structs, casts and EXTRACT.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.casting import cast, safe_cast
from replicator.local.bigquery.googlesql.coercion import READERS, common, implicit
from replicator.local.bigquery.googlesql.dialect import CAST_CALL
from replicator.local.bigquery.googlesql.documents import normal
from replicator.local.bigquery.googlesql.functions.castformats import cast_by_format
from replicator.local.bigquery.googlesql.functions.dateparts import extracted, part_of
from replicator.local.bigquery.googlesql.functions.rules import NullArgumentError
from replicator.local.bigquery.googlesql.functions.table import no_signature
from replicator.local.bigquery.googlesql.functions.zones import UTC, shown, zone_of
from replicator.local.bigquery.googlesql.operators import number
from replicator.local.bigquery.googlesql.parameterized import limited, parameters
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver, emits, path_of
from replicator.local.bigquery.googlesql.scope import json_member
from replicator.local.bigquery.googlesql.values import (
    BIGNUMERIC,
    BOOL,
    BYTES,
    DATE,
    INT64,
    JSON,
    NUMERIC,
    STRING,
    TIME,
    Origin,
    Value,
    bound,
    derived,
    engine_type,
    fail,
    literal,
    null,
    packed,
    quote,
    union,
)
from replicator.local.bigquery.types import Type, array, struct

_SCALARS: Final = {
    exp.DType.BIGINT: "INT64",
    exp.DType.INT: "INT64",
    exp.DType.SMALLINT: "INT64",
    exp.DType.TINYINT: "INT64",
    exp.DType.DOUBLE: "FLOAT64",
    exp.DType.DECIMAL: "NUMERIC",
    exp.DType.BIGDECIMAL: "BIGNUMERIC",
    exp.DType.BOOLEAN: "BOOL",
    exp.DType.TEXT: "STRING",
    exp.DType.BINARY: "BYTES",
    exp.DType.DATE: "DATE",
    exp.DType.TIMESTAMP: "DATETIME",
    exp.DType.TIME: "TIME",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP",
    exp.DType.JSON: "JSON",
}
_CURRENT: Final[dict[type[exp.Expr], str]] = {
    exp.CurrentDate: "DATE",
    exp.CurrentDatetime: "DATETIME",
    exp.CurrentTime: "TIME",
    exp.CurrentTimestamp: "TIMESTAMP",
}


def type_of_node(node: exp.Expr) -> Type:
    """The type that is written in a CAST, or before a constructor.

    Raises:
        BigQueryError: There is no such type, or it is not modelled.
    """
    if not isinstance(node, exp.DataType):
        raise refused(node, f"Type not found: {node.sql()}")
    if node.this == exp.DType.ARRAY and len(node.expressions) == 1:
        return array(type_of_node(node.expressions[0]))
    if node.this == exp.DType.STRUCT:
        fields = [
            (field.name, type_of_node(field.args["kind"]))
            if isinstance(field, exp.ColumnDef)
            else ("", type_of_node(field))
            for field in node.expressions
        ]
        return struct(*fields)
    if node.expressions:
        raise unknown(node, "a type with parameters in an expression")
    if node.this not in _SCALARS:
        raise unknown(node, f"the type {node.sql(dialect='bigquery')}")
    return Type(_SCALARS[node.this])


@emits(exp.Literal)
def _literal(_: Resolver, node: exp.Expr) -> Value:
    if node.is_string:
        return literal(str(node.this), STRING)
    return number(str(node.this), node)


@emits(exp.HexString)
def _hexadecimal(_: Resolver, node: exp.Expr) -> Value:
    whole = int(str(node.this), 16)
    if whole >= 2**64:
        raise refused(node, f"Invalid integer literal: 0x{node.this}")
    return literal(whole if whole < 2**63 else whole - 2**64, INT64)


@emits(exp.ByteString)
def _bytes(_: Resolver, node: exp.Expr) -> Value:
    content: Any = node.this
    return literal(content, BYTES)


@emits(exp.Boolean)
def _boolean(_: Resolver, node: exp.Expr) -> Value:
    return literal(bool(node.this), BOOL)


@emits(exp.Null)
def _null(_: Resolver, __: exp.Expr) -> Value:
    return null()


@emits(*_CURRENT)
def _now(resolver: Resolver, node: exp.Expr) -> Value:
    return current(resolver, _CURRENT[type(node)])


def current(resolver: Resolver, kind: str) -> Value:
    """CURRENT_TIMESTAMP and its kin, in UTC: a constant of the statement."""
    moment = resolver.gathering.context.now
    values: dict[str, Any] = {
        "DATE": moment.date(),
        "DATETIME": moment.replace(tzinfo=None),
        "TIME": moment.time(),
        "TIMESTAMP": moment,
    }
    return literal(values[kind], Type(kind), Origin.COMPUTED)


@emits(exp.Cast, exp.TryCast)
def _cast(resolver: Resolver, node: exp.Expr) -> Value:
    if not node.meta_get(CAST_CALL):
        return _typed_constructor(resolver, node, type_of_node(node.args["to"]))
    if node.args.get("format") is not None:
        return cast_by_format(resolver, node, type_of_node(node.args["to"]))
    written = node.args["to"]
    if not isinstance(written, exp.DataType) or written.args.get("nested") or not written.expressions:
        return _converted(resolver, node, type_of_node(written))
    bare = written.copy()
    bare.set("expressions", [])
    to = parameters(written, type_of_node(bare))
    if isinstance(node, exp.TryCast):
        raise unknown(node, f"SAFE_CAST to {to}")
    return limited(_converted(resolver, node, to.kind), to, resolver.gathering.names)


def _converted(resolver: Resolver, node: exp.Expr, to: Type) -> Value:
    names = resolver.gathering.names
    value = resolver.value(node.this)
    if (
        node.this.find(exp.Literal) is node.this
        and value.type == STRING
        and to.name in ("DATE", "DATETIME", "TIMESTAMP")
    ):
        # Read here, a named time zone included.
        moment = READERS[to.name](str(value.constant))
        if moment is not None:
            return literal(moment, to, Origin.COMPUTED)
    return safe_cast(value, to, names, node) if isinstance(node, exp.TryCast) else cast(value, to, names, node)


def _typed_constructor(resolver: Resolver, node: exp.Expr, to: Type) -> Value:
    """``DATE '…'``, ``ARRAY<…>[…]``, ``STRUCT<…>(…)``."""
    inside = node.this
    if isinstance(inside, exp.Literal):
        return _typed_literal(resolver, node, resolver.value(inside), to)
    if isinstance(inside, exp.Struct):
        if to.name != "STRUCT" or len(inside.expressions) != len(to.fields):
            wanted = len(to.fields)
            raise refused(
                node, f"STRUCT type has {wanted} fields but constructor call has {len(inside.expressions)} fields"
            )
        parts = [
            _member(resolver.value(part), kind, resolver, part)
            for part, (_, kind) in zip(inside.expressions, to.fields, strict=True)
        ]
        return _struct(parts, to)
    if isinstance(inside, exp.Array):
        if to.element is None:
            raise refused(node, f"Array constructor of type {to}")
        members = [_member(resolver.value(part), to.element, resolver, part) for part in inside.expressions]
        return _array(members, to)
    raise unknown(node, f"the constructor of {to}")


def _typed_literal(resolver: Resolver, node: exp.Expr, value: Value, to: Type) -> Value:
    if value.type != STRING:
        raise refused(node, f"Syntax error: Unexpected number after {to}")
    if to == NUMERIC:
        return cast(value, to, resolver.gathering.names, node)
    if to == BIGNUMERIC:
        text = str(value.constant)
        written = bignumerics.read(text)
        if written is None:
            raise refused(node, f'Invalid BIGNUMERIC literal: "{text}"')
        return literal(written, to, Origin.COMPUTED)
    if to == JSON:
        document = normal(str(value.constant))
        if document is None:
            raise refused(node, "Invalid JSON literal")
        return derived(f"CAST({quote(document)} AS JSON)", JSON, value)
    coerced = (
        implicit(value, to, resolver.gathering.names, node)
        if to in (DATE, TIME) or to.name in ("DATETIME", "TIMESTAMP")
        else None
    )
    if coerced is None:
        raise refused(node, f"Syntax error: Unexpected string literal after {to}")
    return coerced


def _member(value: Value, kind: Type, resolver: Resolver, node: exp.Expr) -> Value:
    coerced = implicit(value, kind, resolver.gathering.names, node)
    if coerced is None:
        raise refused(node, f"Struct field or array element has type {value.type} which does not coerce to {kind}")
    # Its type is said: it is no literal any more that would take another one.
    return replace(coerced, origin=Origin.COMPUTED)


def _struct(parts: list[Value], kind: Type) -> Value:
    return Value(
        packed(kind, parts),
        kind,
        parts=tuple(parts),
        uses=union(part.uses for part in parts),
        fixed=all(part.fixed for part in parts),
        fallible=any(part.fallible for part in parts),
    )


def _array(members: list[Value], kind: Type) -> Value:
    return Value(
        f"CAST([{', '.join(member.sql for member in members)}] AS {engine_type(kind)})",
        kind,
        parts=tuple(members),
        uses=union(member.uses for member in members),
        fixed=all(member.fixed for member in members),
        fallible=any(member.fallible for member in members),
        present=True,
        full=all(member.constant is not None or member.parts is not None for member in members),
    )


@emits(exp.Array)
def _array_constructor(resolver: Resolver, node: exp.Expr) -> Value:
    if (
        len(node.expressions) == 1
        and isinstance(node.expressions[0], exp.Query)
        and node.args.get("value_constructor") is None
    ):
        from replicator.local.bigquery.googlesql.subqueries import array_query

        return array_query(resolver, node.expressions[0], node)
    members = [resolver.value(member) for member in node.expressions]
    if not members:
        return Value("CAST([] AS BIGINT[])", array(INT64), Origin.EMPTY_ARRAY, fixed=True)
    found = common(members, resolver.gathering.names, node)
    if found is None:
        kinds = ", ".join(dict.fromkeys(str(member.type) for member in members))
        raise refused(node, f"Array elements of types {{{kinds}}} do not have a common supertype")
    kind, coerced = found
    if kind.element is not None:
        raise refused(node, f"Cannot construct array with element type {kind} because nested arrays are not supported")
    return _array(coerced, array(kind))


@emits(exp.Tuple)
def _tuple(resolver: Resolver, node: exp.Expr) -> Value:
    parts = [resolver.value(part) for part in node.expressions]
    return _struct(parts, struct(*(("", part.type) for part in parts)))


def struct_call(resolver: Resolver, node: exp.Expr) -> Value:
    """STRUCT(…), fields named by their aliases or by the names they come from."""
    parts: list[Value] = []
    fields: list[tuple[str, Type]] = []
    for argument in node.expressions:
        inner = argument.this if isinstance(argument, exp.Alias) else argument
        part = resolver.value(inner)
        parts.append(part)
        fields.append((argument.alias if isinstance(argument, exp.Alias) else implied_name(inner), part.type))
    return _struct(parts, struct(*fields))


def implied_name(node: exp.Expr) -> str:
    """The name that a column or field without an alias brings along, or nothing."""
    base, path = path_of(node)
    if path and not (isinstance(base, exp.Parameter) and not path):
        return path[-1].name
    if isinstance(node, exp.Paren):
        return ""
    return ""


_FARTHEST: Final = 2**62


@emits(exp.Bracket)
def _element(resolver: Resolver, node: exp.Expr) -> Value:
    value = resolver.value(node.this)
    if len(node.expressions) != 1:
        raise refused(node, "Subscript access takes one index")
    names = resolver.gathering.names
    if value.type == JSON and node.args.get("offset") is None:
        return _json_element(resolver, value, resolver.value(node.expressions[0]), node)
    if value.type.element is None:
        raise unknown(node, f"subscript access on {value.type}")
    index = implicit(resolver.value(node.expressions[0]), INT64, names, node)
    if index is None:
        raise refused(node, "Array position must be coercible to INT64 type")
    base = node.args.get("offset")
    shift = "" if base == 1 else " + 1"

    def sql(array_sql: str, position: str) -> str:
        # Of an array that is NULL no element is too far away, which one more must not be too large for.
        taken = f"list_extract({array_sql}, least({position}, {_FARTHEST}){shift})"
        first, last = (1, ">") if base == 1 else (0, ">=")
        outside = f"{array_sql} IS NOT NULL AND ({position} < {first} OR {position} {last} len({array_sql}))"
        if node.args.get("safe"):
            return f"(CASE WHEN {outside} THEN NULL ELSE {taken} END)"
        word = "ordinal" if base == 1 else "index"
        message = f"'Array {word} ' || CAST({position} AS VARCHAR) || ' is out of bounds'"
        element = value.type.element or INT64
        return f"(CASE WHEN {outside} THEN {fail(element, message)} ELSE {taken} END)"

    text = bound(value.sql, names, lambda given: bound(index.sql, names, lambda place: sql(given, place)))
    return derived(text, value.type.element, value, index, fallible=not node.args.get("safe"))


def _json_element(resolver: Resolver, value: Value, index: Value, node: exp.Expr) -> Value:
    names = resolver.gathering.names
    if index.type == STRING:
        made = json_member(value, index.sql, node)
        return replace(made, uses=union([value.uses, index.uses]), fixed=value.fixed and index.fixed)
    place = implicit(index, INT64, names, node)
    if place is None:
        raise no_signature(node, "operator []", [value, index])
    # DuckDB counts what is negative from the end.
    taken = f"json_extract({value.sql}, '$[' || CAST({place.sql} AS VARCHAR) || ']')"
    return derived(f"(CASE WHEN {place.sql} BETWEEN 0 AND 2147483647 THEN {taken} END)", JSON, value, place)


@emits(exp.Extract)
def _extract(resolver: Resolver, node: exp.Expr) -> Value:
    part = part_of(node.this)
    source, zone = node.expression, UTC
    if isinstance(source, exp.AtTimeZone):
        try:
            zone = zone_of(resolver, source.args.get("zone"))
        except NullArgumentError:
            raise unknown(node, "EXTRACT in a time zone that is NULL") from None
        source = source.this
    value = resolver.value(source)
    if value.is_literal and value.type == STRING:
        raise refused(node, "No matching signature for function EXTRACT for argument types: DATE_TIME_PART FROM STRING")
    kind = value.type.name
    if kind not in ("DATE", "DATETIME", "TIME", "TIMESTAMP"):
        raise refused(node, f"EXTRACT does not support arguments of type: {value.type}")
    if zone != UTC and kind != "TIMESTAMP":
        raise refused(node, f"EXTRACT from {kind} does not support AT TIME ZONE")
    names = resolver.gathering.names
    wall = shown(value.sql, zone, names) if kind == "TIMESTAMP" else value.sql
    if part in ("DATE", "TIME", "DATETIME"):
        if kind not in ("DATETIME", "TIMESTAMP") or (part == "DATETIME" and kind != "TIMESTAMP"):
            raise refused(node, f"EXTRACT from {kind} does not support the {part} date part")
        to = Type(part)
        return derived(f"CAST({wall} AS {engine_type(to)})", to, value)
    shape = "DATETIME" if kind == "TIMESTAMP" else kind
    return derived(bound(wall, names, lambda held: extracted(shape, held, part, node)), INT64, value)
