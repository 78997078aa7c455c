"""``base64.*``, ``hash.*``, ``json.*``, ``list.*``, ``map.*``, ``math.*``: data in, data out.

docs.cloud.google.com/workflows/docs/reference/stdlib/overview
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
from typing import Final

from replicator.limits import STRING_BYTES
from replicator.runtime.errors import Tag, error
from replicator.runtime.expressions.operators import whole
from replicator.runtime.stdlib.signature import ANY, BOOLEAN, BYTES, LIST, MAP, NUMBER, STRING, Function, Parameter
from replicator.runtime.values import Value, from_json, to_json, to_json_pieces, type_name

_ALGORITHMS: Final = {name: name.lower() for name in ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")}
_INDENT: Final = "    "


def _base64_decode(data: str, padding: bool) -> Value:  # noqa: FBT001  the function's own parameter
    # "The carriage return and newline characters in the input are ignored" (base64/decode).
    data = data.replace("\r", "").replace("\n", "")
    if not padding:
        data += "=" * (-len(data) % 4)
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise error(Tag.VALUE, "base64.decode: the text is not Base64") from None


def _base64_encode(data: bytes, padding: bool) -> Value:  # noqa: FBT001  the function's own parameter
    text = base64.b64encode(data).decode("ascii")
    return text if padding else text.rstrip("=")


def _algorithm(function: str, algorithm: str) -> str:
    if algorithm not in _ALGORITHMS:
        raise error(Tag.VALUE, f"{function}: {algorithm!r} is none of {', '.join(_ALGORITHMS)}")
    return _ALGORITHMS[algorithm]


def _checksum(data: bytes, algorithm: str) -> Value:
    return hashlib.new(_algorithm("hash.compute_checksum", algorithm), data, usedforsecurity=False).digest()


def _hmac(key: bytes, data: bytes, algorithm: str) -> Value:
    return hmac.new(key, data, _algorithm("hash.compute_hmac", algorithm)).digest()


def _json_decode(data: bytes | str) -> Value:
    try:
        return from_json(data)
    except ValueError as failure:
        raise error(Tag.VALUE, f"json.decode: not JSON: {failure}") from None


def _json_text(function: str, data: Value, indent: Value) -> str:
    """The text, each line after the first beginning with a prefix and one indent per level (json/encode)."""
    prefix, spaces = _layout(function, indent)
    try:
        text = _bounded_json(function, data, spaces)
    except TypeError:
        fact = "bytes have no form in JSON; encode them with base64.encode"
        raise error(Tag.VALUE, f"{function}: {fact}") from None
    except ValueError:
        raise error(Tag.VALUE, f"{function}: a double that is not finite has no form in JSON") from None
    if not prefix:
        return text
    _bounded(function, len(text) + text.count("\n") * len(prefix))
    return text.replace("\n", f"\n{prefix}")


def _json_bytes(data: Value, indent: Value) -> Value:
    return _json_text("json.encode", data, indent).encode("utf-8", "replace")


def _layout(function: str, indent: Value) -> tuple[str, str | None]:
    """What a line begins with, and what one level is indented by; None keeps everything on one line."""
    if indent is True:
        indent = {}
    if indent is False:
        return "", None
    if not isinstance(indent, dict):
        raise error(Tag.TYPE, f"{function}: 'indent' takes boolean or map, got {type_name(indent)}")
    texts = [indent.get("prefix", ""), indent.get("indent", _INDENT)]
    # Anything but blanks would make a text that no JSON reader takes.
    if set(indent) - {"prefix", "indent"} or any(not isinstance(text, str) or text.strip(" \t") for text in texts):
        raise error(Tag.VALUE, f"{function}: 'indent' takes a boolean, or a map with blanks as 'prefix' and 'indent'")
    return str(texts[0]), str(texts[1])


def _bounded_json(function: str, data: Value, indent: str | None) -> str:
    if indent is None:
        return to_json(data, sort_keys=True)
    # Written piece by piece: wide indents of deep values make texts that no machine has the memory for.
    pieces: list[str] = []
    length = 0
    for piece in to_json_pieces(data, indent=indent):
        pieces.append(piece)
        length += len(piece)
        _bounded(function, length)
    return "".join(pieces)


def _bounded(function: str, length: int) -> None:
    if length > STRING_BYTES.value:
        fact = f"the result has more than {STRING_BYTES.value} bytes, the longest that a string may have"
        raise error(Tag.RESOURCE_LIMIT, f"{function}: {fact}")


def _map_get(of: Value, keys: Value) -> Value:
    path = keys if isinstance(keys, list) else [keys]
    for key in path:
        if not isinstance(key, str):
            raise error(Tag.TYPE, f"map.get: a key is a string, not {type_name(key)}")
        of = of.get(key) if isinstance(of, dict) else None
    return of


def _map_delete(of: dict[str, Value], key: str) -> Value:
    # "If the key doesn't exist in the map, the function returns a copy" (map/delete).
    return {name: value for name, value in of.items() if name != key}


def _merge(first: dict[str, Value], second: dict[str, Value]) -> Value:
    return {**first, **second}


def _merge_nested(first: dict[str, Value], second: dict[str, Value]) -> Value:
    merged = dict(first)
    for key, value in second.items():
        before = merged.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[key] = _merge_nested(before, value) if both else value  # type: ignore[arg-type]  # both are maps
    return merged


def _abs(x: float) -> Value:
    return whole(abs(x)) if isinstance(x, int) else abs(x)


def _floor(x: float) -> Value:
    if not math.isfinite(x):
        raise error(Tag.VALUE, "math.floor: the double is not finite")
    return whole(math.floor(x))


_PADDING: Final = Parameter("padding", BOOLEAN, required=False, default=True)
_OBJS: Final = Parameter("objs", LIST)
_JSON: Final = (Parameter("data"), Parameter("indent", ANY, required=False, default=False))
_ALGORITHM: Final = Parameter("algorithm", STRING)
_PAIR: Final = (Parameter("x", NUMBER), Parameter("y", NUMBER))

FUNCTIONS: Final = (
    Function("base64.decode", (Parameter("data", STRING), _PADDING), _base64_decode),
    Function("base64.encode", (Parameter("data", BYTES), _PADDING), _base64_encode),
    Function("hash.compute_checksum", (Parameter("data", BYTES), _ALGORITHM), _checksum),
    Function("hash.compute_hmac", (Parameter("key", BYTES), Parameter("data", BYTES), _ALGORITHM), _hmac),
    Function("json.decode", (Parameter("data", BYTES | STRING),), _json_decode),
    Function(
        "json.encode", _JSON, lambda data, indent: _json_text("json.encode", data, indent).encode("utf-8", "replace")
    ),
    Function("json.encode_to_string", _JSON, lambda data, indent: _json_text("json.encode_to_string", data, indent)),
    Function("list.concat", (_OBJS, Parameter("val")), lambda objs, val: [*objs, val]),
    Function("list.prepend", (_OBJS, Parameter("val")), lambda objs, val: [val, *objs]),
    Function("map.delete", (Parameter("map", MAP), Parameter("key", STRING)), _map_delete),
    Function("map.get", (Parameter("map"), Parameter("keys")), _map_get),
    Function("map.merge", (Parameter("first", MAP), Parameter("second", MAP)), _merge),
    Function("map.merge_nested", (Parameter("first", MAP), Parameter("second", MAP)), _merge_nested),
    Function("math.abs", (Parameter("x", NUMBER),), _abs),
    Function("math.floor", (Parameter("x", NUMBER),), _floor),
    Function("math.max", _PAIR, max),
    Function("math.min", _PAIR, min),
)
