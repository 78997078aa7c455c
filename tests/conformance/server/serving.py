"""A local cloud in a process of its own: ``serving.py DIR``; prints where it listens, ends as it is told to."""

from __future__ import annotations

import sys
from pathlib import Path

from replicator.local.server import serve

EXECUTOR = (sys.executable, str(Path(__file__).parents[1] / "workflows" / "executor.py"))

if __name__ == "__main__":
    with serve(Path(sys.argv[1]), executor=EXECUTOR) as running:
        sys.stdout.write(running.endpoints.http + "\n")
        sys.stdout.flush()
        running.wait()
