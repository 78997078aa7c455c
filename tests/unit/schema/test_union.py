"""One schema that has every field of several."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from replicator.schema.compare import Change, compare
from replicator.schema.fields import Field, Mode, walk
from replicator.schema.union import Conflict, union
from tests.unit.schema.schemas import record, scalar, schemas


def test_fields_are_joined_by_name_at_every_depth() -> None:
    """First seen first; what comes later stands at the end of its record."""
    one = (scalar("a"), record("geo", scalar("city")), scalar("z"))
    other = (scalar("b"), record("geo", scalar("country"), scalar("city")), scalar("a"))

    joined = union([one, other])

    assert joined.conflicts == ()
    assert joined.fields == (
        scalar("a"),
        record("geo", scalar("city"), scalar("country")),
        scalar("z"),
        scalar("b"),
    )


def test_required_stays_only_where_everyone_requires() -> None:
    """A row of a source that lacks the field, or leaves it NULL, has to fit."""
    bound, free = scalar("a", mode=Mode.REQUIRED), scalar("a")

    assert union([(bound,), (bound,)]).fields == (bound,)
    assert union([(bound,), (free,)]).fields == (free,)
    assert union([(bound,), ()]).fields == (free,)


def test_what_one_table_cannot_hold_is_a_conflict_with_each_form_once() -> None:
    """Type against type, one against many; the first seen stands in the schema."""
    number, word, many = scalar("a", "INTEGER"), scalar("A"), scalar("a", "INTEGER", Mode.REPEATED)

    joined = union([(number,), (word,), (number,), (many,)])

    assert joined.fields == (number,)
    assert joined.conflicts == (Conflict(("a",), (number, word, many)),)


def test_the_union_of_nothing_is_nothing() -> None:
    """No schemas, no fields."""
    assert union([]).fields == ()


@settings(max_examples=40, deadline=None)
@given(schemas)
def test_a_schema_joined_with_itself_is_itself(schema: tuple[Field, ...]) -> None:
    """However often."""
    assert union([schema, schema, schema]) == union([schema])
    assert union([schema]).fields == schema


@settings(max_examples=40, deadline=None)
@given(st.lists(schemas, max_size=4))
def test_the_union_lacks_nothing(several: list[tuple[Field, ...]]) -> None:
    """Of what each schema has nothing is missing, but below a conflict."""
    joined = union(several)
    conflicts = [tuple(name.lower() for name in conflict.path) for conflict in joined.conflicts]

    for schema in several:
        for difference in compare(joined.fields, schema):
            if difference.change is Change.ADDED:
                path = tuple(name.lower() for name in difference.path)
                assert any(path[: len(conflict)] == conflict for conflict in conflicts)


@settings(max_examples=40, deadline=None)
@given(st.lists(schemas, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_without_conflicts_only_order_depends_on_order(several: list[tuple[Field, ...]], random: Random) -> None:
    """Whichever schema is seen first, the same fields come out; and a conflict is one either way."""
    shuffled = list(several)
    random.shuffle(shuffled)
    one, other = union(several), union(shuffled)

    assert bool(one.conflicts) == bool(other.conflicts)
    if not one.conflicts:
        assert all(found.change is Change.REORDERED for found in compare(one.fields, other.fields))


@settings(max_examples=40, deadline=None)
@given(schemas, schemas, schemas)
def test_without_conflicts_schemas_can_be_joined_in_any_grouping(
    one: tuple[Field, ...], two: tuple[Field, ...], three: tuple[Field, ...]
) -> None:
    """Names and types are the same; REQUIRED alone depends on how many were counted."""
    whole = union([one, two, three])
    grouped = union([union([one, two]).fields, three])

    if not whole.conflicts:
        assert _types(whole.fields) == _types(grouped.fields)
        assert not [
            found for found in compare(whole.fields, grouped.fields) if found.change in {Change.ADDED, Change.REMOVED}
        ]


def _types(schema: tuple[Field, ...]) -> list[tuple[tuple[str, ...], str]]:
    return [(path, field.type) for path, field in walk(schema)]
