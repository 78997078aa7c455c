"""``text.*``: docs.cloud.google.com/workflows/docs/reference/stdlib/text/decode and its neighbours.

Positions count characters (code points), as the pages say.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from replicator.limits import STRING_BYTES
from replicator.runtime.errors import Tag, error
from replicator.runtime.stdlib.charsets import codec
from replicator.runtime.stdlib.regex import compiled
from replicator.runtime.stdlib.signature import BYTES, INTEGER, STRING, Function, Parameter
from replicator.runtime.values import Value, text_size

_BROKEN_ESCAPE: Final = re.compile("%(?![0-9a-fA-F]{2})")


def _decode(data: bytes, charset: str) -> Value:
    return data.decode(codec("text.decode", charset), "replace")


def _encode(text: str, charset: str) -> Value:
    name = codec("text.encode", charset)
    try:
        return text.encode(name)
    except UnicodeEncodeError as failure:
        raise error(Tag.VALUE, f"text.encode: {charset} has no form for the character at {failure.start}") from None


def _find_all(source: str, substr: str) -> Value:
    # Where an empty text is found, the page does not say.
    if not substr:
        raise error(Tag.VALUE, "text.find_all: 'substr' is empty")
    found: list[Value] = []
    at = source.find(substr)
    while at >= 0:
        found.append(at)
        at = source.find(substr, at + len(substr))
    return found


def _find_all_regex(source: str, regexp: str) -> Value:
    spans = compiled("text.find_all_regex", regexp).spans(source)
    return [{"index": start, "match": source[start:end]} for start, end in spans]


def _match_regex(source: str, regexp: str) -> Value:
    return compiled("text.match_regex", regexp).found_in(source)


def _replace_all(source: str, substr: str, repl: str) -> Value:
    count = source.count(substr)
    _bounded("text.replace_all", text_size(source) + count * (text_size(repl) - text_size(substr)))
    return source.replace(substr, repl)


def _replace_all_regex(source: str, regexp: str, repl: str) -> Value:
    """Puts ``repl`` in as it stands: "backreferences are not supported" (text/replace_all_regex)."""
    parts: list[str] = []
    at = size = 0
    most = STRING_BYTES.value
    for start, end in compiled("text.replace_all_regex", regexp).spans(source):
        parts += (source[at:start], repl)
        size += start - at + len(repl)
        if size > most:
            _bounded("text.replace_all_regex", size)
        at = end
    return "".join((*parts, source[at:]))


def _bounded(function: str, length: int) -> None:
    """Refuse a result beyond the longest string before it is made: it could take more memory than there is."""
    if length > STRING_BYTES.value:
        fact = f"the result has {length} bytes, and a string may have {STRING_BYTES.value}"
        raise error(Tag.RESOURCE_LIMIT, f"{function}: {fact}")


def _split(source: str, separator: str) -> Value:
    # What an empty separator does, the page does not say.
    if not separator:
        raise error(Tag.VALUE, "text.split: 'separator' is empty")
    return [*source.split(separator)]


def _substring(source: str, start: int, end: int) -> Value:
    if not 0 <= start <= end <= len(source):
        raise error(Tag.INDEX, f"text.substring: [{start}, {end}) is out of range for {len(source)} characters")
    return source[start:end]


def _url_decode(source: str) -> Value:
    broken = _BROKEN_ESCAPE.search(source)
    if broken is not None:
        raise error(Tag.VALUE, f"text.url_decode: '%' at {broken.start()} is not followed by two hexadecimal digits")
    return unquote_to_bytes(source.replace("+", " ")).decode("utf-8", "replace")


def _url_encode(source: str) -> str:
    # "Letters, digits, and the characters .-_ are not escaped": no tilde among them, which Python leaves.
    return quote(source, safe="", errors="replace").replace("~", "%7E")


_SOURCE: Final = Parameter("source", STRING)
_REGEXP: Final = Parameter("regexp", STRING)
_CHARSET: Final = Parameter("charset", STRING, required=False, default="UTF-8")

FUNCTIONS: Final = (
    Function("text.decode", (Parameter("data", BYTES), _CHARSET), _decode),
    Function("text.encode", (Parameter("text", STRING), _CHARSET), _encode),
    Function("text.find_all", (_SOURCE, Parameter("substr", STRING)), _find_all),
    Function("text.find_all_regex", (_SOURCE, _REGEXP), _find_all_regex),
    Function("text.match_regex", (_SOURCE, _REGEXP), _match_regex),
    Function("text.replace_all", (_SOURCE, Parameter("substr", STRING), Parameter("repl", STRING)), _replace_all),
    Function("text.replace_all_regex", (_SOURCE, _REGEXP, Parameter("repl", STRING)), _replace_all_regex),
    Function("text.split", (_SOURCE, Parameter("separator", STRING)), _split),
    Function("text.substring", (_SOURCE, Parameter("start", INTEGER), Parameter("end", INTEGER)), _substring),
    Function("text.to_lower", (_SOURCE,), str.lower),
    Function("text.to_upper", (_SOURCE,), str.upper),
    Function("text.url_decode", (_SOURCE,), _url_decode),
    Function("text.url_encode", (_SOURCE,), _url_encode),
    Function("text.url_encode_plus", (_SOURCE,), lambda source: _url_encode(source).replace("%20", "+")),
)
