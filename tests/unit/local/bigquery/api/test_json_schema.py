"""Columns found in newline-delimited JSON."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.api.json_rows import Refusal
from replicator.local.bigquery.api.json_schema import detected_fields
from replicator.schema.fields import Field


def test_detected_columns_join_over_rows() -> None:
    """A column is what all of its values can be; a list here and a value there is refused."""
    rows = b'{"a": 1, "r": {"x": 1}}\n{"a": 1.5, "r": {"y": [true]}, "s": "x"}\n{"s": 1, "n": null}'
    found = {field.name: field.googlesql for field in detected_fields(rows, (), adds=False)}
    assert found == {"a": "FLOAT64", "r": "STRUCT<x INT64, y ARRAY<BOOL>>", "s": "STRING"}
    with pytest.raises(Refusal, match="array in one row"):
        detected_fields(b'{"a": 1}\n{"a": [1]}', (), adds=False)


def test_a_tables_columns_stay_what_they_are() -> None:
    """Values are found for new columns only, and only where columns may be added."""
    known = (Field("a", "STRING"), Field("r", "RECORD", fields=(Field("x", "STRING"),)))
    rows = b'{"A": "12", "r": {"x": "7", "y": 1}, "z": 1.5}'
    assert detected_fields(rows, known, adds=False) == known
    found = {field.name: field.googlesql for field in detected_fields(rows, known, adds=True)}
    assert found == {"a": "STRING", "r": "STRUCT<x STRING, y INT64>", "z": "FLOAT64"}


def test_the_first_five_hundred_rows_are_looked_at() -> None:
    """What comes later does not change the schema (schema-detect)."""
    rows = b'{"a": 1}\n' * 500 + b'{"a": "text", "b": 1}\n'
    assert detected_fields(rows, (), adds=False) == (Field("a", "INTEGER"),)
