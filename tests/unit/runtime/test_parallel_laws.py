"""Laws of parallel steps, under whatever order the branches happen to run in."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from replicator.runtime.environment import Moment, StepEvent
from tests.unit.runtime.running import environment, run

SLEEPS = st.lists(st.integers(0, 5), min_size=1, max_size=12)


@dataclass
class Watch:
    """How many iterations stand between two of their steps at once, at most."""

    inside: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, event: StepEvent) -> None:
        with self.lock:
            if (event.step, event.moment) == ("nap", Moment.STARTED):
                self.inside += 1
                self.most = max(self.most, self.inside)
            elif (event.step, event.moment) == ("nap", Moment.FINISHED):
                self.inside -= 1


def source(sleeps: list[int], limit: int) -> str:
    steps = [
        {"own": {"assign": [{"mine": "${mine + nap}"}]}},
        {"nap": {"call": "sys.sleep", "args": {"seconds": "${nap}"}}},
        {"late": {"assign": [{"mine": "${mine + nap}"}]}},
        {"add": {"assign": [{"total": "${total + nap}"}, {"seen[i]": "${mine}"}]}},
    ]
    loop = {"value": "nap", "index": "i", "in": sleeps, "steps": steps}
    parallel = {"shared": ["total", "seen"], "concurrency_limit": limit, "for": loop}
    return json.dumps(
        [
            {"init": {"assign": [{"total": 0}, {"mine": 0}, {"seen": [0] * len(sleeps)}]}},
            {"all": {"parallel": parallel}},
            {"done": {"return": ["${total}", "${mine}", "${seen}"]}},
        ]
    )


@settings(max_examples=60, deadline=None)
@given(sleeps=SLEEPS, limit=st.integers(1, 25))
def test_branches_share_what_they_say_and_nothing_else(sleeps: list[int], limit: int) -> None:
    """No shared update is lost, no branch sees another's own variables, the limit is kept, whoever sleeps how long."""
    watch = Watch()

    result = run(source(sleeps, limit), around=environment(on_step=watch))

    assert result == [sum(sleeps), 0, [2 * nap for nap in sleeps]]
    assert watch.most <= min(limit, 20)
