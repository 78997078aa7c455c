"""A whole run of the document: the fence, the turns, the sources' ends, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from replicator.runtime.errors import WorkflowFailed
from tests.unit.plan.pipelines import plan, source
from tests.unit.workflow.scripted import HOLDER, Bench, Failed, Job, Service

BENCH: Final = Bench(
    plan(source("japan"), source("brazil", location="southamerica-east1"), source("spain", location="EU"))
)
SOURCES: Final = ("japan", "brazil", "spain")

TAKEN: Final = {
    "taken": True, "epoch": 12, "number": "000012", "run": "orders-000012", "holder": HOLDER,
    "expires": "2026-11-21 06:00:00+00", "target_exists": True,
}  # fmt: skip
ANSWERS: Final[Mapping[str, Any]] = {
    "take": TAKEN,
    "renew": {"held": True},
    "inventory": {"lost": False, "units": 2, "buffers": 1, "slices": 1, "left": 0, "changed": 0, "names": None},
    "fill": {"units": 2, "failures": 0},
    "count": {
        "units": 2, "rows": 10, "bytes": 100, "buffers": 1, "unstaged": 0, "failed": 0, "error": None,
    },
    "landing": {"ready": True},
    "create": {"created": True},
    "align": {"units": 2, "rows": 10, "drift": 0, "fields": "", "refusal": None},
    "write": {"units": 2, "rows": 10, "known": 0, "more": 0},
    "commit": None,
    "receipts": {"dropped": True},
    "drop": {"dropped": True},
    "finish": {"released": True},
}  # fmt: skip


def service(changed: Mapping[str, Any] | None = None, **other: Any) -> Service:
    """A cloud in which all goes well, but for the jobs in ``changed``: by name, or by what the name begins with."""
    answers = {**ANSWERS, **(changed or {})}

    def become(job: Job) -> Any:
        found = answers.get(job.name, answers[job.name.partition("_")[0]])
        return found(job) if callable(found) else found

    return Service(become, **other)


def run(at: Service, **arguments: Any) -> Any:
    """Run the document; the answer is its result."""
    return BENCH.run("main", at, **arguments)


def failure(at: Service, **arguments: Any) -> dict[str, Any]:
    """The error that comes out of the document."""
    with pytest.raises(WorkflowFailed) as failed:
        run(at, **arguments)
    assert isinstance(failed.value.error, dict)
    return failed.value.error


def names(at: Service) -> list[str]:
    """The jobs in the order in which they were started."""
    return [job.name for job in at.jobs.values()]


def kinds(at: Service) -> set[str]:
    """The kinds of jobs that were started."""
    return {name.partition("_")[0] for name in names(at)}


def ends(at: Service) -> dict[str, Any]:
    """What the run wrote of its end."""
    (job,) = (job for job in at.jobs.values() if job.name == "finish")
    return dict(job.parameter("run"))


def test_a_run_moves_what_is_due_and_says_what_it_moved() -> None:
    """Three sources of two units each; the one in the target's own location copies nothing."""
    at = service()

    result = run(at)

    assert {key: result[key] for key in ("run", "epoch", "state", "units", "rows", "bytes", "error")} == {
        "run": "orders-000012", "epoch": 12, "state": "done", "units": 6, "rows": 30, "bytes": 300, "error": None,
    }  # fmt: skip
    assert [(line["source"], line["stage"], line["copies"]) for line in result["sources"]] == [
        ("japan", "done", 3),
        ("brazil", "done", 3),
        ("spain", "done", 0),
    ]
    assert len(at.transfers) == 2
    assert (ends(at)["state"], ends(at)["error"]) == ("done", None)


def test_the_fence_is_taken_first_and_given_back_last() -> None:
    """Nothing is looked at by a run that has no right to commit, and each turn renews the lease."""
    at = service()

    run(at)

    started = names(at)
    assert started[0] == "take_1"
    assert started[1] == "renew_1"
    assert started[-1] == "finish"
    assert started.count("take_1") == 1
    renewed = [name for name in started if name.startswith("renew_")]
    assert renewed == [f"renew_{turn}" for turn in range(1, len(renewed) + 1)]


