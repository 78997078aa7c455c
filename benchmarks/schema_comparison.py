"""How long two wide schemas take to be compared, and how often that fits into walking both of them once.

Run: ``python -m benchmarks.schema_comparison``. The promise is 2 ms for two schemas of 338 fields, four levels deep.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

from replicator.schema.compare import compare
from replicator.schema.fields import Field, walk

ROUNDS: Final = 200


def wide() -> tuple[Field, ...]:
    """338 fields: twenty records of records of records, and what is beside them."""
    leaves = tuple(Field(f"leaf_{number}", "STRING") for number in range(13))
    deep = tuple(
        Field(f"r{n}", "RECORD", fields=(Field("x", "RECORD", fields=(Field("y", "RECORD", fields=leaves),)),))
        for n in range(20)
    )
    return (*deep, *(Field(f"beside_{number}", "INTEGER") for number in range(18)))


def best(work: Callable[[], object]) -> float:
    """Seconds of processor time, at the best of many rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - started)
    return min(times) / 1e9


def main() -> None:
    """Print the figure and the ratio."""
    target = wide()
    # Another order at the top, and in every record another leaf than the target's last: nothing is skipped as equal.
    source = tuple(_drifted(field) for field in reversed(target))
    fields = sum(1 for _ in walk(target))
    compared = best(lambda: compare(target, source))
    walked = best(lambda: (list(walk(target)), list(walk(source))))
    sys.stdout.write(f"{fields} fields, {len(compare(target, source))} differences: {compared * 1e3:.2f} ms\n")
    sys.stdout.write(f"{compared / walked:.1f} times as long as walking both\n")


def _drifted(field: Field) -> Field:
    if field.fields:
        return Field(field.name, field.type, field.mode, tuple(_drifted(inner) for inner in field.fields))
    return Field(field.name.replace("leaf_12", "another"), field.type)


if __name__ == "__main__":
    main()
