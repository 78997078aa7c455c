"""The demo's pipeline: its configuration file, and the same rules once more as the oracle takes them.

Written twice on purpose. The oracle that read the configuration would share the product's reading of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from replicator.demo.oracle import Rule
from replicator.names import TableRef

CONFIGS: Final = Path(__file__).parent / "project" / "configs"
PIPELINE: Final = "ga4_events"
TARGET: Final = TableRef("acme-analytics", "marketing", "ga4_events")
TARGET_LOCATION: Final = "EU"
DAY_COLUMN: Final = "event_day"
SOURCE_COLUMN: Final = "property"
IDENTITY: Final = (SOURCE_COLUMN, DAY_COLUMN, "event_timestamp")
"""Columns that say which rows belong together when they are not equal."""

RULES: Final = (
    Rule(
        project="acme-jp",
        include=("analytics_*",),
        excluded=frozenset({"user_id", "geo.city"}),
        hashed=frozenset({"user_pseudo_id"}),
        renamed={"stream_id": "data_stream_id"},
        where=lambda row: row["platform"] == "WEB",
    ),
    Rule(
        project="acme-br",
        include=("analytics_*",),
        exclude=("analytics_*_trial",),
        excluded=frozenset({"user_id"}),
        hashed=frozenset({"user_pseudo_id", "device.advertising_id"}),
        renamed={"stream_id": "data_stream_id"},
    ),
    Rule(
        project="acme-au",
        include=("analytics_*",),
        excluded=frozenset({"user_id", "user_properties", "event_params.value.float_value"}),
        hashed=frozenset({"user_pseudo_id"}),
        renamed={"stream_id": "data_stream_id"},
    ),
)
