"""What is committed already is not committed twice, also where no receipt can tell: the ledger does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from replicator.cli.render import document_text
from tests.e2e.clouds import pipeline_of
from tests.e2e.crash.bench import Crashing, Scene, crashing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """A local cloud that the tests of this file share."""
    with crashing(tmp_path_factory.mktemp("known")) as local:
        yield local


def renamed(bench: Crashing, scene: Scene) -> Scene:
    """The same sources and target, brought by a pipeline of another name: its receipts know of nothing."""
    name = f"{scene.name}_renamed"
    text = (bench.directory / scene.name / "configs" / "pipeline.yaml").read_text(encoding="utf-8")
    pipeline = pipeline_of(bench.directory / name, text.replace(f"pipeline: {scene.name}\n", f"pipeline: {name}\n"))
    return replace(scene, pipeline=pipeline, text=document_text(pipeline))


def test_a_pipeline_of_another_name_commits_nothing_again(bench: Crashing) -> None:
    """It stages and copies all that it has no receipt for, and the ledger keeps it out of the target."""
    scene = bench.scene("append", sources=("home",))
    assert bench.run(scene)["state"] == "done"
    other = renamed(bench, scene)

    assert bench.run(other)["state"] == "done"

    bench.check(scene)
    assert bench.run(other)["state"] == "quiet"


@pytest.mark.parametrize(("merge", "again"), [("append", False), ("replace_partitions", True)])
def test_a_commit_that_says_it_has_failed_is_not_made_twice(bench: Crashing, merge: str, again: bool) -> None:
    """Its job is tried under the next id, and finds its own units in the ledger, whatever was asked for."""
    scene = bench.scene(merge, sources=("home",))
    bench.control.fault(
        "job_fails", {"job": rf"replicator_{scene.name}_[^_]+_[^_]+_commit_1_"}, reason="backendError", when="end"
    )

    first = bench.run(scene, {"again": again})

    assert bench.control.fired() == [1]
    bench.control.ask("DELETE", "/faults")
    assert (first["state"], first.get("units")) == ("done", 2), first
    bench.check(scene)
    assert bench.run(scene)["state"] == "quiet"
