"""What goes wrong with a call, in the runtime's words and in a person's.

Google's clients raise three families: ``google.api_core`` (the service answered), ``requests`` (HTTP did not
work out) and ``google.auth`` (there are no credentials).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.auth.exceptions import GoogleAuthError
from requests import Response
from requests import exceptions as http
from urllib3 import exceptions as wire

from replicator.errors import FailedError, NotFoundError
from replicator.runtime.errors import AuthFailed, CallFailed, ConnectionBroken, ConnectionFailed, HttpError, TimedOut
from replicator.runtime.values import Value, from_json

# google/rpc/code.proto: the number of each canonical code that gRPC answers with, and the HTTP status it maps to.
_HTTP_OF_GRPC = {
    "CANCELLED": 499, "UNKNOWN": 500, "INVALID_ARGUMENT": 400, "DEADLINE_EXCEEDED": 504, "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409, "PERMISSION_DENIED": 403, "RESOURCE_EXHAUSTED": 429, "FAILED_PRECONDITION": 400,
    "ABORTED": 409, "OUT_OF_RANGE": 400, "UNIMPLEMENTED": 501, "INTERNAL": 500, "UNAVAILABLE": 503,
    "DATA_LOSS": 500, "UNAUTHENTICATED": 401,
}  # fmt: skip

_LOST = ("socket closed", "connection reset", "broken pipe", "recvmsg", "sendmsg", "goaway", "ping timeout",
         "keepalive", "endpoint closing", "stream removed", "transport closed", "cancelling all calls")  # fmt: skip
"""How gRPC's core describes a connection that was lost while a call was under way."""

FAMILIES = (GoogleAPICallError, RetryError, http.RequestException, GoogleAuthError, TimeoutError)
"""Everything that Google's clients raise for a call that did not succeed; the last when waiting took too long."""


@contextmanager
def calling(what: str, explain: Callable[[Exception], str] | None = None) -> Iterator[None]:
    """Around one call by a person's command: what goes wrong becomes one sentence.

    Args:
        what: The place in that sentence: ``creating dataset acme-jp.x``.
        explain: Says why, and what would help; ``reason`` if not given.

    Raises:
        NotFoundError: The service says that something is not there.
        FailedError: ``what``, and what is said of the error.
    """
    try:
        yield
    except FAMILIES as error:
        msg = f"{what}: {(explain or reason)(error)}"
        if isinstance(error, NotFound):
            raise NotFoundError(msg) from error
        raise FailedError(msg) from error


def reason(error: Exception) -> str:
    """What the service says, without the client's address and status in front of it."""
    if isinstance(error, GoogleAPICallError):
        details = error.errors
        if details and isinstance(details[0], Mapping) and details[0].get("message"):
            return str(details[0]["message"])
    return str(call_failed(error))


def call_failed(error: Exception) -> CallFailed:
    """The error of the runtime's port for what a client raised."""
    if isinstance(error, GoogleAPICallError):
        return _answered(error)
    if isinstance(error, GoogleAuthError):
        return AuthFailed(f"no credentials for the call: {error}")
    if isinstance(error, RetryError | TimeoutError):
        return TimedOut(f"no answer in time: {error}")
    return _unanswered(error)


def _answered(error: GoogleAPICallError) -> CallFailed:
    """An answer, by HTTP or by gRPC; gRPC also answers itself when the connection does not work."""
    response = error.response
    if response is None:
        # The job failed, and not the call: the client makes the error from the job's status.
        status = int(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        return HttpError(status, str(error.message), body=_body(status, str(error.message), ""))
    if not isinstance(response, Response):
        return _grpc(error)
    try:
        body: Value = from_json(response.content)
    except ValueError:
        body = response.text
    return HttpError(response.status_code, _message(body) or error.message, body=body, headers=dict(response.headers))


def _grpc(error: GoogleAPICallError) -> CallFailed:
    name = error.grpc_status_code.name
    message = str(error.message)
    if name == "DEADLINE_EXCEEDED":
        return TimedOut(message)
    # gRPC itself says UNAVAILABLE, too, of a connection that it could not make or lost; only its words tell.
    if name == "UNAVAILABLE" and "failed to connect" in message.lower():
        return ConnectionFailed(message)
    if name == "UNAVAILABLE" and any(word in message.lower() for word in _LOST):
        return ConnectionBroken(message)
    status = _HTTP_OF_GRPC.get(name, 500)
    return HttpError(status, message, body=_body(status, message, name))


def _body(status: int, message: str, name: str) -> dict[str, Value]:
    """The JSON that the REST API would have answered with (https://cloud.google.com/apis/design/errors)."""
    error: dict[str, Value] = {"code": status, "message": message}
    return {"error": error | ({"status": name} if name else {})}


def _message(body: Value) -> str:
    match body:
        case {"error": {"message": str(message)}}:
            return message
        case _:
            return ""


def _unanswered(error: Exception) -> CallFailed:
    """A request without an answer: whether it can have reached the service decides what may be repeated."""
    causes = tuple(_causes(error))
    text = str(causes[-1])
    if isinstance(error, http.ConnectTimeout):
        return ConnectionFailed(f"no connection in time: {text}")
    if isinstance(error, http.Timeout) or any(isinstance(cause, wire.ReadTimeoutError) for cause in causes):
        return TimedOut(f"no answer in time: {text}")
    never_left = (http.SSLError, http.ProxyError, http.InvalidURL, http.MissingSchema, http.InvalidSchema)
    if isinstance(error, never_left) or any(isinstance(cause, wire.NewConnectionError) for cause in causes):
        return ConnectionFailed(f"no connection: {text}")
    return ConnectionBroken(f"the connection broke: {text}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was made from: requests and urllib3 keep causes as arguments and attributes."""
    current: Any = error
    seen: set[int] = set()
    while isinstance(current, BaseException) and id(current) not in seen:
        seen.add(id(current))
        yield current
        nested = [argument for argument in current.args if isinstance(argument, BaseException)]
        current = getattr(current, "reason", None) or (nested[0] if nested else current.__cause__)
