"""What a run is billed for, from its own jobs: bytes that changed, and the partitions that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest

from replicator.cli.main import answer
from replicator.schema.fields import Field
from tests.e2e.clouds import cloud
from tests.e2e.costs import (
    ASIDE,
    LONGER,
    NOTE,
    TARGET,
    Meter,
    Row,
    check_deleted,
    check_landed,
    check_quiet,
    check_source,
    check_unaccounted,
    reading,
    weight,
)

pytestmark = pytest.mark.slow

PARTITIONED: Final = """\
  - {name: parts, id: parts, project: acme-eu, location: EU, tables: {partitioned: "DATASET.orders"}}
"""


@pytest.fixture(scope="module")
def meter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meter]:
    """A local cloud that the tests of this file share."""
    directory = tmp_path_factory.mktemp("costs")
    with cloud(directory / "cloud") as local:
        local.dataset(TARGET, "EU")
        yield Meter(local, directory)


def days(first: int, count: int) -> tuple[date, ...]:
    """Days of a month that is long past."""
    return tuple(date(2025, 11, first + number) for number in range(count))


def partitioned(meter: Meter, dataset: str, rows: Sequence[Row]) -> None:
    """A table of the target's location that is partitioned by day."""
    meter.cloud.dataset(f"acme-eu.{dataset}", "EU")
    table = f"`acme-eu.{dataset}.orders`"
    meter.sql(f"CREATE TABLE {table} (n INT64, note STRING, day DATE) PARTITION BY day")
    values = ", ".join(f"({n}, REPEAT('a', {row.note}), DATE '{row.day}')" for n, row in enumerate(rows))
    meter.sql(f"INSERT INTO {table} (n, note, day) VALUES {values}")


def shard(meter: Meter, rows: Sequence[Row], location: str) -> None:
    """Write the shard of these rows' owner and day anew, with a column beside them that weighs more than all others."""
    meter.cloud.load(
        f"{rows[0].owner}.t_{rows[0].day:%Y%m%d}",
        [Field("n", "INTEGER"), Field("note", "STRING"), Field("hidden", "STRING")],
        [{"n": n, "note": "x" * row.note, "hidden": "h" * 9_000} for n, row in enumerate(rows)], location,
    )  # fmt: skip


