"""The transfer service lets a run down, or makes it wait: the source fails alone, and the next run heals it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.crash.bench import Crashing, Scene, crashing
from tests.e2e.crash.enduring import CloudClock, failed_alone, finished, prepared

HOUR = 3_600


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """A local cloud that the tests of this file share."""
    with crashing(tmp_path_factory.mktemp("copies")) as local:
        yield local


@pytest.fixture(scope="module")
def scene(bench: Crashing) -> Scene:
    """One that every test changes before it begins, and leaves healed."""
    return prepared(bench, lease="6 hours")


RARELY = pytest.mark.faults_everywhere


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        pytest.param({"outcome": "fails", "message": "Access Denied: staging"}, "Access Denied", marks=RARELY),
        pytest.param({"outcome": "fails", "tables": "buffer_.*", "message": "lost"}, "lost", marks=RARELY),
        ({"outcome": "succeeds_without", "tables": "buffer_.*"}, "not every table that left has landed; missing are"),
        pytest.param({"outcome": "succeeds_without", "tables": "manifest_.*"}, "manifest_", marks=RARELY),
    ],
    ids=["failed", "failed halfway", "without a buffer", "without its manifest"],
)
def test_a_copy_that_goes_wrong_fails_its_source_alone(
    bench: Crashing, scene: Scene, outcome: dict[str, Any], reason: str
) -> None:
    """By name and with the reason, whatever the service called the copy; the other is committed, the next run heals."""
    bench.change(scene, 1)
    bench.control.post("/transfer", outcome)

    ended = bench.run(scene)

    bench.control.ask("DELETE", "/transfer")
    failed_alone(bench, scene, "japan", ended, reason)
    assert finished(bench, scene, ended) == "failed, then done"


@pytest.mark.slow
def test_a_copy_that_hangs_fails_its_source_at_its_deadline(bench: Crashing, scene: Scene) -> None:
    """Twelve hours are waited, with the lease renewed all the while; the other source does not wait for it."""
    bench.change(scene, 2)
    bench.control.post("/transfer", {"outcome": "hangs"})
    clock = CloudClock(bench.cloud.running.clock)

    ended = bench.run(scene, clock=clock)

    bench.control.ask("DELETE", "/transfer")
    assert 11 * HOUR < clock.slept < 24 * HOUR
    failed_alone(bench, scene, "japan", ended, "the copy to")
    assert finished(bench, scene, ended) == "failed, then done"


@pytest.mark.slow
def test_a_copy_that_is_held_back_for_twelve_hours_is_waited_for(bench: Crashing, scene: Scene) -> None:
    """As it may be that manual runs of a config start no sooner than that after one another."""
    bench.change(scene, 3)
    bench.control.post("/unsettled", {"manual_runs_apart_seconds": 12 * HOUR})
    clock = CloudClock(bench.cloud.running.clock)

    ended = bench.run(scene, clock=clock)

    bench.control.ask("DELETE", "/unsettled")
    assert (ended["state"], clock.slept > 11 * HOUR) == ("done", True)
    bench.check(scene)
    assert bench.settle(scene) == ["quiet"]
