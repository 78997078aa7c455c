"""The script that commits a batch, as its query writes it: what it deletes, what it inserts, what it asserts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replicator.names import DatasetRef, TableRef
from replicator.sql.commit import batch_table, write_commit
from replicator.sql.merge import Replacing
from replicator.sql.placeholders import bind
from replicator.sql.quoting import quote_string, quote_table
from tests.googlesql import RefusedError, evaluate, parse
from tests.unit.sql.literals import Row, answer, cut, literal, rows

TARGET: Final = TableRef("acme-analytics", "sales", "orders")
STATE: Final = DatasetRef("acme-analytics", "replicator")
SCRIPT: Final = write_commit(
    target=TARGET,
    state=STATE,
    fence=STATE.table("fence"),
    key="0a1b2c",
    partition_column="order_day",
    source_column="shop",
    strategy=Replacing.PARTITIONS,
)
BATCH: Final = quote_table(batch_table(STATE, "0a1b2c"))
BATCH_COLUMNS: Final = {
    "source": "STRING",
    "owner": "STRING",
    "covers": "STRING",
    "range_start": "STRING",
    "range_end": "STRING",
    "row_count": "INT64",
    "committed_before": "BOOL",
}
FIRST: Final = date(2026, 11, 1)
RUN: Final = {
    "pipeline": "orders",
    "run": "orders-000012",
    "epoch": 12,
    "holder": 'it\'s "a" holder',
    "lease": 900,
    "batch": [{"source": name, "manifest": "m", "aligned": f"acme.{name}.aligned_000012"} for name in ("japan", "br")],
}


def units(*days: tuple[str, int], before: bool = True, width: int = 1) -> str:
    """The batch as a query: an owner's unit for each of the days, counted from the first."""
    lines: list[Row] = [
        (
            "japan",
            owner,
            "range",
            str(FIRST + timedelta(days=day)),
            str(FIRST + timedelta(days=day + width)),
            7,
            before,
        )
        for owner, day in days
    ]
    return rows(BATCH_COLUMNS, *lines)


def delete(batch: str) -> str | None:
    """The DELETE of a batch, which is nothing where nothing was ever committed."""
    return delete_of_type("DATE", batch)


def delete_of_type(kind: str, batch: str) -> str | None:
    """The same for a partition column of that type."""
    query = (
        cut(SCRIPT, "WITH units AS", "\n);\nSET body")
        .replace("IF(kind", f"IF('{kind}'")
        .replace("%T', kind,", f"%T', '{kind}',")
    )
    ((text,),) = answer(query, tables={BATCH: batch})
    return None if text is None else str(text)


def ranges(statement: str, owners: set[str]) -> set[tuple[str, int]]:
    """The (owner, day) pairs that a DELETE takes, found by asking it about each of 30 days."""
    condition = statement.removeprefix(f"DELETE FROM {quote_table(TARGET)} WHERE ").removesuffix(";\n")
    asked = rows(
        {"shop": "STRING", "order_day": "DATE"},
        *((owner, FIRST + timedelta(days=day)) for owner in owners for day in range(-1, 30)),
    )
    return {
        (shop, (day - FIRST).days) for shop, day in evaluate(f"SELECT shop, order_day FROM {asked} WHERE {condition}")
    }


def test_adjacent_days_are_one_range_and_gaps_are_kept() -> None:
    """Literals that prune; owners that share a range share its condition, and what lies between units is kept."""
    statement = delete(units(("a", 0), ("a", 1), ("a", 2), ("a", 4), ("b", 1), ("b", 4)))

    assert statement == (
        "DELETE FROM `acme-analytics.sales.orders` WHERE "
        '(`order_day` >= DATE "2026-11-01" AND `order_day` < DATE "2026-11-04" AND `shop` IN ("a"))\n'
        '  OR (`order_day` >= DATE "2026-11-02" AND `order_day` < DATE "2026-11-03" AND `shop` IN ("b"))\n'
        '  OR (`order_day` >= DATE "2026-11-05" AND `order_day` < DATE "2026-11-06" AND `shop` IN ("a", "b"));\n'
    )


