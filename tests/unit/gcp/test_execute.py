"""The program that runs one execution in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.unit.gcp.conftest import Web

_FORBIDDEN = ("config", "sql", "plan", "workflow", "ledger", "local", "demo", "report", "forecast")
_GREET = """\
main:
  params: [args]
  steps:
    - greet:
        call: sys.log
        args: {text: '${"hello " + args.name}', severity: INFO}
    - done:
        return: {id: '${sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}', name: '${args.name}'}
"""
_ASK = """\
main:
  steps:
    - ask:
        call: googleapis.bigquery.v2.jobs.get
        args: {projectId: p, jobId: j}
"""
_SLEEP = """\
main:
  steps:
    - nap:
        call: sys.sleep
        args: {seconds: 60}
"""


@contextmanager
def _started(
    source: str, argument: Any = None, *, prefix: str = "", http: str = "http://127.0.0.1:1"
) -> Iterator[subprocess.Popen[str]]:
    """The program, given its order; stdin stays open until the test is over."""
    command = f"import sys; {prefix} from replicator.cli.execute import main; sys.exit(main())"
    order = {
        "source": source,
        "argument": argument,
        "environment": {"GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": "e-1"},
        "endpoints": {"http": http, "executions": "127.0.0.1:1"},
    }
    process = subprocess.Popen(
        [sys.executable, "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109  the checkout that pytest was started in
    )
    with process:
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            yield process
        finally:
            process.kill()


def _lines(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    assert process.stdout is not None
    return [json.loads(line) for line in process.stdout]


def test_steps_are_told_and_the_result_comes_last() -> None:
    """Each line is JSON; the argument and the environment reach the document."""
    with _started(_GREET, {"name": "Ada"}) as process:
        *steps, last = _lines(process)
        assert process.wait(5) == 0

    assert last == {"result": {"id": "e-1", "name": "Ada"}}
    moments = [(step["step"]["step"], step["step"]["moment"], step["step"]["data"]) for step in steps]
    assert ("greet", "log", "hello Ada") in moments
    assert moments[0] == ("greet", "started", None)


def test_an_uncaught_error_comes_with_its_trace() -> None:
    """The error map as Workflows shows it, and where it came from; the exit code is 1."""
    with _started("main: {steps: [{fail: {raise: {code: 7}}}]}") as process:
        last = _lines(process)[-1]
        assert process.wait(5) == 1

    assert last["error"] == {"code": 7}
    assert [(frame["routine"], frame["step"]) for frame in last["trace"]] == [("main", "fail")]


def test_a_source_that_is_no_workflow_is_an_error_not_a_crash() -> None:
    """The last line is there, whatever the source."""
    with _started("main: {steps: 3}") as process:
        [last] = _lines(process)

    assert "workflow:1:" in last["error"]


def test_terminating_it_cancels_the_execution() -> None:
    """SIGTERM wakes a sleep, and the last line says so."""
    with _started(_SLEEP) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert _lines(process)[-1] == {"cancelled": True}


def test_it_ends_with_whoever_started_it() -> None:
    """When stdin ends nobody watches any more, and nothing goes on unwatched."""
    with _started(_SLEEP) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(5) != 0


def test_it_runs_where_nothing_that_plans_can_be_imported(web: Web) -> None:
    """At night there is no Python: the document needs the runtime and Google's clients, and nothing else of ours."""
    names = [f"replicator.{name}" for name in _FORBIDDEN]
    without = f"sys.modules.update(dict.fromkeys({names})); "
    with _started(_GREET, {"name": "x"}, prefix=without) as process:
        assert _lines(process)[-1]["result"]["name"] == "x"
    with _started(_ASK, prefix=without, http=web.url) as process:
        assert _lines(process)[-1]["error"]["code"] == 404
    assert [request.path.partition("?")[0] for request in web.requests] == ["/bigquery/v2/projects/p/jobs/j"]
