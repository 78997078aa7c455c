"""Rows for a schema, from a seed: the same on every machine, and as awkward as real ones.

NULLs at every depth, empty arrays, records that are there with nothing in them, text outside ASCII,
text that looks like code, the ends of the number ranges, and in each shard one row twice.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, TypeAlias

from replicator.schema.fields import Field, Mode

Value: TypeAlias = bool | int | float | str | bytes | date | time | Decimal | list["Value"] | dict[str, "Value"] | None
Row: TypeAlias = dict[str, Value]

MARKER: Final = "never-leaves-the-country"
"""Every user_id holds it. The pipeline excludes that column, so no byte of it may be found past the source."""

_TEXTS: Final = (
    "", "a", "São Paulo", "東京都", "Zürich / Altstadt", "naïve café ☕", "🦘🏄", "O'Brien \"quoted\" \\ back\\slash",
    "first line\nsecond line\ttab", "NULL", "true", "0012", "'; DROP TABLE events; --", '${sys.get_env("X")}',
    '{"json": [1, 2]}', "  spaces  ", "ﬀ ligature", "Ω", "x" * 300,
)  # fmt: skip
_INTEGERS: Final = (0, 1, -1, 7, 1_000_000, 2**53 + 1, 2**63 - 1, -(2**63))
_FLOATS: Final = (0.0, 0.5, -1.25, 0.1, 1e-9, 123456.789, 1.7976931348623157e308, -2.2250738585072014e-308)
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "event_name": ("page_view", "session_start", "first_visit", "scroll", "purchase", "add_to_cart", "検索"),
    "platform": ("WEB", "WEB", "WEB", "ANDROID", "IOS"),
    "key": ("page_location", "page_title", "ga_session_id", "engagement_time_msec", "campaña", "値"),
    "category": ("desktop", "mobile", "tablet"),
    "currency": ("JPY", "BRL", "AUD"),
    "medium": ("organic", "cpc", "(none)", "referral"),
}
_NULL_SHARE: Final = 0.2
_LONGEST_ARRAY: Final = {"event_params": 5, "items": 3, "item_params": 2, "user_properties": 2}


def make_rows(fields: tuple[Field, ...], *, day: date, seed: str, count: int) -> tuple[Row, ...]:
    """``count`` rows that fit ``fields``, the last of them equal to the first.

    Args:
        fields: The table's schema.
        day: What ``event_date`` says, and the day in which ``event_timestamp`` lies.
        seed: Decides every value together with ``fields`` and ``day``.
        count: 2 or more.
    """
    # The seed makes rows repeatable; nothing secret hangs on it.
    choice = random.Random(f"{seed} {day}")  # noqa: S311
    midnight = int(datetime.combine(day, time(), UTC).timestamp())
    rows = []
    for number in range(count - 1):
        row = {field.name: _value(field, choice) for field in fields}
        micros = (midnight + number) * 1_000_000 + choice.randrange(1_000_000)
        known: Row = {
            "event_date": f"{day:%Y%m%d}",
            "event_timestamp": micros,
            "user_id": f"{MARKER}-{choice.randrange(1_000)}" if number % 3 else None,
            "user_pseudo_id": f"{choice.randrange(10**9)}.{midnight}" if number % 11 else None,
        }
        row.update({name: value for name, value in known.items() if name in row})
        rows.append(row)
    return (*rows, rows[0])


def _value(field: Field, choice: random.Random) -> Value:
    if field.mode is Mode.REPEATED:
        length = choice.randint(0, _LONGEST_ARRAY.get(field.name, 2))
        # Most events carry no items; those that do carry deep ones.
        if field.name == "items" and choice.random() < 0.7:
            length = 0
        return [{child.name: _value(child, choice) for child in field.fields} for _ in range(length)]
    if choice.random() < _NULL_SHARE:
        return None
    match field.type:
        case "RECORD":
            if choice.random() < 0.05:
                return {child.name: [] if child.mode is Mode.REPEATED else None for child in field.fields}
            return {child.name: _value(child, choice) for child in field.fields}
        case "INTEGER":
            return choice.choice(_INTEGERS)
        case "FLOAT":
            return choice.choice(_FLOATS)
        case "BOOLEAN":
            return choice.random() < 0.5
        case _:
            return choice.choice(_WORDS.get(field.name, _TEXTS))
