"""The gate that every API call passes, whichever service it is for.

Here calls are recorded, and nowhere else; this is also the place for latency and failures that are asked for.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from replicator.local.clock import ServerClock
from replicator.local.recorder import Call, Recorder

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_UNRECORDED: Final = ("/control/", "/endpoints")


class Gate:
    """An ASGI application in front of another one."""

    def __init__(self, app: ASGIApp, recorder: Recorder, clock: ServerClock) -> None:
        self._app = app
        self._recorder = recorder
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and record how it was answered."""
        if scope["type"] != "http" or scope["path"].startswith(_UNRECORDED):
            await self._app(scope, receive, send)
            return
        arrived, started = self._clock.now(), time.perf_counter()
        recorded = False

        def record(status: int) -> None:
            nonlocal recorded
            recorded = True
            path, query = scope["path"], scope["query_string"].decode("latin-1")
            seconds = time.perf_counter() - started
            self._recorder.call(Call(arrived, service_of(path), scope["method"], path, query, status, seconds))

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Before the client has the answer, so that whoever looks afterwards finds the call.
                record(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if not recorded:
                record(500)


def service_of(path: str) -> str:
    """Which service a path belongs to."""
    if not path.startswith("/v1"):
        return "bigquery"
    if "/executions" in path:
        return "executions"
    return "workflows" if "/workflows" in path or "/operations" in path else "transfer"


async def not_found(scope: Scope, _receive: Receive, send: Send) -> None:
    """The answer to a path that no service has, in the shape of Google's errors."""
    message = f"The requested URL {scope['path']} was not found on this server."
    body = json.dumps({"error": {"code": 404, "message": message, "status": "NOT_FOUND"}}).encode()
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
