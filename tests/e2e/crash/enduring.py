"""What a run that met a fault has to have done, and a clock that jumps with the cloud's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from replicator.local.clock import ServerClock
from replicator.runtime.clock import RealClock
from tests.e2e.crash.bench import PLACES, Crashing, Scene

BRIEF_SECONDS: Final = 2
"""Sleeps up to this are slept for a moment; longer ones move the cloud's clock."""


class CloudClock(RealClock):
    """The cloud's own time; whoever sleeps for long moves it on, for everybody."""

    def __init__(self, clock: ServerClock) -> None:
        self._clock = clock
        self.slept = 0.0

    def now(self) -> float:
        """Seconds since 1970, as the cloud has them."""
        return self._clock.now()

    def sleep(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        """Let the cloud's clock jump; the cloud gets a moment for what is due by then."""
        if seconds > BRIEF_SECONDS:
            self.slept += seconds
            self._clock.move(self._clock.offset + seconds)
        super().sleep(0.05, cancelled)


def prepared(bench: Crashing, **scene: str) -> Scene:
    """A scene whose target holds a run's rows, and whose next run has something to replace in each source."""
    made = bench.scene(**scene)
    assert bench.run(made)["state"] == "done"
    bench.change(made)
    return made


def calls_of(bench: Crashing, scene: Scene) -> list[str]:
    """The calls of a run, in order: method and path."""
    bench.cloud.calls()
    assert bench.run(scene)["state"] == "done"
    return [f"{call['method']} {call['path']}" for call in bench.control.get("/calls")["calls"]]


def jobs_in(scene: Scene, calls: Iterable[str]) -> list[str]:
    """The names of the jobs that these calls looked at, in order, each once; of the turns' renewals the first."""
    pattern = re.compile(rf"replicator_{scene.name}_[^_]+_[^_]+_(\w+)_\d+_[0-9a-f]{{8}}-")
    names = [found[1] for call in calls if (found := pattern.search(call)) is not None]
    return [name for name in dict.fromkeys(names) if not re.fullmatch(r"renew_(?!1$)\d+", name)]


def finished(bench: Crashing, scene: Scene, first: Mapping[str, Any]) -> str:
    """What became of the run after the first, which is made only where that one failed; then all equals the oracle."""
    if first["state"] != "failed":
        bench.check(scene)
        return str(first["state"])
    bench.let_leases_expire()
    second = bench.run(scene)
    assert second["state"] != "failed", second["error"]
    bench.check(scene)
    return f"failed, then {second['state']}"


def failed_alone(bench: Crashing, scene: Scene, source: str, ended: Mapping[str, Any], reason: str) -> None:
    """The run ended as failed and names this source and why, in its error and its ledger; the others are committed."""
    assert ended["state"] == "failed"
    others = [name for name in PLACES if name != source]
    assert f"{source}, " in ended["error"]
    assert reason in ended["error"]
    for other in others:
        assert f"{other}, " not in ended["error"]
        owner = f"acme-{other}.{scene.name}"
        found = bench.cloud.rows(
            f"SELECT id, note FROM `acme-analytics.marketing.{scene.name}` WHERE shop = '{owner}'", "EU"
        )
        assert sorted((row["id"], row["note"]) for row in found) == [
            (number, note) for shop, _, number, note in scene.expected() if shop == owner
        ]
    told = bench.cloud.rows(
        "SELECT source, detail FROM `acme-analytics.memory.runs` WHERE pipeline = "
        f"'{scene.name}' AND state = 'failed' AND epoch = (SELECT MAX(epoch) FROM `acme-analytics.memory.runs` "
        f"WHERE pipeline = '{scene.name}')", "EU",
    )  # fmt: skip
    assert {row["source"] for row in told} == {source, None}
    assert all(reason in row["detail"] for row in told)
