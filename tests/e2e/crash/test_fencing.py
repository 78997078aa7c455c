"""A run that was thought dead wakes up in its commit: another one has taken over, and the target equals the oracle.

Before its transaction begins nothing holds the other run up: that one finishes, and the commit that wakes up rolls
back. Once the transaction is open it has moved the fence, and whoever wants the fence waits for the transaction's end
(transactions: plain DML queues): it commits, and the other run finds its units in the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from typing import Final

import pytest

from tests.e2e.crash.bench import MERGES
from tests.e2e.crash.nights import NAME, Night, Standing, kept
from tests.e2e.crash.points import InProcess, Running

COMMITS: Final = (1, 2)
"""The source that needs no copy is committed first, the other one after it."""

COMMIT: Final = rf"replicator_{NAME}_[0-9a-f]+_[^_]+_commit_{{}}_"
"""The ids of the jobs that commit the batch of that number, of any run."""

ROLLED_BACK: Final = "the fence has moved on: another run holds it"
"""What the transaction itself says; a run that does not come so far is told otherwise."""

USUAL: Final = {("append", 1), ("replace_partitions", 2)}
"""What runs in the usual suite; the rest with ``-m crash_everywhere``."""

EVERY: Final = [
    pytest.param(merge, commit, marks=() if (merge, commit) in USUAL else pytest.mark.crash_everywhere)
    for merge in MERGES
    for commit in COMMITS
]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[Night, InProcess]]]:
    """Makes the night of a strategy once, with what runs it."""
    with ExitStack() as opened:

        @cache
        def made(merge: str) -> tuple[Night, InProcess]:
            directory = tmp_path_factory.mktemp("fencing") / merge
            night = kept(directory, merge, lambda standing: InProcess(standing.night, opened).run(standing))
            return night, InProcess(night, opened)

        yield made


@pytest.mark.slow
@pytest.mark.parametrize(("merge", "commit"), EVERY)
def test_a_commit_that_begins_after_takeover_rolls_back(
    night: Callable[[str], tuple[Night, InProcess]], merge: str, commit: int
) -> None:
    """Its job stands still before it begins; another run takes over and finishes meanwhile."""
    scene, way = night(merge)
    with scene.resumed() as standing:
        hold, first = held(standing, way, "start", commit)
        standing.let_leases_expire()

        second = way.run(standing)
        assert second["state"] == "done", second
        standing.check(running=1)
        standing.control.release(hold)

        assert ROLLED_BACK in end_of(first)["error"]
        standing.check()


@pytest.mark.crash_everywhere
@pytest.mark.parametrize("merge", MERGES)
def test_a_commit_rolls_back_while_the_run_that_took_over_is_at_work(
    night: Callable[[str], tuple[Night, InProcess]], merge: str
) -> None:
    """Nothing is committed yet that the ledger could tell of: only the fence keeps the commit out."""
    scene, way = night(merge)
    with scene.resumed() as standing, ThreadPoolExecutor(1) as beside:
        hold, first = held(standing, way, "start", 1)
        standing.let_leases_expire()
        later = standing.control.hold("start", {"job": COMMIT.format(1)})
        second = beside.submit(way.run, standing)
        while standing.control.get(f"/holds/{later}?wait=1")["state"] != "holding":
            assert not second.done(), second.result()
        standing.control.release(hold)

        assert ROLLED_BACK in end_of(first)["error"]
        standing.control.release(later)
        assert second.result(120)["state"] == "done"
        standing.check()


@pytest.mark.slow
@pytest.mark.parametrize(("merge", "commit"), EVERY)
def test_an_open_transaction_lets_nobody_take_over_before_its_end(
    night: Callable[[str], tuple[Night, InProcess]], merge: str, commit: int
) -> None:
    """Another run waits for the fence; if it gets it then, it finds the units committed and commits none of them."""
    scene, way = night(merge)
    with scene.resumed() as standing, ThreadPoolExecutor(1) as beside:
        hold, first = held(standing, way, "commit", commit)
        standing.let_leases_expire()
        second = beside.submit(way.run, standing)
        while not any("_take_" in job for job in standing.running()):
            assert not second.done(), second.result()
            time.sleep(0.05)
        time.sleep(0.5)
        waits = not second.done() and any("_take_" in job for job in standing.running())
        standing.control.release(hold)

        assert waits
        ended, other = end_of(first), second.result(120)
        if other["state"] == "left":
            # The first run came by before it: it renewed its lease, which nobody had taken from it.
            assert ended["state"] == "done", ended
        else:
            assert other["state"] in {"done", "quiet"}, other
            assert "lost its lease to another run" in ended["error"]
        standing.check()


def held(standing: Standing, way: InProcess, when: str, commit: int) -> tuple[str, Running]:
    """Begin a run whose commit of that number stands still; the hold, and the run."""
    hold = standing.control.hold(when, {"job": COMMIT.format(commit)})
    run = way.start(standing)
    while standing.control.get(f"/holds/{hold}?wait=1")["state"] != "holding":
        ended = run.ended()
        assert ended is None, ended
    return hold, run


def end_of(run: Running) -> dict[str, str]:
    """How a run ends that was let go on."""
    for _ in range(600):
        ended = run.ended()
        if ended is not None:
            return dict(ended)
        time.sleep(0.1)
    pytest.fail("the run did not end within a minute")
