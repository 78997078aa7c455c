"""Each way to merge, over shards and whole tables: the target equals what plain Python expects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from replicator.runtime.errors import WorkflowFailed
from replicator.schema.fields import Field
from tests.e2e.clouds import cloud, record, repeated
from tests.e2e.units import Bench, ordered, refused

pytestmark = pytest.mark.slow

ORDER: Final = (
    Field("id", "INTEGER"),
    Field("day", "DATE"),
    Field("note", "STRING"),
    Field("changed", "TIMESTAMP"),
    record("address", Field("city", "STRING"), Field("zip", "INTEGER")),
    repeated("items", Field("sku", "STRING"), Field("count", "INTEGER")),
)
SHARD: Final = tuple(column for column in ORDER if column.name != "day")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A local cloud that the tests of this file share."""
    directory = tmp_path_factory.mktemp("merge")
    with cloud(directory / "cloud") as local:
        yield Bench(local, directory)


def order(number: int, day: int = 1, *, note: str | None = "a", hour: int = 0, city: str = "Kyoto") -> dict[str, Any]:
    """One row of a whole table."""
    return {
        "id": number,
        "day": date(2026, 11, day),
        "note": note,
        "changed": datetime(2026, 11, 10, hour, tzinfo=UTC),
        "address": {"city": city, "zip": number},
        "items": [{"sku": "x", "count": number}, {"sku": None, "count": None}],
    }


def owned(owner: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows as the target has them."""
    return ordered({**row, "shop": f"acme-jp.{owner}"} for row in rows)


def shard(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the column that a shard's name stands for."""
    return {name: value for name, value in row.items() if name != "day"}


def load_shards(bench: Bench, dataset: str, *rows: dict[str, Any], days: tuple[int, ...]) -> None:
    """Write the shards of these days anew."""
    for day in days:
        mine = [shard(row) for row in rows if row["day"].day == day]
        bench.load(f"{dataset}.orders_202611{day:02d}", SHARD, mine)


def merged(bench: Bench, name: str) -> list[int]:
    """How many rows of a pipeline's target each MERGE touched, oldest first."""
    client = bench.cloud.clients.bigquery("acme-analytics")
    commits = [
        job for job in client.list_jobs() if job.job_id.startswith(f"replicator_{name}_") and "_commit_" in job.job_id
    ]
    return [
        child.num_dml_affected_rows
        for commit in sorted(commits, key=lambda job: job.created)
        for child in client.list_jobs(parent_job=commit)
        if child.statement_type == "MERGE"
    ]


SHARDS: Final = '{shards: "orders_", suffix: "%Y%m%d"}'


def test_append_takes_a_unit_once_and_reports_what_changed_later(bench: Bench) -> None:
    """A rewritten shard is counted, a new one taken; asked for again, only the rewritten range is replaced."""
    pipeline = bench.pipeline("appended", tables=SHARDS, merge="append", more="datasets: appended")
    first = [order(1), order(2, day=2), order(3, day=2)]
    load_shards(bench, "appended", *first, days=(1, 2))
    assert bench.cloud.run(pipeline)["units"] == 2

    late = order(9, day=2, note="late")
    new = order(4, day=3)
    load_shards(bench, "appended", late, new, days=(2, 3))
    result = bench.cloud.run(pipeline)

    assert (result["units"], result["sources"][0]["changed"]) == (1, 1)
    assert bench.target("appended") == owned("appended", *first, new)
    quiet = bench.cloud.run(pipeline)
    assert (quiet["state"], quiet["sources"][0]["changed"]) == ("quiet", 1)
    bench.cloud.run(pipeline, {"again": True, "window": {"from": "2026-11-02", "to": "2026-11-03"}})
    assert bench.target("appended") == owned("appended", first[0], late, new)


def test_a_whole_table_replaces_all_rows_of_its_source(bench: Bench) -> None:
    """And no other source's; the table's own column is the partition."""
    pipeline = bench.pipeline("replaced", tables="{table: replaced.orders}", merge="replace_table")
    bench.load("replaced.orders", ORDER, [order(1), order(2, day=2)])
    assert bench.cloud.run(pipeline)["state"] == "done"
    bench.cloud.rows(
        "INSERT INTO `acme-analytics.marketing.replaced` (shop, id, day) VALUES ('other', 7, DATE '2026-11-01')", "EU"
    )
    bench.load("replaced.orders", ORDER, [order(2, day=2, note="b"), order(5, day=9)])

    assert bench.cloud.run(pipeline)["state"] == "done"

    rows = [row for row in bench.target("replaced") if row["shop"] != "other"]
    assert rows == owned("replaced.orders", order(2, day=2, note="b"), order(5, day=9))
    assert len(bench.target("replaced")) == 3
    assert [unit["covers"] for unit in bench.units("replaced")] == ["all", "all"]
    assert bench.cloud.run(pipeline)["state"] == "quiet"


def test_an_upsert_rewrites_what_differs_and_inserts_what_is_new(bench: Bench) -> None:
    """By key within the source; nested differences count; what is not staged stays, what is the same is not touched."""
    pipeline = bench.pipeline("upserted", tables="{table: upserted.orders}", merge="{upsert: {keys: [id]}}")
    bench.load("upserted.orders", ORDER, [order(1), order(2), order(3), order(4, note=None)])
    bench.cloud.run(pipeline)
    bench.cloud.rows("INSERT INTO `acme-analytics.marketing.upserted` (shop, id) VALUES ('other', 2)", "EU")
    bench.load(
        "upserted.orders", ORDER,
        [order(1), order(2, note="b"), order(3, city="Osaka"), order(4, note="c", day=8), order(5)],
    )  # fmt: skip

    assert bench.cloud.run(pipeline)["rows"] == 5

    expected = [order(1), order(2, note="b"), order(3, city="Osaka"), order(4, note="c", day=8), order(5)]
    rows = bench.target("upserted")
    assert [row for row in rows if row["shop"] != "other"] == owned("upserted.orders", *expected)
    assert [row["id"] for row in rows if row["shop"] == "other"] == [2]
    # Four of the five rows differ or are new.
    assert merged(bench, "upserted") == [4, 4]


def test_of_two_rows_with_one_key_the_newest_wins(bench: Bench) -> None:
    """Among what is staged, and between that and the target: an older row never overwrites a newer one."""
    pipeline = bench.pipeline(
        "newest", tables=SHARDS, merge="{upsert: {keys: [id], newest_by: changed}}", more="datasets: newest"
    )
    rows = [order(1, 1, hour=1), order(1, 2, hour=3, note="newest"), order(2, 1, hour=9)]
    load_shards(bench, "newest", *rows, days=(1, 2))
    bench.cloud.run(pipeline)
    assert bench.target("newest") == owned("newest", rows[1], rows[2])

    older, newer = order(2, 3, hour=8, note="older"), order(1, 3, hour=4, note="newer")
    load_shards(bench, "newest", older, newer, days=(3,))
    bench.cloud.run(pipeline)

    assert bench.target("newest") == owned("newest", newer, rows[2])


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        ("keyless", [order(1), {**order(2), "id": None}], r'no value in its key \{"id":null\}'),
        ("twice", [order(7), order(7, day=2)], r'2 rows of acme-jp.twice.orders have the key \{"id":7\}'),
    ],
)
def test_a_key_that_is_none_is_an_error_that_names_it(
    bench: Bench, name: str, rows: list[dict[str, Any]], words: str
) -> None:
    """Source, key and value; nothing of it reaches the target."""
    pipeline = bench.pipeline(name, tables=f"{{table: {name}.orders}}", merge="{upsert: {keys: [id]}}")
    bench.load(f"{name}.orders", ORDER, rows)

    with pytest.raises(WorkflowFailed, match=f"japan: .*{words}"):
        bench.cloud.run(pipeline)

    assert bench.target(name) == []


