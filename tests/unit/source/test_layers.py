"""One document over another."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from replicator.errors import Place
from replicator.source.layers import overlay, without_nulls
from replicator.source.paths import show
from replicator.source.reader import parse
from replicator.source.tree import Entry, ListNode, MapNode, Node, Plain, ScalarNode, place_of, plain

NOWHERE = Place(Path("x.yaml"), 1, 1)


def document(text: str, file: str) -> MapNode:
    root = parse(text, Path(file))
    assert isinstance(root, MapNode)
    return root


def node(value: Plain) -> Node:
    match value:
        case dict():
            return MapNode(NOWHERE, tuple(Entry(key, NOWHERE, node(below)) for key, below in value.items()))
        case list():
            return ListNode(NOWHERE, tuple(node(item) for item in value))
        case None:
            return ScalarNode(NOWHERE, "null", quoted=False)
        case str():
            return ScalarNode(NOWHERE, value, quoted=True)


values: st.SearchStrategy[Plain] = st.recursive(
    st.sampled_from(["1", "2", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
maps = st.dictionaries(st.sampled_from("abc"), values, max_size=3).map(node)


def test_maps_are_joined_and_lists_replaced() -> None:
    """What only one of them says is kept, what both say is the upper's."""
    lower = document("a: {x: 1, y: 2}\nb: [1, 2]\nc: low\n", "low.yaml")
    upper = document("a: {y: 3}\nb: [9]\nd: high\n", "high.yaml")

    assert plain(overlay(lower, upper)) == {"a": {"x": "1", "y": "3"}, "b": ["9"], "c": "low", "d": "high"}


def test_every_value_keeps_the_file_it_came_from() -> None:
    """An error in a default points into the defaults."""
    joined = overlay(document("a:\n  x: 1\n", "low.yaml"), document("a: {y: 3}\n", "high.yaml"))

    assert place_of(joined, ("a", "x")) == Place(Path("low.yaml"), 2, 6)
    assert place_of(joined, ("a", "y")) == Place(Path("high.yaml"), 1, 8)
    assert place_of(joined, ("a", "missing")) == Place(Path("high.yaml"), 1, 4)


def test_null_takes_away_what_lies_below() -> None:
    """It is the only way to say that a default does not hold here."""
    joined = overlay(document("a: 1\nb: {c: 2, d: 3}\n", "low.yaml"), document("a: null\nb: {c: ~}\n", "high.yaml"))

    assert plain(without_nulls(joined)) == {"b": {"d": "3"}}


@settings(max_examples=60, deadline=None)
@given(maps, maps, maps)
def test_layers_can_be_joined_in_any_grouping(one: MapNode, two: MapNode, three: MapNode) -> None:
    """Defaults, file and environment mean the same whichever two are joined first, where no two disagree on a shape."""
    left = plain(overlay(overlay(one, two), three))
    right = plain(overlay(one, overlay(two, three)))

    assert left == right or _shapes_clash(plain(one), plain(two), plain(three))


def _shapes_clash(one: Plain, two: Plain, three: Plain) -> bool:
    """A map, something else in the middle, and a map again: the middle hides the lowest only in one grouping."""
    if not (isinstance(one, dict) and isinstance(two, dict) and isinstance(three, dict)):
        return isinstance(one, dict) and isinstance(three, dict)
    return any(_shapes_clash(one[key], two[key], three[key]) for key in one.keys() & two.keys() & three.keys())


@settings(max_examples=60, deadline=None)
@given(maps)
def test_a_layer_over_itself_or_over_nothing_is_itself(one: MapNode) -> None:
    """Laying twice changes nothing."""
    assert plain(overlay(one, one)) == plain(one) == plain(overlay(MapNode(NOWHERE, ()), one))


def test_paths_are_shown_as_people_write_them() -> None:
    """Indices in brackets, odd keys in quotes."""
    assert show(("sources", 0, "columns", "rename", "geo.city")) == "sources[0].columns.rename['geo.city']"
    assert show(()) == ""
