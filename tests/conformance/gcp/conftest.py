"""A local cloud in this process, for the whole of these tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.local.server import Running, serve


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over an empty directory."""
    executor = (sys.executable, "-m", "replicator.cli.execute")
    with serve(tmp_path_factory.mktemp("cloud"), executor=executor) as running:
        yield running


@pytest.fixture
def clients(cloud: Running) -> Clients:
    """Google's clients, pointed at it."""
    return Clients(Endpoints.at(cloud.endpoints.http))
