"""What goes wrong while something is deployed, in one sentence with the remedy.

The reasons are those of google/api/error_reason.proto; BigQuery says its own in words (error-messages).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from replicator.gcp.failures import call_failed, calling, reason
from replicator.runtime.errors import HttpError

_DENIED: Final = re.compile(r"[Pp]ermission '?([a-z]+\.[A-Za-z.]+)'? denied|have ([a-z]+\.[A-Za-z.]+) permission")
_NO_LOCATION: Final = re.compile(
    r"ermission denied on 'locations/([^']+)' \(or it may not exist\)|resource \"projects/[^/\"]+/locations/([^/\"]+)\""
)
_DISABLED: Final = re.compile(r"has not been used in project (\S+) before or it is disabled")
_HOST: Final = re.compile(r"/apis/api/([a-z]+\.googleapis\.com)/")


def deploying(what: str) -> AbstractContextManager[None]:
    """Around one call of a deployment: what goes wrong becomes one sentence, with what would help.

    Args:
        what: The place in that sentence: ``creating dataset acme-jp.x``.

    Raises:
        NotFoundError: The service says that something is not there.
        FailedError: ``what``, what the service says, and the remedy.
    """
    return calling(what, _explained)


def _explained(error: Exception) -> str:
    failed = call_failed(error)
    said = reason(error).removesuffix(".")
    if not isinstance(failed, HttpError) or failed.status != 403:
        return said
    info = _info(failed.body)
    metadata = info.get("metadata") or {}
    if info.get("reason") == "SERVICE_DISABLED" or _DISABLED.search(said):
        project = str(metadata.get("consumer") or _first(_DISABLED, said)).removeprefix("projects/")
        service = str(metadata.get("service") or _first(_HOST, said))
        return (
            f"the API {service} is not enabled in project {project}; run "
            f"'gcloud services enable {service} --project {project}', and a few minutes later this command again"
        )
    if place := _first(_NO_LOCATION, said):
        return f"{said}; the service has no region '{place}', or lets nobody here use it: name another in deploy.region"
    if permission := metadata.get("permission") or _first(_DENIED, said):
        return f"{said}; grant {permission} to the account that runs this command, or let one that has it run it"
    return said


def _first(pattern: re.Pattern[str], text: str) -> str:
    """What the first group that took part found; empty where nothing did."""
    found = pattern.search(text)
    return next((group for group in found.groups() if group), "") if found is not None else ""


def _info(body: object) -> Mapping[str, Any]:
    """The answer's ``ErrorInfo``, or nothing."""
    match body:
        case {"error": {"details": [*details]}}:
            infos = (each for each in details if isinstance(each, Mapping))
            return next((each for each in infos if str(each.get("@type")).endswith(".ErrorInfo")), {})
        case _:
            return {}
