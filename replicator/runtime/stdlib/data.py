"""``base64.*``, ``hash.*``, ``json.*``, ``list.*``, ``map.*``, ``math.*``: data in, data out.

docs.cloud.google.com/workflows/docs/reference/stdlib/overview
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

from replicator.runtime.errors import Tag, error
from replicator.runtime.expressions.operators import whole
from replicator.runtime.stdlib.signature import ANY, BOOLEAN, BYTES, LIST, MAP, NUMBER, STRING, Function, Parameter
from replicator.runtime.values import Value, from_json, to_json, type_name

_ALGORITHMS: Final = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
_INDENT: Final = "  "


def _base64_decode(data: str, padding: bool) -> Value:  # noqa: FBT001  the function's own parameter
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
    spaces: str | None = None
    if indent is True:
        spaces = _INDENT
    elif isinstance(indent, dict):
        text = indent.get("indent", _INDENT)
        if set(indent) - {"indent"} or not isinstance(text, str) or text.strip(" \t"):
            raise error(Tag.VALUE, f"{function}: 'indent' takes a boolean or a map with the blanks as 'indent'")
        spaces = text
    elif indent is not False:
        raise error(Tag.TYPE, f"{function}: 'indent' takes boolean or map, got {type_name(indent)}")
    try:
        return to_json(data, indent=spaces, sort_keys=True)
    except TypeError:
        raise error(Tag.TYPE, f"{function}: bytes have no form in JSON; encode them with base64.encode") from None
    except ValueError:
        raise error(Tag.VALUE, f"{function}: a double that is not finite has no form in JSON") from None


def _map_get(of: Value, keys: Value) -> Value:
    path = keys if isinstance(keys, list) else [keys]
    for key in path:
        if not isinstance(key, str):
            raise error(Tag.TYPE, f"map.get: a key is a string, not {type_name(key)}")
        of = of.get(key) if isinstance(of, dict) else None
    return of


def _map_delete(of: dict[str, Value], key: str) -> Value:
    if key not in of:
        raise error(Tag.KEY, f"map.delete: key not found: {key}")
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
    Function("json.encode", _JSON, lambda data, indent: _json_text("json.encode", data, indent).encode()),
    Function("json.encode_to_string", _JSON, lambda data, indent: _json_text("json.encode_to_string", data, indent)),
    Function("list.concat", (_OBJS, Parameter("val")), lambda objs, val: [*objs, val]),
    Function("list.prepend", (_OBJS, Parameter("val")), lambda objs, val: [val, *objs]),
    Function("map.delete", (Parameter("map", MAP), Parameter("key", STRING)), _map_delete),
    Function("map.get", (Parameter("map"), Parameter("keys")), _map_get),
    Function("map.merge", (Parameter("first", MAP), Parameter("second", MAP)), _merge),
    Function("map.merge_nested", (Parameter("first", MAP), Parameter("second", MAP)), _merge_nested),
    Function("math.abs", (Parameter("x", NUMBER),), _abs),
    Function("math.max", _PAIR, max),
    Function("math.min", _PAIR, min),
)