def test_jobs_run_where_the_data_is() -> None:
    """Inventory, stage and receipts in the source's location; the rest in the target's; each says so itself."""
    at = service()

    run(at)

    for job in at.jobs.values():
        kind, _, name = job.name.partition("_")
        here = kind in {"inventory", "fill", "count", "receipts"}
        route = next((route for route in BENCH.plan.sources if name.startswith(route.name)), None)
        place = (route.staging.project, route.location) if here and route is not None else ("acme-analytics", "EU")
        assert (job.body["jobReference"]["projectId"], job.body["jobReference"]["location"]) == place, job.name


def test_with_nothing_due_nothing_is_staged_and_nothing_copied() -> None:
    """A quiet run looks, and goes."""
    at = service(
        {"inventory": {"lost": False, "units": 0, "buffers": 0, "slices": 0, "left": 0, "changed": 0, "names": None}}
    )

    result = run(at)

    assert (result["state"], result["units"], result["copies"]) == ("quiet", 0, 0)
    assert kinds(at) == {"take", "renew", "inventory", "finish"}
    assert at.transfers == {}


def test_a_run_that_is_told_to_leaves_when_another_holds_the_fence() -> None:
    """One job, and the holder's name."""
    at = service({"take": TAKEN | {"taken": False, "holder": "another"}})

    result = run(at, if_busy="leave")

    assert (result["state"], result["holder"], result["units"]) == ("left", "another", 0)
    assert names(at) == ["take_1"]


def test_a_run_waits_for_the_fence() -> None:
    """It asks again under the next id until the fence is free."""
    at = service({"take": lambda job: TAKEN | {"taken": job.name == "take_4", "holder": "another"}})

    assert run(at)["state"] == "done"
    assert [name for name in names(at) if name.startswith("take")] == [f"take_{turn}" for turn in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"if_bussy": "leave"}, "unknown key 'if_bussy'; known are"),
        ({"if_busy": "stay"}, "if_busy is neither 'wait' nor 'leave'"),
        ({"again": "please"}, "again is neither true nor false"),
        ({"window": "2026-11-01"}, "window is no span of days"),
        ({"window": {"from": "2026-11-01"}}, "window is no span of days"),
        ({"window": {"from": "2026-11-01", "to": "2026-11-01"}}, "window is no span of days"),
        ({"window": {"from": "2026-11-01", "to": "tomorrow"}}, "window is no span of days"),
        ({"window": {"from": "2026-11-01", "to": "2026-11-31"}}, "window is no span of days"),
        ({"window": {"from": "2026-11-01", "to": "2026-11-02", "source": "japan"}}, "window is no span of days"),
        ({"adopt": 1}, "adopt is neither true nor false"),
    ],
)
def test_an_argument_that_is_not_known_is_refused_before_anything_is_touched(
    argument: dict[str, Any], said: str
) -> None:
    """A typing error at night would otherwise be a run that did something else."""
    at = service()

    with pytest.raises(WorkflowFailed, match=said):
        run(at, **argument)
    assert at.calls == []


@pytest.mark.parametrize(
    ("job", "stage"),
    [("inventory", "inventory"), ("fill", "stage"), ("count", "stage"), ("landing", "copy"), ("align", "align")],
)
def test_what_goes_wrong_in_one_source_stops_that_source_alone(job: str, stage: str) -> None:
    """The others are committed first; then the run fails and names source, stage, reason, job and console."""

    def become(started: Job) -> Any:
        return Failed("no rights") if started.name.removeprefix(f"{job}_").startswith("japan") else ANSWERS[job]

    at = service({job: become})

    error = failure(at)

    assert error["message"].startswith("japan, ")
    assert f"{stage}: no rights (job acme-" in error["message"].replace("landed", "align")
    assert "https://console.cloud.google.com/bigquery" in error["message"]
    assert [(line["source"], line["stage"]) for line in error["sources"]] == [
        ("japan", "failed"),
        ("brazil", "done"),
        ("spain", "done"),
    ]
    assert (ends(at)["state"], ends(at)["error"]) == ("failed", error["message"])


def test_rows_that_are_missing_after_aligning_fail_the_source() -> None:
    """What left is counted there, what is aligned is counted here."""
    at = service({"align_japan": ANSWERS["align"] | {"rows": 9}})

    assert "9 rows are aligned, 10 had left the source" in failure(at)["message"]


def test_a_slice_that_wrote_nothing_fails_the_source() -> None:
    """Units that were neither staged nor failed are told, and not left for later in silence."""
    at = service({"count_japan": ANSWERS["count"] | {"unstaged": 2}})

    assert "2 units of the manifest were neither staged nor failed" in failure(at)["message"]


