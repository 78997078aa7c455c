"""The deployed document does alone what it does in process: the same target, the same ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.cloud.workflows.executions_v1 import Execution
from google.cloud.workflows_v1 import Workflow

from replicator.cli.exports import make_project
from replicator.cli.render import document_text
from replicator.config.pipeline import Pipeline
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.load import create_dataset, drop_table, load_rows
from replicator.gcp.query import Query
from replicator.names import DatasetRef
from replicator.schema.fields import Field
from tests.e2e.clouds import pipeline_of, record
from tests.e2e.test_cost import config

pytestmark = pytest.mark.slow
WALLED = Path(__file__).parent / "walled"
ROOT = Path(__file__).parents[2]
LOCATIONS = ("asia-northeast1", "southamerica-east1")
FIELDS = (
    (Field("event_name", "STRING"), record("geo", Field("country", "STRING"), Field("city", "STRING"))),
    (
        record("geo", Field("city", "STRING"), Field("country", "STRING")),
        Field("extra", "FLOAT"),
        Field("event_name", "STRING"),
    ),
)  # fmt: skip
PARENT = "projects/acme-analytics/locations/europe-west1"
# What differs between two runs of the same thing: when they were, and the names made of it.
OF_THE_MOMENT = {"run", "recorded_at", "committed_at", "modified", "detail", "holder", "expires", "seen_at"}


@contextmanager
def served(directory: Path, *, walled: bool) -> Iterator[Endpoints]:
    """A local cloud in a process of its own."""
    path = os.pathsep.join(([str(WALLED)] if walled else []) + [str(ROOT)])
    process = subprocess.Popen(
        [sys.executable, "-m", "replicator", "local", "serve", "--dir", str(directory), "--port", "0"],
        env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        for _ in range(300):
            found = Endpoints.of_directory(directory)
            if found is not None:
                yield found
                return
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            time.sleep(0.1)
        pytest.fail("the local cloud did not start within 30 seconds")
    finally:
        process.terminate()
        process.wait(timeout=30)


def load(clients: Clients, day: int) -> None:
    """Two properties in each of two countries; the second day rewrites a shard of the first."""
    create_dataset(clients, DatasetRef("acme-analytics", "marketing"), location="EU")
    make_project(clients.endpoints, "acme-replication")
    for location, fields in zip(LOCATIONS, FIELDS, strict=True):
        for number in (1, 2):
            dataset = DatasetRef(f"acme-{location}", f"analytics_{number}")
            create_dataset(clients, dataset, location=location)
            for shard in range(1, 3) if day == 1 else range(2, 4):
                table = dataset.table(f"events_2026110{shard}")
                rows = [
                    {"event_name": f"{location} {number} {shard} {day} {n}", "geo": {"country": "x", "city": f"ü{n}"}}
                    for n in range(5)
                ]
                drop_table(clients, table)
                load_rows(clients, table, fields, rows, location=location)


def deployed(endpoints: Endpoints, pipeline: Pipeline) -> dict[str, Any]:
    """Create the workflow once, start an execution as Cloud Scheduler would, and wait for its result."""
    clients = Clients(endpoints)
    workflows, executions = clients.workflows(), clients.executions()
    name = f"{PARENT}/workflows/{pipeline.name}"
    if not list(workflows.list_workflows(parent=PARENT)):
        workflows.create_workflow(
            parent=PARENT, workflow_id=pipeline.name, workflow=Workflow(source_contents=document_text(pipeline))
        ).result()
    started = executions.create_execution(parent=name, execution=Execution(argument=json.dumps({"if_busy": "leave"})))
    for _ in range(600):
        execution = executions.get_execution(name=started.name)
        if execution.state is not Execution.State.ACTIVE:
            break
        time.sleep(0.2)
    assert execution.state is Execution.State.SUCCEEDED, execution.error.payload
    return dict(json.loads(execution.result))


def in_process(endpoints: Endpoints, pipeline: Pipeline) -> dict[str, Any]:
    """The same document in this process."""
    from replicator.cli.document import run_document
    from replicator.runtime.clock import RealClock
    from replicator.runtime.environment import ignore

    result = run_document(
        document_text(pipeline), {"if_busy": "leave"}, file=Path("many.yaml"), endpoints=endpoints,
        variables={"GOOGLE_CLOUD_PROJECT_ID": "acme-analytics", "GOOGLE_CLOUD_LOCATION": "europe-west1"},
        on_step=ignore, clock=RealClock(),
    )  # fmt: skip
    assert isinstance(result, dict)
    return dict(result)


def left_behind(endpoints: Endpoints) -> dict[str, list[str]]:
    """Target and ledger, without what is of the moment, in an order of their own."""
    query = Query(Clients(endpoints))

    def rows(sql: str) -> list[str]:
        found = query.rows(sql, {}, location="EU", project="acme-analytics")
        return sorted(
            json.dumps({k: v for k, v in row.items() if k not in OF_THE_MOMENT}, default=str, sort_keys=True)
            for row in found
        )

    tables = query.rows(
        "SELECT table_name FROM `acme-analytics.replicator`.INFORMATION_SCHEMA.TABLES "
        "WHERE NOT STARTS_WITH(table_name, 'batch_')", {}, location="EU", project="acme-analytics",
    )  # fmt: skip
    names = [str(row["table_name"]) for row in tables]
    assert {"runs", "units", "drift"} < set(names)
    return {
        "target": rows("SELECT * FROM `acme-analytics.marketing.many`"),
        **{name: rows(f"SELECT * FROM `acme-analytics.replicator.{name}`") for name in names},
    }


def test_an_execution_without_our_planner_leaves_what_a_run_in_process_leaves(tmp_path: Path) -> None:
    """The server and its execution process cannot import config, plan, sql or workflow; target and ledger are equal."""
    pipeline = pipeline_of(tmp_path, config(*LOCATIONS))
    left: dict[str, dict[str, list[str]]] = {}
    moved: dict[str, list[tuple[object, ...]]] = {}
    for way, run in (("deployed", deployed), ("in process", in_process)):
        with served(tmp_path / way.replace(" ", "_"), walled=way == "deployed") as endpoints:
            moved[way] = []
            for day in (1, 2):
                load(Clients(endpoints), day)
                result = run(endpoints, pipeline)
                moved[way].append((result["state"], result["units"], result["rows"], result["copies"]))
            assert run(endpoints, pipeline)["state"] == "quiet"
            left[way] = left_behind(endpoints)

    assert len(left["deployed"]["target"]) == 2 * 2 * 3 * 5
    assert left["deployed"] == left["in process"]
    assert moved["deployed"] == moved["in process"] == [("done", 8, 40, 8), ("done", 8, 40, 8)]


def test_the_wall_stands() -> None:
    """The check above can fail: behind the wall the planner cannot be imported, the runtime can."""
    done = subprocess.run(
        [sys.executable, "-c", "import replicator.runtime.program\nimport replicator.plan.build"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(WALLED), str(ROOT)])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "replicator.plan cannot be imported in this process" in done.stderr
