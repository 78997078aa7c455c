"""Which items of a list are asked for, and in which order: ``filter`` and ``orderBy``.

https://google.aip.dev/160 and https://google.aip.dev/132. Comparisons joined by AND, OR, NOT and parentheses are
understood; wildcards, ``:`` and words without a field are refused rather than guessed at.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

from replicator.local.rest import invalid, normalized_timestamp, unmodelled

Item = TypeVar("Item")
Comparable = str | float
Read = Callable[[str], Comparable]
"""A text of the request, or of the resource, as something that can be compared; raises ApiError for none."""

_TOKEN: Final = re.compile(
    r"""\s*(?:"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<mark>[()]|[<>!]=|[<>=:])|(?P<word>[^\s()<>=!:"']+))"""
)
_COMPARE: Final[Mapping[str, Callable[[Comparable, Comparable], bool]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_DEEPEST: Final = 50


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a list can be chosen and ordered by.

    Attributes:
        value: Of an item, by the resource; None when it has none yet.
        read: Makes values comparable.
    """

    value: Callable[[Mapping[str, object]], str | None]
    read: Read


def text(value: str) -> Comparable:
    """A text, compared as such."""
    if "*" in value:
        what = "a filter with a wildcard"
        raise unmodelled(what)
    return value


def number(value: str) -> Comparable:
    """A number."""
    if not re.fullmatch(r"\d{1,18}", value):
        message = f"Invalid filter: {value!r} is not a number"
        raise invalid(message)
    return int(value)


def duration(value: str) -> Comparable:
    """Seconds, as JSON writes a duration: ``3.5s``."""
    if not re.fullmatch(r"\d{1,12}(?:\.\d{1,9})?s", value):
        message = f"Invalid filter: {value!r} is not a duration such as '3.5s'"
        raise invalid(message)
    return float(value[:-1])


def moment(value: str) -> Comparable:
    """A time, RFC 3339; a date stands for its first moment in UTC."""
    at = normalized_timestamp("filter", f"{value}T00:00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else value)
    whole, _, fraction = at.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<6}"


def one_of(*names: str, prefix: str = "") -> Read:
    """One of an enum's names, with or without what they all begin with."""

    def read(value: str) -> Comparable:
        name = value if value.startswith(prefix) else prefix + value
        if name not in names:
            message = f"Invalid filter: {value!r} is none of {', '.join(names)}"
            raise invalid(message)
        return name

    return read


def chosen(
    items: Sequence[Item], fields: Mapping[str, Field], said: Callable[[Item], Mapping[str, object]], *, by: str
) -> list[Item]:
    """The items that a filter lets pass, in their order.

    Args:
        items: Everything.
        fields: What may be asked about.
        said: The resource of an item.
        by: The filter; empty lets everything pass.

    Raises:
        ApiError: The filter is none, or not one that is understood here.
    """
    if not by.strip():
        return list(items)
    passes = _Filter(by, fields).whole()
    return [item for item in items if passes(said(item))]


def ordered(
    items: list[Item], fields: Mapping[str, Field], said: Callable[[Item], Mapping[str, object]], *, by: str
) -> list[Item]:
    """The items in the order that ``by`` asks for, as they were where it does not say; items without a value last.

    Raises:
        ApiError: It names a field that cannot be ordered by.
    """
    for part in reversed([part for part in by.split(",") if part.strip()]):
        name, *direction = part.split()
        if name not in fields or direction not in ([], ["asc"], ["desc"]):
            message = f"Invalid order_by: '{part.strip()}'; it takes {', '.join(fields)}, each with 'desc' or without"
            raise invalid(message)
        field = fields[name]
        with_value = [(value, item) for item in items if (value := field.value(said(item))) is not None]
        without = [item for item in items if field.value(said(item)) is None]
        with_value.sort(key=lambda pair: _sortable(field.read(pair[0])), reverse=direction == ["desc"])
        items = [item for _, item in with_value] + without
    return items


def _sortable(value: Comparable) -> tuple[float, str]:
    return (0.0, value) if isinstance(value, str) else (value, "")


Passes = Callable[[Mapping[str, object]], bool]


class _Filter:
    """Reads a filter; OR binds tighter than AND (AIP-160, "Logical Operators")."""

    def __init__(self, source: str, fields: Mapping[str, Field]) -> None:
        self._source = source
        self._fields = fields
        self._tokens = self._split()
        self._at = 0
        self._depth = 0

    def whole(self) -> Passes:
        passes = self._all_of()
        if self._at < len(self._tokens):
            self._refuse(f"'AND' or 'OR' is missing before {self._tokens[self._at][1]!r}")
        return passes

    def _all_of(self) -> Passes:
        parts = [self._any_of()]
        while self._take("word", "AND"):
            parts.append(self._any_of())
        return lambda item: all(passes(item) for passes in parts)

    def _any_of(self) -> Passes:
        parts = [self._one()]
        while self._take("word", "OR"):
            parts.append(self._one())
        return lambda item: any(passes(item) for passes in parts)

    def _one(self) -> Passes:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse("it is nested too deeply")
        if self._take("word", "NOT"):
            other = self._one()
            passes: Passes = lambda item: not other(item)  # noqa: E731  typed, which a nested function's name would not say
        elif self._take("mark", "("):
            passes = self._all_of()
            if not self._take("mark", ")"):
                self._refuse("a ')' is missing")
        else:
            passes = self._comparison()
        self._depth -= 1
        return passes

    def _comparison(self) -> Passes:
        name, sign, value = self._next(), self._next(), self._next()
        if name[0] != "word" or name[1] not in self._fields:
            self._refuse(f"{name[1]!r} is no field of {', '.join(self._fields)}")
        if sign == ("mark", ":"):
            what = "a filter with ':'"
            raise unmodelled(what)
        if sign[1] not in _COMPARE or sign[0] != "mark" or value[0] == "mark":
            self._refuse(f"{name[1]!r} is to be followed by a comparison and a value")
        field, compare = self._fields[name[1]], _COMPARE[sign[1]]
        wanted = field.read(value[1])

        def passes(item: Mapping[str, object]) -> bool:
            found = field.value(item)
            return found is not None and compare(field.read(found), wanted)

        return passes

    def _split(self) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        at, source = 0, self._source.rstrip()
        while at < len(source):
            match = _TOKEN.match(source, at)
            if match is None:
                self._refuse(f"{source[at:]!r} cannot be read")
            kind = match.lastgroup or ""
            tokens.append((kind, match[kind]))
            at = match.end()
        return tokens

    def _take(self, kind: str, token: str) -> bool:
        if self._tokens[self._at : self._at + 1] == [(kind, token)]:
            self._at += 1
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            self._refuse("it ends in the middle of a comparison")
        self._at += 1
        return self._tokens[self._at - 1]

    def _refuse(self, why: str) -> NoReturn:
        message = f"Invalid filter {self._source!r}: {why}"
        raise invalid(message)
