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

UNANSWERED: Final = 0
"""The status of a call whose connection ended without an answer."""

KEPT_CHARACTERS: Final = 64 * 1024 * 1024
"""The texts and schemas of the statements that are kept hold at most this many characters together, save that the
newest statement is always kept; the oldest go first, and are counted with the rest."""


@dataclass(frozen=True, slots=True)
class Call:
    """One API call that was answered.

    Attributes:
        at: Seconds since 1970, on the server's clock, when it arrived.
        service: ``bigquery``, ``transfer``, ``workflows``, ``executions``, ``scheduler`` or ``pubsub``.
        method: The HTTP method, or ``gRPC``.
        path: Without the query; for gRPC ``/package.Service/Method``.
        query: The query string as it came.
        status: The HTTP status; for gRPC the one that its code corresponds to. ``UNANSWERED`` where there was none.
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
class Relation:
    """What a name stood for when a statement began: a table, a wildcard, a view or a metadata view.

    Attributes:
        columns: (name, GoogleSQL type), in order.
        pseudo: Those that ``*`` leaves out: ``_TABLE_SUFFIX``, ``_PARTITIONTIME``, ``_PARTITIONDATE``.
    """

    columns: tuple[tuple[str, str], ...]
    pseudo: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement as it was executed, the inner ones of scripts and EXECUTE IMMEDIATE included.

    A script's expressions (of DECLARE, SET, IF, RAISE, EXECUTE IMMEDIATE, …) are noted too, and belong to no child job.

    Attributes:
        at: Seconds since 1970, on the server's clock.
        text: The statement.
        kind: BigQuery's statement type: ``SELECT``, ``CREATE_TABLE_AS_SELECT``, …; ``EXPRESSION`` for an expression
            of a script, ``FAILED`` for a statement that failed.
        project: The job's project.
        location: Where it ran.
        job_id: The job it belongs to; for a script's statement the child job.
        default_dataset: ``project.dataset`` or empty.
        parameters: Query parameters by name (positional ones by ``"0"``, ``"1"``, …); the GoogleSQL type of each.
        variables: Script variables in scope, by name; the GoogleSQL type of each.
        system: System variables by name without the signs (``row_count``); the GoogleSQL type of each.
        relations: What it reads or writes, as it was when the statement began, by full path
            (``project.dataset.table``, ``project.region-eu.INFORMATION_SCHEMA.TABLES``); a temporary table by its name.
        wanted: The GoogleSQL type that an expression's value is assigned to; empty where any will do.
        error: What it failed with; empty where it did not.
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
    system: Mapping[str, str] = field(default_factory=dict)
    relations: Mapping[str, Relation] = field(default_factory=dict)
    wanted: str = ""
    error: str = ""

    @property
    def characters(self) -> int:
        """How much it holds, about: its text, and the names and types of what it names."""
        columns = (pair for relation in self.relations.values() for pair in (*relation.columns, *relation.pseudo))
        return len(self.text) + sum(len(name) + len(kind) for name, kind in columns)


class Recorder:
    """Two bounded lists, safe to append to and to read from any thread."""

    def __init__(self, *, kept: int = KEPT, characters: int = KEPT_CHARACTERS) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=kept)
        self._statements: deque[Statement] = deque()
        self._kept = kept
        self._most_characters = characters
        self._characters = 0
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
            self._statements.append(statement)
            self._characters += statement.characters
            while len(self._statements) > self._kept or (
                self._characters > self._most_characters and len(self._statements) > 1
            ):
                self._characters -= self._statements.popleft().characters
                self._lost_statements += 1

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
            self._characters = 0
            self._lost_statements = 0

    def calls_as_json(self) -> dict[str, Any]:
        """What ``/control/calls`` answers: ``calls``, oldest first, and how many older ones were ``dropped``."""
        with self._lock:
            return {"calls": [asdict(call) for call in self._calls], "dropped": self._lost_calls}

    def statements_as_json(self) -> dict[str, Any]:
        """What ``/control/statements`` answers: ``statements``, oldest first, and how many were ``dropped``."""
        with self._lock:
            return {"statements": [asdict(one) for one in self._statements], "dropped": self._lost_statements}
