"""A target that is to gain fields: before anything is aligned, and not at the price of other sources."""

from __future__ import annotations

from typing import Any, Final

import pytest

from replicator.runtime.errors import WorkflowFailed
from replicator.workflow.stages.evolve import EVOLUTIONS
from tests.unit.plan.pipelines import plan, source
from tests.unit.workflow.scripted import Bench, Failed, Job, Service
from tests.unit.workflow.test_run import ANSWERS

BENCH: Final = Bench(plan(source("japan"), source("spain", location="EU"), more="drift: evolve\n"))
LACKS: Final = {"fields": "items.coupon"}


def service(lacking: int, gain: Any = None, kept_out: str = "") -> Service:
    """A target that lacks a field until it was changed so often; whose changes end so; a source that it keeps out."""
    written = iter([LACKS] * lacking)

    def become(job: Job) -> Any:
        kind = job.name.partition("_")[0]
        if kind == "evolve":
            return next(written, {"fields": None})
        if kind == "align" and kept_out and job.name.endswith(kept_out):
            return Failed("drift lets no such difference pass")
        return gain if kind == "gain" else ANSWERS[kind]

    return Service(become)


def started(at: Service, kind: str) -> list[int]:
    """At which places jobs of a kind were started."""
    return [place for place, job in enumerate(at.jobs.values()) if job.name.startswith(f"{kind}_")]


def test_the_target_is_changed_before_anything_is_aligned() -> None:
    """And until nothing is lacking, since views of a schema may be late."""
    at = service(lacking=2)

    assert BENCH.run("main", at)["state"] == "done"

    assert len(started(at, "gain")) == 2
    assert max(started(at, "gain")) < min(started(at, "align"))


def test_a_target_that_cannot_be_changed_keeps_out_what_it_lacks_and_nothing_else() -> None:
    """The source that drifted fails by its name; the other one is committed."""
    at = service(lacking=EVOLUTIONS, gain=Failed("Access Denied: no rights", "accessDenied"), kept_out="japan")

    with pytest.raises(WorkflowFailed) as failed:
        BENCH.run("main", at)

    assert isinstance(failed.value.error, dict)
    lines: Any = failed.value.error["sources"]
    assert {line["source"]: line["stage"] for line in lines} == {"japan": "failed", "spain": "done"}
