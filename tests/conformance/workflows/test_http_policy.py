"""Where executions of the local cloud may send HTTP requests to: itself, and what its operator allows."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1
from google.cloud.workflows.executions_v1.services.executions.transports import ExecutionsGrpcTransport
from google.cloud.workflows_v1.services.workflows.transports import WorkflowsRestTransport

from replicator.cli.cloud import serving
from replicator.cli.main import answer
from tests.conformance.workflows.cloud import PARENT, wait_for

GET = """\
main:
  params: [args]
  steps:
    - get: {call: http.get, args: {url: "${args.url}"}, result: answer}
    - done: {return: "${answer.body}"}
"""


@pytest.fixture
def outside() -> Iterator[str]:
    """Another program of this machine: ``host:port``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(b"outside")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's own parameter name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def executed(http: str, executions: str, url: str) -> Any:
    """The execution of a workflow that asks for ``url``, when it has ended."""
    rest = WorkflowsRestTransport(
        host=http.removeprefix("http://"), url_scheme="http", credentials=AnonymousCredentials()
    )
    workflow = workflows_v1.Workflow(source_contents=GET)
    workflows_v1.WorkflowsClient(transport=rest).create_workflow(
        parent=PARENT, workflow_id="get", workflow=workflow
    ).result(timeout=5)
    with grpc.insecure_channel(executions) as channel:
        client = executions_v1.ExecutionsClient(transport=ExecutionsGrpcTransport(channel=channel))
        execution = executions_v1.Execution(argument=json.dumps({"url": url}))
        name = client.create_execution(parent=f"{PARENT}/workflows/get", execution=execution).name
        wait_for(lambda: bool(client.get_execution(name=name).state.name != "ACTIVE"))
        return client.get_execution(name=name)


def test_nothing_outside_is_reached_unless_it_is_allowed(tmp_path: Path, outside: str) -> None:
    """The error names the address, and says what whoever serves the cloud would do."""
    with serving(tmp_path) as running:
        at = running.endpoints
        ended = executed(at.http, at.executions, f"http://{outside}/")

    error = json.loads(ended.error.payload)
    assert error["tags"] == ["ConnectionFailedError"]
    assert f"{outside} is not part of the local cloud" in error["message"]
    assert "replicator local serve --allow-http 127.0.0.1" in error["message"]


def test_what_the_operator_allows_is_reached(tmp_path: Path, outside: str) -> None:
    """And nothing but that."""
    with serving(tmp_path, allowed=[outside]) as running:
        at = running.endpoints
        ended = executed(at.http, at.executions, f"http://{outside}/")

    assert json.loads(ended.result) == "outside"


def test_the_cloud_itself_is_reached_without_being_allowed(tmp_path: Path) -> None:
    """By its own address, and by the names of Google's APIs."""
    with serving(tmp_path) as running:
        at = running.endpoints
        ended = executed(at.http, at.executions, f"https://workflows.googleapis.com/v1/{PARENT}/workflows/get")

    assert json.loads(ended.result)["sourceContents"] == GET


def test_a_host_that_is_none_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with how it is written."""
    assert answer(["local", "serve", "--dir", str(tmp_path), "--allow-http", "http://x/"]) == 2
    assert "write it as 'api.example.com'" in capsys.readouterr().err
