"""Which values become which types by themselves, and which type several values have in common.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules
"""

from __future__ import annotations

import decimal
import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from sqlglot import exp

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.googlesql.catalog import Constant
from replicator.local.bigquery.googlesql.moments import read_date, read_datetime, read_time, read_timestamp
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.values import (
    BIGNUMERIC,
    FLOAT64,
    INT64,
    NUMERIC,
    STRING,
    Names,
    Origin,
    Value,
    WrittenFloat,
    bound,
    engine_type,
    field_keys,
    field_sql,
    literal,
    null,
    pack,
    packed,
    untyped,
)
from replicator.local.bigquery.types import Type, array, struct

# conversion_rules#comparison_chart, the "coerce to" column, for the types that are modelled.
_WIDENS: Final = {
    ("INT64", "NUMERIC"),
    ("INT64", "BIGNUMERIC"),
    ("INT64", "FLOAT64"),
    ("NUMERIC", "BIGNUMERIC"),
    ("NUMERIC", "FLOAT64"),
    ("BIGNUMERIC", "FLOAT64"),
    ("DATE", "DATETIME"),
}
_ORDER: Final = {"INT64": 0, "NUMERIC": 1, "BIGNUMERIC": 2, "FLOAT64": 3, "DATE": 0, "DATETIME": 1}
_NUMBERS: Final = ("INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64")
READERS: Final = {"DATE": read_date, "DATETIME": read_datetime, "TIME": read_time, "TIMESTAMP": read_timestamp}
_NUMERIC_SCALE: Final = 9
_NUMERIC_DIGITS: Final = Decimal("1e-9")
_SHIFTED: Final = re.compile(r"-?0*[1-9]\d*\.?\d*[eE]-(\d+)")
_NUMERIC_END: Final = Decimal("1e29")
_WIDE: Final[dict[tuple[str, str], Callable[[str], str]]] = {
    ("INT64", "BIGNUMERIC"): bignumerics.of_integer,
    ("NUMERIC", "BIGNUMERIC"): bignumerics.of_numeric,
    ("BIGNUMERIC", "FLOAT64"): bignumerics.to_float,
}
# FLOAT64 has no more than 309 digits before its point.
_EXACT: Final = decimal.Context(prec=400, rounding=decimal.ROUND_HALF_UP)


def implicit(value: Value, to: Type, names: Names, node: exp.Expr | None = None) -> Value | None:
    """``value`` as ``to``, or None where GoogleSQL does not coerce it.

    Raises:
        BigQueryError: It would coerce, being a literal, and its text is not of that type.
    """
    if value.origin is Origin.NULL:
        return untyped(value, to)
    if value.type == to:
        return value
    if value.origin is Origin.EMPTY_ARRAY and to.element is not None:
        return replace(value, sql=f"CAST([] AS {engine_type(to)})", type=to, origin=Origin.COMPUTED)
    if value.parts is not None and (value.type.element is None or _soft(value)):
        # An array is coerced member by member only where all of them are literals; a struct always is.
        return _constructor(value, to, names, node)
    if value.is_literal:
        coerced = _literal(value, to, node)
        if coerced is not None:
            return coerced
    if not widens(value.type, to):
        return None
    sql = convert(value.sql, value.type, to, names)
    return replace(value, sql=sql, type=to, origin=Origin.COMPUTED, constant=None, column=None)


def _constructor(value: Value, to: Type, names: Names, node: exp.Expr | None) -> Value | None:
    parts = value.parts or ()
    if value.type.element is not None:
        if to.element is None:
            return None
        wanted = [to.element] * len(parts)
    else:
        if to.name != "STRUCT" or len(to.fields) != len(parts):
            return None
        wanted = [kind for _, kind in to.fields]
    coerced = [implicit(part, kind, names, node) for part, kind in zip(parts, wanted, strict=True)]
    members = [one for one in coerced if one is not None]
    if len(members) < len(parts):
        return None
    sqls = [member.sql for member in members]
    sql = f"CAST([{', '.join(sqls)}] AS {engine_type(to)})" if to.element is not None else packed(to, members)
    return replace(value, sql=sql, type=to, parts=tuple(members))


def _literal(value: Value, to: Type, node: exp.Expr | None) -> Value | None:
    """What only literals and parameters coerce to."""
    constant: Any = value.constant
    if value.type == STRING and to.name in READERS:
        if constant is None:
            return null(to)
        moment: Constant | None = READERS[to.name](constant)
        if moment is None:
            raise refused(node, f'Could not cast literal "{constant}" to type {to}')
        return literal(moment, to, value.origin)
    if value.type == STRING and to.name == "BYTES":
        return null(to) if constant is None else literal(constant.encode(), to, value.origin)
    if value.type == INT64 and to == FLOAT64:
        return null(to) if constant is None else literal(float(constant), to, value.origin)
    if value.type == INT64 and to in (NUMERIC, BIGNUMERIC):
        return null(to) if constant is None else literal(Decimal(constant), to, value.origin)
    if value.type == FLOAT64 and to in (NUMERIC, BIGNUMERIC) and value.origin is Origin.LITERAL:
        exact = written_decimal(constant, to, node)
        if exact is None:
            raise refused(node, f"Invalid {to} value: {constant}")
        return literal(exact, to)
    return None


