"""What a person says about a dataset or a table; everything that the service adds is in ``states``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from replicator.schema.fields import Field


class Kind(StrEnum):
    """What a table is, in the API's words."""

    TABLE = "TABLE"
    VIEW = "VIEW"


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
class TableDefinition:
    """A table or a view as its owner states it.

    Attributes:
        fields: The columns; of a view, those its query yields.
        kind: Table or view.
        query: A view's GoogleSQL text, None for a table.
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
    partitioning: Partitioning | None = None
    clustering: tuple[str, ...] = ()
    require_partition_filter: bool = False
    expires: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    friendly_name: str | None = None
    kms_key_name: str | None = None


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
    """

    location: str
    labels: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    friendly_name: str | None = None
    default_table_expiration: timedelta | None = None
    default_partition_expiration: timedelta | None = None
    default_kms_key_name: str | None = None
