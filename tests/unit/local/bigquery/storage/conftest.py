from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.local.bigquery.storage.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A store of the test's own."""
    made = Bench(tmp_path / "bigquery")
    yield made
    made.store.close()
