"""Units of every kind, brought by the rendered document: the target equals what plain Python expects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from replicator.gcp.load import load_rows
from replicator.names import TableRef
from replicator.runtime.errors import WorkflowFailed
from replicator.schema.fields import Field
from tests.e2e.clouds import cloud
from tests.e2e.units import PROJECT, Bench, ordered, refused

pytestmark = pytest.mark.slow

NUMBERS: Final = (Field("n", "INTEGER"), Field("note", "STRING"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A local cloud that the tests of this file share."""
    directory = tmp_path_factory.mktemp("units")
    with cloud(directory / "cloud") as local:
        yield Bench(local, directory)


def numbered(number: int, note: str = "a", **more: Any) -> dict[str, Any]:
    """A row."""
    return {"n": number, "note": note, **more}


def owned(owner: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows as the target has them."""
    return ordered({**row, "shop": f"acme-jp.{owner}"} for row in rows)


@pytest.mark.parametrize(
    ("suffix", "by", "names", "days"),
    [
        ("%Y%m", "month", ("202611", "202612"), (date(2026, 11, 1), date(2026, 12, 1))),
        ("%Y", "year", ("2025", "2026"), (date(2025, 1, 1), date(2026, 1, 1))),
        (
            "%Y%m%d%H", "hour", ("2026110523", "2026110600"),
            (datetime(2026, 11, 5, 23, tzinfo=UTC), datetime(2026, 11, 6, tzinfo=UTC)),
        ),
    ],
)  # fmt: skip
def test_shards_of_other_widths(
    bench: Bench, suffix: str, by: str, names: tuple[str, str], days: tuple[date, date]
) -> None:
    """The partition column holds the first day, or the hour; a rewritten shard replaces its own range only.

    A table that was cloned is a shard as any other.
    """
    name = f"by_{by}"
    pipeline = bench.pipeline(name, tables=f'{{shards: "t_", suffix: "{suffix}"}}', by=by, more=f"datasets: {name}")
    for number, table in enumerate((f"t_{names[0]}", "base")):
        bench.load(f"{name}.{table}", NUMBERS, [numbered(number)])
    bench.sql(f"CREATE TABLE `{PROJECT}.{name}.t_{names[1]}` CLONE `{PROJECT}.{name}.base`")
    assert bench.cloud.run(pipeline)["units"] == 2
    bench.load(f"{name}.t_{names[0]}", NUMBERS, [numbered(7, "again"), numbered(8)])

    assert bench.cloud.run(pipeline)["units"] == 1

    expected = [numbered(7, "again", day=days[0]), numbered(8, day=days[0]), numbered(1, day=days[1])]
    assert bench.target(name) == owned(name, *expected)


def partitioned(bench: Bench, name: str, column: str, layout: str) -> None:
    """An empty partitioned table ``orders``."""
    bench.dataset(f"{PROJECT}.{name}", "asia-northeast1")
    columns = "n INT64, note STRING" + (f", {column}" if column else "")
    bench.sql(f"CREATE TABLE `{PROJECT}.{name}.orders` ({columns}) PARTITION BY {layout}")


def insert(bench: Bench, name: str, *values: str) -> None:
    """Add rows to the partitioned table."""
    bench.sql(f"INSERT INTO `{PROJECT}.{name}.orders` (n, note, day) VALUES {', '.join(values)}")


@pytest.mark.parametrize(
    ("kind", "layout", "by", "first", "second"),
    [
        ("DATE", "day", "day", "DATE '2026-11-01'", "DATE '2026-11-02'"),
        ("DATE", "DATE_TRUNC(day, MONTH)", "month", "DATE '2026-10-17'", "DATE '2026-11-02'"),
        ("TIMESTAMP", "TIMESTAMP_TRUNC(day, HOUR)", "hour", "TIMESTAMP '2026-11-01 23:59:59.999999+00'",
         "TIMESTAMP '2026-11-02 00:00:00+00'"),
        ("TIMESTAMP", "TIMESTAMP_TRUNC(day, DAY)", "day", "TIMESTAMP '2026-11-01 23:59:59.999999+00'",
         "TIMESTAMP '2026-11-02 00:00:00+00'"),
        ("DATETIME", "DATETIME_TRUNC(day, DAY)", "day", "DATETIME '2026-11-01 23:59:59.999999'",
         "DATETIME '2026-11-02 00:00:00'"),
    ],
)  # fmt: skip
def test_partitions_of_a_table_are_units(
    bench: Bench, kind: str, layout: str, by: str, first: str, second: str
) -> None:
    """Only what changed is brought again; rows without a value are replaced by having none."""
    name = f"p_{kind}_{by}".lower()
    pipeline = bench.pipeline(name, tables=f'{{partitioned: "{name}.orders"}}', by=by)
    partitioned(bench, name, f"day {kind}", layout)
    insert(bench, name, f"(1, 'a', {first})", f"(2, 'b', {second})", "(3, 'c', NULL)")
    assert bench.cloud.run(pipeline)["units"] == 3
    bench.sql(f"UPDATE `{PROJECT}.{name}.orders` SET note = 'changed' WHERE n = 2")
    insert(bench, name, "(4, 'd', NULL)")

    assert bench.cloud.run(pipeline)["units"] == 2

    source = bench.sql(f"SELECT * FROM `{PROJECT}.{name}.orders`")
    assert len(source) == 4
    assert bench.target(name) == owned(f"{name}.orders", *source)
    assert bench.cloud.run(pipeline)["state"] == "quiet"


def test_partitions_of_whole_numbers_are_units(bench: Bench) -> None:
    """The target exists, partitioned by numbers too; ranges below zero and above are numbers."""
    pipeline = bench.pipeline("p_int", tables='{partitioned: "p_int.orders"}')
    layout = "RANGE_BUCKET(day, GENERATE_ARRAY(-20, 200, 10))"
    partitioned(bench, "p_int", "day INT64", layout)
    bench.cloud.rows(
        f"CREATE TABLE `acme-analytics.marketing.p_int` (n INT64, note STRING, day INT64, shop STRING) "
        f"PARTITION BY {layout}", "EU",
    )  # fmt: skip
    insert(bench, "p_int", "(1, 'a', -15)", "(2, 'b', 0)", "(3, 'c', 100)", "(4, 'd', NULL)", "(5, 'e', 9)")
    assert bench.cloud.run(pipeline)["units"] == 4
    bench.sql(f"UPDATE `{PROJECT}.p_int.orders` SET note = 'changed' WHERE n IN (1, 2)")

    assert bench.cloud.run(pipeline)["units"] == 2

    assert bench.target("p_int") == owned("p_int.orders", *bench.sql(f"SELECT * FROM `{PROJECT}.p_int.orders`"))


def test_the_time_of_ingestion_becomes_the_partition_column(bench: Bench) -> None:
    """A table without a column of its own to be partitioned by."""
    pipeline = bench.pipeline("p_ingested", tables='{partitioned: "p_ingested.orders"}')
    partitioned(bench, "p_ingested", "", "_PARTITIONDATE")
    for day, row in (("20261101", numbered(1)), ("20261102", numbered(2, "b"))):
        load_rows(
            bench.cloud.clients, TableRef(PROJECT, "p_ingested", f"orders${day}"), NUMBERS, [row],
            location="asia-northeast1",
        )  # fmt: skip
    assert bench.cloud.run(pipeline)["units"] == 2

    expected = [numbered(1, day=date(2026, 11, 1)), numbered(2, "b", day=date(2026, 11, 2))]
    assert bench.target("p_ingested") == owned("p_ingested.orders", *expected)


def test_a_table_that_is_partitioned_by_another_column_is_refused_by_name(bench: Bench) -> None:
    """Renamed it fits; nothing is staged before."""
    partitioned(bench, "p_other", "ordered DATE", "ordered")
    bench.sql(f"INSERT INTO `{PROJECT}.p_other.orders` (n, note, ordered) VALUES (1, 'a', DATE '2026-11-01')")
    tables = '{partitioned: "p_other.orders"}'

    with pytest.raises(WorkflowFailed, match=r"the table p_other.orders is not partitioned by a column day"):
        bench.cloud.run(bench.pipeline("p_other", tables=tables))
    bench.cloud.run(bench.pipeline("p_other", tables=tables, more="columns: {rename: {ordered: day}}"))

    assert bench.target("p_other") == owned("p_other.orders", numbered(1, day=date(2026, 11, 1)))


def query_day(days: int) -> date:
    """A day so long ago."""
    return datetime.now(tz=UTC).date() - timedelta(days=days)


def test_a_query_is_asked_window_by_window(bench: Bench) -> None:
    """Complete windows without a receipt; columns and where apply as to a table."""
    name = "asked"
    bench.dataset(f"{PROJECT}.{name}", "asia-northeast1")
    sql = (
        f"SELECT n, note, day, 'secret' AS hidden FROM `{PROJECT}.{name}.orders` "
        "WHERE TIMESTAMP(day) >= @window_start AND TIMESTAMP(day) < @window_end"
    )
    pipeline = bench.pipeline(
        name, tables=f'{{query: "{sql}"}}', incremental="{by: last_modified, lookback: 3 days}",
        more="id: acme-jp.asked\ncolumns: {exclude: [hidden], rename: {note: remark}}\nwhere: n != 4",
    )  # fmt: skip
    fields = (*NUMBERS, Field("day", "DATE"))
    rows = [numbered(age, day=query_day(age)) for age in (0, 1, 2, 3, 5)] + [numbered(4, day=query_day(2))]
    bench.load(f"{name}.orders", fields, rows)

    assert bench.cloud.run(pipeline)["units"] == 3

    expected = [{"n": age, "remark": "a", "day": query_day(age)} for age in (1, 2, 3)]
    assert bench.target(name) == owned(name, *expected)
    assert bench.cloud.run(pipeline)["state"] == "quiet"


def test_a_query_that_leaves_its_window_fails_with_its_count(bench: Bench) -> None:
    """Rows beside the window would never be replaced: the unit is told, and the column."""
    name = "strayed"
    bench.dataset(f"{PROJECT}.{name}", "asia-northeast1")
    sql = f"SELECT n, note, day FROM `{PROJECT}.{name}.orders` WHERE @window_start < @window_end"
    bench.load(
        f"{name}.orders", (*NUMBERS, Field("day", "DATE")), [numbered(age, day=query_day(age)) for age in (1, 2)]
    )
    pipeline = bench.pipeline(name, tables=f'{{query: "{sql}"}}', more="id: acme-jp.strayed")

    with pytest.raises(WorkflowFailed, match="1 of its rows lie outside of it by their day"):
        bench.cloud.run(pipeline)
    upsert = bench.pipeline(
        name, tables=f'{{query: "{sql}"}}', more="id: acme-jp.strayed", merge="{upsert: {keys: [n]}}"
    )
    assert bench.cloud.run(upsert)["rows"] == 2


def test_always_takes_every_unit_again(bench: Bench) -> None:
    """A query without a window, by which all rows of its source are replaced."""
    name = "always"
    bench.dataset(f"{PROJECT}.{name}", "asia-northeast1")
    fields = (*NUMBERS, Field("day", "DATE"))
    pipeline = bench.pipeline(
        name, tables=f'{{query: "SELECT * FROM `{PROJECT}.{name}.orders`"}}', incremental="always",
        merge="replace_table", more="id: acme-jp.always",
    )  # fmt: skip
    for numbers in ((1, 2), (2, 3)):
        rows = [numbered(number, day=date(2026, 11, number)) for number in numbers]
        bench.load(f"{name}.orders", fields, rows)
        assert bench.cloud.run(pipeline)["units"] == 1
        assert bench.target(name) == owned(name, *rows)


def test_units_that_the_target_would_not_keep_are_refused_by_name(bench: Bench) -> None:
    """Their partitions have expired, so their rows would vanish; what is younger arrives all the same."""
    name = "expired"
    pipeline = bench.pipeline(name, tables='{shards: "t_", suffix: "%Y%m%d"}', more=f"datasets: {name}")
    bench.cloud.rows(
        f"CREATE TABLE `acme-analytics.marketing.{name}` (n INT64, note STRING, day DATE, shop STRING) "
        "PARTITION BY day OPTIONS (partition_expiration_days = 30)", "EU",
    )  # fmt: skip
    young, old = query_day(2), query_day(40)
    for number, day in enumerate((young, old)):
        bench.load(f"{name}.t_{day:%Y%m%d}", NUMBERS, [numbered(number)])

    with pytest.raises(WorkflowFailed, match=rf"t_{old:%Y%m%d}: older than the 30(\.0)? days that the target keeps"):
        bench.cloud.run(pipeline)

    assert bench.target(name) == owned(name, numbered(0, day=young))


@pytest.mark.parametrize("kind", ["shards", "partitioned"])
def test_what_has_gone_at_the_source_stays_in_the_target(bench: Bench, kind: str) -> None:
    """A shard or a partition that expired there is no row that was deleted."""
    name = f"gone_{kind}"
    rows = [numbered(number, day=date(2026, 11, number)) for number in (1, 2)]
    if kind == "shards":
        pipeline = bench.pipeline(name, tables='{shards: "t_", suffix: "%Y%m%d"}', more=f"datasets: {name}")
        for row in rows:
            bench.load(f"{name}.t_{row['day']:%Y%m%d}", NUMBERS, [numbered(row["n"])])
    else:
        pipeline = bench.pipeline(name, tables=f'{{partitioned: "{name}.orders"}}')
        partitioned(bench, name, "day DATE", "day")
        insert(bench, name, *(f"({row['n']}, 'a', DATE '{row['day']}')" for row in rows))
    assert bench.cloud.run(pipeline)["units"] == 2
    gone = f"DROP TABLE `{PROJECT}.{name}.t_20261101`"
    bench.sql(gone if kind == "shards" else f"DELETE FROM `{PROJECT}.{name}.orders` WHERE day = DATE '2026-11-01'")

    bench.cloud.run(pipeline)

    assert [(row["n"], row["day"]) for row in bench.target(name)] == [(row["n"], row["day"]) for row in rows]


def test_every_statement_that_was_sent_is_googlesql(bench: Bench) -> None:
    """What the tests above had the server run is analyzed without an error; it stands last for that."""
    assert refused(bench) == []
