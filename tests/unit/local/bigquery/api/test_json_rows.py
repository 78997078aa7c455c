"""Rows that arrive as JSON."""

from __future__ import annotations

import json

import pytest

from replicator.local.bigquery.api.json_rows import (
    Refusal,
    Rules,
    TooManyRefusals,
    parsed,
    read_lines,
    scalar_text,
    written,
)
from replicator.schema.fields import Field, Mode

FIELDS = (
    Field("id", "INTEGER", Mode.REQUIRED),
    Field("Tags", "STRING", Mode.REPEATED),
    Field("r", "RECORD", fields=(Field("at", "TIMESTAMP"), Field("j", "JSON"))),
)


def test_a_row_is_completed_and_its_names_are_the_tables() -> None:
    """Missing values are NULL, missing arrays empty, names compared without regard to case."""
    line = written(parsed(b'{"ID": 7, "r": {"at": "2026-01-02 03:04:05.5 UTC", "j": {"a": [1.5]}}}'), FIELDS)
    assert json.loads(line) == {
        "id": "7",
        "Tags": [],
        "r": {"at": "2026-01-02 03:04:05.500000+00", "j": '{"a":[1.5]}'},
    }


def test_a_files_null_is_a_document_and_a_streamed_one_is_none() -> None:
    """Only of a JSON column; a value that is missing is NULL either way."""
    fields = [Field("j", "JSON"), Field("s", "STRING")]
    assert json.loads(written({"j": None, "s": None}, fields)) == {"j": "null", "s": None}
    assert json.loads(written({"j": None}, fields, Rules(json_as_text=True))) == {"j": None, "s": None}
    assert json.loads(written({}, fields)) == {"j": None, "s": None}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "Missing required field: id."),
        ({"id": 1, "no": 2}, "no such field: no."),
        ({"id": 1, "r": {"no": 2}}, "no such field: r.no."),
        ({"id": 1.5}, "Could not convert value '1.5' to int64. Field: id"),
        ({"id": 2**63}, "Could not convert value"),
        ({"id": True}, "Could not convert value"),
        ({"id": 1, "Tags": "x"}, "repeated"),
        ({"id": 1, "Tags": [None]}, "Only optional fields can be set to NULL"),
        ({"id": [1]}, "Array specified for non-repeated field"),
        ({"id": 1, "r": 1}, "is not a record"),
    ],
)
def test_a_row_that_does_not_fit_names_its_field(row: dict[str, object], message: str) -> None:
    """The reason is told with the path of the field."""
    with pytest.raises(Refusal, match=message):
        written(parsed(json.dumps(row).encode()), FIELDS)


def test_bad_rows_are_passed_over_up_to_the_limit() -> None:
    """MaxBadRecords rows may be wrong, one more fails the load; each is told with its place in bytes."""
    data = b'{"id": 1}\n\n{"id": "x"}\n{"id": 2}\n'
    read = read_lines(data, FIELDS, bad_records=1)
    assert (len(read.lines), len(read.bad)) == (2, 1)
    assert read.bad[0].startswith("JSON parsing error in row starting at position 11: Could not convert value 'x'")
    with pytest.raises(
        TooManyRefusals, match=r"JSON table encountered too many errors, giving up\. Rows: 2; errors: 1"
    ):
        read_lines(data, FIELDS)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("NaN", "FLOAT", "nan"),
        (1, "FLOAT", "1.0"),
        ("1e3", "INTEGER", "1000"),
        (True, "STRING", "true"),
        ("0.1234567891", "NUMERIC", "0.123456789"),
        ("qgA=", "BYTES", "qgA="),
        (0, "TIMESTAMP", "1970-01-01 00:00:00+00"),
        ("2026-01-02T03:04:05+09:00", "TIMESTAMP", "2026-01-01 18:04:05+00"),
        ("0001-01-01T00:00:00Z", "TIMESTAMP", "0001-01-01 00:00:00+00"),
        ("2026-01-02T03:04:05", "DATETIME", "2026-01-02 03:04:05"),
    ],
)
def test_scalars_are_written_as_the_engine_reads_them(value: object, kind: str, text: str) -> None:
    """Nothing is left to a cast that guesses."""
    assert scalar_text(value, kind) == text
