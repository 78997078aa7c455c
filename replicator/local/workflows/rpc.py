"""The Executions API over gRPC, which is all that ``ExecutionsClient`` speaks.

Each method is decoded into the call that its REST form would have been, and its answer encoded into the message.
"""

from __future__ import annotations

import functools
import importlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from replicator.errors import FailedError
from replicator.local.clock import ServerClock
from replicator.local.faults.failures import Failure
from replicator.local.faults.holds import Hold
from replicator.local.faults.interference import Interference
from replicator.local.faults.matching import Asked
from replicator.local.faults.rules import Broken
from replicator.local.recorder import UNANSWERED, Recorder
from replicator.local.recorder import Call as RecordedCall
from replicator.local.rest import ApiError, Call, Json, invalid
from replicator.local.workflows.executions import ExecutionsService

if TYPE_CHECKING:
    import grpc

_SERVICE: Final = "google.cloud.workflows.executions.v1.Executions"
_WORKFLOW: Final = re.compile(
    r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/workflows/(?P<workflow>[^/]+)"
)
_EXECUTION: Final = re.compile(_WORKFLOW.pattern + r"/executions/(?P<execution>[^/]+)")
_THREADS: Final = 16
_NUMERIC: Final = {"$alt": ("json;enum-encoding=int",)}

Answer = Callable[[Call], Json]


class ExecutionsRpc:
    """A gRPC server with the four methods.

    Attributes:
        address: Where it listens: ``127.0.0.1:9051``.
    """

    def __init__(
        self,
        service: ExecutionsService,
        recorder: Recorder,
        clock: ServerClock,
        *,
        host: str,
        reached_at: str,
        interference: Interference,
    ) -> None:
        """Listen at a free port of ``host``; clients of this machine find it at ``reached_at``.

        Raises:
            FailedError: Nothing can listen there.
        """
        import grpc

        self._recorder = recorder
        self._clock = clock
        self._interference = interference
        methods = {
            "CreateExecution": self._method("CreateExecution", _creation, service.create),
            "GetExecution": self._method("GetExecution", _getting, service.get),
            "ListExecutions": self._method("ListExecutions", _listing, service.list_executions),
            "CancelExecution": self._method("CancelExecution", _naming, service.cancel),
        }
        self._server = grpc.server(ThreadPoolExecutor(_THREADS, thread_name_prefix="executions"))
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, methods),))
        bound = f"[{host}]:0" if ":" in host else f"{host}:0"
        try:
            port = self._server.add_insecure_port(bound)
        except RuntimeError as error:
            message = f"cannot listen on {bound} for gRPC: {error}"
            raise FailedError(message) from error
        self.address = f"{reached_at}:{port}"
        self._server.start()

    def stop(self) -> None:
        """Answer what is being answered, then stop listening."""
        self._server.stop(grace=1.0).wait()

    def _method(self, name: str, decode: Callable[[Any], Call], answer: Answer) -> grpc.RpcMethodHandler:
        import grpc

        def respond(request: bytes, context: grpc.ServicerContext) -> bytes:
            arrived, started, status = self._clock.now(), time.perf_counter(), 500
            path = f"/{_SERVICE}/{name}"
            try:
                encoded = self._encountered(
                    Asked("executions", "gRPC", path, "", request),
                    lambda: _encoded(name, answer(decode(_types_of(name)[0].deserialize(request)))),
                    context,
                )
                status = 200
            except ApiError as error:
                status = error.status
                context.abort(grpc.StatusCode[error.code], error.message)
            except _FailedCall as error:
                status = error.failure.status
                context.set_trailing_metadata((("grpc-status-details-bin", _details(error.failure)),))
                context.abort(grpc.StatusCode[error.failure.code], error.failure.message)
            except _BrokenCall:
                status = UNANSWERED
                context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
            finally:
                seconds = time.perf_counter() - started
                self._recorder.call(RecordedCall(arrived, "executions", "gRPC", path, "", status, seconds))
            return encoded

        # Bytes in and out: the message classes are imported by the first call and not by the server's start.
        return grpc.unary_unary_rpc_method_handler(respond)

    def _encountered(self, asked: Asked, act: Callable[[], bytes], context: grpc.ServicerContext) -> bytes:
        """What the method answers, unless something that was asked for stands in its way."""
        meets = self._interference.meet(asked)
        time.sleep(meets.met.delay)
        if meets.before is not None and not self._held(meets.before, asked, context):
            raise _BrokenCall
        end = meets.met.end
        if isinstance(end, Failure):
            raise _FailedCall(end)
        if isinstance(end, Broken) and end.when == "before":
            time.sleep(end.seconds)
            raise _BrokenCall
        answer = act()
        if isinstance(end, Broken):
            time.sleep(end.seconds)
            raise _BrokenCall
        if meets.after is not None and not self._held(meets.after, asked, context):
            raise _BrokenCall
        return answer

    def _held(self, hold: Hold, asked: Asked, context: grpc.ServicerContext) -> bool:
        """Stand at a hold; whether the call is to go on, which it is not when its client has gone meanwhile."""
        self._interference.holds.wait(hold, f"gRPC {asked.path}", gone=lambda: not context.is_active())
        return context.is_active() and not hold.drop


