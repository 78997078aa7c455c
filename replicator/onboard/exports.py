"""The exports that Google itself writes, told by the columns that their public documentation names.

GA4 and Firebase: https://support.google.com/analytics/answer/7029846; Universal Analytics 360:
https://support.google.com/analytics/answer/3437719.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Export:
    """A known export.

    Attributes:
        title: What a person calls it.
        pipeline: The name of its pipeline, where none is given.
        day: The target's partition column: the day that a shard's name says, by the property's own clock.
        owner: The target's source column.
        daily: Before the date of a day's final shard.
        siblings: Before the date of what the same export writes beside it.
        columns: Top-level columns by which it is told, in lower case.
        newer: One of these has to be there as well; nothing has to where it is empty.
    """

    title: str
    pipeline: str
    day: str
    owner: str
    daily: str
    siblings: tuple[str, ...]
    columns: frozenset[str]
    newer: frozenset[str] = frozenset()


_EVENTS: Final = frozenset({"event_date", "event_timestamp", "event_name", "event_params", "user_pseudo_id"})
_ANALYTICS: Final = ("events_intraday_", "events_fresh_", "pseudonymous_users_", "users_")

EXPORTS: Final = (
    Export(
        "Google Analytics 4", "ga4_events", "event_day", "property", "events_", _ANALYTICS, _EVENTS,
        frozenset({"ecommerce", "items"}),
    ),
    Export("Firebase", "firebase_events", "event_day", "property", "events_", _ANALYTICS, _EVENTS),
    Export(
        "Universal Analytics 360", "ga360_sessions", "session_day", "view", "ga_sessions_", ("ga_sessions_intraday_",),
        frozenset({"visitid", "visitstarttime", "totals", "trafficsource", "hits"}),
    ),
)  # fmt: skip
"""The narrower before the wider: what Analytics 4 writes has all that Firebase writes."""


def export_of(columns: Collection[str]) -> Export | None:
    """The export that writes tables with these top-level columns, whatever their case."""
    lower = {column.lower() for column in columns}
    return next(
        (each for each in EXPORTS if each.columns <= lower and (not each.newer or each.newer & lower)),
        None,
    )


def may_be_export(prefix: str) -> bool:
    """Whether shards of that prefix are worth a look at their columns."""
    return any(prefix == each.daily or prefix in each.siblings for each in EXPORTS)
