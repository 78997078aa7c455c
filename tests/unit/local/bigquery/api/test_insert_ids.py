"""Rows that are streamed twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from replicator.local.bigquery.api.insert_ids import InsertIds

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_id_is_remembered_for_a_minute_by_table() -> None:
    """Within a request too; rows without an id are all written."""
    now = [START]
    ids = InsertIds(lambda: now[0])
    with ids.new(1, [("a", "1"), ("a", "2"), ("", "3"), ("", "3")]) as lines:
        assert lines == ["1", "3", "3"]
    now[0] += timedelta(seconds=59)
    with ids.new(1, [("a", "4"), ("b", "5")]) as lines:
        assert lines == ["5"]
    with ids.new(2, [("a", "6")]) as lines:
        assert lines == ["6"]
    now[0] += timedelta(seconds=1)
    with ids.new(1, [("a", "7"), ("b", "8")]) as lines:
        assert lines == ["7"]


def test_what_was_not_written_is_not_remembered() -> None:
    """A request that failed may come again."""
    ids = InsertIds(lambda: START)
    failed = "not written"
    with pytest.raises(RuntimeError, match=failed), ids.new(1, [("a", "1")]):
        raise RuntimeError(failed)
    with ids.new(1, [("a", "1")]) as lines:
        assert lines == ["1"]
