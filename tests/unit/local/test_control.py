"""The control port moves the clock and tells what was asked; the gate records, and answers what nobody has."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.routing import Route, Router

from replicator.errors import FailedError
from replicator.local.clock import ServerClock
from replicator.local.control import control_routes
from replicator.local.gate import Gate, not_found
from replicator.local.listener import Listener
from replicator.local.recorder import Recorder
from replicator.local.rest import Call, Json, endpoint, invalid


def answer(call: Call) -> Json:
    if call.body:
        message = "no body is wanted"
        raise invalid(message)
    return {"thing": call.path["thing"]}


class Asked:
    """A server with one method and the control port."""

    def __init__(self, url: str) -> None:
        self._address = url.removeprefix("http://")

    def __call__(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self._address, timeout=5)
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        told = json.loads(response.read())
        connection.close()
        return response.status, told


@contextmanager
def listening(recorder: Recorder, clock: ServerClock, port: int = 0) -> Iterator[Listener]:
    routes = [*control_routes(recorder, clock), Route("/v1/projects/p/{thing}", endpoint(answer), methods=["POST"])]
    listener = Listener(Gate(Router(routes, default=not_found), recorder, clock), host="127.0.0.1", port=port)
    try:
        yield listener
    finally:
        listener.stop()


@pytest.fixture
def clock() -> ServerClock:
    return ServerClock()


@pytest.fixture
def ask(clock: ServerClock) -> Iterator[Asked]:
    with listening(Recorder(), clock) as listener:
        yield Asked(listener.url)


def test_calls_are_recorded_with_how_they_were_answered(ask: Asked) -> None:
    """Errors too; calls of the control port itself are left out."""
    ask("POST", "/v1/projects/p/things?x=1")
    ask("POST", "/v1/projects/p/things", {"a": 1})
    ask("GET", "/v1/nothing")

    _, told = ask("GET", "/control/calls")

    assert [(one["method"], one["path"], one["query"], one["status"]) for one in told["calls"]] == [
        ("POST", "/v1/projects/p/things", "x=1", 200),
        ("POST", "/v1/projects/p/things", "", 400),
        ("GET", "/v1/nothing", "", 404),
    ]
    assert ask("DELETE", "/control/calls") == (200, {})
    assert ask("GET", "/control/calls")[1] == {"calls": [], "dropped": 0}


def test_what_no_service_has_is_not_found_in_googles_shape(ask: Asked) -> None:
    """A client turns it into its NotFound."""
    status, told = ask("GET", "/v1/nothing")

    assert status == 404
    assert told["error"]["status"] == "NOT_FOUND"


def test_a_body_that_is_no_json_is_400(ask: Asked) -> None:
    """In Google's shape."""
    status, told = ask("POST", "/v1/projects/p/things", [1])

    assert status == 400
    assert told["error"]["status"] == "INVALID_ARGUMENT"


def test_the_clock_is_moved_to_an_offset_or_on(ask: Asked, clock: ServerClock) -> None:
    """What the services see is what the port tells."""
    before = clock.now()

    assert ask("POST", "/control/clock", {"offset": 3_600})[1]["offset"] == 3_600
    assert ask("POST", "/control/clock", {"advance": 60.5})[1]["offset"] == 3_660.5
    assert ask("GET", "/control/clock")[1]["now"] == pytest.approx(before + 3_660.5, abs=5)
    assert clock.now() == pytest.approx(before + 3_660.5, abs=5)


@pytest.mark.parametrize("body", [{}, {"offset": "1"}, {"offset": True}, {"to": 5}])
def test_a_clock_is_not_moved_by_nonsense(ask: Asked, clock: ServerClock, body: Json) -> None:
    """The answer says how it is done."""
    status, told = ask("POST", "/control/clock", body)

    assert status == 400
    assert "advance" in told["error"]["message"]
    assert clock.offset == 0


def test_whoever_waits_for_a_time_is_told_of_a_move(clock: ServerClock) -> None:
    """Or a run that is due tomorrow would sleep through it."""
    told: list[float] = []
    clock.on_move(lambda: told.append(clock.offset))

    clock.move(86_400)

    assert told == [86_400]


def test_a_taken_port_is_one_sentence(clock: ServerClock) -> None:
    """The address and the remedy."""
    with listening(Recorder(), clock) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(FailedError, match="choose another --port"), listening(Recorder(), clock, port):
            pass
