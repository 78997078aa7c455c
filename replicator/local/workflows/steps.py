"""The history of an execution: one entry for each step that was begun.

docs.cloud.google.com/workflows/docs/debug-steps. What the service keeps besides (an entry for each iteration, branch
and attempt, and how entries lead to one another) is not there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from replicator.local.rest import Json, timestamp
from replicator.local.workflows.store import Event, Execution

if TYPE_CHECKING:
    from replicator.runtime.syntax.tree import Body

STEP_STATES: Final = {
    "STATE_UNSPECIFIED": 0, "STATE_IN_PROGRESS": 1, "STATE_SUCCEEDED": 2, "STATE_FAILED": 3, "STATE_CANCELLED": 4,
}  # fmt: skip
STEP_TYPES: Final = {
    "STEP_TYPE_UNSPECIFIED": 0, "STEP_ASSIGN": 1, "STEP_STD_LIB_CALL": 2, "STEP_CONNECTOR_CALL": 3,
    "STEP_SUBWORKFLOW_CALL": 4, "STEP_CALL": 5, "STEP_SWITCH": 6, "STEP_CONDITION": 7, "STEP_FOR": 8,
    "STEP_FOR_ITERATION": 9, "STEP_PARALLEL_FOR": 10, "STEP_PARALLEL_BRANCH": 11, "STEP_PARALLEL_BRANCH_ENTRY": 12,
    "STEP_TRY_RETRY_EXCEPT": 13, "STEP_TRY": 14, "STEP_RETRY": 15, "STEP_EXCEPT": 16, "STEP_RETURN": 17,
    "STEP_RAISE": 18, "STEP_GOTO": 19,
}  # fmt: skip
_TYPES: Final = {
    "Assign": "STEP_ASSIGN", "Switch": "STEP_SWITCH", "For": "STEP_FOR", "Try": "STEP_TRY_RETRY_EXCEPT",
    "Return": "STEP_RETURN", "Raise": "STEP_RAISE",
}  # fmt: skip
"""By the names of the tree's classes; a step without an action is a STEP_GOTO, one of steps has no type of its own."""


def step_entries(execution: Execution, events: Sequence[Event], source: str) -> list[Json]:
    """The steps that were begun, in order, each with how it ended as far as it has.

    Args:
        execution: Whose steps they are.
        events: What its process told.
        source: Of the revision that it runs.
    """
    types = _types(source)
    entries: list[Json] = []
    unfinished: dict[tuple[str, str], list[Json]] = {}
    for event in events:
        open_entries = unfinished.setdefault((event.routine, event.step), [])
        at = timestamp(event.at)
        if event.moment == "started":
            number = len(entries) + 1
            entry: Json = {
                "name": f"{execution.name}/stepEntries/{number}",
                "entryId": str(number),
                "routine": event.routine,
                "step": event.step,
                "stepType": types.get((event.routine, event.step), "STEP_GOTO"),
                "state": "STATE_IN_PROGRESS",
                "createTime": at,
                "updateTime": at,
            }
            entries.append(entry)
            open_entries.append(entry)
        elif event.moment in {"finished", "failed"} and open_entries:
            entry = open_entries.pop()
            entry["updateTime"] = at
            entry["state"] = "STATE_SUCCEEDED" if event.moment == "finished" else "STATE_FAILED"
            if event.moment == "failed":
                entry["exception"] = {"payload": event.data}
    for entry in (entry for left in unfinished.values() for entry in left):
        if execution.state != "ACTIVE":
            entry["state"] = "STATE_CANCELLED" if execution.state == "CANCELLED" else "STATE_FAILED"
            entry["updateTime"] = execution.body["endTime"]
    return entries


def _types(source: str) -> Mapping[tuple[str, str], str]:
    """What kind of step each is that does something, by routine and name."""
    from replicator.runtime.syntax.document import read_document
    from replicator.runtime.syntax.walk import bodies

    routines = read_document(source).routines
    types: dict[tuple[str, str], str] = {}
    for name, routine in routines.items():
        for step, body in bodies(routine.steps):
            # The step's own action comes before those inside it.
            types.setdefault((name, step.name), _type(body, routines))
    return types


def _type(body: Body, routines: Collection[str]) -> str:
    from replicator.runtime.connectors import METHODS
    from replicator.runtime.syntax.tree import CallNode, Parallel

    match body:
        case CallNode(function):
            if function in routines:
                return "STEP_SUBWORKFLOW_CALL"
            return "STEP_CONNECTOR_CALL" if function in METHODS else "STEP_STD_LIB_CALL"
        case Parallel(loop=loop):
            return "STEP_PARALLEL_BRANCH" if loop is None else "STEP_PARALLEL_FOR"
        case _:
            return _TYPES.get(type(body).__name__, "STEP_TYPE_UNSPECIFIED")
