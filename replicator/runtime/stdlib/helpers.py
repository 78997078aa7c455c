"""The expression helpers: conversions, sizes, choices.

docs.cloud.google.com/workflows/docs/reference/stdlib/expression-helpers
"""

from __future__ import annotations

import math
import re
from typing import Final

from replicator.runtime.errors import Tag, error
from replicator.runtime.expressions.operators import truth, whole
from replicator.runtime.stdlib.signature import ANY, MAP, NUMBER, STRING, Function, Parameter
from replicator.runtime.values import Value, to_text, type_name

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,25}")
_DOUBLE: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def _double(value: str | float) -> Value:
    if isinstance(value, str):
        if not _DOUBLE.fullmatch(value):
            raise error(Tag.VALUE, f"double: {value!r} is not a number")
        return float(value)
    return float(value)


def _int(value: str | float) -> Value:
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value):
            raise error(Tag.VALUE, f"int: {value!r} is not an integer")
        return whole(int(value))
    if not math.isfinite(value):
        raise error(Tag.VALUE, "int: the double is not finite")
    return whole(math.trunc(value))


def _string(value: Value) -> Value:
    text = to_text(value)
    if text is None:
        raise error(Tag.TYPE, f"string: takes integer, double, boolean or string, got {type_name(value)}")
    return text


def _keys(of: dict[str, Value]) -> Value:
    # The order is not documented; sorted, so that nothing can depend on the order of insertion.
    return [*sorted(of)]


def _len(value: list[Value] | dict[str, Value] | str) -> Value:
    return len(value)


def _default(value: Value, otherwise: Value) -> Value:
    return otherwise if value is None else value


def _if(condition: Value, yes: Value, no: Value) -> Value:
    return yes if truth("if", condition) else no


FUNCTIONS: Final = (
    Function("double", (Parameter("value", NUMBER | STRING),), _double),
    Function("int", (Parameter("value", NUMBER | STRING),), _int),
    Function("string", (Parameter("value", ANY),), _string),
    Function("keys", (Parameter("map", MAP),), _keys),
    Function("len", (Parameter("value", frozenset({"list", "map", "string"})),), _len),
    Function("default", (Parameter("value"), Parameter("default_value")), _default),
    Function("if", (Parameter("condition"), Parameter("if_true"), Parameter("if_false")), _if),
    Function("get_type", (Parameter("value"),), type_name),
)
