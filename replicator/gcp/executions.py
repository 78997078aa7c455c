"""Workflows that are deployed: putting a document there, starting it, following it, stopping it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from replicator.errors import FailedError
from replicator.gcp.clients import Clients
from replicator.gcp.failures import calling
from replicator.gcp.retry import READING, retrying
from replicator.runtime.errors import Frame, WorkflowCancelled, WorkflowFailed
from replicator.runtime.values import Value, from_json, to_json

_DEPLOY_SECONDS: Final = 300.0
_FIRST_LOOK: Final = 0.5
_LOOKS_GROW: Final = 1.5
_LONGEST_LOOK: Final = 15.0
_CALL_SECONDS: Final = 60.0


class Deployment(StrEnum):
    """What deploying a document came to."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Progress:
    """An execution at one moment.

    Attributes:
        state: ``ACTIVE``, ``QUEUED``, ``SUCCEEDED``, ``FAILED``, ``CANCELLED``, ``UNAVAILABLE``.
        steps: The steps that it is at, ``routine.step``, from the outermost call to the innermost.
    """

    state: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkflowRef:
    """A deployed workflow.

    Attributes:
        project: That it belongs to.
        location: A region such as ``europe-west1``.
        workflow: Its id.
    """

    project: str
    location: str
    workflow: str

    @property
    def parent(self) -> str:
        """The location's resource name."""
        return f"projects/{self.project}/locations/{self.location}"

    def __str__(self) -> str:
        return f"{self.parent}/workflows/{self.workflow}"


class Workflows:
    """The deployed workflows of one cloud.

    Args:
        clients: Where the clients come from.
        sleep: Lets seconds pass between two looks at an execution.
    """

    def __init__(self, clients: Clients, *, sleep: Callable[[float], None]) -> None:
        self._clients = clients
        self._sleep = sleep

    def deploy(self, ref: WorkflowRef, source: str, *, service_account: str | None = None) -> Deployment:
        """Make the deployed workflow be this document; nothing is called when it already is.

        Args:
            ref: Made where it is missing.
            source: The document's text.
            service_account: What its executions run as; None leaves it as it is (new: the project's default).

        Raises:
            FailedError: Workflows refuses the document, or there are no rights to deploy it.
        """
        from google.api_core.exceptions import NotFound
        from google.cloud.workflows_v1 import Workflow

        client = self._clients.workflows()
        wanted = Workflow(name=str(ref), source_contents=source, service_account=service_account or "")
        with calling(f"deploying {ref}"):
            try:
                found = client.get_workflow(name=str(ref), timeout=_CALL_SECONDS)
            except NotFound:
                request = {"parent": ref.parent, "workflow": wanted, "workflow_id": ref.workflow}
                client.create_workflow(request, timeout=_CALL_SECONDS).result(timeout=_DEPLOY_SECONDS)
                return Deployment.CREATED
            changed = _changed(found, wanted)
            if not changed:
                return Deployment.UNCHANGED
            update = {"workflow": wanted, "update_mask": {"paths": changed}}
            client.update_workflow(update, timeout=_CALL_SECONDS).result(timeout=_DEPLOY_SECONDS)
            return Deployment.UPDATED

    def start(self, ref: WorkflowRef, argument: Value) -> str:
        """Start an execution and return its resource name. It is not repeated: two calls are two executions.

        Raises:
            FailedError: There is no such workflow, no right to start it, or no answer; then look before starting anew.
        """
        request = {"parent": str(ref), "execution": {"argument": to_json(argument)}}
        with calling(f"starting {ref}"):
            return str(self._clients.executions().create_execution(request, retry=None, timeout=_CALL_SECONDS).name)

    def progress(self, execution: str) -> Progress:
        """Look at an execution.

        Raises:
            FailedError: There is no such execution, or no answer.
        """
        return _progress(self._get(execution))

    def follow(self, execution: str, *, on_change: Callable[[Progress], None]) -> Value:
        """Wait until an execution ends and return its result.

        Args:
            execution: Its resource name.
            on_change: Told of it whenever its state or its steps are others than at the last look.

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


def _changed(found: Any, wanted: Any) -> list[str]:
    """The fields that an update has to set; the service answers with an account as ``projects/-/serviceAccounts/…``."""
    changed = [] if found.source_contents == wanted.source_contents else ["source_contents"]
    account = wanted.service_account
    if account and found.service_account.rpartition("/")[2] != account.rpartition("/")[2]:
        changed.append("service_account")
    return changed


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
