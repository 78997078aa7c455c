"""Executions through Google's client, which speaks gRPC, and through REST as Cloud Scheduler calls it."""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1

from replicator import limits
from tests.conformance.workflows.cloud import PARENT, Cloud, wait_for

WORKFLOW = f"{PARENT}/workflows/ga4"


def post(url: str, body: object) -> Any:
    # All addresses here are the test server's.
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310  as above
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  as above
        return json.load(answer)


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  the test server's
        return json.load(answer)


def runs(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_execution_runs_in_a_process_of_its_own_and_returns_its_result(cloud: Cloud) -> None:
    """What the workflow returns is the result, as JSON."""
    revision = cloud.deploy(user_env_vars={"TIER": "test"}).revision_id

    started = cloud.execute(argument={"day": "2026-11-01"})
    ended = cloud.ended(started.name)

    assert started.state.name == "ACTIVE"
    assert ended.state.name == "SUCCEEDED"
    told = json.loads(ended.result)
    assert told["argument"] == {"day": "2026-11-01"}
    assert told["pid"] != os.getpid()
    assert told["endpoints"] == {"http": cloud.endpoints.http, "executions": cloud.endpoints.executions}
    assert told["environment"] == {
        "GOOGLE_CLOUD_PROJECT_ID": "acme-analytics",
        "GOOGLE_CLOUD_LOCATION": "europe-west1",
        "GOOGLE_CLOUD_WORKFLOW_ID": "ga4",
        "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": revision,
        "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": started.name.rpartition("/")[2],
        "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ATTEMPT": "1",
        "TIER": "test",
    }
    assert ended.workflow_revision_id == revision
    assert ended.start_time <= ended.end_time
    assert ended.status.current_steps[0].step == "end"


def test_an_error_that_nothing_caught_is_told_with_its_stack(cloud: Cloud) -> None:
    """The payload is the error's value; the stack says where."""
    cloud.deploy()
    error = {"message": "no such dataset", "tags": ["HttpError"], "code": 404}

    ended = cloud.ended(cloud.execute(argument={"do": "fail", "error": error}).name)

    assert ended.state.name == "FAILED"
    assert json.loads(ended.error.payload) == error
    frame = ended.error.stack_trace.elements[0]
    assert (frame.routine, frame.step, frame.position.line, frame.position.column) == ("main", "begin", 4, 7)
    assert ended.error.context == 'HttpError: no such dataset\nin step "begin", routine "main", line: 4'
    assert ended.result == ""


def test_a_process_that_dies_ends_the_execution_as_failed(cloud: Cloud) -> None:
    """The error says so, with the process's last words."""
    cloud.deploy()

    ended = cloud.ended(cloud.execute(argument={"do": "die"}).name)

    assert ended.state.name == "FAILED"
    message = json.loads(ended.error.payload)["message"]
    assert "status 9" in message
    assert "something broke" in message


def test_a_process_that_does_not_keep_to_the_protocol_is_ended(cloud: Cloud) -> None:
    """Its line is told."""
    cloud.deploy()

    ended = cloud.ended(cloud.execute(argument={"do": "babble"}).name)

    assert "not of the protocol" in json.loads(ended.error.payload)["message"]


def test_an_executor_that_cannot_be_started_ends_the_execution_as_failed(cloud: Cloud) -> None:
    """No execution stays active with nothing behind it."""
    cloud.stop()
    cloud.executor = ("/nowhere/executor",)
    cloud.start()
    cloud.deploy()

    ended = cloud.ended(cloud.execute().name)

    assert "/nowhere/executor" in json.loads(ended.error.payload)["message"]


@pytest.mark.parametrize("how", ["hang", "ignore"])
def test_a_cancelled_execution_ends_with_its_process(cloud: Cloud, tmp_path: Path, how: str) -> None:
    """Also when the process takes no notice of the request."""
    cloud.deploy()
    name = cloud.execute(argument={"do": how, "pid": str(tmp_path / "pid")}).name
    wait_for(lambda: bool(cloud.executions.get_execution(name=name).status.current_steps))

    cancelled = cloud.executions.cancel_execution(name=name)

    assert cancelled.state.name == "CANCELLED"
    assert cancelled.error.payload
    wait_for(lambda: not runs(int((tmp_path / "pid").read_text())))
    with pytest.raises(exceptions.FailedPrecondition):
        cloud.executions.cancel_execution(name=name)
    cloud.stop()
    cloud.start()
    assert cloud.executions.get_execution(name=name).state.name == "CANCELLED"


def test_executions_are_listed_newest_first_with_their_basics(cloud: Cloud) -> None:
    """Arguments and results only where the whole view is asked for."""
    cloud.deploy()
    names = [cloud.ended(cloud.execute(argument={"n": n}).name).name for n in range(3)]

    basic = list(cloud.executions.list_executions(parent=WORKFLOW))
    request = executions_v1.ListExecutionsRequest(parent=WORKFLOW, view=executions_v1.ExecutionView.FULL, page_size=2)
    pages = list(cloud.executions.list_executions(request).pages)

    assert [one.name for one in basic] == names[::-1]
    assert {one.argument for one in basic} == {""}
    assert {one.state.name for one in basic} == {"SUCCEEDED"}
    assert [len(page.executions) for page in pages] == [2, 1]
    assert json.loads(pages[0].executions[0].argument) == {"n": 2}


def test_a_view_decides_what_is_told(cloud: Cloud) -> None:
    """Everything by default, the basics where they are asked for."""
    cloud.deploy()
    name = cloud.ended(cloud.execute(argument={"n": 1}).name).name

    full = cloud.executions.get_execution(name=name)
    basic = cloud.executions.get_execution(
        executions_v1.GetExecutionRequest(name=name, view=executions_v1.ExecutionView.BASIC)
    )

    assert json.loads(full.argument) == {"n": 1}
    assert (basic.argument, basic.result) == ("", "")
    assert basic.duration == full.duration


@pytest.mark.parametrize(
    "argument",
    ["{not json", json.dumps("x" * limits.ARGUMENT_BYTES.value)],
    ids=["no JSON", "too large"],
)
def test_an_argument_that_the_service_does_not_take_is_refused(cloud: Cloud, argument: str) -> None:
    """Nothing is started."""
    cloud.deploy()
    execution = executions_v1.Execution(argument=argument)

    with pytest.raises(exceptions.InvalidArgument):
        cloud.executions.create_execution(parent=WORKFLOW, execution=execution)
    assert list(cloud.executions.list_executions(parent=WORKFLOW)) == []


def test_an_argument_of_just_the_limit_is_taken(cloud: Cloud) -> None:
    """32 KB, the quotation marks counted."""
    cloud.deploy()
    argument = {"n": "x" * (limits.ARGUMENT_BYTES.value - len('{"n": ""}'))}

    assert cloud.ended(cloud.execute(argument=argument).name).state.name == "SUCCEEDED"


def test_what_is_not_there_is_not_found(cloud: Cloud) -> None:
    """A workflow, an execution; a malformed name is another mistake."""
    with pytest.raises(exceptions.NotFound):
        cloud.execute()
    cloud.deploy()
    with pytest.raises(exceptions.NotFound):
        cloud.executions.get_execution(name=f"{WORKFLOW}/executions/none")
    with pytest.raises(exceptions.InvalidArgument):
        cloud.executions.get_execution(name="nonsense")


def test_cloud_scheduler_starts_an_execution_by_rest(cloud: Cloud) -> None:
    """The body holds the argument as a text; enums are told by name to who does not ask for numbers."""
    cloud.deploy()

    started = post(f"{cloud.endpoints.http}/v1/{WORKFLOW}/executions", {"argument": '{"if_busy": "leave"}'})
    ended = cloud.ended(started["name"])

    assert started["state"] == "ACTIVE"
    assert json.loads(ended.result)["argument"] == {"if_busy": "leave"}
    assert get(f"{cloud.endpoints.http}/v1/{ended.name}")["state"] == "SUCCEEDED"


def test_an_argument_that_is_no_text_is_refused(cloud: Cloud) -> None:
    """The usual mistake of who writes the scheduler's body by hand."""
    cloud.deploy()

    with pytest.raises(urllib.error.HTTPError) as failure:
        post(f"{cloud.endpoints.http}/v1/{WORKFLOW}/executions", {"argument": {"if_busy": "leave"}})
    assert failure.value.code == 400
    assert "written as a text" in json.load(failure.value)["error"]["message"]


def test_steps_are_kept_with_how_they_ended(cloud: Cloud) -> None:
    """One entry for each step that was begun, in order."""
    cloud.deploy()
    good = cloud.ended(cloud.execute().name)
    bad = cloud.ended(cloud.execute(argument={"do": "fail", "error": "no"}).name)

    steps = get(f"{cloud.endpoints.http}/v1/{good.name}/stepEntries")
    failed = get(f"{cloud.endpoints.http}/v1/{bad.name}/stepEntries/1")

    assert [(one["step"], one["state"]) for one in steps["stepEntries"]] == [
        ("begin", "STATE_SUCCEEDED"),
        ("end", "STATE_SUCCEEDED"),
    ]
    assert steps["totalSize"] == 2
    assert failed["state"] == "STATE_FAILED"
    assert json.loads(failed["exception"]["payload"]) == "no"


def test_a_stopping_server_ends_its_executions_as_failed(cloud: Cloud) -> None:
    """And says why; the process is gone too."""
    cloud.deploy()
    name = cloud.execute(argument={"do": "hang"}).name
    wait_for(lambda: bool(cloud.executions.get_execution(name=name).status.current_steps))

    cloud.stop()
    cloud.start()

    ended = cloud.executions.get_execution(name=name)
    assert ended.state.name == "FAILED"
    assert "was stopped while it ran" in json.loads(ended.error.payload)["message"]


def test_what_a_killed_server_left_running_has_failed_when_it_is_started_again(cloud: Cloud, tmp_path: Path) -> None:
    """Nothing is resumed, and the execution says so."""
    cloud.deploy()
    name = cloud.execute(argument={"do": "hang"}).name
    wait_for(lambda: bool(cloud.executions.get_execution(name=name).status.current_steps))
    left = tmp_path / "left"
    left.mkdir()
    for file in cloud.file.parent.glob(f"{cloud.file.name}*"):
        shutil.copy(file, left)

    again = Cloud(left / cloud.file.name)
    again.start()

    try:
        ended = again.executions.get_execution(name=name)
        assert ended.state.name == "FAILED"
        assert "was killed and started again while it ran" in json.loads(ended.error.payload)["message"]
    finally:
        again.stop()


def test_executions_are_chosen_by_a_filter_and_ordered(cloud: Cloud) -> None:
    """Comparisons joined by AND and OR (executions.list: filter, orderBy)."""
    cloud.deploy()
    good = cloud.ended(cloud.execute().name).name
    bad = cloud.ended(cloud.execute(argument={"do": "fail", "error": "no"}).name).name

    def chosen(by: str = "", order: str = "") -> list[str]:
        request = executions_v1.ListExecutionsRequest(parent=WORKFLOW, filter=by, order_by=order)
        return [one.name for one in cloud.executions.list_executions(request)]

    assert chosen('state="SUCCEEDED"') == [good]
    assert chosen('startTime>"2023-08-01" AND state="FAILED"') == [bad]
    assert chosen("state=FAILED OR state=SUCCEEDED") == [bad, good]
    assert chosen(order="startTime") == [good, bad]
    assert chosen("NOT state=FAILED") == [good]
    assert chosen(f'executionId="{bad.rpartition("/")[2]}"') == [bad]
    assert chosen("duration > 3600s") == []


@pytest.mark.parametrize(
    ("by", "refusal"),
    [
        ("colour=red", exceptions.BadRequest),
        ("state=RED", exceptions.BadRequest),
        ("state", exceptions.BadRequest),
        ("startTime>yesterday", exceptions.BadRequest),
        ("label:a", exceptions.BadRequest),
        ("executionId:a", exceptions.MethodNotImplemented),
        ('executionId="a*"', exceptions.MethodNotImplemented),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(cloud: Cloud, by: str, refusal: type[Exception]) -> None:
    """Rather than answered with too much."""
    cloud.deploy()

    with pytest.raises(refusal):
        cloud.executions.list_executions(executions_v1.ListExecutionsRequest(parent=WORKFLOW, filter=by))


def test_how_much_is_kept_of_an_execution_can_be_said(cloud: Cloud) -> None:
    """Step entries are kept of each; their variables are not, and whoever asks for them is told."""
    cloud.deploy()
    at = f"{cloud.endpoints.http}/v1/{WORKFLOW}/executions"

    kept = post(at, {"executionHistoryLevel": "EXECUTION_HISTORY_BASIC"})
    with pytest.raises(urllib.error.HTTPError) as failure:
        post(at, {"executionHistoryLevel": "EXECUTION_HISTORY_DETAILED"})

    assert kept["executionHistoryLevel"] == "EXECUTION_HISTORY_BASIC"
    assert failure.value.code == 501
    # Google's client of today does not know the field.
    assert cloud.ended(kept["name"]).state.name == "SUCCEEDED"


STEPS = """
main:
  steps:
    - begin:
        assign: [{x: 1}]
    - deaf: {next: end}
"""


def test_steps_say_what_they_are_and_that_they_were_cancelled(cloud: Cloud) -> None:
    """By the source of the execution's own revision."""
    cloud.deploy(source=STEPS)
    name = cloud.execute(argument={"do": "ignore"}).name
    at = f"{cloud.endpoints.http}/v1/{name}/stepEntries"
    wait_for(lambda: get(at)["totalSize"] == 2)
    changed = workflows_v1.Workflow(name=WORKFLOW, source_contents="- begin: {return: 1}\n")
    cloud.workflows.update_workflow(workflow=changed).result(timeout=5)

    running = get(at)["stepEntries"]
    cloud.executions.cancel_execution(name=name)
    ended = get(at)["stepEntries"]

    assert [(one["step"], one["stepType"]) for one in running] == [("begin", "STEP_ASSIGN"), ("deaf", "STEP_GOTO")]
    assert {one["state"] for one in running} == {"STATE_IN_PROGRESS"}
    assert {one["state"] for one in ended} == {"STATE_CANCELLED"}
    assert get(f"{at}?filter=step%3Ddeaf&orderBy=entryId%20desc")["stepEntries"] == [ended[1]]
    assert get(f"{at}?filter=state%3DCANCELLED")["totalSize"] == 2
    numbered = get(f"{at}/1?$alt=json;enum-encoding=int")
    assert (numbered["state"], numbered["stepType"]) == (4, 1)


def test_calls_by_grpc_are_recorded_like_the_others(cloud: Cloud) -> None:
    """With the status that their code corresponds to."""
    cloud.deploy()
    cloud.ended(cloud.execute().name)
    with pytest.raises(exceptions.NotFound):
        cloud.execute(name="none")

    calls = [(one.method, one.path.rpartition("/")[2], one.status) for one in cloud.recorder.calls()]

    assert ("POST", "workflows", 200) in calls
    assert ("gRPC", "CreateExecution", 200) in calls
    assert ("gRPC", "CreateExecution", 404) in calls
