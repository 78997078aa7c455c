"""Cloud Logging, as far as executions write to it: ``entries.list`` of one execution's ``sys.log``.

docs.cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from replicator.local.rest import Call, Json, endpoint, invalid, timestamp, unmodelled
from replicator.local.workflows.store import Event, Store

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_RESOURCE: Final = "workflows.googleapis.com/Workflow"
_EXECUTION: Final = "workflows.googleapis.com/execution_id"
_FILTER: Final = re.compile(
    rf'resource\.type="{re.escape(_RESOURCE)}" AND labels\."{re.escape(_EXECUTION)}"="(?P<id>[0-9a-f-]+)"'
    r'(?: AND timestamp>="(?P<since>[0-9TZ:.-]+)")?'
)
_FIELDS: Final = frozenset({"resourceNames", "filter", "orderBy", "pageSize"})
_PAGE: Final = 50
_LARGEST_PAGE: Final = 1_000


def log_routes(store: Store) -> list[BaseRoute]:
    """``entries.list`` over what executions told."""
    from starlette.routing import Route

    def entries(call: Call) -> Json:
        return {"entries": _entries(store, call.body)}

    return [Route("/v2/entries:list", endpoint(entries), methods=["POST"])]


def _entries(store: Store, body: Json) -> list[Json]:
    if unknown := sorted(set(body) - _FIELDS):
        what = f"entries.list with {unknown[0]}"
        raise unmodelled(what)
    asked = _FILTER.fullmatch(str(body.get("filter", "")))
    if asked is None or body.get("orderBy") != "timestamp asc":
        what = "entries.list but for one execution, oldest first"
        raise unmodelled(what)
    projects = body.get("resourceNames")
    if not isinstance(projects, list) or not projects:
        message = "The request must name at least one resource"
        raise invalid(message)
    since = datetime.fromisoformat(asked["since"]).timestamp() if asked["since"] else 0.0
    size = min(int(body.get("pageSize") or _PAGE), _LARGEST_PAGE)
    found = [
        _entry(name, number, event)
        for name in store.executions_called(asked["id"])
        if any(name.startswith(f"{project}/") for project in projects)
        for number, event in enumerate(store.events(name))
        if event.moment == "log" and round(event.at, 6) >= since
    ]
    return found[:size]


def _entry(execution: str, number: int, event: Event) -> Json:
    project, location, workflow, id_ = execution.split("/")[1::2]
    data = json.loads(event.data)
    return {
        "insertId": f"{id_}-{number:06}",
        "logName": f"projects/{project}/logs/workflows.googleapis.com%2Fexecutions",
        "timestamp": timestamp(event.at),
        "severity": event.severity or "DEFAULT",
        "resource": {
            "type": _RESOURCE,
            "labels": {"project_id": project, "location": location, "workflow_id": workflow},
        },
        "labels": {_EXECUTION: id_},
        **({"jsonPayload": data} if isinstance(data, dict) else {"textPayload": str(data)}),
    }
