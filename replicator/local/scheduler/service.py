"""The methods of Cloud Scheduler, and where they are found over HTTP.

cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from replicator.local.clock import ServerClock
from replicator.local.rest import ApiError, Call, Json, endpoint, page, region_of, timestamp, unmodelled
from replicator.local.scheduler.attempts import GOOGLE
from replicator.local.scheduler.dispatcher import Dispatcher
from replicator.local.scheduler.jobs import changed_job, read_job, read_name, schedule_of, show_job
from replicator.local.scheduler.store import Job, Store

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_PAGE: Final = 100
_LARGEST_PAGE: Final = 500
_KEPT: Final = ("status", "lastAttemptTime")


class SchedulerService:
    """Jobs that call this local cloud by its own clock: opened, started, stopped, closed."""

    def __init__(self, file: Path, clock: ServerClock, *, here: Callable[[], str]) -> None:
        """Open the jobs in ``file``.

        Args:
            file: Made if it is missing.
            clock: What time it is.
            here: Where this local cloud listens: ``http://127.0.0.1:9050``.
        """
        self._store = Store(file)
        self._clock = clock
        self._here = here
        self._dispatcher = Dispatcher(self._store, clock, here)

    def start(self) -> None:
        """Send jobs from now on."""
        self._dispatcher.start()

    def stop(self) -> None:
        """Send nothing more."""
        self._dispatcher.stop()

    def close(self) -> None:
        """Close the file, when nothing is asked any more."""
        self._store.close()

    @property
    def routes(self) -> list[BaseRoute]:
        """Every method."""
        from starlette.routing import Route

        at = "/v1/projects/{project}/locations/{location}/jobs"
        methods: list[tuple[str, str, Callable[[Call], Json]]] = [
            ("POST", at, self._create),
            ("GET", at, self._list),
            ("POST", f"{at}/{{job}}:pause", self._pause),
            ("POST", f"{at}/{{job}}:resume", self._resume),
            ("POST", f"{at}/{{job}}:run", self._run),
            ("GET", f"{at}/{{job}}", self._get),
            ("PATCH", f"{at}/{{job}}", self._patch),
            ("DELETE", f"{at}/{{job}}", self._delete),
        ]
        return [Route(path, endpoint(answer), methods=[verb]) for verb, path, answer in methods]

    def _create(self, call: Call) -> Json:
        parent = _parent(call)
        name = read_name(parent, call.body) or f"{parent}/jobs/{uuid.uuid4().hex}"
        body = self._checked(call.body)
        now = self._clock.now()
        job = Job(name, "ENABLED", {**body, "userUpdateTime": timestamp(now)}, schedule_of(body).after(now))
        with self._store.together():
            if self._store.get(name) is not None:
                code, message = "ALREADY_EXISTS", f"Job {name} already exists."
                raise ApiError(code, message)
            self._store.put(job)
        self._dispatcher.look()
        return _shown(job)

    def _list(self, call: Call) -> Json:
        if call.one("filter"):
            what = "jobs.list with a filter"
            raise unmodelled(what)
        jobs = self._store.all(_parent(call))
        chosen, token = page(jobs, call, key=lambda one: one.name, size=_PAGE, largest=_LARGEST_PAGE)
        shown = [_shown(job) for job in chosen]
        return {"jobs": shown, "nextPageToken": token} if token else {"jobs": shown}

    def _get(self, call: Call) -> Json:
        return _shown(self._found(call))

    def _patch(self, call: Call) -> Json:
        with self._store.together():
            job = self._found(call)
            body = self._checked(changed_job(job.body, call.body, call.one("updateMask")))
            now = self._clock.now()
            kept: Json = {field: job.body[field] for field in _KEPT if field in job.body}
            changed = replace(
                job, body={**body, **kept, "userUpdateTime": timestamp(now)}, next_at=schedule_of(body).after(now)
            )
            self._store.put(changed)
        self._dispatcher.look()
        return _shown(changed)

    def _delete(self, call: Call) -> Json:
        job = self._found(call)
        self._store.delete(job.name)
        self._dispatcher.forget(job.name)
        return {}

    def _pause(self, call: Call) -> Json:
        job = self._changed(call, "PAUSED")
        self._dispatcher.forget(job.name)
        return _shown(job)

    def _resume(self, call: Call) -> Json:
        job = self._changed(call, "ENABLED")
        self._dispatcher.look()
        return _shown(job)

    def _changed(self, call: Call, state: str) -> Job:
        with self._store.together():
            job = self._found(call)
            job = replace(job, state=state, next_at=schedule_of(job.body).after(self._clock.now()))
            self._store.put(job)
        return job

    def _run(self, call: Call) -> Json:
        job = self._found(call)
        self._dispatcher.run_now(job)
        return _shown(job)

    def _checked(self, body: Json) -> Json:
        own = urlsplit(self._here()).netloc
        return read_job(body, here=lambda host: host == own or host in GOOGLE)

    def _found(self, call: Call) -> Job:
        job = self._store.get(f"{_parent(call)}/jobs/{call.path['job']}")
        if job is None:
            code, message = "NOT_FOUND", "Job not found."
            raise ApiError(code, message)
        return job


def _parent(call: Call) -> str:
    return f"projects/{call.path['project']}/locations/{region_of(call)}"


def _shown(job: Job) -> Json:
    return show_job(job.name, job.body, state=job.state, next_at=job.next_at)
