"""Holds: calls and jobs that stop at a point until they are let go on, so that something else can happen meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from replicator.local.faults.matching import Asked, Match, read_match
from replicator.local.faults.rules import EVERY, OF_JOBS, count
from replicator.local.rest import ApiError, Json, invalid

Point: TypeAlias = Literal["before", "after", "start", "commit", "end"]

_OF_CALLS: Final = ("before", "after")
_LOOK_SECONDS: Final = 0.01
_LONGEST_WAIT: Final = 60.0


@dataclass(slots=True)
class Hold:
    """One hold that was asked for.

    Attributes:
        id: Given when it was asked for.
        match: Which calls or jobs.
        when: Where they stop: a call before the server acts or after it has, a job at its start, commit or end.
        nth: Which of those that match is the first to stop, from 1.
        times: How many stop; None is every one from there.
        seen: How many have matched.
        held: What has stopped here, in order: ``GET /path`` or a job's id.
        waiting: How many stand there now.
        released: Whether they may go on.
        drop: Calls that were let go are dropped without an answer, and those that had not acted never do.
    """

    id: str
    match: Match
    when: Point
    nth: int
    times: int | None
    seen: int = 0
    held: list[str] = field(default_factory=list)
    waiting: int = 0
    released: bool = False
    drop: bool = False

    def takes(self) -> bool:
        """Count one that matches; whether it stops here."""
        self.seen += 1
        return not self.released and self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)

    def as_json(self) -> Json:
        """What ``GET /control/holds`` tells of it."""
        state = "released" if self.released else "holding" if self.waiting else "armed"
        return {
            "id": self.id,
            "match": self.match.as_json(),
            "when": self.when,
            "nth": self.nth,
            "times": EVERY if self.times is None else self.times,
            "state": state,
            "seen": self.seen,
            "held": list(self.held),
            "waiting": self.waiting,
        }


class Holds:
    """All holds; they are not kept across restarts."""

    def __init__(self) -> None:
        self._holds: list[Hold] = []
        self._count = 0
        self._changed = threading.Condition()
        self._closed = False

    def add(self, body: Json) -> Json:
        """Take a hold from a request.

        Raises:
            ApiError: It is none.
        """
        hold = _read(body)
        with self._changed:
            self._count += 1
            hold.id = str(self._count)
            self._holds.append(hold)
            return hold.as_json()

    def all(self) -> list[Json]:
        """Every hold as it stands."""
        with self._changed:
            return [hold.as_json() for hold in self._holds]

    def look(self, id_: str, *, wait: float) -> Json:
        """One hold as it stands, after up to ``wait`` seconds until something has stopped there.

        Raises:
            ApiError: There is none of that id.
        """
        with self._changed:
            hold = self._found(id_)
            self._changed.wait_for(lambda: bool(hold.held) or hold.released, min(wait, _LONGEST_WAIT))
            return hold.as_json()

    def release(self, id_: str, *, drop: bool) -> Json:
        """Let go what stands at a hold; nothing stops there again.

        Raises:
            ApiError: There is none of that id, or jobs cannot be dropped.
        """
        with self._changed:
            hold = self._found(id_)
            if drop and hold.when in OF_JOBS:
                message = "A job cannot be dropped; cancel it, or ask for a fault of kind 'job_fails'"
                raise invalid(message)
            hold.drop, hold.released = drop, True
            self._changed.notify_all()
            return hold.as_json()

    def clear(self) -> None:
        """Let everything go on, and forget all holds."""
        with self._changed:
            for hold in self._holds:
                hold.released = True
            self._holds.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Let everything go on and hold nothing any more: the server ends."""
        self._closed = True
        self.clear()

    def _found(self, id_: str) -> Hold:
        for hold in self._holds:
            if hold.id == id_:
                return hold
        code, message = "NOT_FOUND", f"There is no hold '{id_}'"
        raise ApiError(code, message)

    def meet(self, asked: Asked) -> tuple[Hold | None, Hold | None]:
        """Where a call stops: before the server acts, and after it has."""
        before, after = None, None
        with self._changed:
            for hold in self._holds:
                if hold.when in _OF_CALLS and hold.match.call(asked) and hold.takes():
                    before = hold if hold.when == "before" else before
                    after = hold if hold.when == "after" else after
        return before, after

    def stop(self, hold: Hold, what: str) -> None:
        """Note that something stands at a hold."""
        with self._changed:
            hold.held.append(what)
            hold.waiting += 1
            self._changed.notify_all()

    def go(self, hold: Hold) -> None:
        """Note that it stands there no longer."""
        with self._changed:
            hold.waiting -= 1

    def wait(self, hold: Hold, what: str, *, gone: Callable[[], bool]) -> None:
        """Stand at a hold until it is released, or until ``gone`` says that there is nobody left to wait for."""
        self.stop(hold, what)
        with self._changed:
            while not hold.released and not gone():
                self._changed.wait(_LOOK_SECONDS)
        self.go(hold)

    def meet_job(self, job: str, kind: str, when: str, *, stopped: Callable[[], bool]) -> None:
        """Keep a job that starts, is about to commit or about to end, until it is let go or is to stop."""
        with self._changed:
            found = [
                hold for hold in self._holds if hold.when == when and hold.match.is_job(job, kind) and hold.takes()
            ]
        for hold in found:
            self.wait(hold, job, gone=lambda: self._closed or stopped())


def _read(body: Json) -> Hold:
    known = {"match", "when", "nth", "times"}
    if unknown := sorted(set(body) - known):
        message = f"A hold has no '{unknown[0]}'; it has {', '.join(sorted(known))}"
        raise invalid(message)
    when: Any = body.get("when")
    if when not in (*_OF_CALLS, *OF_JOBS):
        message = f"'when' is one of {', '.join((*_OF_CALLS, *OF_JOBS))}, not {when!r}"
        raise invalid(message)
    times = body.get("times", 1)
    return Hold(
        id="",
        match=read_match(body.get("match"), of_jobs=when in OF_JOBS),
        when=when,
        nth=count("nth", body.get("nth", 1), least=1),
        times=None if times == EVERY else count("times", times, least=1),
    )
