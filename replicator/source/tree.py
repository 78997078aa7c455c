"""The tree of a document: scalars, lists and maps, each with its place.

A scalar is text whatever it looks like. What ``on``, ``12:30:00`` or ``1_000`` mean is for the reader
who knows which type a key has; YAML's own guesses (true, 45000, 1000) are not made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from replicator.errors import Place
from replicator.source.paths import FieldPath

Plain = str | list["Plain"] | dict[str, "Plain"] | None
"""A document's values without their places."""


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value.

    Attributes:
        place: Where it begins.
        text: What is written, after quotes and escapes are resolved.
        quoted: Whether it was quoted or a block, so that ``"null"`` is text.
    """

    place: Place
    text: str
    quoted: bool

    @property
    def is_empty(self) -> bool:
        """Nothing at all was written: ``key:``."""
        return not self.quoted and not self.text

    @property
    def is_null(self) -> bool:
        """The absence of a value was written: ``key: null`` or ``key: ~``."""
        return not self.quoted and self.text in {"null", "~"}


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list; ``place`` is that of its ``[`` or its first ``-``."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key, where it is written, and what stands under it."""

    key: str
    place: Place
    value: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    """A map, its keys unique and in the order of the file; ``place`` is that of its ``{`` or its first key."""

    place: Place
    entries: tuple[Entry, ...]

    def entry(self, key: str) -> Entry | None:
        """The entry of that key, if there is one."""
        return next((entry for entry in self.entries if entry.key == key), None)

    def without(self, *keys: str) -> MapNode:
        """The same map, those keys left out."""
        return MapNode(self.place, tuple(entry for entry in self.entries if entry.key not in keys))


Node = ScalarNode | ListNode | MapNode


def plain(node: Node) -> Plain:
    """The node's value without places: text, lists and dictionaries; null and nothing are None."""
    match node:
        case ScalarNode():
            return None if node.is_null or node.is_empty else node.text
        case ListNode():
            return [plain(item) for item in node.items]
        case MapNode():
            return {entry.key: plain(entry.value) for entry in node.entries}
        case _:
            assert_never(node)


def place_of(root: Node, path: FieldPath) -> Place:
    """Where the value at ``path`` is written, or what comes nearest above it when the document leaves it out."""
    node = root
    for part in path:
        below = _child(node, part)
        if below is None:
            break
        node = below.value if isinstance(below, Entry) else below
    return node.place


def key_place_of(root: Node, path: FieldPath) -> Place:
    """Where the last key of ``path`` is written; for a list's item or a key that is not there, as ``place_of``."""
    node = root
    for part in path[:-1]:
        below = _child(node, part)
        if below is None:
            return node.place
        node = below.value if isinstance(below, Entry) else below
    last = _child(node, path[-1]) if path else None
    return last.place if last is not None else node.place


def _child(node: Node, part: str | int) -> Entry | Node | None:
    match node, part:
        case MapNode(), str():
            return node.entry(part)
        case ListNode(), int() if 0 <= part < len(node.items):
            return node.items[part]
        case _:
            return None
