"""Deployed workflows, through WorkflowsClient and ExecutionsClient against the local cloud."""

from __future__ import annotations

import time

import pytest
from google.cloud.workflows_v1 import Workflow

from replicator.errors import NotFoundError
from replicator.gcp.clients import Clients
from replicator.gcp.executions import Progress, Workflows
from replicator.runtime.errors import WorkflowCancelled, WorkflowFailed

_PARENT = "projects/acme-analytics/locations/europe-west1"
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


def _deployed(clients: Clients, name: str, source: str) -> str:
    """A workflow with this document; its name."""
    client, request = clients.workflows(), {"parent": _PARENT, "workflow_id": name}
    client.create_workflow({**request, "workflow": Workflow(source_contents=source)}).result(timeout=10)
    return f"{_PARENT}/workflows/{name}"


def test_the_document_that_is_deployed_can_be_looked_at(workflows: Workflows, clients: Clients) -> None:
    """To the byte, or there is none."""
    assert workflows.source(_deployed(clients, "seen", _GREET)) == _GREET
    with pytest.raises(NotFoundError, match=r"^looking at projects/acme-analytics/.*/workflows/nobody: "):
        workflows.source(f"{_PARENT}/workflows/nobody")


def test_an_execution_is_followed_to_its_result(workflows: Workflows, clients: Clients) -> None:
    """The argument goes in as JSON and the result comes out as JSON."""
    name = _deployed(clients, "greet", _GREET)
    seen: list[Progress] = []

    result = workflows.follow(workflows.start(name, {"name": "Ada"}), on_change=seen.append)

    assert result == "hello Ada"
    assert seen[-1].state == "SUCCEEDED"
    assert len({(progress.state, progress.steps) for progress in seen}) == len(seen)


def test_a_failed_execution_raises_what_it_would_have_raised_here(workflows: Workflows, clients: Clients) -> None:
    """The error map and the trace are those of a run in process."""
    name = _deployed(clients, "fail", _FAIL)

    with pytest.raises(WorkflowFailed) as failure:
        workflows.follow(workflows.start(name, None), on_change=lambda _progress: None)

    assert failure.value.error == {"code": 7, "message": "no luck"}
    assert [(frame.routine, frame.step, frame.line) for frame in failure.value.trace] == [("main", "check", 3)]


def test_a_cancelled_execution_says_so(workflows: Workflows, clients: Clients) -> None:
    """It stops in the middle of a sleep."""
    name = _deployed(clients, "nap", _NAP)
    execution = workflows.start(name, None)
    while workflows.progress(execution).steps != ("main.nap",):
        time.sleep(0.05)

    workflows.cancel(execution)

    with pytest.raises(WorkflowCancelled):
        workflows.follow(execution, on_change=lambda _progress: None)


def test_a_workflow_that_is_not_there_is_one_sentence(workflows: Workflows) -> None:
    """Starting what nobody deployed."""
    with pytest.raises(NotFoundError, match=r"^starting projects/acme-analytics/.*/workflows/nobody: "):
        workflows.start(f"{_PARENT}/workflows/nobody", None)
