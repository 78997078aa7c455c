"""Rows that are newer by a column, by the rendered document: the target equals what plain Python expects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from replicator.runtime.errors import WorkflowFailed
from replicator.schema.fields import Field
from tests.e2e.clouds import cloud
from tests.e2e.units import PROJECT, Bench, ordered, refused

pytestmark = pytest.mark.slow

FIELDS: Final = (
    Field("n", "INTEGER"),
    Field("day", "DATE"),
    Field("note", "STRING"),
    Field("changed", "TIMESTAMP"),
)
BY_CHANGED: Final = "{by: column, column: changed}"
UPSERT: Final = "{upsert: {keys: [n]}}"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A local cloud that the tests of this file share."""
    directory = tmp_path_factory.mktemp("newer")
    with cloud(directory / "cloud") as local:
        yield Bench(local, directory)


def row(number: int, at: int | None, note: str = "a", day: int = 1) -> dict[str, Any]:
    """A row that was changed on that day of November."""
    changed = None if at is None else datetime(2026, 11, at, 8, 30, tzinfo=UTC)
    return {"n": number, "day": date(2026, 11, day), "note": note, "changed": changed}


def owned(name: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows as the target has them."""
    return ordered({**line, "shop": f"{PROJECT}.{name}.orders"} for line in rows)


def load(bench: Bench, name: str, *rows: dict[str, Any]) -> None:
    """Write the source's table anew."""
    bench.load(f"{name}.orders", FIELDS, rows)


def staged(bench: Bench, name: str) -> Sequence[tuple[int, str | None]]:
    """Rows and largest value of each commit, oldest first."""
    return [(unit["row_count"], unit["high"]) for unit in bench.units(name)]


def literal(day: int) -> str:
    """What the ledger keeps of that day's column."""
    return f'TIMESTAMP "2026-11-{day:02d} 08:30:00+00"'


def test_an_upsert_takes_the_rows_from_the_largest_value_on(bench: Bench) -> None:
    """Also those that came later with that very value, and those without one; what lies below is not read again."""
    pipeline = bench.pipeline("up", tables="{table: up.orders}", merge=UPSERT, incremental=BY_CHANGED)
    load(bench, "up", row(1, 3), row(2, 5), row(3, None))
    assert bench.cloud.run(pipeline)["rows"] == 3
    assert bench.cloud.run(pipeline)["state"] == "quiet"

    load(bench, "up", row(1, 3, "unseen"), row(2, 5, "b"), row(3, None, "c"), row(4, 5), row(5, 9))
    assert bench.cloud.run(pipeline)["rows"] == 4

    assert bench.target("up") == owned("up", row(1, 3), row(2, 5, "b"), row(3, None, "c"), row(4, 5), row(5, 9))
    assert staged(bench, "up") == [(3, literal(5)), (4, literal(9))]


def test_a_lookback_takes_rows_below_the_largest_value_again(bench: Bench) -> None:
    """For rows that come late; asked for again, all rows are taken."""
    pipeline = bench.pipeline(
        "late", tables="{table: late.orders}", merge=UPSERT,
        incremental="{by: column, column: changed, lookback: 2 days}",
    )  # fmt: skip
    load(bench, "late", row(1, 3), row(2, 9))
    bench.cloud.run(pipeline)
    load(bench, "late", row(1, 3, "unseen"), row(2, 9), row(3, 7, "late"))
    assert bench.cloud.run(pipeline)["rows"] == 2
    assert bench.target("late") == owned("late", row(1, 3), row(2, 9), row(3, 7, "late"))

    assert bench.cloud.run(pipeline, {"again": True})["rows"] == 3

    assert bench.target("late") == owned("late", row(1, 3, "unseen"), row(2, 9), row(3, 7, "late"))


def test_an_append_takes_each_row_once(bench: Bench) -> None:
    """Rows above the largest value; a change below it brings no row; again replaces what it had brought."""
    pipeline = bench.pipeline("once", tables="{table: once.orders}", merge="append", incremental=BY_CHANGED)
    load(bench, "once", row(1, 3), row(2, 5))
    bench.cloud.run(pipeline)
    load(bench, "once", row(1, 3, "unseen"), row(2, 5), row(3, 6))
    assert bench.cloud.run(pipeline)["rows"] == 1
    load(bench, "once", row(1, 3, "unseen too"), row(3, 6))
    assert bench.cloud.run(pipeline)["rows"] == 0
    assert bench.target("once") == owned("once", row(1, 3), row(2, 5), row(3, 6))
    assert bench.cloud.run(pipeline)["state"] == "quiet"

    bench.cloud.run(pipeline, {"again": True})

    assert bench.target("once") == owned("once", row(1, 3, "unseen too"), row(3, 6))
    load(bench, "once", row(1, 3), row(3, 6), row(4, 7))
    assert bench.cloud.run(pipeline)["rows"] == 1


def test_an_append_refuses_rows_that_it_could_not_know_again(bench: Bench) -> None:
    """Rows without a value; left out by where, the others arrive."""
    tables = "{table: unknown.orders}"
    load_pipeline = bench.pipeline("unknown", tables=tables, merge="append", incremental=BY_CHANGED)
    load(bench, "unknown", row(1, 3), row(2, None))

    with pytest.raises(WorkflowFailed, match="orders: 1 of its rows have no changed, by which an append"):
        bench.cloud.run(load_pipeline)

    where = bench.pipeline(
        "unknown", tables=tables, merge="append", incremental=BY_CHANGED, more="where: changed IS NOT NULL"
    )
    assert bench.cloud.run(where)["rows"] == 1


def test_of_a_partitioned_table_only_changed_partitions_are_looked_into(bench: Bench) -> None:
    """Each partition has a largest value of its own."""
    bench.dataset(f"{PROJECT}.parts", "asia-northeast1")
    columns = "n INT64, day DATE, note STRING, changed TIMESTAMP"
    bench.sql(f"CREATE TABLE `{PROJECT}.parts.orders` ({columns}) PARTITION BY day")
    pipeline = bench.pipeline("parts", tables="{partitioned: parts.orders}", merge=UPSERT, incremental=BY_CHANGED)

    def insert(number: int, at: int, day: int) -> None:
        bench.sql(
            f"INSERT INTO `{PROJECT}.parts.orders` (n, day, note, changed) "
            f"VALUES ({number}, DATE '2026-11-{day:02d}', 'a', TIMESTAMP '2026-11-{at:02d} 08:30:00+00')"
        )

    insert(1, 3, 1)
    insert(2, 9, 2)
    assert bench.cloud.run(pipeline)["units"] == 2
    insert(3, 4, 1)
    insert(4, 2, 1)

    result = bench.cloud.run(pipeline)

    assert (result["units"], result["rows"]) == (1, 2)
    expected = [row(1, 3), row(2, 9, day=2), row(3, 4)]
    assert bench.target("parts") == owned("parts", *expected)


def test_a_table_without_the_column_is_refused_before_anything_is_staged(bench: Bench) -> None:
    """By table and column; a lookback needs a column of time."""
    bench.dataset(f"{PROJECT}.unfit", "asia-northeast1")
    load(bench, "unfit", row(1, 3))
    tables = "{table: unfit.orders}"
    for incremental, words in (
        ("{by: column, column: modified}", "by the column modified, and unfit.orders has none of a type"),
        ("{by: column, column: n, lookback: 3 days}", r"by the column n, .*TIMESTAMP, which a lookback needs"),
    ):
        bad = bench.pipeline("unfit", tables=tables, merge=UPSERT, incremental=incremental)
        with pytest.raises(WorkflowFailed, match=words):
            bench.cloud.run(bad)


def test_every_statement_that_was_sent_is_googlesql(bench: Bench) -> None:
    """What the tests above had the server run is analyzed without an error; it stands last for that."""
    assert refused(bench) == []
