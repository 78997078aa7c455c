"""Tests that take minutes run only when they are asked for by their marker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.clouds import cloud
from tests.e2e.drift.aligning import Aligning

_NAME = "drift_everywhere"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what nobody asked for."""
    if _NAME not in str(config.getoption("markexpr")):
        for item in items:
            if item.get_closest_marker(_NAME):
                item.add_marker(pytest.mark.skip(reason=f"takes minutes: run by -m {_NAME}"))


@pytest.fixture(scope="module")
def aligning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aligning]:
    """A local cloud for all tests of a module."""
    with cloud(tmp_path_factory.mktemp("aligning") / "cloud") as local:
        yield Aligning(local)
