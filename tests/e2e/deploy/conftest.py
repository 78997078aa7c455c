"""One local cloud for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from replicator.cli.exports import make_project
from tests.conformance.server.clients import Control
from tests.e2e.clouds import Cloud, cloud
from tests.e2e.deploy.bench import Bench


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The cloud, with the dataset of every target."""
    with cloud(tmp_path_factory.mktemp("cloud")) as running:
        for project in ("acme-analytics", "acme-japan", "acme-home"):
            make_project(running.endpoints, project)
        running.dataset("acme-analytics.marketing", "EU")
        yield running


@pytest.fixture
def bench(shared: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    """The cloud as it is, without faults; configs of the test's own."""
    control = Control(shared.running.endpoints)
    yield Bench(shared, control, tmp_path, capsys)
    control.ask("DELETE", "/faults")
