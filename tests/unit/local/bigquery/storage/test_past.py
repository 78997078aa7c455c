"""Whatever becomes of a table: as of every moment it is what it was then, and after the window nothing is left."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.store import OnExisting
from replicator.names import TableRef
from tests.unit.local.bigquery.storage.bench import Bench, integer

_STEPS = 14


def as_of(bench: Bench, ref: TableRef, moment: datetime | None = None) -> list[tuple[Any, ...]]:
    """How many rows, and which."""
    with bench.store.statement() as transaction:
        path = (ref.project, ref.dataset, ref.table)
        relation = transaction.catalog(location="EU").relation(path, system_time=moment)
        scan = relation.scan(columns=frozenset({"x"}), prune=())
        return bench.connection.execute(f"SELECT count(*), bit_xor(hash(x)) FROM {scan}").fetchall()


def change(bench: Bench, ref: TableRef, chance: random.Random, first: int) -> None:
    """Some change: rows put in, few or many, taken out, changed, all replaced; or several statements at once."""
    some = f"x % {chance.choice([2, 7, 101])} = 1"
    match chance.choice(["few", "many", "small", "delete", "delete", "update", "truncate", "replace", "several"]):
        case "few":
            bench.append(ref, f"SELECT {first}::BIGINT")
        case "many":
            bench.append(ref, f"SELECT ({first} + i)::BIGINT FROM range(60000) AS g(i)")
        case "small":
            for number in range(33):
                bench.append(ref, f"SELECT {first + number}::BIGINT")
        case "delete":
            bench.delete(ref, some)
        case "update":
            bench.delete(ref, some, added=f"SELECT -{first}::BIGINT")
        case "truncate":
            with bench.store.statement(mutates=ref) as transaction:
                transaction.truncate(ref)
                transaction.commit()
        case "replace":
            with bench.store.statement() as transaction:
                transaction.create_table(ref, TableDefinition((integer("x"),)), OnExisting.REPLACE)
                transaction.append(ref, f"SELECT {first}::BIGINT", bench.connection)
                transaction.commit()
        case _:
            several = bench.store.begin()
            several.append(ref, f"SELECT {first}::BIGINT", bench.connection)
            bench.delete_in(several, ref, some)
            several.commit()


@pytest.mark.parametrize("seed", [1, 2])
def test_every_state_stays_what_it_was(tmp_path: Path, seed: int) -> None:
    """Through merged fragments, marked rows and a restart; eight days later files and catalog hold what is, alone."""
    chance = random.Random(seed)
    bench = Bench(tmp_path / "bigquery", past_bytes=10**12)
    ref = bench.create("t", integer("x"))
    states: list[tuple[datetime, list[tuple[Any, ...]]]] = []
    for step in range(_STEPS):
        change(bench, ref, chance, 100_000 * step)
        if step == _STEPS // 2:
            bench = bench.open_again()
        states.append((bench.clock(), as_of(bench, ref)))

    assert [as_of(bench, ref, moment) for moment, _ in states] == [state for _, state in states]

    bench.clock.at += timedelta(days=8)
    assert as_of(bench, ref) == states[-1][1]
    with bench.store.statement() as transaction:
        fragments = transaction.overlay.fragments(transaction.table(ref))
        assert not transaction.overlay.snapshot.query(
            "SELECT 1 FROM past_tables UNION ALL SELECT 1 FROM past_fragments"
        )
    assert len(bench.files("t")) == sum(len(fragment.files) for fragment in fragments)
