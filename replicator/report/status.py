"""How a pipeline stands: its last runs, how fresh each source is, who holds the fence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from replicator.ledger.fate import Fate, fate, unabsorbed
from replicator.ledger.history import DriftedField, Fence, Freshness, RunRecord
from replicator.report.tables import print_table
from replicator.report.words import BY_DATASET, duration, number, size
from replicator.sql.drift import Policies


@dataclass(frozen=True, slots=True)
class Status:
    """What the ledger says at one moment.

    Attributes:
        at: When it was asked.
        fence: Who may commit; None before the target's first run.
        runs: The last runs, newest first.
        freshness: One entry for each value of the source column that was ever committed.
        drift: Fields that are not in a source as they are in the target.
    """

    at: datetime
    fence: Fence | None
    runs: Sequence[RunRecord]
    freshness: Sequence[Freshness]
    drift: Sequence[DriftedField]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values; dates and times as ISO 8601 text."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def print_status(status: Status, policies: Policies) -> None:
    """Print the status on stdout; a table that would be empty is left out.

    Args:
        status: What the ledger says.
        policies: What the next run does about drift.
    """
    if status.fence is not None:
        print(f"fence: {_holder(status.fence, status.at)}")  # the answer goes to stdout
    if status.runs:
        _section()
        print_table(
            ["run", "state", "started", "took", "units", "rows", "bytes", "copies"],
            [_run_cells(run) for run in status.runs],
            right=["took", "units", "rows", "bytes", "copies"],
        )
    for run in status.runs:
        if run.error is not None and run.state == "failed":
            print(f"{run.run}: {run.error}")  # as above
    for part in status.runs[0].sources if status.runs else ():
        if part.by_dataset:
            print(f"{status.runs[0].run}: {part.source}: {BY_DATASET}")  # as above
    if status.freshness:
        _section()
        print_table(
            ["source", "property", "newest", "units", "committed"],
            [_fresh_cells(fresh, status.at) for fresh in status.freshness],
            right=["units", "committed"],
        )
    telling = unabsorbed(status.drift, policies)
    if telling:
        _section()
        print_table(
            ["source", "field", "drift", "type", "next run", "first seen", "last seen"],
            [_drift_cells(drifted, fate(drifted, policies)) for drifted in telling],
        )
        print("what accepts it, and what is absorbed without a word: replicator drift")  # as above


def _section() -> None:
    print()  # the answer goes to stdout


def _holder(fence: Fence, now: datetime) -> str:
    if fence.holder is None:
        return f"free, last epoch {fence.epoch}"
    if fence.expires <= now:
        return f"left behind by {fence.holder}, free since {fence.expires:%Y-%m-%d %H:%M:%S} UTC"
    return f"held by {fence.holder} until {fence.expires:%Y-%m-%d %H:%M:%S} UTC, epoch {fence.epoch}"


def _fresh_cells(fresh: Freshness, now: datetime) -> list[str]:
    return [
        fresh.source,
        fresh.owner,
        _newest(fresh.newest_end),
        number(fresh.units),
        f"{_ago(fresh.committed_at, now)} ago",
    ]


def _newest(end: str | None) -> str:
    """The last day before an exclusive end; what is no day is told as the end that it is."""
    if end is None:
        return "-"
    if len(end) == len("2026-11-05") and end[4] == "-":
        return (date.fromisoformat(end) - timedelta(days=1)).isoformat()
    return f"before {end}"


def _drift_cells(drifted: DriftedField, then: Fate) -> list[str]:
    return [
        drifted.source,
        drifted.path,
        drifted.change.value,
        drifted.data_type or "-",
        then.value,
        f"{drifted.first_seen:%Y-%m-%d %H:%M:%S}",
        f"{drifted.last_seen:%Y-%m-%d %H:%M:%S}",
    ]


def _run_cells(run: RunRecord) -> list[str]:
    parts = run.sources
    took = run.ended_at - run.started_at if run.ended_at is not None and run.started_at is not None else None
    return [
        run.run,
        run.state,
        "-" if run.started_at is None else f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        "-" if took is None else duration(took.total_seconds()),
        number(sum(part.units for part in parts)),
        number(sum(part.rows for part in parts)),
        size(sum(part.bytes for part in parts)),
        number(sum(part.copies for part in parts)),
    ]


def _ago(moment: datetime, now: datetime) -> str:
    days, rest = divmod(max((now - moment).total_seconds(), 0.0), 86_400)
    return f"{days:.0f} d {rest // 3_600:.0f} h" if days else duration(rest)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value
