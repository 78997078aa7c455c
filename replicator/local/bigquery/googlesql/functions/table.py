"""How a function is written down, and how a call finds the signature that fits.

A signature is text: ``STRING, INT64 -> STRING``. ``T`` is any one type, the same throughout; ``ARRAY<T>`` an array of
it, and a result may be an array of structs, ``ARRAY<STRUCT<value T>>``; a last parameter followed by ``...`` may be
repeated. In DuckDB's SQL ``{0}`` is the first argument, ``{fail}`` a failure with the function's message; a function of
the arguments' SQL takes any number of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

from sqlglot import exp

from replicator.local.bigquery.googlesql.coercion import READERS, decimal_of, implicit, supertype
from replicator.local.bigquery.googlesql.functions.marks import OVER
from replicator.local.bigquery.googlesql.ranges import has_ends, within
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.values import (
    BIGNUMERIC,
    FLOAT64,
    NATIVE,
    NUMERIC,
    ROWS,
    Names,
    Origin,
    Value,
    bound,
    derived,
    fail,
    filled,
    let,
)
from replicator.local.bigquery.types import Type, array, struct

BY_ITSELF: Final = "the engine's own"
"""The message of what fails by itself, in DuckDB's words."""

UNMODELLED: Final = ""
"""The SQL of a signature that GoogleSQL has and that is refused here."""

_DECIMALS: Final = (NUMERIC, BIGNUMERIC)
_PLACE: Final = re.compile(r"\{(\d+)\}")
_ANY: Final = Type("T")
_ARRAY_OF_ANY: Final = array(_ANY)

Template: TypeAlias = str | Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Overload:
    """One signature of a function.

    Attributes:
        signature: ``STRING, INT64 -> STRING``.
        sql: DuckDB's SQL.
        failure: The message, a string's SQL, with which a call can fail; empty when it cannot.
        volatile: Two calls with the same arguments may yield different values.
    """

    signature: str
    sql: Template
    failure: str = ""
    volatile: bool = False

    @cached_property
    def shape(self) -> tuple[tuple[Type, ...], bool, Type]:
        """Parameters, whether the last is repeated, and the result."""
        left, _, right = self.signature.partition("->")
        parts = [part.strip() for part in left.split(",") if part.strip()]
        repeated = bool(parts) and parts[-1].endswith("...")
        parameters = tuple(_parsed(part.removesuffix("...")) for part in parts)
        return parameters, repeated, _parsed(right)


Functions: TypeAlias = dict[str, tuple[Overload, ...]]


def _parsed(text: str) -> Type:
    text = text.strip()
    if text.startswith("ARRAY<"):
        return array(_parsed(text[6:-1]))
    if text.startswith("STRUCT<"):
        named = (member.strip().partition(" ") for member in text[7:-1].split(","))
        return struct(*((name, _parsed(kind)) for name, _, kind in named))
    return Type(text)


def call(what: str, overloads: Sequence[Overload], args: Sequence[Value], names: Names, node: exp.Expr) -> Value:
    """A call of the overload that fits best; ``what`` is ``function NAME`` or ``operator +``.

    Raises:
        BigQueryError: None does.
    """
    best: tuple[int, Overload, Type, list[Value]] | None = None
    for overload in overloads:
        fitted = _fit(overload, args, names, node)
        if fitted is not None and (best is None or fitted[0] < best[0]):
            best = (fitted[0], overload, fitted[1], fitted[2])
    if best is None:
        raise no_signature(node, what, args)
    _, overload, result, fits = best
    if overload.sql == UNMODELLED:
        raise unknown(node, f"{what} for {overload.signature.partition('->')[0].strip()}")
    sql = _emitted(overload, [fit.sql for fit in fits], result, names)
    if overload.failure == BY_ITSELF:
        sql = NATIVE + sql
        if has_ends(result):
            sql = within(sql, result, names, what)
    return derived(sql, result, *fits, fallible=bool(overload.failure), volatile=overload.volatile)


def no_signature(node: exp.Expr | None, what: str, args: Sequence[Value]) -> Exception:
    """BigQuery's refusal of argument types."""
    given = ", ".join(type_name(arg) for arg in args)
    return refused(node, f"No matching signature for {what} for argument types: {given}")


def type_name(value: Value) -> str:
    """The type as messages name it: an untyped NULL has none."""
    return "NULL" if value.origin is Origin.NULL else str(value.type)


