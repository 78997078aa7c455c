"""What the local cloud's server takes: memory when nobody asks, and fifty small jobs at once.

``python -m benchmarks.local_server`` starts ``replicator local serve`` in a process of its own, prints a line per
figure, and ends with 1 where one is above its bound. The jobs' time is the clock's, from the first call to the last
answer, through google-cloud-bigquery: run it on a machine that does nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

JOBS: Final = 50
SECONDS: Final = 3
MEGABYTES: Final = 150
ROUNDS: Final = 3


def resident(process: int) -> float:
    """What a process has in memory, in MB, by /proc."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1_000
    message = f"/proc/{process}/status has no VmRSS"
    raise ValueError(message)


def ask_at_once(client: bigquery.Client) -> float:
    """So many queries at the same time, each a job; seconds until the last has its rows."""
    started = time.monotonic()
    with ThreadPoolExecutor(JOBS) as threads:
        asked = [threads.submit(client.query_and_wait, f"SELECT {number} AS x") for number in range(JOBS)]
        answers = [[row.x for row in one.result()] for one in asked]
    assert answers == [[number] for number in range(JOBS)], "other rows"
    return time.monotonic() - started


def main() -> int:
    """Measure, print, and say whether all is within its bound."""
    within = True
    with tempfile.TemporaryDirectory(prefix="replicator-benchmark-") as folder:
        command = (sys.executable, "-m", "replicator", "local", "serve", "--dir", folder, "--port", "0")
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command
        try:
            endpoint = _endpoint(server)
            client = bigquery.Client(
                project="acme-bench", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint}
            )
            figures = [("idle, just started", resident(server.pid), MEGABYTES, "MB")]
            client.create_dataset("acme-bench.jobs")
            ask_at_once(client)
            taken = min(ask_at_once(client) for _ in range(ROUNDS))
            figures.append((f"{JOBS} jobs at once", taken, SECONDS, "s"))
            client.close()
            time.sleep(1)
            figures.append((f"idle, after {JOBS * (ROUNDS + 1)} jobs", resident(server.pid), MEGABYTES, "MB"))
        finally:
            server.terminate()
            server.wait()
    for name, figure, bound, unit in figures:
        verdict = "" if figure <= bound else "  TOO MUCH"
        print(f"{name:<32}{figure:8.1f} {unit} (at most {bound} {unit}){verdict}")
        within = within and figure <= bound
    return 0 if within else 1


def _endpoint(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    for line in server.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word.rstrip(",.")
    message = "the server has said no address"
    raise ValueError(message)


if __name__ == "__main__":
    sys.exit(main())
