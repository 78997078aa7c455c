"""Rows that are streamed twice under one ``insertId`` are there once.

https://docs.cloud.google.com/bigquery/docs/streaming-data-into-bigquery#dataconsistency
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, TypeAlias

Row: TypeAlias = tuple[str, str]
"""An ``insertId``, empty for none, and what is to be written."""
# The page promises "at least one minute", and no more than that can be relied on.
_KEPT: Final = timedelta(minutes=1)


class InsertIds:
    """The ids of the last minute, by table."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._seen: OrderedDict[tuple[int, str], datetime] = OrderedDict()

    @contextmanager
    def new(self, table: int, rows: Sequence[Row]) -> Iterator[list[str]]:
        """Those of ``rows`` that were not written in the last minute; they count as written when the block ends well.

        Requests wait for each other here, so that the same row sent by two at once is written once.
        """
        with self._lock:
            now = self._now()
            while self._seen and next(iter(self._seen.values())) <= now - _KEPT:
                self._seen.popitem(last=False)
            fresh: dict[tuple[int, str], datetime] = {}
            lines: list[str] = []
            for identity, line in rows:
                key = (table, identity)
                if not identity:
                    lines.append(line)
                elif key not in self._seen and key not in fresh:
                    fresh[key] = now
                    lines.append(line)
            yield lines
            self._seen.update(fresh)
