"""All jobs: each id once, run on threads, kept across restarts."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from replicator.local.bigquery.api.gate import JobGate
from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.api.job import FOREVER, Job, JobRef, job_of
from replicator.local.bigquery.api.knobs import Knobs
from replicator.local.bigquery.errors import BigQueryError, refuse
from replicator.local.bigquery.storage.instants import micros
from replicator.local.bigquery.storage.store import Store, Transaction

# A job that runs holds a thread, also while it waits for a table, so there are many more than processors.
_THREADS: Final = 512
_JOB: Final = "job"
_ROWS: Final = "rows"


Work: TypeAlias = Callable[[Job], None]


@dataclass(slots=True)
class _Lane:
    """The query jobs of one project and location: how many run, and who waits for one of them to end."""

    running: int = 0
    waiting: deque[tuple[Job, Work]] = field(default_factory=deque)


class Registry:
    """The jobs of a server.

    Attributes:
        gate: Where jobs can be held up.
        knobs: How many queries run at once.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], gate: JobGate, knobs: Knobs) -> None:
        self.gate = gate
        self.knobs = knobs
        self._store = store
        self._now = now
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._alarms: dict[str, threading.Timer] = {}
        self._closing = False
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="job")
        self._jobs: dict[str, Job] = {}
        self._children: dict[str, list[Job]] = {}
        self._requests: dict[tuple[str, str], Job] = {}
        for key, record in store.records.scan(_JOB):
            job = job_of(record, store.records.get(_ROWS, key))
            self._file(job)
            if not job.done.is_set():
                # A job that was running when the server was killed is not run again: part of it may have happened.
                msg = "The server stopped while the job was running; look at what it has done before running it again"
                self.finish(job, BigQueryError(reason="backendError", message=msg))

    def millis(self) -> int:
        """The clock, in milliseconds since 1970."""
        return micros(self._now()) // 1000

    def close(self) -> None:
        """Stop what runs, and wait for it."""
        with self._lock:
            self._closing = True
            running = [job for job in self._jobs.values() if not job.done.is_set()]
        for job in running:
            self.cancel(job)
        self._pool.shutdown(wait=True, cancel_futures=True)

    # Beginning and end -------------------------------------------------------------------------------------------
    def add(self, job: Job) -> None:
        """File a new job.

        Raises:
            BigQueryError: 409, there is one of that id.
        """
        with self._lock:
            if job.ref.key in self._jobs:
                refuse("duplicate", f"Already Exists: Job {job.ref}")
            self._file(job)

    def _file(self, job: Job) -> None:
        self._jobs[job.ref.key] = job
        if job.parent is not None:
            parent = JobRef(job.ref.project, job.ref.location, job.parent)
            self._children.setdefault(parent.key, []).append(job)

    def keep(self, job: Job) -> None:
        """Write a job that has not ended down before it is told of."""
        with self._writing:
            if job.ended is None:
                self._store.records.put(_JOB, job.ref.key, job.to_record())

    def submit(self, job: Job, work: Work) -> None:
        """Run a job on a thread of its own; a query once fewer than so many of its project and location run."""
        if job.deadline < FOREVER:
            # A little late rather than early: the reason to stop is read from the clock.
            left = min(max((job.deadline - self.millis()) / 1000, 0) + 0.005, threading.TIMEOUT_MAX)
            alarm = threading.Timer(left, self._stop, (job,))
            alarm.daemon = True
            self._alarms[job.ref.key] = alarm
            alarm.start()
        if job.kind != "QUERY":
            self._pool.submit(self._run, job, work)
            return
        with self._lock:
            lane = self._lanes.setdefault((job.ref.project, job.ref.location), _Lane())
            if lane.running < self.knobs.concurrent_queries:
                lane.running += 1
                self._pool.submit(self._run_in_lane, lane, job, work)
                return
            full = len(lane.waiting) >= self.knobs.queued_queries
            if not full:
                lane.waiting.append((job, work))
        if full:
            msg = "Quota exceeded: Your project and region exceeded quota for max number of jobs that can be queued"
            self.finish(job, BigQueryError(reason="quotaExceeded", message=f"{msg} per project."))

    def _run_in_lane(self, lane: _Lane, job: Job, work: Work) -> None:
        try:
            self._run(job, work)
        finally:
            with self._lock:
                lane.running -= 1
                while lane.waiting and lane.running < self.knobs.concurrent_queries and not self._closing:
                    lane.running += 1
                    self._pool.submit(self._run_in_lane, lane, *lane.waiting.popleft())

    def cancel(self, job: Job) -> None:
        """Ask a job to end: one that waits ends now, one that runs at its next statement or amid a computation."""
        job.cancelled.set()
        self._stop(job)

    def _stop(self, job: Job) -> None:
        with self._lock:
            lane = self._lanes.get((job.ref.project, job.ref.location), _Lane())
            waits = [entry for entry in lane.waiting if entry[0] is job]
            for entry in waits:
                lane.waiting.remove(entry)
        reason = self.stop_reason(job)
        if waits and reason is not None:
            self.finish(job, BigQueryError(reason="stopped", message=reason))
        job.interrupt()

    def _run(self, job: Job, work: Work) -> None:
        error: BigQueryError | None = None
        try:
            self.gate.starting(job.ref, job.kind, lambda: self.stop_reason(job) is not None)
            self._check(job)
            job.started = self.millis()
            work(job)
            self.gate.ending(job.ref, job.kind, lambda: self.stop_reason(job) is not None)
        except BigQueryError as failure:
            error = failure
        except Exception as failure:  # noqa: BLE001 - a thread's last line: a bug ends its job as failed, and says so
            msg = f"An internal error occurred: {type(failure).__name__}: {failure}"
            error = BigQueryError(reason="internalError", message=msg)
        self.finish(job, error)

    def _check(self, job: Job) -> None:
        reason = self.stop_reason(job)
        if reason is not None:
            refuse("stopped", reason)

    def committing(self, job: Job) -> None:
        """A job is about to commit.

        Raises:
            BigQueryError: It was cancelled, has run out of time, or is made to fail.
        """
        self.gate.committing(job.ref, job.kind, lambda: self.stop_reason(job) is not None)
        self._check(job)

    def finish(self, job: Job, error: BigQueryError | None) -> None:
        """End a job: written down first, then told of."""
        alarm = self._alarms.pop(job.ref.key, None)
        if alarm is not None:
            alarm.cancel()
        job.error = error
        self.end(job)
        with self._store.statement() as transaction:
            self.record(job, transaction)
            for child in self.children(job):
                self.record(child, transaction)
            transaction.commit()
        job.done.set()

    def end(self, job: Job) -> None:
        """Note when a job ended; from here on only its end is written down."""
        with self._writing:
            job.ended = job.ended or self.millis()

    def record(self, job: Job, transaction: Transaction) -> None:
        """Write a job down in the same commit as what it did."""
        job.started = job.started or job.created
        transaction.record(_JOB, job.ref.key, job.to_record())
        if job.rows is not None:
            transaction.record(_ROWS, job.ref.key, "\n".join(job.rows.lines))

    def stop_reason(self, job: Job) -> str | None:
        """Why a job must end now, or ``None``."""
        if job.cancelled.is_set():
            return "Job execution was cancelled: User requested cancellation"
        if self.millis() >= job.deadline:
            # In these words, with the seconds that it was given (googleapis/python-bigquery-pandas#492).
            return f"Job execution was cancelled: Job timed out after {(job.deadline - job.created) // 1000}s"
        return None

    # Looking -----------------------------------------------------------------------------------------------------
    def find(self, project: str, job_id: str, location: str | None) -> Job:
        """The job of that name; without a location only US and EU are looked at, as the service does.

        Raises:
            BigQueryError: ``notFound``.
        """
        places = (location,) if location else ("US", "EU")
        with self._lock:
            for place in places:
                job = self._jobs.get(JobRef(project, place, job_id).key)
                if job is not None:
                    return job
        name = f"{project}:{location}.{job_id}" if location else f"{project}:{job_id}"
        raise BigQueryError(reason="notFound", message=f"Not found: Job {name}")

    def children(self, job: Job) -> list[Job]:
        """The statements of a script, in their order."""
        with self._lock:
            return list(self._children.get(job.ref.key, ()))

    def all(self, project: str) -> list[Job]:
        """A project's jobs, newest first."""
        with self._lock:
            found = [job for job in self._jobs.values() if job.ref.project == project]
        return sorted(found, key=lambda job: job.created, reverse=True)

    def resources(self, project: str, location: str) -> list[Json]:
        """A project's jobs in a location as the API shows them, the statements of scripts among them."""
        return [job.resource() for job in self.all(project) if job.ref.location.casefold() == location.casefold()]

    def delete(self, job: Job) -> None:
        """Forget a job and its statements."""
        removed: Iterable[Job] = (job, *self.children(job))
        with self._lock:
            self._children.pop(job.ref.key, None)
            for each in removed:
                self._jobs.pop(each.ref.key, None)
        for each in removed:
            self._store.records.delete(_JOB, each.ref.key)
            self._store.records.delete(_ROWS, each.ref.key)

    def once(self, project: str, request_id: str, make: Callable[[], Job]) -> Job:
        """The job of an earlier request with the same ``requestId``, or a new one."""
        with self._lock:
            known = self._requests.get((project, request_id))
        if known is not None:
            return known
        job = make()
        with self._lock:
            return self._requests.setdefault((project, request_id), job)
