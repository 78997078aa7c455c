"""Values of a workflow: what they are called, how much memory they take, when they are equal.

docs.cloud.google.com/workflows/docs/reference/syntax/datatypes. Values are passed by value: the runtime never
changes a list or a map in place, so sharing one is as good as copying it, also between threads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, Final, TypeAlias

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | None"

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1

# A string that is not closed is taken to its end all the same: looked for again at each quote inside it, it would
# take time that grows with the square of the text.
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

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

DEEPEST: Final = 200
"""Levels of lists and maps in each other. The service's own bound is not documented; Python's stack has an end, and
everything that goes through a value recurses."""

# docs.cloud.google.com/workflows/docs/reference/syntax/variables, "Memory usage": 8 bytes for a number or
# boolean, 8 and the elements for everything else. A null is not named there; 8 like the other scalars.
_UNIT: Final = 8


def type_name(value: Value) -> str:
    """What ``get_type`` answers for the value."""
    return _TYPE_NAMES[type(value)]


def text_size(text: str) -> int:
    """The bytes of a string in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


class TooDeepError(ValueError):
    """A value is nested deeper than the runtime takes."""

    def __init__(self) -> None:
        super().__init__(f"nested deeper than {DEEPEST} levels")


def size(value: Value, depth: int = 0) -> int:
    """The bytes of memory that the service counts for the value.

    Raises:
        TooDeepError: It is nested deeper than ``DEEPEST`` less ``depth``.
    """
    if isinstance(value, str):
        return _UNIT + text_size(value)
    if isinstance(value, list | dict):
        if depth >= DEEPEST:
            raise TooDeepError
        total = _UNIT
        if isinstance(value, list):
            for item in value:
                total += size(item, depth + 1)
        else:
            for key, item in value.items():
                total += _UNIT + text_size(key) + size(item, depth + 1)
        return total
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
        ValueError: It is not JSON, holds NaN or Infinity, or is nested deeper than ``DEEPEST``.
    """
    content = text.decode("utf-8") if isinstance(text, bytes) else text
    if content.count("[") + content.count("{") > DEEPEST:
        _check_depth(content)

    def whole(digits: str) -> int | float:
        number = int(digits) if len(digits) <= len(str(INT_MIN)) else INT_MAX + 1
        return number if INT_MIN <= number <= INT_MAX else _finite(digits)

    def refuse(name: str) -> Any:
        msg = f"{name} is not JSON"
        raise ValueError(msg)

    value: Value = json.loads(content, parse_int=whole, parse_float=_finite, parse_constant=refuse)
    return characters(value) if "\\u" in content else value


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        msg = f"{digits[:20]} is beyond a double's range"
        raise ValueError(msg)
    return number


def _check_depth(content: str) -> None:
    """Refuse what is nested too deeply before a parser in C recurses into it."""
    depth = 0
    for bracket in _BRACKETS.findall(content):
        if bracket in "[{":
            depth += 1
            if depth > DEEPEST:
                raise TooDeepError
        elif bracket in "]}":
            depth -= 1


def characters(value: Value) -> Value:
    """The value with a mark for each half of a surrogate pair, which is no character and has no form in UTF-8."""
    if isinstance(value, str):
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [characters(item) for item in value]
    if isinstance(value, dict):
        return {str(characters(key)): characters(item) for key, item in value.items()}
    return value


def to_json(value: Value, *, sort_keys: bool = False) -> str:
    """Encode as JSON, on one line without blanks.

    Raises:
        TypeError: It holds bytes, which JSON has no form for.
        ValueError: It holds NaN or an infinity.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys)


def to_json_pieces(value: Value, *, indent: str) -> Iterator[str]:
    """Encode as JSON with sorted keys, each element on a line of its own, piece by piece.

    Raises:
        TypeError: It holds bytes, which JSON has no form for.
        ValueError: It holds NaN or an infinity.
    """
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent, sort_keys=True)
    return encoder.iterencode(value)
