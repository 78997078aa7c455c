"""What Google's clients make of the faults that are asked for at the control port."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import workflows_v1

from replicator.local.server import Running
from tests.conformance.server.clients import LANDING, PARENT, WORKFLOW, Clients, Control

KINDS: dict[str, tuple[type[exceptions.GoogleAPICallError], str]] = {
    "429": (exceptions.TooManyRequests, "rateLimitExceeded"),
    "500": (exceptions.InternalServerError, "internalError"),
    "503": (exceptions.ServiceUnavailable, "backendError"),
    "quotaExceeded": (exceptions.Forbidden, "quotaExceeded"),
    "accessDenied": (exceptions.Forbidden, "accessDenied"),
    "apiDisabled": (exceptions.Forbidden, "accessNotConfigured"),
    "vpcServiceControls": (exceptions.Forbidden, "policyViolation"),
}
REST_KINDS: dict[str, tuple[type[exceptions.GoogleAPICallError], str | None]] = {
    "429": (exceptions.TooManyRequests, "RATE_LIMIT_EXCEEDED"),
    "500": (exceptions.InternalServerError, None),
    "503": (exceptions.ServiceUnavailable, None),
    "quotaExceeded": (exceptions.TooManyRequests, "RATE_LIMIT_EXCEEDED"),
    "accessDenied": (exceptions.Forbidden, "IAM_PERMISSION_DENIED"),
    "apiDisabled": (exceptions.Forbidden, "SERVICE_DISABLED"),
    "vpcServiceControls": (exceptions.Forbidden, "SECURITY_POLICY_VIOLATED"),
}
DENIED = {"permission": "bigquery.tables.getData", "resource": "Table acme-japan:staging.t"}


def options(kind: str) -> dict[str, str]:
    return DENIED if kind == "accessDenied" else {}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_bigquerys_client_reads_every_kind_of_error(clients: Clients, control: Control, kind: str) -> None:
    """Its own exception and BigQuery's reason, once; the next call is answered."""
    clients.make_dataset(LANDING, "EU")
    control.fault(kind, {"service": "bigquery"}, **options(kind))
    kind_of_error, reason = KINDS[kind]

    with pytest.raises(kind_of_error) as failed:
        clients.bigquery.get_dataset(LANDING, retry=None)
    assert failed.value.errors[0]["reason"] == reason
    assert clients.bigquery.get_dataset(LANDING).location == "EU"
    assert control.fired() == [1]


def test_a_denied_permission_is_named_with_its_resource(clients: Clients, control: Control) -> None:
    """In the sentence that BigQuery writes, for a table and for a project."""
    control.fault("accessDenied", {}, permission="bigquery.jobs.create", resource="Project acme-analytics")
    control.fault("accessDenied", {}, **DENIED)

    with pytest.raises(
        exceptions.Forbidden, match=r"Project acme-analytics: User does not have bigquery\.jobs\.create"
    ):
        clients.bigquery.query("SELECT 1", location="EU", retry=None)
    with pytest.raises(exceptions.Forbidden, match=r"getData denied on table acme-japan:staging\.t"):
        clients.bigquery.query("SELECT 1", location="EU", retry=None)


@pytest.mark.parametrize("kind", sorted(REST_KINDS))
def test_rest_and_grpc_clients_read_the_same_error(clients: Clients, control: Control, kind: str) -> None:
    """The transfer client over REST and the executions client over gRPC: one reason, one family."""
    control.fault(kind, {"service": "transfer"}, **options(kind))
    control.fault(kind, {"method": "gRPC"}, **options(kind))
    kind_of_error, reason = REST_KINDS[kind]
    calls: list[Callable[[], Any]] = [
        lambda: list(clients.transfer.list_transfer_configs(parent=PARENT, retry=None)),
        lambda: clients.executions.get_execution(name=f"{WORKFLOW}/executions/none", retry=None),
    ]

    for call in calls:
        with pytest.raises(kind_of_error) as failed:
            call()
        assert failed.value.reason == reason
    assert control.fired() == [1, 1]


