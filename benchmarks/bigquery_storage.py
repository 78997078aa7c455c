"""What the local cloud's storage costs, as ratios to the same work in bare DuckDB in the same run.

``python -m benchmarks.bigquery_storage`` prints a line per piece of work, and ends with 1 where one is above its bound.
Processor time of both threads is compared, the best of three, so that a busy machine does not change the answer much.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Final

import duckdb

from replicator.local.bigquery.googlesql.catalog import Comparison, Operator
from replicator.local.bigquery.storage.definitions import DatasetDefinition, TableDefinition, TimePartitioning, Unit
from replicator.local.bigquery.storage.fragments import files_of
from replicator.local.bigquery.storage.projection import column_type
from replicator.local.bigquery.storage.store import OnExisting, Store, Transaction
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field, Mode

DATASET: Final = DatasetRef("acme", "benchmark")
ROUNDS: Final = 3
ROWS: Final = 1_000_000
DAYS: Final = 30
CHANGED: Final = 200_000
SHARDS: Final = 500
SHARD_ROWS: Final = 1_000
LEAVES: Final = 300
FACTS: Final = (
    Field("day", "DATE"), Field("id", "INTEGER"), Field("name", "STRING"), Field("amount", "FLOAT"),
    Field("tags", "STRING", Mode.REPEATED),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One piece of work, in seconds of processor time.

    Attributes:
        name: What was done.
        ours: By the storage.
        bare: By DuckDB alone.
        bound: How many times as much ours may take.
    """

    name: str
    ours: float
    bare: float
    bound: float

    @property
    def ratio(self) -> float:
        """How many times as much ours takes."""
        return self.ours / self.bare

    def __str__(self) -> str:
        verdict = "" if self.ratio <= self.bound else "  TOO SLOW"
        figures = f"{self.ratio:6.2f}x (at most {self.bound:g}x)  {self.ours:7.3f} s against {self.bare:.3f} s"
        return f"{self.name:<48}{figures}{verdict}"


def best(prepare: Callable[[int], None], work: Callable[[int], None]) -> float:
    """The least time that ``work`` takes, each time after ``prepare``, which is not counted."""
    times = []
    for turn in range(ROUNDS):
        prepare(turn)
        started = process_time()
        work(turn)
        times.append(process_time() - started)
    return min(times)


@dataclass(frozen=True, slots=True)
class Ours:
    """The storage, and a connection to it."""

    root: Path
    store: Store
    connection: duckdb.DuckDBPyConnection

    def create(self, ref: TableRef, fields: tuple[Field, ...], *, daily: bool = False) -> None:
        """Make an empty table."""
        partitioning = TimePartitioning(Unit.DAY, "day") if daily else None
        with self.store.statement() as transaction:
            transaction.create_table(ref, TableDefinition(fields, partitioning=partitioning), OnExisting.REFUSE)
            transaction.commit()

    def append(self, ref: TableRef, select: str) -> None:
        """Add rows."""
        with self.store.statement() as transaction:
            transaction.append(ref, select, self.connection)
            transaction.commit()

    def copy(self, source: TableRef, target: TableRef) -> None:
        """Add one table's rows to another without writing them anew."""
        with self.store.statement() as transaction:
            transaction.copy(source, target)
            transaction.commit()


def scan(transaction: Transaction, name: str, columns: frozenset[str], *prune: Comparison) -> str:
    """A SELECT of a table's columns, or of a wildcard's."""
    return (
        transaction.catalog(location="EU")
        .relation((DATASET.project, DATASET.dataset, name))
        .scan(columns=columns, prune=prune)
    )


def facts(first: int, count: int, *, per_day: int, step: int = 1) -> str:
    """Rows with every ``step``-th id from ``first`` on, so many ids to a day."""
    return (
        f"SELECT DATE '2026-01-01' + ((i // {per_day}) % {DAYS})::INTEGER AS day, i AS id, "
        f"'name ' || (i % 1000) AS name, i / 7 AS amount, ['tag ' || (i % 10), 'tag ' || (i % 3)] AS tags "
        f"FROM range({first}, {first + count * step}, {step}) r(i)"
    )


