"""A server of its own for each test, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from replicator.local.server import Running, serve
from tests.conformance.server.clients import FIRST, Clients, Control
from tests.conformance.server.serving import EXECUTOR
from tests.googlesql_served import COUNTS, judged


def pytest_addoption(parser: pytest.Parser) -> None:
    """More of them than there is time for every day; given with the path of this folder."""
    parser.addoption("--requests", type=int, default=300, help="how many malformed requests are sent to each service")
    parser.addoption("--statements", type=int, default=300, help="how many broken statements are sent")


@pytest.fixture
def running(tmp_path: Path, record_property: Callable[[str, object], None]) -> Iterator[Running]:
    """A server, every statement of which is to GoogleSQL what it is here."""
    with serve(tmp_path / "cloud", executor=EXECUTOR) as server:
        yield server
    verdict = judged(server.recorder.statements())
    record_property(COUNTS, dict(verdict.counts))
    assert not verdict.wrong, "\n".join(verdict.wrong)


@pytest.fixture
def clients(running: Running) -> Clients:
    """Clients of a project that is there, because it has a dataset."""
    clients = Clients(running.endpoints)
    clients.make_dataset(f"acme-analytics.{FIRST}", "US")
    running.recorder.clear_calls()
    return clients


@pytest.fixture
def control(running: Running) -> Control:
    return Control(running.endpoints)
