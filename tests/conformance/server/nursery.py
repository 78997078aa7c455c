"""Local clouds in processes that are quickly started: ``nursery.py`` imports everything once and forks for each.

A directory on a line of its standard input is served by a child; the child's pid is the answer, once it listens. When
the child has ended, however that happened, ``ended`` follows.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import duckdb  # noqa: F401 - imported before the forks
import grpc  # noqa: F401 - imported before the forks
from google.cloud.workflows.executions_v1 import types  # noqa: F401 - imported before the forks

from replicator.local.server import serve
from tests.conformance.server.serving import EXECUTOR


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def child(directory: Path) -> None:
    with serve(directory, executor=EXECUTOR) as running:
        say(str(os.getpid()))
        running.wait()


if __name__ == "__main__":
    for line in sys.stdin:
        if not (pid := os.fork()):
            child(Path(line.strip()))
            os._exit(0)
        os.waitpid(pid, 0)
        say("ended")
