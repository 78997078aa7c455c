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
from replicator.local.workflows.store import Execution

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
