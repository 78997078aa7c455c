"""The Workflows services on this machine, with Google's clients in front and an executor of the tests' own behind."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1
from google.cloud.workflows.executions_v1.services.executions.transports import ExecutionsGrpcTransport
from google.cloud.workflows_v1.services.workflows.transports import WorkflowsRestTransport
from starlette.routing import Router

from replicator.local.clock import ServerClock
from replicator.local.gate import Gate, not_found
from replicator.local.listener import Listener
from replicator.local.recorder import Recorder
from replicator.local.workflows.app import Workflows

PARENT = "projects/acme-analytics/locations/europe-west1"
SOURCE = "main:\n  params: [args]\n  steps:\n    - done:\n        return: ${args}\n"
EXECUTOR = (sys.executable, str(Path(__file__).with_name("executor.py")))


@dataclass
class Cloud:
    """Both services over one file."""

    file: Path
    executor: tuple[str, ...] = EXECUTOR
    recorder: Recorder = field(default_factory=Recorder)
    clock: ServerClock = field(default_factory=ServerClock)

    def start(self) -> None:
        self.services = Workflows(self.file, self.clock, self.recorder, executor=self.executor)
        app = Gate(Router(self.services.routes, default=not_found), self.recorder, self.clock)
        self.listener = Listener(app, host="127.0.0.1", port=0)
        self.endpoints = self.services.listen(self.listener.url, host="127.0.0.1")
        rest = WorkflowsRestTransport(
            host=self.endpoints.http.removeprefix("http://"), url_scheme="http", credentials=AnonymousCredentials()
        )
        self.workflows = workflows_v1.WorkflowsClient(transport=rest)
        self.channel = grpc.insecure_channel(self.endpoints.executions)
        self.executions = executions_v1.ExecutionsClient(transport=ExecutionsGrpcTransport(channel=self.channel))

    def stop(self) -> None:
        self.channel.close()
        self.services.stop()
        self.listener.stop()
        self.services.close()

    def deploy(self, name: str = "ga4", source: str = SOURCE, **more: Any) -> Any:
        workflow = workflows_v1.Workflow(source_contents=source, **more)
        return self.workflows.create_workflow(parent=PARENT, workflow_id=name, workflow=workflow).result(timeout=5)

    def execute(self, name: str = "ga4", argument: Any = None) -> Any:
        execution = executions_v1.Execution(argument="" if argument is None else json.dumps(argument))
        return self.executions.create_execution(parent=f"{PARENT}/workflows/{name}", execution=execution)

    def ended(self, execution: str) -> Any:
        def has_ended() -> bool:
            return bool(self.executions.get_execution(name=execution).state.name != "ACTIVE")

        wait_for(has_ended)
        return self.executions.get_execution(name=execution)


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it is so, at most ten seconds."""
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            pytest.fail("it did not become so within 10 s")
        time.sleep(0.01)
