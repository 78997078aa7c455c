"""Workflows that are deployed: starting them, following their executions, stopping those."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from replicator.errors import FailedError
from replicator.gcp.clients import Clients
from replicator.gcp.failures import calling
from replicator.gcp.retry import READING, retrying
from replicator.runtime.errors import Frame, WorkflowCancelled, WorkflowFailed
from replicator.runtime.values import Value, from_json, to_json

_FIRST_LOOK: Final = 0.5
_LOOKS_GROW: Final = 1.5
_LONGEST_LOOK: Final = 15.0
_CALL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Progress:
    """An execution at one moment.

    Attributes:
        state: ``ACTIVE``, ``QUEUED``, ``SUCCEEDED``, ``FAILED``, ``CANCELLED``, ``UNAVAILABLE``.
        steps: The steps that it is at, ``routine.step``, from the outermost call to the innermost.
    """

    state: str
    steps: tuple[str, ...]


class Workflows:
    """The deployed workflows of one cloud.

    Args:
        clients: Where the clients come from.
        sleep: Lets seconds pass between two looks at an execution.
    """

    def __init__(self, clients: Clients, *, sleep: Callable[[float], None]) -> None:
        self._clients = clients
        self._sleep = sleep

    def source(self, workflow: str) -> str:
        """The document that is deployed under a resource name.

        Raises:
            NotFoundError: There is no such workflow.
            FailedError: It may not be read, or there is no answer.
        """
        client = self._clients.workflows()
        with calling(f"looking at {workflow}"):
            read = retrying(READING, sleep=self._sleep)
            return str(read(client.get_workflow, name=workflow, retry=None, timeout=_CALL_SECONDS).source_contents)

    def start(self, workflow: str, argument: Value) -> str:
        """Start an execution of a workflow and return its name. It is not repeated: two calls are two executions.

        Raises:
            FailedError: There is no such workflow, no right to start it, or no answer; then look before starting anew.
        """
        request = {"parent": workflow, "execution": {"argument": to_json(argument)}}
        with calling(f"starting {workflow}"):
            return str(self._clients.executions().create_execution(request, retry=None, timeout=_CALL_SECONDS).name)

    def progress(self, execution: str) -> Progress:
        """Look at an execution.

        Raises:
            FailedError: There is no such execution, or no answer.
        """
        return _progress(self._get(execution))

    def follow(
        self,
        execution: str,
        *,
        on_change: Callable[[Progress], None],
        at_each_look: Callable[[], None] = lambda: None,
    ) -> Value:
        """Wait until an execution ends and return its result.

        Args:
            execution: Its resource name.
            on_change: Told of it whenever its state or its steps are others than at the last look.
            at_each_look: Called whenever it was looked at, also at its end.

        Raises:
            WorkflowFailed: It ended with an error, as it would have in this process.
            WorkflowCancelled: Somebody cancelled it.
            FailedError: It cannot be looked at any more; it may still run.
        """
        wait, last = _FIRST_LOOK, None
        while True:
            found = self._get(execution)
            now = _progress(found)
            if now != last:
                on_change(now)
                wait, last = _FIRST_LOOK, now
            at_each_look()
            if now.state not in {"ACTIVE", "QUEUED"}:
                return _outcome(execution, found)
            self._sleep(wait)
            wait = min(wait * _LOOKS_GROW, _LONGEST_LOOK)

    def cancel(self, execution: str) -> None:
        """Ask an execution to stop; it ends as CANCELLED, unless it had ended before.

        Raises:
            FailedError: There is no such execution, it has ended, or no answer.
        """
        with calling(f"cancelling {execution}"):
            self._clients.executions().cancel_execution(name=execution, retry=None, timeout=_CALL_SECONDS)

    def _get(self, execution: str) -> Any:
        client = self._clients.executions()
        with calling(f"looking at {execution}"):
            return retrying(READING, sleep=self._sleep)(
                client.get_execution, name=execution, retry=None, timeout=_CALL_SECONDS
            )


def _progress(execution: Any) -> Progress:
    steps = tuple(f"{step.routine}.{step.step}" for step in execution.status.current_steps)
    return Progress(execution.state.name, steps)


def _outcome(name: str, execution: Any) -> Value:
    match execution.state.name:
        case "SUCCEEDED":
            return _decoded(execution.result)
        case "FAILED":
            raise WorkflowFailed(_decoded(execution.error.payload), _trace(execution.error))
        case "CANCELLED":
            raise WorkflowCancelled
        case state:
            # executions.proto, State.UNAVAILABLE: the data of the execution cannot be read, for example after its
            # encryption key was taken away.
            msg = f"{name} ended as {state}: {execution.state_error.details or 'no details'}"
            raise FailedError(msg)


def _trace(error: Any) -> tuple[Frame, ...]:
    """The stack of a failed execution, innermost first, as the runtime has it."""
    frames = [
        Frame(element.step, element.routine, int(element.position.line), int(element.position.column))
        for element in error.stack_trace.elements
    ]
    return tuple(frames)


def _decoded(text: str) -> Value:
    try:
        return from_json(text) if text else None
    except ValueError:
        return text
