"""A local cloud for the tests of a module, and Google's clients of Cloud Storage and BigQuery."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from replicator.local.server import Running, serve
from tests.conformance.server.clients import Control
from tests.conformance.server.serving import EXECUTOR
from tests.googlesql_served import COUNTS, judged

PROJECT = "acme-analytics"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """What a test has to itself: a bucket and a dataset that lie in the EU, and the clients that see them."""

    storage: storage.Client
    bigquery: bigquery.Client
    bucket: storage.Bucket
    dataset: str
    running: Running

    @property
    def uri(self) -> str:
        """Of the bucket."""
        return f"gs://{self.bucket.name}"

    @property
    def address(self) -> str:
        """Of the server."""
        return self.running.endpoints.http

    def put(self, name: str, data: bytes | str) -> str:
        """Put an object into the bucket; its URI."""
        self.bucket.blob(name).upload_from_string(data)
        return f"{self.uri}/{name}"

    def names(self) -> list[str]:
        """The bucket's objects."""
        return [blob.name for blob in self.bucket.list_blobs()]

    def get(self, name: str) -> bytes:
        """What an object holds."""
        return bytes(self.bucket.blob(name).download_as_bytes())

    def sql(self, text: str) -> bigquery.table.RowIterator:
        """Run a query."""
        return self.bigquery.query(text, job_retry=None).result(timeout=30)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for the tests of a module."""
    with serve(tmp_path_factory.mktemp("cloud"), executor=EXECUTOR) as server:
        yield server


@pytest.fixture(scope="module")
def clients(running: Running) -> tuple[storage.Client, bigquery.Client]:
    """Google's clients."""
    given = {
        "project": PROJECT,
        "credentials": AnonymousCredentials(),
        "client_options": {"api_endpoint": running.endpoints.http},
    }
    return storage.Client(**given), bigquery.Client(**given)


@pytest.fixture
def place(
    running: Running,
    clients: tuple[storage.Client, bigquery.Client],
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> Iterator[Place]:
    """A bucket and a dataset in the EU; every statement of the test is to GoogleSQL what it is here."""
    files, tables = clients
    name = re.sub(r"[^a-z0-9]+", "_", str(request.node.name).lower()).strip("_")[:50]
    name = f"{name}_{next(_NUMBERS)}"
    dataset = bigquery.Dataset(f"{PROJECT}.{name}")
    dataset.location = "EU"
    tables.create_dataset(dataset)
    running.recorder.clear_statements()
    yield Place(files, tables, files.create_bucket(name, location="EU"), f"{PROJECT}.{name}", running)
    verdict = judged(running.recorder.statements())
    record_property(COUNTS, dict(verdict.counts))
    assert not verdict.wrong, "\n".join(verdict.wrong)


@pytest.fixture
def control(running: Running) -> Iterator[Control]:
    """The control port, on which a test leaves nothing behind."""
    port = Control(running.endpoints)
    yield port
    for path in ("faults", "holds", "unsettled"):
        port.ask("DELETE", f"/{path}")
