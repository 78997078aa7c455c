"""The control port: what the local cloud was asked, what time it is there.

``/control/calls``, ``/control/statements``: GET reads, DELETE clears. ``/control/clock``: GET reads, POST moves it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from replicator.local.clock import ServerClock
from replicator.local.recorder import Recorder
from replicator.local.rest import Call, Json, endpoint, invalid

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


def control_routes(recorder: Recorder, clock: ServerClock) -> list[BaseRoute]:
    """The routes below ``/control``; calls to them are not recorded."""
    from starlette.routing import Route

    def clear(forget: Callable[[], None]) -> Callable[[Call], Json]:
        def answer(_call: Call) -> Json:
            forget()
            return {}

        return answer

    def time(_call: Call) -> Json:
        return {"now": clock.now(), "offset": clock.offset}

    def move(call: Call) -> Json:
        clock.move(_offset(call.body, clock))
        return time(call)

    return [
        Route("/control/calls", endpoint(lambda _: recorder.calls_as_json()), methods=["GET"]),
        Route("/control/calls", endpoint(clear(recorder.clear_calls)), methods=["DELETE"]),
        Route("/control/statements", endpoint(lambda _: recorder.statements_as_json()), methods=["GET"]),
        Route("/control/statements", endpoint(clear(recorder.clear_statements)), methods=["DELETE"]),
        Route("/control/clock", endpoint(time), methods=["GET"]),
        Route("/control/clock", endpoint(move), methods=["POST"]),
    ]


def _offset(body: Json, clock: ServerClock) -> float:
    """The offset that a request asks for: ``{"offset": seconds}``, or ``{"advance": seconds}`` beyond today's."""
    match body:
        case {"offset": float() | int() as offset} if not isinstance(offset, bool):
            return float(offset)
        case {"advance": float() | int() as seconds} if not isinstance(seconds, bool):
            return clock.offset + seconds
        case _:
            message = 'the clock is moved by {"offset": seconds} or {"advance": seconds}'
            raise invalid(message)
