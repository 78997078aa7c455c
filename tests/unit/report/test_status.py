"""A status is read in one look, and by a program."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from replicator.ledger.history import DriftedField, Fence, Freshness, RunRecord, SourceOutcome
from replicator.report.status import Status, print_status
from replicator.schema.compare import Change
from replicator.sql.drift import Policies

_NOW = datetime(2026, 11, 5, 6, tzinfo=UTC)
_START = _NOW - timedelta(minutes=30)
_PART = SourceOutcome("japan", "done", units=2, rows=300, bytes=1_500, copies=1, detail=None)


def _status(holder: str | None, *, expires: timedelta = timedelta(minutes=5), state: str = "done") -> Status:
    error = "brazil: dataset not found" if state == "failed" else None
    ended = None if state == "started" else _START + timedelta(seconds=75)
    run = RunRecord("ga4-000002", 2, state, _START, ended, error, (_PART, _PART))
    fresh = Freshness("japan", "acme-jp.analytics_301", 4, "2026-11-05", _NOW - timedelta(days=1, hours=2))
    drifted = DriftedField("japan", "analytics_1", "items.coupon", Change.ADDED, "STRING", None, _START, _NOW)
    return Status(_NOW, Fence(holder, 2, _NOW + expires), (run,), (fresh,), (drifted,))


@pytest.mark.parametrize(
    ("holder", "expires", "said"),
    [
        (None, 5, "fence: free, last epoch 2"),
        ("run-a", 5, "fence: held by run-a until 2026-11-05 06:05:00 UTC, epoch 2"),
        ("run-a", -5, "fence: left behind by run-a, free since 2026-11-05 05:55:00 UTC"),
    ],
)
def test_the_fence_is_free_held_or_left_behind(
    holder: str | None, expires: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lease that has run out holds nobody back."""
    print_status(_status(holder, expires=timedelta(minutes=expires)), Policies())

    assert capsys.readouterr().out.splitlines()[0] == said


def test_a_run_is_the_sum_of_its_sources(capsys: pytest.CaptureFixture[str]) -> None:
    """Units, rows, bytes and copies of all of them, and how long it took."""
    print_status(_status(None), Policies())

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "ga4-000002 done 2026-11-05 05:30:00 1 min 15 s 4 600 3.0 kB 2" in lines


def test_a_source_shows_its_newest_day_and_when_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    """The ledger's range ends before the day it names; a person wants the last day that is there."""
    print_status(_status(None), Policies())

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "japan acme-jp.analytics_301 2026-11-04 4 1 d 2 h ago" in lines


def test_why_a_run_failed_is_said_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Below the table, since a reason does not fit into a cell."""
    print_status(_status(None, state="failed"), Policies())

    assert "ga4-000002: brazil: dataset not found" in capsys.readouterr().out


def test_a_run_that_goes_on_has_no_end_yet(capsys: pytest.CaptureFixture[str]) -> None:
    """No made-up duration."""
    print_status(_status("run-a", state="started"), Policies())

    printed = [line.split()[:5] for line in capsys.readouterr().out.splitlines()]
    assert ["ga4-000002", "started", "2026-11-05", "05:30:00", "-"] in printed


def test_a_field_that_drifted_is_named_with_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    """Where, which field, what became of it, since when."""
    print_status(_status(None), Policies())

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "japan items.coupon added STRING left out 2026-11-05 05:30:00 2026-11-05 06:00:00" in lines


def test_what_is_ignored_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where a run saw it before it was ignored."""
    print_status(_status(None), Policies(ignore=("items",)))

    assert "coupon" not in capsys.readouterr().out


def test_what_there_is_nothing_of_has_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Before the first run nothing is printed at all."""
    print_status(Status(_NOW, None, (), (), ()), Policies())

    assert capsys.readouterr().out == ""


def test_a_program_reads_the_same_as_json() -> None:
    """Nothing in it but what JSON has; moments in ISO 8601."""
    read = json.loads(json.dumps(_status(None).as_json()))

    assert read["freshness"][0]["newest_end"] == "2026-11-05"
    assert read["runs"][0]["started_at"] == "2026-11-05T05:30:00+00:00"
    assert read["runs"][0]["sources"][0]["rows"] == 300
