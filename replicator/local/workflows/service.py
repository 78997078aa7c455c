"""The methods of the Workflows API, and where they are found over HTTP.

docs.cloud.google.com/workflows/docs/reference/rest. Deploying takes no time here: every operation is done when
it is returned.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from replicator.local.clock import ServerClock
from replicator.local.rest import ApiError, Call, Json, endpoint, page, region_of, timestamp, unmodelled
from replicator.local.workflows.definitions import changed_workflow, new_workflow, show_workflow
from replicator.local.workflows.store import Store, Workflow

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_TYPES: Final = "type.googleapis.com/google.cloud.workflows.v1"
_PAGE: Final = 500
_LARGEST_PAGE: Final = 1_000


class WorkflowsService:
    """Deploys workflows."""

    def __init__(self, store: Store, clock: ServerClock, *, forget: Callable[[str], None]) -> None:
        """Serve what is in ``store``.

        Args:
            store: Workflows and operations.
            clock: What time it is.
            forget: Cancels the executions of a workflow that is deleted.
        """
        self._store = store
        self._clock = clock
        self._forget = forget

    @property
    def routes(self) -> list[BaseRoute]:
        """Every method."""
        from starlette.routing import Route

        at = "/v1/projects/{project}/locations/{location}"
        methods: list[tuple[str, str, Callable[[Call], Json]]] = [
            ("POST", f"{at}/workflows", self._create),
            ("GET", f"{at}/workflows", self._list),
            ("GET", f"{at}/workflows/{{workflow}}:listRevisions", self._list_revisions),
            ("GET", f"{at}/workflows/{{workflow}}", self._get),
            ("PATCH", f"{at}/workflows/{{workflow}}", self._patch),
            ("DELETE", f"{at}/workflows/{{workflow}}", self._delete),
            ("GET", f"{at}/operations", self._list_operations),
            ("GET", f"{at}/operations/{{operation}}", self._get_operation),
        ]
        return [Route(path, endpoint(answer), methods=[verb]) for verb, path, answer in methods]

    def _create(self, call: Call) -> Json:
        name = f"{location_name(call)}/workflows/{call.one('workflowId')}"
        workflow = Workflow(name, new_workflow(name, call.body, now=self._clock.now()))
        with self._store.together():
            if self._store.workflow(name) is not None:
                code, message = "ALREADY_EXISTS", f"Workflow '{name}' already exists"
                raise ApiError(code, message)
            self._store.put_workflow(workflow)
            return self._done(call, name, "create", _answer(workflow))

    def _list(self, call: Call) -> Json:
        if call.one("filter") or call.one("orderBy"):
            what = "workflows.list with filter or order_by"
            raise unmodelled(what)
        workflows = self._store.workflows(location_name(call))
        chosen, token = page(workflows, call, key=lambda one: one.name, size=_PAGE, largest=_LARGEST_PAGE)
        return listed("workflows", [show_workflow(one.body, numeric=call.numeric_enums) for one in chosen], token)

    def _get(self, call: Call) -> Json:
        workflow = found_workflow(self._store, call)
        if wanted := call.one("revisionId"):
            revisions = [one for one in self._store.revisions(workflow.name) if one.body["revisionId"] == wanted]
            if not revisions:
                code, message = "NOT_FOUND", f"Workflow '{workflow.name}' has no revision '{wanted}'"
                raise ApiError(code, message)
            workflow = revisions[0]
        return show_workflow(workflow.body, numeric=call.numeric_enums)

    def _list_revisions(self, call: Call) -> Json:
        revisions = self._store.revisions(found_workflow(self._store, call).name)
        chosen, token = page(revisions, call, key=lambda one: one.body["revisionId"], size=20, largest=100)
        return listed("workflows", [show_workflow(one.body, numeric=call.numeric_enums) for one in chosen], token)

    def _patch(self, call: Call) -> Json:
        with self._store.together():
            old = found_workflow(self._store, call)
            body = changed_workflow(old.body, call.body, call.one("updateMask"), now=self._clock.now())
            workflow = Workflow(old.name, body)
            self._store.put_workflow(workflow)
            return self._done(call, workflow.name, "update", _answer(workflow))

    def _delete(self, call: Call) -> Json:
        workflow = found_workflow(self._store, call)
        self._forget(workflow.name)
        with self._store.together():
            self._store.delete_workflow(workflow.name)
            empty = {"@type": "type.googleapis.com/google.protobuf.Empty"}
            return self._done(call, workflow.name, "delete", empty)

    def _list_operations(self, call: Call) -> Json:
        operations = self._store.operations(location_name(call))
        chosen, token = page(operations, call, key=lambda one: str(one["name"]), size=_PAGE, largest=_LARGEST_PAGE)
        return listed("operations", list(chosen), token)

    def _get_operation(self, call: Call) -> Json:
        name = f"{location_name(call)}/operations/{call.path['operation']}"
        operation = self._store.operation(name)
        if operation is None:
            code, message = "NOT_FOUND", f"Operation '{name}' not found"
            raise ApiError(code, message)
        return operation

    def _done(self, call: Call, target: str, verb: str, response: Json) -> Json:
        """Keep and return the operation of what was just done."""
        now = timestamp(self._clock.now())
        name = f"{location_name(call)}/operations/operation-{time.time_ns() // 1_000_000}-{uuid.uuid4().hex}"
        metadata = {
            "@type": f"{_TYPES}.OperationMetadata",
            "createTime": now,
            "endTime": now,
            "target": target,
            "verb": verb,
            "apiVersion": "v1",
        }
        operation = {"name": name, "metadata": metadata, "done": True, "response": response}
        self._store.add_operation(name, location_name(call), operation)
        return operation


def location_name(call: Call) -> str:
    """The name of the location that a path is below."""
    return f"projects/{call.path['project']}/locations/{region_of(call)}"


def found_workflow(store: Store, call: Call) -> Workflow:
    """The workflow that a path names.

    Raises:
        ApiError: There is none.
    """
    name = f"{location_name(call)}/workflows/{call.path['workflow']}"
    workflow = store.workflow(name)
    if workflow is None:
        code, message = "NOT_FOUND", f"Workflow '{name}' not found"
        raise ApiError(code, message)
    return workflow


def listed(field: str, items: list[Json], token: str) -> Json:
    """The answer of a list method."""
    return {field: items, "nextPageToken": token} if token else {field: items}


def _answer(workflow: Workflow) -> Json:
    """A workflow inside an operation; enums as numbers, which clients of both encodings read."""
    return {"@type": f"{_TYPES}.Workflow", **show_workflow(workflow.body, numeric=True)}
