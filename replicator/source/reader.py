"""Reading a YAML file into a tree with places, and refusing what would be read in two ways.

PyYAML's events are read one by one: its loaders let a repeated key win, resolve ``on`` to true, and share
one object between an anchor and its aliases, so that a mistake would have two places.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NoReturn, Protocol

import yaml

from replicator.errors import ConfigError, Place, Problem
from replicator.source.paths import FieldPath, show
from replicator.source.tree import Entry, ListNode, MapNode, Node, ScalarNode

# Deeper than any document of ours; a bound keeps a hostile file from exhausting the stack.
MAX_DEPTH: Final = 100


def read(file: Path) -> Node:
    """Read the one document of ``file``, UTF-8, with or without a byte order mark.

    Raises:
        ConfigError: It cannot be read, is not UTF-8, or ``parse`` refuses it.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        _refuse(Place(file, 1, 1), f"cannot be read: {error.strerror or error}", "check that the file is there for you")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        _refuse(place, f"byte 0x{content[error.start]:02x} is not UTF-8", "save the file as UTF-8")
    return parse(text, file)


def parse(text: str, file: Path) -> Node:
    """Read the one document in ``text``; ``file`` is only named in places.

    Raises:
        ConfigError: It is not YAML; it is empty or holds several documents; it has repeated keys, keys that
            are no text, anchors, aliases, merge keys or tags. Whatever is not a syntax error is told all at once.
    """
    reader = _Reader(file)
    try:
        root = reader.document(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reader.problems.append(Problem(reader.place(mark), "", *_syntax(error)))
        raise ConfigError(tuple(reader.problems)) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        _refuse(
            place,
            f"the character U+{_code(error.character):04X} cannot stand in YAML",
            "remove it or escape it in quotes",
        )
    if reader.problems:
        raise ConfigError(tuple(reader.problems))
    return root


class _Mark(Protocol):
    """What PyYAML's two kinds of mark have in common; both count from 0."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def _code(character: int | str | bytes) -> int:
    return character if isinstance(character, int) else ord(character)


def _refuse(place: Place, fact: str, remedy: str) -> NoReturn:
    raise ConfigError((Problem(place, "", fact, remedy),)) from None


def _syntax(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = error.problem or "is not YAML"
    if r"'\t'" in problem:
        return "a tab stands where YAML wants spaces", "indent with spaces"
    context = f", {error.context}" if error.context else ""
    line = f" that began on line {error.context_mark.line + 1}" if error.context_mark else ""
    return f"is not YAML: {problem}{context}{line}", "check indentation, quotes and colons here and on the line above"


class _Reader:
    """One pass over a file's events; ``problems`` collects what does not stop it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def place(self, mark: _Mark | None) -> Place:
        return Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file, 1, 1)

    def _report(self, event: yaml.Event, path: FieldPath, fact: str, remedy: str) -> None:
        self.problems.append(Problem(self.place(event.start_mark), show(path), fact, remedy))

    def document(self, text: str) -> Node:
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)
        root: Node | None = None
        for event in self._events:
            match event:
                case yaml.DocumentStartEvent() if root is None:
                    root = self._node(next(self._events), ())
                case yaml.DocumentStartEvent():
                    self._report(event, (), "a second document begins here", "put it into a file of its own")
                    break
                case _:
                    pass
        nothing = isinstance(root, ScalarNode) and root.is_empty
        if root is None or nothing:
            root = ScalarNode(Place(self.file, 1, 1), "", quoted=False)
            self.problems.append(Problem(root.place, "", "is empty", "write a map of keys, or remove the file"))
        return root

    def _node(self, event: yaml.Event, path: FieldPath) -> Node:
        place = self.place(event.start_mark)
        self._check_plainness(event, path)
        if len(path) > MAX_DEPTH:
            _refuse(place, f"is nested more than {MAX_DEPTH} levels deep", "flatten it")
        match event:
            case yaml.ScalarEvent():
                return ScalarNode(place, event.value, quoted=event.style is not None)
            case yaml.SequenceStartEvent():
                items: list[Node] = []
                while not isinstance(below := next(self._events), yaml.SequenceEndEvent):
                    items.append(self._node(below, (*path, len(items))))
                return ListNode(place, tuple(items))
            case yaml.MappingStartEvent():
                return self._map(place, path)
            case _:
                # An alias: reported above, and nothing that it names can be looked at.
                return ScalarNode(place, "", quoted=True)

    def _map(self, place: Place, path: FieldPath) -> MapNode:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            value = self._node(next(self._events), (*path, key))
            if key in entries:
                first = entries[key].place.line
                self._report(event, (*path, key), f"is given twice, first on line {first}", "keep one of the two")
            else:
                entries[key] = Entry(key, self.place(event.start_mark), value)
        return MapNode(place, tuple(entries.values()))

    def _key(self, event: yaml.Event, path: FieldPath) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._report(event, path, "has a key that is no text", "write keys as plain text")
            self._node(event, path)
            return ""
        self._check_plainness(event, path)
        if event.style is None and event.value == "<<":
            self._report(event, (*path, "<<"), "merge keys are not read", "write the keys out, or use defaults.yaml")
        elif not event.value:
            self._report(event, path, "has an empty key", "name the key before the colon")
        return event.value

    def _check_plainness(self, event: yaml.Event, path: FieldPath) -> None:
        if isinstance(event, yaml.AliasEvent):
            fact = f"the alias '*{event.anchor}' would give one text two places"
            self._report(event, path, fact, "write the value out, or use defaults.yaml")
        elif getattr(event, "anchor", None) is not None:
            self._report(event, path, "anchors are not read", "write the value out where it is needed")
        if getattr(event, "tag", None) is not None:
            self._report(event, path, "tags are not read: a key's type is known", "remove the tag")
