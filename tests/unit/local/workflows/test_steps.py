"""The history of an execution, step by step."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from replicator.local.workflows.steps import step_entries
from replicator.local.workflows.store import Event, Execution

RUNNING = Execution("executions/e", "workflows/w", "ACTIVE", 100.0, {"startTime": "1970-01-01T00:01:40Z"})
NOTHING = "- x: {return: 1}"


def event(moment: str, step: str, routine: str = "main", data: Any = None) -> Event:
    return Event(routine, step, moment, 101.0, "", json.dumps(data))


def test_a_step_that_is_taken_twice_has_two_entries() -> None:
    """In a loop, or in branches side by side: an end belongs to the one begun last."""
    events = [event("started", "a"), event("started", "a"), event("failed", "a", data="no"), event("finished", "a")]

    entries = step_entries(RUNNING, events, NOTHING)

    assert [(one["entryId"], one["state"]) for one in entries] == [("1", "STATE_SUCCEEDED"), ("2", "STATE_FAILED")]
    assert entries[1]["exception"] == {"payload": '"no"'}


def test_a_step_that_has_not_ended_is_in_progress() -> None:
    """What was logged is no step; steps of one name in two routines are two."""
    events = [event("started", "a"), event("log", "a"), event("started", "a", "sub"), event("finished", "a", "sub")]

    assert [(one["routine"], one["state"]) for one in step_entries(RUNNING, events, NOTHING)] == [
        ("main", "STATE_IN_PROGRESS"),
        ("sub", "STATE_SUCCEEDED"),
    ]


@pytest.mark.parametrize(
    ("state", "expected"),
    [("CANCELLED", "STATE_CANCELLED"), ("FAILED", "STATE_FAILED"), ("ACTIVE", "STATE_IN_PROGRESS")],
)
def test_a_step_ends_with_its_execution(state: str, expected: str) -> None:
    """Nothing stays in progress behind an execution that has ended."""
    over = replace(RUNNING, state=state, body={**RUNNING.body, "endTime": "1970-01-01T00:02:00Z"})

    (entry,) = step_entries(over, [event("started", "x")], NOTHING)

    assert entry["state"] == expected
    assert (entry["updateTime"] == "1970-01-01T00:02:00Z") is (state != "ACTIVE")


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ("assign: [{x: 1}]", "STEP_ASSIGN"),
        ("call: sys.log", "STEP_STD_LIB_CALL"),
        ("call: googleapis.bigquery.v2.jobs.get", "STEP_CONNECTOR_CALL"),
        ("call: f", "STEP_SUBWORKFLOW_CALL"),
        ("switch: [{condition: true, return: 1}]", "STEP_SWITCH"),
        ("for: {value: v, in: [1], steps: [{i: {return: 1}}]}", "STEP_FOR"),
        ("parallel: {for: {value: v, in: [1], steps: [{i: {call: f}}]}}", "STEP_PARALLEL_FOR"),
        ("parallel: {branches: [{b: {steps: [{i: {call: f}}]}}]}", "STEP_PARALLEL_BRANCH"),
        ("try: {call: f}", "STEP_TRY_RETRY_EXCEPT"),
        ("return: 1", "STEP_RETURN"),
        ("raise: x", "STEP_RAISE"),
        ("next: end", "STEP_GOTO"),
        ("steps: [{i: {return: 1}}]", "STEP_TYPE_UNSPECIFIED"),
    ],
)
def test_each_kind_of_step_is_named(step: str, kind: str) -> None:
    """By the service's names (stepEntries: StepType)."""
    source = f"main: {{steps: [{{s: {{{step}}}}}]}}\nf: {{steps: [{{g: {{return: 1}}}}]}}"

    (entry,) = step_entries(RUNNING, [event("started", "s")], source)

    assert entry["stepType"] == kind
