"""What differs between two schemas, named."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from replicator.schema.compare import Absorber, Change, Difference, compare
from replicator.schema.fields import Field, Mode
from tests.unit.schema.schemas import record, scalar, schemas

EVENT = (
    scalar("event_date"),
    record("geo", scalar("city"), scalar("country")),
    record("items", scalar("id"), record("params", scalar("key"), mode=Mode.REPEATED), mode=Mode.REPEATED),
)


def test_a_field_added_three_levels_down_is_named_with_its_path() -> None:
    """Arrays are walked through like records; a wildcard leaves the field out without a word."""
    items = record(
        "items",
        scalar("id"),
        record("params", scalar("key"), scalar("value", "INTEGER"), mode=Mode.REPEATED),
        mode=Mode.REPEATED,
    )

    (found,) = compare(EVENT, (*EVENT[:2], items))

    assert found == Difference(Change.ADDED, ("items", "params", "value"), None, scalar("value", "INTEGER"))
    assert found.absorbed_by is Absorber.EVOLUTION


def test_a_field_that_is_gone_reads_as_null_unless_it_is_required() -> None:
    """A REQUIRED column of the target takes no NULL."""
    gone = compare((scalar("a"), scalar("b", mode=Mode.REQUIRED)), ())

    assert [(one.change, one.path, one.absorbed_by) for one in gone] == [
        (Change.REMOVED, ("a",), Absorber.WILDCARD),
        (Change.REMOVED, ("b",), Absorber.NOTHING),
    ]


def test_siblings_in_another_order_are_one_difference_of_their_record() -> None:
    """By position these two would swap silently."""
    swapped = record("geo", scalar("country"), scalar("city"))

    (found,) = compare(EVENT, (EVENT[0], swapped, EVENT[2]))

    assert found == Difference(Change.REORDERED, ("geo",), EVENT[1], swapped)
    assert found.absorbed_by is Absorber.WILDCARD


def test_a_column_inserted_in_the_middle_reorders_nothing() -> None:
    """Only fields that both have are compared in their order."""
    assert compare(EVENT, (EVENT[0], scalar("new"), *EVENT[1:])) == (
        Difference(Change.ADDED, ("new",), None, scalar("new")),
    )


def test_types_are_told_wider_from_narrower() -> None:
    """Neither passes a wildcard; a narrower source can be cast without loss, and every whole number has a text."""
    found = [
        compare((scalar("a", ours),), (scalar("a", theirs),))[0]
        for ours, theirs in (("INTEGER", "NUMERIC"), ("NUMERIC", "INTEGER"), ("STRING", "INTEGER"), ("STRING", "DATE"))
    ]

    assert [(one.change, one.castable) for one in found] == [
        (Change.WIDENED, False),
        (Change.NARROWED, True),
        (Change.TYPE, True),
        (Change.TYPE, False),
    ]
    assert {one.absorbed_by for one in found} == {Absorber.NOTHING}


def test_one_and_many_differ_in_kind_and_what_is_inside_is_still_compared() -> None:
    """A repeated record that became a single one, and lost a field on the way."""
    many = record("page", scalar("path"), scalar("title"), mode=Mode.REPEATED)
    one = record("page", scalar("path"))

    assert compare((many,), (one,)) == (
        Difference(Change.KIND, ("page",), many, one),
        Difference(Change.REMOVED, ("page", "title"), scalar("title"), None),
    )


def test_a_scalar_and_a_record_differ_in_kind_alone() -> None:
    """There is no second difference in the type."""
    one, other = scalar("geo"), record("geo", scalar("city"))

    assert compare((one,), (other,)) == (Difference(Change.KIND, ("geo",), one, other),)


def test_required_matters_only_to_a_target_that_requires() -> None:
    """A source that promises more than the target asks for is no trouble."""
    free, bound = scalar("a"), scalar("a", mode=Mode.REQUIRED)

    assert compare((free,), (bound,)) == (Difference(Change.MODE, ("a",), free, bound),)
    assert compare((free,), (bound,))[0].absorbed_by is Absorber.WILDCARD
    assert compare((bound,), (free,))[0].absorbed_by is Absorber.NOTHING


def test_other_capitals_are_the_same_field() -> None:
    """Case changed, nothing added or removed; deeper paths are spelled as the target spells them."""
    theirs = record("GEO", scalar("City", "INTEGER"), scalar("country"))

    assert compare((EVENT[1],), (theirs,)) == (
        Difference(Change.CASE, ("geo",), EVENT[1], theirs),
        Difference(Change.CASE, ("geo", "city"), scalar("city"), scalar("City", "INTEGER")),
        Difference(Change.TYPE, ("geo", "city"), scalar("city"), scalar("City", "INTEGER")),
    )


def test_descriptions_are_no_difference() -> None:
    """They are for people and change often."""
    assert compare((Field("a", "STRING"),), (Field("a", "STRING", description="said"),)) == ()


@settings(max_examples=40, deadline=None)
@given(schemas)
def test_a_schema_is_as_itself(schema: tuple[Field, ...]) -> None:
    """Nothing differs."""
    assert compare(schema, schema) == ()


@settings(max_examples=40, deadline=None)
@given(schemas, st.randoms(use_true_random=False))
def test_order_alone_is_only_ever_a_reordering(schema: tuple[Field, ...], random: Random) -> None:
    """Shuffled at every depth: nothing is added, removed or changed, and every reordering is absorbed by name."""
    found = compare(schema, _shuffled(schema, random))

    assert {one.change for one in found} <= {Change.REORDERED}


@settings(max_examples=40, deadline=None)
@given(schemas, schemas)
def test_both_directions_see_the_same_differences(one: tuple[Field, ...], other: tuple[Field, ...]) -> None:
    """What is added one way is removed the other, and everything else is seen from both sides."""
    there = sorted(_mirrored(difference) for difference in compare(one, other))
    back = sorted(_named(difference) for difference in compare(other, one))

    assert there == back


@settings(max_examples=40, deadline=None)
@given(schemas, schemas)
def test_without_a_difference_the_schemas_are_equal(one: tuple[Field, ...], other: tuple[Field, ...]) -> None:
    """Nothing escapes: descriptions apart, equal is what compares as nothing."""
    assert (compare(one, other) == ()) == (one == other)


def _shuffled(schema: Sequence[Field], random: Random) -> tuple[Field, ...]:
    fields = [
        Field(field.name, field.type, field.mode, _shuffled(field.fields, random), field.description)
        for field in schema
    ]
    random.shuffle(fields)
    return tuple(fields)


def _named(difference: Difference) -> tuple[str, str]:
    return difference.change.value, ".".join(difference.path).lower()


def _mirrored(difference: Difference) -> tuple[str, str]:
    change, path = _named(difference)
    return _BACK.get(change, change), path


_BACK = {"added": "removed", "removed": "added", "widened": "narrowed", "narrowed": "widened"}
