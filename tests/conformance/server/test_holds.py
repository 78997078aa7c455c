"""Calls and jobs stand still where they were asked to, until they are let go on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import workflows_v1

from replicator.local.server import Running, serve
from tests.conformance.server.clients import LANDING, PARENT, WORKFLOW, Clients, Control
from tests.conformance.server.serving import EXECUTOR

CREATE = """
import sys
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
client = bigquery.Client(project="acme-analytics", credentials=AnonymousCredentials(),
                         client_options={"api_endpoint": sys.argv[1]})
client.create_dataset(f"acme-analytics.{sys.argv[2]}")
"""


def in_thread(act: Callable[[], Any]) -> Any:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(act)
    pool.shutdown(wait=False)
    return future


@pytest.mark.parametrize(("when", "made"), [("before", []), ("after", ["landing"])])
def test_a_held_call_has_acted_or_not(clients: Clients, control: Control, when: str, made: list[str]) -> None:
    """Before: nothing is there until it is released. After: it is there, and the client still waits."""
    hold = control.hold(when, {"method": "POST", "path": "/datasets"})

    call = in_thread(lambda: clients.make_dataset(LANDING, "EU"))
    told = control.held(hold)

    assert told["held"] == ["POST /bigquery/v2/projects/acme-analytics/datasets"]
    assert clients.datasets() == made
    assert not call.done()
    control.release(hold)
    call.result(timeout=5)
    assert clients.datasets() == ["landing"]
    assert control.get(f"/holds/{hold}")["state"] == "released"


@pytest.mark.parametrize(("when", "made"), [("before", []), ("after", ["killed"])])
def test_a_client_that_is_killed_at_a_hold_has_acted_or_not(
    running: Running, clients: Clients, control: Control, when: str, made: list[str]
) -> None:
    """What stood before it acted never acts once its client is gone; what had acted stays done."""
    hold = control.hold(when, {"method": "POST"})
    with subprocess.Popen([sys.executable, "-c", CREATE, running.endpoints.http, "killed"]) as client:
        control.held(hold)
        client.kill()
    # The server sees the end of the connection a moment later, and the call leaves the hold by itself.
    for _ in range(500):
        if control.get(f"/holds/{hold}")["waiting"] == 0:
            break
        time.sleep(0.01)
    control.release(hold)

    assert clients.datasets() == made


def test_the_nth_call_is_counted_over_all_services(clients: Clients, control: Control, running: Running) -> None:
    """The third call of all stops, whichever service it is for; the control port's own are not counted."""
    hold = control.hold("before", nth=3)
    control.get("/clock")
    clients.datasets()
    list(clients.transfer.list_transfer_configs(parent=PARENT))

    call = in_thread(lambda: list(clients.workflows.list_workflows(parent=PARENT)))
    assert control.held(hold)["held"] == [f"GET /v1/{PARENT}/workflows"]
    clients.datasets()
    control.release(hold)

    assert call.result(timeout=5) == []
    assert [one.service for one in running.recorder.calls()] == ["bigquery", "transfer", "bigquery", "workflows"]


@pytest.mark.parametrize(("when", "made"), [("before", []), ("after", ["landing"])])
def test_a_released_call_can_be_dropped(clients: Clients, control: Control, when: str, made: list[str]) -> None:
    """Its connection ends without an answer."""
    hold = control.hold(when, {"method": "POST"})
    body: dict[str, Any] = {
        "datasetReference": {"projectId": "acme-analytics", "datasetId": "landing"},
        "location": "EU",
    }

    call = in_thread(lambda: requests.post(clients.datasets_url, json=body, timeout=10))
    control.held(hold)
    control.release(hold, then="drop")

    with pytest.raises(requests.exceptions.ConnectionError):
        call.result(timeout=5)
    assert clients.datasets() == made


@pytest.mark.parametrize(("when", "executions"), [("before", 0), ("after", 1)])
def test_a_grpc_call_is_held_like_any_other(clients: Clients, control: Control, when: str, executions: int) -> None:
    """Not made before, made after, answered when it is released."""
    workflow = workflows_v1.Workflow(source_contents="- done:\n    return: 1\n")
    clients.workflows.create_workflow(parent=PARENT, workflow_id="ga4", workflow=workflow).result(timeout=5)
    hold = control.hold(when, {"path": "CreateExecution"})

    call = in_thread(lambda: clients.executions.create_execution(parent=WORKFLOW))
    control.held(hold)

    assert len(list(clients.executions.list_executions(parent=WORKFLOW))) == executions
    control.release(hold)
    call.result(timeout=5)
    assert len(list(clients.executions.list_executions(parent=WORKFLOW))) == 1