@settings(max_examples=6, deadline=None)
@given(st.sets(st.tuples(st.sampled_from(["a", "b", "it's", 'x"); --', "`\\"]), st.integers(0, 28)), min_size=1))
def test_a_delete_takes_its_pairs_and_no_other(pairs: set[tuple[str, int]]) -> None:
    """Never a cross product, which would take rows of other units; no value gets out of its quotes."""
    statement = delete(units(*sorted(pairs)))

    assert statement is not None
    assert ranges(statement, {"a", "b", "it's", 'x"); --', "`\\"}) == pairs


def test_two_shards_of_one_day_are_one_range() -> None:
    """A day that two units share is named once."""
    statement = delete(units(("a", 0), ("a", 0), ("a", 1)))

    assert statement is not None
    assert statement.count(" OR ") == 0
    assert ranges(statement, {"a"}) == {("a", 0), ("a", 1)}


def test_numbers_are_ranges_of_numbers() -> None:
    """In the order of numbers and not of letters, written as numbers."""
    lines = [("japan", "a", "range", str(start), str(start + 10), 7, True) for start in (-10, 0, 10, 90, 100)]

    statement = delete_of_type("INT64", rows(BATCH_COLUMNS, *lines))

    assert statement == (
        "DELETE FROM `acme-analytics.sales.orders` WHERE "
        '(`order_day` >= -10 AND `order_day` < 20 AND `shop` IN ("a"))\n'
        '  OR (`order_day` >= 90 AND `order_day` < 110 AND `shop` IN ("a"));\n'
    )


def test_what_has_no_day_is_replaced_by_having_none() -> None:
    """And hours are ranges of a TIMESTAMP."""
    lines: list[Row] = [
        ("japan", "a", "null", None, None, 7, True),
        ("japan", "a", "range", "2026-11-01 23:00:00", "2026-11-02 00:00:00", 7, True),
        ("japan", "a", "range", "2026-11-02 00:00:00", "2026-11-02 01:00:00", 7, True),
    ]

    assert delete_of_type("TIMESTAMP", rows(BATCH_COLUMNS, *lines)) == (
        'DELETE FROM `acme-analytics.sales.orders` WHERE (`order_day` >= TIMESTAMP "2026-11-01 23:00:00" '
        'AND `order_day` < TIMESTAMP "2026-11-02 01:00:00" AND `shop` IN ("a"))\n'
        '  OR (`order_day` IS NULL AND `shop` IN ("a"));\n'
    )


def test_what_was_never_committed_is_not_deleted() -> None:
    """A first load reads no partition of the target."""
    assert delete(units(("a", 0), before=False)) is None


def written(batch: str, *, deletes: str | None = None) -> dict[str, Any]:
    """The answer that the query gives: ``units``, ``rows``, ``known``, ``more``, and beside them ``statement``."""
    given = quote_string("`order_day`, `shop`, `total \\`x\\``")
    ((inserts,),) = answer(
        cut(SCRIPT, "WITH totals AS", "\n);\nSELECT TO_JSON_STRING")
        .replace("IFNULL(body, '')", "''")
        .replace("list, list,", f"{given}, {given},"),
        tables={BATCH: batch},
        run=RUN,
    )
    body = None if inserts is None else f"{deletes or ''}{inserts}"
    last = SCRIPT[SCRIPT.rindex("SELECT TO_JSON_STRING") :].rstrip().removesuffix(";")
    select, _, table = last.rpartition("FROM ")
    assert table == BATCH
    variables = {
        ", body,": f", CAST({literal(body)} AS STRING),",
        "known AS known": "1 AS known",
        "more AS more": "0 AS more",
    }
    for variable, value in variables.items():
        assert select.count(variable) == 1
        select = select.replace(variable, value)
    ((found, statement),) = answer(f"{select}FROM {batch}", run=RUN)
    return dict(json.loads(found)) | {"statement": statement}


