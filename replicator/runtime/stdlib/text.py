"""``text.*``: docs.cloud.google.com/workflows/docs/reference/stdlib/text/decode and its neighbours."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, quote_plus, unquote

from replicator.runtime.errors import Tag, error
from replicator.runtime.stdlib.signature import BYTES, INTEGER, STRING, Function, Parameter
from replicator.runtime.values import Value

# What Python's regular expressions know and RE2, the service's, does not.
_NOT_RE2: Final = re.compile(r"\\[1-9]|\(\?(?:=|!|<=|<!|>|\(|#|P=|P>)|[*+?}]\+")
_GROUP: Final = re.compile(r"\\([0-9\\])")


def _pattern(function: str, regexp: str) -> re.Pattern[str]:
    if _NOT_RE2.search(regexp):
        raise error(Tag.VALUE, f"{function}: {regexp!r} uses what RE2 does not have")
    try:
        return re.compile(regexp)
    except (re.error, OverflowError, RecursionError) as failure:
        raise error(Tag.VALUE, f"{function}: {regexp!r} is not a regular expression: {failure}") from None


def _charset(function: str, charset: str) -> str:
    if charset.lower() not in {"utf-8", "utf8"}:
        raise error(Tag.VALUE, f"{function}: the charset {charset!r} is not supported; use 'UTF-8'")
    return "utf-8"


def _decode(data: bytes, charset: str) -> Value:
    try:
        return data.decode(_charset("text.decode", charset))
    except UnicodeDecodeError as failure:
        raise error(Tag.VALUE, f"text.decode: the bytes are not UTF-8 at {failure.start}") from None


def _encode(text: str, charset: str) -> Value:
    return text.encode(_charset("text.encode", charset), "surrogatepass")


def _find_all(source: str, substr: str) -> Value:
    if not substr:
        raise error(Tag.VALUE, "text.find_all: 'substr' is empty")
    return [match.start() for match in re.finditer(re.escape(substr), source)]


def _find_all_regex(source: str, regexp: str) -> Value:
    found = _pattern("text.find_all_regex", regexp).finditer(source)
    return [{"index": match.start(), "match": match.group()} for match in found]


def _match_regex(source: str, regexp: str) -> Value:
    return _pattern("text.match_regex", regexp).search(source) is not None


def _replace_all(source: str, substr: str, repl: str) -> Value:
    if not substr:
        raise error(Tag.VALUE, "text.replace_all: 'substr' is empty")
    return source.replace(substr, repl)


def _replace_all_regex(source: str, regexp: str, repl: str) -> Value:
    pattern = _pattern("text.replace_all_regex", regexp)
    for escape in _GROUP.finditer(repl):
        if escape[1] != "\\" and int(escape[1]) > pattern.groups:
            raise error(Tag.VALUE, f"text.replace_all_regex: there is no group {escape[1]}")

    def replace(match: re.Match[str]) -> str:
        return _GROUP.sub(lambda escape: "\\" if escape[1] == "\\" else match[int(escape[1])] or "", repl)

    return pattern.sub(replace, source)


def _split(source: str, separator: str) -> Value:
    if not separator:
        raise error(Tag.VALUE, "text.split: 'separator' is empty")
    return [*source.split(separator)]


def _substring(source: str, start: int, end: int) -> Value:
    if not 0 <= start <= end <= len(source):
        raise error(Tag.INDEX, f"text.substring: [{start}, {end}) is out of range for {len(source)} characters")
    return source[start:end]


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
    Function("text.url_decode", (_SOURCE,), unquote),
    Function("text.url_encode", (_SOURCE,), lambda source: quote(source, safe="")),
    Function("text.url_encode_plus", (_SOURCE,), quote_plus),
)
