"""What stands between a call or a job and its answer, put together; without faults and holds nothing does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from replicator.local.faults.holds import Hold, Holds
from replicator.local.faults.matching import Asked
from replicator.local.faults.rules import Faults, Met


class Named(Protocol):
    """A job's reference."""

    @property
    def id(self) -> str:
        """The job's id."""
        ...


@dataclass(frozen=True, slots=True)
class Encounter:
    """What a call meets, in this order: the delay, ``before``, ``met.end``, and after the server acted ``after``."""

    met: Met
    before: Hold | None
    after: Hold | None


@dataclass(frozen=True, slots=True)
class Interference:
    """Everything that was asked for at the control port."""

    faults: Faults = field(default_factory=Faults)
    holds: Holds = field(default_factory=Holds)

    def meet(self, asked: Asked) -> Encounter:
        """What a call meets; it is counted by every fault and hold that it matches."""
        before, after = self.holds.meet(asked)
        return Encounter(self.faults.meet(asked), before, after)

    def starting(self, job: Named, kind: str, stop: Callable[[], bool]) -> None:
        """A job was answered and has done nothing.

        Raises:
            BigQueryError: It is to fail.
        """
        self._job("start", job, kind, stop)

    def committing(self, job: Named, kind: str, stop: Callable[[], bool]) -> None:
        """A job has computed all and is about to commit.

        Raises:
            BigQueryError: It is to fail.
        """
        self._job("commit", job, kind, stop)

    def ending(self, job: Named, kind: str, stop: Callable[[], bool]) -> None:
        """A job has done all it was to do and is about to say so.

        Raises:
            BigQueryError: It is to say that it has failed.
        """
        self._job("end", job, kind, stop)

    def _job(self, when: str, job: Named, kind: str, stop: Callable[[], bool]) -> None:
        self.holds.meet_job(job.id, kind, when, stopped=stop)
        self.faults.meet_job(job.id, kind, when)
