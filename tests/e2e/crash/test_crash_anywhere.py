"""A run is killed at each of its calls, before it and after it acted; the next runs end equal to the oracle."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.crash.bench import MERGES, Crashing, Killable, Scene, crashing

SAMPLE = 3
"""Points of a run of the usual suite; all of them with ``-m crash_everywhere``."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """A local cloud that the points share."""
    with crashing(tmp_path_factory.mktemp("crash")) as local:
        yield local


@dataclass(frozen=True)
class Point:
    """Where a run is killed: at its call of this number, from 1, ``before`` or ``after`` the server acted."""

    call: int
    when: str


def prepared(bench: Crashing, merge: str) -> tuple[Scene, int]:
    """A scene whose target holds a run's rows, and how many calls a run makes there that has something to replace."""
    scene = bench.scene(merge)
    assert bench.run(scene)["state"] == "done"
    bench.change(scene)
    bench.cloud.calls()
    assert bench.run(scene)["state"] == "done"
    return scene, sum(bench.cloud.calls().values())


def killed_at(bench: Crashing, scene: Scene, point: Point) -> str:
    """Run until the point and kill the run there; the call, or nothing when the run ended before."""
    hold = bench.control.hold(point.when, nth=point.call)
    run: Killable = bench.start(scene)
    try:
        while True:
            told = bench.control.get(f"/holds/{hold}?wait=1")
            if told["state"] == "holding":
                return str(told["held"][0])
            if run.answer.poll(0):
                assert run.result()["state"] == "done"
                return ""
    finally:
        run.kill()
        bench.control.ask("DELETE", "/holds")


def survives(bench: Crashing, scene: Scene, points: list[Point]) -> list[str]:
    """Kill a run at each point, run again and compare; at the end nothing is due. What went wrong."""
    wrong = []
    for number, point in enumerate(points, start=1):
        bench.change(scene, number)
        call = killed_at(bench, scene, point)
        bench.let_leases_expire()
        state = bench.run(scene)
        said = f"{scene.merge}: killed {point.when} call {point.call} of {call or 'none, it ended before'}"
        try:
            assert state["state"] != "failed", state["error"]
            bench.check(scene)
        except AssertionError as failure:
            wrong.append(f"{said}: {failure}")
        print(f"{said}: {state['state']}")
    bench.settle(scene)
    bench.check(scene)
    return wrong


@pytest.mark.slow
def test_a_run_killed_at_any_call_is_made_good_by_the_next(bench: Crashing) -> None:
    """A sample of points, the same in every run of this test."""
    scene, number = prepared(bench, "replace_partitions")
    chosen = random.Random(5)
    points = [Point(chosen.randint(1, number), ("before", "after")[i % 2]) for i in range(SAMPLE)]
    assert survives(bench, scene, points) == []


@pytest.mark.crash_everywhere
@pytest.mark.parametrize("merge", MERGES)
def test_a_run_killed_at_every_call_is_made_good_by_the_next(bench: Crashing, merge: str) -> None:
    """Every call of the run, before and after the server acted."""
    scene, number = prepared(bench, merge)
    points = [Point(call, when) for call in range(1, number + 1) for when in ("before", "after")]
    print(f"{merge}: {len(points)} points")
    wrong = survives(bench, scene, points)
    assert wrong == [], "\n".join(wrong)
