"""The copy: one transfer run per source and run, found again when the answer to its start was lost."""

from __future__ import annotations

from typing import Any, Final

import pytest

from replicator.runtime.errors import ConnectionBroken, HttpError, WorkflowFailed
from replicator.workflow.jobs import ATTEMPTS
from replicator.workflow.sources import source_block
from replicator.workflow.stages.copy import COPY_SECONDS
from tests.unit.plan.pipelines import plan, source
from tests.unit.workflow.scripted import NOW, Bench, Fault, Service

BENCH: Final = Bench(plan(source(more=("staging: {project: acme-replication}",))))
SOURCE: Final = source_block(BENCH.plan.sources[0])
PARENT: Final = "projects/acme-analytics/locations/eu"


def service(*faults: Fault, state: str = "SUCCEEDED") -> Service:
    """Jobs end well; transfers are as they are told."""
    return Service(lambda _: {"ready": True}, faults=list(faults), transfer_state=state)


def config(at: Service) -> str:
    """The name of the source's transfer config, made when it is missing."""
    return str(BENCH.run("transfer_config", at, pipeline=BENCH.pipeline, source=SOURCE))


def start(at: Service) -> str:
    """Start the source's transfer; the answer is the run's name."""
    return str(BENCH.run("start_transfer", at, run=BENCH.of_run, source=SOURCE, config=config(at)))


def turn(at: Service, **state: Any) -> dict[str, Any]:
    """One turn of the copy; the answer is the source's state."""
    begun = BENCH.run("begin_source", at, run=BENCH.of_run, source=SOURCE)
    state = begun | {"stage": "copy", "buffers": 3} | state
    arguments = {"pipeline": BENCH.pipeline, "run": BENCH.of_run, "source": SOURCE, "state": state}
    return dict(BENCH.run("copy", at, **arguments))


def test_a_config_is_made_once_and_runs_on_demand() -> None:
    """In the target's location, from the staging dataset to the landing dataset, overwriting."""
    at = service()

    assert config(at) == config(at) == f"{PARENT}/transferConfigs/0"
    ((name, made),) = at.transfers.items()
    assert name == f"{PARENT}/transferConfigs/0"
    assert made["displayName"] == f"replicator orders japan {BENCH.plan.key}"
    assert made["dataSourceId"] == "cross_region_copy"
    assert made["destinationDatasetId"] == BENCH.plan.sources[0].landing.dataset
    assert made["params"] == {
        "source_project_id": "acme-replication",
        "source_dataset_id": BENCH.plan.sources[0].staging.dataset,
        "overwrite_destination_table": True,
    }
    assert made["scheduleOptions"] == {"disableAutoScheduling": True}


def test_another_pipelines_config_is_not_ours() -> None:
    """Configs are told apart by their names, which hold pipeline, source and target."""
    at = service()
    other = {"name": "other", "displayName": "replicator orders japan 000000", "runs": []}
    at.transfers["other"] = other

    assert config(at) != "other"


def test_a_start_whose_answer_was_lost_is_found_by_its_requested_time() -> None:
    """The service has no id of ours; it is asked for the run of the time that was written down before the call."""
    at = service(Fault("startManualRuns", ConnectionBroken("reset"), acts=True))

    assert start(at) == f"{PARENT}/transferConfigs/0/runs/0"
    assert len(at.transfers[f"{PARENT}/transferConfigs/0"]["runs"]) == 1


def test_a_run_of_another_time_is_not_taken_for_ours() -> None:
    """An earlier run of the same config carried other tables; a start that never arrived is made again."""
    at = service(Fault("startManualRuns", ConnectionBroken("reset")))
    earlier = {"name": "earlier", "runTime": "2026-11-01T00:00:00Z"}
    at.transfers[config(at)]["runs"].append(earlier)

    assert start(at) == f"{PARENT}/transferConfigs/0/runs/1"


@pytest.mark.parametrize("method", ["transferConfigs.create", "startManualRuns"])
def test_what_may_pass_is_tried_a_few_times(method: str) -> None:
    """A service that stays away is not asked for ever, and what it said is told."""
    at = service(*(Fault(method, HttpError(500, "away", body=None)) for _ in range(9)))

    with pytest.raises(WorkflowFailed, match="error code 500"):
        start(at)
    assert len(at.faults) == 9 - ATTEMPTS


@pytest.mark.parametrize("method", ["transferConfigs.list", "runs.get"])
def test_a_question_is_asked_again_while_its_error_may_pass(method: str) -> None:
    """Also where the connector gives up at once, as of a 500."""
    at = service(Fault(method, HttpError(500, "away", body=None)))

    assert config(at)
    assert turn(at, transfer="projects/p/locations/eu/transferConfigs/0/runs/0")["stage"] == "landed"


def test_a_config_whose_making_was_not_answered_is_made_once() -> None:
    """The list has it, whatever became of the call."""
    at = service(Fault("transferConfigs.create", ConnectionBroken("reset"), acts=True))

    assert config(at) == f"{PARENT}/transferConfigs/0"
    assert len(at.transfers) == 1


def test_a_start_that_is_refused_says_why() -> None:
    """The first error is told, not that there is no run."""
    with pytest.raises(WorkflowFailed, match="error code 403"):
        start(service(Fault("startManualRuns", HttpError(403, "no rights", body=None))))


def test_the_time_is_written_down_before_the_call() -> None:
    """Whoever comes after a crash can look for it in the log."""
    at = service(Fault("startManualRuns", HttpError(403, "no rights", body=None)))
    name = config(at)
    logged: list[Any] = []

    with pytest.raises(WorkflowFailed):
        BENCH.run_logged("start_transfer", at, logged=logged, run=BENCH.of_run, source=SOURCE, config=name)

    assert [(entry["event"], entry["requestedRunTime"]) for entry in logged] == [
        ("transfer_requested", "2026-11-18T11:06:40.000000Z")
    ]


def test_a_copy_is_started_once_and_then_looked_at() -> None:
    """Its buffers, the manifest and the receipts: the service is asked turn by turn until they have landed."""
    at = service(state="RUNNING")

    started = turn(at)
    running = turn(at, transfer=started["transfer"])
    at.transfer_state = "SUCCEEDED"
    landed = turn(at, transfer=started["transfer"])

    assert [state["stage"] for state in (started, running, landed)] == ["copy", "copy", "landed"]
    assert len(at.transfers[f"{PARENT}/transferConfigs/0"]["runs"]) == 1
    assert landed["copies"] == 3 + 2


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_copy_that_did_not_succeed_is_an_error_with_its_reason(state: str) -> None:
    """Where to look, and what the service said."""
    with pytest.raises(WorkflowFailed) as failed:
        turn(service(state=state), transfer="projects/p/locations/eu/transferConfigs/0/runs/0")

    assert isinstance(failed.value.error, dict)
    assert f"is {state}: no rights on shop_1" in str(failed.value.error["message"])
    assert failed.value.error["job"] == "projects/p/locations/eu/transferConfigs/0/runs/0"
    assert "console.cloud.google.com/bigquery/transfers" in str(failed.value.error["console"])


def test_a_copy_that_never_ends_is_given_up() -> None:
    """Beyond its own deadline and the longest that a start may be held back, nobody waits for it; until then, yes."""
    running = {"transfer": "projects/p/locations/eu/transferConfigs/0/runs/0"}

    assert turn(service(state="RUNNING"), **running, since=NOW - COPY_SECONDS + 60)["stage"] == "copy"
    with pytest.raises(WorkflowFailed, match="is still RUNNING after 36 hours"):
        turn(service(state="RUNNING"), **running, since=NOW - COPY_SECONDS - 60)
