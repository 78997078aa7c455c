"""Which shards are due: evaluated by GoogleSQL over literal rows in place of the metadata views."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from replicator.sql.placeholders import RECEIPTS, STAGING, region_view
from replicator.sql.quoting import quote_name
from replicator.sql.units import NO_RECEIPTS, RECEIPTS_OF_TARGET, Kind, due_units
from tests.unit.sql.literals import TODAY, Row, answer, rows

STORAGE: Final = {
    "table_schema": "STRING",
    "table_name": "STRING",
    "table_type": "STRING",
    "deleted": "BOOL",
    "storage_last_modified_time": "TIMESTAMP",
    "total_rows": "INT64",
    "total_logical_bytes": "INT64",
}
RECEIPT: Final = {
    "dataset": "STRING",
    "name": "STRING",
    "modified": "TIMESTAMP",
    "source_rows": "INT64",
    "source_bytes": "INT64",
    "high": "STRING",
    "committed_at": "TIMESTAMP",
}
NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCE: Final = {
    "project": "acme-jp",
    "include": [r"^shop_[^.]*$"],
    "prefix": "orders_",
    "pattern": r"^orders_\d{8}$",
}


def shard(name: str = "orders_20261101", dataset: str = "shop_1", **other: Any) -> Row:
    """A line of TABLE_STORAGE: a table of 10 rows and 100 bytes that was changed at noon."""
    line = {
        "table_schema": dataset,
        "table_name": name,
        "table_type": "BASE TABLE",
        "deleted": False,
        "storage_last_modified_time": NOON,
        "total_rows": 10,
        "total_logical_bytes": 100,
    } | other
    return tuple(line.values())


def receipt(name: str = "orders_20261101", dataset: str = "shop_1", **other: Any) -> Row:
    """A receipt for that table as it is."""
    line = {
        "dataset": dataset,
        "name": name,
        "modified": NOON,
        "source_rows": 10,
        "source_bytes": 100,
        "high": None,
        "committed_at": NOON,
    } | other
    return tuple(line.values())


def due(*shards: Row, receipts: tuple[Row, ...] = (), **source: Any) -> list[Row]:
    """The due units: owner, dataset, name, origin, what they cover, start, end, filter, dated, stamp, again, known."""
    return sorted(
        answer(
            due_units(Kind.SHARDS, RECEIPTS_OF_TARGET),
            tables={
                region_view("TABLE_STORAGE"): rows(STORAGE, *shards),
                quote_name(STAGING, RECEIPTS): rows(RECEIPT, *receipts),
            },
            source=SOURCE | source,
        )
    )


def names(*shards: Row, receipts: tuple[Row, ...] = (), **source: Any) -> list[str]:
    """The due units as ``dataset.name``."""
    return [f"{unit[1]}.{unit[2]}" for unit in due(*shards, receipts=receipts, **source)]


def test_a_stamp_without_a_receipt_is_due() -> None:
    """Whose it is, its day in the target, and its stamp."""
    assert due(shard()) == [
        (
            "acme-jp.shop_1",
            "shop_1",
            "orders_20261101",
            "orders_20261101",
            "range",
            "2026-11-01",
            "2026-11-02",
            None,
            True,
            NOON,
            10,
            100,
            False,
            False,
        )
    ]


def test_a_source_without_a_receipts_table_has_all_of_its_units_due() -> None:
    """The first look at a source needs nothing to be there."""
    found = answer(
        due_units(Kind.SHARDS, NO_RECEIPTS),
        tables={region_view("TABLE_STORAGE"): rows(STORAGE, shard())},
        source=SOURCE,
    )

    assert [unit[2] for unit in found] == ["orders_20261101"]


def test_a_receipt_counts_for_its_very_stamp_only() -> None:
    """Stamps are compared for equality: a receipt that is newer than its table settles nothing."""
    receipts: dict[str, dict[str, Any]] = {
        "shop_same": {},
        "shop_later": {"modified": NOON + timedelta(microseconds=1)},
        "shop_earlier": {"modified": NOON - timedelta(days=1)},
        "shop_rows": {"source_rows": 11},
        "shop_bytes": {"source_bytes": 99},
        "shop_day": {"name": "orders_20261102"},
        "shop_none": {"dataset": "shop_other"},
    }

    found = names(
        *(shard(dataset=dataset) for dataset in receipts),
        receipts=tuple(receipt(**{"dataset": dataset} | change) for dataset, change in receipts.items()),
    )

    assert found == sorted(f"{dataset}.orders_20261101" for dataset in receipts if dataset != "shop_same")


def test_a_time_that_the_platform_does_not_know_yet_equals_no_receipt() -> None:
    """A stamp of NULL is due again and again, until it has a time: rather twice than never."""
    unknown = shard(storage_last_modified_time=None)

    assert names(unknown, receipts=(receipt(modified=None), receipt())) == ["shop_1.orders_20261101"]


def test_only_a_prefix_and_a_real_date_make_a_shard() -> None:
    """Tables that look alike and dates that no calendar has are left alone."""
    others = (
        "orders_intraday_20261101",
        "orders_fresh_20261101",
        "orders_2026110",
        "orders_202611011",
        "orders_20261301",
        "orders_20260229",
        "orders_20261101_old",
        "xorders_20261101",
        "ORDERS_20261101",
        "orders_" + "".join(chr(0xFF10 + int(digit)) for digit in "20261101"),
        "orders_",
    )

    assert names(*map(shard, others), shard()) == ["shop_1.orders_20261101"]


def test_a_prefix_is_text_and_no_pattern() -> None:
    """A character that means something in a regular expression means itself."""
    shards = shard("a-b 20261101"), shard("aab 20261101")

    assert names(*shards, prefix="a-b ", pattern=r"^a\-b\ \d{8}$") == ["shop_1.a-b 20261101"]


def test_what_was_deleted_or_is_no_table_is_not_due() -> None:
    """TABLE_STORAGE lists deleted tables too; a snapshot or a materialized view is no shard."""
    assert names(shard(deleted=True), shard("orders_20261102", table_type="MATERIALIZED VIEW")) == []


def test_datasets_are_those_that_are_included_and_not_excluded() -> None:
    """Any of the one, none of the other; anchored, so that no part of a name is enough."""
    shards = [shard(dataset=name) for name in ("shop_1", "shop_2", "web_1", "a_shop_1", "shop_1_trial")]
    include, exclude = [r"^shop_[^.]*$", r"^web_1$"], [r"^shop_2$", r"^shop_[^.]*_trial$"]

    assert names(*shards, include=include, exclude=exclude) == ["shop_1.orders_20261101", "web_1.orders_20261101"]


def test_lookback_adds_the_days_up_to_it_and_no_other() -> None:
    """Whatever their receipts say, the last days are read again; older ones are due by their stamps alone."""
    days = [f"orders_{TODAY - timedelta(days=age):%Y%m%d}" for age in range(6)]
    receipts = tuple(receipt(name) for name in days[:5])
    shards = [shard(name) for name in days]

    assert names(*shards, receipts=receipts) == [f"shop_1.{days[5]}"]
    assert names(*shards, receipts=receipts, lookback=2) == sorted(f"shop_1.{days[age]}" for age in (0, 1, 2, 5))


def test_a_table_without_rows_may_have_no_time() -> None:
    """One that never gets a time is known by having none, lest it is copied every night."""
    empty = shard(storage_last_modified_time=None, total_rows=0, total_logical_bytes=0)

    assert names(empty, receipts=(receipt(modified=None, source_rows=0, source_bytes=0),)) == []
    assert names(empty, receipts=(receipt(source_rows=0, source_bytes=0),)) == ["shop_1.orders_20261101"]


def test_what_is_read_again_is_told_from_what_is_new() -> None:
    """A unit is due once however often its receipt was written; the commit replaces it although it knows its stamp."""
    again, new = shard(f"orders_{TODAY:%Y%m%d}"), shard(f"orders_{TODAY - timedelta(days=1):%Y%m%d}")
    receipts = (receipt(again[1]),) * 2

    assert [(unit[2], unit[12]) for unit in due(again, new, receipts=receipts, lookback=2)] == [
        (new[1], False),
        (again[1], True),
    ]


@pytest.mark.parametrize(
    ("digits", "start", "end"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("202612", "2026-12-01", "2027-01-01"),
        ("20240229", "2024-02-29", "2024-03-01"),
        ("2026123123", "2026-12-31 23:00:00", "2027-01-01 00:00:00"),
    ],
)
def test_a_shard_covers_the_span_that_its_suffix_names(digits: str, start: str, end: str) -> None:
    """One's end is the next one's start, letter by letter."""
    (unit,) = due(shard(f"orders_{digits}"), pattern=r"^orders_\d+$")

    assert unit[5:7] == (start, end)


def test_what_is_asked_for_again_is_due_and_a_window_bounds_it() -> None:
    """Dates, from inclusive, to exclusive; what was committed with another stamp is told."""
    days = [shard(f"orders_2026110{day}") for day in (1, 2, 3, 4)]
    receipts = (receipt("orders_20261102"), receipt("orders_20261103", source_rows=9))

    found = due(*days, receipts=receipts, again=True, **{"from": "2026-11-02", "to": "2026-11-04"})

    assert [(unit[2], *unit[12:]) for unit in found] == [
        ("orders_20261102", True, True),
        ("orders_20261103", True, True),
    ]
    assert [unit[2] for unit in due(*days, receipts=receipts, always=True)] == [day[1] for day in days]


def test_an_id_stands_for_the_project_and_the_dataset() -> None:
    """What the source column holds survives a move of the data."""
    assert [unit[0] for unit in due(shard(), id="acme-br.sales")] == ["acme-br.sales"]
