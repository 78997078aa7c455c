"""A backfill as a person and a program read it: its windows before, how far it is, and what it brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from replicator.forecast.windows import Window
from replicator.report.outcome import Outcome
from replicator.report.tables import print_table
from replicator.report.words import counted, duration, number, size


@dataclass(slots=True)
class Brought:
    """What the runs of one window brought.

    Attributes:
        window: The window.
        outcomes: Its runs in their order; more than one where units were left by the first.
    """

    window: Window
    outcomes: list[Outcome] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            **self.window.span.as_argument(),
            "runs": [outcome.run for outcome in self.outcomes],
            **{name: sum(getattr(outcome, name) for outcome in self.outcomes) for name in _COUNTS},
        }


_COUNTS = ("units", "rows", "bytes", "copies")


def as_json(windows: Sequence[Window], brought: Sequence[Brought]) -> dict[str, Any]:
    """The whole backfill as plain values: ``windows`` that ended, sums, and how many windows are still to come."""
    ended = [one.as_json() for one in brought]
    return {
        "windows": ended,
        **{name: sum(one[name] for one in ended) for name in _COUNTS},
        "windows_to_come": len(windows) - len(ended),
    }


def planned(windows: Sequence[Window]) -> list[dict[str, Any]]:
    """The windows before anything is moved, as plain values."""
    return [
        {**window.span.as_argument(), "units": window.units, "rows": window.rows, "bytes": window.bytes,
         "sources": list(window.sources)}
        for window in windows
    ]  # fmt: skip


def print_windows(windows: Sequence[Window]) -> None:
    """Print one line on stdout for each window, in the order in which they are taken."""
    print_table(
        ["window", "days", "units", "rows", "bytes", "sources"],
        [
            [
                days_of(window),
                number((window.span.end - window.span.start).days),
                number(window.units),
                number(window.rows),
                size(window.bytes),
                ", ".join(window.sources),
            ]
            for window in windows
        ],
        right=["days", "units", "rows", "bytes"],
    )


def days_of(window: Window) -> str:
    """The first and the last day of a window, in words."""
    return f"{window.span.start} to {window.span.end - timedelta(days=1)}"


def announcement(windows: Sequence[Window], at: int, seconds: float) -> str:
    """Which window comes next, and how long all of it will take by what was seen so far.

    Args:
        windows: All of them.
        at: The index of the one that begins.
        seconds: How long those before it took.
    """
    before, after = (sum(window.units for window in part) for part in (windows[:at], windows[at:]))
    left = f", about {duration(seconds / before * after)} left" if before else ""
    return f"window {at + 1} of {len(windows)}: {days_of(windows[at])}, {counted(windows[at].units, 'unit')}{left}"


def summary(windows: Sequence[Window], brought: Sequence[Brought]) -> str:
    """What was brought, in one line."""
    total = as_json(windows, brought)
    return ", ".join(
        (
            f"{len(brought)} of {counted(len(windows), 'window')}",
            counted(total["units"], "unit"),
            counted(total["rows"], "row"),
            size(total["bytes"]),
            counted(total["copies"], "copy", "copies"),
        )
    )