def test_a_batch_is_one_transaction_behind_the_fence() -> None:
    """Fence, what is due, delete, insert, ledger: in that order, so that whoever lost the fence does nothing."""
    found = written(units(("a", 0), ("a", 1)), deletes="DELETE FROM t WHERE TRUE;\n")
    statement = found["statement"]
    parse(bind(statement, {"epoch": "000012", "batch": "1"}))
    steps = [line.split("(")[0].split(" SET ")[0].strip() for line in re.split(r";\n", statement) if line.strip()]

    assert (found["units"], found["rows"], found["known"]) == (2, 14, 1)
    assert [step.partition("\n")[0] for step in steps] == [
        "BEGIN TRANSACTION",
        "UPDATE `acme-analytics.replicator.fence`",
        "SELECT IF",
        "SELECT IF",
        "DELETE FROM t WHERE TRUE",
        "INSERT INTO `acme-analytics.sales.orders`",
        "SELECT IF",
        "INSERT INTO `acme-analytics.replicator.units`",
        "INSERT INTO `acme-analytics.replicator.runs`",
        "COMMIT TRANSACTION",
    ]
    assert 'WHERE holder = "it\'s \\"a\\" holder" AND epoch = 12;' in statement


def test_columns_are_inserted_by_name_and_their_rows_counted() -> None:
    """The target's own list of columns on both sides, the total from the manifest beside it."""
    statement = written(units(("a", 0), ("b", 4)))["statement"]

    assert "INSERT INTO `acme-analytics.sales.orders` (`order_day`, `shop`, `total \\`x\\``)\n" in statement
    assert (
        "SELECT `order_day`, `shop`, `total \\`x\\`` FROM `acme.japan.aligned_000012` AS replicator_row\n" in statement
    )
    assert 'SELECT IF(@@row_count = 14, 1, ERROR("not every row of japan was inserted"));' in statement
    assert "acme.br.aligned" not in statement


def test_a_batch_in_which_everything_is_known_writes_no_script() -> None:
    """Receipts that were lost cost a copy and no commit."""
    found = written(rows(BATCH_COLUMNS))

    assert (found["units"], found["rows"], found["statement"]) == (0, 0, None)


STAMPED: Final = {
    "owner": "STRING",
    "unit": "STRING",
    "covers": "STRING",
    "range_start": "STRING",
    "range_end": "STRING",
    "modified": "TIMESTAMP",
    "source_rows": "INT64",
    "source_bytes": "INT64",
    "again": "BOOL",
}
NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


def stamp(unit: str = "orders_20261101", **other: Any) -> Row:
    """A unit as the manifest and the ledger have it."""
    line = {
        "owner": "a", "unit": unit, "covers": "range", "range_start": str(FIRST),
        "range_end": str(FIRST + timedelta(days=1)), "modified": NOON, "source_rows": 10, "source_bytes": 100,
        "again": False,
    } | other  # fmt: skip
    return tuple(line.values())


def chosen(landed: list[Row], committed: list[Row], run: str = "orders-000011") -> list[Row]:
    """The units that are due: owner, unit, and whether their day was committed before, by that run."""
    query = cut(SCRIPT, "SELECT l.*,", ";\n\nCREATE OR REPLACE TABLE")
    earlier = rows({**STAMPED, "run": "STRING"}, *((*row, run) for row in committed))
    content = {"FROM landed": f"FROM {rows(STAMPED, *landed)}", "FROM committed": f"FROM {earlier}"}
    return sorted((*row[:2], row[-1]) for row in answer(query, tables=content, run=RUN))


