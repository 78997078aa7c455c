"""Calls go wrong and nothing dies: the run ends by itself, and the next ends equal to the oracle."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.e2e.crash.bench import Crashing, Scene, crashing

KINDS = ("429", "503", "drop_before", "drop_after")
SAMPLE = 4
"""Faults of a run of the usual suite; all of them with ``-m faults_everywhere``."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """A local cloud that the tests of this file share."""
    with crashing(tmp_path_factory.mktemp("faults")) as local:
        yield local


def prepared(bench: Crashing) -> tuple[Scene, int]:
    """A scene that has run, and how many calls a run makes there that has something to replace."""
    scene = bench.scene()
    assert bench.run(scene)["state"] == "done"
    bench.change(scene)
    bench.cloud.calls()
    assert bench.run(scene)["state"] == "done"
    return scene, sum(bench.cloud.calls().values())


def endures(bench: Crashing, scene: Scene, points: list[tuple[int, str]]) -> list[str]:
    """One call of a run answered so, then another run; what went wrong."""
    wrong = []
    for number, (call, kind) in enumerate(points, start=1):
        bench.change(scene, number)
        bench.control.fault(kind, skip=call - 1)
        first = bench.start(scene).result(120)["state"]
        fired = bench.control.fired()
        bench.control.ask("DELETE", "/faults")
        if first == "failed":
            bench.let_leases_expire()
        said = f"call {call} answered by {kind} (fired {fired[0]}): {first}"
        try:
            second = bench.run(scene)
            said += f", then {second['state']}"
            assert second["state"] != "failed", second["error"]
            bench.check(scene)
        except AssertionError as failure:
            wrong.append(f"{said}: {failure}")
        print(said)  # noqa: T201  the points are what one reads of it
    bench.settle(scene)
    bench.check(scene)
    return wrong


@pytest.mark.slow
def test_a_call_that_goes_wrong_once_ends_no_run_badly(bench: Crashing) -> None:
    """A sample of calls and faults, the same in every run of this test."""
    scene, number = prepared(bench)
    chosen = random.Random(5)  # noqa: S311  a sample, not a secret
    assert endures(bench, scene, [(chosen.randint(1, number), KINDS[i % len(KINDS)]) for i in range(SAMPLE)]) == []


@pytest.mark.faults_everywhere
@pytest.mark.parametrize("kind", KINDS)
def test_any_call_may_go_wrong(bench: Crashing, kind: str) -> None:
    """Every call of a run, each answered so once."""
    scene, number = prepared(bench)
    wrong = endures(bench, scene, [(call, kind) for call in range(1, number + 1)])
    assert wrong == [], "\n".join(wrong)


@pytest.mark.faults_everywhere
def test_a_copy_that_loses_a_table_fails_its_source_alone(bench: Crashing) -> None:
    """Reported as SUCCEEDED without the table: the source fails by name, the other is committed; the next run heals."""
    scene, _ = prepared(bench)
    bench.change(scene, 1)
    bench.control.post("/transfer", {"outcome": "succeeds_without", "tables": "buf|events|part|unit|_", "times": 1})

    failed = bench.run(scene)

    bench.control.ask("DELETE", "/transfer")
    assert failed["state"] == "failed"
    assert "japan" in failed["error"]
    assert "home, " not in failed["error"]
    bench.settle(scene)
    bench.check(scene)
