"""CSV, character by character: a reader knows of each value whether it stood in quotes, which Python's does not tell.

https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv, https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Value(NamedTuple):
    """One value of a record."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that is none, and why."""

    fact: str


def records(
    text: str, *, delimiter: str, quote: str, quoted_newlines: bool
) -> Iterator[tuple[int, list[Value] | Broken]]:
    """Each record with the place where it begins, in characters from 0; lines with nothing in them are passed over.

    Args:
        text: The whole file.
        delimiter: One character.
        quote: One character, or empty where nothing is quoted.
        quoted_newlines: A value in quotes may go on behind the end of a line.
    """
    plain = re.compile(f"[^{re.escape(delimiter)}\r\n]*")
    at, size = 0, len(text)
    while at < size:
        begin, record, broken = at, list[Value](), ""
        while True:
            if quote and text.startswith(quote, at):
                value, at, broken = _quoted(text, at + 1, quote, quoted_newlines=quoted_newlines)
                if not broken and at < size and text[at] not in f"{delimiter}\r\n":
                    broken = f"Data between close quote character ({quote}) and field separator."
                if broken:
                    at = _end_of_line(text, at)
                    break
            else:
                match = plain.match(text, at)
                value = Value("" if match is None else match.group())
                at += len(value.text)
            record.append(value)
            if not text.startswith(delimiter, at):
                break
            at += 1
        # What ends a line is \n, \r, or both.
        at += 2 if text.startswith("\r\n", at) else 1
        if broken:
            yield begin, Broken(broken)
        elif record != [Value("")]:
            yield begin, record


def _quoted(text: str, start: int, quote: str, *, quoted_newlines: bool) -> tuple[Value, int, str]:
    """A value behind its opening quote; where it has ended; what is wrong with it."""
    parts: list[str] = []
    at = start
    while True:
        close = text.find(quote, at)
        line = -1 if quoted_newlines else _end_of_line(text, at)
        if close < 0 or -1 < line < close:
            stop = len(text) if line < 0 else line
            return Value(""), stop, f"Missing close quote character ({quote})."
        parts.append(text[at:close])
        at = close + 1
        if not text.startswith(quote, at):
            return Value("".join(parts), quoted=True), at, ""
        parts.append(quote)
        at += 1


def _end_of_line(text: str, at: int) -> int:
    found = [place for place in (text.find("\n", at), text.find("\r", at)) if place >= 0]
    return min(found, default=len(text))


def line(values: list[str | None], *, delimiter: str) -> str:
    """One record: NULL is nothing at all, an empty text is a pair of quotes."""
    return delimiter.join("" if value is None else _written(value, delimiter) for value in values) + "\n"


def _written(value: str, delimiter: str) -> str:
    if value and not any(each in value for each in (delimiter, '"', "\n", "\r")):
        return value
    return '"' + value.replace('"', '""') + '"'
