"""Where the rows go, and where the pipeline remembers what it has done."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from replicator.config.locations import Location
from replicator.config.section import Section
from replicator.config.words import ColumnName, Dataset, Table


class Granularity(StrEnum):
    """The width of a partition or of a shard, from the finest."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"

    @property
    def rank(self) -> int:
        """0 for the finest; a coarser one has a higher rank."""
        return list(type(self)).index(self)


class Partition(Section):
    """How the target is partitioned."""

    column: ColumnName = Field(
        description="The column the target is partitioned by. For date shards it holds the shard's own date.",
        examples=["event_day"],
    )
    by: Granularity = Field(description="The width of one partition.", examples=["day"])


class Target(Section):
    """The table that every source of the pipeline is brought into."""

    table: Table = Field(
        description="The target, as <project>.<dataset>.<table>. A missing one is created from the sources' schemas.",
        examples=["acme-analytics.marketing.ga4_events"],
    )
    location: Location = Field(description="Where the target's dataset lies.", examples=["EU"])
    partition: Partition = Field(description="The target's partitioning.", examples=["{column: event_day, by: day}"])
    source_column: ColumnName = Field(
        description="The column that says which source a row came from; a target that is created is clustered by it.",
        examples=["property"],
    )


class State(Section):
    """The pipeline's memory."""

    dataset: Dataset = Field(
        description="The dataset of ledger and fence, in the target's location. Its project runs the target's jobs.",
        examples=["acme-analytics.replicator"],
    )
