"""What a question costs over the local cloud's BigQuery API, as ratios to a call that only looks, in the same run.

``python -m benchmarks.bigquery_api`` prints a line per piece of work, and ends with 1 where one is above its bound.
Processor time of all threads is compared, the best of three, so that a busy machine does not change the answer much:
the client's and the server's, for both are in this process. The call that only looks is ``datasets.get``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from typing import Final

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from replicator.local.server import serve

ROUNDS: Final = 3
CALLS: Final = 50
NAME: Final = "acme-bench.questions"


def best(work: Callable[[], object]) -> float:
    """The least processor time that ``work`` takes when it is done so many times, in seconds a time."""
    work()
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        for _ in range(CALLS):
            work()
        times.append(process_time() - started)
    return min(times) / CALLS


def main() -> int:
    """Measure, print, and say whether all is within its bound."""
    with (
        tempfile.TemporaryDirectory(prefix="replicator-benchmark-") as name,
        serve(Path(name), executor=()) as running,
    ):
        client = bigquery.Client(
            project="acme-bench",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": running.endpoints.http},
        )
        client.create_dataset(NAME)
        client.query_and_wait(f"CREATE TABLE `{NAME}.t` AS SELECT 1 AS x")
        looking = best(partial(client.get_dataset, NAME))
        within = True
        for sql, bound in (("SELECT 1", 5), (f"SELECT x FROM `{NAME}.t`", 6)):
            asking = best(partial(client.query_and_wait, sql))
            ratio = asking / looking
            verdict = "" if ratio <= bound else "  TOO SLOW"
            figures = f"{asking * 1000:.1f} ms against {looking * 1000:.1f} ms"
            print(f"{sql:<48}{ratio:6.2f}x (at most {bound}x)  {figures}{verdict}", flush=True)
            within = within and ratio <= bound
        client.close()
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