def replace_partition(ours: Ours, folder: Path) -> Measured:
    """One of thirty partitions is taken out and put in again."""
    per_day, day = ROWS // DAYS, "DATE '2026-01-08'"
    base, added = facts(0, per_day * DAYS, per_day=per_day), facts(per_day * 7, per_day, per_day=per_day)
    target = DATASET.table("replaced")
    ours.create(target, FACTS, daily=True)
    ours.append(target, base)

    def replace(_: int) -> None:
        with ours.store.statement(mutates=target) as transaction:
            chosen = Comparison("day", Operator.EQUAL, datetime(2026, 1, 8, tzinfo=UTC).date())
            rows = scan(transaction, "replaced", frozenset({"day", "_FRAGMENT", "_ROW"}), chosen)
            removed = f"SELECT _FRAGMENT, _ROW FROM {rows} WHERE day = {day}"
            transaction.rewrite(target, removed, added, ours.connection)
            transaction.commit()

    with bare_database(folder / "replaced.duckdb") as bare:
        bare.execute(f"CREATE TABLE t AS {base}")

        def replace_bare(_: int) -> None:
            bare.execute("BEGIN")
            bare.execute(f"DELETE FROM t WHERE day = {day}")
            bare.execute(f"INSERT INTO t {added}")
            bare.execute("COMMIT")

        name = f"replace 1 of {DAYS} partitions of {ROWS:,} rows"
        return Measured(name, best(_nothing, replace), best(_nothing, replace_bare), 3)


