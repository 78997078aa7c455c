"""Rows taken out of large fragments, whose files stay as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from replicator.local.bigquery.googlesql.catalog import Prune
from replicator.local.bigquery.storage.definitions import TimePartitioning, Unit
from replicator.local.bigquery.storage.store import OnExisting
from replicator.names import TableRef
from replicator.schema.fields import Field, Mode
from tests.unit.local.bigquery.storage.bench import DATASET, Bench, integer, record, records, text

ROWS = 30_000
FIELDS = (
    integer("x"), Field("d", "DATE"), text("s"), integer("gap"), Field("tags", "STRING", Mode.REPEATED),
    record("r", text("a"), integer("b")), records("items", text("k"), Field("f", "FLOAT")),
)  # fmt: skip


def made(first: int, last: int) -> str:
    """Rows ``[first, last)``: of different lengths, with NULLs, empty arrays and missing records."""
    return (
        "SELECT i AS x, DATE '2026-01-01' + (i % 2)::INT, repeat('s', (i % 7)::INT), "
        "CASE WHEN i % 3 = 0 THEN i END, [repeat('t', (i % 5)::INT)][1:(i % 2)::INT], "
        "CASE WHEN i % 4 > 0 THEN {'a': 'é' || i, 'b': i} END, [{'k': NULL, 'f': i / 2}, {'k': 'k', 'f': NULL}] "
        f"FROM range({first}, {last}) g(i)"
    )


@pytest.fixture
def ref(bench: Bench) -> TableRef:
    """A table of one fragment that is large enough."""
    ref = bench.create("t", *FIELDS)
    bench.append(ref, made(0, ROWS))
    return ref


def sizes(bench: Bench, ref: TableRef, columns: Sequence[str]) -> list[tuple[int, int]]:
    """Rows of a table, and the bytes of each column."""
    with bench.store.statement() as transaction:
        relation = transaction.catalog(location="EU").relation((ref.project, ref.dataset, ref.table))
        prune: tuple[Prune, ...] = ()
        return [
            (transaction.table(ref).rows, sum(relation.measure(frozenset({name}), prune).values())) for name in columns
        ]


def data_files(bench: Bench, name: str) -> list[Path]:
    return [path for path in (bench.root / "acme-jp/sales" / name).iterdir() if ".gone" not in path.name]


def test_what_is_left_is_read_and_counted_as_if_it_stood_alone(bench: Bench, ref: TableRef) -> None:
    """Rows, bytes of every column, and a table that was only ever given those rows, are the same."""
    inode = data_files(bench, "t")[0].stat().st_ino
    bench.delete(ref, "x % 10 = 3")
    bench.delete(ref, "x % 10 = 4 OR x < 100", added=made(ROWS, ROWS + 5))

    alone = bench.create("alone", *FIELDS)
    bench.append(alone, f"SELECT * FROM ({made(0, ROWS + 5)}) WHERE x >= {ROWS} OR (x >= 100 AND x % 10 NOT IN (3, 4))")
    names = [field.name for field in FIELDS]
    assert bench.rows(ref, ", ".join(names)) == bench.rows(alone, ", ".join(names))
    assert sizes(bench, ref, names) == sizes(bench, alone, names)
    assert inode in [path.stat().st_ino for path in data_files(bench, "t")]


def test_a_file_of_which_half_is_gone_is_written_anew(bench: Bench, ref: TableRef) -> None:
    """What was taken out is then on no disk."""
    bench.delete(ref, "x % 5 = 0")
    assert len(bench.files("t")) == 2

    bench.delete(ref, f"x > {ROWS // 2} AND s <> 'sss'")

    assert len(bench.files("t")) == 1
    assert all(x <= ROWS // 2 or s == "sss" for x, s in bench.rows(ref, "x, s"))
    assert sum(1 for _ in bench.rows(ref, "x")) == sizes(bench, ref, ["x"])[0][0]


def test_a_marked_row_cannot_be_taken_out_again(bench: Bench, ref: TableRef) -> None:
    """Within one transaction too, where the fragment is not yet in the catalog."""
    with bench.store.begin() as transaction:
        bench.delete_in(transaction, ref, "x % 10 = 1")
        bench.delete_in(transaction, ref, "x % 10 < 2")
        assert transaction.table(ref).rows == ROWS * 8 // 10
        assert len(bench.rows(ref, "x", transaction)) == ROWS * 8 // 10
        transaction.commit()

    assert len(bench.rows(ref, "x")) == ROWS * 8 // 10
    assert len(bench.files("t")) == 2


def test_a_rolled_back_mark_leaves_no_file(bench: Bench, ref: TableRef) -> None:
    """And a reader of the old state keeps all rows."""
    before = bench.files("t")
    with bench.store.begin() as lost:
        bench.delete_in(lost, ref, "x = 1")
    assert bench.files("t") == before
    with bench.store.statement() as reader:
        scan = bench.scan(reader, ref)
        bench.delete(ref, "x = 1")
        assert bench.connection.execute(f"SELECT count(*) FROM {scan}").fetchall() == [(ROWS,)]
    assert len(bench.rows(ref, "x")) == ROWS - 1


def test_a_copy_lacks_what_was_taken_out(bench: Bench, ref: TableRef) -> None:
    """And is on its own from then on; a wildcard over both lacks it too."""
    bench.delete(ref, "x % 3 = 0")
    copy = bench.create("t2", *FIELDS)
    with bench.store.statement() as transaction:
        transaction.copy(ref, copy)
        transaction.commit()

    assert sizes(bench, copy, ["x", "s"]) == sizes(bench, ref, ["x", "s"])
    with bench.store.statement() as transaction:
        transaction.drop_table(ref)
        transaction.commit()
    assert bench.files("t") == set()
    bench.append(bench.create("t1", *FIELDS), made(0, 3))
    counted = Counter(x % 3 for (x,) in bench.rows(DATASET.table("t*"), "x"))
    assert counted == {0: 1, 1: ROWS // 3 + 1, 2: ROWS // 3 + 1}


def test_a_mark_survives_a_restart(bench: Bench, ref: TableRef) -> None:
    """Its file is no orphan, and those of dead statements are."""
    bench.delete(ref, "x % 10 = 0")
    (bench.root / "acme-jp/sales/t/99.gone.parquet").write_text("left by a statement that was killed")

    again = bench.open_again()

    assert len(again.rows(ref, "x")) == ROWS * 9 // 10
    assert len(again.files("t")) == 2
    again.store.close()


def test_each_partition_keeps_its_own(bench: Bench) -> None:
    """What is taken out of one large partition touches no other."""
    ref = DATASET.table("daily")
    bench.create("daily", *FIELDS, partitioning=TimePartitioning(Unit.DAY, "d"))
    bench.append(ref, made(0, 2 * ROWS))
    with bench.store.statement() as transaction:
        before = {partition.id: partition for partition in transaction.partitions(ref)}

    bench.delete(ref, "x % 10 = 2")

    with bench.store.statement() as transaction:
        after = {partition.id: partition for partition in transaction.partitions(ref)}
    assert after["20260102"] == before["20260102"]
    assert after["20260101"].rows == ROWS - 2 * ROWS // 10
    assert after["20260101"].modified > before["20260101"].modified
    bench.delete(ref, "x % 10 = 4 OR x % 100 = 5")
    left = [x for x in range(2 * ROWS) if x % 10 not in (2, 4) and x % 100 != 5]
    assert bench.rows(ref, "x") == [(x,) for x in left]


def test_a_field_added_later_is_missing_in_what_is_left(bench: Bench, ref: TableRef) -> None:
    """A marked file keeps the schema under which it was written."""
    bench.delete(ref, "x % 10 = 0")
    with bench.store.statement() as transaction:
        definition = transaction.table(ref).definition
        wider = type(definition)((*definition.fields, text("new")))
        transaction.update_table(ref, wider)
        transaction.commit()
    bench.delete(ref, "x % 10 = 1 AND new IS NULL")

    with bench.store.statement() as transaction:
        assert not transaction.create_table(ref, wider, OnExisting.KEEP)
    assert bench.rows(ref, "count(*), count(new)") == [(ROWS * 8 // 10, 0)]
