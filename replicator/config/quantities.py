"""Spans of time and amounts of data, as people write them: ``15 minutes``, ``200 GB``."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from replicator.config.section import refuse, suggest
from replicator.config.words import text
from replicator.source.tree import Plain

_AMOUNT: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]+)")

_SPANS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
# GB as in SI, GiB as BigQuery bills: a bound that was meant as the larger one stops a job too early, never too late.
_SIZES: Final = {
    "B": 1,
    "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4, "PB": 1000**5,
    "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4, "PiB": 1024**5,
}  # fmt: skip

# bigquery/docs/custom-quotas and pricing: each table a query reads bills 10 MiB at least.
SMALLEST_BILL: Final = 10 * 1024**2
LEASE_BOUNDS: Final = (timedelta(minutes=1), timedelta(days=1))
LONGEST_LOOKBACK: Final = timedelta(days=3_660)


def duration(raw: Plain) -> timedelta:
    """A whole number of seconds, minutes, hours, days or weeks, singular or plural."""
    written = text(raw)
    match = _AMOUNT.fullmatch(written.strip())
    if match is None or "." in match["number"]:
        refuse(f"'{written}' is no span of time", "write a whole number and a unit, such as 15 minutes or 4 days")
    unit = match["unit"].lower()
    span = _SPANS.get(unit.removesuffix("s"))
    if span is None:
        refuse(f"'{match['unit']}' is no unit of time", suggest(unit, [f"{name}s" for name in _SPANS]))
    try:
        return int(match["number"]) * span
    except OverflowError:
        refuse(f"'{written}' is longer than any span", "write a shorter one")


def _lease(raw: Plain) -> timedelta:
    lease = duration(raw)
    shortest, longest = LEASE_BOUNDS
    if not shortest <= lease <= longest:
        refuse(
            f"'{raw}' cannot hold a target: a run renews it each third of it, and a dead run keeps it to its end",
            "write between 1 minute and 1 day, such as 15 minutes",
        )
    return lease


def _lookback(raw: Plain) -> timedelta:
    lookback = duration(raw)
    if lookback % timedelta(days=1):
        refuse(f"'{raw}' is no whole number of days", "write days, such as 4 days")
    if lookback > LONGEST_LOOKBACK:
        refuse(f"'{raw}' is more than 10 years", "write a shorter one, or backfill once")
    return lookback


def size(raw: Plain) -> int:
    """An amount of data in bytes."""
    written = text(raw)
    match = _AMOUNT.fullmatch(written.strip())
    if match is None:
        refuse(f"'{written}' is no amount of data", "write a number and a unit, such as 200 GB")
    units = {unit.lower(): factor for unit, factor in _SIZES.items()}
    factor = units.get(match["unit"].lower())
    if factor is None:
        refuse(f"'{match['unit']}' is no unit of data", f"use one of {', '.join(_SIZES)}")
    return int(Decimal(match["number"]) * factor)


def _bill(raw: Plain) -> int:
    amount = size(raw)
    if amount < SMALLEST_BILL:
        refuse(f"'{raw}' would refuse every query: each bills 10 MiB at least", "write 10 MiB or more")
    if amount >= 2**63:
        refuse(f"'{raw}' is more than BigQuery counts", "write less, or remove the key")
    return amount


_DURATION_SCHEMA: Final = WithJsonSchema(
    {"type": "string", "pattern": r"^\d+ *(second|minute|hour|day|week)s?$", "examples": ["15 minutes", "4 days"]}
)
Lease = Annotated[timedelta, PlainValidator(_lease), _DURATION_SCHEMA]
Lookback = Annotated[timedelta, PlainValidator(_lookback), _DURATION_SCHEMA]
Bill = Annotated[
    int,
    PlainValidator(_bill),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? *([KMGTP]i?)?B$", "examples": ["200 GB"]}),
]
