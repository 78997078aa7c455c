"""Where a job can be held up, or made to fail, by whoever tests what depends on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from replicator.local.bigquery.api.job import JobRef


class Hold(Protocol):
    """Told of a job that is about to take a step; it may wait before it answers."""

    def __call__(self, job: JobRef, kind: str, stop: Callable[[], bool]) -> None:
        """Let the job go on by returning.

        Args:
            job: The job as its owner named it; for a statement of a script the script.
            kind: ``QUERY``, ``COPY`` or ``LOAD``.
            stop: Whether the job was cancelled or has run out of time; who waits asks for it.

        Raises:
            BigQueryError: What the job is to fail with.
        """
        ...


def at_once(job: JobRef, kind: str, stop: Callable[[], bool]) -> None:
    """Hold nobody up."""
    del job, kind, stop


@dataclass(slots=True)
class JobGate:
    """The three places; each may be set at any time.

    Attributes:
        starting: A job has been answered and has done nothing yet; it is PENDING.
        committing: All is computed and nothing of it is true yet: before the commit of a statement, of a copy, of a
            load, and before COMMIT TRANSACTION.
        ending: All that the job was to do is true, and nobody has been told that it has ended; it is RUNNING.
    """

    starting: Hold = at_once
    committing: Hold = at_once
    ending: Hold = at_once
