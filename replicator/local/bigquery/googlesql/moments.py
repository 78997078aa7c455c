"""Dates and times in text, as GoogleSQL's literals and casts read them.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#canonical_format_for_timestamp_literals
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DATE_PATTERN: Final = r"\d{4}-\d{1,2}-\d{1,2}"
TIME_PATTERN: Final = r"\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{0,6})?"
OFFSET_PATTERN: Final = r"[+-]\d{1,2}(?::\d{2})?"

_DATE: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME: Final = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{0,6}))?")
_DATETIME: Final = re.compile(rf"({DATE_PATTERN})(?:[ Tt]({TIME_PATTERN}))?")
_TIMESTAMP: Final = re.compile(
    rf"(?P<date>{DATE_PATTERN})(?:[ Tt](?P<time>{TIME_PATTERN}))?"
    rf"(?:(?P<zulu>[Zz])|(?P<offset>{OFFSET_PATTERN})| (?P<zone>[A-Za-z][\w/+-]*))?"
)


def read_date(text: str) -> date | None:
    """A DATE, or None where the text is not one."""
    match = _DATE.fullmatch(text)
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """A TIME, or None where the text is not one."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second, fraction = match.groups()
    try:
        return time(int(hour), int(minute), int(second), int((fraction or "").ljust(6, "0")))
    except ValueError:
        return None


def read_datetime(text: str) -> datetime | None:
    """A DATETIME, or None where the text is not one."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    day = read_date(match[1])
    moment = read_time(match[2]) if match[2] else time()
    return None if day is None or moment is None else datetime.combine(day, moment)


def read_timestamp(text: str) -> datetime | None:
    """A TIMESTAMP in UTC, or None where the text is not one."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    moment = read_datetime(match["date"] + (f" {match['time']}" if match["time"] else ""))
    zone = read_zone(match["offset"] or match["zone"] or "UTC")
    if moment is None or zone is None:
        return None
    try:
        return moment.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        # In UTC it is before the first day of all, or after the last.
        return None


def read_zone(text: str) -> tzinfo | None:
    """A time zone by name or offset, or None where there is none such."""
    if re.fullmatch(OFFSET_PATTERN, text):
        hours, _, minutes = text[1:].partition(":")
        span = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(-span if text[0] == "-" else span)
    if text == "UTC":
        return UTC
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        return None