def decimal_of(number: float, to: Type) -> Decimal | None:
    """The NUMERIC or BIGNUMERIC that a FLOAT64 as it is written comes to, or None where it is beyond all of them."""
    if not math.isfinite(number):
        return None
    text = number.text if isinstance(number, WrittenFloat) else repr(number)
    if to == BIGNUMERIC:
        return bignumerics.rounded_to(text)
    rounded = Decimal(text).quantize(_NUMERIC_DIGITS, context=_EXACT)
    return rounded if rounded.copy_abs() < _NUMERIC_END else None


def written_decimal(number: float, to: Type, node: exp.Expr | None) -> Decimal | None:
    """The NUMERIC or BIGNUMERIC that a FLOAT64 literal stands for, read from its text and not from its value.

    Raises:
        BigQueryError: notImplemented, where the text is not known and the two may differ.
    """
    if not isinstance(number, WrittenFloat) and len(Decimal(repr(number)).as_tuple().digits) > sys.float_info.dig:
        raise unknown(node, f"the literal {number} as a {to} ({to} '…' is)")
    shifted = _SHIFTED.fullmatch(number.text) if isinstance(number, WrittenFloat) else None
    if shifted is not None and int(shifted[1]) > (bignumerics.SCALE if to == BIGNUMERIC else _NUMERIC_SCALE):
        # GoogleSQL drops all digits before the point of a number that it shifts so far.
        raise unknown(node, f"the literal {shifted[0]} as a {to}")
    return decimal_of(number, to)


def widens(source: Type, to: Type) -> bool:
    """Whether a computed value of ``source`` is coerced to ``to``; structs field by field, by position."""
    if source == to:
        return True
    if source.element is not None and to.element is not None:
        return alike(source.element, to.element)
    if source.name == "STRUCT" and to.name == "STRUCT" and len(source.fields) == len(to.fields):
        pairs = zip(source.fields, to.fields, strict=True)
        return all(widens(ours, theirs) for (_, ours), (_, theirs) in pairs)
    return (source.name, to.name) in _WIDENS


def alike(one: Type, other: Type) -> bool:
    """Whether two types differ in nothing but the names of fields."""
    if one.element is not None and other.element is not None:
        return alike(one.element, other.element)
    if one.name == "STRUCT" and other.name == "STRUCT" and len(one.fields) == len(other.fields):
        return all(alike(ours, theirs) for (_, ours), (_, theirs) in zip(one.fields, other.fields, strict=True))
    return one == other


def convert(sql: str, source: Type, to: Type, names: Names) -> str:
    """``sql`` of a type that widens to ``to``, as ``to``: structs by position, which DuckDB would match by name."""
    if source == to:
        return sql
    if source.element is not None and to.element is not None:
        ours, theirs = source.element, to.element
        if _keys(ours) == _keys(theirs) and not _made_wide(ours, theirs):
            return f"CAST({sql} AS {engine_type(to)})"
        name = names.fresh("v")
        return f"list_transform({sql}, lambda {name}: {convert(name, ours, theirs, names)})"
    if source.name == "STRUCT":
        if _keys(source) == _keys(to) and not _made_wide(source, to):
            return f"CAST({sql} AS {engine_type(to)})"
        return bound(sql, names, lambda name: _rebuilt(name, source, to, names))
    if (source.name, to.name) in _WIDE:
        return bound(sql, names, _WIDE[source.name, to.name])
    return f"CAST({sql} AS {engine_type(to)})"


def _made_wide(source: Type, to: Type) -> bool:
    """Whether a value in it becomes a BIGNUMERIC or ceases to be one, of which DuckDB's casts know nothing."""
    if source.element is not None and to.element is not None:
        return _made_wide(source.element, to.element)
    pairs = zip(source.fields, to.fields, strict=False)
    return (source.name, to.name) in _WIDE or any(_made_wide(ours, theirs) for (_, ours), (_, theirs) in pairs)


def _rebuilt(name: str, source: Type, to: Type, names: Names) -> str:
    pairs = zip(source.fields, to.fields, strict=True)
    members = [
        convert(field_sql(name, source, index), ours, theirs, names)
        for index, ((_, ours), (_, theirs)) in enumerate(pairs)
    ]
    return f"CASE WHEN {name} IS NOT NULL THEN {pack(to, members)} END"


