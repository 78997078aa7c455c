"""Which fragments a constant filter leaves out.

Only comparisons with constants on the partition column and on ``_TABLE_SUFFIX`` do (querying-partitioned-tables,
querying-wildcard-tables); a fragment is read unless no row of it can be wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from replicator.local.bigquery.googlesql.catalog import AllOf, AnyOf, Comparison, Operator, Prune
from replicator.local.bigquery.storage.definitions import RangePartitioning, TableDefinition, TimePartitioning, Unit
from replicator.local.bigquery.storage.partitions import NULL, UNPARTITIONED, start_of
from replicator.local.bigquery.storage.projection import find


@dataclass(frozen=True, slots=True)
class Extent:
    """Between which values, both included, a column lies in all rows; both are None where all of them are NULL."""

    first: Any
    last: Any


def extents(definition: TableDefinition, partition: str) -> Mapping[str, Extent]:
    """What a partition's id says about columns; nothing of ``__UNPARTITIONED__``, which holds what fits nowhere."""
    match definition.partitioning:
        case TimePartitioning(unit, None, _):
            if partition == UNPARTITIONED:  # the streaming buffer: both pseudo columns are NULL in it
                return {"_PARTITIONTIME": Extent(None, None), "_PARTITIONDATE": Extent(None, None)}
            start = start_of(unit, partition)
            return {} if start is None else {"_PARTITIONTIME": Extent(start, start), "_PARTITIONDATE": _day(start)}
        case TimePartitioning(unit, str() as column, _):
            if partition == NULL:
                return {column: Extent(None, None)}
            start = start_of(unit, partition)
            field = find(definition.fields, column)
            grain = timedelta(days=1) if field is not None and field.type == "DATE" else timedelta(microseconds=1)
            return {} if start is None else {column: Extent(start, _end(unit, start) - grain)}
        case RangePartitioning(column, _, _, interval):
            if partition == NULL:
                return {column: Extent(None, None)}
            if partition != UNPARTITIONED:
                return {column: Extent(int(partition), int(partition) + interval - 1)}
    return {}


def wanted(known: Mapping[str, Extent], prune: Iterable[Prune]) -> bool:
    """Whether a row of such extents may satisfy every condition."""
    folded = {name.casefold(): extent for name, extent in known.items()}
    return all(_decide(folded, condition, _compare, unknown=True) for condition in prune)


def certain(known: Mapping[str, Extent], prune: Iterable[Prune]) -> bool:
    """Whether every row of such extents satisfies every condition."""
    folded = {name.casefold(): extent for name, extent in known.items()}
    return all(_decide(folded, condition, _holds, unknown=False) for condition in prune)


def filters(column: str, prune: Iterable[Prune]) -> bool:
    """Whether the conditions restrict ``column``, which is what ``require_partition_filter`` asks for."""
    return any(_restricts(column.casefold(), condition) for condition in prune)


def _restricts(column: str, condition: Prune) -> bool:
    match condition:
        case Comparison():
            return condition.column.casefold() == column
        case AllOf(conditions):
            return any(_restricts(column, each) for each in conditions)
        case AnyOf(conditions):
            return all(_restricts(column, each) for each in conditions)


def _decide(
    known: Mapping[str, Extent], condition: Prune, compare: Callable[[Extent, Operator, object], bool], *, unknown: bool
) -> bool:
    """Compare each column's extent, or take ``unknown`` where it has none."""
    match condition:
        case AllOf(conditions):
            return all(_decide(known, each, compare, unknown=unknown) for each in conditions)
        case AnyOf(conditions):
            return any(_decide(known, each, compare, unknown=unknown) for each in conditions)
        case Comparison(column, operator, constant):
            extent = known.get(column.casefold())
            if extent is None:
                return unknown
            if operator is Operator.IS_NULL or extent.first is None:
                return operator is Operator.IS_NULL and extent.first is None
            return operator is Operator.IS_NOT_NULL or compare(extent, operator, _comparable(constant))


def _compare(extent: Extent, operator: Operator, value: Any) -> bool:
    match operator:
        case Operator.EQUAL:
            return bool(extent.first <= value <= extent.last)
        case Operator.UNEQUAL:
            return not extent.first == extent.last == value
        case Operator.LESS:
            return bool(extent.first < value)
        case Operator.AT_MOST:
            return bool(extent.first <= value)
        case Operator.GREATER:
            return bool(extent.last > value)
        case _:
            return bool(extent.last >= value)


def _holds(extent: Extent, operator: Operator, value: Any) -> bool:
    match operator:
        case Operator.EQUAL:
            return bool(extent.first == extent.last == value)
        case Operator.UNEQUAL:
            return bool(extent.last < value or value < extent.first)
        case Operator.LESS:
            return bool(extent.last < value)
        case Operator.AT_MOST:
            return bool(extent.last <= value)
        case Operator.GREATER:
            return bool(extent.first > value)
        case _:
            return bool(extent.first >= value)


def _comparable(constant: object) -> Any:
    if isinstance(constant, datetime):
        return constant.astimezone(UTC) if constant.tzinfo else constant.replace(tzinfo=UTC)
    if isinstance(constant, date):
        return datetime.combine(constant, time(), tzinfo=UTC)
    return constant


def _day(start: datetime) -> Extent:
    midnight = start.replace(hour=0)
    return Extent(midnight, midnight)


def _end(unit: Unit, start: datetime) -> datetime:
    match unit:
        case Unit.HOUR:
            return start + timedelta(hours=1)
        case Unit.DAY:
            return start + timedelta(days=1)
        case Unit.MONTH:
            return (start + timedelta(days=31)).replace(day=1)
        case Unit.YEAR:
            return start.replace(year=start.year + 1)
