"""The commit: one transaction for all, halved until the bad source stands alone."""

from __future__ import annotations

import json
import math
from typing import Any, Final

import pytest

from replicator.runtime.errors import WorkflowFailed
from replicator.workflow.stages.commit import STATEMENT_BYTES
from tests.unit.plan.pipelines import plan
from tests.unit.workflow.scripted import Bench, Failed, Job, Service

BENCH: Final = Bench(plan())


def sources(job: Job) -> list[str]:
    """Whom a job is about: the batch that is asked for a script, or the script itself."""
    if job.name.startswith("write_"):
        return [part["source"] for part in job.parameter("run")["batch"]]
    return list(json.loads(job.sql))


def decide(*, poisoned: frozenset[str] = frozenset(), how: Failed = Failed("not every row was inserted")) -> Any:  # noqa: B008  a frozen value
    """Scripts that hold the names of their sources, and fail when one of those is poisoned."""

    def become(job: Job) -> Any:
        if job.name.startswith("write_"):
            return {"units": 1, "rows": 1, "known": 0, "more": 0, "script": json.dumps(sources(job))}
        return how if poisoned.intersection(sources(job)) else None

    return become


def commit(service: Service, count: int) -> dict[str, Any]:
    """Commit so many sources; the answer is the error of each, or None."""
    batch = [{"source": f"s{n}", "manifest": f"m{n}", "aligned": f"a{n}"} for n in range(count)]
    return dict(BENCH.run("commit", service, pipeline=BENCH.pipeline, run=BENCH.of_run, batch=batch, number="1"))


def transactions(service: Service) -> list[list[str]]:
    """The sources of each transaction that was tried, in order."""
    return [sources(job) for job in service.jobs.values() if job.name.startswith("commit_")]


def test_what_has_landed_is_one_transaction() -> None:
    """Eight sources, one script, one job."""
    service = Service(decide())

    assert commit(service, 8) == {f"s{n}": None for n in range(8)}
    assert transactions(service) == [[f"s{n}" for n in range(8)]]


@pytest.mark.parametrize("poisoned", [f"s{n}" for n in range(8)])
def test_a_bad_source_stands_alone(poisoned: str) -> None:
    """The other seven are committed, in as many transactions as halving takes, and no more."""
    service = Service(decide(poisoned=frozenset([poisoned])))

    outcome = commit(service, 8)

    assert outcome.pop(poisoned)["message"] == "not every row was inserted"
    assert set(outcome.values()) == {None}
    tried = transactions(service)
    assert len(tried) == 1 + 2 * math.log2(8)
    well = [name for names in tried if poisoned not in names for name in names]
    assert sorted(well) == sorted(outcome)


def test_every_source_may_be_bad() -> None:
    """Each has its own error; nothing is tried for ever."""
    service = Service(decide(poisoned=frozenset(f"s{n}" for n in range(5))))

    assert all(error["message"] == "not every row was inserted" for error in commit(service, 5).values())
    assert len(transactions(service)) == 2 * 5 - 1


def test_a_script_that_cannot_be_written_is_bisected_as_well() -> None:
    """A manifest that is gone is its source's own mistake."""

    def become(job: Job) -> Any:
        if job.name.startswith("write_") and "s2" in sources(job):
            return Failed("Not found: Table m2")
        return decide()(job)

    outcome = commit(Service(become), 4)

    assert [name for name, error in outcome.items() if error is not None] == ["s2"]


def test_a_fence_that_has_moved_on_ends_the_run() -> None:
    """It is no source's fault, so nothing is halved and nothing more is tried."""
    lost = Failed("Query error: the fence has moved on: another run holds it at [3:1]")
    service = Service(decide(poisoned=frozenset(["s0"]), how=lost))

    with pytest.raises(WorkflowFailed, match="the fence has moved on"):
        commit(service, 8)
    assert len(transactions(service)) == 1


def test_what_the_ledger_knows_is_committed_without_a_transaction() -> None:
    """A batch for which no script is written has nothing to do, and its sources go on to their receipts."""
    service = Service(lambda _: {"units": 0, "rows": 0, "known": 3, "more": 0})

    assert commit(service, 2) == {"s0": None, "s1": None}
    assert transactions(service) == []


def test_each_transaction_is_a_job_of_its_own() -> None:
    """Halves have numbers of their own, so that no half is taken for the whole that failed."""
    service = Service(decide(poisoned=frozenset(["s0"])))

    commit(service, 2)

    assert [job.name for job in service.jobs.values()] == [
        "write_1", "commit_1", "write_1_0", "commit_1_0", "write_1_1", "commit_1_1",
    ]  # fmt: skip


def test_what_finds_no_room_in_a_script_is_committed_by_the_next() -> None:
    """Variables share 512 KB, so a script has a bound; the ledger knows what is committed, so the rest is asked for."""
    left = [5, 2, 0]

    def become(job: Job) -> Any:
        return decide()(job) | {"more": left.pop(0)} if job.name.startswith("write_") else None

    service = Service(become)

    assert commit(service, 3) == {f"s{n}": None for n in range(3)}
    assert [job.name for job in service.jobs.values()] == [
        "write_1", "commit_1", "write_1_then_2", "commit_1_then_2", "write_1_then_3", "commit_1_then_3",
    ]  # fmt: skip
    assert all(job.parameter("run")["room"] == STATEMENT_BYTES for job in service.jobs.values() if "write" in job.name)


def test_a_bad_source_among_the_rest_stands_alone_as_well() -> None:
    """What the first script committed stays; halves have numbers of their own all the same."""
    left = [5, 0, 0, 0]

    def become(job: Job) -> Any:
        if job.name.startswith("write_"):
            return decide()(job) | {"more": left.pop(0)}
        return Failed("bad") if job.name != "commit_1" and "s1" in sources(job) else None

    outcome = commit(Service(become), 2)

    assert [name for name, error in outcome.items() if error is not None] == ["s1"]


def test_what_a_job_committed_that_said_it_had_failed_is_looked_up_again() -> None:
    """Its units are known by then; where they are not, whatever else is wrong fails the source, and no run spins."""
    already = Failed("Query error: units of this batch are committed already at [5:1]")

    def become(job: Job) -> Any:
        if job.name.startswith("write_"):
            return decide()(job) | {"units": 0 if "then" in job.name else 1}
        return already

    service = Service(become)
    assert commit(service, 1) == {"s0": None}
    assert [job.name for job in service.jobs.values()] == ["write_1", "commit_1", "write_1_then_2"]

    outcome = commit(Service(decide(poisoned=frozenset(["s0"]), how=already)), 1)
    assert "are committed already" in outcome["s0"]["message"]
