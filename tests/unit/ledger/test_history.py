"""The ledger's rows become values: runs, freshness, drift, the fence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from replicator.ledger.history import DriftedField, Fence, Freshness, History, RunRecord, SourceOutcome
from replicator.ledger.port import Cell
from replicator.names import DatasetRef, TableRef
from replicator.schema.compare import Change
from tests.unit.ledger.lists import Lists, Rows

STATE: Final = DatasetRef("acme-analytics", "replicator")
TARGET: Final = TableRef("acme-analytics", "sales", "orders")
START: Final = datetime(2026, 11, 5, 5, 15, tzinfo=UTC)


def history(**answers: Rows) -> tuple[History, Lists]:
    """A history over tables by their names."""
    lists = Lists({f".{table}`": rows for table, rows in answers.items()})
    return History(lists, STATE, "EU", TARGET, "orders"), lists


def line(run: int, state: str, minute: int, source: str | None = None, **other: Cell) -> dict[str, Cell]:
    """A line of the ledger's runs."""
    empty: dict[str, Cell] = dict.fromkeys(("units", "row_count", "byte_count", "copies", "detail"))
    return (
        empty
        | {
            "run": f"orders-{run:06d}",
            "epoch": run,
            "state": state,
            "source": source,
            "recorded_at": START + timedelta(minutes=minute),
        }
        | other
    )


def test_a_run_is_its_lines_together() -> None:
    """Started, what each source came to, ended; what was committed on the way is not an end."""
    past, lists = history(
        runs=[
            line(2, "started", 0),
            line(2, "committed", 5, "japan", units=2, row_count=10),
            line(2, "done", 7, "japan", units=2, row_count=10, byte_count=100, copies=3, detail='{"drift": 0}'),
            line(2, "quiet", 7, "brazil", units=0, row_count=0, byte_count=0, copies=0),
            line(2, "done", 7),
        ]
    )

    assert past.runs(5) == (
        RunRecord(
            "orders-000002", 2, "done", START, START + timedelta(minutes=7), None,
            (
                SourceOutcome("japan", "done", 2, 10, 100, 3, '{"drift": 0}'),
                SourceOutcome("brazil", "quiet", 0, 0, 0, 0, None),
            ),
        ),
    )  # fmt: skip
    ((_, parameters, location, project),) = lists.asked
    assert parameters == {"target": str(TARGET), "pipeline": "orders", "runs": 5}
    assert (location, project) == ("EU", "acme-analytics")


def test_a_run_that_never_ended_is_started() -> None:
    """It goes on, or it died: which of the two the fence says."""
    (run,) = history(runs=[line(2, "started", 0), line(2, "committed", 5, "japan", units=2)])[0].runs(1)

    assert (run.state, run.ended_at, run.sources) == ("started", None, ())


def test_a_run_that_failed_says_why() -> None:
    """The run's own last line has the reason."""
    (run,) = history(runs=[line(2, "started", 0), line(2, "failed", 1, detail="japan, copy: no rights")])[0].runs(1)

    assert (run.state, run.error) == ("failed", "japan, copy: no rights")


def test_runs_are_kept_apart_and_in_their_order() -> None:
    """The newest first, as the ledger answers."""
    runs = history(runs=[line(3, "started", 9), line(2, "started", 0), line(2, "quiet", 1)])[0].runs(2)

    assert [(run.run, run.state) for run in runs] == [("orders-000003", "started"), ("orders-000002", "quiet")]


def test_freshness_is_one_value_per_source_value() -> None:
    """Up to which day, and when that was committed."""
    row: dict[str, Cell] = {
        "source": "japan", "owner": "acme-jp.shop_1", "units": 4, "newest_end": "2026-11-05",
        "committed_at": START, "modified": START,
    }  # fmt: skip

    assert history(units=[row])[0].freshness() == (Freshness("japan", "acme-jp.shop_1", 4, "2026-11-05", START),)


def test_drift_is_one_value_per_field() -> None:
    """Where, what, of which type, since when."""
    row: dict[str, Cell] = {
        "source": "japan", "dataset": "shop_1", "path": "items.coupon", "kind": "added", "data_type": "STRING",
        "target_type": None, "first_seen": START, "last_seen": START,
    }  # fmt: skip

    assert history(drift=[row])[0].drift() == (
        DriftedField("japan", "shop_1", "items.coupon", Change.ADDED, "STRING", None, START, START),
    )


@pytest.mark.parametrize("holder", [None, "execution-1"])
def test_the_fence_says_who_may_commit(holder: str | None) -> None:
    """Nobody is None."""
    past, lists = history(fence=[{"target": str(TARGET), "holder": holder, "epoch": 7, "expires": START}])

    assert past.fence(STATE.table("fence")) == Fence(holder, 7, START)
    assert lists.asked[0][1] == {}


def test_a_cell_of_another_type_is_refused() -> None:
    """A ledger that another program wrote to is told, not shown wrong."""
    row: dict[str, Cell] = {
        "source": "japan", "owner": "a", "units": 1, "newest_end": "2026-11-05", "committed_at": "today",
    }  # fmt: skip

    with pytest.raises(TypeError, match="where a timestamp belongs"):
        history(units=[row])[0].freshness()
