"""What the three countries' projects hold on the demo's two days.

Shards differ as real exports do: a column that appears in the middle, a field that appears deep inside a
repeated record, records whose fields stand in another order, records that a country does not have. Beside
the shards lie tables and views that a pipeline over ``events_YYYYMMDD`` must leave alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from replicator.demo import ga4
from replicator.demo.rows import Row, make_rows
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field

ROWS_A_SHARD: Final = 12
FIRST_DAYS: Final = (date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3))
NEXT_DAY: Final = date(2026, 11, 4)

JAPAN: Final = "asia-northeast1"
BRAZIL: Final = "southamerica-east1"
AUSTRALIA: Final = "australia-southeast1"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with all that is in it."""

    ref: TableRef
    fields: tuple[Field, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A view, and the query behind it."""

    ref: TableRef
    query: str


@dataclass(frozen=True, slots=True)
class Day:
    """What an export does between two runs.

    Attributes:
        title: Said before the day is loaded.
        datasets: Made where they are missing, each in its location.
        tables: Loaded; one that exists is dropped before, as the export does when it rewrites a shard.
        views: Created.
    """

    title: str
    datasets: Mapping[DatasetRef, str]
    tables: tuple[Table, ...]
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class Property:
    """One Analytics property: a dataset that receives a shard a day."""

    dataset: DatasetRef
    location: str

    def fields(self, day: date) -> tuple[Field, ...]:
        """The schema that the export gives this property's shard of ``day``."""
        if self.location == BRAZIL:
            fields = ga4.reordered(ga4.DAILY, "geo", "traffic_source", "device.web_info")
            if day < FIRST_DAYS[1]:
                fields = ga4.without(fields, "items.item_params.value.double_value")
        elif self.location == AUSTRALIA:
            fields = ga4.without(ga4.DAILY, "collected_traffic_source", "privacy_info.uses_transient_token")
        else:
            fields = ga4.DAILY
            if day < FIRST_DAYS[2]:
                fields = ga4.without(fields, "session_traffic_source_last_click.google_ads_campaign.account_name")
        if self.dataset.dataset == "analytics_612" and day >= FIRST_DAYS[1]:
            fields = ga4.inserted(fields, Field("batch_page_id", "INTEGER"), after="event_name")
        return fields

    def shard(self, day: date, *, edition: str = "first") -> Table:
        """The daily export of ``day``; another ``edition`` holds other rows, and another number of them."""
        fields = self.fields(day)
        count = ROWS_A_SHARD if edition == "first" else ROWS_A_SHARD + 17
        rows = make_rows(fields, day=day, seed=f"{self.dataset} {edition}", count=count)
        return Table(self.dataset.table(f"events_{day:%Y%m%d}"), fields, rows)


PROPERTIES: Final = (
    Property(DatasetRef("acme-jp", "analytics_301"), JAPAN),
    Property(DatasetRef("acme-jp", "analytics_302"), JAPAN),
    Property(DatasetRef("acme-br", "analytics_451"), BRAZIL),
    Property(DatasetRef("acme-br", "analytics_452"), BRAZIL),
    Property(DatasetRef("acme-au", "analytics_611"), AUSTRALIA),
    Property(DatasetRef("acme-au", "analytics_612"), AUSTRALIA),
)
NEW_PROPERTY: Final = Property(DatasetRef("acme-br", "analytics_453"), BRAZIL)
_TRIAL: Final = Property(DatasetRef("acme-br", "analytics_499_trial"), BRAZIL)
_REWRITTEN: Final = (PROPERTIES[0], FIRST_DAYS[1])


def first_day() -> Day:
    """Three days of six properties, and beside them everything that must stay where it is."""
    japan = PROPERTIES[0]
    shards = tuple(owner.shard(day) for owner in PROPERTIES for day in FIRST_DAYS)
    source = f"`{japan.dataset}.events_{FIRST_DAYS[0]:%Y%m%d}`"
    return Day(
        title="three countries, six properties, three days of exports",
        datasets={owner.dataset: owner.location for owner in (*PROPERTIES, _TRIAL)},
        tables=(*shards, *_bystanders(japan), _TRIAL.shard(FIRST_DAYS[0])),
        views=(
            View(japan.dataset.table("events_current"), f"SELECT event_name, user_id FROM {source}"),  # noqa: S608  # the demo's own constant names
            View(japan.dataset.table("events_20261031"), f"SELECT event_name, user_id FROM {source}"),  # noqa: S608  # as above
        ),
    )


def second_day() -> Day:
    """A new shard everywhere, a shard of two days ago written anew, a property that was not there before."""
    owner, day = _REWRITTEN
    return Day(
        title="a new day, a late rewrite of an earlier shard, and a brand-new property",
        datasets={NEW_PROPERTY.dataset: NEW_PROPERTY.location},
        tables=(
            *(known.shard(NEXT_DAY) for known in PROPERTIES),
            owner.shard(day, edition="second"),
            NEW_PROPERTY.shard(FIRST_DAYS[-1]),
            NEW_PROPERTY.shard(NEXT_DAY),
        ),
    )


def _bystanders(owner: Property) -> tuple[Table, ...]:
    """Tables of the same dataset that are no daily shard, with columns of their own."""
    intraday = ga4.without(ga4.DAILY, "user_ltv", "traffic_source", "is_active_user", "collected_traffic_source")
    few = 3
    tables = (
        ("events_intraday_", intraday),
        ("events_fresh_", ga4.reordered(intraday, "geo")),
        ("pseudonymous_users_", ga4.PSEUDONYMOUS_USERS),
    )
    return tuple(
        Table(
            owner.dataset.table(f"{prefix}{NEXT_DAY:%Y%m%d}"),
            fields,
            make_rows(fields, day=NEXT_DAY, seed=f"{owner.dataset} {prefix}", count=few),
        )
        for prefix, fields in tables
    )
