"""What the local cloud's storage costs, as ratios to the same work in bare DuckDB in the same run.

``python -m benchmarks.bigquery_storage`` prints a line per piece of work, and ends with 1 where one is above its bound.
Processor time of both threads is compared, the best of three, so that a busy machine does not change the answer much.

Ours is the statement's text carried out by the local cloud's engine, from parsing to the commit. DuckDB's is the same
statement over tables of its own, in a database file; for the wildcard it reads the very same Parquet files.
"""

from __future__ import annotations

import json
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

from benchmarks.statements import PROJECT, Statements
from replicator.local.bigquery.storage.definitions import DatasetDefinition, TableDefinition, TimePartitioning, Unit
from replicator.local.bigquery.storage.fragments import files_of
from replicator.local.bigquery.storage.projection import column_type
from replicator.local.bigquery.storage.store import OnExisting, Store
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field, Mode

DATASET: Final = DatasetRef(PROJECT, "benchmark")
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
COLUMNS: Final = ", ".join(field.name for field in FACTS)
SET: Final = ", ".join(f"{field.name} = s.{field.name}" for field in FACTS if field.name != "id")


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
    """The storage, a connection to it, and the statements that are carried out over it."""

    root: Path
    store: Store
    connection: duckdb.DuckDBPyConnection
    statements: Statements

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

    def files(self, ref: TableRef) -> str:
        """A table's files, as DuckDB's list of literals."""
        with self.store.statement() as transaction:
            found = transaction.overlay.fragments(transaction.table(ref))
        return files_of(self.root, [fragment.path for fragment in found])


def facts(first: int, count: int, *, per_day: int, step: int = 1) -> str:
    """Rows with every ``step``-th id from ``first`` on, so many ids to a day."""
    return (
        f"SELECT DATE '2026-01-01' + ((i // {per_day}) % {DAYS})::INTEGER AS day, i AS id, "
        f"'name ' || (i % 1000) AS name, i / 7 AS amount, ['tag ' || (i % 10), 'tag ' || (i % 3)] AS tags "
        f"FROM range({first}, {first + count * step}, {step}) r(i)"
    )


def replace_partition(ours: Ours, folder: Path) -> Measured:
    """One of thirty partitions is taken out and put in again, in one transaction."""
    per_day, day = ROWS // DAYS, "DATE '2026-01-08'"
    base, added = facts(0, per_day * DAYS, per_day=per_day), facts(per_day * 7, per_day, per_day=per_day)
    target, source = DATASET.table("replaced"), DATASET.table("replacement")
    ours.create(target, FACTS, daily=True)
    ours.append(target, base)
    ours.create(source, FACTS)
    ours.append(source, added)

    def replace(_: int) -> None:
        ours.statements.run(
            f"BEGIN TRANSACTION; DELETE FROM `{target}` WHERE day = {day}; "
            f"INSERT INTO `{target}` ({COLUMNS}) SELECT {COLUMNS} FROM `{source}`; COMMIT TRANSACTION"
        )

    with bare_database(folder / "replaced.duckdb") as bare:
        bare.execute(f"CREATE TABLE t AS {base}")
        bare.execute(f"CREATE TABLE s AS {added}")

        def replace_bare(_: int) -> None:
            bare.execute("BEGIN")
            bare.execute(f"DELETE FROM t WHERE day = {day}")
            bare.execute(f"INSERT INTO t ({COLUMNS}) SELECT {COLUMNS} FROM s")
            bare.execute("COMMIT")

        name = f"replace 1 of {DAYS} partitions of {ROWS:,} rows"
        return Measured(name, best(_nothing, replace), best(_nothing, replace_bare), 3)


def merge_spread(ours: Ours, folder: Path) -> Measured:
    """A MERGE whose keys lie all over the table, in no order."""
    # A unit of the ring of so many numbers: every number is hit once.
    keys = f"SELECT * REPLACE ((id * 7919) % {2 * ROWS} AS id) FROM ({facts(0, CHANGED, per_day=ROWS, step=10)})"
    return _merge(ours, folder, "spread", keys)


