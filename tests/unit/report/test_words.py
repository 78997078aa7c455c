"""Numbers read the same everywhere."""

from __future__ import annotations

import pytest

from replicator.report.words import counted, duration, size


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
     (2_340_000_000, "2.3 GB"), (5 * 10**18, "5,000.0 PB")],
)  # fmt: skip
def test_bytes_are_shown_in_the_largest_unit_that_is_not_below_one(count: int, text: str) -> None:
    """Powers of 1,000, and no ``1000.0`` of a smaller unit."""
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3_599.6, "1 h 00 min"),
     (7_620, "2 h 07 min")],
)  # fmt: skip
def test_durations_are_shown_with_two_units_at_most(seconds: float, text: str) -> None:
    """No minute has sixty seconds, no hour sixty minutes."""
    assert duration(seconds) == text


def test_one_is_singular() -> None:
    """1 copy, 2 copies, 1,000 units."""
    assert [counted(1, "copy", "copies"), counted(2, "copy", "copies"), counted(1_000, "unit")] == [
        "1 copy",
        "2 copies",
        "1,000 units",
    ]