def test_partitions_are_replaced_for_what_changed_in_them(meter: Meter) -> None:
    """Shards, partitions and windows of a query: a first run deletes nothing, a quiet one reads nothing."""
    text = (
        """\
sources:
  - name: shards
    project: acme-jp
    location: asia-northeast1
    datasets: "s_*"
    tables: {shards: "t_", suffix: "%Y%m%d"}
    columns: {exclude: [hidden]}
  - name: asked
    id: asked
    project: acme-eu
    location: EU
    tables:
      query: |
        SELECT n, note, DATE(sold) AS day FROM `acme-eu.asked.orders` WHERE sold >= @window_start AND sold < @window_end
"""
        + PARTITIONED.replace("DATASET", "parts")
        + """\
incremental: {by: last_modified, lookback: 3 days}
"""
    )
    shards = [[Row(f"acme-jp.s_{n}", day) for _ in range(2)] for n in (1, 2) for day in days(1, 2)]
    parts = [Row("parts", day) for day in days(11, 3) for _ in range(3)]
    today = datetime.now(tz=UTC).date()
    asked = [Row("asked", today - timedelta(days=age)) for age in (1, 2, 3) for _ in range(2)]
    for dataset in ("s_1", "s_2"):
        meter.cloud.dataset(f"acme-jp.{dataset}", "asia-northeast1")
    for rows in shards:
        shard(meter, rows, "asia-northeast1")
    partitioned(meter, "parts", parts)
    meter.cloud.dataset("acme-eu.asked", "EU")
    meter.sql("CREATE TABLE `acme-eu.asked.orders` (n INT64, note STRING, sold TIMESTAMP) PARTITION BY DATE(sold)")
    noons = [f"TIMESTAMP '{row.day} 12:00:00+00'" for row in (Row("asked", today - timedelta(days=9)), *asked)]
    values = ", ".join(f"(1, REPEAT('a', {NOTE}), {noon})" for noon in noons)
    meter.sql(f"INSERT INTO `acme-eu.asked.orders` (n, note, sold) VALUES {values}")
    pipeline = meter.pipeline("replaced", text)

    result, first = meter.run(pipeline)

    flat = [row for rows in shards for row in rows]
    assert (result["state"], result["units"], result["rows"]) == ("done", 10, 23)
    check_source(first, "acme-jp.s_", sum(row.read for row in flat))
    check_source(first, "acme-eu.parts.orders", sum(row.read + 8 for row in parts))
    check_source(first, "acme-eu.asked.orders", sum(row.read + 8 for row in asked))
    check_deleted(first, [])
    for source, rows, units in (("shards", flat, 4), ("parts", parts, 3), ("asked", asked, 3)):
        check_landed(first, source, rows, units, "INSERT")

    meter.cloud.calls()
    check_quiet(*meter.run(pipeline), meter.cloud.calls())

    late = [[Row(f"acme-jp.s_{n}", days(2, 1)[0], LONGER) for _ in range(3)] for n in (1, 2)]
    for rows in late:
        shard(meter, rows, "asia-northeast1")
    meter.sql(f"UPDATE `acme-eu.parts.orders` SET note = REPEAT('b', {LONGER}) WHERE day = DATE '2025-11-12'")
    result, changed = meter.run(pipeline)

    flat = [row for rows in late for row in rows]
    longer = [Row("parts", days(12, 1)[0], LONGER)] * 3
    assert (result["units"], result["rows"]) == (3, 9)
    check_source(changed, "acme-jp.s_", sum(row.read for row in flat))
    check_source(changed, "acme-eu.parts.orders", sum(row.read + 8 for row in longer))
    assert not reading(changed, "acme-eu.asked.orders")
    check_deleted(changed, [*shards[1], *shards[3], *parts[3:6]])
    check_landed(changed, "shards", flat, 2, "INSERT")
    check_landed(changed, "parts", longer, 1, "INSERT")

    window = {"from": str(today - timedelta(days=2)), "to": str(today - timedelta(days=1))}
    result, again = meter.run(pipeline, {"again": True, "window": window})

    assert (result["units"], result["rows"]) == (1, 2)
    check_source(again, "acme-eu.asked.orders", sum(row.read + 8 for row in asked[2:4]))
    check_deleted(again, asked[2:4])
    check_landed(again, "asked", asked[2:4], 1, "INSERT")
    check_unaccounted(meter.cloud)


def test_an_append_reads_what_is_new_and_no_target(meter: Meter) -> None:
    """A shard that came; one that changed after its commit is not read again."""
    text = """\
sources:
  - name: came
    project: acme-eu
    location: EU
    datasets: came
    tables: {shards: "t_", suffix: "%Y%m%d"}
    columns: {exclude: [hidden]}
merge: append
"""
    meter.cloud.dataset("acme-eu.came", "EU")
    old, new = ([Row("acme-eu.came", day)] * 2 for day in days(1, 2))
    shard(meter, old, "EU")
    pipeline = meter.pipeline("appended", text)
    _, first = meter.run(pipeline)
    check_deleted(first, [])
    shard(meter, [*old, *old], "EU")
    shard(meter, new, "EU")

    result, second = meter.run(pipeline)

    assert (result["units"], result["rows"], result["sources"][0]["changed"]) == (1, 2, 1)
    check_source(second, "acme-eu.came.t_", sum(row.read for row in new))
    check_deleted(second, [])
    check_landed(second, "came", new, 1, "INSERT")


