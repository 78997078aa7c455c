"""Who is updating or deleting rows of which table.

https://docs.cloud.google.com/bigquery/docs/transactions: transactions that mutate rows of one table conflict and one is
cancelled; a statement outside a transaction waits instead; whatever only adds rows is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition
from typing import Final

from replicator import limits
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.storage.refusals import aborted
from replicator.names import TableRef

_LOOK_UP_SECONDS: Final = 0.05


class MutationLocks:
    """At most one transaction mutates a table at a time; owners are named by their transaction's id."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._owners: dict[TableRef, str] = {}
        self._waiting: dict[TableRef, int] = {}
        self._last: dict[TableRef, int] = {}

    def wait(self, ref: TableRef, owner: str, cancelled: Callable[[], bool]) -> None:
        """Take the table for ``owner``, after those who have it.

        Raises:
            BigQueryError: The queue is full, or the job was cancelled while it waited.
        """
        with self._changed:
            waiting = self._waiting.get(ref, 0)
            if ref in self._owners and waiting >= limits.DML_QUEUE.value:
                reason = "quotaExceeded"
                fact = f"Too many DML statements outstanding against table {ref}, limit is {limits.DML_QUEUE.value}."
                raise BigQueryError(reason, f"Resources exceeded during query execution: {fact}")
            self._waiting[ref] = waiting + 1
            try:
                while ref in self._owners:
                    if cancelled():
                        reason = "stopped"
                        raise BigQueryError(reason, "Job execution was cancelled: User requested cancellation")
                    self._changed.wait(_LOOK_UP_SECONDS)
                self._owners[ref] = owner
            finally:
                self._waiting[ref] -= 1

    def claim(self, ref: TableRef, owner: str, snapshot: int) -> None:
        """Take the table for ``owner``, whose snapshot is the commit number ``snapshot``.

        Raises:
            BigQueryError: Another one has it, or has mutated it since.
        """
        with self._changed:
            if self._owners.get(ref, owner) != owner or self._last.get(ref, 0) > snapshot:
                raise aborted(ref, owner)
            self._owners[ref] = owner

    def try_claim(self, ref: TableRef, owner: str, snapshot: int) -> bool:
        """Take the table for ``owner`` if that is possible now."""
        try:
            self.claim(ref, owner, snapshot)
        except BigQueryError:
            return False
        return True

    def mutated(self, ref: TableRef, commit: int) -> None:
        """Remember that commit number ``commit`` mutated the table."""
        with self._changed:
            self._last[ref] = commit

    def release(self, owner: str) -> None:
        """Let go of all that ``owner`` has."""
        with self._changed:
            for ref in [ref for ref, held in self._owners.items() if held == owner]:
                del self._owners[ref]
            self._changed.notify_all()
