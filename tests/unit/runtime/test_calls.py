"""Connector calls: what is sent, what is retried, what is waited for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from replicator.runtime.clock import VirtualClock
from replicator.runtime.connectors import METHODS, Connectors
from replicator.runtime.errors import ConnectionBroken, ConnectionFailed, HttpError, TimedOut, WorkflowFailed
from replicator.runtime.program import SyntaxProblems, load
from replicator.runtime.values import Value
from tests.unit.runtime.running import Service, environment, run

REFERENCE: dict[str, Value] = {"projectId": "p", "jobId": "j", "location": "EU"}
RUNNING: Value = {"jobReference": REFERENCE, "status": {"state": "RUNNING"}}
DONE: Value = {"jobReference": REFERENCE, "status": {"state": "DONE"}}
INSERT = """
- insert:
    call: googleapis.bigquery.v2.jobs.insert
    args:
      projectId: p
      body: {configuration: {query: {query: SELECT 1}}}
      connector_params: {PARAMS}
    result: job
- done: {return: "${job}"}
"""
GET = """
- get:
    call: googleapis.bigquery.v2.jobs.get
    args: {projectId: p, jobId: j}
    result: job
- done: {return: "${job}"}
"""


def insert(params: str = "{}") -> str:
    return INSERT.replace("{PARAMS}", params)


def test_a_job_is_polled_until_it_is_done_ever_more_slowly() -> None:
    """Polls follow after 1 s, then 1.25 times as long each, with the job's own location."""
    service, clock = Service([RUNNING, RUNNING, RUNNING, DONE]), VirtualClock()

    assert run(insert(), around=environment(service=service, clock=clock)) == DONE
    assert clock.now() == pytest.approx(1 + 1.25 + 1.5625)
    assert service.requests[1:] == [("bigquery.v2.jobs.get", REFERENCE)] * 3


def test_a_job_that_is_not_waited_for_is_answered_at_once() -> None:
    """With skip_polling the first answer is the result."""
    service = Service([RUNNING])

    assert run(insert("{skip_polling: true}"), around=environment(service=service)) == RUNNING


def test_connector_params_are_not_sent() -> None:
    """They are the runtime's, not the API's."""
    service = Service([DONE])

    run(insert("{timeout: 10}"), around=environment(service=service))

    assert set(service.requests[0][1]) == {"projectId", "body"}
    assert service.deadlines == [10]


def test_a_failed_job_is_an_operation_error() -> None:
    """The error carries the job and the reason that the job gives."""
    failure: Value = {"reason": "invalidQuery", "message": "Syntax error"}
    job: Value = {"jobReference": REFERENCE, "status": {"state": "DONE", "errorResult": failure}}

    with pytest.raises(WorkflowFailed) as failed:
        run(insert(), around=environment(service=Service([job])))

    expected = {"tags": ["OperationError"], "message": "Syntax error", "operation": job, "error": failure}
    assert failed.value.error == expected


def test_waiting_ends_at_the_timeout() -> None:
    """The whole call, polls and all, has the time that connector_params give it."""
    clock = VirtualClock()

    with pytest.raises(WorkflowFailed, match="TimeoutError"):
        run(insert("{timeout: 5}"), around=environment(service=Service([RUNNING] * 9), clock=clock))
    assert clock.now() == pytest.approx(5)


def test_each_poll_is_a_step() -> None:
    """Polls count against the 100,000 steps of an execution."""
    counts: list[int] = []
    service = Service([RUNNING, RUNNING, DONE])

    run(insert(), around=environment(service=service, on_step=lambda event: counts.append(event.count)))

    assert max(counts) == 4


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reading_is_retried_after_passing_failures(status: int) -> None:
    """A GET is repeated as idempotent."""
    service, clock = Service([HttpError(status, ""), DONE]), VirtualClock()

    assert run(GET, around=environment(service=service, clock=clock)) == DONE
    assert clock.now() == pytest.approx(1)


def test_writing_is_not_repeated_after_a_broken_connection() -> None:
    """A POST that may have arrived is left to the document, which looks the job up."""
    with pytest.raises(WorkflowFailed, match="ConnectionError: gone"):
        run(insert(), around=environment(service=Service([ConnectionBroken("gone")])))


def test_writing_is_repeated_when_it_never_arrived() -> None:
    """A POST whose connection was refused is sent again."""
    assert run(insert(), around=environment(service=Service([ConnectionFailed("no"), DONE]))) == DONE


def test_five_retries_are_all() -> None:
    """The sixth failure is the document's."""
    service = Service([TimedOut("slow")] * 6)

    with pytest.raises(WorkflowFailed, match="TimeoutError: slow"):
        run(GET, around=environment(service=service))
    assert service.answers == []


def test_an_http_error_has_the_services_body() -> None:
    """What the API answered stands in the error's body, its status in code."""
    body: Value = {"error": {"code": 404, "message": "Not found: Job p:j"}}

    with pytest.raises(WorkflowFailed) as failed:
        run(GET, around=environment(service=Service([HttpError(404, "Not found", body=body)])))

    assert isinstance(failed.value.error, dict)
    assert (failed.value.error["code"], failed.value.error["body"]) == (404, body)
    assert failed.value.error["tags"] == ["HttpError"]


