"""Constant filters on partition columns (docs: querying-partitioned-tables)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.catalog import AllOf, AnyOf, Comparison, Operator, Prune
from replicator.local.bigquery.storage.definitions import (
    Partitioning,
    RangePartitioning,
    TableDefinition,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.pruning import extents, wanted
from replicator.schema.fields import Field
from tests.unit.local.bigquery.storage.bench import Bench

DAYS = ("20251231", "20260101", "20260102", "__NULL__")
DAY = date(2026, 1, 1)


def kept(kind: str, partitioning: Partitioning, ids: tuple[str, ...], *prune: Prune) -> list[str]:
    definition = TableDefinition((Field("c", kind),), partitioning=partitioning)
    return [name for name in ids if wanted(extents(definition, name), prune)]


@pytest.mark.parametrize(
    ("operator", "constant", "expected"),
    [
        (Operator.EQUAL, DAY, ["20260101"]),
        (Operator.UNEQUAL, DAY, ["20251231", "20260102"]),
        (Operator.LESS, DAY, ["20251231"]),
        (Operator.AT_MOST, DAY, ["20251231", "20260101"]),
        (Operator.GREATER, DAY, ["20260102"]),
        (Operator.AT_LEAST, DAY, ["20260101", "20260102"]),
        (Operator.IS_NULL, None, ["__NULL__"]),
        (Operator.IS_NOT_NULL, None, ["20251231", "20260101", "20260102"]),
    ],
)
def test_a_comparison_keeps_the_partitions_that_can_satisfy_it(
    operator: Operator, constant: date | None, expected: list[str]
) -> None:
    """A DATE partition holds one value, so every operator is exact."""
    assert kept("DATE", TimePartitioning(Unit.DAY, "c"), DAYS, Comparison("C", operator, constant)) == expected


def test_a_timestamp_partition_spans_its_day() -> None:
    """A bound inside the day keeps it."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)

    later = Comparison("c", Operator.GREATER, noon)
    same = Comparison("c", Operator.EQUAL, noon)

    assert kept("TIMESTAMP", TimePartitioning(Unit.DAY, "c"), DAYS, later) == ["20260101", "20260102"]
    assert kept("TIMESTAMP", TimePartitioning(Unit.DAY, "c"), DAYS, same) == ["20260101"]


def test_months_numbers_and_combinations_prune() -> None:
    """ORs of ANDs, as a batch's DELETE is written."""
    first = AllOf(
        (Comparison("c", Operator.AT_LEAST, date(2026, 1, 31)), Comparison("c", Operator.LESS, date(2026, 2, 1)))
    )
    months = ("202512", "202601", "202602")

    either = AnyOf((first, Comparison("c", Operator.EQUAL, date(2025, 12, 5))))

    assert kept("DATE", TimePartitioning(Unit.MONTH, "c"), months, first) == ["202601"]
    assert kept("DATE", TimePartitioning(Unit.MONTH, "c"), months, either) == ["202512", "202601"]
    numbers = ("-10", "0", "10", "__UNPARTITIONED__", "__NULL__")
    below = Comparison("c", Operator.LESS, 1)
    assert kept("INTEGER", RangePartitioning("c", -10, 20, 10), numbers, below) == ["-10", "0", "__UNPARTITIONED__"]


def test_other_columns_do_not_prune() -> None:
    """Not even in an OR with one that does."""
    other = Comparison("x", Operator.EQUAL, 1)

    assert kept("DATE", TimePartitioning(Unit.DAY, "c"), DAYS, other) == list(DAYS)


def test_ingestion_time_prunes_by_both_pseudo_columns() -> None:
    """_PARTITIONTIME and _PARTITIONDATE."""
    hours = ("2026010100", "2026010123", "2026010200")

    by_date = kept("DATE", TimePartitioning(Unit.HOUR), hours, Comparison("_PARTITIONDATE", Operator.EQUAL, DAY))
    at = datetime(2026, 1, 1, 23, tzinfo=UTC)
    by_time = kept("DATE", TimePartitioning(Unit.HOUR), hours, Comparison("_PARTITIONTIME", Operator.AT_LEAST, at))

    assert by_date == ["2026010100", "2026010123"]
    assert by_time == ["2026010123", "2026010200"]


def test_pruned_partitions_are_neither_read_nor_billed(bench: Bench) -> None:
    """Bytes are those of the columns read in the partitions left."""
    ref = bench.create("t", Field("c", "DATE"), Field("s", "STRING"), partitioning=TimePartitioning(Unit.DAY, "c"))
    bench.append(ref, "SELECT DATE '2026-01-01' + i::INT, 'abc' FROM range(10) r(i)")
    prune = (Comparison("c", Operator.LESS, date(2026, 1, 3)),)

    with bench.store.statement() as transaction:
        relation = transaction.catalog(location="EU").relation(("acme-jp", "sales", "t"))
        scan = relation.scan(columns=frozenset({"s"}), prune=prune)

        assert relation.prunable == {"c"}
        assert sum(relation.measure(frozenset({"s"}), prune).values()) == 10
        assert bench.connection.execute(f"SELECT count(*) FROM {scan}").fetchall() == [(2,)]


def test_a_required_filter_is_required(bench: Bench) -> None:
    """On the partition column, in every branch of an OR."""
    ref = bench.create(
        "t", Field("c", "DATE"), Field("x", "INTEGER"),
        partitioning=TimePartitioning(Unit.DAY, "c"), require_partition_filter=True,
    )  # fmt: skip
    filtered, other = Comparison("c", Operator.EQUAL, DAY), Comparison("x", Operator.EQUAL, 1)

    with bench.store.statement() as transaction:
        relation = transaction.catalog(location="EU").relation((ref.project, ref.dataset, ref.table))
        relation.scan(columns=frozenset({"x"}), prune=(AllOf((filtered, other)),))
        for prune in ((), (AnyOf((filtered, other)),)):
            with pytest.raises(BigQueryError, match=r"without a filter over column\(s\) 'c' that can be used"):
                relation.scan(columns=frozenset({"x"}), prune=prune)
