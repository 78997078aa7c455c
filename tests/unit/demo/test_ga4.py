"""Schemas are edited by path, and a path that is not there is an error."""

from __future__ import annotations

import pytest

from replicator.demo.ga4 import inserted, reordered, without
from replicator.schema.fields import Field

_FIELDS = (Field("a", "STRING"), Field("r", "RECORD", fields=(Field("x", "STRING"), Field("y", "STRING"))))


def test_a_field_is_left_out_and_an_emptied_record_goes_with_it() -> None:
    """BigQuery has no record without fields."""
    assert without(_FIELDS, "r.x")[1].fields == (Field("y", "STRING"),)
    assert without(_FIELDS, "r.x", "r.y") == (_FIELDS[0],)


def test_siblings_change_places() -> None:
    """Only the record that was named."""
    assert [child.name for child in reordered(_FIELDS, "r")[1].fields] == ["y", "x"]


def test_a_column_is_inserted_in_the_middle() -> None:
    """Right behind the column that was named."""
    assert [field.name for field in inserted(_FIELDS, Field("n", "STRING"), after="a")] == ["a", "n", "r"]


def test_a_path_that_is_not_there_is_an_error() -> None:
    """A typing mistake in the demo's drift would make the demo easier than it says."""
    with pytest.raises(KeyError):
        without(_FIELDS, "r.z")
    with pytest.raises(KeyError):
        inserted(_FIELDS, Field("n", "STRING"), after="z")
