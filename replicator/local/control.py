"""The control port: what the local cloud was asked, what time it is there, and what is to go wrong.

Every body and every answer is a JSON object. Nothing of it is kept across restarts, and no call to it is recorded,
counted or disturbed.

| Path below ``/control`` | GET | POST | DELETE |
|---|---|---|---|
| ``/calls`` | the API calls that were answered | | forgets them |
| ``/statements`` | the SQL statements that were executed | | forgets them |
| ``/clock`` | the local time | ``{"offset": seconds}`` or ``{"advance": seconds}`` moves it | |
| ``/faults`` | faults, each with how often it ``fired`` | a fault (below) | forgets them |
| ``/faults/ID`` | | | forgets it |
| ``/holds`` | every hold | a hold (below) | lets all go on and forgets them |
| ``/holds/ID`` | a hold; with ``?wait=SECONDS`` once something stands there | | |
| ``/holds/ID:release`` | | lets go on what stands there; ``{"then": "drop"}`` ends calls without an answer | |
| ``/unsettled`` | every setting: value, default, choices, meaning | ``{name: value, …}`` | gives all their defaults |
| ``/transfer`` | what runs of dataset copies are to meet, and how often they did | an outcome (below) | forgets them |
| ``/projects`` | the projects that are there | ``{"project": id}`` makes one, as its first dataset does | |
| ``/rights`` | projects granted by datasets only | ``{"project": id, "withheld": PATTERN}`` | gives them back |
| ``/messages`` | messages published to topics; ``?topic=NAME`` those of one | | forgets them |

Who has lost the **rights** on a project has those on its datasets, but for datasets whose whole names match
``withheld``, if it is there: metadata views over a region are denied, and lists show the datasets that are left.

Beside these, ``GET /endpoints`` tells where the services listen.

A **fault** is ``{"match": {…}, "kind": …, "skip": 0, "times": 1}``: it happens to ``times`` calls (``"every"``: all)
after the first ``skip`` that match. Of the faults that match a call, every ``delay`` and the first other one happen.

``match`` has any of ``service`` (bigquery, transfer, workflows, executions, scheduler, pubsub, storage, logging),
``method`` (an HTTP method or gRPC), ``path`` (a regular expression found in path?query), ``body`` (a text found in
it), ``job`` (a regular expression with which the BigQuery job's id begins); for jobs ``job`` and ``job_kind`` (QUERY,
COPY, LOAD, EXTRACT).

| ``kind`` | Besides | What happens |
|---|---|---|
| ``429``, ``500``, ``503`` | ``message`` | the error, in the shape of the service that was called |
| ``quotaExceeded``, ``apiDisabled``, ``vpcServiceControls`` | ``message`` | the same |
| ``accessDenied`` | ``permission``, ``resource`` (as ``Table p:d.t``, ``Dataset p:d``, ``Project p``) | the same |
| ``drop_before``, ``drop_after`` | | the connection ends without an answer; the server has not acted, or has |
| ``hang_before``, ``hang_after`` | ``seconds`` | the same, that much later |
| ``delay`` | ``seconds`` | the call waits first |
| ``job_fails`` | ``reason``, ``message``, ``when``: as of a hold | the BigQuery job fails there |

Over gRPC, whose connections carry many calls, an ended connection is what a client sees of one: UNAVAILABLE.

A **hold** is ``{"match": {…}, "when": …, "nth": 1, "times": 1}``: the ``nth`` call or job that matches, and ``times``
in all, stop there until they are released: a call ``before`` the server acts or ``after`` it has and before its answer,
a job at its ``start``, before its ``commit``, or at its ``end``, when it has committed and told nobody. A call whose
client goes away while it stands ``before`` is never acted on.

An **outcome** is ``{"config": NAME, "destination": DATASET, "outcome": …, "times": 1}``, config and destination each
if given: ``fails`` (``message``; ``tables``: only those fail), ``hangs`` (RUNNING until DELETE lets it go on, it is
deleted, or 12 h have passed), ``succeeds_without`` (``tables``: not copied, and SUCCEEDED), ``waits`` (``seconds``).
``tables`` is a regular expression for a table's whole name.

Settings:

| Setting | Default | Meaning |
|---|---|---|
| ``manual_runs_apart_seconds`` | 0 | least time between the starts of manual runs of a config (43200: held to 12 h) |
| ``future_run_times`` | ``at_once`` | what a requestedRunTime in the future does: ``at_once``, ``wait``, ``refuse`` |
| ``copies_keep_creation_time`` | false | whether a table made by a dataset copy has its source's creation time |
| ``table_storage_seconds`` | 0 | how late INFORMATION_SCHEMA.TABLE_STORAGE is |

BigQuery's own settings are listed by GET with their meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from replicator.local.clock import ServerClock
from replicator.local.knobs import Knobs
from replicator.local.recorder import Recorder
from replicator.local.rest import Call, Json, endpoint, invalid

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_FARTHEST: float = 100 * 366 * 86_400
"""Seconds that the clock may be moved; beyond it there are times that cannot be written."""


def control_routes(recorder: Recorder, clock: ServerClock) -> list[BaseRoute]:
    """What was asked, and the time; calls to them are not recorded."""
    from starlette.routing import Route

    def time(_call: Call) -> Json:
        return {"now": clock.now(), "offset": clock.offset}

    def move(call: Call) -> Json:
        clock.move(_offset(call.body, clock))
        return time(call)

    return [
        Route("/control/calls", endpoint(lambda _: recorder.calls_as_json()), methods=["GET"]),
        Route("/control/calls", endpoint(_answering_nothing(recorder.clear_calls)), methods=["DELETE"]),
        Route("/control/statements", endpoint(lambda _: recorder.statements_as_json()), methods=["GET"]),
        Route("/control/statements", endpoint(_answering_nothing(recorder.clear_statements)), methods=["DELETE"]),
        Route("/control/clock", endpoint(time), methods=["GET"]),
        Route("/control/clock", endpoint(move), methods=["POST"]),
    ]


def setting_routes(knobs: Knobs) -> list[BaseRoute]:
    """What no page settles, and what the service does at a rate of its own."""
    from starlette.routing import Route

    def change(call: Call) -> Json:
        knobs.set(call.body)
        return knobs.as_json()

    return [
        Route("/control/unsettled", endpoint(lambda _: knobs.as_json()), methods=["GET"]),
        Route("/control/unsettled", endpoint(change), methods=["POST"]),
        Route("/control/unsettled", endpoint(_answering_nothing(knobs.reset)), methods=["DELETE"]),
    ]


def _answering_nothing(act: Callable[[], None]) -> Callable[[Call], Json]:
    def answer(_call: Call) -> Json:
        act()
        return {}

    return answer


def _offset(body: Json, clock: ServerClock) -> float:
    """The offset that a request asks for: ``{"offset": seconds}``, or ``{"advance": seconds}`` beyond today's."""
    match body:
        case {"offset": float() | int() as offset} if not isinstance(offset, bool):
            wanted = float(offset)
        case {"advance": float() | int() as seconds} if not isinstance(seconds, bool):
            wanted = clock.offset + seconds
        case _:
            message = 'the clock is moved by {"offset": seconds} or {"advance": seconds}'
            raise invalid(message)
    if not abs(wanted) <= _FARTHEST:
        message = f"the clock is moved by at most {_FARTHEST:.0f} seconds, a hundred years, either way"
        raise invalid(message)
    return wanted
