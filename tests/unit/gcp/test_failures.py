"""Errors of Google's clients in the runtime's words, with the objects that the clients really raise."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.workflows.executions_v1 import GetExecutionRequest

from replicator.errors import FailedError, NotFoundError
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.failures import call_failed, calling
from replicator.gcp.transport import ClientTransport
from replicator.runtime.connectors import METHODS
from replicator.runtime.errors import AuthFailed, CallFailed, ConnectionBroken, ConnectionFailed, HttpError, TimedOut

_FORBIDDEN = api.Forbidden("quota exceeded")
_GONE = api.NotFound("gone")
_AT = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions"


class _Refusing(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc ships no types
    """An Executions API which answers every call with the code in the execution's name."""

    def service(self, _details: object) -> object:
        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            code = GetExecutionRequest.deserialize(request).name.rpartition("/")[2]
            context.abort(grpc.StatusCode[code], f"refused with {code}")
            raise AssertionError

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def refusing() -> Iterator[Clients]:
    """Clients of a gRPC server that refuses everything."""
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[_Refusing()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield Clients(Endpoints(http="http://127.0.0.1:1", executions=f"127.0.0.1:{port}"))
    server.stop(0).wait()


def _get(clients: Clients, code: str) -> CallFailed:
    name = f"projects/p/locations/l/workflows/w/executions/{code}"
    with pytest.raises(CallFailed) as failure:
        ClientTransport(clients)(METHODS[f"{_AT}.get"], {"name": name}, deadline=5)
    return failure.value


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("NOT_FOUND", 404),
        ("PERMISSION_DENIED", 403),
        ("RESOURCE_EXHAUSTED", 429),
        ("FAILED_PRECONDITION", 400),
        ("UNAVAILABLE", 503),
        ("INTERNAL", 500),
    ],
)
def test_a_grpc_answer_is_the_rest_error(refusing: Clients, code: str, status: int) -> None:
    """A document cannot see which protocol the client speaks."""
    failure = _get(refusing, code)

    assert isinstance(failure, HttpError)
    error = {"code": status, "message": f"refused with {code}", "status": code}
    assert (failure.status, failure.body) == (status, {"error": error})


def test_grpc_that_reaches_nobody_is_a_failed_connection() -> None:
    """That is UNAVAILABLE in gRPC's words as well; but the service has not said it."""
    nobody = Clients(Endpoints(http="http://127.0.0.1:1", executions="127.0.0.1:1"))

    assert isinstance(_get(nobody, "UNAVAILABLE"), ConnectionFailed)


def test_grpc_that_loses_the_service_is_a_broken_connection() -> None:
    """The service was busy with the call when it went: it may have acted."""
    busy, gone = threading.Event(), threading.Event()

    class Hanging(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc ships no types
        def service(self, _details: object) -> object:
            def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
                busy.set()
                gone.wait(5)
                return b""

            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Hanging()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stopping = threading.Thread(target=lambda: busy.wait(5) and server.stop(0))
    stopping.start()

    clients = Clients(Endpoints(http="http://127.0.0.1:1", executions=f"127.0.0.1:{port}"))
    assert isinstance(_get(clients, "e"), ConnectionBroken)
    gone.set()
    stopping.join()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (auth.RefreshError("token expired"), AuthFailed),
        (auth.DefaultCredentialsError("none"), AuthFailed),
        (TimeoutError("waited"), TimedOut),
        (api.RetryError("waited", cause=None), TimedOut),
    ],
)
def test_other_families_have_their_kind(error: Exception, kind: type[CallFailed]) -> None:
    """Credentials and waiting are not failures of HTTP."""
    assert isinstance(call_failed(error), kind)


def test_a_failed_job_has_a_status_without_a_response() -> None:
    """The client makes such errors from a job's status."""
    failure = call_failed(api.BadRequest("no such column", errors=[{"reason": "invalidQuery"}]))

    assert isinstance(failure, HttpError)
    assert (failure.status, failure.message) == (400, "no such column")


def test_a_person_is_told_the_place_and_the_reason() -> None:
    """One sentence; what is not there has its own kind of error."""
    with pytest.raises(FailedError, match=r"^loading x: quota exceeded$"), calling("loading x"):
        raise _FORBIDDEN
    with pytest.raises(NotFoundError, match=r"^reading y: gone$"), calling("reading y"):
        raise _GONE


def test_our_own_mistakes_are_not_hidden() -> None:
    """Only what Google's clients raise is translated."""
    with pytest.raises(ZeroDivisionError), calling("counting"):
        raise ZeroDivisionError
