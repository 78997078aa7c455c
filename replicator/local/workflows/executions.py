"""The methods of the Executions API; REST here, gRPC in ``rpc``, over the same resources.

docs.cloud.google.com/workflows/docs/reference/executions/rest
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from replicator import limits
from replicator.local.clock import ServerClock
from replicator.local.endpoints import Endpoints
from replicator.local.rest import ApiError, Call, Json, endpoint, enum_name, invalid, page, timestamp
from replicator.local.workflows.choosing import chosen, ordered
from replicator.local.workflows.definitions import CALL_LOG_LEVELS, HISTORY_LEVELS, history_level
from replicator.local.workflows.endings import ended
from replicator.local.workflows.listing import EXECUTION_FIELDS, STATES, STEP_FIELDS, resource
from replicator.local.workflows.process import Died, End, ExecutionProcess, Stopped
from replicator.local.workflows.service import found_workflow, listed, location_name
from replicator.local.workflows.steps import STEP_STATES, STEP_TYPES, step_entries
from replicator.local.workflows.store import Event, Execution, Store, Workflow

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_VIEWS: Final = {"EXECUTION_VIEW_UNSPECIFIED": 0, "BASIC": 1, "FULL": 2}
_BASIC: Final = frozenset({"startTime", "endTime", "duration", "workflowRevisionId"})
"""With name and state, all that the view BASIC has (executions.proto: ExecutionView)."""

_SETTABLE: Final = frozenset({"argument", "labels", "callLogLevel", "executionHistoryLevel"})
_IGNORED: Final = frozenset(
    {"name", "startTime", "endTime", "duration", "state", "result", "error", "workflowRevisionId", "status",
     "stateError", "disableConcurrencyQuotaOverflowBuffering"}
)  # fmt: skip
_PAGE: Final = 100
_LARGEST_PAGE: Final = {"BASIC": 1_000, "FULL": 100}


class ExecutionsService:
    """Runs deployed workflows, each execution in a process of its own."""

    def __init__(
        self, store: Store, clock: ServerClock, *, executor: Sequence[str], endpoints: Callable[[], Endpoints]
    ) -> None:
        """Serve what is in ``store``; what an earlier server left running has ended.

        Args:
            store: Workflows and executions.
            clock: What time it is.
            executor: The command that runs one execution.
            endpoints: Where executions find this server, once it listens.
        """
        self._store = store
        self._clock = clock
        self._executor = tuple(executor)
        self._endpoints = endpoints
        self._lock = threading.Lock()
        self._processes: dict[str, ExecutionProcess] = {}
        self._closing = False
        for execution in store.active_executions():
            self._end(execution, Died("the local cloud was killed and started again while it ran"))

    def close(self) -> None:
        """End what is running as FAILED, since nobody will be there to go on with it."""
        with self._lock:
            self._closing = True
            processes = tuple(self._processes.values())
        for execution in self._store.active_executions():
            self._end(execution, Died("the local cloud was stopped while it ran"))
        for process in processes:
            process.stop()
        for process in processes:
            process.join()

    def forget(self, workflow: str) -> None:
        """Cancel a workflow's executions, before it is deleted."""
        for execution in self._store.executions(workflow):
            if execution.state == "ACTIVE":
                self._stop(execution)

    @property
    def routes(self) -> list[BaseRoute]:
        """Every method, and the alias that Cloud Scheduler and gcloud use."""
        from starlette.routing import Route

        at = "/v1/projects/{project}/locations/{location}/workflows/{workflow}/executions"
        methods: list[tuple[str, str, Callable[[Call], Json]]] = [
            ("POST", at, self.create),
            ("GET", at, self.list_executions),
            ("POST", f"{at}/{{execution}}:cancel", self.cancel),
            ("GET", f"{at}/{{execution}}", self.get),
            ("GET", f"{at}/{{execution}}/stepEntries", self._list_steps),
            ("GET", f"{at}/{{execution}}/stepEntries/{{entry}}", self._get_step),
        ]
        return [Route(path, endpoint(answer), methods=[verb]) for verb, path, answer in methods]

    def create(self, call: Call) -> Json:
        """Start an execution of the newest revision."""
        workflow = found_workflow(self._store, call)
        said = _read(call.body)
        now = self._clock.now()
        execution = Execution(
            name=f"{workflow.name}/executions/{uuid.uuid4()}",
            workflow=workflow.name,
            state="ACTIVE",
            started=now,
            body={
                "startTime": timestamp(now),
                **said,
                "labels": {**workflow.body.get("labels", {}), **said.get("labels", {})},
                "workflowRevisionId": workflow.body["revisionId"],
            },
        )
        self._start(execution, workflow, call)
        return self._shown(execution, "FULL", numeric=call.numeric_enums)

    def get(self, call: Call) -> Json:
        """One execution; all of it unless another view is asked for."""
        return self._shown(self._found(call), _view(call, "FULL"), numeric=call.numeric_enums)

    def list_executions(self, call: Call) -> Json:
        """A workflow's executions, newest first; the basics of each unless another view is asked for."""
        view = _view(call, "BASIC")
        found = self._store.executions(found_workflow(self._store, call).name)
        executions = chosen(found, EXECUTION_FIELDS, resource, by=call.one("filter"))
        executions = ordered(executions, EXECUTION_FIELDS, resource, by=call.one("orderBy"))
        some, token = page(executions, call, key=lambda one: one.name, size=_PAGE, largest=_LARGEST_PAGE[view])
        return listed("executions", [self._shown(one, view, numeric=call.numeric_enums) for one in some], token)

    def cancel(self, call: Call) -> Json:
        """Stop an execution that runs."""
        execution = self._found(call)
        if execution.state != "ACTIVE" or not self._stop(execution):
            code, message = "FAILED_PRECONDITION", f"Execution '{execution.name}' has ended and cannot be cancelled"
            raise ApiError(code, message)
        return self._shown(self._found(call), "FULL", numeric=call.numeric_enums)

    def _list_steps(self, call: Call) -> Json:
        entries = chosen(self._steps(call), STEP_FIELDS, dict, by=call.one("filter"))
        entries = ordered(entries, STEP_FIELDS, dict, by=call.one("orderBy"))
        some, token = page(
            entries, call, key=lambda one: str(one["entryId"]), size=_PAGE, largest=_LARGEST_PAGE["BASIC"]
        )
        shown = [_shown_step(entry, numeric=call.numeric_enums) for entry in some]
        return {**listed("stepEntries", shown, token), "totalSize": len(entries)}

    def _get_step(self, call: Call) -> Json:
        for entry in self._steps(call):
            if entry["entryId"] == call.path["entry"]:
                return _shown_step(entry, numeric=call.numeric_enums)
        code, message = "NOT_FOUND", f"Execution has no step entry '{call.path['entry']}'"
        raise ApiError(code, message)

    def _steps(self, call: Call) -> list[Json]:
        execution = self._found(call)
        revision = execution.body["workflowRevisionId"]
        revisions = self._store.revisions(execution.workflow)
        source = next(one.body["sourceContents"] for one in revisions if one.body["revisionId"] == revision)
        return step_entries(execution, self._store.events(execution.name), source)

    def _found(self, call: Call) -> Execution:
        name = f"{location_name(call)}/workflows/{call.path['workflow']}/executions/{call.path['execution']}"
        execution = self._store.execution(name)
        if execution is None:
            code, message = "NOT_FOUND", f"Execution '{name}' not found"
            raise ApiError(code, message)
        return execution

    def _start(self, execution: Execution, workflow: Workflow, call: Call) -> None:
        endpoints = self._endpoints()
        task = {
            "source": workflow.body["sourceContents"],
            "argument": json.loads(execution.body["argument"]) if "argument" in execution.body else None,
            "environment": {
                "GOOGLE_CLOUD_PROJECT_ID": call.path["project"],
                "GOOGLE_CLOUD_LOCATION": call.path["location"],
                "GOOGLE_CLOUD_WORKFLOW_ID": call.path["workflow"],
                "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": workflow.body["revisionId"],
                "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": execution.name.rpartition("/")[2],
                "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ATTEMPT": "1",
                **workflow.body.get("userEnvVars", {}),
            },
            "endpoints": {"http": endpoints.http, "executions": endpoints.executions},
        }
        with self._lock:
            if self._closing:
                code, message = "UNAVAILABLE", "The local cloud is stopping"
                raise ApiError(code, message)
            self._store.add_execution(execution)
            self._processes[execution.name] = ExecutionProcess(
                self._executor,
                task,
                on_step=lambda step: self._step(execution.name, step),
                on_end=lambda end: self._process_ended(execution, end),
            )

    def _step(self, execution: str, step: Json) -> None:
        event = Event(
            routine=str(step.get("routine", "")),
            step=str(step.get("step", "")),
            moment=str(step.get("moment", "")),
            at=self._clock.now(),
            severity=str(step.get("severity", "")),
            data=json.dumps(step.get("data"), ensure_ascii=False),
        )
        self._store.add_event(execution, event)

    def _process_ended(self, execution: Execution, end: End) -> None:
        self._end(execution, end)
        with self._lock:
            del self._processes[execution.name]

    def _end(self, execution: Execution, end: End) -> bool:
        """Write down how an execution ended; False when it had ended before."""
        return self._store.end_execution(ended(execution, end, now=self._clock.now()))

    def _stop(self, execution: Execution) -> bool:
        """Cancel an execution and end its process; False when it ended by itself in between."""
        with self._lock:
            process = self._processes.get(execution.name)
        changed = self._end(execution, Stopped())
        if process is not None:
            process.stop()
        return changed

    def _shown(self, execution: Execution, view: str, *, numeric: bool) -> Json:
        state = STATES[execution.state] if numeric else execution.state
        shown: Json = {**resource(execution), "state": state}
        if view == "BASIC":
            return {field: value for field, value in shown.items() if field in _BASIC | {"name", "state"}}
        for field, levels in (("callLogLevel", CALL_LOG_LEVELS), ("executionHistoryLevel", HISTORY_LEVELS)):
            if field in shown and numeric:
                shown[field] = levels[shown[field]]
        step = self._store.last_step(execution.name)
        if step is not None:
            shown["status"] = {"currentSteps": [{"routine": step.routine, "step": step.step}]}
        return shown


