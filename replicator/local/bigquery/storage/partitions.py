"""Partition ids: which one a row belongs to, when it begins, when it is gone.

https://docs.cloud.google.com/bigquery/docs/partitioned-tables
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.definitions import RangePartitioning, TableDefinition, TimePartitioning, Unit
from replicator.local.bigquery.storage.projection import find, literal
from replicator.local.bigquery.types import duckdb_name

WHOLE: Final = ""
NULL: Final = "__NULL__"
UNPARTITIONED: Final = "__UNPARTITIONED__"
_FORMATS: Final = {Unit.HOUR: "%Y%m%d%H", Unit.DAY: "%Y%m%d", Unit.MONTH: "%Y%m", Unit.YEAR: "%Y"}


def ingestion_partitioned(definition: TableDefinition) -> bool:
    """Whether rows go into the partition of the time at which they arrive."""
    return isinstance(definition.partitioning, TimePartitioning) and definition.partitioning.column is None


def partition_column(definition: TableDefinition) -> str | None:
    """The column that partitions the table, ``_PARTITIONTIME`` by ingestion time, None in one piece."""
    if definition.partitioning is None:
        return None
    return definition.partitioning.column or "_PARTITIONTIME"


def arrival_id(definition: TableDefinition, now: datetime) -> str | None:
    """The partition of all rows that arrive at ``now``; None where each row's values say."""
    match definition.partitioning:
        case None:
            return WHOLE
        case TimePartitioning(unit, None, _):
            return now.astimezone(UTC).strftime(_FORMATS[unit])
        case _:
            return None


def partition_id(definition: TableDefinition, now: datetime) -> str:
    """DuckDB SQL of the id of the partition that a row of the table's columns belongs to."""
    match definition.partitioning:
        case TimePartitioning(unit, str() as column, _):
            field = find(definition.fields, column)
            value = duckdb_name(column)
            if field is not None and field.type == "TIMESTAMP":
                value = f"timezone('UTC', {value})"
            return f"coalesce(strftime({value}, {literal(_FORMATS[unit])}), {literal(NULL)})"
        case RangePartitioning(column, start, end, interval):
            value = duckdb_name(column)
            step = f"{start} + (({value} - {start}) // {interval}) * {interval}"
            return (
                f"CASE WHEN {value} IS NULL THEN {literal(NULL)} WHEN {value} < {start} OR {value} >= {end} "
                f"THEN {literal(UNPARTITIONED)} ELSE ({step})::VARCHAR END"
            )
        case _:
            return literal(arrival_id(definition, now) or WHOLE)


def check_decorator(definition: TableDefinition, partition: str) -> None:
    """Refuse a decorator (``t$20260101``) that names no partition of such a table."""
    match definition.partitioning:
        case TimePartitioning(unit, _, _):
            width = len(datetime(2000, 1, 1, tzinfo=UTC).strftime(_FORMATS[unit]))
            valid = re.fullmatch(rf"\d{{{width}}}", partition) is not None and start_of(unit, partition) is not None
        case RangePartitioning(_, start, end, interval):
            inside = re.fullmatch(r"-?\d+", partition) is not None and start <= int(partition) < end
            valid = inside and (int(partition) - start) % interval == 0
        case None:
            reason, fact = "invalid", f"Cannot use partition decorator ${partition}: the table is not partitioned"
            raise BigQueryError(reason, fact)
    if not valid and partition not in (NULL, UNPARTITIONED):
        reason = "invalid"
        raise BigQueryError(reason, f"Invalid partition id '{partition}': it is none of this table's partitioning")


def start_of(unit: Unit, partition: str) -> datetime | None:
    """When a time partition begins, UTC; None for ``__NULL__``, ``__UNPARTITIONED__`` and what is no id."""
    try:
        return datetime.strptime(partition, _FORMATS[unit]).replace(tzinfo=UTC)
    except ValueError:
        return None


def expiry(definition: TableDefinition, partition: str) -> datetime | None:
    """When a partition is gone; None for never.

    It counts from the partition's own time, so rows written into an old one vanish at once
    (managing-partitioned-tables, set the partition expiration).
    """
    match definition.partitioning:
        case TimePartitioning(unit, _, timedelta() as kept):
            start = start_of(unit, partition)
            return start + kept if start is not None else None
        case _:
            return None
