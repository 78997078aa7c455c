"""How many copies across locations there may be in a day.

https://docs.cloud.google.com/bigquery/quotas#copy_jobs
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Final

from replicator import limits
from replicator.local.bigquery.errors import refuse
from replicator.names import TableRef

_DAY_MILLIS: Final = 24 * 60 * 60 * 1000


class Ration:
    """Counts the copies of the last 24 hours, those that fail too."""

    def __init__(self, millis: Callable[[], int]) -> None:
        self._millis = millis
        self._lock = Lock()
        self._taken: deque[tuple[int, TableRef]] = deque()

    def take(self, destination: TableRef) -> None:
        """Count one.

        Raises:
            BigQueryError: ``quotaExceeded``: the project or the table has had as many as a day allows.
        """
        with self._lock:
            now = self._millis()
            while self._taken and self._taken[0][0] <= now - _DAY_MILLIS:
                self._taken.popleft()
            ours = [ref for _, ref in self._taken if ref.project == destination.project]
            name = f"{destination.project}:{destination.dataset}.{destination.table}"
            if len(ours) >= limits.TABLES_COPIED_A_DAY.value:
                msg = "Quota exceeded: Your project exceeded quota for cross-region copies per project"
                refuse("quotaExceeded", msg)
            if ours.count(destination) >= limits.COPIES_OF_A_TABLE_A_DAY.value:
                refuse("quotaExceeded", f"Quota exceeded: Your table exceeded quota for cross-region copies: {name}")
            self._taken.append((now, destination))
