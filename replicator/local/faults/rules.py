"""Faults: which calls they are for, how often they happen, and which of them a call meets."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from replicator.local.bigquery.errors import STATUS, BigQueryError
from replicator.local.faults.failures import KINDS, Failure, failure
from replicator.local.faults.matching import Asked, Match, read_match
from replicator.local.rest import ApiError, Json, invalid

EVERY: Final = "every"
OF_JOBS: Final = ("start", "commit", "end")
"""Where a job can be met."""

_BROKEN: Final = ("drop_before", "drop_after", "hang_before", "hang_after")
_DELAY: Final = "delay"
_JOB: Final = "job_fails"
_TEXTS: Final = ("message", "permission", "resource", "reason", "when")


@dataclass(slots=True)
class Fault:
    """One fault that was asked for.

    Attributes:
        id: Given when it was asked for.
        match: Which calls or jobs.
        kind: What happens to them.
        options: The texts that its kind takes.
        seconds: How long a delay or a hanging call lasts.
        skip: How many of the first that match pass.
        times: How many it then happens to; None is every one.
        seen: How many have matched.
        fired: How many it has happened to.
    """

    id: str
    match: Match
    kind: str
    options: Mapping[str, str]
    seconds: float
    skip: int
    times: int | None
    seen: int = 0
    fired: int = 0

    def takes(self) -> bool:
        """Count one that matches; whether the fault happens to it."""
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True

    def as_json(self) -> Json:
        """What ``GET /control/faults`` tells of it."""
        return {
            "id": self.id,
            "match": self.match.as_json(),
            "kind": self.kind,
            **self.options,
            "seconds": self.seconds,
            "skip": self.skip,
            "times": EVERY if self.times is None else self.times,
            "seen": self.seen,
            "fired": self.fired,
        }


@dataclass(frozen=True, slots=True)
class Broken:
    """The connection ends without an answer, ``seconds`` after the call came, before or after the server acted."""

    when: Literal["before", "after"]
    seconds: float


@dataclass(frozen=True, slots=True)
class Met:
    """What a call meets.

    Attributes:
        delay: Seconds that it waits before anything else happens.
        end: How it ends instead of being answered.
    """

    delay: float = 0.0
    end: Failure | Broken | None = None


@dataclass(slots=True)
class Faults:
    """All faults, in the order in which they were asked for; they are not kept across restarts."""

    _faults: list[Fault] = field(default_factory=list)
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, body: Json) -> Fault:
        """Take a fault from a request.

        Raises:
            ApiError: It is none that can happen.
        """
        fault = _read(body)
        with self._lock:
            self._count += 1
            fault.id = str(self._count)
            self._faults.append(fault)
        return fault

    def all(self) -> list[Json]:
        """Every fault as it stands."""
        with self._lock:
            return [fault.as_json() for fault in self._faults]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._faults.clear()

    def remove(self, id_: str) -> None:
        """Forget one.

        Raises:
            ApiError: There is none of that id.
        """
        with self._lock:
            found = [fault for fault in self._faults if fault.id == id_]
            if not found:
                code, message = "NOT_FOUND", f"There is no fault '{id_}'"
                raise ApiError(code, message)
            self._faults.remove(found[0])

    def meet(self, asked: Asked) -> Met:
        """What a call meets: every delay that matches, and the first other fault that does."""
        delay, taken = 0.0, None
        with self._lock:
            for fault in self._faults:
                if fault.kind == _JOB or not fault.match.call(asked):
                    continue
                if fault.kind == _DELAY:
                    delay += fault.seconds if fault.takes() else 0
                elif taken is None and fault.takes():
                    taken = fault
        if taken is None:
            return Met(delay)
        if taken.kind in _BROKEN:
            when: Literal["before", "after"] = "before" if taken.kind.endswith("before") else "after"
            return Met(delay, Broken(when, taken.seconds))
        return Met(delay, failure(taken.kind, asked, taken.options))

    def meet_job(self, job: str, kind: str, when: str) -> None:
        """Let a job pass that starts, is about to commit, or about to end.

        Raises:
            BigQueryError: It is to fail.
        """
        with self._lock:
            for fault in self._faults:
                wanted = fault.kind == _JOB and fault.options["when"] == when and fault.match.is_job(job, kind)
                if wanted and fault.takes():
                    raise BigQueryError(fault.options["reason"], fault.options["message"])


def _read(body: Json) -> Fault:
    known = {"match", "kind", "times", "skip", "seconds", *_TEXTS}
    if unknown := sorted(set(body) - known):
        message = f"A fault has no '{unknown[0]}'; it has {', '.join(sorted(known))}"
        raise invalid(message)
    kind = body.get("kind")
    if kind not in (*KINDS, *_BROKEN, _DELAY, _JOB):
        message = f"'kind' is one of {', '.join((*KINDS, *_BROKEN, _DELAY, _JOB))}, not {kind!r}"
        raise invalid(message)
    times = body.get("times", 1)
    return Fault(
        id="",
        match=read_match(body.get("match"), of_jobs=kind == _JOB),
        kind=kind,
        options=_options(kind, body),
        seconds=_seconds(kind, body.get("seconds")),
        skip=count("skip", body.get("skip", 0), least=0),
        times=None if times == EVERY else count("times", times, least=1),
    )


def _options(kind: str, body: Json) -> Mapping[str, str]:
    texts: dict[str, Any] = {name: body[name] for name in _TEXTS if name in body}
    for name, value in texts.items():
        if not isinstance(value, str):
            message = f"'{name}' is a text"
            raise invalid(message)
    if kind == "accessDenied" and not ("permission" in texts and "resource" in texts):
        message = "'accessDenied' needs a 'permission' and a 'resource'"
        raise invalid(message)
    if kind == _JOB:
        texts = {"when": "start", "message": "The job encountered an error that was asked for.", **texts}
        if texts.get("reason") not in STATUS or texts["when"] not in OF_JOBS:
            message = f"'job_fails' needs a 'reason', one of {', '.join(STATUS)}, and 'when' is {', '.join(OF_JOBS)}"
            raise invalid(message)
    return texts


def _seconds(kind: str, value: Any) -> float:
    needed = kind == _DELAY or kind.startswith("hang")
    if value is None and not needed:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 86_400 or not needed:
        message = f"'seconds' is a number from 0 to 86400, for {_DELAY}, hang_before and hang_after"
        raise invalid(message)
    return float(value)


def count(name: str, value: Any, *, least: int) -> int:
    """A number in a request.

    Raises:
        ApiError: It is none, or less than ``least``.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        message = f"'{name}' is a whole number from {least}, not {value!r}"
        raise invalid(message)
    return value