def test_transfer_runs_are_waited_for() -> None:
    """Each started run is polled by its name until it has ended, in whatever state."""
    start = """
- start:
    call: googleapis.bigquerydatatransfer.v1.projects.locations.transferConfigs.startManualRuns
    args: {parent: c, body: {requestedRunTime: t}}
    result: answer
- done: {return: "${answer.runs[0].name}"}
"""
    pending: Value = {"runs": [{"name": "c/runs/1", "state": "PENDING"}]}
    service = Service([pending, {"name": "c/runs/1", "state": "RUNNING"}, {"name": "c/runs/1", "state": "FAILED"}])

    assert run(start, around=environment(service=service)) == "c/runs/1"
    polled = "bigquerydatatransfer.v1.projects.locations.transferConfigs.runs.get"
    assert service.requests[1:] == [(polled, {"name": "c/runs/1"})] * 2


def test_running_a_workflow_returns_its_result() -> None:
    """``run`` creates an execution from the names that it is given or that it runs under, and decodes the result."""
    source = """
- run:
    call: googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run
    args: {workflow_id: child, argument: {a: 1}}
    result: answer
- done: {return: "${answer.b}"}
"""
    service = Service([{"name": "x", "state": "ACTIVE"}, {"name": "x", "state": "SUCCEEDED", "result": '{"b": 2}'}])

    assert run(source, around=environment(service=service)) == 2
    parent = "projects/acme/locations/europe-west1/workflows/child"
    assert service.requests[0][1] == {"parent": parent, "body": {"argument": '{"a":1}'}}


def test_an_answer_of_another_kind_is_an_error() -> None:
    """What cannot be polled is a ResponseTypeError."""
    with pytest.raises(WorkflowFailed, match="ResponseTypeError"):
        run(insert(), around=environment(service=Service(["text"])))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("{call: googleapis.bigquery.v2.jobs.gett}", "did you mean 'googleapis.bigquery.v2.jobs.get'?"),
        ("{call: googleapis.bigquery.v2.jobs.get, args: {projectId: p}}", "needs the argument 'jobId'"),
        ("{call: googleapis.bigquery.v2.jobs.get, args: {projectId: p, jobID: j}}", "did you mean 'jobId'?"),
        ("{call: googleapis.bigquery.v2.jobs.get, args: {projectId: p, jobId: j, body: {}}}", "no argument 'body'"),
        ("{return: '${googleapis.bigquery.v2.jobs.list(1)}'}", "cannot be called in an expression"),
    ],
)
def test_calls_are_checked_before_anything_runs(call: str, words: str) -> None:
    """Methods and arguments that do not exist are refused when the source is read."""
    with pytest.raises(SyntaxProblems) as refused:
        load(f"- a: {call}", file=Path("x.yaml"))

    assert words in str(refused.value)


@pytest.mark.parametrize(
    "params",
    [
        "{timeout: 0}",
        "{timeout: x}",
        "{skip_polling: 1}",
        "{polling_policy: 1}",
        "{scopes: 1}",
        "{scopes: [a, 1]}",
        "{x: 1}",
    ],
)
def test_connector_params_are_checked(params: str) -> None:
    """A parameter that is unknown or of another type is an error and not ignored."""
    with pytest.raises(WorkflowFailed, match="connector_params"):
        run(insert(params), around=environment(service=Service([DONE])))


@pytest.mark.parametrize(
    ("scopes", "asked"), [("a", "a"), ("'a, b'", "a b"), ("a b", "a b"), ("[a, b]", "a b")], ids=str
)
def test_scopes_are_what_the_transport_is_asked_for(scopes: str, asked: str) -> None:
    """For the request that starts something, and for every poll; none is asked for where none is said."""
    service = Service([RUNNING, DONE])

    run(insert(f"{{scopes: {scopes}}}"), around=environment(service=service))

    assert service.scopes == [asked, asked]
    run(insert(), around=environment(service=(silent := Service([DONE]))))
    assert silent.scopes == []


def test_scopes_are_refused_by_connectors_that_have_none() -> None:
    """The call is not made with another token than the document asked for."""
    around = replace(environment(), connectors=Connectors(transport=lambda _method, _arguments, *, deadline: deadline))

    with pytest.raises(WorkflowFailed, match="no tokens of the scope a") as failed:
        run(insert("{scopes: a}"), around=around)

    assert isinstance(failed.value.error, dict)
    assert failed.value.error["tags"] == ["AuthError"]


@pytest.mark.parametrize(("timeout", "fine"), [(1800, True), (1801, False)])
def test_only_what_is_waited_for_may_take_longer_than_half_an_hour(timeout: int, fine: bool) -> None:
    """1,800 s is the most for any other method (reference/googleapis, "Invoke a connector call")."""
    source = GET.replace("jobId: j", f"jobId: j, connector_params: {{timeout: {timeout}}}")

    assert run(insert("{timeout: 31536000}"), around=environment(service=Service([DONE]))) == DONE
    if fine:
        assert run(source, around=environment(service=Service([DONE]))) == DONE
    else:
        with pytest.raises(WorkflowFailed, match="at most 1800 seconds"):
            run(source, around=environment(service=Service([DONE])))


def test_the_table_is_consistent() -> None:
    """Every method names each argument once, reads with GET and without a body."""
    for method in METHODS.values():
        assert not (set(method.path_arguments) & method.query), method.name
        assert method.body is (method.verb in {"POST", "PUT", "PATCH"} and "body" in method.arguments), method.name
        assert method.required <= method.query, method.name
