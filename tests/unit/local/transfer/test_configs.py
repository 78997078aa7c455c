"""A patch of a transfer config, field by field and within fields."""

from __future__ import annotations

import pytest

from replicator.local.rest import ApiError, Json
from replicator.local.transfer.configs import patched, read_config

BODY: Json = {
    "displayName": "old",
    "params": {"source_dataset_id": "a"},
    "scheduleOptions": {"disableAutoScheduling": True, "startTime": "2026-01-01T00:00:00Z"},
}


def patch(mask: str, changes: Json) -> Json:
    return {field: value for field, value in patched(BODY, changes, mask, now=0.0).items() if field != "updateTime"}


def test_a_path_within_a_field_changes_nothing_beside_it() -> None:
    """The other option stays."""
    changed = patch("schedule_options.start_time", {"scheduleOptions": {"startTime": "2027-01-01T00:00:00Z"}})

    assert changed == {
        **BODY,
        "scheduleOptions": {"disableAutoScheduling": True, "startTime": "2027-01-01T00:00:00Z"},
    }


def test_a_field_of_the_mask_that_is_not_given_is_taken_away() -> None:
    """As a field mask means it."""
    assert patch("displayName,scheduleOptions.startTime", {}) == {
        "params": {"source_dataset_id": "a"},
        "scheduleOptions": {"disableAutoScheduling": True},
    }


def test_the_old_body_is_not_changed() -> None:
    """It is still what is stored until the new one is."""
    before = repr(BODY)
    patch("params", {"params": {}})

    assert repr(BODY) == before


def test_what_only_the_service_says_is_not_taken_from_a_client() -> None:
    """Its state and its name are the service's."""
    assert read_config({"name": "x", "state": 4, "displayName": "d"}) == {"displayName": "d"}


@pytest.mark.parametrize("field", ["displayname", "display_name", "nonsense"])
def test_a_field_that_there_is_not_is_refused(field: str) -> None:
    """A misspelt one would otherwise be lost in silence."""
    with pytest.raises(ApiError, match=field):
        read_config({field: 1})
