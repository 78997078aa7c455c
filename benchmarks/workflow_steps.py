"""How many simple steps of a workflow run in a second, and whether memory grows with them.

``python -m benchmarks.workflow_steps`` prints a line for each, and ends with 1 where one is beyond its bound. Processor
time of one thread is counted, the best of three, so that a busy machine does not change the answer much. The ratio is
to a bare Python loop that does the same assignments to a dictionary in the same run.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from time import thread_time
from typing import Final

from replicator.limits import STEPS_PER_EXECUTION
from replicator.runtime.clock import VirtualClock
from replicator.runtime.connectors import Connectors
from replicator.runtime.environment import Environment
from replicator.runtime.execution import Execution
from replicator.runtime.program import load
from replicator.runtime.values import Value

ROUNDS: Final = 3
STEPS_A_SECOND: Final = 50_000
SLOWER_THAN_PYTHON: Final = 60
GROWTH_BYTES: Final = 64 * 1024
"""What 100,000 steps may leave behind or take at once; each step keeping one small object would be 5 MB."""

# Two steps a turn, and three beside the turns.
TURNS: Final = (STEPS_PER_EXECUTION.value - 3) // 2
STEPS: Final = 2 * TURNS + 2
SOURCE: Final = f"""
- start: {{assign: [{{i: 0}}, {{total: 0}}]}}
- add: {{assign: [{{total: "${{total + i}}"}}, {{i: "${{i + 1}}"}}]}}
- more: {{switch: [{{condition: "${{i < {TURNS}}}", next: add}}]}}
- done: {{return: "${{total}}"}}
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement and its bound.

    Attributes:
        name: What was measured.
        value: How much of it there is.
        unit: Of the value and the bound.
        bound: The smallest value that is good enough, or the largest.
        at_least: Whether the bound is the smallest.
    """

    name: str
    value: float
    unit: str
    bound: float
    at_least: bool = False

    @property
    def good(self) -> bool:
        """Whether the value keeps to its bound."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        bound = f"{'at least' if self.at_least else 'at most'} {self.bound:,.0f}"
        return f"{self.name:<44}{self.value:>12,.1f} {self.unit} ({bound}){'' if self.good else '  BEYOND ITS BOUND'}"


def run_steps() -> Value:
    """Run the workflow from its first to its last step."""
    around = Environment(connectors=Connectors(), clock=VirtualClock(), uuid=str)
    return Execution.run(PROGRAM, None, environment=around)


def bare_loop() -> Value:
    """The same assignments and conditions, by Python itself."""
    values = {"i": 0, "total": 0}
    while True:
        values["total"] = values["total"] + values["i"]
        values["i"] = values["i"] + 1
        if not values["i"] < TURNS:
            return values["total"]


PROGRAM: Final = load(SOURCE)


def best(work: Callable[[], Value]) -> float:
    """Seconds of processor time of the fastest round."""
    return min(_seconds(work) for _ in range(ROUNDS))


def _seconds(work: Callable[[], Value]) -> float:
    begin = thread_time()
    assert work() == TURNS * (TURNS - 1) // 2
    return thread_time() - begin


def growth() -> tuple[int, int]:
    """Bytes that a run leaves behind, and that it takes at most while it runs."""
    run_steps()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    run_steps()
    gc.collect()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before, peak - before


def main() -> int:
    """Measure, print, and return the exit code."""
    ours, bare = best(run_steps), best(bare_loop)
    left, peak = growth()
    lines = (
        Measured("simple steps", STEPS / ours, "a second", STEPS_A_SECOND, at_least=True),
        Measured("times a bare Python loop's time", ours / bare, "times", SLOWER_THAN_PYTHON),
        Measured(f"memory that {STEPS:,} steps leave behind", left, "bytes", GROWTH_BYTES),
        Measured(f"memory that {STEPS:,} steps take at most", peak, "bytes", GROWTH_BYTES),
    )
    for line in lines:
        print(line)
    return 0 if all(line.good for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
