"""A run is killed at each of its calls, before it and after it acted; the next run ends equal to the oracle."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.crash.bench import MERGES
from tests.e2e.crash.nights import FIRST, Night, kept
from tests.e2e.crash.points import Call, InProcess, InService, Way, calls_of, killed_at, run_again

SAMPLE: Final = 2
"""Points of each way in a run of the usual suite; all of them with ``-m crash_everywhere``."""

WAYS: Final = ("in process", "deployed")
Point = tuple[Call, str]


@dataclass(frozen=True)
class Crashes:
    """One night, one way to run it, and every point of the run."""

    night: Night
    way: Way
    points: list[Point]

    def survives(self, points: list[Point]) -> list[str]:
        """Kill the run at each of these points, run again, and compare. What went wrong, point by point."""
        wrong, unreached = [], 0
        for call, when in points:
            begun = time.perf_counter()
            said = f"{self.night.merge}: killed {when} {call}"
            with self.night.resumed() as standing:
                try:
                    if killed_at(self.way, standing, call, when):
                        said += f", then {run_again(self.way, standing)['state']}"
                    else:
                        said, unreached = f"{said}: the run had no such call", unreached + 1
                    standing.check()
                except AssertionError as failure:
                    wrong.append(f"{said}: {failure}")
            verdict = "WRONG" if wrong and wrong[-1].startswith(said) else f"{time.perf_counter() - begun:.1f} s"
            print(f"{said}: {verdict}", flush=True)
        assert unreached <= len(points) // 5, f"{unreached} of {len(points)} points were never reached"
        return wrong


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Crashes]]:
    """Makes the night of a strategy, and records the calls of its run, once for both ways."""
    with ExitStack() as opened:

        @cache
        def recorded(merge: str) -> tuple[Night, InProcess, list[Call]]:
            directory: Path = tmp_path_factory.mktemp("crash") / merge
            night = kept(directory, merge, lambda standing: InProcess(standing.night, opened).run(standing))
            way = InProcess(night, opened)
            with night.resumed() as standing:
                assert way.run(standing)["state"] == "done"
                calls = calls_of(standing)
                standing.check()
            return night, way, calls

        def made(merge: str, way: str) -> Crashes:
            night, in_process, calls = recorded(merge)
            chosen: Way = in_process if way == "in process" else InService()
            return Crashes(night, chosen, [(call, when) for call in calls for when in ("before", "after")])

        yield made


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_run_killed_at_any_call_is_made_good_by_the_next(crashes: Callable[[str, str], Crashes], way: str) -> None:
    """A sample of points, the same in every run of this test."""
    some = crashes("replace_partitions", way)
    chosen = random.Random(5)
    assert some.survives(chosen.sample(some.points, SAMPLE)) == []


@pytest.mark.crash_everywhere
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("merge", [*MERGES, FIRST])
def test_a_run_killed_at_every_call_is_made_good_by_the_next(
    crashes: Callable[[str, str], Crashes], request: pytest.FixtureRequest, way: str, merge: str
) -> None:
    """Every call of the run, before and after the server acted; with ``--points N`` a sample of them."""
    every = crashes(merge, way)
    number = min(request.config.getoption("--points") or len(every.points), len(every.points))
    points = random.Random(merge + way).sample(every.points, number)
    print(f"{merge}, {way}: {number} of {len(every.points)} points")
    wrong = every.survives(points)
    assert wrong == [], "\n".join(wrong)
