"""The command line as a person has it, in a process of its own; and what runs only when it is asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

_TIMEOUT = 300
Replicator = Callable[..., subprocess.CompletedProcess[str]]


_LONG: Final = {
    "crash_everywhere": "kills a run at each of its calls; minutes, run by -m crash_everywhere",
    "faults_everywhere": "answers each call of a run with each fault; minutes, run by -m faults_everywhere",
    "histories": "tries 200 histories of changes, runs and crashes; an hour and a half, run by -m histories -n 2",
    "scale": "60 sources, 2,500 datasets; minutes, run by -m scale",
}
"""Tests that take minutes run only when they are asked for by their marker."""


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


@dataclass(frozen=True)
class DemoRun:
    """A finished demo.

    Attributes:
        directory: The local cloud it left, with configs and workflows beside it.
        done: Its exit code and what it said.
    """

    directory: Path
    done: subprocess.CompletedProcess[str]


def _run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REPLICATOR_")}
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "replicator", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
        cwd=cwd or root,
        env={**clean, "PYTHONPATH": str(root)},
    )


@pytest.fixture(scope="session")
def replicator() -> Replicator:
    """Runs ``replicator`` with the arguments given, from ``cwd``."""
    return _run


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The demo, run once for every test that looks at what it left."""
    directory = tmp_path_factory.mktemp("demo") / "cloud"
    return DemoRun(directory, _run("demo", "--dir", directory))


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """``replicator local serve`` over ``directory`` as a process of its own; its address."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "replicator", "local", "serve", "--dir", str(directory)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
