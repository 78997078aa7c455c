"""A span cut into windows: every unit is in one, no window is more than a run takes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from replicator.forecast.due import DueUnit, Span
from replicator.forecast.windows import Window, cut_span

STAMP = datetime(2026, 11, 20, tzinfo=UTC)


def unit(start: str | None, end: str | None, *, dataset: str = "shop_1") -> DueUnit:
    """A unit with ten rows."""
    return DueUnit(f"acme.{dataset}", dataset, f"orders_{start}", start, end, STAMP, rows=10, bytes=100)


def days(first: date, count: int, *, dataset: str = "shop_1") -> list[DueUnit]:
    """A unit for each day."""
    starts = [first + timedelta(days=number) for number in range(count)]
    return [unit(f"{start}", f"{start + timedelta(days=1)}", dataset=dataset) for start in starts]


def spans(windows: tuple[Window, ...]) -> list[tuple[str, str]]:
    """Their bounds."""
    return [(f"{window.span.start}", f"{window.span.end}") for window in windows]


def test_what_one_run_can_take_is_one_window() -> None:
    """A year of one property is no reason to wait for twelve copies; the argument says from and to."""
    (window,) = cut_span({"japan": days(date(2025, 1, 1), 365)})

    assert (window.units, window.rows, window.bytes, window.sources) == (365, 3650, 36500, ("japan",))
    assert window.span.as_argument() == {"from": "2025-01-01", "to": "2026-01-01"}


def test_the_newest_window_comes_first_unless_the_oldest_is_asked_for() -> None:
    """Of a length that is asked for; days on which nothing is due are in none."""
    units = {"japan": days(date(2025, 1, 1), 3), "brazil": days(date(2025, 3, 1), 4)}

    newest = cut_span(units, days=2)
    assert spans(newest) == [("2025-03-03", "2025-03-05"), ("2025-03-01", "2025-03-03"), ("2025-01-02", "2025-01-04"),
                             ("2025-01-01", "2025-01-02")]  # fmt: skip
    assert cut_span(units, days=2, oldest_first=True) == newest[::-1]


def test_a_month_is_not_cut_in_two() -> None:
    """Days of the same month of another source stay with it, since both windows would take it."""
    units = {"home": [unit("2025-01-01", "2025-02-01")], "japan": days(date(2025, 1, 30), 4)}

    assert spans(cut_span(units, days=1)) == [("2025-02-02", "2025-02-03"), ("2025-02-01", "2025-02-02"),
                                              ("2025-01-01", "2025-02-01")]  # fmt: skip


def test_hours_make_whole_days() -> None:
    """A window is asked for in days."""
    units = {"home": [unit("2025-01-01 22:00:00", "2025-01-01 23:00:00"), unit("2025-01-01 23:00:00", "2025-01-02")]}

    assert spans(cut_span(units)) == [("2025-01-01", "2025-01-02")]


def test_a_window_modifies_no_more_partitions_than_a_job_may() -> None:
    """4,000 for each source; each source commits by itself."""
    (all_of_it,) = cut_span({"japan": days(date(2010, 1, 1), 4_000), "brazil": days(date(2010, 1, 1), 4_000)})
    assert all_of_it.units == 8_000

    newer, older = cut_span({"japan": days(date(2010, 1, 1), 4_001)})
    assert (newer.units, older.units) == (4_000, 1)


def test_a_window_has_no_more_buffers_than_a_copy_carries() -> None:
    """998 beside manifest and receipts; a buffer takes units of one dataset, 200 of them."""
    many = [
        one for number in range(500) for day in (1, 2) for one in days(date(2025, 1, day), 1, dataset=f"{day}_{number}")
    ]

    newer, older = cut_span({"japan": many})
    assert (newer.units, older.units) == (500, 500)
    (together,) = cut_span({"japan": many[:998]})
    assert together.units == 998


def test_a_window_has_no_more_units_than_a_run_stages() -> None:
    """Of each source."""
    many = [one for number in range(300) for one in days(date(2025, 1, 1), 201, dataset=f"shop_{number}")]

    newer, older = cut_span({"japan": many, "brazil": days(date(2025, 1, 1), 201)})
    assert (newer.units, older.units) == (60_200, 301)


def test_units_without_days_are_in_no_window() -> None:
    """A whole table is no part of the past."""
    assert cut_span({"home": [unit(None, None), unit("100", "200")]}) == ()


@given(
    starts=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 40)), max_size=40),
    length=st.integers(1, 60) | st.none(),
)
def test_every_unit_is_in_one_window(starts: list[tuple[int, int]], length: int | None) -> None:
    """Whatever their days are: windows lie apart, newest first, and have all units between them."""
    first = date(2025, 1, 1)
    units = [
        unit(f"{first + timedelta(days=start)}", f"{first + timedelta(days=start + long)}") for start, long in starts
    ]

    windows = cut_span({"home": units}, days=length)

    assert sum(window.units for window in windows) == len(units)
    assert all(newer.span.start >= older.span.end for newer, older in pairwise(windows))
    for one in units:
        inside = [span for span in (window.span for window in windows) if overlaps(one, span)]
        assert len(inside) == 1


def overlaps(one: DueUnit, span: Span) -> bool:
    """Whether a run with this window takes the unit."""
    assert one.range_start is not None
    assert one.range_end is not None
    return one.range_start < f"{span.end}" and one.range_end > f"{span.start}"
