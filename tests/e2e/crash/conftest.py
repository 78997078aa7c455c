"""Tests that take minutes run only when they are asked for by their marker."""

from __future__ import annotations

import pytest

_LONG = {
    "crash_everywhere": "kills a run at each of its calls; minutes, run by -m crash_everywhere",
    "faults_everywhere": "answers each call of a run with each fault; minutes, run by -m faults_everywhere",
    "histories": "tries 200 histories of changes, runs and crashes; an hour and a half, run by -m histories -n 2",
}


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for name, meaning in _LONG.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what nobody asked for."""
    asked = str(config.getoption("markexpr"))
    for item in items:
        for name in _LONG:
            if name not in asked and item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"takes minutes: run by -m {name}"))
