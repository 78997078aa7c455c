"""The gate that every API call passes, whichever service it is for.

Here calls are recorded, and nowhere else but for gRPC; here they meet the faults and holds that were asked for.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

from replicator.local.clock import ServerClock
from replicator.local.faults.failures import Failure
from replicator.local.faults.holds import Hold
from replicator.local.faults.interference import Interference
from replicator.local.faults.matching import Asked, plain
from replicator.local.faults.rules import Broken
from replicator.local.listener import DROP
from replicator.local.recorder import UNANSWERED, Call, Recorder

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_UNRECORDED: Final = ("/control/", "/endpoints")
_LOOK_SECONDS: Final = 0.005

# https://docs.cloud.google.com/bigquery/quotas#load_jobs: nothing that is sent in one request is as large.
_LARGEST_BODY: Final = 1 << 30


class Gate:
    """An ASGI application in front of another one."""

    def __init__(
        self, app: ASGIApp, recorder: Recorder, clock: ServerClock, interference: Interference | None = None
    ) -> None:
        self._app = app
        self._recorder = recorder
        self._clock = clock
        self._interference = interference or Interference()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless something stands in its way, and record how it was answered."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            return
        if isinstance(body, int):
            await _answer(send, body, _too_large())
            return
        passage = _Passage(self._app, scope, body, receive, send)
        if scope["path"].startswith(_UNRECORDED):
            await passage.pass_unseen()
        else:
            await passage.pass_through(self._recorder, self._clock, self._interference)


class _Passage:
    """One call on its way through the gate."""

    def __init__(self, app: ASGIApp, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._body = body
        self._receive = receive
        self._send = send
        self._gone = False

    async def pass_unseen(self) -> None:
        """Answer the call, as if nobody had made it."""
        _, messages = await self._acted()
        for message in messages:
            await self._send(message)

    async def pass_through(self, recorder: Recorder, clock: ServerClock, interference: Interference) -> None:
        """Answer the call or end it otherwise.

        It is recorded before the client has the answer, so that whoever looks afterwards finds it.
        """
        arrived, started = clock.now(), time.perf_counter()
        scope = self._scope
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        encoding = dict(scope["headers"]).get(b"content-encoding", b"").decode("latin-1")
        asked = Asked(service_of(path), scope["method"], path, query, plain(self._body, encoding))
        answer: tuple[int, list[Message]] = 500, []
        try:
            answer = await self._answered(asked, interference)
        finally:
            seconds = time.perf_counter() - started
            recorder.call(Call(arrived, asked.service, asked.method, path, query, answer[0], seconds))
        for message in answer[1]:
            await self._send(message)
        if not answer[1]:
            await self._drop()

    async def _answered(self, asked: Asked, interference: Interference) -> tuple[int, list[Message]]:
        """The status and the messages of the answer; none where the connection is to end without one."""
        meets = interference.meet(asked)
        await asyncio.sleep(meets.met.delay)
        if meets.before is not None and not await self._held(interference, meets.before, asked):
            return UNANSWERED, []
        end = meets.met.end
        if isinstance(end, Failure):
            return end.status, _messages(end.status, end.body(asked.service))
        if isinstance(end, Broken) and end.when == "before":
            await asyncio.sleep(end.seconds)
            return UNANSWERED, []
        answer = await self._acted()
        if isinstance(end, Broken):
            await asyncio.sleep(end.seconds)
            return UNANSWERED, []
        if meets.after is not None and not await self._held(interference, meets.after, asked):
            return UNANSWERED, []
        return answer

    async def _acted(self) -> tuple[int, list[Message]]:
        """What the service answers."""
        messages: list[Message] = []

        async def kept(message: Message) -> None:
            messages.append(message)

        await self._app(self._scope, _again(self._body, self._receive), kept)
        status = int(messages[0]["status"]) if messages else 500
        if status == 405:
            # The router's own words are plain text.
            return status, _messages(status, _no_such_method(self._scope))
        return status, messages

    async def _held(self, interference: Interference, hold: Hold, asked: Asked) -> bool:
        """Stand at a hold; whether the call is to go on, which it is not when its client has gone meanwhile."""
        leaving = asyncio.ensure_future(self._receive())
        interference.holds.stop(hold, f"{asked.method} {asked.path}")
        try:
            while not hold.released and not leaving.done():
                await asyncio.wait({leaving}, timeout=_LOOK_SECONDS)
        finally:
            interference.holds.go(hold)
            leaving.cancel()
        return hold.released and not hold.drop and not leaving.done()

    async def _drop(self) -> None:
        """End the connection; whoever asked sees that it broke."""
        drop = self._scope.get("extensions", {}).get(DROP)
        if drop is None:
            message = f"the server below the gate offers no '{DROP}'"
            raise RuntimeError(message)
        drop()
        while (await self._receive())["type"] != "http.disconnect":
            pass


def service_of(path: str) -> str:
    """Which service a path belongs to."""
    if path.startswith(("/storage/", "/download/storage/", "/upload/storage/", "/resumable/upload/storage/")):
        return "storage"
    if path == "/v2/entries:list":
        return "logging"
    if not path.startswith("/v1"):
        return "bigquery"
    parts = path.split("/")
    if "executions" in parts:
        return "executions"
    if {"workflows", "operations"} & set(parts):
        return "workflows"
    if "jobs" in parts:
        return "scheduler"
    return "pubsub" if any(part in {"topics", "subscriptions"} for part in parts[4:5]) else "transfer"


async def not_found(scope: Scope, _receive: Receive, send: Send) -> None:
    """The answer to a path that no service has, in the shape of Google's errors."""
    message = f"The requested URL {scope['path']} was not found on this server."
    await _answer(send, 404, {"error": {"code": 404, "message": message, "status": "NOT_FOUND"}})


def _no_such_method(scope: Scope) -> dict[str, Any]:
    message = f"{scope['method']} {scope['path']} is not part of the API"
    reason = {"message": message, "domain": "global", "reason": "httpMethodNotAllowed"}
    return {"error": {"code": 405, "message": message, "errors": [reason]}}


def _too_large() -> dict[str, Any]:
    message = f"The request is larger than {_LARGEST_BODY} bytes"
    reason = {"message": message, "domain": "global", "reason": "uploadTooLarge"}
    return {"error": {"code": 413, "message": message, "errors": [reason]}}


def _messages(status: int, body: object) -> list[Message]:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json; charset=UTF-8"), (b"content-length", str(len(content)).encode())]
    return [
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": content},
    ]


async def _answer(send: Send, status: int, body: object) -> None:
    for message in _messages(status, body):
        await send(message)


async def _body(receive: Receive) -> bytes | int | None:
    """The whole body; the status to answer when it is too large, None when the client went before its end."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _LARGEST_BODY:
            return 413
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Receive a body that was read already, and then what comes after it."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