def merge_dense(ours: Ours, folder: Path) -> Measured:
    """A MERGE whose keys lie beside each other, at the table's end and behind it."""
    return _merge(ours, folder, "adjacent", facts(ROWS - CHANGED // 2, CHANGED, per_day=ROWS))


def _merge(ours: Ours, folder: Path, keys: str, changes: str) -> Measured:
    base = facts(0, ROWS, per_day=ROWS)
    whole, changed = DATASET.table(f"{keys}_base"), DATASET.table(f"{keys}_changes")
    for ref, rows in ((whole, base), (changed, changes)):
        ours.create(ref, FACTS)
        ours.append(ref, rows)
    merging = f"USING %s AS s ON s.id = t.id WHEN MATCHED THEN UPDATE SET {SET} WHEN NOT MATCHED THEN %s"

    def copy(turn: int) -> None:
        ours.create(DATASET.table(f"{keys}_{turn}"), FACTS)
        ours.copy(whole, DATASET.table(f"{keys}_{turn}"))

    def merge(turn: int) -> None:
        ours.statements.run(
            f"MERGE `{DATASET.table(f'{keys}_{turn}')}` AS t {merging % (f'`{changed}`', 'INSERT ROW')}"
        )

    with bare_database(folder / f"{keys}.duckdb") as bare:
        bare.execute(f"CREATE TABLE source AS {base}")
        bare.execute(f"CREATE TABLE changes AS {changes}")

        def copy_bare(_: int) -> None:
            bare.execute("CREATE OR REPLACE TABLE t AS FROM source")
            bare.execute("CHECKPOINT")

        def merge_bare(_: int) -> None:
            bare.execute(f"MERGE INTO t {merging % ('changes', 'INSERT BY NAME')}")

        name = f"merge {CHANGED:,} {keys} keys into {ROWS:,} rows"
        measured = Measured(name, best(copy, merge), best(copy_bare, merge_bare), 3)
        counted = "SELECT count(*), sum(id), count(DISTINCT id) FROM"
        ((text,), expected) = (ours.statements.run(f"{counted} `{DATASET.table(f'{keys}_0')}`"),
                               bare.execute(f"{counted} t").fetchone())  # fmt: skip
        assert json.loads(text)["f"] == [{"v": str(value)} for value in expected or ()], "the two hold different rows"
        return measured


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
            paths.append(ours.files(ref))
    columns = ("a0", "b0", "record1", "records1")
    counts = "SELECT count(*), sum(b0), max(a0), sum({0}(records1)), count(record1.f0), max(records1[{1}].f1) FROM "

    def read(_: int) -> None:
        (row,) = ours.statements.run(f"{counts.format('ARRAY_LENGTH', 'OFFSET(0)')} `{DATASET}.events_*`")
        answers.append([value["v"] for value in json.loads(row)["f"]])

    by_hand = " UNION ALL BY NAME ".join(f"SELECT {', '.join(columns)} FROM read_parquet({path})" for path in paths)

    def read_bare(_: int) -> None:
        row = ours.connection.execute(f"{counts.format('len', 1)} ({by_hand})").fetchone()
        answers.append([str(value) for value in row or ()])

    answers: list[object] = []
    name = f"wildcard over {SHARDS} shards of {LEAVES} leaves, {SHARD_ROWS:,} rows"
    measured = Measured(name, best(_nothing, read), best(_nothing, read_bare), 5)
    assert all(answer == answers[0] for answer in answers), f"the two read different rows: {answers}"
    return measured


def read_beside(ours: Ours, _: Path) -> Measured:
    """A read of a table from which another one has deleted and not committed, against the same read alone."""
    target = DATASET.table("read")
    ours.create(target, FACTS)
    ours.append(target, facts(0, ROWS // 10, per_day=ROWS))
    query = f"SELECT COUNT(*), MAX(name) FROM `{target}`"

    def read(_: int) -> None:
        ours.statements.run(query)

    alone = best(_nothing, read)
    with ours.store.begin() as writer:
        writer.truncate(target)
        writer.append(target, facts(0, ROWS // 10, per_day=ROWS), ours.connection)
        return Measured("read beside an open transaction", best(_nothing, read), alone, 2)


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


@contextmanager
def opened() -> Iterator[tuple[Ours, Path]]:
    """A store with an empty dataset, and the folder it lies in, which goes with the block."""
    with tempfile.TemporaryDirectory(prefix="replicator-benchmark-") as name:
        folder = Path(name)
        store = Store(folder / "store", now=lambda: datetime.now(UTC))
        ours = Ours(folder / "store", store, store.connect(), Statements(store))
        with store.statement() as transaction:
            transaction.create_dataset(DATASET, DatasetDefinition("EU"), OnExisting.REFUSE)
            transaction.commit()
        yield ours, folder
        ours.connection.close()
        store.close()


def main() -> int:
    """Measure, print, and say whether all is within its bound."""
    within = True
    with opened() as (ours, folder):
        for measure in (replace_partition, merge_spread, merge_dense, read_wildcard, read_beside):
            measured = measure(ours, folder)
            print(measured, flush=True)
            within = within and measured.ratio <= measured.bound
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
