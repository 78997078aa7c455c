"""Rows in the streaming buffer, and how late TABLE_STORAGE is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.definitions import DatasetDefinition, TableDefinition, TimePartitioning, Unit
from replicator.local.bigquery.storage.store import OnExisting
from replicator.names import DatasetRef, TableRef
from tests.unit.local.bigquery.storage.bench import Bench, integer

MINUTES = timedelta(minutes=5)


def stream(bench: Bench, ref: TableRef, value: int) -> None:
    """Put one row into the streaming buffer for five minutes."""
    bench.append(ref, f"SELECT {value}::BIGINT", streamed_until=bench.clock.at + MINUTES)


def copied(bench: Bench, ref: TableRef) -> list[tuple[Any, ...]]:
    """The rows that a copy of the table gets."""
    target = bench.create(f"copy_{bench.clock().microsecond}", integer("x"))
    with bench.store.statement() as transaction:
        transaction.copy(ref, target)
        transaction.commit()
    return bench.rows(target, "x")


def test_a_query_sees_the_buffer_and_a_copy_does_not(bench: Bench) -> None:
    """Until the rows have settled (write-api-rest)."""
    ref = bench.create("t", integer("x"))
    bench.append(ref, "SELECT 1::BIGINT")
    stream(bench, ref, 2)

    assert bench.rows(ref, "x") == [(1,), (2,)]
    assert copied(bench, ref) == [(1,)]
    with bench.store.statement() as transaction:
        buffer = transaction.buffer(ref)
        assert buffer is not None
        assert (buffer.rows, buffer.bytes) == (1, 8)
    bench.clock.at += MINUTES
    assert copied(bench, ref) == [(1,), (2,)]
    with bench.store.statement() as transaction:
        assert transaction.buffer(ref) is None


def test_what_is_in_the_buffer_cannot_be_changed(bench: Bench) -> None:
    """Other rows of the table can; after a while all can."""
    ref = bench.create("t", integer("x"))
    bench.append(ref, "SELECT 1::BIGINT")
    stream(bench, ref, 2)

    bench.delete(ref, "x = 1")
    with pytest.raises(
        BigQueryError, match=r"UPDATE or DELETE statement over table acme-jp:sales\.t would affect rows in the stream"
    ):
        bench.delete(ref, "x = 2")
    with bench.store.statement(mutates=ref) as transaction, pytest.raises(BigQueryError, match="TRUNCATE statement"):
        transaction.truncate(ref)
    bench.clock.at += MINUTES
    bench.delete(ref, "x = 2")
    assert bench.rows(ref) == []


def test_the_buffer_is_in_no_partition(bench: Bench) -> None:
    """``__UNPARTITIONED__``, and by ingestion time no ``_PARTITIONTIME``; later the partition of its arrival."""
    ref = bench.create("t", integer("x"), partitioning=TimePartitioning(Unit.DAY))
    stream(bench, ref, 1)
    seen = f"x, _PARTITIONTIME = '{bench.clock.at:%Y-%m-%d}'::TIMESTAMPTZ"
    columns = "partition_id, total_rows"

    assert bench.rows(ref, seen) == [(1, None)]
    assert bench.metadata("sales", "INFORMATION_SCHEMA", "PARTITIONS", columns=columns) == [("__UNPARTITIONED__", 1)]
    bench.clock.at += MINUTES
    assert bench.rows(ref, seen) == [(1, True)]
    assert bench.metadata("sales", "INFORMATION_SCHEMA", "PARTITIONS", columns=columns) == [("20261121", 1)]


def test_small_streams_are_merged_only_once_they_have_settled(bench: Bench) -> None:
    """Merging them would take them out of the buffer."""
    ref = bench.create("t", integer("x"))
    for value in range(40):
        stream(bench, ref, value)
    assert len(bench.files("t")) == 40
    with bench.store.statement() as transaction:
        assert transaction.buffer(ref) is not None


def storage(bench: Bench) -> dict[str, tuple[Any, ...]]:
    columns = "table_name, total_rows, deleted, epoch_us(storage_last_modified_time)"
    found = bench.metadata("region-eu", "INFORMATION_SCHEMA", "TABLE_STORAGE", columns=columns)
    return {row[0]: row[1:] for row in found}


def test_table_storage_is_as_late_as_it_is_told_to_be(bench: Bench) -> None:
    """A new table, a write, a replacement and a drop each show after the lag, one after the other."""
    ref = bench.create("t", integer("x"))
    bench.append(ref, "SELECT 1::BIGINT")
    bench.store.lags.table_storage_seconds = 300
    assert storage(bench) == {}
    bench.clock.at += MINUTES
    first = storage(bench)
    assert first["t"][:2] == (1, False)

    bench.append(ref, "SELECT 2::BIGINT")
    with bench.store.statement() as transaction:
        assert transaction.table(ref).rows == 2
    assert storage(bench) == first
    bench.clock.at += MINUTES
    second = storage(bench)
    assert second["t"][0] == 2
    assert second["t"][2] > first["t"][2]

    with bench.store.statement() as transaction:
        transaction.create_table(ref, TableDefinition((integer("y"),)), OnExisting.REPLACE)
        transaction.commit()
    assert storage(bench) == second
    bench.clock.at += MINUTES
    assert storage(bench)["t"][:2] == (0, False)

    with bench.store.statement() as transaction:
        transaction.drop_table(ref)
        transaction.commit()
    assert storage(bench)["t"][1] is False
    bench.clock.at += MINUTES
    assert storage(bench) == {"t": (0, True, None)}


def test_states_that_no_lag_reaches_are_forgotten(bench: Bench) -> None:
    """A table that is written every hour does not fill the catalog."""
    ref = bench.create("t", integer("x"))
    for _ in range(60):
        bench.append(ref, "SELECT 1::BIGINT")
        bench.clock.at += timedelta(hours=1)

    with bench.store.statement() as transaction:
        ((count,),) = transaction.overlay.snapshot.query("SELECT count(*) FROM storage_states")
    assert count <= 26


def test_a_dataset_gives_its_key_and_a_wildcard_reads_no_table_that_has_one(bench: Bench) -> None:
    """querying-wildcard-tables: tables with customer-managed keys cannot be read by a wildcard."""
    key = "projects/acme-jp/locations/eu/keyRings/r/cryptoKeys/k"
    other = DatasetRef("acme-jp", "locked")
    with bench.store.statement() as transaction:
        definition = DatasetDefinition("EU", default_kms_key_name=key)
        transaction.create_dataset(other, definition, OnExisting.REFUSE)
        transaction.create_table(other.table("t1"), TableDefinition((integer("x"),)), OnExisting.REFUSE)
        assert transaction.table(other.table("t1")).definition.kms_key_name == key
        with pytest.raises(BigQueryError, match=r"customer-managed encryption key, .*: acme-jp\.locked\.t1"):
            transaction.catalog(location="EU").relation(("acme-jp", "locked", "t*"))
