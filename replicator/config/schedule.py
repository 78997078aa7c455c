"""When a pipeline runs by itself."""

from __future__ import annotations

import re
import zoneinfo
from typing import Annotated, Final

from pydantic import Field, PlainValidator, WithJsonSchema

from replicator.config.section import Section, nearest, refuse
from replicator.config.words import text
from replicator.source.tree import Plain

# scheduler/docs/configuring/cron-job-schedules
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_PART: Final = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_ZONE: Final = re.compile(r"UTC|[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*")


def _cron(raw: Plain) -> str:
    written = text(raw)
    fields = written.split()
    if len(fields) != len(_FIELDS):
        refuse(
            f"'{written}' has {len(fields)} of the five fields of cron",
            "write minute, hour, day, month and day of the week, such as 15 5 * * *",
        )
    for field, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            if not _in_range(part, low, high, words):
                refuse(f"'{part}' is no {name}", f"write *, or numbers from {low} to {high}, as in 1,3-5 or */2")
    return " ".join(fields)


def _in_range(part: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(part)
    if match is None or match["step"] == "0":
        return False
    bounds = [_number(word, low, words) for word in (match["first"], match["last"]) if word is not None]
    return all(bound is not None and low <= bound <= high for bound in bounds) and bounds == sorted(
        bounds, key=lambda bound: bound or 0
    )


def _number(word: str, low: int, words: tuple[str, ...]) -> int | None:
    if word.isdecimal():
        return int(word)
    return words.index(word.lower()) + low if word.lower() in words else None


def _time_zone(raw: Plain) -> str:
    zone = text(raw)
    known = zoneinfo.available_timezones()
    # A machine without a time zone database cannot tell; there the form must do.
    if zone not in known and (known or not _ZONE.fullmatch(zone)):
        meant = nearest(zone, known)
        refuse(
            f"'{zone}' is no time zone",
            f"did you mean '{meant}'?" if meant else "write UTC or one such as Europe/Paris",
        )
    return zone


_STRING: Final = WithJsonSchema({"type": "string"})


class Schedule(Section):
    """When Cloud Scheduler starts the workflow."""

    cron: Annotated[str, PlainValidator(_cron), _STRING] = Field(
        description="Minute, hour, day of the month, month, day of the week.", examples=['"15 5 * * *"']
    )
    time_zone: Annotated[str, PlainValidator(_time_zone), _STRING] = Field(
        default="UTC", description="The time zone that cron is read in.", examples=["Europe/Paris"]
    )
