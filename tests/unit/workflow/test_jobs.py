"""Jobs in the document: started once under a derived id, joined, tried again, told apart when they fail."""

from __future__ import annotations

from typing import Any, Final

import pytest

from replicator.runtime.errors import ConnectionBroken, HttpError, WorkflowFailed
from replicator.sql.placeholders import bind
from tests.unit.plan.pipelines import plan
from tests.unit.workflow.scripted import HOLDER, Bench, Failed, Fault, Running, Service

BENCH: Final = Bench(plan())
JOB: Final = {
    "name": "count",
    "project": "acme-jp",
    "location": "asia-northeast1",
    "statement": "count_staged",
    "run": {"run": "orders-000012"},
    "source": None,
    "names": {"epoch": "000012"},
}


def finish(service: Service, **other: Any) -> Any:
    """Start the job and wait for its answer, which says where the job is as well."""
    answer = BENCH.run("finish_job", service, pipeline=BENCH.pipeline, run=BENCH.of_run, job=JOB | other)
    assert answer.pop("job")["jobId"].startswith(BENCH.job_id("count").removesuffix(f"_1_{HOLDER}"))
    return answer


def reference() -> dict[str, str]:
    """Where the first attempt is."""
    return {"projectId": "acme-jp", "location": "asia-northeast1", "jobId": BENCH.job_id("count")}


def look(service: Service) -> Any:
    """Start the job, then look at it once."""
    arguments = {"pipeline": BENCH.pipeline, "run": BENCH.of_run, "job": JOB, "attempt": 1}
    BENCH.run("start_job", service, **arguments)
    return BENCH.run("look", service, reference=reference())


def test_a_job_says_where_it_runs_what_it_sends_and_whose_it_is() -> None:
    """Id, project and location are derived; names are put in braces; both parameters are JSON texts."""
    service = Service(lambda _: {"n": 1})

    assert finish(service, source={"name": "japan", "labels": {"team": "a-1"}, "max_bytes_billed": "200"}) == {"n": 1}
    ((id_, job),) = service.jobs.items()
    assert id_ == BENCH.job_id("count")
    assert job.body["jobReference"] == reference()
    assert job.body["configuration"]["labels"] == {"managed-by": "replicator", "pipeline": "orders", "team": "a-1"}
    assert job.body["configuration"]["query"]["maximumBytesBilled"] == "200"
    assert job.sql == bind(BENCH.plan.statements.count_staged, {"epoch": "000012"})
    assert "000012" in job.sql
    assert job.parameter("run") == {"run": "orders-000012"}
    assert job.parameter("source")["name"] == "japan"


def test_a_job_that_is_there_is_joined() -> None:
    """An execution that was lost has started it: it runs once, and its answer is ours."""
    service = Service(lambda _: {"n": 1})
    finish(service)

    assert finish(service) == {"n": 1}
    assert list(service.jobs) == [BENCH.job_id("count")]


def test_a_broken_call_that_started_the_job_started_it() -> None:
    """The answer was lost, the job was not: it is looked up by its id."""
    service = Service(lambda _: {"n": 1}, faults=[Fault("jobs.insert", ConnectionBroken("reset"), acts=True)])

    assert finish(service) == {"n": 1}
    assert [call for call, _ in service.calls] == ["jobs.insert", "jobs.get", "jobs.getQueryResults"]


def test_a_job_that_cannot_be_started_says_why() -> None:
    """At once, with the job that was meant and its page; the error is not the one of looking for what is not there."""
    refused = HttpError(403, "Access Denied: Project acme-jp", body={"error": {"message": "Access Denied"}})
    service = Service(lambda _: None, faults=[Fault("jobs.insert", refused)])

    with pytest.raises(WorkflowFailed) as failed:
        finish(service)

    assert isinstance(failed.value.error, dict)
    assert (failed.value.error["code"], failed.value.error["message"]) == (403, "Access Denied")
    assert failed.value.error["job"] == f"acme-jp:asia-northeast1.{BENCH.job_id('count')}"
    assert str(failed.value.error["console"]).endswith(f"j=bq:asia-northeast1:{BENCH.job_id('count')}")
    assert [call for call, _ in service.calls] == ["jobs.get"]


@pytest.mark.parametrize(
    "passing",
    [
        ConnectionBroken("reset"),
        HttpError(500, "backendError", body=None),
        HttpError(403, "too fast", body={"error": {"message": "x", "errors": [{"reason": "rateLimitExceeded"}]}}),
    ],
)
def test_a_call_that_never_arrived_is_made_again_under_the_same_id(passing: Exception) -> None:
    """The job is looked for and is not there; inserted again it runs once."""
    service = Service(lambda _: {"n": 1}, faults=[Fault("jobs.insert", passing)])

    assert finish(service) == {"n": 1}
    assert list(service.jobs) == [BENCH.job_id("count")]
    assert [call for call, _ in service.calls] == ["jobs.get", "jobs.insert", "jobs.getQueryResults"]


