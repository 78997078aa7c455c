"""One transfer service for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from replicator.local.bigquery.ration import Ration
from replicator.local.clock import ServerClock
from replicator.local.recorder import Recorder
from tests.conformance.transfer.cloud import LANDING, SOURCE, Cloud, MemoryDatasets


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    clock = ServerClock()
    ration = Ration(tmp_path / "ration.sqlite", lambda: int(clock.now() * 1_000))
    datasets = MemoryDatasets(ration)
    datasets.released.set()
    datasets.make(SOURCE, "asia-northeast1")
    datasets.make(LANDING, "EU")
    cloud = Cloud(datasets, clock, Recorder(), tmp_path / "transfer.sqlite")
    cloud.start()
    yield cloud
    datasets.released.set()
    cloud.stop()
    ration.close()
