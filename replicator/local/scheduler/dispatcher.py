"""Jobs are sent when they are due by the local clock, and failures again as their retry settings have it.

A clock that is moved over several times of a job sends it once, for the last of them; a time that passes while no
server runs has passed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from replicator.local.clock import ServerClock
from replicator.local.rest import timestamp
from replicator.local.scheduler.attempts import send
from replicator.local.scheduler.jobs import deadline_of, retry_of, schedule_of, target_of
from replicator.local.scheduler.store import Job, Store

_SIDE_BY_SIDE: Final = 16
_LONGEST_WAIT: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try: of which job, for which time, when, after how many tries, the first of which was when."""

    job: str
    due: float
    at: float
    retries: int
    first: float


class Dispatcher:
    """Sends what is due, on threads."""

    def __init__(self, store: Store, clock: ServerClock, here: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._here = here
        self._changed = threading.Condition()
        self._retries: list[_Attempt] = []
        self._running: set[str] = set()
        self._stopping = False
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="scheduler")
        self._thread = threading.Thread(target=self._dispatch, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin; times that passed before have passed."""
        now = self._clock.now()
        with self._store.together():
            for job in self._store.enabled():
                if job.next_at is not None and job.next_at <= now:
                    self._store.put(replace(job, next_at=schedule_of(job.body).after(now)))
        self._clock.on_move(self.look)
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more, and wait for the answers that are outstanding."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def look(self) -> None:
        """A job may have become due: one was changed, or the clock was moved."""
        with self._changed:
            self._changed.notify_all()

    def run_now(self, job: Job) -> None:
        """Send a job now, whatever its schedule and its state (jobs.run)."""
        now = self._clock.now()
        with self._changed:
            self._submit(_Attempt(job.name, now, now, 0, now))

    def forget(self, name: str) -> None:
        """Try a job no more that was deleted or paused."""
        with self._changed:
            self._retries = [attempt for attempt in self._retries if attempt.job != name]

    def _dispatch(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                now = self._clock.now()
                self._begin_due(now)
                self._begin_retries(now)
                times = [attempt.at for attempt in self._retries]
                times += [job.next_at for job in self._store.enabled() if job.next_at is not None]
                soonest = min(times, default=now + _LONGEST_WAIT)
                self._changed.wait(min(max(soonest - now, 0.01), _LONGEST_WAIT))

    def _begin_due(self, now: float) -> None:
        with self._store.together():
            for job in self._store.enabled():
                if job.next_at is None or job.next_at > now:
                    continue
                schedule = schedule_of(job.body)
                due = schedule.last(job.next_at, now)
                self._store.put(replace(job, next_at=schedule.after(now)))
                # A job that is still being tried skips its time (scheduler/docs/configuring/retry-jobs).
                if job.name not in self._running and all(attempt.job != job.name for attempt in self._retries):
                    self._submit(_Attempt(job.name, due, now, 0, now))

    def _begin_retries(self, now: float) -> None:
        due = [attempt for attempt in self._retries if attempt.at <= now]
        self._retries = [attempt for attempt in self._retries if attempt.at > now]
        for attempt in due:
            self._submit(attempt)

    def _submit(self, attempt: _Attempt) -> None:
        if not self._stopping:
            self._running.add(attempt.job)
            self._pool.submit(self._attempt, attempt)

    def _attempt(self, attempt: _Attempt) -> None:
        job = self._store.get(attempt.job)
        if job is None:
            with self._changed:
                self._running.discard(attempt.job)
            return
        started = self._clock.now()
        status = send(
            target_of(job.body), job=job.name, due=attempt.due, here=self._here(), deadline=deadline_of(job.body)
        )
        retry = retry_of(job.body)
        with self._changed:
            # Whoever reads how it went finds the job ready for its next time.
            self._running.discard(attempt.job)
            with self._store.together():
                now = self._store.get(attempt.job)
                if now is not None:
                    body = {**now.body, "lastAttemptTime": timestamp(started), "status": status}
                    self._store.put(replace(now, body=body))
            if status and retry.allows(attempt.retries, self._clock.now() - attempt.first):
                at = self._clock.now() + retry.wait(attempt.retries)
                self._retries.append(replace(attempt, at=at, retries=attempt.retries + 1))
            self._changed.notify_all()
