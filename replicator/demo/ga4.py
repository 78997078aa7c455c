"""The schema of a Google Analytics 4 daily export, written from its public field documentation and shortened.

https://support.google.com/analytics/answer/7029846
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from replicator.schema.fields import Field, Mode


def _strings(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "STRING") for name in names)


def _integers(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "INTEGER") for name in names)


def _floats(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "FLOAT") for name in names)


def _record(name: str, *fields: Field) -> Field:
    return Field(name, "RECORD", fields=fields)


def _repeated(name: str, *fields: Field) -> Field:
    return Field(name, "RECORD", Mode.REPEATED, fields)


_VALUE: Final = (*_strings("string_value"), *_integers("int_value"), *_floats("float_value", "double_value"))

_DEVICE: Final = _record(
    "device",
    *_strings(
        "category", "mobile_brand_name", "mobile_model_name", "operating_system", "advertising_id", "language",
    ),
    *_integers("time_zone_offset_seconds"),
    _record("web_info", *_strings("browser", "browser_version", "hostname")),
)  # fmt: skip

_ECOMMERCE: Final = _record(
    "ecommerce",
    *_integers("total_item_quantity"),
    *_floats("purchase_revenue_in_usd", "purchase_revenue"),
    *_strings("transaction_id"),
)

_ITEMS: Final = _repeated(
    "items",
    *_strings("item_id", "item_name", "item_category"),
    *_floats("price"),
    *_integers("quantity"),
    _repeated("item_params", *_strings("key"), _record("value", *_VALUE)),
)

_LAST_CLICK: Final = _record(
    "session_traffic_source_last_click",
    _record("manual_campaign", *_strings("campaign_id", "source", "medium")),
    _record("google_ads_campaign", *_strings("customer_id", "account_name", "campaign_id")),
)

DAILY: Final[tuple[Field, ...]] = (
    *_strings("event_date"),
    *_integers("event_timestamp"),
    *_strings("event_name"),
    _repeated("event_params", *_strings("key"), _record("value", *_VALUE)),
    *_integers("event_previous_timestamp"),
    *_floats("event_value_in_usd"),
    *_integers("event_bundle_sequence_id"),
    *_strings("user_id", "user_pseudo_id"),
    _record("privacy_info", *_strings("analytics_storage", "ads_storage", "uses_transient_token")),
    _repeated(
        "user_properties", *_strings("key"), _record("value", *_VALUE, *_integers("set_timestamp_micros"))
    ),
    *_integers("user_first_touch_timestamp"),
    _record("user_ltv", *_floats("revenue"), *_strings("currency")),
    _DEVICE,
    _record("geo", *_strings("city", "country", "continent", "region")),
    _record("app_info", *_strings("id", "version")),
    _record("traffic_source", *_strings("name", "medium", "source")),
    *_strings("stream_id", "platform"),
    _record("event_dimensions", *_strings("hostname")),
    _ECOMMERCE,
    _ITEMS,
    _record(
        "collected_traffic_source",
        *_strings("manual_source", "manual_medium", "gclid"),
    ),
    Field("is_active_user", "BOOLEAN"),
    *_integers("batch_event_index"),
    _LAST_CLICK,
)  # fmt: skip
"""``analytics_<property>.events_YYYYMMDD``."""

PSEUDONYMOUS_USERS: Final[tuple[Field, ...]] = (
    *_strings("pseudo_user_id", "stream_id"),
    _record("user_info", *_integers("last_active_timestamp_micros", "user_first_touch_timestamp_micros")),
    _record("user_ltv", *_floats("revenue_in_usd"), *_integers("sessions", "engaged_sessions", "purchases")),
    *_strings("occurrence_date", "last_updated_date"),
)
"""``analytics_<property>.pseudonymous_users_YYYYMMDD``: another subject, which no pipeline here asks for."""


def without(fields: tuple[Field, ...], *paths: str) -> tuple[Field, ...]:
    """The schema less the fields at these dotted paths; a record left without fields goes too.

    Raises:
        KeyError: A path is not in the schema.
    """
    for path in paths:
        fields = _edit(fields, tuple(path.split(".")), lambda _: None)
    return fields


def reordered(fields: tuple[Field, ...], *paths: str) -> tuple[Field, ...]:
    """The schema with the fields inside the records at these paths in the opposite order.

    Raises:
        KeyError: A path is not in the schema.
    """
    for path in paths:
        fields = _edit(fields, tuple(path.split(".")), lambda found: replace(found, fields=found.fields[::-1]))
    return fields


def inserted(fields: tuple[Field, ...], new: Field, *, after: str) -> tuple[Field, ...]:
    """The schema with ``new`` following the top-level column ``after``.

    Raises:
        KeyError: There is no such column.
    """
    names = [field.name for field in fields]
    if after not in names:
        raise KeyError(after)
    index = names.index(after) + 1
    return (*fields[:index], new, *fields[index:])


def _edit(
    fields: tuple[Field, ...], path: tuple[str, ...], change: Callable[[Field], Field | None]
) -> tuple[Field, ...]:
    if path[0] not in {field.name for field in fields}:
        raise KeyError(path[0])
    edited: list[Field] = []
    for field in fields:
        if field.name != path[0]:
            edited.append(field)
        elif len(path) == 1:
            changed = change(field)
            edited.extend([changed] if changed is not None else [])
        elif children := _edit(field.fields, path[1:], change):
            edited.append(replace(field, fields=children))
    return tuple(edited)