class _FailedCall(Exception):  # noqa: N818 - no error: how a call ends
    """A call ends with an error that was asked for."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _BrokenCall(Exception):  # noqa: N818 - no error: how a call ends
    """A call ends without an answer."""


def _details(failure: Failure) -> bytes:
    """A ``google.rpc.Status``, as it is sent beside the code and the message."""
    # The classes of the details are found by their names once their module is imported.
    known = importlib.import_module("google.rpc.error_details_pb2").DESCRIPTOR.pool
    status = importlib.import_module("google.rpc.status_pb2").Status(code=failure.number, message=failure.message)
    for detail in failure.details:
        parse = importlib.import_module("google.protobuf.json_format").ParseDict
        parse(detail, status.details.add(), descriptor_pool=known)
    encoded: bytes = status.SerializeToString()
    return encoded


@functools.cache
def _messages() -> ModuleType:
    types: ModuleType = importlib.import_module("google.cloud.workflows.executions_v1.types")
    return types


def _types_of(method: str) -> tuple[Any, Any]:
    """The classes of a method's request and response."""
    types = _messages()
    response = types.ListExecutionsResponse if method == "ListExecutions" else types.Execution
    return getattr(types, f"{method}Request"), response


def _encoded(method: str, body: Json) -> bytes:
    response = _types_of(method)[1]
    # Clients are older than the service, and leave out what they do not know.
    encoded: bytes = response.serialize(response.from_json(json.dumps(body), ignore_unknown_fields=True))
    return encoded


def _path(pattern: re.Pattern[str], field: str, name: str) -> Mapping[str, str]:
    match = pattern.fullmatch(name)
    if match is None:
        message = f"Invalid value at '{field}', {name!r} is no resource name of this kind"
        raise invalid(message)
    return match.groupdict()


def _creation(request: Any) -> Call:
    execution = request.execution
    body: Json = {
        "argument": execution.argument,
        "labels": dict(execution.labels),
        "callLogLevel": int(execution.call_log_level),
    }
    return Call(_path(_WORKFLOW, "parent", request.parent), _NUMERIC, body)


def _naming(request: Any) -> Call:
    return Call(_path(_EXECUTION, "name", request.name), _NUMERIC, {})


def _getting(request: Any) -> Call:
    return Call(_path(_EXECUTION, "name", request.name), {**_NUMERIC, "view": (str(int(request.view)),)}, {})


def _listing(request: Any) -> Call:
    query: dict[str, Sequence[str]] = {
        **_NUMERIC,
        "pageSize": (str(request.page_size),),
        "pageToken": (request.page_token,),
        "view": (str(int(request.view)),),
        "filter": (request.filter,),
        "orderBy": (request.order_by,),
    }
    return Call(_path(_WORKFLOW, "parent", request.parent), query, {})
