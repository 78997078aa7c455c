"""How executions that have ended look."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replicator.local.workflows.endings import ended
from replicator.local.workflows.process import Died, End, Failed, Stopped, Succeeded
from replicator.local.workflows.store import Execution

RUNNING = Execution("executions/e", "workflows/w", "ACTIVE", 100.0, {"startTime": "1970-01-01T00:01:40Z"})


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (Succeeded({"rows": 1}), "SUCCEEDED"),
        (Failed("no", ()), "FAILED"),
        (Stopped(), "CANCELLED"),
        (Died("gone"), "FAILED"),
    ],
)
def test_every_end_has_its_state_and_its_time(end: End, state: str) -> None:
    """The result is there for one that succeeded, an error for every other."""
    execution = ended(RUNNING, end, now=102.5)

    assert execution.state == state
    assert execution.body["endTime"] == "1970-01-01T00:01:42.5Z"
    assert execution.body["duration"] == "2.500000s"
    assert ("result" in execution.body) == (state == "SUCCEEDED")
    assert ("error" in execution.body) == (state != "SUCCEEDED")


@pytest.mark.parametrize("result", [None, "日本", {"a": [1, 2.5]}, 9_007_199_254_740_993, ""])
def test_a_result_is_json_again(result: Any) -> None:
    """To the digit, and no character escaped away."""
    text = ended(RUNNING, Succeeded(result), now=101.0).body["result"]

    assert json.loads(text) == result
    assert "\\u" not in text


def test_a_clock_that_was_set_back_makes_no_negative_duration() -> None:
    """Durations of protocol buffers may be negative, those of executions are not."""
    assert ended(RUNNING, Stopped(), now=10.0).body["duration"] == "0.000000s"


@pytest.mark.parametrize(
    ("error", "context"),
    [
        ("no", 'RuntimeError: "no"'),
        ({"code": 5}, 'RuntimeError: {"code":5}'),
        ({"tags": ["KeyError"], "message": "x"}, "KeyError: x"),
        ({"tags": [], "message": "x"}, 'RuntimeError: {"tags":[],"message":"x"}'),
    ],
)
def test_an_error_is_told_for_people(error: Any, context: str) -> None:
    """The tag where there is one; the calls follow, innermost first."""
    trace = [
        {"step": "inner", "routine": "sub", "line": 9, "column": 3},
        {"step": "outer", "routine": "main", "line": 2},
    ]

    told = ended(RUNNING, Failed(error, trace), now=101.0).body["error"]

    assert told["context"].splitlines() == [
        context,
        'in step "inner", routine "sub", line: 9',
        'in step "outer", routine "main", line: 2',
    ]
    assert told["stackTrace"]["elements"][0]["position"] == {"line": "9", "column": "3"}
