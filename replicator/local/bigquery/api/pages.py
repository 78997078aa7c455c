"""Rows by the page.

https://docs.cloud.google.com/bigquery/docs/paging-results
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.errors import refuse

# paging-results: a page holds up to 100,000 rows and 10 MB.
_MOST_ROWS: Final = 100_000
_MOST_BYTES: Final = 10 * 1024 * 1024


def page(lines: Sequence[str], start: int, largest: int | None) -> tuple[list[Json], int | None]:
    """The rows from ``start`` that fit into one answer, and where the next page begins.

    Raises:
        BigQueryError: 400, ``start`` is behind the last row.
    """
    if start > len(lines):
        refuse("invalid", f"Start row index {start} is past the last row, {len(lines)}", location="startIndex")
    most = _MOST_ROWS if largest is None else min(largest, _MOST_ROWS)
    rows: list[Json] = []
    size = 0
    for line in lines[start : start + most]:
        size += len(line)
        if rows and size > _MOST_BYTES:
            break
        rows.append(json.loads(line))
    following = start + len(rows)
    return rows, following if following < len(lines) else None
