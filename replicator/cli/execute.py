"""Runs one execution of a workflow in a process of its own; the local cloud starts it, a person does not.

``python -m replicator.cli.execute`` reads one line of JSON: ``source``, ``argument``, ``environment`` (what
``sys.get_env`` answers), ``endpoints`` (``http``, ``executions``). It writes JSON lines: ``{"step": {…}}`` while it
runs, and one last line, ``{"result": …}``, ``{"error": …, "trace": […]}`` or ``{"cancelled": true}``.
SIGTERM cancels. When stdin ends, whoever started it has gone, and it goes too. Its arguments are the hosts beside the
local cloud that ``http.*`` may go to, ``HOST`` or ``HOST:PORT``.

Nothing that reads configs, plans, or writes SQL or documents is imported here: what the document needs is in it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any, Final, TextIO

from replicator.errors import ExitCode, ReplicatorError
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.inprocess import environment
from replicator.runtime.clock import RealClock
from replicator.runtime.environment import StepEvent
from replicator.runtime.errors import WorkflowCancelled, WorkflowFailed
from replicator.runtime.execution import Execution
from replicator.runtime.program import load
from replicator.runtime.values import Value, to_json

_ORPHANED: Final = 70
"""Exit code when whoever started the execution has gone (sysexits.h: EX_SOFTWARE)."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run.

    Attributes:
        source: The workflow's source.
        argument: What it is started with.
        variables: What ``sys.get_env`` answers.
        endpoints: The cloud that its connectors call.
    """

    source: str
    argument: Value
    variables: Mapping[str, str]
    endpoints: Endpoints

    @classmethod
    def parse(cls, line: str) -> Order:
        """Read the line on stdin.

        Raises:
            ValueError: It is not JSON.
            KeyError: Something is missing in it.
        """
        order = json.loads(line)
        at = order["endpoints"]
        return cls(
            source=order["source"],
            argument=order["argument"],
            variables=order["environment"],
            endpoints=Endpoints(http=at["http"], executions=at["executions"]),
        )


class Reporter:
    """Writes what happens as JSON lines; one line is never mixed with another."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def __call__(self, event: StepEvent) -> None:
        """Write an event."""
        self.write({"step": {**asdict(event), "moment": event.moment.value}})

    def write(self, line: Mapping[str, Value]) -> None:
        """Write one line."""
        text = to_json(dict(line))
        with self._lock:
            self._out.write(f"{text}\n")
            self._out.flush()


def main() -> int:
    """Run the execution that stdin describes, and return the exit code: 0 when it succeeded."""
    cancelled = threading.Event()

    def cancel(_signal: int, _frame: FrameType | None) -> None:
        cancelled.set()

    signal.signal(signal.SIGTERM, cancel)
    order = Order.parse(sys.stdin.readline())
    threading.Thread(target=_leave_with_stdin, name="stdin", daemon=True).start()
    reporter = Reporter(sys.stdout)
    last = _run(order, reporter, cancelled, allowed=sys.argv[1:])
    reporter.write(last)
    return ExitCode.DONE if "result" in last else ExitCode.FAILED


def _run(order: Order, reporter: Reporter, cancelled: threading.Event, *, allowed: Sequence[str]) -> dict[str, Value]:
    """The last line: how the execution ended."""
    surroundings = environment(
        order.endpoints,
        clock=RealClock(),
        on_step=reporter,
        variables=order.variables,
        cancelled=cancelled.is_set,
        allowed=allowed,
    )
    try:
        result = Execution().run(load(order.source), order.argument, environment=surroundings)
    except WorkflowCancelled:
        return {"cancelled": True}
    except WorkflowFailed as failure:
        return {"error": failure.error, "trace": [_frame(frame) for frame in failure.trace]}
    except ReplicatorError as error:
        return {"error": str(error), "trace": []}
    return {"result": result}


def _frame(frame: Any) -> dict[str, Value]:
    return {"step": frame.step, "routine": frame.routine, "line": frame.line, "column": frame.column}


def _leave_with_stdin() -> None:
    """End at once when stdin does: nobody is left to tell, and nothing may go on unwatched."""
    while sys.stdin.readline():
        pass
    os._exit(_ORPHANED)


if __name__ == "__main__":
    sys.exit(main())
