"""How a connector call behaves, through the client's own connection to a server that answers as a case says.

Cases are data (``cases.yaml``), each with the page that states what is expected. Waiting takes no time: only the
server's own silence does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from replicator.gcp.endpoints import Endpoints
from replicator.gcp.inprocess import environment
from replicator.runtime.clock import VirtualClock
from replicator.runtime.errors import WorkflowFailed
from replicator.runtime.execution import Execution
from replicator.runtime.program import load
from tests.unit.gcp.conftest import Answer, Request, Web

CASES = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8"))
KINDS = {
    "path", "query", "body", "empty answer", "idempotent retry", "non-idempotent retry", "waiting", "polling policy",
    "skip polling", "timeout", "scopes", "connector_params", "HttpError", "ConnectionError", "ConnectionFailedError",
    "TimeoutError", "OperationError", "BigQuery", "transfer service", "Cloud Storage", "Pub/Sub", "Executions",
}  # fmt: skip
"""Everything that the pages say of connectors, each of which has a case here or in a test below."""

SHOWN_BELOW = {"ConnectionFailedError", "Executions"}
KEYS = {
    "name",
    "kinds",
    "page",
    "document",
    "answers",
    "endless",
    "result",
    "error",
    "requests",
    "sent",
    "seconds",
    "steps",
}


def _answers(case: dict[str, Any]) -> Iterator[Answer]:
    for said in case.get("answers", ()):
        body = said.get("text", said.get("body", ""))
        headers = {"Content-Type": "text/plain"} if "text" in said else {}
        yield Answer(said.get("status", 200), body, headers, hang=said.get("hang", 0), drop=said.get("drop", False))
    while "endless" in case:
        yield Answer(200, case["endless"])


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_call_behaves_as_its_page_says(case: dict[str, Any], web: Web) -> None:
    """Result or error, what was asked of the service, and the time that went by."""
    assert case.keys() <= KEYS
    answers, clock, counts = _answers(case), VirtualClock(), [0]
    web.answer = lambda _request: next(answers)
    around = environment(
        Endpoints(http=web.url, executions="127.0.0.1:1"),
        clock=clock,
        on_step=lambda event: counts.append(event.count),
        variables={},
    )

    if "error" in case:
        with pytest.raises(WorkflowFailed) as failed:
            Execution.run(load(case["document"]), None, environment=around)
        assert isinstance(failed.value.error, dict)
        assert {name: failed.value.error.get(name) for name in case["error"]} == case["error"]
    else:
        assert Execution.run(load(case["document"]), None, environment=around) == case["result"]
    assert "endless" in case or next(answers, None) is None
    if "requests" in case:
        assert [f"{request.verb} {request.path}" for request in web.requests] == case["requests"]
    if "sent" in case:
        assert [_sent(request) for request in web.requests] == case["sent"]
    if "seconds" in case:
        assert clock.now() == pytest.approx(case["seconds"])
    if "steps" in case:
        assert max(counts) == case["steps"]


def _sent(request: Request) -> Any:
    return request.json if request.body else None


def test_every_kind_of_behaviour_has_a_case_with_its_page() -> None:
    """None is promised without being shown."""
    shown = {kind for case in CASES for kind in case["kinds"]} | SHOWN_BELOW

    assert shown == KINDS
    assert all(case["page"] for case in CASES)


def test_a_service_that_is_not_there_is_tried_again_and_then_an_error() -> None:
    """Nothing has arrived, so that a write is repeated too (connectors, "Retries"; reference/syntax/error-types)."""
    clock = VirtualClock()
    around = environment(Endpoints(http="http://127.0.0.1:1", executions="127.0.0.1:1"), clock=clock, variables={})
    source = "- a: {call: googleapis.bigquery.v2.datasets.insert, args: {projectId: p, body: {}}}"

    with pytest.raises(WorkflowFailed) as failed:
        Execution.run(load(source), None, environment=around)

    assert isinstance(failed.value.error, dict)
    assert failed.value.error["tags"] == ["ConnectionFailedError"]
    assert clock.now() == pytest.approx(8.20703125)


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server that the test tells what to answer."""
    server = Web()
    yield server
    server.stop()
