"""Calling a connector: one request with the documented retries, then waiting for what it started.

docs.cloud.google.com/workflows/docs/connectors, "Retries" and "Long-running operations"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from replicator.limits import CONNECTOR_TIMEOUT_SECONDS
from replicator.runtime.connectors import METHODS, Method, ScopedTransport, Transport, Wait
from replicator.runtime.errors import CallFailed, Tag, WorkflowError, error
from replicator.runtime.stdlib.http import raised
from replicator.runtime.stdlib.retries import DEFAULT_BACKOFF, DEFAULT_RETRIES, IDEMPOTENT, NON_IDEMPOTENT, Backoff
from replicator.runtime.values import Value, from_json, to_json, type_name

if TYPE_CHECKING:
    from replicator.runtime.machine import Machine

_REQUEST_TIMEOUT: Final = 1800
"""Seconds for one request, and for a call that does not say another timeout."""

_POLLING: Final = Backoff(initial_delay=1.0, max_delay=60.0, multiplier=1.25)
_EXECUTIONS: Final = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions"
_RUN: Final = f"{_EXECUTIONS}.run"


@dataclass(frozen=True, slots=True)
class _Parameters:
    """``connector_params`` (reference/googleapis, "Invoke a connector call")."""

    timeout: float = _REQUEST_TIMEOUT
    polling: Backoff = _POLLING
    skip_polling: bool = False
    scope: str | None = None


def call_connector(machine: Machine, method: Method, arguments: Mapping[str, Value]) -> Value:
    """Call a method and return what the service answered, or what it was waited for.

    Raises:
        WorkflowError: As the method's page lists: HttpError, ConnectionError, ConnectionFailedError, TimeoutError,
            OperationError, TypeError, ValueError, AuthError.
    """
    given = dict(arguments)
    parameters = _parameters(method, given.pop("connector_params", None))
    attempt = _Attempt(machine, parameters)
    if method.name == _RUN:
        return attempt.run_execution(given)
    answer = attempt.request(method, given)
    if parameters.skip_polling or method.wait is Wait.NOTHING:
        return answer
    match method.wait:
        case Wait.BIGQUERY_JOB:
            return attempt.job(answer)
        case Wait.TRANSFER_RUNS:
            return attempt.transfer_runs(answer, method)
        case _:
            return attempt.execution(answer)


class _Attempt:
    """One connector call, with the time that is left for it."""

    def __init__(self, machine: Machine, parameters: _Parameters) -> None:
        self._machine = machine
        self._clock = machine.environment.clock
        self._parameters = parameters
        self._end = self._clock.now() + parameters.timeout

    def request(self, method: Method, arguments: Mapping[str, Value]) -> Value:
        """Send a request, again after a passing failure."""
        transport = self._transport(method)
        condition = IDEMPOTENT if method.idempotent else NON_IDEMPOTENT
        retry = 0
        while True:
            try:
                return transport(method, arguments, deadline=min(self._left(), _REQUEST_TIMEOUT))
            except CallFailed as failure:
                problem = raised(failure)
                if retry >= DEFAULT_RETRIES or not condition.holds(problem.value):
                    raise problem from failure
            self._wait(DEFAULT_BACKOFF.delay(retry))
            self._machine.count()
            retry += 1

    def _transport(self, method: Method) -> Transport:
        transport = self._machine.environment.connectors.transport
        if transport is None:
            raise error(Tag.CONNECTION_FAILED, f"{method.name}: this execution has no connectors")
        scope = self._parameters.scope
        if scope is None:
            return transport
        if isinstance(transport, ScopedTransport):
            return transport.scoped(scope)
        raise error(Tag.AUTH, f"{method.name}: this execution's connectors have no tokens of the scope {scope}")

    def job(self, answer: Value) -> Value:
        """Wait for a BigQuery job; a job that failed is an OperationError."""
        reference = _map(_map(answer, "a job").get("jobReference"), "a job reference")
        arguments = {name: value for name, value in reference.items() if name in {"projectId", "jobId", "location"}}
        done = self._poll(answer, METHODS["googleapis.bigquery.v2.jobs.get"], arguments, _job_done)
        status = _map(done.get("status"), "a job status")
        failure = status.get("errorResult")
        if isinstance(failure, dict):
            raise _failure(failure.get("message"), done, failure)
        return done

    def transfer_runs(self, answer: Value, method: Method) -> Value:
        """Wait for transfer runs.

        Whether a run that failed is an error of the call is not documented. Here it is not: a document that
        reads the runs' states back is right either way.
        """
        runs = _map(answer, "an answer").get("runs")
        get = METHODS[method.name.removesuffix("startManualRuns") + "runs.get"]
        for run in runs if isinstance(runs, list) else []:
            name = _map(run, "a transfer run").get("name")
            self._poll(run, get, {"name": name}, _run_done)
        return answer

    def execution(self, answer: Value) -> dict[str, Value]:
        """Wait for a workflow execution; one that did not succeed is an OperationError."""
        name = _map(answer, "an execution").get("name")
        done = self._poll(answer, METHODS[f"{_EXECUTIONS}.get"], {"name": name}, _execution_done)
        if done.get("state") != "SUCCEEDED":
            failure = done.get("error")
            raise _failure(None, done, failure)
        return done

    def run_execution(self, given: dict[str, Value]) -> Value:
        """``executions.run``: create, wait, and decode the result; nothing when polling is skipped."""
        names = self._machine.environment.variables
        project = given.get("project_id") or names.get("GOOGLE_CLOUD_PROJECT_ID")
        location = given.get("location") or names.get("GOOGLE_CLOUD_LOCATION")
        parent = f"projects/{project!s}/locations/{location!s}/workflows/{given.get('workflow_id')!s}"
        body: dict[str, Value] = {}
        if given.get("argument") is not None:
            try:
                body["argument"] = to_json(given["argument"])
            except (TypeError, ValueError) as failure:
                raise error(Tag.TYPE, f"the argument has no form in JSON: {failure}") from None
        answer = self.request(METHODS[f"{_EXECUTIONS}.create"], {"parent": parent, "body": body})
        if self._parameters.skip_polling:
            return None
        result = self.execution(answer).get("result")
        return from_json(result) if isinstance(result, str) and result else None

    def _poll(
        self,
        answer: Value,
        get: Method,
        arguments: Mapping[str, Value],
        done: Callable[[dict[str, Value]], bool],
    ) -> dict[str, Value]:
        """Ask until it is done; each poll is a step (connectors, "Long-running operations")."""
        state = _map(answer, "an operation")
        polls = 0
        while not done(state):
            self._wait(self._parameters.polling.delay(polls))
            self._machine.count()
            state = _map(self.request(get, arguments), "an operation")
            polls += 1
        return state

    def _wait(self, seconds: float) -> None:
        left = self._left()
        self._machine.sleep(min(seconds, left))
        if seconds >= left:
            self._left()

    def _left(self) -> float:
        left = self._end - self._clock.now()
        if left <= 0:
            raise error(Tag.TIMEOUT, f"the call took longer than its timeout of {self._parameters.timeout:g} seconds")
        return left


def _failure(message: Value, operation: dict[str, Value], failure: Value) -> WorkflowError:
    text = message if isinstance(message, str) else f"the operation ended as {operation.get('state')!s}"
    return error(Tag.OPERATION, text, operation=operation, error=failure)


def _job_done(job: dict[str, Value]) -> bool:
    return _map(job.get("status"), "a job status").get("state") == "DONE"


def _run_done(run: dict[str, Value]) -> bool:
    return run.get("state") in {"SUCCEEDED", "FAILED", "CANCELLED"}


def _execution_done(execution: dict[str, Value]) -> bool:
    return execution.get("state") not in {"ACTIVE", "QUEUED", "STATE_UNSPECIFIED", None}


def _map(value: Value, what: str) -> dict[str, Value]:
    if isinstance(value, dict):
        return value
    raise error(Tag.RESPONSE_TYPE, f"the service answered with {type_name(value)} where {what} was expected")


def _parameters(method: Method, given: Value) -> _Parameters:
    if given is None:
        return _Parameters()
    if not isinstance(given, dict):
        raise error(Tag.TYPE, f"connector_params takes a map, got {type_name(given)}")
    _only(given, {"timeout", "polling_policy", "skip_polling", "scopes"}, "connector_params")
    skip = given.get("skip_polling", False)
    if not isinstance(skip, bool):
        raise error(Tag.TYPE, f"connector_params.skip_polling takes a boolean, got {type_name(skip)}")
    policy = given.get("polling_policy")
    if policy is not None and not isinstance(policy, dict):
        raise error(Tag.TYPE, f"connector_params.polling_policy takes a map, got {type_name(policy)}")
    delays = policy or {}
    _only(delays, {"initial_delay", "max_delay", "multiplier"}, "connector_params.polling_policy")
    polling = Backoff(
        _positive(delays.get("initial_delay"), "initial_delay", _POLLING.initial_delay),
        _positive(delays.get("max_delay"), "max_delay", _POLLING.max_delay),
        _positive(delays.get("multiplier"), "multiplier", _POLLING.multiplier),
    )
    timeout = _positive(given.get("timeout"), "timeout", _REQUEST_TIMEOUT)
    if timeout > _REQUEST_TIMEOUT and method.wait is Wait.NOTHING:
        # The page says what the maximum should be, and not what the service does with more.
        text = f"{timeout:g}, and {method.name} waits for nothing long: it takes at most {_REQUEST_TIMEOUT} seconds"
        raise error(Tag.VALUE, f"connector_params: timeout is {text}")
    return _Parameters(timeout, polling, skip, _scope(given.get("scopes")))


def _scope(given: Value) -> str | None:
    """``scopes`` as one text separated by blanks: one scope, several separated by blanks or commas, or a list."""
    if given is None:
        return None
    listed = given if isinstance(given, list) else [given]
    words = [word for text in listed if isinstance(text, str) for word in text.replace(",", " ").split()]
    if not words or not all(isinstance(text, str) for text in listed):
        raise error(Tag.TYPE, f"connector_params.scopes takes a text or a list of texts, got {type_name(given)}")
    return " ".join(words)


def _only(given: Mapping[str, Value], known: set[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise error(Tag.VALUE, f"{what} has no {name!r}; it takes {', '.join(sorted(known))}")


def _positive(value: Value, what: str, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise error(Tag.TYPE, f"connector_params: {what} takes a number, got {type_name(value)}")
    if not 0 < value <= CONNECTOR_TIMEOUT_SECONDS.value:
        raise error(Tag.VALUE, f"connector_params: {what} is {value}, and takes 0 to {CONNECTOR_TIMEOUT_SECONDS.value}")
    return float(value)
