"""Schemas of rows that are added to a table."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.api.writing import Destination, Write, combined, read_destination
from replicator.local.bigquery.errors import BigQueryError
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode

OLD = (Field("a", "INTEGER", Mode.REQUIRED), Field("r", "RECORD", fields=(Field("x", "STRING"),)))


def destination(*, adds: bool = False, relaxes: bool = False) -> Destination:
    return Destination(
        TableRef("acme-test", "d", "t"), None, Write.APPEND, creates=True, adds_fields=adds, relaxes=relaxes
    )


def test_fields_are_matched_by_name_at_every_depth() -> None:
    """Order does not matter; what the rows lack stays."""
    new = (Field("R", "RECORD", fields=(Field("X", "STRING"),)), Field("A", "INTEGER", Mode.REQUIRED))
    assert combined(OLD, new, destination()) == OLD


def test_new_fields_go_to_the_end_of_their_record_when_allowed() -> None:
    """ALLOW_FIELD_ADDITION adds them, and none that is REQUIRED."""
    new = (
        Field("n", "DATE"),
        Field("a", "INTEGER", Mode.REQUIRED),
        Field("r", "RECORD", fields=(Field("y", "STRING"), Field("x", "STRING"))),
    )
    merged = combined(OLD, new, destination(adds=True))
    assert [field.name for field in merged] == ["a", "r", "n"]
    assert [field.name for field in merged[1].fields] == ["x", "y"]
    required = (Field("a", "INTEGER", Mode.REQUIRED), Field("n", "DATE", Mode.REQUIRED))
    with pytest.raises(BigQueryError, match=r"Cannot add required fields to an existing schema. \(field: n\)"):
        combined(OLD, required, destination(adds=True))
    with pytest.raises(BigQueryError, match=r"Cannot add fields \(field: r.y\)"):
        combined(OLD, new, destination())


@pytest.mark.parametrize(
    ("new", "fact"),
    [
        ((Field("a", "STRING", Mode.REQUIRED),), "Field a has changed type from INTEGER to STRING"),
        ((Field("a", "INTEGER", Mode.REPEATED),), "Field a has changed mode from REQUIRED to REPEATED"),
        ((), "Missing required field: a"),
    ],
)
def test_types_and_modes_do_not_change(new: tuple[Field, ...], fact: str) -> None:
    """Refused in the service's words."""
    with pytest.raises(BigQueryError, match=fact):
        combined(OLD, new, destination())


def test_a_required_field_is_relaxed_only_when_allowed() -> None:
    """ALLOW_FIELD_RELAXATION makes it NULLABLE where the rows' own is, or where they have none."""
    new = (Field("a", "INTEGER"),)
    assert combined(OLD, new, destination(relaxes=True))[0].mode is Mode.NULLABLE
    assert combined(OLD, OLD[1:], destination(relaxes=True))[0].mode is Mode.NULLABLE
    with pytest.raises(BigQueryError, match="Field a has changed mode from REQUIRED to NULLABLE"):
        combined(OLD, new, destination())


@pytest.mark.parametrize(
    ("configuration", "fact"),
    [
        ({}, "destinationTable"),
        ({"destinationTable": {"datasetId": "d"}}, "tableId"),
        ({"destinationTable": {"datasetId": "d", "tableId": "a/b"}}, "Invalid table reference"),
        ({"destinationTable": {"datasetId": "d", "tableId": "t$"}}, "Invalid partition decorator"),
        ({"destinationTable": {"datasetId": "d", "tableId": "t"}, "writeDisposition": "X"}, "writeDisposition"),
        ({"destinationTable": {"datasetId": "d", "tableId": "t"}, "createDisposition": "X"}, "createDisposition"),
        (
            {"destinationTable": {"datasetId": "d", "tableId": "t"}, "schemaUpdateOptions": ["ALLOW_FIELD_ADDITION"]},
            "Schema update options",
        ),
    ],
)
def test_a_malformed_destination_is_refused(configuration: dict[str, object], fact: str) -> None:
    """The message names what is wrong."""
    with pytest.raises(BigQueryError, match=fact):
        read_destination(configuration, project="acme-test", default=Write.EMPTY)
