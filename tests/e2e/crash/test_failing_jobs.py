"""Each job of a run fails once: what may pass is tried again, and what does not stays with the source it is of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.crash.bench import PLACES, Crashing, Scene, crashing
from tests.e2e.crash.enduring import calls_of, failed_alone, finished, jobs_in, prepared

TERMINAL = ("accessDenied", "invalidQuery", "quotaExceeded")
OF_ONE_SOURCE = ("inventory", "fill", "count", "landing", "align")
"""Jobs without which a source cannot be brought."""

CLEANING = ("receipts", "drop")
"""Jobs after the commit: what they leave undone the next run does."""

COMMITTING = ("write", "commit")
"""Jobs of a batch: one that failed is halved, and a source that is alone in it fails alone."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """A local cloud that the tests of this file share."""
    with crashing(tmp_path_factory.mktemp("jobs")) as local:
        yield local


def meets(bench: Crashing, scene: Scene, job: str, reason: str, number: int, **when: str) -> str:
    """A run one of whose jobs fails so once: what became of it, and of the one after."""
    bench.change(scene, number)
    message = f"asked for: {reason}"
    match = {"job": rf"replicator_{scene.name}_[^_]+_[^_]+_{job}_"}
    bench.control.fault("job_fails", match, reason=reason, message=message, **when)
    first = bench.run(scene)
    assert bench.control.fired() == [1], f"{job} did not run"
    bench.control.ask("DELETE", "/faults")
    stage, _, source = job.partition("_")
    source = source.partition("_")[0]
    if reason not in TERMINAL or stage in CLEANING:
        assert first["state"] == "done", first
    elif stage in OF_ONE_SOURCE:
        failed_alone(bench, scene, source, first, message)
    elif stage not in COMMITTING:
        assert first["state"] == "failed"
        assert message in first["error"]
    elif first["state"] == "failed":
        [source] = [name for name in PLACES if f"{name}, commit" in first["error"]]
        failed_alone(bench, scene, source, first, message)
    then = finished(bench, scene, first)
    print(f"{job}, {reason} {when.get('when', '')}: {then}")
    return then


@pytest.mark.slow
def test_a_job_that_fails_once(bench: Crashing) -> None:
    """One that may pass is tried under its next id; one that does not fails its source, by name and alone."""
    scene = prepared(bench)

    assert meets(bench, scene, "align_japan", "backendError", 1) == "done"
    assert meets(bench, scene, "inventory_home", "accessDenied", 2) == "failed, then done"
    assert meets(bench, scene, "commit_1", "quotaExceeded", 3, when="commit") in ("done", "failed, then done")
    bench.settle(scene)
    bench.check(scene)


@pytest.mark.faults_everywhere
@pytest.mark.parametrize("reason", ["backendError", "internalError", "rateLimitExceeded", *TERMINAL])
def test_any_job_may_fail(bench: Crashing, reason: str) -> None:
    """Every job of a run."""
    scene, wrong = prepared(bench), []
    jobs = jobs_in(scene, calls_of(bench, scene))
    assert {f"align_{source}" for source in PLACES} <= set(jobs)
    for number, job in enumerate(jobs, start=1):
        try:
            meets(bench, scene, job, reason, number)
        except AssertionError as failure:
            wrong.append(f"{job}, {reason}: {failure}")
            bench.control.ask("DELETE", "/faults")
            bench.let_leases_expire()
            bench.run(scene)
    bench.settle(scene)
    bench.check(scene)
    assert wrong == [], "\n".join(wrong)
