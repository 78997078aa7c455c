"""Aggregates over the elements of a list: DuckDB's ``list_aggregate`` where its aggregates would need rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from replicator.local.bigquery.googlesql.grouping import Grouping
from replicator.local.bigquery.googlesql.resolver import NeedsRowsError, Resolver
from replicator.local.bigquery.googlesql.values import quote

LISTED: Final = "\x06listed\x06"
"""Stands behind each aggregate that is to become one over a list."""
_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
_DISTINCT: Final = "DISTINCT "
_ORDER_BY: Final = " ORDER BY "
_KEY: Final = re.compile(r"(?P<sql>.*) (?P<how>(?:ASC|DESC) NULLS (?:FIRST|LAST))", re.DOTALL)


class ListGrouping(Grouping):
    """The one group that all elements of a list are.

    Attributes:
        held: The name of the list in DuckDB's SQL.
        element: The name of an element in what aggregates are computed from.
        place: A name for its place in the list.
    """

    def __init__(self, rows: Resolver, held: str, element: str, place: str) -> None:
        super().__init__(rows)
        self.held = held
        self.element = element
        self.place = place
        self.mark = LISTED
        self.fallible = True

    def aggregate(self, sql: str) -> str:
        """The aggregate, computed from the list.

        Raises:
            NeedsRowsError: It is none that a list can be given to.
        """
        if LISTED not in sql:
            raise NeedsRowsError
        while LISTED in sql:
            before, _, after = sql.partition(LISTED)
            start = _opening(before)
            name_start = start
            while name_start and (before[name_start - 1].isalnum() or before[name_start - 1] == "_"):
                name_start -= 1
            name, inside = before[name_start:start], before[start + 1 : -1]
            if not name:
                # A FILTER's parentheses, and not those of the call.
                raise NeedsRowsError
            sql = before[:name_start] + self._listed(name, inside) + after
        return sql

    def _listed(self, name: str, inside: str) -> str:
        if inside == "*":
            return f"len({self.held})"
        distinct = inside.startswith(_DISTINCT)
        value, *rest = list(_members(inside.removeprefix(_DISTINCT)))
        # What follows the value is a text or a number that the statement states; an order hangs on the last of them.
        last, order = _ordered(rest[-1] if rest else value)
        if rest:
            rest[-1] = last
        else:
            value = last
        if any(self.element in one for one in rest):
            raise NeedsRowsError
        keys = [_key(member) for member in _members(order)] if order else []
        made = self.held
        if distinct:
            if value != self.element:
                made = f"list_transform({made}, lambda {self.element}: {value})"
            if any(sql != value for sql, _ in keys):
                raise NeedsRowsError
            made = _distinct(made, name)
            keys = [(self.element, how) for _, how in keys]
            value = self.element
        if keys:
            made = in_order(made, self.element, self.place, value, keys)
        elif value != self.element:
            made = f"list_transform({made}, lambda {self.element}: {value})"
        return f"list_aggregate({', '.join([made, quote(name), *rest])})"


def in_order(listed: str, element: str, place: str, value: str, keys: Sequence[tuple[str, str]]) -> str:
    """A list's elements in an order: sorted as structs of what they are ordered by, and taken out of them again.

    Args:
        listed: The list.
        element: The name of an element in ``value`` and ``keys``.
        place: The name of its place, from 1.
        value: What is made of an element.
        keys: What is ordered by, and how: ``DESC NULLS LAST``.

    Raises:
        NeedsRowsError: Some are ordered upwards and some downwards.
    """
    # Beside a FLOAT64 stands whether it is NaN, in the other direction.
    directions = {how.partition(" ")[0] for sql, how in keys if not sql.startswith("isnan(")}
    if len(directions) != 1:
        raise NeedsRowsError
    direction = directions.pop()
    members: list[str] = []
    for number, (sql, how) in enumerate(keys, 1):
        own, _, nulls = how.partition(" ")
        first = (nulls == "NULLS FIRST") == (direction == "ASC")
        members.append(f"n{number} := {sql} IS {'NOT ' if first else ''}NULL")
        members.append(f"k{number} := {sql if own == direction else f'NOT ({sql})'}")
    # What is equal keeps the list's order.
    members.append(f"o := {place if direction == 'ASC' else f'-{place}'}")
    made = f"struct_pack({', '.join(members)}, v := {value})"
    made = f"list_sort(list_transform({listed}, lambda {element}, {place}: {made}), '{direction}', 'NULLS FIRST')"
    return f"list_transform({made}, lambda {element}: struct_extract({element}, 'v'))"


def _key(text: str) -> tuple[str, str]:
    found = _KEY.fullmatch(text)
    if found is None:
        raise NeedsRowsError
    return found["sql"], found["how"]


def _distinct(made: str, name: str) -> str:
    kept = f"list_distinct({made})"
    # Only an array of them shows that there was a NULL.
    return kept if name != "list" else f"list_concat({kept}, list_filter({made}, lambda n: n IS NULL)[1:1])"


def _opening(text: str) -> int:
    """Where the parenthesis is opened that ``text`` ends by closing."""
    quoted, depth = _quoted(text), 0
    for place in range(len(text) - 1, -1, -1):
        if place in quoted:
            continue
        depth += (text[place] in _CLOSING) - (text[place] in _OPENING)
        if depth == 0:
            return place
    raise NeedsRowsError


def _quoted(text: str) -> frozenset[int]:
    """The places within quotes."""
    found: set[int] = set()
    mark = ""
    for place, character in enumerate(text):
        if mark or character in "'\"":
            found.add(place)
        if not mark and character in "'\"":
            mark = character
        elif character == mark:
            mark = ""
    return frozenset(found)


def _members(text: str) -> Iterator[str]:
    """The arguments of a call, which commas outside of brackets and quotes are between."""
    quoted, depth, start = _quoted(text), 0, 0
    for place, character in enumerate(text):
        if place in quoted:
            continue
        depth += (character in _OPENING) - (character in _CLOSING)
        if character == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def _ordered(text: str) -> tuple[str, str]:
    """The last argument, and the ORDER BY behind it."""
    quoted, depth = _quoted(text), 0
    for place, character in enumerate(text):
        if place in quoted:
            continue
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth == 0 and text.startswith(_ORDER_BY, place):
            return text[:place], text[place + len(_ORDER_BY) :]
    return text, ""
