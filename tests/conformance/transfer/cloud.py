"""The transfer service over HTTP, with Google's own client in front and datasets in memory behind."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery_datatransfer_v1 as datatransfer
from google.cloud.bigquery_datatransfer_v1.services.data_transfer_service.transports import (
    DataTransferServiceRestTransport,
)
from starlette.routing import Router

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.ration import Ration
from replicator.local.clock import ServerClock
from replicator.local.control import control_routes
from replicator.local.gate import Gate, not_found
from replicator.local.listener import Listener
from replicator.local.recorder import Recorder
from replicator.local.settings import Unsettled
from replicator.local.transfer.service import TransferService
from replicator.names import DatasetRef, TableRef

SOURCE = DatasetRef("acme-japan", "staging")
LANDING = DatasetRef("acme-analytics", "landing")


@dataclass(frozen=True)
class MemoryTable:
    name: str
    kind: str
    modified: int
    rows: tuple[int, ...]


@dataclass
class MemoryDatasets:
    """The port to BigQuery, kept in dictionaries; ``released`` lets copies proceed, ``day`` counts them."""

    day: Ration
    locations: dict[DatasetRef, str] = field(default_factory=dict)
    contents: dict[DatasetRef, dict[str, MemoryTable]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    copies: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    running: int = 0
    most_running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self, dataset: DatasetRef, location: str) -> None:
        self.locations[dataset] = location
        self.contents[dataset] = {}

    def put(self, dataset: DatasetRef, name: str, *rows: int, kind: str = "TABLE", modified: int = 1) -> None:
        self.contents[dataset][name] = MemoryTable(name, kind, modified, rows)

    def rows(self, dataset: DatasetRef) -> dict[str, tuple[int, ...]]:
        return {table.name: table.rows for table in self.contents[dataset].values()}

    def location(self, dataset: DatasetRef) -> str | None:
        return self.locations.get(dataset)

    def tables(self, dataset: DatasetRef) -> Sequence[MemoryTable]:
        return list(self.contents.get(dataset, {}).values())

    def ration(self, destination: TableRef) -> None:
        self.day.take(destination)

    def copy_table(self, source: TableRef, destination: TableRef) -> None:
        with self.lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        self.released.wait(10)
        with self.lock:
            self.running -= 1
        if source.table in self.broken:
            reason, message = "invalid", self.broken[source.table]
            raise BigQueryError(reason, message)
        self.copies.append(source.table)
        table = self.contents[source.parent][source.table]
        self.put(destination.parent, destination.table, *table.rows, modified=table.modified + 1_000_000)


@dataclass
class Cloud:
    """One transfer service, and the client that talks to it."""

    datasets: MemoryDatasets
    clock: ServerClock
    recorder: Recorder
    file: Path
    url: str = ""
    client: datatransfer.DataTransferServiceClient | None = None
    service: TransferService | None = None
    unsettled: Unsettled = field(default_factory=Unsettled)
    listener: Listener | None = None

    def start(self) -> None:
        self.service = TransferService(self.file, self.datasets, self.clock, self.unsettled)
        routes = [*self.service.routes, *control_routes(self.recorder, self.clock)]
        app = Gate(Router(routes, default=not_found), self.recorder, self.clock)
        self.listener = Listener(app, host="127.0.0.1", port=0)
        self.url = self.listener.url
        transport = DataTransferServiceRestTransport(
            host=self.url.removeprefix("http://"), url_scheme="http", credentials=AnonymousCredentials()
        )
        self.client = datatransfer.DataTransferServiceClient(transport=transport)

    def stop(self) -> None:
        assert self.listener is not None
        assert self.service is not None
        self.listener.stop()
        self.service.close()

    @property
    def api(self) -> datatransfer.DataTransferServiceClient:
        assert self.client is not None
        return self.client

    def config(self, *, overwrite: bool = True, parent: str = "projects/acme-analytics/locations/eu") -> str:
        made = self.api.create_transfer_config(parent=parent, transfer_config=on_demand(overwrite=overwrite))
        return str(made.name)

    def run(self, config: str) -> datatransfer.TransferRun:
        return self.finished(self.start_run(config))

    def start_run(self, config: str, at: float | None = None) -> str:
        request = datatransfer.StartManualTransferRunsRequest(
            parent=config, requested_run_time={"seconds": int(at or self.clock.now())}
        )
        return str(self.api.start_manual_transfer_runs(request=request).runs[0].name)

    def finished(self, run: str) -> datatransfer.TransferRun:
        for _ in range(500):
            found = self.api.get_transfer_run(name=run)
            if found.state.name not in {"PENDING", "RUNNING"}:
                return found
            time.sleep(0.01)
        pytest.fail(f"{run} is {found.state.name} after 5 s")

    def state(self, run: str) -> str:
        return str(self.api.get_transfer_run(name=run).state.name)

    def control(self, method: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=5)
        connection.request(method, "/control/transfer", None if body is None else json.dumps(body))
        response = connection.getresponse()
        told = json.loads(response.read())
        connection.close()
        return response.status, told

    def plan(self, outcome: str, **more: object) -> None:
        status, told = self.control("POST", {"outcome": outcome, **more})
        assert status == 200, told

    def log(self, run: str) -> list[str]:
        return [message.message_text for message in self.api.list_transfer_logs(parent=run)]


def on_demand(*, overwrite: bool = True, dataset: str = LANDING.dataset) -> datatransfer.TransferConfig:
    return datatransfer.TransferConfig(
        destination_dataset_id=dataset,
        display_name="ga4_events japan",
        data_source_id="cross_region_copy",
        params={
            "source_project_id": SOURCE.project,
            "source_dataset_id": SOURCE.dataset,
            "overwrite_destination_table": overwrite,
        },
        schedule_options={"disable_auto_scheduling": True},
    )
