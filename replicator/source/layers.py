"""One document laid over another, every value keeping the place where it was written."""

from __future__ import annotations

from replicator.source.tree import Entry, ListNode, MapNode, Node, ScalarNode


def overlay(lower: MapNode, upper: MapNode) -> MapNode:
    """What ``upper`` says, and below it what only ``lower`` says.

    Maps are joined key by key at every depth. Anything else, lists included, is replaced as a whole:
    a list that grew from two files could not be read in either. A null in ``upper`` stays, so that
    ``without_nulls`` can take away what ``lower`` has.
    """
    entries = []
    for below in lower.entries:
        above = upper.entry(below.key)
        entries.append(below if above is None else _joined(below, above))
    known = {entry.key for entry in lower.entries}
    entries.extend(entry for entry in upper.entries if entry.key not in known)
    return MapNode(upper.place, tuple(entries))


def _joined(below: Entry, above: Entry) -> Entry:
    if isinstance(below.value, MapNode) and isinstance(above.value, MapNode):
        return Entry(above.key, above.place, overlay(below.value, above.value))
    return above


def without_nulls(node: Node) -> Node:
    """The same tree without the keys whose value is null: they are as if they had never been written."""
    match node:
        case MapNode():
            kept = (entry for entry in node.entries if not _is_null(entry.value))
            entries = tuple(Entry(entry.key, entry.place, without_nulls(entry.value)) for entry in kept)
            return MapNode(node.place, entries)
        case ListNode():
            return ListNode(node.place, tuple(without_nulls(item) for item in node.items))
        case ScalarNode():
            return node


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.is_null
