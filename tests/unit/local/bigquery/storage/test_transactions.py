"""Snapshots, conflicts and queues (docs: transactions)."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread

import pytest

from replicator import limits
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.definitions import DatasetDefinition, RangePartitioning, TableDefinition
from replicator.local.bigquery.storage.store import Contents, OnExisting
from replicator.names import DatasetRef, TableRef
from tests.unit.local.bigquery.storage.bench import DATASET, Bench, integer

ABORTED = r"Transaction is aborted due to concurrent update against table acme-jp:sales\.t\. Transaction ID: "
NUMBERS = TableDefinition((integer("x"),))


@pytest.fixture
def ref(bench: Bench) -> TableRef:
    made = bench.create("t", integer("x"))
    bench.append(made, "SELECT unnest([1, 2, 3])::BIGINT")
    return made


def test_a_transaction_sees_its_snapshot_and_its_own_writes(bench: Bench, ref: TableRef) -> None:
    """What others commit meanwhile is not in it."""
    with bench.store.begin() as mine:
        assert bench.rows(ref, "x", mine) == [(1,), (2,), (3,)]
        bench.append(ref, "SELECT 4::BIGINT")
        mine.append(ref, "SELECT 5::BIGINT", bench.connection)
        bench.delete_in(mine, ref, "x = 1")

        assert bench.rows(ref, "x", mine) == [(2,), (3,), (5,)]
        assert bench.rows(ref, "x") == [(1,), (2,), (3,), (4,)]
        assert mine.table(ref).rows == 3
        mine.commit()

    assert bench.rows(ref, "x") == [(2,), (3,), (4,), (5,)]


def test_a_rolled_back_transaction_leaves_nothing(bench: Bench, ref: TableRef) -> None:
    """Neither rows nor files."""
    before = bench.files("t")

    with bench.store.begin() as transaction:
        transaction.append(ref, "SELECT 4::BIGINT", bench.connection)
        bench.delete_in(transaction, ref, "x = 1")

    assert bench.rows(ref, "x") == [(1,), (2,), (3,)]
    assert bench.files("t") == before


def test_a_transaction_may_not_mutate_what_another_one_is_mutating(bench: Bench, ref: TableRef) -> None:
    """The second fails at its statement; the first goes on."""
    with bench.store.begin() as first, bench.store.begin() as second:
        bench.delete_in(first, ref, "x = 1")

        with pytest.raises(BigQueryError, match=ABORTED) as refused:
            bench.delete_in(second, ref, "x = 2")
        first.commit()

    assert (refused.value.status, refused.value.reason) == (400, "invalidQuery")
    assert bench.rows(ref, "x") == [(2,), (3,)]


def test_a_transaction_may_not_mutate_what_was_mutated_since_its_snapshot(bench: Bench, ref: TableRef) -> None:
    """Its rows would be decided by a state that is no more."""
    with bench.store.begin() as late:
        bench.delete(ref, "x = 1")

        with pytest.raises(BigQueryError, match=ABORTED):
            bench.delete_in(late, ref, "x = 2")
        with pytest.raises(BigQueryError, match=ABORTED):
            late.truncate(ref)

    with bench.store.begin() as fresh:
        bench.delete_in(fresh, ref, "x = 2")
        fresh.commit()
    assert bench.rows(ref, "x") == [(3,)]


def test_appends_conflict_with_nothing(bench: Bench, ref: TableRef) -> None:
    """Two that looked before they inserted both insert."""
    with bench.store.begin() as first, bench.store.begin() as second:
        first.append(ref, "SELECT 10::BIGINT", bench.connection)
        second.append(ref, "SELECT 10::BIGINT", bench.connection)
        bench.delete(ref, "x = 1")
        first.commit()
        second.commit()

    assert bench.rows(ref, "x") == [(2,), (3,), (10,), (10,)]


def test_mutating_other_tables_conflicts_with_nothing(bench: Bench, ref: TableRef) -> None:
    """The rule is per table."""
    other = bench.create("other", integer("x"))

    with bench.store.begin() as first, bench.store.begin() as second:
        bench.delete_in(first, ref, "true")
        second.truncate(other)
        first.commit()
        second.commit()

    assert bench.rows(ref) == []


def test_a_statement_queues_behind_a_transaction(bench: Bench, ref: TableRef) -> None:
    """Plain DML waits, and then sees what the transaction left."""
    seen = []

    def statement() -> None:
        with bench.store.statement(mutates=ref) as waiting:
            seen.append(waiting.table(ref).rows)

    with bench.store.begin() as transaction:
        bench.delete_in(transaction, ref, "x = 1")
        thread = Thread(target=statement)
        thread.start()
        thread.join(0.1)
        assert seen == []
        transaction.commit()
    thread.join(10)

    assert seen == [2]


def test_a_waiting_statement_can_be_cancelled(bench: Bench, ref: TableRef) -> None:
    """It has done nothing, and holds nothing."""
    with bench.store.statement(mutates=ref), pytest.raises(BigQueryError, match="cancelled"):
        bench.store.statement(mutates=ref, cancelled=lambda: True)

    with bench.store.statement(mutates=ref) as transaction:
        assert transaction.truncate(ref) == 3


def test_ddl_in_a_transaction_is_for_temporary_tables(bench: Bench) -> None:
    """A hidden dataset holds them, and no list shows it."""
    hidden = DatasetRef("acme-jp", "_script")

    with bench.store.begin() as transaction:
        with pytest.raises(BigQueryError, match="not supported in a transaction"):
            transaction.create_table(DATASET.table("u"), NUMBERS, OnExisting.REFUSE)
        transaction.create_dataset(hidden, DatasetDefinition("EU"), OnExisting.REFUSE)
        transaction.create_table(hidden.table("u"), NUMBERS, OnExisting.REFUSE)
        transaction.append(hidden.table("u"), "SELECT 1::BIGINT", bench.connection)
        transaction.commit()

    with bench.store.statement() as transaction:
        named = transaction.catalog(location="EU", temporary=hidden).relation(("u",))
        scan = named.scan(columns=frozenset({"x"}), prune=())
        assert bench.connection.execute(f"SELECT * FROM {scan}").fetchall() == [(1,)]
        assert [dataset.ref for dataset in transaction.datasets("acme-jp")] == [DATASET]
        transaction.drop_dataset(hidden, Contents.DROP)
        transaction.commit()
    assert {
        row[0] for row in bench.metadata("region-eu", "INFORMATION_SCHEMA", "TABLE_STORAGE", columns="table_name")
    } == set()


def test_a_reader_keeps_the_files_of_its_snapshot(bench: Bench, ref: TableRef) -> None:
    """They go when nobody can see them any more."""
    with bench.store.statement() as reader:
        scan = bench.scan(reader, ref)
        with bench.store.statement() as dropping:
            dropping.drop_table(ref)
            dropping.commit()

        assert bench.connection.execute(f"SELECT sum(x) FROM {scan}").fetchall() == [(6,)]

    assert bench.files("t") == set()


def test_a_table_that_was_made_anew_is_another_table(bench: Bench, ref: TableRef) -> None:
    """Rows meant for the old one are not put into the new one."""
    with bench.store.statement() as late:
        late.append(ref, "SELECT 4::BIGINT", bench.connection)
        with bench.store.statement() as replacing:
            replacing.create_table(ref, NUMBERS, OnExisting.REPLACE)
            replacing.commit()

        with pytest.raises(BigQueryError, match=ABORTED):
            late.commit()

    assert bench.rows(ref) == []


def test_of_two_that_create_if_not_exists_one_creates(bench: Bench) -> None:
    """The other one finds it there, and neither fails."""
    ref = DATASET.table("new")
    with bench.store.statement() as first, bench.store.statement() as second:
        for transaction in (first, second):
            transaction.create_table(ref, NUMBERS, OnExisting.KEEP)
            transaction.append(ref, "SELECT 1::BIGINT", bench.connection)
        first.commit()
        second.commit()

    assert bench.rows(ref, "x") == [(1,)]
    assert len(bench.files("new")) == 1


def test_a_record_is_committed_with_the_rows(bench: Bench, ref: TableRef) -> None:
    """A job's end and what it did are one."""
    with bench.store.begin() as lost:
        lost.record("job", "a", "{}")
    with bench.store.begin() as transaction:
        transaction.append(ref, "SELECT 4::BIGINT", bench.connection)
        transaction.record("job", "b", '{"state":"DONE"}')
        transaction.commit()
    bench.store.records.put("job", "c%", "{}")
    bench.store.records.put("other", "b", "{}")

    assert bench.store.records.get("job", "a") is None
    assert bench.store.records.scan("job") == [("b", '{"state":"DONE"}'), ("c%", "{}")]
    assert bench.store.records.scan("job", prefix="c") == [("c%", "{}")]


