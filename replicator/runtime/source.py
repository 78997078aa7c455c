"""The source of a workflow, YAML or JSON, read node by node so that every value keeps its position.

What a plain scalar means is decided here and not by a YAML library: only ``null``, ``true``/``false`` and JSON's
numbers are other than text (docs.cloud.google.com/workflows/docs/reference/syntax/datatypes), so that ``12:30:00``,
``on``, ``1_000``, ``0123`` and dates stay what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, TypeAlias

import yaml

from replicator.runtime.values import INT_MAX, INT_MIN

_CONSTANTS: Final = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_BREAK: Final = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
"""What YAML 1.1 counts as a line's end (yaml.org/spec/1.1/#id871136)."""

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DOUBLE: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_INTEGER_DIGITS: Final = 20  # the sign and the digits of the smallest 64-bit integer

_DEEPEST: Final = 60
"""Levels of nesting that are read; the deepest useful document has far fewer, and Python's stack has an end."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the source; ``line`` and ``column`` count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, a boolean or a null.

    Attributes:
        value: What it means.
        position: Where it starts.
        inset: How many characters the text starts after ``position`` (a quote), or None where the text in the
            source is not the value character by character (blocks, folded lines, escapes).
    """

    value: str | float | bool | None
    position: Position
    inset: int | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a map with its value."""

    key: str
    position: Position
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """A map, in the order of the source."""

    entries: tuple[Entry, ...]
    position: Position

    def get(self, key: str) -> Node | None:
        """The value of ``key``, or None when the map has no such key."""
        return next((entry.value for entry in self.entries if entry.key == key), None)


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """Something wrong at a place of the source, and what would be right."""

    position: Position
    field: str
    fact: str
    remedy: str


class _Loader(yaml.CSafeLoader):
    """libyaml's parser without YAML's own ideas of what a plain scalar means."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  PyYAML's own attribute


def read(text: str) -> tuple[Node | None, tuple[Mistake, ...]]:
    """Read the one document in ``text``; the node is None where there is nothing to go on with."""
    start = Position(1, 1)
    try:
        if deep := _too_deep(text):
            return None, (deep,)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as failure:
        place = _position(failure.problem_mark or failure.context_mark)
        return None, (Mistake(place, "", f"not YAML: {failure.problem or failure.context}", ""),)
    except (yaml.YAMLError, UnicodeEncodeError) as failure:
        return None, (Mistake(start, "", f"not YAML: {failure}", ""),)
    if root is None:
        return None, (Mistake(start, "", "the source is empty", "a workflow has at least one step"),)
    builder = _Builder(text)
    node = builder.build(root)
    return node, tuple(builder.mistakes)


def _position(mark: Any) -> Position:
    """Where one of PyYAML's or libyaml's marks is, which count from 0 and may be missing."""
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)


def _too_deep(text: str) -> Mistake | None:
    """The first place beyond the deepest nesting that is read.

    Looked for in the flat stream of events: composing recurses on C's stack, which ends without an exception.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                fact = f"nested deeper than {_DEEPEST} levels"
                return Mistake(_position(event.start_mark), "", fact, "move steps into a subworkflow")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


class _Builder:
    """Turns PyYAML's nodes into ours, collecting what is not allowed."""

    def __init__(self, text: str) -> None:
        self.mistakes: list[Mistake] = []
        self._lines = [*_BREAK.split(text), ""]  # libyaml places what is missing at the end behind the last line
        self._seen: set[int] = set()

    def build(self, node: yaml.Node) -> Node:
        position = _position(node.start_mark)
        if id(node) in self._seen:
            self._refuse(position, "an alias stands for another part of the document", "write the value out")
            return Scalar(None, position)
        self._seen.add(id(node))
        if node.tag not in _TAGS:
            self._refuse(position, f"the tag {node.tag} is not supported", "leave the tag out")
        match node:
            case yaml.SequenceNode():
                return Sequence(tuple(self.build(item) for item in node.value), position)
            case yaml.MappingNode():
                return Mapping(tuple(self._entries(node)), position)
            case yaml.ScalarNode():
                return self._scalar(node, position)
            case _:
                msg = f"PyYAML composed a {type(node).__name__}"
                raise AssertionError(msg)

    def _entries(self, node: yaml.MappingNode) -> Iterator[Entry]:
        seen: set[str] = set()
        for key, value in node.value:
            position = _position(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(position, "a key is a list or a map", "keys are text")
                continue
            if key.value in seen:
                self._refuse(position, f"the key {key.value!r} is there twice", "keep one of them")
                continue
            if key.value == "<<" and not key.style:
                self._refuse(position, "merge keys are not supported", "write the keys out")
                continue
            seen.add(key.value)
            yield Entry(key.value, position, self.build(value))

    def _scalar(self, node: yaml.ScalarNode, position: Position) -> Scalar:
        text = node.value
        plain = not node.style  # libyaml says '', PyYAML's own parser None
        inset = 0 if plain else 1
        line = self._lines[position.line - 1]
        # Only where the source has the text as it is can a column inside it be told.
        exact = line.startswith(text, position.column - 1 + inset)
        if plain:
            if text in _CONSTANTS:
                return Scalar(_CONSTANTS[text], position)
            if _DOUBLE.fullmatch(text):
                return self._number(text, position)
        return Scalar(text, position, inset if exact else None)

    def _number(self, text: str, position: Position) -> Scalar:
        if _INTEGER.fullmatch(text):
            if len(text) <= _INTEGER_DIGITS and INT_MIN <= int(text) <= INT_MAX:
                return Scalar(int(text), position)
            self._refuse(position, "an integer beyond 64 bits", "quote it to keep it as text")
        elif isfinite(number := float(text)):
            return Scalar(number, position)
        else:
            self._refuse(position, "a number beyond a double's range", "quote it to keep it as text")
        return Scalar(0, position)

    def _refuse(self, position: Position, fact: str, remedy: str) -> None:
        self.mistakes.append(Mistake(position, "", fact, remedy))


_TAGS: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
