"""Rows put in and taken out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.definitions import RangePartitioning, TimePartitioning, Unit
from replicator.schema.fields import Field, Mode
from tests.unit.local.bigquery.storage.bench import DATASET, Bench, integer, record, records, text

DAILY = TimePartitioning(Unit.DAY, "day")
ALL_TYPES = (
    integer("i"),
    Field("f", "FLOAT"),
    Field("n", "NUMERIC"),
    Field("b", "BOOLEAN"),
    text("s"),
    Field("y", "BYTES"),
    Field("d", "DATE"),
    Field("dt", "DATETIME"),
    Field("t", "TIME"),
    Field("ts", "TIMESTAMP"),
    Field("j", "JSON"),
    records("r", Field("at", "TIMESTAMP"), Field("j", "JSON"), Field("y", "BYTES", Mode.REPEATED)),
)
ALL_VALUES = """
SELECT 1::BIGINT i, 0.1::DOUBLE f, 1.000000001::DECIMAL(38, 9) n, true b, 'é' s, '\\x00\\xFF'::BLOB y,
       DATE '0001-01-01' d, TIMESTAMP '9999-12-31 23:59:59.999999' dt, TIME '23:59:59.999999' t,
       TIMESTAMPTZ '2026-01-01 09:00:00+09' ts, '{"a": [1]}'::JSON j,
       [struct_pack("at" := TIMESTAMPTZ '2026-01-01 00:00:00+00', j := 'null'::JSON, y := ['\\x00'::BLOB])] r
"""
NO_VALUES = """
SELECT NULL::BIGINT, NULL::DOUBLE, NULL::DECIMAL(38, 9), NULL::BOOLEAN, NULL::VARCHAR, NULL::BLOB, NULL::DATE,
       NULL::TIMESTAMP, NULL::TIME, NULL::TIMESTAMPTZ, NULL::JSON, NULL::STRUCT("at" TIMESTAMPTZ, j JSON, y BLOB[])[]
