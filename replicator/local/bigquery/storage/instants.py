"""Instants as the catalog and the API write them: whole microseconds or milliseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """The instant that is ``value`` microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=value)


def millis_text(instant: datetime) -> str:
    """Milliseconds since 1970, in the text that the API uses for 64-bit numbers."""
    return str((instant - _EPOCH) // _MILLISECOND)


def from_millis(value: str | int) -> datetime:
    """The instant that is ``value`` milliseconds after 1970."""
    return _EPOCH + timedelta(milliseconds=int(value))


def duration_millis(duration: timedelta) -> str:
    """Milliseconds, in the API's text."""
    return str(duration // _MILLISECOND)
