"""Calls go wrong and nothing dies: the run ends by itself, and the target equals the oracle."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.e2e.crash.bench import Crashing, Scene, crashing
from tests.e2e.crash.enduring import calls_of, finished, prepared

KINDS = ("drop_after", "500", "hang_before", "429", "drop_before", "hang_after", "503")
SAMPLE = 4
"""Faults of a run of the usual suite; all of them with ``-m faults_everywhere``."""

HUNG_SECONDS = 12
"""How long a call hangs. The document gives up after a minute; here it is told to after a few seconds."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """A local cloud that the tests of this file share."""
    with crashing(tmp_path_factory.mktemp("faults")) as local:
        yield local


def impatient(scene: Scene) -> Scene:
    """The same scene, whose document gives a call a few seconds."""
    text = scene.text.replace("timeout: 60", "timeout: 6").replace("timeoutMs: 10000", "timeoutMs: 2000")
    assert text.count("timeout: 6") > 6
    return replace(scene, text=text)


def endures(bench: Crashing, scene: Scene, points: Sequence[tuple[int, str]]) -> list[str]:
    """One call of a run answered so, at each point: the run ends well, none the wiser. What went wrong."""
    wrong, hasty = [], impatient(scene)
    for number, (call, kind) in enumerate(points, start=1):
        bench.change(scene, number)
        hung = kind.startswith("hang")
        bench.control.fault(kind, None, skip=call - 1, **({"seconds": HUNG_SECONDS} if hung else {}))
        bench.cloud.calls()
        first = bench.run(hasty if hung else scene)
        fired = bench.control.fired()[0]
        bench.control.ask("DELETE", "/faults")
        said = f"call {call} answered by {kind}"
        try:
            then = finished(bench, scene, first)
            assert fired == 0 or first["state"] == "done", first.get("error", first)
            said = f"{said} (fired {fired}): {then}"
        except AssertionError as failure:
            wrong.append(f"{said}: {first['state']}: {failure}")
        print(said)
    bench.settle(scene)
    bench.check(scene)
    return wrong


@pytest.mark.slow
def test_a_call_that_goes_wrong_once_ends_no_run_badly(bench: Crashing) -> None:
    """A sample of calls, the same in every run of this test, with each kind of fault."""
    scene = prepared(bench)
    number = len(calls_of(bench, scene))
    chosen = random.Random(5)
    assert endures(bench, scene, [(chosen.randint(1, number), KINDS[i % len(KINDS)]) for i in range(SAMPLE)]) == []


@pytest.mark.faults_everywhere
@pytest.mark.parametrize("kind", KINDS)
def test_any_call_may_go_wrong(bench: Crashing, kind: str) -> None:
    """Every call of a run, each answered so once."""
    scene = prepared(bench)
    number = len(calls_of(bench, scene))
    wrong = endures(bench, scene, [(call, kind) for call in range(1, number + 1)])
    assert wrong == [], "\n".join(wrong)
