"""The whole local cloud, in this process and in one of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1

from replicator.errors import FailedError
from replicator.local import endpoints as found_at
from replicator.local.server import Running, serve
from tests.conformance.server.clients import LANDING, PARENT, Clients
from tests.conformance.server.processes import process
from tests.conformance.server.serving import EXECUTOR

COPY = """\
main:
  params: [args]
  steps:
    - look:
        call: googleapis.bigquery.v2.datasets.get
        args: {projectId: acme-analytics, datasetId: landing}
        result: landing
    - copy:
        call: googleapis.bigquerydatatransfer.v1.projects.locations.transferConfigs.startManualRuns
        args:
          parent: ${args.config}
          body: {requestedRunTime: "2026-11-01T00:00:00Z"}
        result: started
    - read:
        call: googleapis.bigquerydatatransfer.v1.projects.locations.transferConfigs.runs.get
        args: {name: "${started.runs[0].name}"}
        result: run
    - done:
        return: {location: "${landing.location}", state: "${run.state}"}
"""


def test_it_says_where_it_listens_and_takes_that_back(tmp_path: Path) -> None:
    """In a file beside its data, there as long as it serves."""
    with serve(tmp_path, executor=EXECUTOR) as running:
        assert found_at.read(tmp_path) == running.endpoints
        assert running.endpoints.http.startswith("http://127.0.0.1:")
        assert running.endpoints.executions.startswith("127.0.0.1:")
        assert running.endpoints.pid == os.getpid()
    assert found_at.read(tmp_path) is None


def test_a_directory_is_served_once(running: Running, tmp_path: Path) -> None:
    """The second server says where the first one is, and leaves its file alone."""
    with pytest.raises(FailedError, match="served already"):
        serve(tmp_path / "cloud", executor=EXECUTOR)
    assert found_at.read(tmp_path / "cloud") == running.endpoints


def test_a_server_that_could_not_start_leaves_the_directory_free(tmp_path: Path, running: Running) -> None:
    """A taken port is an error, and the next try works."""
    port = int(running.endpoints.http.rpartition(":")[2])
    with pytest.raises(FailedError, match="--port"):
        serve(tmp_path / "other", port=port, executor=EXECUTOR)

    with serve(tmp_path / "other", executor=EXECUTOR):
        pass


def test_stopping_twice_is_stopping_once(tmp_path: Path) -> None:
    """Whoever holds it may stop it."""
    running = serve(tmp_path, executor=EXECUTOR)
    running.stop()
    running.stop()


def test_a_dataset_copy_brings_tables_from_one_location_to_another(running: Running) -> None:
    """Data and schema are the source's each time; the copy is no BigQuery job."""
    clients = Clients(running.endpoints)
    clients.make_dataset("acme-japan.staging", "asia-northeast1")
    clients.make_dataset(LANDING, "EU")
    config = clients.make_config("acme-japan.staging")

    clients.load("acme-japan.staging.t", "asia-northeast1", [{"a": 1, "b": "x"}])
    assert clients.copy(config).state.name == "SUCCEEDED"
    first = clients.rows(f"{LANDING}.t")
    clients.load("acme-japan.staging.t", "asia-northeast1", [{"a": 2}, {"a": 3}])
    assert clients.copy(config).state.name == "SUCCEEDED"
    second = clients.rows(f"{LANDING}.t")

    assert first == [{"a": 1, "b": "x"}]
    assert second == [{"a": 2}, {"a": 3}]
    jobs = [job for job in clients.bigquery.list_jobs(all_users=True) if job.job_type == "copy"]
    assert jobs == []


def test_a_dataset_copy_keeps_what_is_said_of_a_table(running: Running) -> None:
    """Layout, texts, labels and expiration come along, anew with each change; the table then expires there too."""
    clients = Clients(running.endpoints)
    clients.make_dataset("acme-japan.staging", "asia-northeast1")
    clients.make_dataset(LANDING, "EU")
    config = clients.make_config("acme-japan.staging")
    said = "description = 'told', labels = [('k', 'v')]"
    clients.query(
        "CREATE TABLE `acme-japan.staging.t` (d DATE NOT NULL, a INT64) PARTITION BY DATE_TRUNC(d, MONTH) CLUSTER BY a "
        f"OPTIONS ({said}, partition_expiration_days = 4000, require_partition_filter = TRUE, "
        "expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 2 DAY)) "
        "AS SELECT CURRENT_DATE() AS d, 1 AS a",
        "asia-northeast1",
    )

    def stated(table: str) -> dict[str, Any]:
        resource = clients.bigquery.get_table(table).to_api_repr()
        kept = ("schema", "timePartitioning", "clustering", "description", "labels", "expirationTime", "numRows")
        return {name: resource.get(name) for name in (*kept, "requirePartitionFilter")}

    assert clients.copy(config).state.name == "SUCCEEDED"
    source = stated("acme-japan.staging.t")
    assert None not in source.values()
    assert stated(f"{LANDING}.t") == source
    clients.query(
        "ALTER TABLE `acme-japan.staging.t` SET OPTIONS (description = 'later', "
        "expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY))",
        "asia-northeast1",
    )
    assert clients.copy(config).state.name == "SUCCEEDED"
    assert stated(f"{LANDING}.t") == stated("acme-japan.staging.t") != source

    running.clock.move(86_400 + 60)

    with pytest.raises(exceptions.NotFound):
        clients.bigquery.get_table(f"{LANDING}.t")