def test_a_fault_lets_the_first_calls_pass_and_ends_after_its_times(clients: Clients, control: Control) -> None:
    """Skip 1, times 2: the second and the third fail."""
    clients.make_dataset(LANDING, "EU")
    control.fault("500", {"method": "GET", "path": "/datasets/landing"}, skip=1, times=2)

    outcomes = []
    for _ in range(4):
        try:
            clients.bigquery.get_dataset(LANDING, retry=None)
            outcomes.append("answered")
        except exceptions.InternalServerError:
            outcomes.append("failed")

    assert outcomes == ["answered", "failed", "failed", "answered"]
    assert [(one["seen"], one["fired"]) for one in control.get("/faults")["faults"]] == [(4, 2)]


def test_a_fault_is_for_the_job_and_the_body_that_it_names(clients: Clients, control: Control) -> None:
    """Its insert and its polls, whatever else is asked meanwhile."""
    control.fault("503", {"job": "commit_"}, times="every")
    control.fault("429", {"body": "SELECT 77"}, times="every")

    assert clients.query("SELECT 1", "EU") == [(1,)]
    for statement, job_id in (("SELECT 2", "commit_1"), ("SELECT 77", "other")):
        with pytest.raises((exceptions.ServiceUnavailable, exceptions.TooManyRequests)):
            clients.bigquery.query(statement, location="EU", job_id=job_id, retry=None, job_retry=None)
    with pytest.raises(exceptions.ServiceUnavailable):
        clients.bigquery.get_job("commit_1", location="EU", retry=None)
    assert control.fired() == [2, 1]


def test_a_dropped_connection_leaves_what_it_says(clients: Clients, control: Control, running: Running) -> None:
    """Dropped before: nothing was done. Dropped after: it was, and the client cannot know."""
    control.fault("drop_before", {"method": "POST"})
    with pytest.raises(requests.exceptions.ConnectionError):
        create(clients, "before")
    control.fault("drop_after", {"method": "POST"})
    with pytest.raises(requests.exceptions.ConnectionError):
        create(clients, "after")

    assert clients.datasets() == ["after"]
    assert [call.status for call in running.recorder.calls() if call.method == "POST"] == [0, 0]


def create(clients: Clients, name: str) -> None:
    # Without retries of its own: requests opens one connection and says what became of it.
    answer = requests.post(
        clients.datasets_url,
        timeout=30,
        json={"datasetReference": {"projectId": "acme-analytics", "datasetId": name}, "location": "EU"},
    )
    assert answer.status_code == 200, answer.text


def test_a_dropped_grpc_call_leaves_what_it_says(clients: Clients, control: Control) -> None:
    """The client sees UNAVAILABLE both times; only one execution was made."""
    workflow = workflows_v1.Workflow(source_contents="- done:\n    return: 1\n")
    clients.workflows.create_workflow(parent=PARENT, workflow_id="ga4", workflow=workflow).result(timeout=5)
    control.fault("drop_before", {"path": "CreateExecution"})
    control.fault("drop_after", {"path": "CreateExecution"})

    for _ in range(2):
        with pytest.raises(exceptions.ServiceUnavailable):
            clients.executions.create_execution(parent=WORKFLOW, retry=None)

    assert len(list(clients.executions.list_executions(parent=WORKFLOW))) == 1


def test_a_hanging_call_is_given_up_by_its_client(clients: Clients, control: Control) -> None:
    """The client's timeout passes; what hangs after it acted has acted."""
    control.fault("hang_before", {"method": "POST"}, seconds=2)
    control.fault("hang_after", {"method": "POST"}, seconds=2)
    for name in ("before", "after"):
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.post(
                clients.datasets_url,
                json={"datasetReference": {"projectId": "acme-analytics", "datasetId": name}, "location": "EU"},
                timeout=0.3,
            )

    assert clients.datasets() == ["after"]


