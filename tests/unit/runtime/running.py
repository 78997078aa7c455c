"""What the runtime's tests share: an environment whose parts can be said one by one, and scripted services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from replicator.runtime.clock import VirtualClock
from replicator.runtime.connectors import Connectors, HttpRequest, HttpResponse, Method
from replicator.runtime.environment import Environment, StepEvent, ignore, never
from replicator.runtime.execution import Execution
from replicator.runtime.program import load
from replicator.runtime.values import Value


@dataclass
class Service:
    """A service that gives its answers in the order of the requests; an exception is raised."""

    answers: list[Value | Exception]
    requests: list[tuple[str, dict[str, Value]]] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)

    def __call__(self, method: Method, arguments: Mapping[str, Value], *, deadline: float) -> Value:
        self.requests.append((method.name.removeprefix("googleapis."), dict(arguments)))
        self.deadlines.append(deadline)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def scoped(self, scope: str) -> Service:
        self.scopes.append(scope)
        return self


@dataclass
class Web:
    """A web server that answers the same to every request."""

    answer: HttpResponse
    requests: list[HttpRequest] = field(default_factory=list)

    def __call__(self, request: HttpRequest, *, deadline: float) -> HttpResponse:
        assert deadline > 0
        self.requests.append(request)
        return self.answer


def environment(
    *,
    service: Service | None = None,
    web: Web | None = None,
    clock: VirtualClock | None = None,
    on_step: Callable[[StepEvent], None] = ignore,
    cancelled: Callable[[], bool] = never,
) -> Environment:
    """An environment on virtual time."""
    return Environment(
        connectors=Connectors(transport=service, http=web),
        clock=clock or VirtualClock(),
        uuid=lambda: "id",
        variables={"GOOGLE_CLOUD_PROJECT_ID": "acme", "GOOGLE_CLOUD_LOCATION": "europe-west1"},
        on_step=on_step,
        cancelled=cancelled,
    )


def run(source: str, argument: Value = None, *, around: Environment | None = None) -> Value:
    """Load and run a document."""
    return Execution.run(load(source), argument, environment=around or environment())