"""


def partitions(bench: Bench, name: str) -> dict[str, int]:
    with bench.store.statement() as transaction:
        return {partition.id: partition.rows for partition in transaction.partitions(DATASET.table(name))}


def test_every_type_comes_back_as_it_went_in(bench: Bench) -> None:
    """Types and values survive the file, nested ones too."""
    ref = bench.create("types", *ALL_TYPES)

    bench.append(ref, ALL_VALUES)

    with bench.store.statement() as transaction:
        scan = bench.scan(transaction, ref)
        names = ", ".join(f'"{field.name}"' for field in ALL_TYPES)
        read = bench.connection.execute(f"DESCRIBE SELECT {names} FROM {scan}").fetchall()
        same = bench.connection.execute(
            f"SELECT count(*) FROM (SELECT {names} FROM {scan} INTERSECT SELECT * FROM ({ALL_VALUES}))"
        ).fetchone()
    written = bench.connection.execute(f"DESCRIBE {ALL_VALUES}").fetchall()
    assert [row[1] for row in read] == [row[1] for row in written]
    assert same == (1,)


def test_logical_size_is_counted_by_type(bench: Bench) -> None:
    """8 + 8 + 16 + 1 + (2 + 2) + (2 + 2) + 8 + 8 + 8 + 8 + 10, and 8 + 4 + (2 + 1) in the record."""
    ref = bench.create("types", *ALL_TYPES)

    bench.append(ref, ALL_VALUES)
    bench.append(ref, NO_VALUES)

    with bench.store.statement() as transaction:
        assert transaction.table(ref).bytes == 98
        relation = transaction.catalog(location="EU").relation(("acme-jp", "sales", "types"))
        assert sum(relation.measure(frozenset({"s", "r.at"}), ()).values()) == 12
        assert sum(relation.measure(frozenset({"R"}), ()).values()) == 15


def test_a_null_array_is_stored_empty_at_every_depth(bench: Bench) -> None:
    """BigQuery has no NULL array in a table."""
    ref = bench.create("t", record("a", records("b", Field("c", "STRING", Mode.REPEATED))))
    kind = "STRUCT(b STRUCT(c VARCHAR[])[])"

    bench.append(ref, f"SELECT {{'b': NULL}}::{kind} UNION ALL SELECT {{'b': [{{'c': NULL}}]}}::{kind}")

    assert bench.rows(ref, "a.b") == [([],), ([{"c": []}],)]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (Field("x", "STRING", Mode.REQUIRED), "NULL::VARCHAR", "Required field x cannot be null"),
        (Field("x", "STRING", Mode.REPEATED), "['a', NULL]", "Array cannot have a null element"),
        (record("x", Field("y", "STRING", Mode.REQUIRED)), "{'y': NULL::VARCHAR}", "Required field x.y cannot"),
        (records("x", Field("y", "STRING", Mode.REQUIRED)), "[{'y': NULL::VARCHAR}]", "Required field x.y cannot"),
        (integer("x"), "'1'", "Query column x has type VARCHAR which cannot be inserted into INT64"),
        (integer("x"), "1::BIGINT, 2::BIGINT", "Inserted row has wrong column count; Has 2, expected 1"),
    ],
)
def test_what_a_table_may_not_hold_is_refused(bench: Bench, field: Field, value: str, message: str) -> None:
    """The refusal names the field, and leaves neither row nor file."""
    ref = bench.create("t", field)

    with pytest.raises(BigQueryError, match=message):
        bench.append(ref, f"SELECT {value}")

    assert bench.rows(ref) == []
    assert bench.files("t") == set()


@pytest.mark.parametrize("partitioning", [None, DAILY])
def test_a_query_that_fails_in_the_middle_leaves_no_file(bench: Bench, partitioning: TimePartitioning | None) -> None:
    """Its own error is passed on, whatever had been written before."""
    ref = bench.create("t", Field("day", "DATE"), text("s"), partitioning=partitioning)
    late = "CASE WHEN i < 200_000 THEN 'x' ELSE error('Required field, says the query') END"

    with pytest.raises(duckdb.Error, match="Required field, says the query"):
        bench.append(ref, f"SELECT DATE '2026-01-01' + (i % 3)::INT, {late} FROM range(200_001) r(i)")

    assert bench.files("t") == set()


def test_a_missing_record_needs_none_of_its_required_fields(bench: Bench) -> None:
    """REQUIRED inside a record that is NULL says nothing."""
    ref = bench.create("t", record("x", Field("y", "STRING", Mode.REQUIRED)))

    bench.append(ref, "SELECT NULL::STRUCT(y VARCHAR)")

    assert bench.rows(ref, "x") == [(None,)]


@pytest.mark.parametrize(
    ("kind", "unit", "value", "expected"),
    [
        ("DATE", Unit.DAY, "DATE '2026-01-02'", "20260102"),
        ("DATE", Unit.MONTH, "DATE '2026-01-02'", "202601"),
        ("DATE", Unit.YEAR, "DATE '2026-01-02'", "2026"),
        ("TIMESTAMP", Unit.HOUR, "TIMESTAMPTZ '2026-01-02 09:30:00+09'", "2026010200"),
        ("DATETIME", Unit.DAY, "TIMESTAMP '0001-01-02 09:30:00'", "00010102"),
        ("DATE", Unit.DAY, "NULL::DATE", "__NULL__"),
    ],
)
def test_rows_go_into_the_partition_of_their_time(
    bench: Bench, kind: str, unit: Unit, value: str, expected: str
) -> None:
    """Ids are cut in UTC, and NULL has its own."""
    ref = bench.create("t", Field("c", kind), partitioning=TimePartitioning(unit, "c"))

    bench.append(ref, f"SELECT {value}")

    assert partitions(bench, "t") == {expected: 1}


def test_rows_go_into_the_partition_of_their_number(bench: Bench) -> None:
    """What lies outside the range is unpartitioned."""
    ref = bench.create("t", integer("c"), partitioning=RangePartitioning("c", -10, 20, 10))

    bench.append(ref, "SELECT unnest([-11, -10, -1, 0, 19, 20, NULL])::BIGINT")

    assert partitions(bench, "t") == {"__UNPARTITIONED__": 2, "-10": 2, "0": 1, "10": 1, "__NULL__": 1}


def test_replacing_a_partition_touches_no_other_file(bench: Bench) -> None:
    """A delete of whole partitions drops their files, and writes none for what is left."""
    ref = bench.create("t", Field("day", "DATE"), integer("x"), partitioning=DAILY)
    bench.append(ref, "SELECT DATE '2026-01-01' + (i % 3)::INT, i FROM range(9) r(i)")
    before = bench.files("t")

    bench.delete(ref, "day = DATE '2026-01-02'", added="SELECT DATE '2026-01-02', 100::BIGINT")

    assert len(bench.files("t") & before) == 2
    assert len(bench.files("t")) == 3
    assert (datetime(2026, 1, 2, tzinfo=UTC).date(), 100) in bench.rows(ref, "day, x")
    assert partitions(bench, "t") == {"20260101": 3, "20260102": 1, "20260103": 3}


def test_a_rewrite_keeps_the_rows_that_were_not_named(bench: Bench) -> None:
    """Rows are named by fragment and position, so equal rows are told apart."""
    ref = bench.create("t", integer("x"))
    bench.append(ref, "SELECT unnest([1, 1, 2])::BIGINT")

    with bench.store.statement(mutates=ref) as transaction:
        hit = f"SELECT _FRAGMENT, _ROW FROM {bench.scan(transaction, ref)} WHERE x = 1 LIMIT 1"
        done = transaction.rewrite(ref, hit, "SELECT 3::BIGINT", bench.connection)
        assert [row[0] for row in bench.rows(ref, "x", transaction)] == [1, 2, 3]
        transaction.commit()

    assert (done.removed, done.added, done.touched_bytes) == (1, 1, 24)
    assert bench.rows(ref, "x") == [(1,), (2,), (3,)]


def test_rows_of_an_expired_partition_vanish_at_once(bench: Bench) -> None:
    """managing-partitioned-tables: they count as inserted, and are gone."""
    kept = TimePartitioning(Unit.DAY, "day", timedelta(days=3))
    ref = bench.create("t", Field("day", "DATE"), partitioning=kept)

    bench.append(ref, "SELECT unnest([DATE '2026-11-21', DATE '2026-11-18', NULL])")

    assert partitions(bench, "t") == {"20261121": 1, "__NULL__": 1}
    bench.clock.at += timedelta(days=3)
    assert partitions(bench, "t") == {"__NULL__": 1}
    assert len(bench.files("t")) == 1


def test_ingestion_time_is_a_pseudo_column(bench: Bench) -> None:
    """A row's partition is when it arrived, or what its decorator says, and survives a rewrite."""
    ref = bench.create("t", integer("x"), partitioning=TimePartitioning(Unit.DAY))
    bench.append(ref, "SELECT unnest([1, 2])::BIGINT")
    bench.append(ref, "SELECT 3::BIGINT", partition="20260101")
    bench.clock.at += timedelta(days=1)

    bench.delete(ref, "x = 2")

    read = bench.rows(ref, "x, epoch_us(_PARTITIONTIME) // 1000000, _PARTITIONDATE::VARCHAR")
    assert read == [(1, 1795219200, "2026-11-21"), (3, 1767225600, "2026-01-01")]


