"""What lists of executions and of their steps can be chosen and ordered by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from replicator.local.rest import Json
from replicator.local.workflows.choosing import Field, duration, moment, number, one_of, text
from replicator.local.workflows.steps import STEP_STATES, STEP_TYPES
from replicator.local.workflows.store import Execution

STATES: Final = {"STATE_UNSPECIFIED": 0, "ACTIVE": 1, "SUCCEEDED": 2, "FAILED": 3, "CANCELLED": 4}


def resource(execution: Execution) -> Json:
    """All that is known of an execution, as ``executions.get`` answers it."""
    return {"name": execution.name, "state": execution.state, **execution.body}


def _last_part(name: object) -> str:
    return str(name).rpartition("/")[2]


def _said(resource: Mapping[str, object], field: str) -> str | None:
    value = resource.get(field)
    return None if value is None else str(value)


EXECUTION_FIELDS: Final = {
    "executionId": Field(lambda execution: _last_part(execution["name"]), text),
    "state": Field(lambda execution: str(execution["state"]), one_of(*STATES)),
    "createTime": Field(lambda execution: _said(execution, "startTime"), moment),
    "startTime": Field(lambda execution: _said(execution, "startTime"), moment),
    "endTime": Field(lambda execution: _said(execution, "endTime"), moment),
    "duration": Field(lambda execution: _said(execution, "duration"), duration),
    "workflowRevisionId": Field(lambda execution: _said(execution, "workflowRevisionId"), text),
}
"""What executions are chosen and ordered by (executions.list); an execution starts when it is created."""

STEP_FIELDS: Final = {
    "entryId": Field(lambda entry: _said(entry, "entryId"), number),
    "createTime": Field(lambda entry: _said(entry, "createTime"), moment),
    "updateTime": Field(lambda entry: _said(entry, "updateTime"), moment),
    "routine": Field(lambda entry: _said(entry, "routine"), text),
    "step": Field(lambda entry: _said(entry, "step"), text),
    "stepType": Field(lambda entry: _said(entry, "stepType"), one_of(*STEP_TYPES, prefix="STEP_")),
    "state": Field(lambda entry: _said(entry, "state"), one_of(*STEP_STATES, prefix="STATE_")),
}
"""The same of step entries (stepEntries.list); its page writes states without what they begin with."""
