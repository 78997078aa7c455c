"""Values of a workflow: what they are called, how much memory they take, when they are equal.

docs.cloud.google.com/workflows/docs/reference/syntax/datatypes. Values are passed by value: the runtime never
changes a list or a map in place, so sharing one is as good as copying it, also between threads.
"""

from __future__ import annotations

import json
from typing import Any, Final, TypeAlias

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | None"

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1

_TYPE_NAMES: Final = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
}

# docs.cloud.google.com/workflows/docs/reference/syntax/variables, "Memory usage": 8 bytes for a number or
# boolean, 8 and the elements for everything else. A null is not named there; 8 like the other scalars.
_UNIT: Final = 8


def type_name(value: Value) -> str:
    """What ``get_type`` answers for the value."""
    return _TYPE_NAMES[type(value)]


def text_size(text: str) -> int:
    """The bytes of a string in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def size(value: Value) -> int:
    """The bytes of memory that the service counts for the value."""
    kind = type(value)
    if kind is str:
        return _UNIT + text_size(value)  # type: ignore[arg-type]  # told by its type just above
    if kind is list:
        return _UNIT + sum(map(size, value))  # type: ignore[arg-type]  # told by its type just above
    if isinstance(value, dict):
        return _UNIT + sum(_UNIT + text_size(key) + size(item) for key, item in value.items())
    if isinstance(value, bytes):
        return _UNIT + len(value)
    return _UNIT


def longest_string(value: Value) -> int:
    """The bytes of the longest string or bytes in the value."""
    if isinstance(value, str):
        return text_size(value)
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, list):
        return max(map(longest_string, value), default=0)
    if isinstance(value, dict):
        return max(map(longest_string, value.values()), default=0)
    return 0


def equal(left: Value, right: Value) -> bool:
    """``==``: by type and value at every depth; an integer equals the double of the same value."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(item, right[key]) for key, item in left.items())
    return type(left) is type(right) and left == right


def to_text(value: Value) -> str | None:
    """``string()`` of a scalar that has one, else None.

    Doubles print as in the service's own example of ``sys.now`` (stdlib/overview): 1635892223.4459958.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return None


def from_json(text: str | bytes) -> Value:
    """Decode JSON; an integer beyond 64 bits becomes a double.

    Raises:
        ValueError: It is not JSON, or holds NaN or Infinity.
    """

    def whole(digits: str) -> int | float:
        number = int(digits)
        return number if INT_MIN <= number <= INT_MAX else float(number)

    def refuse(name: str) -> Any:
        msg = f"{name} is not JSON"
        raise ValueError(msg)

    try:
        value: Value = json.loads(text, parse_int=whole, parse_constant=refuse)
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None
    return value


def to_json(value: Value, *, indent: str | None = None, sort_keys: bool = False) -> str:
    """Encode as JSON, on one line without blanks unless ``indent`` says what to indent with.

    Raises:
        TypeError: It holds bytes, which JSON has no form for.
        ValueError: It holds NaN or an infinity.
    """
    separators = (",", ":") if indent is None else None
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators, sort_keys=sort_keys
    )
