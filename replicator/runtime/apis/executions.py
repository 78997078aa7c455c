"""Executions: docs.cloud.google.com/workflows/docs/reference/googleapis/workflowexecutions/Overview.

The REST API has more, step entries among it; the connector has these five.
"""

from __future__ import annotations

from typing import Final

from replicator.runtime.apis.method import Wait, methods

EXECUTIONS: Final = methods(
    "workflowexecutions.v1.projects.locations.workflows.executions",
    (
        ("cancel", "POST", "/v1/{+name}:cancel", "body"),
        ("create", "POST", "/v1/{+parent}/executions", "body"),
        ("get", "GET", "/v1/{+name}", "view"),
        ("list", "GET", "/v1/{+parent}/executions", "filter orderBy pageSize pageToken view"),
        # A helper of the connector without a REST method of its own: creates an execution and returns its result.
        ("run", "POST", "", "workflow_id! location project_id argument callLogLevel"),
    ),
    {"create": Wait.EXECUTION, "run": Wait.EXECUTION},
)
