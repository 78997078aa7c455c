"""Deployed workflows, through WorkflowsClient and ExecutionsClient against the local cloud."""

from __future__ import annotations

import time

import pytest

from replicator.errors import FailedError, NotFoundError
from replicator.gcp.clients import Clients
from replicator.gcp.executions import Deployment, Progress, WorkflowRef, Workflows
from replicator.runtime.errors import WorkflowCancelled, WorkflowFailed

_GREET = """\
main:
  params: [args]
  steps:
    - greet:
        return: '${"hello " + args.name}'
"""
_FAIL = """\
main:
  steps:
    - check:
        raise: {code: 7, message: no luck}
"""
_NAP = """\
main:
  steps:
    - nap:
        call: sys.sleep
        args: {seconds: 60}
"""


@pytest.fixture
def workflows(clients: Clients) -> Workflows:
    """What is tested; its waits are real, since the executions are."""
    return Workflows(clients, sleep=lambda seconds: time.sleep(min(seconds, 0.1)))


def _ref(name: str) -> WorkflowRef:
    return WorkflowRef("acme-analytics", "europe-west1", name)


def test_a_document_is_deployed_once_and_again_only_when_it_differs(workflows: Workflows) -> None:
    """Created, left alone, updated: the same document twice is no new revision."""
    ref = _ref("deployed")

    assert workflows.deploy(ref, _GREET) is Deployment.CREATED
    assert workflows.deploy(ref, _GREET) is Deployment.UNCHANGED
    assert workflows.deploy(ref, _FAIL) is Deployment.UPDATED
    assert workflows.deploy(ref, _FAIL) is Deployment.UNCHANGED


def test_a_document_that_is_none_is_refused(workflows: Workflows) -> None:
    """With the service's own message, in one sentence."""
    with pytest.raises(FailedError, match=r"^deploying projects/acme-analytics/.*broken: "):
        workflows.deploy(_ref("broken"), "main: {steps: 3}")


def test_an_execution_is_followed_to_its_result(workflows: Workflows) -> None:
    """The argument goes in as JSON and the result comes out as JSON."""
    workflows.deploy(_ref("greet"), _GREET)
    seen: list[Progress] = []

    result = workflows.follow(workflows.start(_ref("greet"), {"name": "Ada"}), on_change=seen.append)

    assert result == "hello Ada"
    assert seen[-1].state == "SUCCEEDED"
    assert len({(progress.state, progress.steps) for progress in seen}) == len(seen)


def test_a_failed_execution_raises_what_it_would_have_raised_here(workflows: Workflows) -> None:
    """The error map and the trace are those of a run in process."""
    workflows.deploy(_ref("fail"), _FAIL)

    with pytest.raises(WorkflowFailed) as failure:
        workflows.follow(workflows.start(_ref("fail"), None), on_change=lambda _progress: None)

    assert failure.value.error == {"code": 7, "message": "no luck"}
    assert [(frame.routine, frame.step, frame.line) for frame in failure.value.trace] == [("main", "check", 3)]


def test_a_cancelled_execution_says_so(workflows: Workflows) -> None:
    """It stops in the middle of a sleep."""
    workflows.deploy(_ref("nap"), _NAP)
    execution = workflows.start(_ref("nap"), None)
    while workflows.progress(execution).steps != ("main.nap",):
        time.sleep(0.05)

    workflows.cancel(execution)

    with pytest.raises(WorkflowCancelled):
        workflows.follow(execution, on_change=lambda _progress: None)


def test_a_workflow_that_is_not_there_is_one_sentence(workflows: Workflows) -> None:
    """Starting what nobody deployed."""
    with pytest.raises(NotFoundError, match=r"^starting projects/acme-analytics/.*/workflows/nobody: "):
        workflows.start(_ref("nobody"), None)
