"""String and bytes literals: what their quotes, prefixes and escapes stand for.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/lexical#string_and_bytes_literals
"""

from __future__ import annotations

import re
from typing import Final

from replicator.local.bigquery.googlesql.refusals import refused

_LITERAL: Final = re.compile(r"(?P<prefix>[rRbB]{0,2})(?P<quote>'''|\"\"\"|'|\")(?P<body>.*)(?P=quote)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\([xX][0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_NAMED: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`",
}  # fmt: skip


def decode(text: str) -> str | bytes:
    """The value of a literal as it stands in the text, quotes and prefix included.

    Raises:
        BigQueryError: An escape is none of GoogleSQL's.
    """
    match = _LITERAL.fullmatch(text)
    if match is None:
        raise refused(None, f"Syntax error: Illegal string literal {text}")
    prefix = match["prefix"].lower()
    body = match["body"]
    if len(match["quote"]) == 1 and "\n" in body:
        raise refused(None, "Syntax error: Unclosed string literal")
    is_bytes = "b" in prefix
    if "r" in prefix:
        return body.encode() if is_bytes else body
    if "\\" not in body:
        return body.encode() if is_bytes else body
    if is_bytes:
        return _ESCAPE.sub(lambda found: _character(found[1], is_bytes=True), body).encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(lambda found: _character(found[1], is_bytes=False), body)


def _character(escape: str, *, is_bytes: bool) -> str:
    if escape in _NAMED:
        return _NAMED[escape]
    if len(escape) > 1:
        code = int(escape, 8) if escape[0] in "01234567" else int(escape[1:], 16)
        if not is_bytes and code <= 0x10FFFF:
            return chr(code)
        if is_bytes and escape[0] in "xX01234567" and code <= 0xFF:
            # Bytes over 127 travel through the text as lone surrogates, which encoding turns back.
            return chr(code) if code < 0x80 else chr(0xDC00 + code)
    raise refused(None, f"Syntax error: Illegal escape sequence: \\{escape}")