def test_deletions_are_mirrored_only_where_it_is_asked(bench: Bench) -> None:
    """Within the source's own rows; a key that carries the partition column prunes all the same."""
    pipeline = bench.pipeline(
        "mirrored", tables="{table: mirrored.orders}", merge="{upsert: {keys: [id, day], mirror_deletions: true}}"
    )
    bench.load("mirrored.orders", ORDER, [order(1), order(2, 2), order(3, 3)])
    bench.cloud.run(pipeline)
    bench.cloud.rows(
        "INSERT INTO `acme-analytics.marketing.mirrored` (shop, id, day) VALUES ('other', 7, DATE '2026-11-01')", "EU"
    )
    bench.load("mirrored.orders", ORDER, [order(1), order(3, 3, note="b"), order(4, 4)])

    bench.cloud.run(pipeline)

    rows = [row for row in bench.target("mirrored") if row["shop"] != "other"]
    assert rows == owned("mirrored.orders", order(1), order(3, 3, note="b"), order(4, 4))
    assert len(bench.target("mirrored")) == 4


def test_a_column_may_have_any_name_that_a_table_or_a_statement_has(bench: Bench) -> None:
    """An alias wins over a column of its name, so a table called like its column would be staged row by row."""
    names = ("odd", "a", "b", "m", "s", "t", "u", "staged", "source", "owner", "key", "lacking")
    fields = (*(Field(name, "INTEGER") for name in names), Field("day", "DATE"))
    pipeline = bench.pipeline("odd", tables="{table: odd.odd}", merge="{upsert: {keys: [odd, key, owner]}}")
    rows = [
        {name: 100 * row + place for place, name in enumerate(names)} | {"day": date(2026, 11, row)} for row in (1, 2)
    ]
    bench.load("odd.odd", fields, rows)
    assert bench.cloud.run(pipeline)["rows"] == 2
    assert bench.target("odd") == owned("odd.odd", *rows)

    rows[0] |= {"s": -1, "t": -2, "source": -3, "staged": -4}
    bench.load("odd.odd", fields, rows)
    bench.cloud.run(pipeline)
    assert bench.target("odd") == owned("odd.odd", *rows)


def test_every_statement_that_was_sent_is_googlesql(bench: Bench) -> None:
    """What the tests above had the server run is analyzed without an error; it stands last for that."""
    assert refused(bench) == []
