"""A table's schema grows, and what is there stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from replicator.schema.fields import Field, Mode
from replicator.schema.growth import field_of, grown
from tests.unit.schema.schemas import fields as any_field
from tests.unit.schema.schemas import record, scalar

ITEMS = {
    "name": "items", "type": "RECORD", "mode": "REPEATED", "description": "bought", "fields": [
        {"name": "id", "type": "STRING", "mode": "REQUIRED", "policyTags": {"names": ["tag"]}}],
}  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(any_field)
def test_a_type_that_is_printed_is_read_again(field: Field) -> None:
    """At every depth; a type says of no mode but REPEATED."""
    assert field_of("x", field.googlesql).googlesql == field.googlesql


def test_names_in_backquotes_and_parameters_are_read() -> None:
    """Reserved words are quoted; the parameters of a type are no part of it."""
    assert field_of("x", "STRUCT<`end` STRING(10), n NUMERIC(10, 2)>") == record(
        "x", scalar("end"), scalar("n", "NUMERIC")
    )


@pytest.mark.parametrize("text", ["STRUCT<a", "NOTHING", "STRING STRING", "ARRAY<STRING>>"])
def test_what_is_no_type_is_refused(text: str) -> None:
    """Rather than half of it taken."""
    with pytest.raises(ValueError, match="is not a BigQuery type"):
        field_of("x", text)


def test_a_field_stands_at_the_end_of_its_record() -> None:
    """Descriptions, policy tags and modes stay; twice is once; a record gains what it lacks of another."""
    wanted = record("params", scalar("key"), mode=Mode.REPEATED)
    once = grown([ITEMS], ("Items",), wanted)

    assert once[0]["fields"] == [*ITEMS["fields"], wanted.to_api()]
    assert {name: once[0][name] for name in ("description", "mode")} == {"description": "bought", "mode": "REPEATED"}
    assert grown(once, ("items",), wanted) == once
    wider = record("params", scalar("KEY"), scalar("value"), mode=Mode.REPEATED)
    assert [one["name"] for one in grown(once, ("items",), wider)[0]["fields"][1]["fields"]] == ["key", "value"]


def test_a_record_that_is_not_there_is_named() -> None:
    """It was dropped, or is something else by now."""
    with pytest.raises(ValueError, match="there is no record geo"):
        grown([ITEMS], ("geo",), scalar("city"))
