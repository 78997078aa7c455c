"""A transaction is written whole or not at all, also when the process is killed."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from replicator.local.database import Database

SCHEMA = "CREATE TABLE IF NOT EXISTS t (n INTEGER)"


def numbers(database: Database) -> list[int]:
    return [row["n"] for row in database.rows("SELECT n FROM t ORDER BY n")]


def test_what_an_exception_leaves_is_not_written(tmp_path: Path) -> None:
    """Nothing of it."""
    database = Database(tmp_path / "d.sqlite", SCHEMA)

    with suppress(ZeroDivisionError), database.transaction():
        database.write("INSERT INTO t VALUES (1)")
        _ = 1 // 0
    database.write("INSERT INTO t VALUES (2)")

    assert numbers(database) == [2]
    database.close()


def test_an_inner_transaction_belongs_to_the_outer_one(tmp_path: Path) -> None:
    """What it wrote goes with the rest."""
    database = Database(tmp_path / "d.sqlite", SCHEMA)

    with suppress(ZeroDivisionError), database.transaction():
        with database.transaction():
            database.write("INSERT INTO t VALUES (1)")
        _ = 1 // 0

    assert numbers(database) == []
    database.close()


def test_it_is_there_when_opened_again(tmp_path: Path) -> None:
    """Also without a close in between."""
    first = Database(tmp_path / "d.sqlite", SCHEMA)
    first.write("INSERT INTO t VALUES (1)")

    second = Database(tmp_path / "d.sqlite", SCHEMA)

    assert numbers(second) == [1]
    first.close()
    second.close()


def test_threads_do_not_write_into_each_others_transactions(tmp_path: Path) -> None:
    """One that rolls back takes nothing of another's with it."""
    database = Database(tmp_path / "d.sqlite", SCHEMA)

    def write_alone() -> None:
        for number in range(100):
            database.write("INSERT INTO t VALUES (?)", number)

    other = threading.Thread(target=write_alone)
    other.start()
    for _ in range(100):
        with suppress(ZeroDivisionError), database.transaction():
            database.write("INSERT INTO t VALUES (-1)")
            _ = 1 // 0
    other.join()

    assert numbers(database) == list(range(100))
    database.close()
