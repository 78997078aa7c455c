"""As many sources as there are locations: what a run takes of steps, memory and transactions.

The runtime counts steps and memory as the service bounds them, and ends a run that needs more.
"""

from __future__ import annotations

import itertools
from typing import Any, Final

import pytest

from replicator import limits
from replicator.runtime.errors import WorkflowFailed
from replicator.workflow.stages.commit import STATEMENT_BYTES
from tests.unit.plan.pipelines import plan, source
from tests.unit.workflow.scripted import Bench, Failed, Job, Service
from tests.unit.workflow.test_run import ANSWERS

COUNT: Final = 60
BENCH: Final = Bench(
    plan(*(source(f"country_{number:02}", project=f"acme-country-{number:02}") for number in range(COUNT)))
)
LONG: Final = {"script": "X" * STATEMENT_BYTES}
"""A commit's script as long as it may be."""


def service(poisoned: str = "") -> Service:
    """All goes well, but for the batches in which that source is."""
    batches: dict[str, str] = {}

    def become(job: Job) -> Any:
        kind, _, number = job.name.partition("_")
        if kind == "write":
            batches[number] = str(job.parameter("run")["batch"])
            return ANSWERS["write"] | LONG
        if kind == "commit" and poisoned and f"'{poisoned}'" in batches[number]:
            return Failed("not every row was inserted")
        return ANSWERS[kind]

    return Service(become)


def transactions(at: Service) -> int:
    """How many were tried."""
    return sum(job.name.startswith("commit_") for job in at.jobs.values())


@pytest.mark.slow
def test_sixty_sources_that_land_at_once_are_one_transaction() -> None:
    """Within memory, and within a third of the steps of an execution."""
    at, steps = service(), itertools.count()

    result = BENCH.run_counted("main", at, step=lambda: next(steps))

    taken = next(steps)
    print(f"{COUNT} sources: {transactions(at)} transactions, {taken} steps, {len(at.calls)} calls")
    assert (result["state"], result["units"]) == ("done", 2 * COUNT)
    assert transactions(at) == 1
    assert taken < limits.STEPS_PER_EXECUTION.value / 3


@pytest.mark.slow
def test_one_poisoned_source_among_sixty_is_bisected_out() -> None:
    """It alone fails, and by its name; the others are committed in far fewer transactions than there are sources."""
    at = service("country_42")

    with pytest.raises(WorkflowFailed) as failed:
        BENCH.run("main", at)

    assert isinstance(failed.value.error, dict)
    lines: Any = failed.value.error["sources"]
    assert {line["source"] for line in lines if line["stage"] != "done"} == {"country_42"}
    assert str(failed.value.error["message"]).startswith("country_42, commit: not every row was inserted")
    print(f"one of {COUNT} sources is bad: {transactions(at)} transactions")
    assert transactions(at) <= COUNT / 4