def _fit(
    overload: Overload, args: Sequence[Value], names: Names, node: exp.Expr
) -> tuple[int, Type, list[Value]] | None:
    """The arguments coerced to the parameters, what that costs, and the result's type."""
    parameters, repeated, result = overload.shape
    if repeated:
        if len(args) < len(parameters):
            return None
        parameters = (*parameters, *[parameters[-1]] * (len(args) - len(parameters)))
    elif len(args) != len(parameters):
        return None
    variable = _variable(parameters, args, names)
    if variable is None:
        return None
    fits: list[Value] = []
    cost = 0
    for parameter, arg in zip(parameters, args, strict=True):
        wanted = _bind(parameter, variable)
        if not _possible(arg, wanted, args):
            return None
        fit = implicit(arg, wanted, names, node)
        if fit is None:
            return None
        cost += 0 if _stated_numeric(arg, wanted, args) else _cost(arg, wanted)
        fits.append(fit)
    return cost, _bind(result, variable), fits


def _possible(arg: Value, wanted: Type, args: Sequence[Value]) -> bool:
    # Coercing the text of a string literal to a date fails loudly, and must not while signatures are being tried.
    if arg.type.name == "STRING" and isinstance(arg.constant, str) and arg.is_literal and wanted.name in READERS:
        return READERS[wanted.name](arg.constant) is not None
    # The same of a FLOAT64 that no NUMERIC can hold, unless there is a NUMERIC that it has to be.
    if wanted in _DECIMALS and isinstance(arg.constant, float) and wanted not in [other.type for other in args]:
        return decimal_of(arg.constant, wanted) is not None
    return True


def _stated_numeric(arg: Value, wanted: Type, args: Sequence[Value]) -> bool:
    """Whether it is a number written with a point, which is a NUMERIC next to one."""
    return arg.origin is Origin.LITERAL and wanted == NUMERIC and NUMERIC in [other.type for other in args]


def _cost(arg: Value, wanted: Type) -> int:
    if arg.origin is Origin.NULL:
        return 0
    if arg.type == wanted:
        return 0
    if arg.type in _DECIMALS and wanted == FLOAT64:
        # What is written next to a decimal, with a point or without, becomes one first.
        return 9
    return {"NUMERIC": 2, "BIGNUMERIC": 2, "FLOAT64": 1, "DATETIME": 2, "TIMESTAMP": 3}.get(wanted.name, 1)


def _variable(parameters: Sequence[Type], args: Sequence[Value], names: Names) -> Type | None:
    bearers: list[Value] = []
    for parameter, arg in zip(parameters, args, strict=True):
        if parameter == _ANY:
            bearers.append(arg)
        elif parameter == _ARRAY_OF_ANY:
            if arg.parts is not None and arg.type.element is not None:
                bearers += arg.parts
            elif arg.type.element is not None and arg.origin is not Origin.EMPTY_ARRAY:
                bearers.append(Value("NULL", arg.type.element))
            elif arg.origin not in (Origin.NULL, Origin.EMPTY_ARRAY):
                return None
    return supertype(bearers, names)


def _bind(parameter: Type, variable: Type) -> Type:
    if parameter == _ANY:
        return variable
    if parameter.element is not None:
        return array(_bind(parameter.element, variable))
    if parameter.fields:
        return struct(*((name, _bind(kind, variable)) for name, kind in parameter.fields))
    return parameter


def _emitted(overload: Overload, args: list[str], result: Type, names: Names) -> str:
    plain = _filled(overload, args, result, names)
    if OVER in plain or not any(ROWS in sql for sql in args):
        return plain
    # In a lambda or a TRY there is no place for a subquery.
    held = {index: names.fresh("v") for index, sql in enumerate(args) if ROWS in sql}
    made = _filled(overload, [held.get(index, sql) for index, sql in enumerate(args)], result, names)
    for index, name in held.items():
        made = let(name, args[index], made, names)
    return made


def _filled(overload: Overload, args: list[str], result: Type, names: Names) -> str:
    if callable(overload.sql):
        return overload.sql(args)
    template = overload.sql
    if "{fail}" in template and len(args) > 1:
        # These yield NULL for any argument that is NULL, before they look at the others.
        nulls = " OR ".join(f"{{{index}}} IS NULL" for index in range(len(args)))
        template = f"CASE WHEN {nulls} THEN NULL ELSE ({template}) END"
    counts: dict[int, int] = {}
    places = _PLACE.findall(template + (overload.failure if "{fail}" in template else ""))
    # What fails in an argument of a TRY is not to be caught by it, and so is named before.
    for found in places * 2 if "TRY(" in template else places:
        counts[int(found)] = counts.get(int(found), 0) + 1

    def emit(bindings: list[str], rest: list[int]) -> str:
        if rest:
            index = rest[0]
            return bound(
                bindings[index],
                names,
                lambda name: emit([*bindings[:index], name, *bindings[index + 1 :]], rest[1:]),
            )
        blanks = {str(index): sql for index, sql in enumerate(bindings)}
        if "{fail}" in template:
            blanks["fail"] = fail(result, filled(overload.failure, blanks))
        return filled(template, blanks)

    return emit(args, [index for index, times in counts.items() if times > 1])