def test_a_job_stands_at_its_start_until_it_is_released(clients: Clients, control: Control) -> None:
    """It is PENDING and has done nothing; others run."""
    clients.make_dataset(LANDING, "EU")
    hold = control.hold("start", {"job": "make_", "job_kind": "QUERY"})

    job = clients.bigquery.query(
        f"CREATE TABLE `{LANDING}.t` AS SELECT 1 AS a", location="EU", job_id="make_1", job_retry=None
    )
    assert control.held(hold)["held"] == ["make_1"]

    assert clients.bigquery.get_job("make_1", location="EU").state == "PENDING"
    assert clients.query("SELECT 1", "EU") == [(1,)]
    assert list(clients.bigquery.list_tables(LANDING)) == []
    control.release(hold)
    job.result(timeout=10)
    assert clients.rows(f"{LANDING}.t") == [{"a": 1}]


def test_a_transaction_stands_before_its_commit_until_it_is_released(clients: Clients, control: Control) -> None:
    """Nobody sees what it wrote, and everybody does once it goes on."""
    clients.make_dataset(LANDING, "EU")
    clients.load(f"{LANDING}.t", "EU", [{"a": 1}])
    script = f"BEGIN TRANSACTION; INSERT INTO `{LANDING}.t` (a) VALUES (2); COMMIT TRANSACTION;"
    hold = control.hold("commit", {"job": "commit_"})

    job = clients.bigquery.query(script, location="EU", job_id="commit_1", job_retry=None)
    control.held(hold)

    assert clients.query(f"SELECT COUNT(*) FROM `{LANDING}.t`", "EU") == [(1,)]
    assert clients.bigquery.get_job("commit_1", location="EU").state == "RUNNING"
    control.release(hold)
    job.result(timeout=10)
    assert clients.query(f"SELECT COUNT(*) FROM `{LANDING}.t`", "EU") == [(2,)]


def test_a_held_job_can_be_cancelled(clients: Clients, control: Control) -> None:
    """It ends where it stands, and has done nothing."""
    clients.make_dataset(LANDING, "EU")
    control.hold("commit", {"job": "slow"})
    clients.bigquery.query(f"CREATE TABLE `{LANDING}.t` AS SELECT 1 AS a", location="EU", job_id="slow", job_retry=None)
    control.held("1")

    clients.bigquery.cancel_job("slow", location="EU")

    with pytest.raises(exceptions.GoogleAPICallError, match="cancel"):
        clients.bigquery.get_job("slow", location="EU").result(timeout=10, retry=None)
    assert list(clients.bigquery.list_tables(LANDING)) == []


def test_a_server_that_stops_lets_go_what_it_holds(tmp_path: Path) -> None:
    """Or it would wait for whoever asked for the hold."""
    with serve(tmp_path, executor=EXECUTOR) as server:
        clients, control = Clients(server.endpoints), Control(server.endpoints)
        clients.make_dataset(LANDING, "EU")
        control.hold("start", {"job": "never"})
        control.hold("before", {"method": "POST"}, times="every", nth=2)
        clients.bigquery.query("SELECT 1", location="EU", job_id="never", job_retry=None)
        control.held("1")
        threading.Thread(target=lambda: in_thread(lambda: clients.make_dataset(LANDING, "EU"))).start()
        control.held("2")
        before = time.monotonic()

    assert time.monotonic() - before < 5


def test_holds_are_let_go_and_forgotten_together(clients: Clients, control: Control) -> None:
    """DELETE ends a test that lost its way."""
    hold = control.hold("before", {"method": "POST"})
    call = in_thread(lambda: clients.make_dataset(LANDING, "EU"))
    control.held(hold)

    assert control.ask("DELETE", "/holds") == (200, {})

    call.result(timeout=5)
    assert control.get("/holds") == {"holds": []}
    assert control.ask("GET", f"/holds/{hold}")[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"when": "sometimes"},
        {"when": "before", "nth": 0},
        {"when": "before", "times": "all"},
        {"when": "commit", "match": {"service": "bigquery"}},
        {"when": "before", "match": {"job_kind": "QUERY"}},
        {"when": "before", "kind": "500"},
    ],
)
def test_a_hold_that_cannot_be_is_refused(control: Control, body: dict[str, Any]) -> None:
    """With what would be right."""
    assert control.ask("POST", "/holds", body)[0] == 400
    assert control.get("/holds") == {"holds": []}


def test_a_job_cannot_be_dropped(control: Control) -> None:
    """There is no connection to end."""
    hold = control.hold("commit")

    assert control.ask("POST", f"/holds/{hold}:release", {"then": "drop"})[0] == 400
    assert control.ask("POST", f"/holds/{hold}:release", {"then": "jump"})[0] == 400
