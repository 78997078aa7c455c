"""Who may update, delete or merge rows of which table: two statements at a time, and twenty that wait.

https://docs.cloud.google.com/bigquery/docs/data-manipulation-language#update-delete-merge-concurrency
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Final

from replicator import limits
from replicator.local.bigquery.errors import refuse
from replicator.names import TableRef

_LOOK_UP_SECONDS: Final = 0.05


@dataclass(slots=True)
class _Line:
    running: int = 0
    waiting: deque[object] = field(default_factory=deque)


class DmlQueue:
    """A line per table, first come first served."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._lines: dict[TableRef, _Line] = {}

    def enter(self, ref: TableRef, *, check: Callable[[], None], waits: Callable[[], None]) -> None:
        """Return when the statement may run; whoever returns has to ``leave``.

        Args:
            ref: The table that it mutates.
            check: Asked again and again while it waits; what it raises ends the wait.
            waits: Told once if it has to wait.

        Raises:
            BigQueryError: As many statements wait already as may.
        """
        ticket = object()
        with self._changed:
            line = self._lines.setdefault(ref, _Line())
            if line.running < limits.DML_CONCURRENCY.value and not line.waiting:
                line.running += 1
                return
            most = limits.DML_QUEUE.value
            if len(line.waiting) >= most:
                name = f"{ref.project}:{ref.dataset}.{ref.table}"
                fact = f"Too many DML statements outstanding against table {name}, limit is {most}."
                refuse("resourcesExceeded", f"Resources exceeded during query execution: {fact}")
            waits()
            line.waiting.append(ticket)
            try:
                while line.waiting[0] is not ticket or line.running >= limits.DML_CONCURRENCY.value:
                    check()
                    self._changed.wait(_LOOK_UP_SECONDS)
                line.running += 1
            finally:
                line.waiting.remove(ticket)
                self._changed.notify_all()

    def leave(self, ref: TableRef) -> None:
        """The statement has ended."""
        with self._changed:
            line = self._lines[ref]
            line.running -= 1
            if not line.running and not line.waiting:
                del self._lines[ref]
            self._changed.notify_all()
