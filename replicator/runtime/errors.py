"""Errors, on the three sides of the runtime.

Raised by a connector (the port):        Raised through a workflow:           Raised to Python:

``CallFailed``                           ``WorkflowError``                    ``WorkflowFailed``
├── ``HttpError``                        └── ``Unhandleable``                 ``WorkflowCancelled``
├── ``ConnectionFailed``
├── ``ConnectionBroken``
├── ``TimedOut``
└── ``AuthFailed``

Tags and maps: docs.cloud.google.com/workflows/docs/reference/syntax/error-types
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from replicator.errors import FailedError
from replicator.runtime.values import Value


class CallFailed(Exception):  # noqa: N818  the port's own words, without a suffix
    """A call outside the workflow did not succeed."""


class HttpError(CallFailed):
    """The service answered with a status that is not 2xx.

    Attributes:
        status: The HTTP status, 300 to 599.
        message: What the service says, for people.
        body: The decoded body: for a Google API the JSON object with ``error`` in it.
        headers: Names as the service sent them.
    """

    def __init__(
        self, status: int, message: str, *, body: Value = None, headers: Mapping[str, Value] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.body = body
        self.headers: dict[str, Value] = dict(headers or {})


class ConnectionFailed(CallFailed):
    """The call never reached the service; calling again is safe."""


class ConnectionBroken(CallFailed):
    """The call may have reached the service; ask before calling again."""


class TimedOut(CallFailed):
    """The deadline has passed."""


class AuthFailed(CallFailed):
    """No credentials could be made for the call."""


class Tag(StrEnum):
    """What the service calls its errors (error-types, "Error tags")."""

    AUTH = "AuthError"
    CONNECTION = "ConnectionError"
    CONNECTION_FAILED = "ConnectionFailedError"
    HTTP = "HttpError"
    INDEX = "IndexError"
    KEY = "KeyError"
    OPERATION = "OperationError"
    PARALLEL_NESTING = "ParallelNestingError"
    RECURSION = "RecursionError"
    RESOURCE_LIMIT = "ResourceLimitError"
    RESPONSE_TYPE = "ResponseTypeError"
    SYSTEM = "SystemError"
    TIMEOUT = "TimeoutError"
    TYPE = "TypeError"
    UNHANDLED_BRANCH = "UnhandledBranchError"
    VALUE = "ValueError"
    ZERO_DIVISION = "ZeroDivisionError"


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a call of a routine stood: the innermost step, counted from 1 as in the source."""

    step: str
    routine: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.routine}.{self.step} (line {self.line})"


class WorkflowError(Exception):
    """An error value on its way through the workflow, until an ``except`` takes it.

    Attributes:
        value: What ``except: as:`` binds: a map with ``tags`` and ``message``, or whatever was raised.
        trace: One frame per active call, innermost first.
    """

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value
        self.trace: list[Frame] = []
        self.activation: object = None

    def __str__(self) -> str:
        return describe(self.value)


class Unhandleable(WorkflowError):  # noqa: N818  says what it is: an error beyond except
    """An error that no ``except`` takes: the execution fails at once (error-types, ResourceLimitError)."""


class Cancelled(BaseException):
    """The execution was asked to stop; not an error that a workflow could catch."""


def error(tag: Tag, message: str, **more: Value) -> WorkflowError:
    """An error as the service's own functions raise it: a map with ``tags``, ``message`` and more."""
    kind = Unhandleable if tag is Tag.RESOURCE_LIMIT else WorkflowError
    return kind({"tags": [tag.value], "message": message, **more})


def describe(value: Value) -> str:
    """One line about an error value, for people."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(message := value.get("message"), str):
        tags = value.get("tags")
        return f"{tags[0]!s}: {message}" if isinstance(tags, list) and tags else message
    return json.dumps(value, ensure_ascii=False, default=repr)


class WorkflowFailed(FailedError):  # noqa: N818  an outcome, named like the state FAILED
    """The execution ended with an error that nothing caught.

    Attributes:
        error: The error value, as Workflows shows it.
        trace: One frame per active call, innermost first.
    """

    def __init__(self, error: Value, trace: tuple[Frame, ...]) -> None:
        self.error = error
        self.trace = trace
        place = f"{trace[0]}: " if trace else ""
        super().__init__(f"{place}{describe(error)}")


class WorkflowCancelled(FailedError):  # noqa: N818  an outcome, named like the state CANCELLED
    """The execution was cancelled before it ended."""

    def __init__(self) -> None:
        super().__init__("the execution was cancelled")
