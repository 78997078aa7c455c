"""Cloud Scheduler's jobs, by REST: there is no client for them among the packages this one needs.

docs.cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from replicator.deploy.resources import FoundJob, Job
from replicator.gcp.clients import SCOPE, Clients

_HOST: Final = "https://cloudscheduler.googleapis.com"
_CALL_SECONDS: Final = 60.0
_FIELDS: Final = ("description", "schedule", "timeZone", "httpTarget", "retryConfig")


def read_job(clients: Clients, name: str) -> FoundJob | None:
    """The job of that name, or None."""
    from google.api_core.exceptions import NotFound

    try:
        answer = _call(clients, "GET", name)
    except NotFound:
        return None
    target = answer.get("httpTarget") or {}
    job = Job(
        name=name,
        description=str(answer.get("description") or ""),
        cron=str(answer.get("schedule") or ""),
        time_zone=str(answer.get("timeZone") or ""),
        uri=str(target.get("uri") or ""),
        body=base64.b64decode(str(target.get("body") or "")).decode("utf-8", "replace"),
        account=str((target.get("oauthToken") or {}).get("serviceAccountEmail") or ""),
        retries=int((answer.get("retryConfig") or {}).get("retryCount") or 0),
    )
    return FoundJob(job=job, paused=answer.get("state") == "PAUSED")


def create_job(clients: Clients, job: Job) -> None:
    """Make a job."""
    _call(clients, "POST", f"{job.name.rpartition('/jobs/')[0]}/jobs", body={"name": job.name, **_resource(job)})


def change_job(clients: Clients, job: Job) -> None:
    """Make the job that is there be this one; one that is paused stays paused."""
    _call(clients, "PATCH", job.name, body=_resource(job), parameters={"updateMask": ",".join(_FIELDS)})


def delete_job(clients: Clients, name: str) -> None:
    """Delete a job."""
    _call(clients, "DELETE", name)


def _resource(job: Job) -> dict[str, Any]:
    return {
        "description": job.description,
        "schedule": job.cron,
        "timeZone": job.time_zone,
        "httpTarget": {
            "uri": job.uri,
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": base64.b64encode(job.body.encode()).decode(),
            "oauthToken": {"serviceAccountEmail": job.account, "scope": SCOPE},
        },
        "retryConfig": {"retryCount": job.retries},
    }


def _call(
    clients: Clients, verb: str, path: str, *, body: Any = None, parameters: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """One call; an answer that is an error is raised as Google's clients raise theirs."""
    from google.api_core.exceptions import from_http_response

    with clients.session().request(
        verb,
        f"{clients.endpoints.http or _HOST}/v1/{path}",
        params=parameters,
        data=None if body is None else json.dumps(body),
        headers={} if body is None else {"Content-Type": "application/json"},
        timeout=_CALL_SECONDS,
    ) as response:
        if not 200 <= response.status_code < 300:
            raise from_http_response(response)
        return dict(response.json() or {})
