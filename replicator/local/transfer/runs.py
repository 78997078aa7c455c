"""Transfer runs as resources: how one begins, and how it is shown."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from replicator.local.rest import Json, enum_name, invalid, normalized_timestamp, timestamp
from replicator.local.transfer.store import Config, Message, Run

STATES: Final = {
    "TRANSFER_STATE_UNSPECIFIED": 0,
    "PENDING": 2,
    "RUNNING": 3,
    "SUCCEEDED": 4,
    "FAILED": 5,
    "CANCELLED": 6,
}
SEVERITIES: Final = {"MESSAGE_SEVERITY_UNSPECIFIED": 0, "INFO": 1, "WARNING": 2, "ERROR": 3}

_MOST_RUNS: Final = 1_000
"""Days in a time range that is asked for at once; our bound, no page names one."""


def new_run(config: Config, *, run_time: str, due: float, now: float) -> Run:
    """A run that waits to be started.

    Args:
        config: What it will do.
        run_time: The time it is "for": what was requested, RFC 3339.
        due: When it may start, seconds since 1970.
        now: Seconds since 1970.
    """
    body = {
        "scheduleTime": timestamp(due),
        "runTime": run_time,
        "updateTime": timestamp(now),
        "dataSourceId": config.body["dataSourceId"],
        "destinationDatasetId": config.body["destinationDatasetId"],
        "params": config.body["params"],
    }
    return Run(str(uuid.uuid4()), config.id, "PENDING", due, body)


def requested_times(body: Json) -> Sequence[str]:
    """For which times ``startManualRuns`` asks for runs: one, or one for each day of a range.

    Raises:
        ApiError: Neither was given, or both, or one that is no time.
    """
    if unknown := sorted(set(body) - {"parent", "requestedRunTime", "requestedTimeRange"}):
        message = f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.'
        raise invalid(message)
    match body:
        case {"requestedRunTime": _, "requestedTimeRange": _}:
            message = "Invalid value (oneof), 'requested_run_time' and 'requested_time_range' exclude each other"
            raise invalid(message)
        case {"requestedRunTime": time}:
            return [normalized_timestamp("requested_run_time", time)]
        case {"requestedTimeRange": dict() as span}:
            return _days(span)
        case _:
            # An on-demand config has no schedule from which the times could come.
            message = "Either requested_run_time or requested_time_range must be set"
            raise invalid(message)


def seconds_of(time: str) -> float:
    """A time that ``requested_times`` gave, in seconds since 1970."""
    return datetime.fromisoformat(time).timestamp()


def _days(span: Json) -> Sequence[str]:
    """One time for each day from the start, inclusive, to the end, exclusive."""
    start, end = (
        datetime.fromisoformat(normalized_timestamp(f"requested_time_range.{name}", span.get(key)))
        for name, key in (("start_time", "startTime"), ("end_time", "endTime"))
    )
    if start >= end or end - start > timedelta(days=_MOST_RUNS):
        message = f"Invalid requested_time_range: it spans no time, or more than {_MOST_RUNS} days"
        raise invalid(message)
    days = -(-(end - start) // timedelta(days=1))
    return [timestamp((start + timedelta(days=day)).timestamp()) for day in range(days)]


def show_run(config: Config, run: Run, *, numeric: bool) -> Json:
    """The resource, as ``runs.get`` answers it."""
    state = STATES[run.state] if numeric else run.state
    return {"name": f"{config.name}/runs/{run.id}", "state": state, **run.body}


def show_message(message: Message, *, numeric: bool) -> Json:
    """One line of ``transferLogs``."""
    severity = SEVERITIES[message.severity] if numeric else message.severity
    return {"messageTime": timestamp(message.at), "severity": severity, "messageText": message.text}


def wanted_states(values: Sequence[str]) -> frozenset[str]:
    """The states that ``runs.list`` filters by; all of them when it does not."""
    return frozenset(enum_name("states", value, STATES) for value in values) or frozenset(STATES)


def wanted_severities(values: Sequence[str]) -> frozenset[str]:
    """The severities that ``transferLogs.list`` filters by; all of them when it does not."""
    return frozenset(enum_name("message_types", value, SEVERITIES) for value in values) or frozenset(SEVERITIES)
