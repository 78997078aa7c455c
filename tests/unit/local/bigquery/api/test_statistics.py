"""What is billed for what was read."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.api.statistics import billed_bytes
from replicator.local.bigquery.statements.outcome import Outcome
from replicator.names import TableRef

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("size", "tables", "billed"),
    [(0, 2, 0), (1, 0, 10 * MB), (1, 1, 10 * MB), (1, 3, 30 * MB), (10 * MB + 1, 1, 11 * MB), (12 * MB, 1, 12 * MB)],
)
def test_bytes_are_rounded_up(size: int, tables: int, billed: int) -> None:
    """To the megabyte, to 10 MB at least for each table; nothing for nothing (pricing, on-demand)."""
    refs = tuple(TableRef("acme-eu", "d", f"t{number}") for number in range(tables))
    assert billed_bytes(Outcome("SELECT", bytes=size, tables=refs)) == billed
