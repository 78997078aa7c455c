"""Who comes next at the fence: a backfill's window lets whoever waits for the schedule go first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from replicator.cli.document import run_document
from replicator.runtime.clock import RealClock
from replicator.runtime.environment import ignore
from replicator.runtime.errors import WorkflowFailed
from tests.e2e.crash.bench import VARIABLES, Crashing, Scene, crashing

WINDOW = {"from": "2026-11-01", "to": "2026-11-02"}


class Patience(RealClock):
    """The machine's clock for whoever asks; every sleep takes the same time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def sleep(self, seconds: float, cancelled: Callable[[], bool]) -> None:  # noqa: ARG002  # always the same
        """Sleep as long as it was made for."""
        super().sleep(self.seconds, cancelled)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """A local cloud that the tests of this file share."""
    with crashing(tmp_path_factory.mktemp("turns")) as local:
        yield local


def run(bench: Crashing, scene: Scene, argument: Mapping[str, Any], patience: float = 0.1) -> Mapping[str, Any]:
    """One run in this process."""
    result = run_document(
        scene.text, dict(argument), file=Path(f"{scene.name}.yaml"), endpoints=bench.cloud.endpoints,
        variables=VARIABLES, on_step=ignore, clock=Patience(patience),
    )  # fmt: skip
    assert isinstance(result, dict)
    return result


def recorded(bench: Crashing, scene: Scene, state: str) -> Sequence[Mapping[str, Any]]:
    """The ledger's lines of one state, by epoch."""
    target = f"acme-analytics.marketing.{scene.name}"
    return bench.cloud.rows(
        f"SELECT run, epoch FROM `acme-analytics.memory.runs` WHERE target = '{target}' AND state = '{state}' "
        "AND source IS NULL ORDER BY epoch",
        "EU",
    )


def until(holds: Callable[[], object]) -> None:
    """Wait for something, 30 s at most."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not happen within 30 s"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_run_that_waits_goes_before_the_next_window_of_a_backfill(bench: Crashing) -> None:
    """Although it asks for the fence once in 3 s, and the window twenty times as often."""
    scene = bench.scene()
    assert run(bench, scene, {"window": WINDOW})["units"] == 2
    bench.change(scene)
    hold = bench.control.hold("start", {"job": f"replicator_{scene.name}_.*_finish"})
    ended: list[str] = []

    def go(name: str, argument: Mapping[str, Any], patience: float) -> threading.Thread:
        def body() -> None:
            run(bench, scene, argument, patience)
            ended.append(name)

        thread = threading.Thread(target=body)
        thread.start()
        return thread

    first = go("window", {"window": WINDOW}, 0.1)
    assert bench.control.get(f"/holds/{hold}?wait=30")["state"] == "holding"
    scheduled = go("scheduled", {}, 3)
    until(lambda: recorded(bench, scene, "waiting"))
    second = go("next window", {"window": WINDOW}, 0.15)
    bench.control.release(hold)
    for thread in (first, scheduled, second):
        thread.join(60)

    assert ended == ["window", "scheduled", "next window"]
    assert len(recorded(bench, scene, "started")) == 4


@pytest.mark.slow
def test_a_run_takes_the_sources_that_are_asked_for(bench: Crashing) -> None:
    """One of two by its name; a name that is not there is refused before the fence is taken."""
    scene = bench.scene()

    result = run(bench, scene, {"sources": ["home"]})

    assert [source["source"] for source in result["sources"]] == ["home"]
    assert result["units"] == 2
    with pytest.raises(WorkflowFailed, match="sources names one that the pipeline does not have"):
        run(bench, scene, {"sources": ["home", "nowhere"]})
    with pytest.raises(WorkflowFailed, match="sources is no list"):
        run(bench, scene, {"sources": "home"})
    assert len(recorded(bench, scene, "started")) == 1