def test_a_whole_table_is_read_once_and_replaces_its_own_rows(meter: Meter) -> None:
    """All of it is the unit, so all that it had put into the target is touched; of others' only the names are read."""
    text = """\
sources:
  - {name: whole, id: whole, project: acme-eu, location: EU, tables: {table: whole.orders}}
merge: replace_table
"""
    rows = [Row("whole", day) for day in days(1, 3)]
    partitioned(meter, "whole", rows)
    pipeline = meter.pipeline("whole", text)
    _, first = meter.run(pipeline)
    check_source(first, "acme-eu.whole.orders", sum(row.read + 8 for row in rows))
    check_deleted(first, [])
    check_landed(first, "whole", rows, 1, "INSERT")
    meter.cloud.calls()
    check_quiet(*meter.run(pipeline), meter.cloud.calls())
    meter.sql(f"UPDATE `acme-eu.whole.orders` SET note = REPEAT('b', {LONGER}) WHERE n = 1")
    changed = [rows[0], Row("whole", rows[1].day, LONGER), rows[2]]
    other = Row("other", days(20, 1)[0])
    meter.sql(
        f"INSERT INTO `{TARGET}.whole` (shop, n, note, day) "
        f"VALUES ('{other.owner}', 1, REPEAT('o', {other.note}), DATE '{other.day}')"
    )

    _, second = meter.run(pipeline)

    check_source(second, "acme-eu.whole.orders", sum(row.read + 8 for row in changed))
    check_deleted(second, rows, owners=[*rows, other])
    check_landed(second, "whole", changed, 1, "INSERT")


def test_an_upsert_by_the_partition_column_reads_no_other_partition(meter: Meter) -> None:
    """The MERGE itself compares: it reads the partition and what was staged once, and writes the partition again."""
    text = f"sources:\n{PARTITIONED.replace('DATASET', 'keyed')}merge: {{upsert: {{keys: [n, day], newest_by: n}}}}\n"
    rows = [Row("parts", day) for day in days(1, 3) for _ in range(3)]
    partitioned(meter, "keyed", rows)
    pipeline = meter.pipeline("upserted", text)
    _, first = meter.run(pipeline)
    check_source(first, "acme-eu.keyed.orders", sum(row.read + 8 for row in rows))
    check_landed(first, "parts", rows, 3, "MERGE")
    assert not any(one.deleted for one in first)
    meter.cloud.calls()
    check_quiet(*meter.run(pipeline), meter.cloud.calls())
    meter.sql(f"UPDATE `acme-eu.keyed.orders` SET note = REPEAT('b', {LONGER}) WHERE n = 4")
    staged = [rows[3], Row("parts", rows[4].day, LONGER), rows[5]]

    _, second = meter.run(pipeline)

    check_source(second, "acme-eu.keyed.orders", sum(row.read + 8 for row in staged))
    check_landed(second, "parts", staged, 1, "MERGE")
    merged, checked = sorted(reading(second, TARGET), key=lambda one: one.kind)
    keys = sum(8 + row.placed for row in staged)
    assert 0 <= merged.bytes - weight(staged) - 2 * weight(rows[3:6]) <= ASIDE + keys, merged
    assert checked.kind == "SELECT"
    assert 2 * keys <= checked.bytes <= 2 * keys + ASIDE, checked
    meter.sql("UPDATE `acme-eu.keyed.orders` SET note = note WHERE n = 4")

    _, third = meter.run(pipeline)

    same = next(one for one in reading(third, TARGET) if one.kind == "MERGE")
    assert 0 <= same.bytes - 2 * weight(staged) <= ASIDE + keys, "a partition in which nothing differs was written"
    check_unaccounted(meter.cloud)


def test_an_upsert_that_reads_the_whole_target_is_announced(meter: Meter, capsys: pytest.CaptureFixture[str]) -> None:
    """By validate and by plan, at its place in the file; one whose keys prune is not."""
    for name, keys, told in (("scanning", "[n]", 1), ("pruning", "[n, day]", 0)):
        text = f"sources:\n{PARTITIONED.replace('DATASET', name)}merge: {{upsert: {{keys: {keys}}}}}\n"
        configs = str(meter.directory / name / "configs")
        meter.pipeline(name, text)
        for verb in (("validate",), ("plan", name, "--offline")):
            assert answer(["--configs", configs, *verb]) == 0
            said = capsys.readouterr().err
            assert said.count(f"warning: {configs}/pipeline.yaml:11:") == told, said
            assert said.count(f"reads all of {TARGET}.{name} in every commit") == told