def test_units_that_failed_fail_the_run_and_the_rest_of_their_source_is_committed() -> None:
    """What went well is not held back by what did not; the error is the unit's own."""
    at = service({"count_japan": ANSWERS["count"] | {"units": 1, "failed": 1, "error": "Invalid date"}})

    error = failure(at)

    assert "Invalid date" in error["message"]
    assert [line["stage"] for line in error["sources"]] == ["done", "done", "done"]


def test_receipts_that_cannot_be_written_fail_nothing() -> None:
    """The rows are in the target; the next run puts receipts and tables right. It is logged."""
    at = service({"receipts_japan": Failed("no rights")})
    logged: list[Any] = []

    result = BENCH.run_logged("main", at, logged=logged)

    assert (result["state"], result["sources"][0]["stage"]) == ("done", "done")
    (told,) = (entry for entry in logged if entry["event"] == "not_cleared")
    assert told["source"] == "japan"
    assert "no rights" in told["reason"]


def test_a_run_that_loses_its_lease_ends_before_it_does_anything_more() -> None:
    """Whoever holds the fence now is not disturbed; the end is written where it can be."""
    at = service({"renew_3": {"held": False}})

    error = failure(at)

    assert "the fence has moved on: orders-000012 lost its lease" in error["message"]
    started = names(at)
    assert started[started.index("renew_3") + 1 :] == ["finish"]
    assert ends(at)["state"] == "failed"


def test_a_commit_that_meets_a_fence_that_has_moved_on_ends_the_run() -> None:
    """No source is to blame, so none is tried alone."""
    at = service({"commit": Failed("the fence has moved on: another run holds it")})

    error = failure(at)

    assert "the fence has moved on" in error["message"]
    assert [name for name in names(at) if name.startswith("commit_")] == ["commit_1"]


def test_a_run_in_which_every_commit_fails_ends() -> None:
    """There is nothing more to wait for; each source has its own error."""
    # The lease is lost after 50 turns, so that a run without an end has one.
    renew = lambda job: {"held": int(job.name.removeprefix("renew_")) < 50}  # noqa: E731  an answer like the others
    at = service({"commit": Failed("not every row was inserted"), "renew": renew})

    error = failure(at)

    assert [line["stage"] for line in error["sources"]] == ["failed"] * 3
    assert error["message"].count("not every row was inserted") == 3


def test_a_slow_source_delays_nobody() -> None:
    """Sources whose copies have landed are committed and cleared while another's is on its way."""
    at = service(slow={"brazil": 5})

    result = run(at)

    started = names(at)
    assert result["state"] == "done"
    assert started.index("receipts_japan") < started.index("align_brazil")
    commits = [started.index(name) for name in started if name.startswith("commit_")]
    assert min(commits) < started.index("align_brazil") < max(commits)


def test_a_missing_target_waits_for_all_that_is_on_its_way() -> None:
    """It is made once, of the union of what has landed, before anything is aligned."""
    at = service({"take": TAKEN | {"target_exists": False}}, slow={"brazil": 3})

    assert run(at)["state"] == "done"
    (create,) = (job for job in at.jobs.values() if job.name == "create_target")
    assert create.parameter("run")["landings"] == [str(route.landing) for route in BENCH.plan.sources]
    started = names(at)
    assert all(started.index(f"align_{name}") > started.index("create_target") for name in SOURCES)


def test_a_missing_target_is_made_of_those_that_arrive() -> None:
    """A source that failed on its way keeps nobody waiting."""
    at = service({"take": TAKEN | {"target_exists": False}, "inventory_brazil": Failed("no rights")})

    failure(at)

    (create,) = (job for job in at.jobs.values() if job.name == "create_target")
    assert create.parameter("run")["landings"] == [str(BENCH.plan.sources[at].landing) for at in (0, 2)]


def test_an_error_of_the_run_itself_is_written_and_raised() -> None:
    """A target that cannot be made is no source's fault; the fence is given back all the same."""
    at = service({"take": TAKEN | {"target_exists": False}, "create": Failed("the sources do not agree")})

    error = failure(at)

    assert "the sources do not agree" in error["message"]
    assert error["run"] == "orders-000012"
    assert (ends(at)["state"], ends(at)["sources"]) == ("failed", [])
