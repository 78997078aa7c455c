"""Cloud Scheduler in front of a target that notes what it is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, Router

from replicator.local.clock import ServerClock
from replicator.local.gate import Gate, not_found
from replicator.local.listener import Listener
from replicator.local.recorder import Recorder
from replicator.local.scheduler.service import SchedulerService

PARENT = "projects/acme-analytics/locations/europe-west1"


@dataclass(frozen=True)
class Sent:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Cloud:
    """A scheduler, a target at ``/target``, and the session that a program without a client uses."""

    file: Path
    clock: ServerClock = field(default_factory=ServerClock)
    sent: list[Sent] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Any = field(default_factory=lambda: AuthorizedSession(AnonymousCredentials()))
    url: str = ""
    service: SchedulerService | None = None
    listener: Listener | None = None

    async def target(self, request: Request) -> JSONResponse:
        body = await request.body()
        with self.lock:
            self.sent.append(Sent(request.method, str(request.url.path), dict(request.headers), body))
            status = self.answers.pop(0) if self.answers else 200
        return JSONResponse({}, status)

    def start(self) -> None:
        self.service = SchedulerService(self.file, self.clock, here=lambda: self.url)
        # Where executions are created, as far as this target is concerned.
        paths = ("/target", "/v1/{rest:path}")
        routes = [*self.service.routes, *(Route(path, self.target, methods=["POST", "GET", "PUT"]) for path in paths)]
        self.listener = Listener(
            Gate(Router(routes, default=not_found), Recorder(), self.clock), host="127.0.0.1", port=0
        )
        self.url = self.listener.url
        self.service.start()

    def stop(self) -> None:
        assert self.listener is not None
        assert self.service is not None
        self.service.stop()
        self.listener.stop()
        self.service.close()

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        answer = self.session.request(method, f"{self.url}/v1/{path}", json=body)
        return answer.status_code, answer.json()

    def get(self, name: str) -> Any:
        status, told = self.ask("GET", name)
        assert status == 200, told
        return told

    def make(self, job: str = "night", **more: object) -> str:
        body = {
            "name": f"{PARENT}/jobs/{job}",
            "schedule": "15 5 * * *",
            "timeZone": "Europe/Paris",
            "httpTarget": {"uri": f"{self.url}/target", "httpMethod": "POST"},
            **more,
        }
        status, told = self.ask("POST", f"{PARENT}/jobs", body)
        assert status == 200, told
        return str(told["name"])

    def advance(self, seconds: float) -> None:
        self.clock.move(self.clock.offset + seconds)

    def arrives(self, number: int) -> list[Sent]:
        assert eventually(lambda: len(self.sent) >= number), f"{len(self.sent)} of {number} requests came"
        return self.sent


def eventually(true: Callable[[], bool]) -> bool:
    for _ in range(500):
        if true():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path / "scheduler.sqlite")
    # No time at which a job is due is near, whenever the test runs.
    noon = datetime(2031, 3, 5, 12, tzinfo=UTC)
    cloud.clock.move(noon.timestamp() - time.time())
    cloud.start()
    yield cloud
    cloud.stop()
