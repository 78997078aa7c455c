"""The table of cases: what is run, with what around it, and how it must end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from replicator.runtime.clock import VirtualClock
from replicator.runtime.connectors import Connectors, HttpRequest, HttpResponse, Method
from replicator.runtime.environment import Environment, Moment, StepEvent
from replicator.runtime.errors import AuthFailed, CallFailed, ConnectionBroken, ConnectionFailed, HttpError, TimedOut
from replicator.runtime.values import Value, to_json

FOLDER: Final = Path(__file__).parent / "cases"
START: Final = 1_800_000_000.0
UUID: Final = "00000000-0000-4000-8000-000000000000"

_FAILURES: Final[Mapping[str, type[Exception]]] = {
    "ConnectionFailed": ConnectionFailed,
    "ConnectionBroken": ConnectionBroken,
    "TimedOut": TimedOut,
    "AuthFailed": AuthFailed,
    "CallFailed": CallFailed,
}
_ENDS: Final = frozenset({"result", "error", "raised", "refused", "not_started"})


@dataclass(frozen=True)
class Case:
    """One expectation.

    Attributes:
        name: The file and the sentence.
        words: The words of the language that it is about.
        page: Below docs.cloud.google.com/workflows/docs/, or the page of quotas.
        source: The document.
        argument: What it is started with.
        answers: What the services outside answer, in this order.
        end: How it ends: ``result``, ``error`` (a tag, with ``message`` a part of its message), ``raised`` (a value),
            ``refused`` (words of the problem) or ``not_started`` (words of why).
        slept: The seconds that it takes on the virtual clock.
        logged: What ``sys.log`` has written, with its severity.
    """

    name: str
    words: tuple[str, ...]
    page: str
    source: str
    argument: Value
    answers: tuple[Mapping[str, Any], ...]
    end: Mapping[str, Any]
    slept: float
    logged: list[list[Value]] | None


def read_cases() -> list[Case]:
    """Every row of every file of the table."""
    return [
        _case(path.stem, row)
        for path in sorted(FOLDER.glob("*.yaml"))
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _case(file: str, row: dict[str, Any]) -> Case:
    source = row.pop("source", None)
    if source is None:
        only = {"main": {"params": ["args"], "steps": [{"only": {"return": row.pop("value")}}]}}
        source = json.dumps(only, ensure_ascii=False)
    # A text of a size is written as its size: "x" that many times.
    argument = "x" * row.pop("argument_characters") if "argument_characters" in row else row.pop("argument", None)
    size = row.pop("source_bytes", None)
    case = Case(
        name=f"{file}: {row.pop('name')}",
        words=tuple(row.pop("words")),
        page=row.pop("page"),
        source=source if size is None else source + "#" * (size - len(source)),
        argument=argument,
        answers=tuple(row.pop("answers", ())),
        slept=row.pop("slept", 0),
        logged=row.pop("logged", None),
        end=row,
    )
    if len(_ENDS & set(row)) != 1 or set(row) - _ENDS - {"message"}:
        msg = f"{case.name}: says {sorted(row)}, and says how it ends in one of {sorted(_ENDS)}"
        raise ValueError(msg)
    return case


@dataclass
class Outside:
    """Everything around one case: services that give scripted answers, a clock, and what was logged."""

    answers: list[Mapping[str, Any]]
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    logged: list[list[Value]] = field(default_factory=list)

    def http(self, request: HttpRequest, *, deadline: float) -> HttpResponse:
        """Answer a request of ``http.*``, whatever it asks for."""
        assert request.url
        answer = self._next(deadline)
        body = answer.get("body", "")
        size = answer.get("body_bytes")
        sent = b"x" * size if size is not None else body.encode() if isinstance(body, str) else to_json(body).encode()
        return HttpResponse(answer.get("status", 200), answer.get("headers", {}), sent)

    def transport(self, method: Method, arguments: Mapping[str, Value], *, deadline: float) -> Value:
        """Answer a connector's request."""
        assert set(arguments) <= method.arguments
        answer = self._next(deadline)
        status = answer.get("status", 200)
        if status >= 300:
            raise HttpError(status, "", body=answer.get("body"))
        body: Value = answer.get("body")
        return body

    def _next(self, deadline: float) -> Mapping[str, Any]:
        assert deadline > 0
        answer = self.answers.pop(0)
        if "fails" in answer:
            raise _FAILURES[answer["fails"]](answer["fails"])
        return answer

    def environment(self) -> Environment:
        """What the case runs in."""
        return Environment(
            connectors=Connectors(transport=self.transport, http=self.http),
            clock=self.clock,
            uuid=lambda: UUID,
            variables={"GOOGLE_CLOUD_PROJECT_ID": "acme", "GOOGLE_CLOUD_LOCATION": "europe-west1"},
            on_step=self._tell,
        )

    def _tell(self, event: StepEvent) -> None:
        if event.moment is Moment.LOG:
            self.logged.append([event.severity, event.data])
