"""What analytical queries cost in the local cloud, as ratios to bare DuckDB over the same files in the same run.

``python -m benchmarks.analytical_queries`` prints a line per query and the median, and ends with 1 where that is above
its bound. Processor time of all threads is compared, the best of three. Ours is GoogleSQL's text, from parsing it to
the rows as the API writes them; DuckDB's is a query written for DuckDB by hand, which reads the table's own Parquet
files and hands its rows over as Python's values. Both have to be the same rows.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, Final

from benchmarks.bigquery_storage import DATASET, opened
from replicator.schema.fields import Field, Mode

ROUNDS: Final = 3
ROWS: Final = 1_000_000
BOUND: Final = 1.5
EVENTS: Final = DATASET.table("events")
FIELDS: Final = (
    Field("day", "DATE"), Field("ts", "TIMESTAMP"), Field("user", "STRING"), Field("name", "STRING"),
    Field("amount", "FLOAT"),
    Field("device", "RECORD", fields=(Field("kind", "STRING"), Field("os", "STRING"), Field("version", "INTEGER"))),
    Field("params", "RECORD", Mode.REPEATED, (Field("key", "STRING"), Field("text", "STRING"), Field("n", "INTEGER"))),
    Field("items", "RECORD", Mode.REPEATED, (Field("sku", "STRING"), Field("count", "INTEGER"))),
)  # fmt: skip
MADE: Final = f"""
SELECT DATE '2026-01-01' + (i % 30)::INTEGER AS day,
  TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(i * 7 % 2592000) AS ts, 'user ' || (i * 7919 % 50000) AS user,
  ['view', 'view', 'view', 'scroll', 'click', 'buy'][1 + i % 6] AS name, (i % 1000) / 8 AS amount,
  {{kind: ['phone', 'desktop', 'tablet'][1 + i % 3], os: ['A', 'B', 'C', 'D'][1 + i // 3 % 4],
    version: i % 17}} AS device,
  [{{key: 'page', text: '/p/' || (i % 2000), n: NULL::BIGINT}},
   {{key: 'session', text: NULL, n: i // 20}}] AS params,
  CASE WHEN i % 6 = 5 THEN [{{sku: 'sku ' || (i % 300), count: 1 + i % 4}}, {{sku: 'sku ' || (i % 7), count: 1}}]
    ELSE [] END AS items
FROM range({ROWS}) r(i)"""

QUERIES: Final = Path(__file__).with_suffix(".sql").read_text("utf-8").split("\n\n")
"""Of each query three lines: what it is, GoogleSQL, DuckDB's SQL."""


def best(ask: Callable[[str], Any], sql: str) -> tuple[float, Any]:
    """The least processor time that a question takes, in seconds, and its answer."""
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        answer = ask(sql)
        times.append(process_time() - started)
    return min(times), answer


def main() -> int:
    """Measure, print, and say whether the median is within its bound."""
    with opened() as (ours, _):
        ours.create(EVENTS, FIELDS)
        ours.append(EVENTS, MADE)
        files = f"read_parquet({ours.files(EVENTS)})"
        ratios = []
        for query in QUERIES:
            title, sql, by_hand = query.strip().splitlines()
            taken, lines = best(ours.statements.run, sql.format(t=f"`{EVENTS}`"))
            bare, rows = best(lambda text: ours.connection.execute(text).fetchall(), by_hand.format(t=files))
            told = sorted(tuple(str(cell["v"]) for cell in json.loads(line)["f"]) for line in lines)
            assert told == sorted(tuple(str(cell) for cell in row) for row in rows), f"{title}: other rows"
            ratios.append(taken / bare)
            figures = f"{ratios[-1]:6.2f}x  {taken * 1000:8.1f} ms against {bare * 1000:.1f} ms"
            print(f"{title.removeprefix('-- '):<32}{figures}", flush=True)
    median = statistics.median(ratios)
    print(f"{'median':<32}{median:6.2f}x (at most {BOUND:g}x){'' if median <= BOUND else '  TOO SLOW'}")
    return 0 if median <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
