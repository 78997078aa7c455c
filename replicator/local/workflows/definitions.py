"""Workflows as resources: what may be said about one, and when a change makes a new revision.

docs.cloud.google.com/workflows/docs/reference/rest/v1/projects.locations.workflows
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from replicator import limits
from replicator.local.rest import Json, enum_name, invalid, mask_paths, timestamp, unmodelled

CALL_LOG_LEVELS: Final = {"CALL_LOG_LEVEL_UNSPECIFIED": 0, "LOG_ALL_CALLS": 1, "LOG_ERRORS_ONLY": 2, "LOG_NONE": 3}
HISTORY_LEVELS: Final = {
    "EXECUTION_HISTORY_LEVEL_UNSPECIFIED": 0, "EXECUTION_HISTORY_BASIC": 1, "EXECUTION_HISTORY_DETAILED": 2,
}  # fmt: skip
_STATES: Final = {"STATE_UNSPECIFIED": 0, "ACTIVE": 1, "UNAVAILABLE": 2}

_SETTABLE: Final = frozenset(
    {
        "description",
        "labels",
        "serviceAccount",
        "sourceContents",
        "callLogLevel",
        "userEnvVars",
        "executionHistoryLevel",
    }
)
_OUTPUT: Final = frozenset(
    {"name", "state", "revisionId", "createTime", "updateTime", "revisionCreateTime", "stateError", "allKmsKeys",
     "allKmsKeysVersions", "cryptoKeyVersion"}
)  # fmt: skip
_UNMODELLED: Final = frozenset({"cryptoKeyName", "tags"})
_OF_A_REVISION: Final = ("sourceContents", "serviceAccount", "userEnvVars")
"""Changing one of these makes a new revision (workflows.proto: revision_id, user_env_vars)."""

_NAME: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")


def new_workflow(name: str, said: Json, *, now: float) -> Json:
    """The resource of a workflow that is made.

    Raises:
        ApiError: Its name, a field or its source is not what the service takes.
    """
    if not _NAME.fullmatch(workflow_id := name.rpartition("/")[2]):
        message = (
            f"Invalid workflow id '{workflow_id}': 1 to 64 letters, digits, '-' and '_', the first a letter, "
            "the last a letter or a digit"
        )
        raise invalid(message)
    body = _read(said)
    check_source(body.get("sourceContents"))
    at = timestamp(now)
    return {
        "name": name,
        "state": "ACTIVE",
        **body,
        "revisionId": _revision(1),
        "createTime": at,
        "updateTime": at,
        "revisionCreateTime": at,
    }


def changed_workflow(body: Json, said: Json, update_mask: str, *, now: float) -> Json:
    """The resource after ``patch``; without a mask everything that can be said is replaced.

    Raises:
        ApiError: The mask names what cannot be changed, or what is said is not what the service takes.
    """
    new = _read(said)
    fields = mask_paths(update_mask) or tuple(sorted(_SETTABLE))
    result = {**body, "updateTime": timestamp(now)}
    for field in fields:
        if field in _UNMODELLED:
            what = f"workflow.{field}"
            raise unmodelled(what)
        if field not in _SETTABLE:
            message = f"Invalid update_mask: '{field}' is no field of a workflow that can be changed"
            raise invalid(message)
        if field in new:
            result[field] = new[field]
        else:
            result.pop(field, None)
    check_source(result.get("sourceContents"))
    if any(result.get(field) != body.get(field) for field in _OF_A_REVISION):
        result["revisionId"] = _revision(int(body["revisionId"].partition("-")[0]) + 1)
        result["revisionCreateTime"] = result["updateTime"]
    return result


def show_workflow(body: Json, *, numeric: bool) -> Json:
    """The resource, as ``workflows.get`` answers it."""
    if not numeric:
        return body
    shown = {**body, "state": _STATES[body["state"]]}
    for field, levels in (("callLogLevel", CALL_LOG_LEVELS), ("executionHistoryLevel", HISTORY_LEVELS)):
        if field in body:
            shown[field] = levels[body[field]]
    return shown


def check_source(source: object) -> None:
    """Refuse on deploy what the service refuses on deploy.

    Raises:
        ApiError: There is no source, it is too large, it is no workflow, or it refers to a variable that there is
            none of (docs.cloud.google.com/workflows/docs/troubleshooting, "Deployment errors"); every mistake is in
            the message.
    """
    if not isinstance(source, str) or not source:
        message = "Workflow source_contents is missing"
        raise invalid(message)
    size, most = len(source.encode()), limits.SOURCE_BYTES
    if size > most.value:
        message = f"Workflow source is {size} bytes, the limit is {most.value} bytes"
        raise invalid(message)
    from replicator.runtime.lint.linter import lint

    if refused := [str(finding.problem) for finding in lint(source).findings if finding.refused]:
        raise invalid("\n".join(("failed to build:", *refused)))


def history_level(of: str, said: object) -> str:
    """A name of ``ExecutionHistoryLevel``; step entries without variables are kept of every execution.

    Raises:
        ApiError: It is none, or asks for variables.
    """
    level = enum_name(f"{of}.execution_history_level", said, HISTORY_LEVELS)
    if level == "EXECUTION_HISTORY_DETAILED":
        what = "EXECUTION_HISTORY_DETAILED"
        raise unmodelled(what)
    return level


def _read(said: Json) -> Json:
    for field, value in said.items():
        if field in _UNMODELLED and value:
            what = f"workflow.{field}"
            raise unmodelled(what)
        if field not in _SETTABLE | _OUTPUT | _UNMODELLED:
            message = f"Invalid JSON payload received. Unknown name \"{field}\" at 'workflow': Cannot find field."
            raise invalid(message)
    body = {field: value for field, value in said.items() if field in _SETTABLE and value}
    if "callLogLevel" in body:
        body["callLogLevel"] = enum_name("workflow.call_log_level", body["callLogLevel"], CALL_LOG_LEVELS)
    if "executionHistoryLevel" in body:
        body["executionHistoryLevel"] = history_level("workflow", body["executionHistoryLevel"])
    _check_variables(_texts("user_env_vars", body.get("userEnvVars", {})))
    _texts("labels", body.get("labels", {}))
    return body


def _texts(field: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        message = f"Invalid value at 'workflow.{field}', it must be a map of texts"
        raise invalid(message)
    return value


def _check_variables(variables: dict[str, str]) -> None:
    """At most 20; no empty key, none that begins with GOOGLE or WORKFLOWS (workflows.proto: user_env_vars)."""
    if len(variables) > 20 or any(not key or key.startswith(("GOOGLE", "WORKFLOWS")) for key in variables):
        message = "Invalid user_env_vars: at most 20, none empty or beginning with GOOGLE or WORKFLOWS"
        raise invalid(message)


def _revision(number: int) -> str:
    """Six digits that count, a hyphen, and three hexadecimal digits at random (workflows.proto: revision_id)."""
    return f"{number:06}-{secrets.token_hex(2)[:3]}"