def test_a_decorator_refuses_rows_of_other_partitions(bench: Bench) -> None:
    """Writing into one partition means that partition."""
    ref = bench.create("t", Field("day", "DATE"), partitioning=DAILY)

    with pytest.raises(BigQueryError, match="rather than destination partition 20260101"):
        bench.append(ref, "SELECT DATE '2026-01-02'", partition="20260101")
    with pytest.raises(BigQueryError, match="Invalid partition id '2026'"):
        bench.append(ref, "SELECT DATE '2026-01-02'", partition="2026")


def test_a_copy_shares_its_files_and_nothing_else(bench: Bench) -> None:
    """Dropping the source leaves the copy whole, in a folder of its own."""
    source = bench.create("a", Field("day", "DATE"), text("s"), partitioning=DAILY)
    target = bench.create("b", text("s"), text("more"), Field("day", "DATE"), partitioning=DAILY)
    bench.append(source, "SELECT DATE '2026-01-01', 'x' UNION ALL SELECT DATE '2026-01-02', 'y'")

    with bench.store.statement() as transaction:
        transaction.copy(source, target)
        transaction.copy(source, target, partition=("20260101", "20260101"))
        transaction.commit()
    with bench.store.statement() as transaction:
        transaction.drop_table(source)
        transaction.commit()

    assert bench.files("a") == set()
    assert bench.rows(target, "s, more") == [("x", None), ("x", None), ("y", None)]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((text("a"), text("b")), (text("a"),)),
        ((text("a"),), (integer("a"),)),
        ((record("r", text("x"), text("y")),), (record("r", text("x")),)),
        ((text("a"),), (Field("a", "STRING", Mode.REQUIRED),)),
        ((Field("a", "STRING", Mode.REPEATED),), (text("a"),)),
    ],
)
def test_a_copy_into_a_table_of_other_fields_is_refused(
    bench: Bench, source: tuple[Field, ...], target: tuple[Field, ...]
) -> None:
    """No column is left behind in silence."""
    bench.create("a", *source)
    bench.create("b", *target)

    with bench.store.statement() as transaction, pytest.raises(BigQueryError, match="Provided Schema does not match"):
        transaction.copy(DATASET.table("a"), DATASET.table("b"))
