"""What the operators do, and the errors that they raise.

docs.cloud.google.com/workflows/docs/reference/syntax/datatypes: an operator takes the types it is made for and
nothing else; a number is never made a string by itself. The pages do not say what an integer beyond 64 bits becomes;
here it is an error, so that no document comes to depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from replicator.limits import STRING_BYTES
from replicator.runtime.errors import Tag, WorkflowError, error
from replicator.runtime.values import INT_MAX, INT_MIN, Value, equal, text_size, type_name

_NUMBERS: Final = frozenset({int, float})


def mismatch(operator: str, left: Value, right: Value) -> WorkflowError:
    """The error for operands that an operator is not made for."""
    return error(Tag.TYPE, f"{operator} cannot be applied to {type_name(left)} and {type_name(right)}")


def whole(number: int) -> int:
    """The integer, when it fits."""
    if INT_MIN <= number <= INT_MAX:
        return number
    raise error(Tag.VALUE, "integer overflow: the result does not fit in 64 bits")


def add(left: Value, right: Value) -> Value:
    """``+``: numbers, or two strings."""
    if type(left) is int and type(right) is int:
        return whole(left + right)
    if type(left) is str and type(right) is str:
        joined = left + right
        # Four bytes are the most that a character takes: the exact count is for long strings only.
        if len(joined) * 4 > STRING_BYTES.value and (length := text_size(joined)) > STRING_BYTES.value:
            raise error(Tag.RESOURCE_LIMIT, f"a string has {length} bytes, and may have {STRING_BYTES.value}")
        return joined
    one, other = _numbers("+", left, right)
    return one + other


def subtract(left: Value, right: Value) -> Value:
    """``-``."""
    one, other = _numbers("-", left, right)
    return _fit(one - other)


def multiply(left: Value, right: Value) -> Value:
    """``*``."""
    one, other = _numbers("*", left, right)
    return _fit(one * other)


def divide(left: Value, right: Value) -> Value:
    """``/``: always a double."""
    one, other = _divisible("/", left, right)
    return one / other


def floor_divide(left: Value, right: Value) -> Value:
    """``//``: towards minus infinity."""
    one, other = _divisible("//", left, right)
    return _fit(one // other)


def remainder(left: Value, right: Value) -> Value:
    """``%``: what ``//`` leaves."""
    one, other = _divisible("%", left, right)
    return _fit(one % other)


def negate(value: Value) -> Value:
    """Unary ``-``."""
    return _fit(-_number("-", value))


def truth(operator: str, value: Value) -> bool:
    """The boolean that a logical operator or a condition needs; nothing else is taken for one."""
    if value is True or value is False:
        return value
    raise error(Tag.TYPE, f"{operator} needs a boolean, not {type_name(value)}")


def contains(needle: Value, haystack: Value) -> bool:
    """``in``: an element of a list, or a key of a map."""
    if isinstance(haystack, list):
        return any(equal(needle, item) for item in haystack)
    if isinstance(haystack, dict):
        return isinstance(needle, str) and needle in haystack
    raise error(Tag.TYPE, f"in needs a list or a map on its right, not {type_name(haystack)}")


def member(of: Value, key: str) -> Value:
    """``of.key``."""
    if isinstance(of, dict):
        try:
            return of[key]
        except KeyError:
            raise error(Tag.KEY, f"key not found: {key}") from None
    raise error(Tag.TYPE, f"{type_name(of)} has no keys; .{key} needs a map")


def index(of: Value, by: Value) -> Value:
    """``of[by]``."""
    if isinstance(of, dict):
        if not isinstance(by, str):
            raise error(Tag.TYPE, f"a map's key is a string, not {type_name(by)}")
        return member(of, by)
    if isinstance(of, list):
        return of[position(of, by)]
    raise error(Tag.TYPE, f"{type_name(of)} cannot be indexed; it takes a list or a map")


def position(of: list[Value], by: Value) -> int:
    """The index of an element that is there, counted from 0."""
    if type(by) is not int:
        raise error(Tag.TYPE, f"a list's index is an integer, not {type_name(by)}")
    if not 0 <= by < len(of):
        raise error(Tag.INDEX, f"index {by} is out of range for a list of {len(of)}")
    return by


def _ordering(operator: str, holds: Callable[[int], bool]) -> Callable[[Value, Value], Value]:
    def compare(left: Value, right: Value) -> Value:
        if isinstance(left, str) and isinstance(right, str):
            return holds((left > right) - (left < right))
        one, other = _numbers(operator, left, right)
        # NaN is neither less, nor equal, nor greater.
        return one == one and other == other and holds((one > other) - (one < other))  # noqa: PLR0124  NaN != NaN

    return compare


def _numbers(operator: str, left: Value, right: Value) -> tuple[float, float]:
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return left, right  # type: ignore[return-value]  # numbers, told by their types
    raise mismatch(operator, left, right)


def _number(operator: str, value: Value) -> float:
    if type(value) in _NUMBERS:
        return value  # type: ignore[return-value]  # a number, told by its type
    raise error(Tag.TYPE, f"{operator} cannot be applied to {type_name(value)}")


def _divisible(operator: str, left: Value, right: Value) -> tuple[float, float]:
    one, other = _numbers(operator, left, right)
    if other == 0:
        raise error(Tag.ZERO_DIVISION, f"division by zero in {operator}")
    return one, other


def _fit(number: float) -> float:
    return whole(number) if type(number) is int else number


BINARY: Final[dict[str, Callable[[Value, Value], Value]]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": floor_divide,
    "%": remainder,
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _ordering("<", lambda sign: sign < 0),
    "<=": _ordering("<=", lambda sign: sign <= 0),
    ">": _ordering(">", lambda sign: sign > 0),
    ">=": _ordering(">=", lambda sign: sign >= 0),
    "in": contains,
}