def test_a_batch_takes_what_the_ledger_does_not_have_with_this_stamp() -> None:
    """Equal in everything is known, unless it was asked for again; what differs replaces what was there."""
    landed = [
        stamp("known"),
        stamp("later", modified=NOON + timedelta(seconds=1)),
        stamp("rows", source_rows=11),
        stamp("bytes", source_bytes=99),
        stamp("timeless", modified=None),
        stamp("known", owner="b"),
        stamp("new", range_start="2026-11-02", range_end="2026-11-03"),
        stamp("asked", again=True),
        stamp("empty", source_rows=0, modified=None),
    ]
    committed = [stamp(name) for name in ("known", "later", "rows", "bytes", "asked")]
    committed += [stamp("timeless", modified=None), stamp("empty", source_rows=0, modified=None)]

    assert chosen(landed, committed) == [
        ("a", "asked", True),
        ("a", "bytes", True),
        ("a", "later", True),
        ("a", "new", False),
        ("a", "rows", True),
        ("a", "timeless", True),
        ("b", "known", False),
    ]


def test_what_the_run_has_committed_itself_is_not_taken_twice() -> None:
    """Whether it was asked for again or has changed since: a run goes on where its last script had no more room."""
    landed = [stamp("asked", again=True), stamp("later", source_rows=11), stamp("left", again=True)]

    assert chosen(landed, [stamp("asked"), stamp("later")], run="orders-000012") == [("a", "left", True)]


def placed(lines: Iterable[tuple[str, str, int, bool]], room: int, source: str = SCRIPT) -> list[str]:
    """The units of a batch whose script has so much room, of what is due: source, owner, number, committed before."""
    due = rows(
        {"source": "STRING", "owner": "STRING", "number": "INT64", "committed_before": "BOOL", "range_start": "STRING"},
        *((*line, "2026-11-01") for line in lines),
    )
    query = cut(source, "WITH weighed AS", ";\nSET more").replace("LENGTH(list)", f"LENGTH('{'c' * 100}')")
    found = answer(query, tables={"FROM due": f"FROM {due}"}, run=RUN | {"room": room})
    return [f"{row[0]} {row[2]}" for row in sorted(found)]


def test_a_script_takes_what_finds_room_and_always_something() -> None:
    """A source costs two lists of columns, a unit that replaces something its owner and its range."""
    lines = [(name, "o" * 50, number, True) for name in ("br", "japan") for number in (1, 2, 3)]

    assert placed(lines, 1) == ["br 1"]
    assert placed(lines, 2_000) == ["br 1", "br 2", "br 3"]
    assert placed(lines, 3_100) == ["br 1", "br 2", "br 3", "japan 1"]
    assert placed([(*line[:3], False) for line in lines], 2_000) == [
        f"{n} {i}" for n in ("br", "japan") for i in (1, 2, 3)
    ]
    assert len(placed(lines, 60_000)) == 6


def test_units_that_were_committed_meanwhile_end_the_transaction() -> None:
    """Looked at once more inside of the transaction; what this very script has committed, whatever was asked for."""
    statement = written(units(("a", 0)))["statement"]
    check = cut(statement, "SELECT IF(COUNT(*) = 0", ";\n")
    ledger = quote_table(STATE.table("units"))
    with_run = {"target": "STRING", "run": "STRING"} | STAMPED

    def check_against(*committed: Row, again: bool = False, run: str = "orders-000011") -> list[tuple[Any, ...]]:
        batch = rows(STAMPED, stamp(again=again))
        known = rows(with_run, *((str(TARGET), run, *row) for row in committed))
        return evaluate(check.replace(BATCH, batch).replace(ledger, known))

    assert check_against(stamp("other"), stamp(source_rows=9)) == [(1,)]
    assert check_against(stamp(), again=True) == [(1,)]
    with pytest.raises(RefusedError, match="units of this batch are committed already"):
        check_against(stamp())
    with pytest.raises(RefusedError, match="units of this batch are committed already"):
        check_against(stamp(source_rows=9), again=True, run="orders-000012")