def _keys(kind: Type) -> object:
    """The names at every depth: where they are the same in the same order, DuckDB's cast by name is one by position."""
    if kind.element is not None:
        return (_keys(kind.element),)
    if kind.name == "STRUCT":
        return tuple((key, _keys(child)) for key, (_, child) in zip(field_keys(kind), kind.fields, strict=True))
    return None


def supertype(values: Sequence[Value], names: Names) -> Type | None:
    """The type that all of ``values`` are coerced to, or None where there is none.

    What is computed decides before what is written as a literal; untyped NULLs decide only among themselves.
    """
    typed = [value for value in values if value.origin not in (Origin.NULL, Origin.EMPTY_ARRAY)]
    if not typed:
        arrays = [value for value in values if value.origin is Origin.EMPTY_ARRAY]
        return arrays[0].type if arrays else INT64
    firm = [value for value in typed if not _soft(value)]
    candidates: list[Type] = []
    for group in (firm, typed):
        kinds = list(dict.fromkeys(value.type for value in group))
        merged = _merged(group, names) if len(kinds) > 1 else None
        if merged is not None:
            candidates.append(merged)
        candidates += sorted(kinds, key=lambda kind: _ORDER.get(kind.name, 0))
    for candidate in candidates:
        if all(_coerces(value, candidate, names) for value in values):
            if _doubtful(typed, candidate):
                # Within a struct an untyped NULL is an INT64, which GoogleSQL takes for another type or does not,
                # as the order of the structs and the types of their neighbours have it.
                raise unknown(None, f"structs of literals with an untyped NULL for a value of {candidate}")
            return _called(candidate, typed[0].type)
    return None


def _doubtful(values: Sequence[Value], to: Type) -> bool:
    """Whether an untyped NULL or an empty array within a struct would become what only literals beside it are."""
    if to.element is not None:
        return _doubtful([part for value in values for part in value.parts or ()], to.element)
    if to.name != "STRUCT":
        return False
    structs = [value for value in values if value.origin is not Origin.NULL]
    for index, (_, kind) in enumerate(to.fields):
        members = [_member(value, index) for value in structs]
        bare = [member for member in members if member.origin in (Origin.NULL, Origin.EMPTY_ARRAY)]
        decided = any(not _soft(member) for member in members)
        if (bare and not decided and (kind.element or kind).name not in _NUMBERS) or _doubtful(members, kind):
            return True
    return False


def _called(kind: Type, first: Type) -> Type:
    """``kind`` with the names of the fields of the first of all types."""
    if kind.element is not None and first.element is not None:
        return array(_called(kind.element, first.element))
    if kind.name == "STRUCT" and first.name == "STRUCT":
        pairs = zip(kind.fields, first.fields, strict=True)
        return struct(*((name, _called(child, other)) for (_, child), (name, other) in pairs))
    return kind


def _soft(value: Value) -> bool:
    return value.is_literal or (bool(value.parts) and all(_soft(part) for part in value.parts or ()))


def _coerces(value: Value, to: Type, names: Names) -> bool:
    # The text of a literal is checked when it is coerced for good; here only the types count.
    if value.type == STRING and value.origin in (Origin.LITERAL, Origin.PARAMETER) and to.name in READERS:
        return True
    return implicit(value, to, names) is not None


def _merged(values: Sequence[Value], names: Names) -> Type | None:
    """Structs and arrays: the supertype of each field, with the first value's names."""
    kinds = [value.type for value in values]
    if not kinds:
        return None
    if all(kind.name == "STRUCT" and len(kind.fields) == len(kinds[0].fields) for kind in kinds):
        fields: list[tuple[str, Type]] = []
        for index, (name, _) in enumerate(kinds[0].fields):
            kind = supertype([_member(value, index) for value in values], names)
            if kind is None:
                return None
            fields.append((name, kind))
        return struct(*fields)
    if all(value.type.element is not None and value.parts is not None and _soft(value) for value in values):
        members = [part for value in values for part in value.parts or ()]
        kind = supertype(members, names) if members else None
        return array(kind) if kind is not None else None
    return None


def _member(value: Value, index: int) -> Value:
    return value.parts[index] if value.parts else Value("NULL", value.type.fields[index][1])


def common(values: Sequence[Value], names: Names, node: exp.Expr | None = None) -> tuple[Type, list[Value]] | None:
    """The values, coerced to the type they have in common; None where they have none."""
    kind = supertype(values, names)
    if kind is None:
        return None
    coerced = [implicit(value, kind, names, node) for value in values]
    return kind, [one for one in coerced if one is not None]
