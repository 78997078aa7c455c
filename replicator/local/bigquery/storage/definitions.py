"""What a person says about a dataset or a table; everything that the service adds is in ``states``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from replicator.names import TableRef
from replicator.schema.fields import Field


class Kind(StrEnum):
    """What a table is, in the API's words."""

    TABLE = "TABLE"
    VIEW = "VIEW"
    MATERIALIZED_VIEW = "MATERIALIZED_VIEW"
    SNAPSHOT = "SNAPSHOT"

    @property
    def holds_rows(self) -> bool:
        """Whether it has rows of its own."""
        return self in (Kind.TABLE, Kind.SNAPSHOT)

    @property
    def told(self) -> str:
        """As prose has it."""
        return self.value.lower().replace("_", " ")

    @property
    def has_query(self) -> bool:
        """Whether its rows are those of a query."""
        return not self.holds_rows


class Unit(StrEnum):
    """How wide a time partition is."""

    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


@dataclass(frozen=True, slots=True)
class TimePartitioning:
    """Partitions by time.

    Attributes:
        unit: Width of a partition.
        column: The DATE, DATETIME or TIMESTAMP column; None partitions by ingestion time.
        expiration: A partition is gone this long after its start; None keeps it.
    """

    unit: Unit
    column: str | None = None
    expiration: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RangePartitioning:
    """Partitions of an INT64 column: ``[start, end)`` cut into steps of ``interval``."""

    column: str
    start: int
    end: int
    interval: int


Partitioning = TimePartitioning | RangePartitioning


@dataclass(frozen=True, slots=True)
class Origin:
    """What a snapshot or a clone was taken of.

    Attributes:
        base: The table.
        time: As of when.
    """

    base: TableRef
    time: datetime


@dataclass(frozen=True, slots=True)
class Refresh:
    """When the service would compute a materialized view anew.

    Attributes:
        enabled: By itself, when its base tables have changed.
        interval: At most so often.
    """

    enabled: bool = True
    interval: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table or a view as its owner states it.

    Attributes:
        fields: The columns; of a view, those its query yields.
        kind: Table, snapshot of a table, view or materialized view.
        query: A view's GoogleSQL text, None for a table.
        origin: Of a snapshot what it was taken of; of a table, what it is a clone of, None where it is none.
        refresh: A materialized view's, None for everything else.
        partitioning: None for a table in one piece.
        clustering: Up to four top-level columns.
        require_partition_filter: Queries without a filter on the partition column are refused.
        expires: When the table vanishes; None for never.
        labels: Keys and values as the API takes them.
        description: Shown to people.
        friendly_name: Shown to people.
        kms_key_name: The customer's key; None for one of the service's.
    """

    fields: tuple[Field, ...]
    kind: Kind = Kind.TABLE
    query: str | None = None
    origin: Origin | None = None
    refresh: Refresh | None = None
    partitioning: Partitioning | None = None
    clustering: tuple[str, ...] = ()
    require_partition_filter: bool = False
    expires: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    friendly_name: str | None = None
    kms_key_name: str | None = None

    @property
    def stored_as(self) -> str:
        """The kind, a clone told from other tables, in the words of the catalog."""
        return "CLONE" if self.kind is Kind.TABLE and self.origin is not None else self.kind.value


@dataclass(frozen=True, slots=True)
class DatasetDefinition:
    """A dataset as its owner states it.

    Attributes:
        location: Where it lies, as given: ``EU``, ``US``, ``asia-northeast1``. It can never change.
        labels: Keys and values as the API takes them.
        description: Shown to people.
        friendly_name: Shown to people.
        default_table_expiration: Given to tables that are created without an expiration.
        default_partition_expiration: Given to time-partitioned tables, instead of the one above.
        default_kms_key_name: The key of tables that are created without one.
        time_travel: How far back its tables can be read; None for the seven days that are so by default.
    """

    location: str
    labels: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    friendly_name: str | None = None
    default_table_expiration: timedelta | None = None
    default_partition_expiration: timedelta | None = None
    default_kms_key_name: str | None = None
    time_travel: timedelta | None = None
