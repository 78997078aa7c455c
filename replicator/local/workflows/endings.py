"""How an execution that has ended looks: its result, or its error with payload and stack trace.

docs.cloud.google.com/workflows/docs/reference/executions/rest/v1/projects.locations.workflows.executions
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from replicator.local.rest import Json, timestamp
from replicator.local.workflows.process import Died, End, Failed, Stopped, Succeeded
from replicator.local.workflows.store import Event, Execution

CANCELLED = "Execution cancelled"


def ended(execution: Execution, end: End, *, now: float) -> Execution:
    """The execution as it is after ``end``, at ``now``, seconds since 1970."""
    body = {**execution.body, "endTime": timestamp(now), "duration": f"{max(now - execution.started, 0.0):.6f}s"}
    match end:
        case Succeeded(result):
            return replace(execution, state="SUCCEEDED", body={**body, "result": _text(result)})
        case Failed(error, trace):
            return replace(execution, state="FAILED", body={**body, "error": _error(error, trace)})
        case Stopped():
            return replace(execution, state="CANCELLED", body={**body, "error": _error(CANCELLED, ())})
        case Died(words):
            gone: Json = {"message": f"The execution's process has ended: {words}", "tags": ["SystemError"]}
            return replace(execution, state="FAILED", body={**body, "error": _error(gone, ())})


def step_entries(execution: Execution, events: Sequence[Event]) -> list[Json]:
    """The steps that were begun, in order, each with how it ended as far as it has."""
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
    return entries


def _error(value: Any, trace: Sequence[Json]) -> Json:
    error: Json = {"payload": _text(value), "context": _context(value, trace)}
    if trace:
        error["stackTrace"] = {"elements": [_frame(frame) for frame in trace]}
    return error


def _frame(frame: Json) -> Json:
    # 64-bit numbers are texts in JSON (protobuf.dev/programming-guides/json).
    position = {name: str(frame[name]) for name in ("line", "column") if name in frame}
    return {"step": frame.get("step", ""), "routine": frame.get("routine", ""), "position": position}


def _context(value: Any, trace: Sequence[Json]) -> str:
    """The error and the calls that it came through, for people."""
    if isinstance(value, dict) and isinstance(value.get("tags"), list) and value["tags"] and "message" in value:
        told = f"{value['tags'][0]}: {value['message']}"
    else:
        told = f"RuntimeError: {_text(value)}"
    lines = (
        f'in step "{frame.get("step")}", routine "{frame.get("routine")}", line: {frame.get("line")}' for frame in trace
    )
    return "\n".join((told, *lines))


def _text(value: Any) -> str:
    """JSON without needless spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
