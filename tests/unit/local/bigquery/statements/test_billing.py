"""What is billed for what was read."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.statements.billing import billed

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ([], 0),
        ([0, 0], 0),
        ([1], 10 * MB),
        ([1, 0, 1], 30 * MB),
        ([10 * MB + 1], 11 * MB),
        ([12 * MB], 12 * MB),
        ([1, 25 * MB], 35 * MB),
        ([10 * MB + 1, 20 * MB + 1], 32 * MB),
    ],
)
def test_bytes_are_rounded_up_table_by_table(read: list[int], expected: int) -> None:
    """Each table to the megabyte, and to 10 MB at least; nothing for nothing (pricing, on-demand)."""
    assert billed({f"t{number}": size for number, size in enumerate(read)}) == expected
