"""A run that was thought dead wakes up in the middle of its commit: it must not commit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.crash.bench import MERGES, Crashing, crashing


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """A local cloud that the tests of this file share."""
    with crashing(tmp_path_factory.mktemp("fencing")) as local:
        yield local


@pytest.mark.slow
@pytest.mark.parametrize(
    "merge",
    [pytest.param(merge, marks=pytest.mark.crash_everywhere if merge == "replace_table" else ()) for merge in MERGES],
)
def test_a_commit_that_wakes_up_after_takeover_rolls_back(bench: Crashing, merge: str) -> None:
    """Its job stands still before it begins; another run takes over and finishes meanwhile."""
    scene = bench.scene(merge)
    assert bench.run(scene)["state"] == "done"
    bench.change(scene)
    hold = bench.control.hold("start", {"job": f"replicator_{scene.name}_.*_commit_"})
    first = bench.start(scene)
    told = bench.control.get(f"/holds/{hold}?wait=30")
    assert told["state"] == "holding", (told, first.answer.poll(0) and first.answer.recv())
    bench.let_leases_expire()

    bench.settle(scene)
    bench.check(scene)
    bench.control.release(hold)

    ended = first.result()
    assert ended["state"] == "failed"
    assert "the fence has moved on" in ended["error"]
    bench.check(scene)
    assert bench.settle(scene) == ["quiet"]
    bench.check(scene)


@pytest.mark.crash_everywhere
def test_a_transaction_that_is_open_lets_no_other_run_in(bench: Crashing) -> None:
    """It has moved the fence already: whoever wants it waits for the transaction's end, also after the lease's."""
    scene = bench.scene("append")
    assert bench.run(scene)["state"] == "done"
    bench.change(scene)
    hold = bench.control.hold("commit", {"job": f"replicator_{scene.name}_.*_commit_"})
    first = bench.start(scene)
    assert bench.control.get(f"/holds/{hold}?wait=30")["state"] == "holding"
    bench.let_leases_expire()
    second = bench.start(scene)
    waits = not second.answer.poll(5)
    bench.control.release(hold)

    ends = [first.result(), second.result()]

    assert waits
    assert [end.get("state") for end in ends].count("failed") <= 1
    bench.let_leases_expire()
    bench.settle(scene)
    bench.check(scene)