def _shown_step(entry: Json, *, numeric: bool) -> Json:
    if not numeric:
        return entry
    return {**entry, "state": STEP_STATES[entry["state"]], "stepType": STEP_TYPES[entry["stepType"]]}


def _view(call: Call, default: str) -> str:
    view = enum_name("view", call.one("view") or 0, _VIEWS)
    return default if view == "EXECUTION_VIEW_UNSPECIFIED" else view


def _read(body: Json) -> Json:
    """What a client says about an execution that is to be started.

    Raises:
        ApiError: A field that there is not, or an argument that is too large or no JSON.
    """
    if unknown := sorted(set(body) - _SETTABLE - _IGNORED):
        message = f"Invalid JSON payload received. Unknown name \"{unknown[0]}\" at 'execution': Cannot find field."
        raise invalid(message)
    said = {field: value for field, value in body.items() if field in _SETTABLE and value}
    if "callLogLevel" in said:
        said["callLogLevel"] = enum_name("execution.call_log_level", said["callLogLevel"], CALL_LOG_LEVELS)
    if "executionHistoryLevel" in said:
        said["executionHistoryLevel"] = history_level("execution", said["executionHistoryLevel"])
    if not isinstance(said.get("labels", {}), dict):
        message = "Invalid value at 'execution.labels', it must be a map of texts"
        raise invalid(message)
    _check_argument(said.get("argument", "null"))
    return said


def _check_argument(argument: object) -> None:
    if not isinstance(argument, str):
        message = "Invalid value at 'execution.argument', it must be a JSON value written as a text"
        raise invalid(message)
    size, most = len(argument.encode()), limits.ARGUMENT_BYTES.value
    if size > most:
        message = f"Execution argument is {size} bytes, the limit is {most} bytes"
        raise invalid(message)
    try:
        json.loads(argument)
    except (ValueError, RecursionError) as error:
        message = f"Execution argument is not JSON: {error}"
        raise invalid(message) from error