def test_a_delay_is_for_the_service_that_it_names(clients: Clients, control: Control) -> None:
    """Every call of the one service is slow, the other services are not; errors come as late."""
    control.fault("delay", {"service": "bigquery"}, seconds=0.3, times="every")
    control.fault("500", {"service": "bigquery"}, skip=1)

    before = time.monotonic()
    clients.bigquery.list_projects()
    list(clients.transfer.list_transfer_configs(parent=PARENT))
    quick = time.monotonic() - before
    list(clients.bigquery.list_datasets())
    slow = time.monotonic() - before - quick

    assert quick < 0.3
    assert slow >= 0.3


@pytest.mark.parametrize("when", ["start", "commit"])
def test_a_job_fails_with_the_reason_that_was_asked_for(clients: Clients, control: Control, when: str) -> None:
    """It has done nothing; the same statement under the next id succeeds."""
    clients.make_dataset(LANDING, "EU")
    control.fault("job_fails", {"job": "make"}, reason="backendError", message="Try again.", when=when)
    statement = f"CREATE TABLE `{LANDING}.t` AS SELECT 1 AS a"

    job = clients.bigquery.query(statement, location="EU", job_id="make_1", job_retry=None)
    with pytest.raises(exceptions.GoogleAPICallError, match="Try again"):
        job.result(timeout=10, retry=None)
    assert clients.bigquery.get_job("make_1", location="EU").error_result == {
        "reason": "backendError",
        "message": "Try again.",
    }
    assert list(clients.bigquery.list_tables(LANDING)) == []

    clients.bigquery.query(statement, location="EU", job_id="make_2", job_retry=None).result(timeout=10)
    assert clients.rows(f"{LANDING}.t") == [{"a": 1}]


def test_a_job_may_say_that_it_has_failed_although_it_has_committed(clients: Clients, control: Control) -> None:
    """As a service may that lost the end of it: what the job was to do is there, and its error asks to try again."""
    clients.make_dataset(LANDING, "EU")
    control.fault("job_fails", {"job": "late"}, reason="backendError", when="end")
    script = f"CREATE TABLE `{LANDING}.late` AS SELECT 1 AS a; INSERT INTO `{LANDING}.late` (a) VALUES (2)"

    job = clients.bigquery.query(script, location="EU", job_id="late_1", job_retry=None)
    with pytest.raises(exceptions.GoogleAPICallError, match="asked for"):
        job.result(timeout=10, retry=None)

    assert clients.rows(f"{LANDING}.late") == [{"a": 1}, {"a": 2}]


def test_faults_are_forgotten_one_by_one_and_all(clients: Clients, control: Control) -> None:
    """What was deleted happens no more."""
    first = control.fault("500", times="every")
    control.fault("503", times="every")

    assert control.ask("DELETE", f"/faults/{first}") == (200, {})
    assert [fault["kind"] for fault in control.get("/faults")["faults"]] == ["503"]
    assert control.ask("DELETE", "/faults") == (200, {})
    assert control.ask("DELETE", f"/faults/{first}")[0] == 404
    assert clients.query("SELECT 1", "EU") == [(1,)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "418"},
        {"kind": "500", "times": 0},
        {"kind": "500", "times": True},
        {"kind": "500", "skip": -1},
        {"kind": "500", "seconds": 1},
        {"kind": "delay"},
        {"kind": "delay", "seconds": "1"},
        {"kind": "accessDenied", "permission": "p"},
        {"kind": "job_fails", "reason": "unheard of"},
        {"kind": "job_fails", "reason": "invalid", "when": "never"},
        {"kind": "job_fails", "reason": "invalid", "match": {"path": "x"}},
        {"kind": "500", "match": {"path": "("}},
        {"kind": "500", "match": {"service": "gmail"}},
        {"kind": "500", "match": {"color": "red"}},
        {"kind": "500", "match": []},
        {"kind": "500", "message": 1},
        {"kind": "500", "more": 1},
    ],
)
def test_a_fault_that_cannot_happen_is_refused(control: Control, body: dict[str, Any]) -> None:
    """With what would be right; nothing is kept of it."""
    status, told = control.ask("POST", "/faults", body)

    assert status == 400
    assert told["error"]["status"] == "INVALID_ARGUMENT"
    assert control.get("/faults") == {"faults": []}
