"""What is due now: the inventory's own statement, asked and explained."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

import pytest

from replicator.errors import FailedError
from replicator.forecast.due import DueUnit, RegionDeniedError, Span, due
from replicator.ledger.port import Cell
from replicator.sql.placeholders import RECEIPTS, bind
from replicator.workflow.sources import source_block
from tests.googlesql import parse
from tests.unit.ledger.lists import Lists, Rows
from tests.unit.plan.pipelines import plan, source

ROUTE: Final = plan(source(more=("staging: {project: acme-replication}",))).sources[0]
NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
VIEW: Final = "INFORMATION_SCHEMA.TABLE_STORAGE"
SCHEMATA: Final = "INFORMATION_SCHEMA.SCHEMATA"
QUIET: Final[dict[str, list[dict[str, Cell]]]] = {VIEW: [], SCHEMATA: [{"missing": None}]}


def row(day: int, **other: Cell) -> dict[str, Cell]:
    """A unit as the statement answers it."""
    line: dict[str, Cell] = {
        "owner": "acme-japan.shop_1",
        "dataset": "shop_1",
        "name": f"orders_202611{day:02d}",
        "range_start": f"2026-11-{day:02d}",
        "range_end": f"2026-11-{day + 1:02d}",
        "modified": NOON,
        "source_rows": 10,
        "source_bytes": 100,
    }
    return line | other


def test_units_come_newest_first() -> None:
    """As the run will take them, whatever order the answer has."""
    found = due(Lists({VIEW: [row(1), row(3), row(2)]}), ROUTE)

    assert [unit.range_start for unit in found] == ["2026-11-03", "2026-11-02", "2026-11-01"]
    assert found[0] == DueUnit(
        "acme-japan.shop_1", "shop_1", "orders_20261103", "2026-11-03", "2026-11-04", NOON, rows=10, bytes=100
    )


def test_it_is_asked_where_the_data_is_with_the_source_as_the_run_has_it() -> None:
    """In the source's location, paid by its staging project; the parameter is the document's own block."""
    lists = Lists(QUIET)

    assert due(lists, ROUTE) == ()
    (sql, parameters, location, project), _ = lists.asked
    assert (location, project) == ("asia-northeast1", "acme-replication")
    assert json.loads(str(parameters["source"])) == source_block(ROUTE)
    assert "`acme-japan`.`region-asia-northeast1`." in sql
    assert "{" not in sql
    parse(sql)


def test_days_and_again_are_asked_for_as_a_run_is_asked_for_them() -> None:
    """Under the names that the statement reads them by."""
    lists = Lists(QUIET)

    due(lists, ROUTE, span=Span(date(2026, 11, 1), date(2026, 12, 1)), again=True)

    asked = json.loads(str(lists.asked[0][1]["source"]))
    assert asked == source_block(ROUTE) | {"from": "2026-11-01", "to": "2026-12-01", "again": True}


def test_a_source_that_was_never_replicated_has_no_receipts_to_ask() -> None:
    """The statement is asked again without them, so that everything is due."""
    lists = Lists({bind(f".{RECEIPTS}", ROUTE.names): None, VIEW: [row(1)]})

    assert [unit.name for unit in due(lists, ROUTE)] == ["orders_20261101"]
    assert len(lists.asked) == 2


def test_what_the_platform_does_not_know_yet_is_said() -> None:
    """No time is None; no rows and bytes count as none."""
    (unit,) = due(Lists({VIEW: [row(1, modified=None, source_rows=None, source_bytes=None)]}), ROUTE)

    assert (unit.modified, unit.rows, unit.bytes) == (None, 0, 0)


def test_a_place_where_nothing_matches_is_told_from_one_where_nothing_is_due() -> None:
    """Metadata of an empty place is no error, and would read as a quiet source."""
    lists = Lists({VIEW: [], SCHEMATA: [{"missing": "^shop_.*$"}]})

    with pytest.raises(FailedError) as refused:
        due(lists, ROUTE)

    assert str(refused.value) == (
        "no dataset of project acme-japan in asia-northeast1 matches ^shop_.*$; "
        "check datasets, project and location of the source"
    )
    parse(lists.asked[-1][0])


class Refusing(Lists):
    """Nobody may ask the region."""

    def rows(self, sql: str, parameters: Mapping[str, Cell], *, location: str, project: str) -> Rows:
        """Refuse as the service does, or answer."""
        if "`region-" in sql:
            view = "acme-japan:region-asia-northeast1.INFORMATION_SCHEMA.TABLE_STORAGE"
            msg = f"Access Denied: Table {view}: User does not have permission to query table {view}, or perhaps it"
            raise FailedError(msg)
        return super().rows(sql, parameters, location=location, project=project)


def test_where_the_region_is_denied_the_datasets_of_the_source_are_asked() -> None:
    """The caller lists what is visible; the same statement then reads those of it that the source names."""
    lists = Refusing({"__TABLES__": [row(1)]})
    with pytest.raises(RegionDeniedError):
        due(lists, ROUTE)

    assert len(due(lists, ROUTE, visible=("shop_1", "elsewhere", "shop_2"))) == 1
    ((sql, *_),) = lists.asked
    assert re.findall(r"FROM `acme-japan\.(\w+)`\.__TABLES__", sql) == ["shop_1", "shop_2"]
    parse(sql)


@pytest.mark.parametrize("number", [0, 201])
def test_so_many_datasets_are_not_asked_one_by_one(number: int) -> None:
    """None is nothing to ask, and each costs in every question."""
    with pytest.raises(FailedError, match=f"sees {number} datasets of the source.*or on 1 to 200 of the datasets"):
        due(Lists(QUIET), ROUTE, visible=tuple(f"shop_{each}" for each in range(number)))