def merge_by_key(ours: Ours, folder: Path) -> Measured:
    """A keyed MERGE, half of whose rows match; their keys lie all over the table."""
    base = facts(0, ROWS, per_day=ROWS)
    changes = facts(0, CHANGED, per_day=ROWS, step=2 * ROWS // CHANGED)
    source = DATASET.table("merged")
    ours.create(source, FACTS)
    ours.append(source, base)
    ours.connection.execute(f"CREATE TEMP TABLE changes AS {changes}")

    def copy(turn: int) -> None:
        ours.create(DATASET.table(f"merged_{turn}"), FACTS)
        ours.copy(source, DATASET.table(f"merged_{turn}"))

    def merge(turn: int) -> None:
        target = DATASET.table(f"merged_{turn}")
        with ours.store.statement(mutates=target) as transaction:
            rows = scan(transaction, target.table, frozenset({"id", "_FRAGMENT", "_ROW"}))
            removed = f"SELECT t._FRAGMENT, t._ROW FROM {rows} AS t JOIN changes ON changes.id = t.id"
            transaction.rewrite(target, removed, "FROM changes", ours.connection)
            transaction.commit()

    with bare_database(folder / "merged.duckdb") as bare:
        bare.execute(f"CREATE TABLE source AS {base}")
        bare.execute(f"CREATE TEMP TABLE changes AS {changes}")
        values = ", ".join(f"{field.name} = s.{field.name}" for field in FACTS)

        def copy_bare(_: int) -> None:
            bare.execute("CREATE OR REPLACE TABLE t AS FROM source")
            bare.execute("CHECKPOINT")

        def merge_bare(_: int) -> None:
            bare.execute(
                f"MERGE INTO t USING changes AS s ON s.id = t.id WHEN MATCHED THEN UPDATE SET {values} "
                "WHEN NOT MATCHED THEN INSERT BY NAME"
            )

        name = f"merge {CHANGED:,} rows into {ROWS:,} by key"
        return Measured(name, best(copy, merge), best(copy_bare, merge_bare), 3)


def read_wildcard(ours: Ours, _: Path) -> Measured:
    """A few columns, nested ones too, of shards of two schemas: the newer has a field more in its records.

    Five shards of each schema are written; the others share their files, which costs the same to read.
    """
    paths = []
    for place, width in enumerate((LEAVES // 30 - 1, LEAVES // 30)):
        fields = wide_schema(width)
        for shard in range(5):
            ref = DATASET.table(f"written{place}_{shard}")
            ours.create(ref, fields)
            ours.append(ref, f"SELECT {wide_row(fields)} FROM range({SHARD_ROWS}) r(i)")
        for shard in range(SHARDS // 2):
            ref = DATASET.table(f"events_{place}{shard:07}")
            ours.create(ref, fields)
            ours.copy(DATASET.table(f"written{place}_{shard % 5}"), ref)
            with ours.store.statement() as transaction:
                paths.append(
                    files_of(ours.root, [f.path for f in transaction.overlay.fragments(transaction.table(ref))])
                )
    columns = ("a0", "b0", "record1", "records1")
    asked = "count(*), sum(b0), max(a0), sum(len(records1)), count(record1.f0), max(records1[1].f1)"

    def read(_: int) -> None:
        with ours.store.statement() as transaction:
            rows = scan(transaction, "events_*", frozenset(columns))
            answers.append(ours.connection.execute(f"SELECT {asked} FROM {rows}").fetchall())

    by_hand = " UNION ALL BY NAME ".join(f"SELECT {', '.join(columns)} FROM read_parquet({path})" for path in paths)

    def read_bare(_: int) -> None:
        answers.append(ours.connection.execute(f"SELECT {asked} FROM ({by_hand})").fetchall())

    answers: list[object] = []
    name = f"wildcard over {SHARDS} shards of {LEAVES} leaves, {SHARD_ROWS:,} rows"
    measured = Measured(name, best(_nothing, read), best(_nothing, read_bare), 5)
    assert all(answer == answers[0] for answer in answers), "the two read different rows"
    return measured


def wide_schema(width: int) -> tuple[Field, ...]:
    """Ten texts, ten numbers, and as many records and arrays of records of ``width`` fields as make up 300 leaves."""
    inner = tuple(Field(f"f{place}", ("STRING", "INTEGER", "STRING", "FLOAT")[place % 4]) for place in range(width))
    texts = (Field(f"a{place}", "STRING") for place in range(10))
    numbers = (Field(f"b{place}", "INTEGER") for place in range(10))
    one = (Field(f"record{place}", "RECORD", fields=inner) for place in range(14))
    many = (Field(f"records{place}", "RECORD", Mode.REPEATED, inner) for place in range(14))
    return (*texts, *numbers, *one, *many)


def wide_row(fields: tuple[Field, ...]) -> str:
    """A row of such a table."""
    return ", ".join(f"{_value(field)}::{column_type(field)} AS {field.name}" for field in fields)


def _value(field: Field) -> str:
    if field.type == "RECORD":
        one = f"{{{', '.join(f'{child.name}: {_value(child)}' for child in field.fields)}}}"
        return f"[{one}, {one}]" if field.mode is Mode.REPEATED else one
    return "('value ' || i % 100)" if field.type == "STRING" else "i"


@contextmanager
def bare_database(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own, on disk as ours is, with as many threads."""
    with duckdb.connect(str(path), config={"threads": "2"}) as connection:
        yield connection


def _nothing(_: int) -> None:
    """Nothing has to be prepared."""


def main() -> int:
    """Measure, print, and say whether all is within its bound."""
    with tempfile.TemporaryDirectory(prefix="replicator-benchmark-") as name:
        folder = Path(name)
        store = Store(folder / "store", now=lambda: datetime.now(UTC))
        ours = Ours(folder / "store", store, store.connect())
        with store.statement() as transaction:
            transaction.create_dataset(DATASET, DatasetDefinition("EU"), OnExisting.REFUSE)
            transaction.commit()
        within = True
        for measure in (replace_partition, merge_by_key, read_wildcard):
            measured = measure(ours, folder)
            print(measured, flush=True)
            within = within and measured.ratio <= measured.bound
        ours.connection.close()
        store.close()
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
