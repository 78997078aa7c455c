"""Patterns of datasets, and when two of them can name the same one."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replicator.config.globs import GlobSet, common_name, pattern

globs = st.text(alphabet="ab*", min_size=1, max_size=4)
sets = st.builds(GlobSet, st.lists(globs, min_size=1, max_size=2).map(tuple), st.lists(globs, max_size=2).map(tuple))
NAMES = ["".join(letters) for size in range(1, 6) for letters in itertools.product("ab", repeat=size)]


def test_a_star_is_any_number_of_characters_and_nothing_else_is_special() -> None:
    """The pattern is anchored, and a dot between project and dataset stays one."""
    assert pattern("shop_*") == r"^shop_[^.]*$"
    assert re.search(pattern("a.b*"), "a.b1")
    assert not re.search(pattern("a.b*"), "axb1")
    assert not re.search(pattern("a.b*"), "a.b.c")


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (GlobSet(("shop_*",)), GlobSet(("shop_*",)), "shop_"),
        (GlobSet(("shop_*",)), GlobSet(("*_7",)), "shop_7"),
        (GlobSet(("shop_*",)), GlobSet(("shop_100",)), "shop_100"),
        (GlobSet(("shop_*",), ("shop_100",)), GlobSet(("shop_100",)), None),
        (GlobSet(("shop_*",), ("shop_1*",)), GlobSet(("shop_1*",)), None),
        (GlobSet(("shop_*",), ("shop_1*",)), GlobSet(("shop_*",), ("shop_2*", "shop_")), "shop_0"),
        (GlobSet(("p.*",)), GlobSet(("p.a.b",)), None),
        (GlobSet(()), GlobSet(("*",)), None),
    ],
)
def test_the_common_name_is_an_example_that_a_person_can_check(
    one: GlobSet, other: GlobSet, common: str | None
) -> None:
    """Exclusions count, and the example is as short as can be."""
    assert common_name(one, other) == common == common_name(other, one)


@settings(max_examples=60, deadline=None)
@given(sets, sets)
def test_a_common_name_is_found_exactly_when_there_is_one(one: GlobSet, other: GlobSet) -> None:
    """Against trying every short name: none is missed and none made up."""
    found = common_name(one, other)

    if found is None:
        assert not [name for name in NAMES if one.matches(name) and other.matches(name)]
    else:
        assert one.matches(found)
        assert other.matches(found)