def test_many_small_fragments_become_one(bench: Bench, ref: TableRef) -> None:
    """The rows stay, a reader keeps its files, and the last change of the table is the append's."""
    for number in range(31):
        bench.append(ref, f"SELECT {number + 10}::BIGINT")
    before = bench.rows(ref, "x")
    with bench.store.statement() as reader:
        scan = bench.scan(reader, ref)
        bench.append(ref, "SELECT 100::BIGINT")

        assert len(bench.connection.execute(f"SELECT * FROM {scan}").fetchall()) == len(before)
        assert len(bench.files("t")) == 34

    assert len(bench.files("t")) == 2
    assert bench.rows(ref, "x") == [*before, (100,)]
    bench.delete(ref, "x > 3")
    assert bench.rows(ref, "x") == [(1,), (2,), (3,)]


def test_fragments_are_not_merged_under_an_open_transaction(bench: Bench, ref: TableRef) -> None:
    """It may yet delete from what it sees."""
    for number in range(40):
        if number == 30:
            open_one = bench.store.begin()
        bench.append(ref, f"SELECT {number + 10}::BIGINT")

    bench.delete_in(open_one, ref, "x = 1")
    open_one.commit()

    assert len(bench.files("t")) == 41
    assert len(bench.rows(ref, "x")) == 42


def test_a_transaction_modifies_so_many_partitions_and_no_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time that a statement of it modifies one counts; a statement by itself has a limit of its own."""
    assert limits.TRANSACTION_PARTITIONS.value == 100_000
    monkeypatch.setattr(limits, "TRANSACTION_PARTITIONS", replace(limits.TRANSACTION_PARTITIONS, value=5))
    parts = bench.create("parts", integer("x"), partitioning=RangePartitioning("x", 0, 100, 1))
    plain = bench.create("plain", integer("x"))
    bench.append(parts, "SELECT unnest(range(0, 10))::BIGINT")

    with bench.store.begin() as transaction:
        transaction.append(parts, "SELECT unnest([1, 1, 2])::BIGINT", bench.connection)
        transaction.append(plain, "SELECT unnest(range(0, 10))::BIGINT", bench.connection)
        bench.delete_in(transaction, parts, "x IN (2, 3)")
        transaction.truncate(parts, partition="4")
        with pytest.raises(BigQueryError, match="at most 5 partition modifications, and would have performed 6"):
            transaction.append(parts, "SELECT 5::BIGINT", bench.connection)
    with bench.store.begin() as transaction:
        bench.delete_in(transaction, parts, "x < 5")
        transaction.commit()

    assert bench.rows(parts, "x") == [(x,) for x in range(5, 10)]