def test_a_call_that_never_arrives_is_given_up() -> None:
    """Three times in all; the error says which job was meant."""
    service = Service(lambda _: {"n": 1}, faults=[Fault("jobs.insert", ConnectionBroken("reset")) for _ in range(9)])

    with pytest.raises(WorkflowFailed) as failed:
        finish(service)

    assert len(service.faults) == 6
    assert isinstance(failed.value.error, dict)
    assert failed.value.error["job"] == f"acme-jp:asia-northeast1.{BENCH.job_id('count')}"


def test_a_job_is_waited_for() -> None:
    """It is asked until it has ended, and started once."""
    service = Service(lambda _: Running(5, {"n": 1}))

    assert finish(service) == {"n": 1}
    assert service.started("count") == [BENCH.job_id("count")]


@pytest.mark.parametrize(
    "failed",
    [
        Failed("try later", "backendError"),
        Failed("try later", "internalError"),
        Failed("try later", "jobBackendError"),
        Failed("try later", "jobInternalError"),
        Failed("too fast", "rateLimitExceeded"),
        Failed("away", "tableUnavailable"),
        Failed("Transaction is aborted due to concurrent update against table t.", "invalidQuery"),
    ],
)
def test_what_may_pass_is_tried_again_under_the_next_id(failed: Failed) -> None:
    """A confirmed failure and the next predictable id."""
    service = Service(lambda job: failed if job.attempt == 1 else {"n": 1})

    assert finish(service) == {"n": 1}
    assert service.started("count") == [BENCH.job_id("count"), BENCH.job_id("count", 2)]


def test_there_are_three_attempts_and_no_more() -> None:
    """What does not pass is told with the last attempt's job."""
    service = Service(lambda _: Failed("try later", "backendError"))

    with pytest.raises(WorkflowFailed) as failed:
        finish(service)

    assert service.started("count") == [BENCH.job_id("count", attempt) for attempt in (1, 2, 3)]
    assert isinstance(failed.value.error, dict)
    assert failed.value.error["job"] == f"acme-jp:asia-northeast1.{BENCH.job_id('count', 3)}"


def test_what_does_not_pass_is_raised_at_once_with_job_and_console() -> None:
    """One attempt; the error has what a person needs to look at it."""
    service = Service(lambda _: Failed("Syntax error at [1:1]"))

    with pytest.raises(WorkflowFailed) as failed:
        finish(service)

    id_ = BENCH.job_id("count")
    assert list(service.jobs) == [id_]
    assert failed.value.error == {
        "message": "Syntax error at [1:1]",
        "reason": "invalidQuery",
        "job": f"acme-jp:asia-northeast1.{id_}",
        "console": "https://console.cloud.google.com/bigquery?project=acme-jp&page=queryresults"
        f"&j=bq:asia-northeast1:{id_}",
    }


def test_a_running_job_is_not_done() -> None:
    """Whether the service says so, or its answer is lost and the job itself says so."""
    running = {"done": False, "answer": None, "error": None}

    assert look(Service(lambda _: Running(1))) == running
    lost = Fault("getQueryResults", HttpError(400, "cannot read", body=None))
    assert look(Service(lambda _: Running(1), faults=[lost])) == running


def test_a_failed_job_is_done_and_says_why() -> None:
    """The error is the job's own, not that of the question."""
    seen = look(Service(lambda _: Failed("Division by zero")))

    assert (seen["done"], seen["error"]) == (True, {"message": "Division by zero", "reason": "invalidQuery"})


def test_a_job_without_rows_is_done() -> None:
    """DML and DDL answer nothing."""
    assert look(Service(lambda _: None)) == {"done": True, "answer": None, "error": None}


def test_an_answer_that_cannot_be_read_is_no_answer() -> None:
    """A job that ended well and whose rows are refused is an error, not a success without rows."""
    service = Service(lambda _: {"n": 1}, faults=[Fault("getQueryResults", HttpError(403, "no rights", body=None))])

    with pytest.raises(WorkflowFailed, match="error code 403") as failed:
        look(service)

    assert isinstance(failed.value.error, dict)
    assert failed.value.error["job"] == f"acme-jp:asia-northeast1.{BENCH.job_id('count')}"


def test_an_answer_is_asked_for_again_while_the_error_may_pass() -> None:
    """The service was away for a moment and the job went well: a few questions more, and no second job."""
    service = Service(lambda _: {"n": 1}, faults=[Fault("getQueryResults", HttpError(500, "away", body=None))] * 2)

    assert look(service)["answer"] == {"n": 1}
    assert len(service.jobs) == 1
