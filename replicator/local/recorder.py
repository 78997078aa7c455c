"""What the local cloud was asked: API calls and SQL statements, kept for tests and for people who look around.

Read and cleared at ``/control/calls`` and ``/control/statements``.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

KEPT: Final = 100_000
"""Records of each kind that are kept; the oldest go first, and how many went is told."""


@dataclass(frozen=True, slots=True)
class Call:
    """One API call that was answered.

    Attributes:
        at: Seconds since 1970, on the server's clock, when it arrived.
        service: ``bigquery``, ``transfer``, ``workflows`` or ``executions``.
        method: The HTTP method, or ``gRPC``.
        path: Without the query; for gRPC ``/package.Service/Method``.
        query: The query string as it came.
        status: The HTTP status; for gRPC the one that its code corresponds to.
        seconds: How long it took to answer.
    """

    at: float
    service: str
    method: str
    path: str
    query: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement as it was executed, the inner ones of scripts and EXECUTE IMMEDIATE included.

    Attributes:
        at: Seconds since 1970, on the server's clock.
        text: The statement.
        kind: BigQuery's statement type: ``SELECT``, ``CREATE_TABLE_AS_SELECT``, …
        project: The job's project.
        location: Where it ran.
        job_id: The job it belongs to; for a script's statement the child job.
        default_dataset: ``project.dataset`` or empty.
        parameters: Query parameters by name (positional ones by ``"0"``, ``"1"``, …); the GoogleSQL type of each.
        variables: Script variables in scope, by name; the GoogleSQL type of each.
    """

    at: float
    text: str
    kind: str
    project: str
    location: str
    job_id: str
    default_dataset: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


class Recorder:
    """Two bounded lists, safe to append to and to read from any thread."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=kept)
        self._statements: deque[Statement] = deque(maxlen=kept)
        self._lost_calls = 0
        self._lost_statements = 0

    def call(self, call: Call) -> None:
        """Keep an API call."""
        with self._lock:
            self._lost_calls += len(self._calls) == self._calls.maxlen
            self._calls.append(call)

    def statement(self, statement: Statement) -> None:
        """Keep an SQL statement."""
        with self._lock:
            self._lost_statements += len(self._statements) == self._statements.maxlen
            self._statements.append(statement)

    def calls(self) -> tuple[Call, ...]:
        """The calls that are kept, oldest first."""
        with self._lock:
            return tuple(self._calls)

    def statements(self) -> tuple[Statement, ...]:
        """The statements that are kept, oldest first."""
        with self._lock:
            return tuple(self._statements)

    def clear_calls(self) -> None:
        """Forget the calls, also how many had been dropped."""
        with self._lock:
            self._calls.clear()
            self._lost_calls = 0

    def clear_statements(self) -> None:
        """Forget the statements, also how many had been dropped."""
        with self._lock:
            self._statements.clear()
            self._lost_statements = 0

    def calls_as_json(self) -> dict[str, Any]:
        """What ``/control/calls`` answers: ``calls``, oldest first, and how many older ones were ``dropped``."""
        with self._lock:
            return {"calls": [asdict(call) for call in self._calls], "dropped": self._lost_calls}

    def statements_as_json(self) -> dict[str, Any]:
        """What ``/control/statements`` answers: ``statements``, oldest first, and how many were ``dropped``."""
        with self._lock:
            return {"statements": [asdict(one) for one in self._statements], "dropped": self._lost_statements}