def test_services_share_the_servers_clock(running: Running) -> None:
    """A day later by the control port is a day later for BigQuery too."""
    clients = Clients(running.endpoints)
    clients.make_dataset(LANDING, "EU")
    before = clients.query("SELECT UNIX_SECONDS(CURRENT_TIMESTAMP())", "EU")[0][0]

    running.clock.move(86_400)

    after = clients.query("SELECT UNIX_SECONDS(CURRENT_TIMESTAMP())", "EU")[0][0]
    assert after - before == pytest.approx(86_400, abs=30)


def test_calls_of_every_service_and_statements_are_recorded(running: Running) -> None:
    """One list, whichever service and protocol."""
    clients = Clients(running.endpoints)
    clients.make_dataset("acme-japan.staging", "asia-northeast1")
    clients.make_dataset(LANDING, "EU")
    clients.query("SELECT 1", "EU")
    clients.make_config("acme-japan.staging")
    clients.execute({})

    services = {call.service for call in running.recorder.calls()}

    assert services == {"bigquery", "transfer", "workflows", "executions"}
    assert "SELECT 1" in [statement.text for statement in running.recorder.statements()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_ends_by_a_signal_with_everything_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """Status 0, its file gone, its executions ended with the reason."""
    with process(tmp_path) as (server, endpoints):
        execution = Clients(endpoints).execute({"do": "hang"})
        server.send_signal(number)
        assert server.wait(timeout=10) == 0

    assert found_at.read(tmp_path) is None
    with serve(tmp_path, executor=EXECUTOR) as again:
        ended = Clients(again.endpoints).executions.get_execution(name=execution)
        assert ended.state.name == "FAILED"
        assert "stopped while it ran" in ended.error.payload


def test_a_killed_process_leaves_nothing_half_done(tmp_path: Path) -> None:
    """Its directory can be served again at once; what it had answered is there, what ran has ended and says so."""
    with process(tmp_path) as (server, endpoints):
        clients = Clients(endpoints)
        clients.make_dataset("acme-japan.staging", "asia-northeast1")
        clients.make_dataset(LANDING, "EU")
        config = clients.make_config("acme-japan.staging")
        execution = clients.execute({"do": "hang"})
        server.kill()
        server.wait()

    assert found_at.read(tmp_path) == endpoints
    with serve(tmp_path, executor=EXECUTOR) as again:
        clients = Clients(again.endpoints)
        assert clients.transfer.get_transfer_config(name=config).name == config
        assert clients.bigquery.get_dataset(LANDING).location == "EU"
        ended = clients.executions.get_execution(name=execution)
        assert ended.state.name == "FAILED"
        assert "killed" in ended.error.payload


def test_it_tells_where_it_listens_to_who_asks(running: Running) -> None:
    """What another program needs to use a server of which it knows the HTTP address."""
    connection = http.client.HTTPConnection(running.endpoints.http.removeprefix("http://"), timeout=5)
    connection.request("GET", "/endpoints")
    told = json.loads(connection.getresponse().read())
    connection.close()

    assert told == running.endpoints.as_json()


def test_a_deployed_workflow_calls_the_services_of_its_own_server(tmp_path: Path) -> None:
    """The product's own executor finds BigQuery and the transfer service where the server says that they are."""
    with serve(tmp_path, executor=(sys.executable, "-m", "replicator.cli.execute")) as running:
        clients = Clients(running.endpoints)
        clients.make_dataset("acme-japan.staging", "asia-northeast1")
        clients.make_dataset(LANDING, "EU")
        config = clients.make_config("acme-japan.staging")
        workflow = workflows_v1.Workflow(source_contents=COPY)
        clients.workflows.create_workflow(parent=PARENT, workflow_id="copy", workflow=workflow).result(timeout=5)
        execution = executions_v1.Execution(argument=json.dumps({"config": config}))

        name = clients.executions.create_execution(parent=f"{PARENT}/workflows/copy", execution=execution).name
        for _ in range(1_000):
            ended = clients.executions.get_execution(name=name)
            if ended.state.name != "ACTIVE":
                break
            time.sleep(0.02)

    assert (ended.state.name, ended.error.payload) == ("SUCCEEDED", "")
    assert json.loads(ended.result) == {"location": "EU", "state": "SUCCEEDED"}
