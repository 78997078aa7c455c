"""A local cloud in a process of its own, which can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replicator.local import endpoints as found_at
from replicator.local.endpoints import Endpoints


@contextmanager
def process(directory: Path) -> Iterator[tuple[subprocess.Popen[str], Endpoints]]:
    program = Path(__file__).with_name("serving.py")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        [sys.executable, str(program), str(directory)], stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            found = found_at.read(directory)
            assert found is not None
            yield server, found
        finally:
            server.kill()


class Nursery:
    """Starts servers by forking a process that has imported everything."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("nursery.py")
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        self._process = subprocess.Popen(
            [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._child: int | None = None

    def start(self, directory: Path) -> Endpoints:
        """Serve a directory."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{directory}\n")
        self._process.stdin.flush()
        self._child = int(self._line())
        found = found_at.read(directory)
        assert found is not None
        assert found.pid == self._child
        return found

    def kill(self) -> None:
        """End the server with SIGKILL."""
        assert self._child is not None
        os.kill(self._child, signal.SIGKILL)
        self._child = None
        assert self._line() == "ended"

    def close(self) -> None:
        """End everything."""
        if self._child is not None:
            self.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
