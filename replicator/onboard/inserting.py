"""A source added to a pipeline file that a person wrote: every byte of it stays, some lines come in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from replicator.errors import ConfigError, Problem
from replicator.source.reader import parse
from replicator.source.tree import Entry, ListNode, MapNode, Node, Plain, plain

_MARK: Final = "\ufeff"


def insert_sources(text: str, file: Path, lines_of: Callable[[int, int], Sequence[Sequence[str]]]) -> str:
    """The file's text with sources behind its last one.

    Comments, order, quotes, line ends and a byte order mark stay as they are. A comment that stands at the margin
    above the key that follows stays above that key.

    Args:
        text: What the file holds, line ends as they are.
        file: Named in errors.
        lines_of: The lines of each new source, given the blanks before a dash and those before a key.

    Raises:
        ConfigError: The file is not YAML, has no sources of its own, or writes them in brackets.
    """
    body = text.removeprefix(_MARK)
    root = parse(body, file)
    entry, listed = _sources(root, file)
    # Positions count a line for each \n; the \r that may stand before it belongs to the line.
    lines = body.split("\n")
    dash = listed.place.column - 1
    first = listed.items[0].place
    keys = first.column - 1 if first.line == listed.place.line else dash + 2
    at = _end(lines, root, entry)
    new = [line for source in lines_of(dash, keys) for line in ("", *source)]
    end = "\r" if len(lines) > 1 and lines[0].endswith("\r") else ""
    last = [] if at < len(lines) else [""]
    before = lines[:at]
    if end and before and not before[-1].endswith(end):
        before[-1] += end
    changed = "\n".join([*before, *(line + end for line in new), *lines[at:], *last])
    _check(root, parse(changed, file), len(lines_of(dash, keys)), file)
    return (_MARK if text.startswith(_MARK) else "") + changed


def _sources(root: Node, file: Path) -> tuple[Entry, ListNode]:
    entry = root.entry("sources") if isinstance(root, MapNode) else None
    if not isinstance(root, MapNode) or entry is None:
        fact = "has no sources of its own"
        raise ConfigError((Problem(root.place, "sources", fact, f"add 'sources:' to {file.name} first"),))
    block = isinstance(entry.value, ListNode) and entry.place.line < entry.value.place.line
    if not isinstance(entry.value, ListNode) or not block or not entry.value.items:
        fact, remedy = "is not written line by line", "write each source below the last, with a dash before its name"
        raise ConfigError((Problem(entry.value.place, "sources", fact, remedy),))
    return entry, entry.value


def _end(lines: Sequence[str], root: Node, entry: Entry) -> int:
    """The index of the line behind the last of the sources."""
    below = (
        [each.place.line - 1 for each in root.entries if each.place.line > entry.place.line]
        if isinstance(root, MapNode)
        else []
    )
    at = min(below, default=next((n for n, line in enumerate(lines) if line.rstrip() == "..."), len(lines)))
    while at > 0 and (not lines[at - 1].strip() or lines[at - 1].startswith("#")):
        at -= 1
    return at


def _check(before: Node, after: Node, added: int, file: Path) -> None:
    """Nothing that was there may mean anything else now."""
    old, new = plain(before), plain(after)
    same = isinstance(old, dict) and isinstance(new, dict) and _without(old) == _without(new)
    kept = same and _items(new)[: len(_items(old))] == _items(old) and len(_items(new)) == len(_items(old)) + added
    if not kept:
        fact, remedy = "is written in a way that nothing can be added to safely", "add the source by hand"
        raise ConfigError((Problem(before.place, "sources", f"{file.name} {fact}", remedy),))


def _without(root: dict[str, Plain]) -> dict[str, Plain]:
    return {key: value for key, value in root.items() if key != "sources"}


def _items(root: Plain) -> list[Plain]:
    listed = root.get("sources") if isinstance(root, dict) else None
    return listed if isinstance(listed, list) else []
