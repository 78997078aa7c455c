"""Google's clients, and what tests of the whole server do with them."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, workflows_v1
from google.cloud import bigquery_datatransfer_v1 as datatransfer
from google.cloud.bigquery_datatransfer_v1.services.data_transfer_service.transports import (
    DataTransferServiceRestTransport,
)
from google.cloud.workflows import executions_v1
from google.cloud.workflows.executions_v1.services.executions.transports import ExecutionsGrpcTransport
from google.cloud.workflows_v1.services.workflows.transports import WorkflowsRestTransport

from replicator.local.endpoints import Endpoints

PARENT = "projects/acme-analytics/locations/europe-west1"
WORKFLOW = f"{PARENT}/workflows/ga4"
LANDING = "acme-analytics.landing"
FIRST = "first"


class Clients:
    """Google's clients, pointed at one server.

    Attributes:
        datasets_url: Where a request below the client's own retries makes a dataset of acme-analytics.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self.datasets_url = f"{endpoints.http}/bigquery/v2/projects/acme-analytics/datasets"
        host = endpoints.http.removeprefix("http://")
        anonymous = AnonymousCredentials()
        self.bigquery = bigquery.Client(
            project="acme-analytics", credentials=anonymous, client_options={"api_endpoint": endpoints.http}
        )
        self.transfer = datatransfer.DataTransferServiceClient(
            transport=DataTransferServiceRestTransport(host=host, url_scheme="http", credentials=anonymous)
        )
        self.workflows = workflows_v1.WorkflowsClient(
            transport=WorkflowsRestTransport(host=host, url_scheme="http", credentials=anonymous)
        )
        channel = grpc.insecure_channel(endpoints.executions)
        self.executions = executions_v1.ExecutionsClient(transport=ExecutionsGrpcTransport(channel=channel))

    def make_dataset(self, name: str, location: str) -> None:
        dataset = bigquery.Dataset(name)
        dataset.location = location
        self.bigquery.create_dataset(dataset)

    def load(self, table: str, location: str, rows: list[dict[str, Any]]) -> None:
        types = {int: "INT64", str: "STRING"}
        config = bigquery.LoadJobConfig(
            schema=[bigquery.SchemaField(name, types[type(value)]) for name, value in rows[0].items()],
            write_disposition="WRITE_TRUNCATE",
            source_format="NEWLINE_DELIMITED_JSON",
        )
        project = table.partition(".")[0]
        self.bigquery.load_table_from_json(rows, table, location=location, project=project, job_config=config).result(
            timeout=20
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        found = self.bigquery.list_rows(self.bigquery.get_table(table))
        return sorted((dict(row.items()) for row in found), key=lambda row: int(row["a"]))

    def query(self, sql: str, location: str) -> list[tuple[Any, ...]]:
        rows = self.bigquery.query(sql, location=location, job_retry=None).result(timeout=20)
        return [tuple(row.values()) for row in rows]

    def make_config(self, source: str) -> str:
        config = datatransfer.TransferConfig(
            destination_dataset_id="landing",
            display_name="japan",
            data_source_id="cross_region_copy",
            params={
                "source_project_id": source.partition(".")[0],
                "source_dataset_id": source.partition(".")[2],
                "overwrite_destination_table": True,
            },
            schedule_options={"disable_auto_scheduling": True},
        )
        parent = "projects/acme-analytics/locations/eu"
        return str(self.transfer.create_transfer_config(parent=parent, transfer_config=config).name)

    def start_copy(self, config: str) -> str:
        request = datatransfer.StartManualTransferRunsRequest(
            parent=config, requested_run_time={"seconds": int(time.time())}
        )
        return str(self.transfer.start_manual_transfer_runs(request=request).runs[0].name)

    def copy(self, config: str) -> datatransfer.TransferRun:
        name = self.start_copy(config)
        for _ in range(500):
            run = self.transfer.get_transfer_run(name=name)
            if run.state.name not in {"PENDING", "RUNNING"}:
                return run
            time.sleep(0.02)
        pytest.fail("the transfer run did not end within 10 s")

    def datasets(self) -> list[str]:
        """Those that were made since the first."""
        return [found.dataset_id for found in self.bigquery.list_datasets() if found.dataset_id != FIRST]

    def execute(self, argument: dict[str, str]) -> str:
        workflow = workflows_v1.Workflow(source_contents="- done:\n    return: 1\n")
        self.workflows.create_workflow(parent=PARENT, workflow_id="ga4", workflow=workflow).result(timeout=5)
        execution = executions_v1.Execution(argument=json.dumps(argument))
        name = str(self.executions.create_execution(parent=WORKFLOW, execution=execution).name)
        for _ in range(500):
            if self.executions.get_execution(name=name).status.current_steps:
                return name
            time.sleep(0.02)
        pytest.fail("the execution did not begin within 10 s")


class Control:
    """The control port of one server."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._address = endpoints.http.removeprefix("http://")

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        connection.request(method, f"/control{path}", None if body is None else json.dumps(body))
        response = connection.getresponse()
        told = json.loads(response.read())
        connection.close()
        return response.status, told

    def get(self, path: str) -> Any:
        status, told = self.ask("GET", path)
        assert status == 200, told
        return told

    def post(self, path: str, body: object) -> Any:
        status, told = self.ask("POST", path, body)
        assert status == 200, told
        return told

    def fault(self, kind: str, match: dict[str, str] | None = None, **more: Any) -> str:
        return str(self.post("/faults", {"kind": kind, "match": match or {}, **more})["id"])

    def hold(self, when: str, match: dict[str, str] | None = None, **more: Any) -> str:
        return str(self.post("/holds", {"when": when, "match": match or {}, **more})["id"])

    def held(self, hold: str) -> Any:
        told = self.get(f"/holds/{hold}?wait=10")
        assert told["state"] == "holding", told
        return told

    def release(self, hold: str, then: str = "go_on") -> None:
        self.post(f"/holds/{hold}:release", {"then": then})

    def fired(self) -> list[int]:
        return [fault["fired"] for fault in self.get("/faults")["faults"]]
