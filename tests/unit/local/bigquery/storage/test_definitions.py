"""Tables and datasets made, changed, dropped, and expiring."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.definitions import (
    DatasetDefinition,
    Kind,
    RangePartitioning,
    TableDefinition,
    TimePartitioning,
    Unit,
)
from replicator.local.bigquery.storage.store import Contents, OnExisting
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field, Mode
from tests.unit.local.bigquery.storage.bench import DATASET, Bench, integer, record, records, text


def update(bench: Bench, ref: TableRef, etag: str | None = None, **changes: Any) -> None:
    with bench.store.statement() as transaction:
        definition = replace(transaction.table(ref).definition, **changes)
        transaction.update_table(ref, definition, etag=etag)
        transaction.commit()


def test_new_fields_go_to_the_end_of_their_record_and_old_rows_lack_them(bench: Bench) -> None:
    """managing-table-schemas: wherever the new field was written, at any depth."""
    ref = bench.create("t", text("a"), records("r", text("k"), record("v", integer("i"))))
    bench.append(ref, "SELECT 'old', [{'k': 'x', 'v': {'i': 1::BIGINT}}]")

    wanted = (integer("new"), records("r", record("v", Field("xs", "STRING", Mode.REPEATED), integer("i")), text("k")))
    update(bench, ref, fields=(*wanted, text("a")))

    bench.append(ref, "SELECT 'new', [{'k': 'y', 'v': {'i': 2::BIGINT, 'xs': ['z']}}], 7::BIGINT")
    assert bench.rows(ref, "a, r, new") == [
        ("new", [{"k": "y", "v": {"i": 2, "xs": ["z"]}}], 7),
        ("old", [{"k": "x", "v": {"i": 1, "xs": []}}], None),
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((integer("b"),), "Field a is missing in new schema"),
        ((integer("a"), integer("b")), "Field a has changed type from STRING to INTEGER"),
        ((Field("a", "STRING", Mode.REPEATED), integer("b")), "Field a has changed mode from REQUIRED to REPEATED"),
        (
            (Field("a", "STRING", Mode.REQUIRED), Field("b", "INTEGER", Mode.REQUIRED)),
            "Field b has changed mode from NULLABLE to REQUIRED",
        ),
        (
            (text("a"), integer("b"), Field("c", "STRING", Mode.REQUIRED)),
            r"Cannot add required fields to an existing schema. \(field: c\)",
        ),
    ],
)
def test_what_bigquery_does_not_change_is_refused(bench: Bench, fields: tuple[Field, ...], message: str) -> None:
    """In its words, which clients read."""
    ref = bench.create("t", Field("a", "STRING", Mode.REQUIRED), integer("b"))

    with pytest.raises(BigQueryError, match=f"Provided Schema does not match Table acme-jp:sales.t. {message}"):
        update(bench, ref, fields=fields)


def test_required_can_be_relaxed(bench: Bench) -> None:
    """And NULL is accepted from then on."""
    ref = bench.create("t", Field("a", "STRING", Mode.REQUIRED))

    update(bench, ref, fields=(text("a"),))
    bench.append(ref, "SELECT NULL::VARCHAR")

    assert bench.rows(ref, "a") == [(None,)]


def test_an_old_etag_is_refused(bench: Bench) -> None:
    """Rows change it as well as definitions."""
    ref = bench.create("t", integer("x"))
    with bench.store.statement() as transaction:
        seen = transaction.table(ref).etag
    bench.append(ref, "SELECT 1::BIGINT")

    with pytest.raises(BigQueryError) as refused:
        update(bench, ref, etag=seen, description="late")

    assert refused.value.status == 412


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (TableDefinition((integer("a"), text("A"))), "Field A already exists in schema"),
        (TableDefinition((text("_PARTITIONTIME"),)), "reserved prefix"),
        (TableDefinition((text("_row"),)), "choose another"),
        (TableDefinition((Field("g", "GEOGRAPHY"),)), "type GEOGRAPHY is not modelled"),
        (TableDefinition((Field("r", "RECORD"),)), "Field r is type RECORD but has 0 fields"),
        (TableDefinition((text("d"),), partitioning=TimePartitioning(Unit.DAY, "d")), "must be a top-level DATE"),
        (TableDefinition((text("d"),), partitioning=TimePartitioning(Unit.DAY, "x")), "cannot be found in the schema"),
        (
            TableDefinition((Field("d", "DATE"),), partitioning=TimePartitioning(Unit.HOUR, "d")),
            "must be a top-level TIMESTAMP or DATETIME",
        ),
        (TableDefinition((integer("i"),), partitioning=RangePartitioning("i", 0, 0, 1)), "start < end"),
        (TableDefinition((integer("i"),), clustering=("x",)), "clustering cannot be found"),
        (TableDefinition((integer("i"),), require_partition_filter=True), "only be set on a partitioned table"),
    ],
)
def test_an_impossible_table_is_refused(bench: Bench, definition: TableDefinition, message: str) -> None:
    """Before anything is made."""
    with bench.store.statement() as transaction, pytest.raises(BigQueryError, match=message):
        transaction.create_table(DATASET.table("t"), definition, OnExisting.REFUSE)


def test_records_nest_to_fifteen_levels(bench: Bench) -> None:
    """A sixteenth is refused (nested-repeated)."""
    deepest = integer("leaf")
    for _ in range(15):
        deepest = record("r", deepest)
    ref = bench.create("t", deepest)
    bench.append(ref, "SELECT " + "{'r': " * 14 + "{'leaf': 1::BIGINT}" + "}" * 14)

    assert len(bench.rows(ref, "r")) == 1
    with pytest.raises(BigQueryError, match="nested deeper than 15 levels"):
        bench.create("u", record("r", deepest))


def test_an_expired_table_is_gone(bench: Bench) -> None:
    """With its files; TABLE_STORAGE remembers that there was one."""
    ref = bench.create("t", integer("x"), expires=bench.clock.at + timedelta(hours=1))
    bench.append(ref, "SELECT 1::BIGINT")

    bench.clock.at += timedelta(hours=1)

    with bench.store.statement() as transaction:
        assert transaction.find_table(ref) is None
    assert bench.files("t") == set()
    columns = "table_name, deleted, total_rows, table_deletion_reason"
    kept = bench.metadata("region-eu", "INFORMATION_SCHEMA", "TABLE_STORAGE", columns=columns)
    assert kept == [("t", True, 0, "TABLE_EXPIRATION")]


def test_a_dataset_gives_its_default_expirations(bench: Bench) -> None:
    """Partitioned tables take the partitions' instead of the table's (updating-datasets)."""
    other = DatasetRef("acme-jp", "short")
    defaults = DatasetDefinition("EU", default_table_expiration=timedelta(hours=2),
                                 default_partition_expiration=timedelta(days=5))  # fmt: skip
    daily = TableDefinition((Field("d", "DATE"),), partitioning=TimePartitioning(Unit.DAY, "d"))
    with bench.store.statement() as transaction:
        transaction.create_dataset(other, defaults, OnExisting.REFUSE)
        transaction.create_table(other.table("plain"), TableDefinition((integer("x"),)), OnExisting.REFUSE)
        transaction.create_table(other.table("daily"), daily, OnExisting.REFUSE)
        plain, partitioned = transaction.table(other.table("plain")), transaction.table(other.table("daily"))
        made = transaction.now
        transaction.commit()

    assert plain.definition.expires == made + timedelta(hours=2)
    assert partitioned.definition.expires is None
    assert partitioned.definition.partitioning == TimePartitioning(Unit.DAY, "d", timedelta(days=5))


def test_definitions_survive_a_restart(bench: Bench) -> None:
    """All of a definition comes back from the catalog as it was stated."""
    definition = TableDefinition(
        (Field("d", "DATE", Mode.REQUIRED, description="day"), record("r", text("x"))),
        partitioning=TimePartitioning(Unit.MONTH, "d", timedelta(days=9)),
        clustering=("d",), require_partition_filter=True, expires=bench.clock.at.replace(year=2027),
        labels={"a": "b"}, description="text", friendly_name="name",
    )  # fmt: skip
    view = TableDefinition((integer("x"),), kind=Kind.VIEW, query="SELECT 1 AS x")
    with bench.store.statement() as transaction:
        transaction.create_table(DATASET.table("t"), definition, OnExisting.REFUSE)
        transaction.create_table(DATASET.table("v"), view, OnExisting.REFUSE)
        transaction.commit()

    again = bench.open_again()

    with again.store.statement() as transaction:
        assert transaction.table(DATASET.table("t")).definition == definition
        assert transaction.table(DATASET.table("v")).definition == view
        assert [table.ref.table for table in transaction.tables(DATASET)] == ["t", "v"]
    again.store.close()


def test_a_dataset_with_tables_is_dropped_only_on_demand(bench: Bench) -> None:
    """deleteContents, or CASCADE."""
    ref = bench.create("t", integer("x"))
    bench.append(ref, "SELECT 1::BIGINT")

    with bench.store.statement() as transaction:
        with pytest.raises(BigQueryError, match="acme-jp:sales is still in use"):
            transaction.drop_dataset(DATASET, Contents.REFUSE)
        transaction.drop_dataset(DATASET, Contents.DROP)
        transaction.commit()

    assert not list(bench.root.glob("acme-jp/sales/*/*"))
    with bench.store.statement() as transaction, pytest.raises(BigQueryError, match="Not found: Dataset acme-jp:sales"):
        transaction.table(ref)


def test_overwriting_keeps_the_table_and_not_its_rows(bench: Bench) -> None:
    """WRITE_TRUNCATE of a job: another schema, the old creation time."""
    ref = bench.create("t", integer("x"))
    bench.append(ref, "SELECT 1::BIGINT")
    with bench.store.statement() as transaction:
        before = transaction.table(ref)
        transaction.overwrite_table(ref, TableDefinition((text("y"),)))
        transaction.append(ref, "SELECT 'new'", bench.connection)
        transaction.commit()

    with bench.store.statement() as transaction:
        assert transaction.table(ref).created == before.created
    assert bench.rows(ref, "y") == [("new",)]
    assert len(bench.files("t")) == 1


def test_replacing_makes_a_new_table(bench: Bench) -> None:
    """CREATE OR REPLACE: creation time and rows are new, in one commit."""
    ref = bench.create("t", integer("x"))
    bench.append(ref, "SELECT 1::BIGINT")
    with bench.store.statement() as transaction:
        before = transaction.table(ref)
        transaction.create_table(ref, TableDefinition((text("y"),)), OnExisting.REPLACE)
        transaction.append(ref, "SELECT 'new'", bench.connection)
        transaction.commit()

    with bench.store.statement() as transaction:
        assert transaction.table(ref).created > before.created
    assert bench.rows(ref, "y") == [("new",)]
