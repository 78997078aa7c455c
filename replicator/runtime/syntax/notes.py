"""Collecting what is wrong while reading on."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Final

from replicator.runtime.source import Entry, Mapping, Mistake, Node, Position, Scalar, Sequence

_NOWHERE: Final = Position(1, 1)

# Comparing one word with many takes long for long words, and for many of them: beyond these no suggestion is made.
_SUGGESTIONS: Final = 20
_CANDIDATES: Final = 2_000
_LONGEST_WORD: Final = 100


class Notes:
    """Every mistake of a document, and the ways to look at a node that note one when it is not as expected."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self._suggestions = 0

    def suggest(self, word: str, known: Collection[str], otherwise: str) -> str:
        """The remedy for a word that is none of the known ones: the one that may have been meant, or ``otherwise``."""
        self._suggestions += 1
        if self._suggestions > _SUGGESTIONS or len(word) > _LONGEST_WORD or len(known) > _CANDIDATES:
            return otherwise
        close = difflib.get_close_matches(word, known, 1)
        return f"did you mean {close[0]!r}?" if close else otherwise

    def refuse(self, position: Position, field: str, fact: str, remedy: str = "") -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(position, field, fact, remedy))

    def mapping(self, node: Node | None, field: str, what: str) -> Mapping:
        """The node as a map; an empty one when it is none."""
        if isinstance(node, Mapping):
            return node
        self._unexpected(node, field, what)
        return Mapping((), node.position if node else _NOWHERE)

    def sequence(self, node: Node | None, field: str, what: str) -> tuple[Node, ...]:
        """The node's items; none when it is no list."""
        if isinstance(node, Sequence):
            return node.items
        self._unexpected(node, field, what)
        return ()

    def text(self, node: Node | None, field: str, what: str) -> str:
        """The node as a text; empty when it is none."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        self._unexpected(node, field, what)
        return ""

    def identifier(self, node: Node | None, field: str, what: str) -> str:
        """The node as a variable's name; empty when it is none (syntax/variables, "Variable names")."""
        text = self.text(node, field, what)
        if text and not is_identifier(text):
            fact = f"{text!r} is not a name"
            self.refuse(node.position if node else _NOWHERE, field, fact, "use letters, digits and underscores")
        return text

    def known(self, mapping: Mapping, field: str, keys: Iterable[str]) -> None:
        """Refuse the keys that are not among ``keys``."""
        allowed = list(keys)
        for entry in mapping.entries:
            if entry.key not in allowed:
                self.unknown(entry, field, allowed)

    def unknown(self, entry: Entry, field: str, allowed: list[str]) -> None:
        """Refuse a key, with the one that may have been meant."""
        remedy = self.suggest(entry.key, allowed, f"it may be {', '.join(allowed)}")
        self.refuse(entry.position, field, f"no such key: {entry.key!r}", remedy)

    def _unexpected(self, node: Node | None, field: str, what: str) -> None:
        match node:
            case None:
                found = "nothing"
            case Mapping():
                found = "a map"
            case Sequence():
                found = "a list"
            case Scalar(value):
                found = "nothing" if value is None else repr(value)
        self.refuse(node.position if node else _NOWHERE, field, f"expected {what}, found {found}")


def is_identifier(text: str) -> bool:
    """Whether the text may name a variable, a parameter or a subworkflow."""
    return text.isascii() and text.isidentifier()
