"""The port to Google's APIs and to HTTP, and every method that a workflow may call by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from replicator.runtime.apis.bigquery import BIGQUERY
from replicator.runtime.apis.executions import EXECUTIONS
from replicator.runtime.apis.method import Method, Wait
from replicator.runtime.apis.pubsub import PUBSUB
from replicator.runtime.apis.storage import STORAGE
from replicator.runtime.apis.transfer import TRANSFER
from replicator.runtime.values import Value

__all__ = [
    "METHODS",
    "Connectors",
    "Http",
    "HttpRequest",
    "HttpResponse",
    "Method",
    "ScopedTransport",
    "Transport",
    "Wait",
]

METHODS: Final[Mapping[str, Method]] = {
    method.name: method for method in (*BIGQUERY, *TRANSFER, *EXECUTIONS, *STORAGE, *PUBSUB)
}
"""The one table: what the runtime calls, the linter checks and the transport sends."""


class Transport(Protocol):
    """Sends one request of one method, once; called from several threads at a time.

    Retries, polling and waiting are the runtime's.
    """

    def __call__(self, method: Method, arguments: Mapping[str, Value], *, deadline: float) -> Value:
        """Make the call and return the decoded body that the service answered with.

        Args:
            method: What to call.
            arguments: By the names of the table; ``body`` is the JSON body.
            deadline: Seconds from now after which to give up.

        Raises:
            HttpError: The service answered with a status that is not 2xx.
            ConnectionFailed: The call never reached the service.
            ConnectionBroken: It may have; ask before calling again.
            TimedOut: ``deadline`` seconds have passed.
            AuthFailed: There are no credentials for it.
        """
        ...


@runtime_checkable
class ScopedTransport(Transport, Protocol):
    """A transport that can ask for a token of other OAuth scopes than its own; others refuse a call that wants one."""

    def scoped(self, scope: str) -> Transport:
        """A transport whose tokens have ``scope``.

        Args:
            scope: One or more OAuth scopes, separated by blanks.
        """
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What ``http.*`` sends.

    Attributes:
        method: In capitals.
        url: With the query in it, encoded.
        headers: As the document gives them, and a content type where the body is a map or a list.
        body: Encoded.
        auth: The step's ``auth`` block: ``type`` is ``OAuth2`` or ``OIDC``, with ``scope``/``scopes``/``audience``.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    auth: Mapping[str, Value] | None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """Sends one HTTP request, once; called from several threads at a time."""

    def __call__(self, request: HttpRequest, *, deadline: float) -> HttpResponse:
        """Send it and return the response, also one whose status is not 2xx.

        Raises:
            ConnectionFailed: The call never reached the server, or may not go there.
            ConnectionBroken: It may have; ask before calling again.
            TimedOut: ``deadline`` seconds have passed.
            AuthFailed: The credentials that ``auth`` asks for cannot be made.
        """
        ...


@dataclass(frozen=True, slots=True)
class Connectors:
    """Everything outside that an execution may talk to; None refuses such calls."""

    transport: Transport | None = None
    http: Http | None = None
