"""When a job is due: cron in a time zone.

cloud.google.com/scheduler/docs/configuring/cron-job-schedules: five fields of unix-cron. cronsim reads them: it follows
Debian's cron also where the clocks change, is typed, needs nothing else, and is kept up by the service that runs on it.
Where Cloud Scheduler stands when the clocks change no page says to the minute.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from replicator.local.rest import invalid

_FIELDS: Final = re.compile(r"[0-9*/,A-Za-z-]+(?: +[0-9*/,A-Za-z-]+){4}")
_NAMES: Final = re.compile(r"[A-Za-z]+")
_KNOWN_NAMES: Final = frozenset(
    "jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun".split()  # noqa: SIM905 - read as a line
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron expression in a time zone."""

    cron: str
    zone: ZoneInfo

    def after(self, now: float) -> float | None:
        """The first time after ``now`` at which it is due, or None when there is none; seconds since 1970."""
        try:
            found = next(CronSim(self.cron, datetime.fromtimestamp(now, UTC).astimezone(self.zone)))
        except StopIteration:
            return None
        return found.timestamp()

    def last(self, start: float, now: float) -> float:
        """The last time from ``start``, at which it was due, to ``now``."""
        backwards = CronSim(self.cron, datetime.fromtimestamp(now + 60, UTC).astimezone(self.zone), reverse=True)
        for found in backwards:
            if found.timestamp() <= now:
                return max(found.timestamp(), start)
        return start


def read_schedule(schedule: object, time_zone: object) -> Schedule:
    """The schedule of a job.

    Raises:
        ApiError: It is no unix-cron, or there is no such time zone.
    """
    message = "Schedule or time zone is invalid."
    if not isinstance(schedule, str) or not isinstance(time_zone, str):
        raise invalid(message)
    text = schedule.strip()
    named = {name.lower() for name in _NAMES.findall(text)}
    if not _FIELDS.fullmatch(text) or not named <= _KNOWN_NAMES:
        message = f"{message} Five fields of unix-cron are read here, not {schedule!r}."
        raise invalid(message)
    try:
        zone = ZoneInfo(time_zone or "UTC")
        CronSim(text, datetime.now(UTC))
    except (CronSimError, ValueError, OSError) as error:
        # ZoneInfoNotFoundError is a KeyError, and an odd name a ValueError or an OSError.
        raise invalid(message) from error
    except KeyError as error:
        raise invalid(message) from error
    return Schedule(text, zone)
