"""How a backfill is told: what comes next, how long it takes, what it brought."""

from __future__ import annotations

from datetime import date
from typing import Final

import pytest

from replicator.forecast.due import Span
from replicator.forecast.windows import Window
from replicator.report.backfill import Brought, announcement, as_json, planned, print_windows, summary
from replicator.report.outcome import Outcome

WINDOWS: Final = (
    Window(Span(date(2025, 2, 1), date(2025, 3, 1)), 30, 3_000, 2_000_000, ("brazil", "japan")),
    Window(Span(date(2025, 1, 1), date(2025, 2, 1)), 60, 6_000, 4_000_000, ("japan",)),
)


def outcome(run: str, units: int) -> Outcome:
    """A run that brought so many units of a hundred rows."""
    return Outcome(run, "done", units, 100 * units, 1_000 * units, 2, ())


def test_the_windows_are_shown_in_the_order_in_which_they_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """With their first and last day, on paper and for a program."""
    print_windows(WINDOWS)

    first, second = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("2025")]
    assert first == ["2025-02-01", "to", "2025-02-28", "28", "30", "3,000", "2.0", "MB", "brazil,", "japan"]
    assert second[:4] == ["2025-01-01", "to", "2025-01-31", "31"]
    assert planned(WINDOWS)[1] == {
        "from": "2025-01-01", "to": "2025-02-01", "units": 60, "rows": 6_000, "bytes": 4_000_000, "sources": ["japan"],
    }  # fmt: skip


def test_how_long_it_takes_is_told_from_what_was_seen() -> None:
    """Nothing before the first window has ended; then by units: 30 took half a minute, 60 take a whole one."""
    assert announcement(WINDOWS, 0, 0) == "window 1 of 2: 2025-02-01 to 2025-02-28, 30 units"
    assert announcement(WINDOWS, 1, 30) == ("window 2 of 2: 2025-01-01 to 2025-01-31, 60 units, about 1 min 00 s left")


def test_the_runs_of_a_window_are_added_up() -> None:
    """A window that did not fit into one run took two; the other window is still to come."""
    brought = [Brought(WINDOWS[0], [outcome("ga-000001", 20), outcome("ga-000002", 10)])]

    assert summary(WINDOWS, brought) == "1 of 2 windows, 30 units, 3,000 rows, 30.0 kB, 4 copies"
    assert as_json(WINDOWS, brought) == {
        "windows": [
            {"from": "2025-02-01", "to": "2025-03-01", "runs": ["ga-000001", "ga-000002"], "units": 30, "rows": 3_000,
             "bytes": 30_000, "copies": 4},
        ],
        "units": 30, "rows": 3_000, "bytes": 30_000, "copies": 4, "windows_to_come": 1,
    }  # fmt: skip
