"""A BigQuery server on a thread, and Google's own client that talks to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from starlette.applications import Starlette

from replicator.local.bigquery.api.app import BigQueryService, bigquery_routes
from replicator.local.recorder import Recorder, Statement
from tests.googlesql_served import COUNTS, judged

PROJECT = "acme-test"
SENT: list[Statement] = []
"""What any server of this folder's tests was sent since GoogleSQL was asked last."""


class Listening(Recorder):
    """A recorder whose statements are put before GoogleSQL, also those that a test clears."""

    def statement(self, statement: Statement) -> None:
        super().statement(statement)
        SENT.append(statement)


@dataclass(frozen=True)
class Running:
    """A server: where it listens, what it keeps account in, what it serves."""

    url: str
    recorder: Recorder
    service: BigQueryService
    directory: Path

    def client(self, project: str = PROJECT, location: str | None = None) -> bigquery.Client:
        """Google's client for this server."""
        return bigquery.Client(
            project=project,
            credentials=AnonymousCredentials(),
            client_options=ClientOptions(api_endpoint=self.url),
            location=location,
        )


def serve(directory: Path, *, now: Callable[[], float] = time.time) -> Generator[Running, None, None]:
    """Serve a folder in which there is one project, until the generator is closed; ``now`` is the server's clock."""
    recorder = Listening()
    service = bigquery_routes(directory, recorder, now=now)
    service.store.make_project(PROJECT)
    config = uvicorn.Config(Starlette(routes=service.routes), host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Running(f"http://127.0.0.1:{port}", recorder, service, directory)
    finally:
        server.should_exit = True
        thread.join()
        service.close()


@pytest.fixture(autouse=True)
def agreed(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Every statement of every test is to GoogleSQL what it is here."""
    yield
    sent = SENT.copy()
    SENT.clear()
    verdict = judged(sent)
    record_property(COUNTS, dict(verdict.counts))
    assert not verdict.wrong, "\n".join(verdict.wrong)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for the tests of a module; each test makes datasets of its own."""
    yield from serve(tmp_path_factory.mktemp("bigquery"))


@pytest.fixture
def client(running: Running) -> bigquery.Client:
    """A client whose jobs run where their datasets lie."""
    return running.client()


@pytest.fixture
def dataset(client: bigquery.Client, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of an empty dataset in the EU."""
    name = "ds_" + "".join(c if c.isalnum() else "_" for c in request.node.name)[:60]
    made = bigquery.Dataset(f"{PROJECT}.{name}")
    made.location = "EU"
    client.create_dataset(made)
    yield f"{PROJECT}.{name}"
    client.delete_dataset(f"{PROJECT}.{name}", delete_contents=True, not_found_ok=True)
