"""How far back tables can be read, and the errors of those who ask for another time.

https://docs.cloud.google.com/bigquery/docs/time-travel, …/access-historical-data
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from replicator.local.bigquery.errors import BigQueryError, refuse
from replicator.names import TableRef

HOUR: Final = timedelta(hours=1)
MOST_TIME_TRAVEL: Final = timedelta(hours=168)
"""The window of a dataset that does not say, and the longest there is."""
_LEAST: Final = 48
_STEP: Final = 24
_MICROS_A_MILLI: Final = 1_000


def checked_time_travel(hours: int) -> timedelta:
    """The window of so many hours.

    Raises:
        BigQueryError: A window is two to seven whole days.
    """
    if hours % _STEP or not _LEAST <= hours <= MOST_TIME_TRAVEL // HOUR:
        fact = f"Invalid value for max_time_travel_hours: {hours}. It is a multiple of {_STEP} from {_LEAST} to 168"
        refuse("invalid", fact, location="maxTimeTravelHours")
    return timedelta(hours=hours)


def too_early(ref: TableRef, moment: int, first: int) -> BigQueryError:
    """The error for a time before the window, or before there was the table; both in microseconds since 1970."""
    return BigQueryError("invalid", f"{_told(ref, moment)} Cannot read before {first // _MICROS_A_MILLI}.")


def too_late(ref: TableRef, moment: int) -> BigQueryError:
    """The error for a time to come."""
    return BigQueryError("invalid", f"{_told(ref, moment)} Cannot read after the current time.")


def _told(ref: TableRef, moment: int) -> str:
    at = moment // _MICROS_A_MILLI
    return f"Invalid snapshot time {at} for table {ref.project}:{ref.dataset}.{ref.table}@{at}."
