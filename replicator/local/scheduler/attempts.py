"""One HTTP request of a job, and what its answer means."""

from __future__ import annotations

import http.client
from typing import Final
from urllib.parse import urlsplit

from replicator.local.rest import Json, timestamp
from replicator.local.scheduler.jobs import Target

GOOGLE: Final = frozenset(
    {
        "bigquery.googleapis.com",
        "bigquerydatatransfer.googleapis.com",
        "cloudscheduler.googleapis.com",
        "pubsub.googleapis.com",
        "workflowexecutions.googleapis.com",
        "workflows.googleapis.com",
    }
)
"""Google's names for what this local cloud serves: a job that is deployed here is the one that is deployed there."""

# google/rpc/code.proto, by the HTTP status that goes with it.
_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 429: 8, 499: 1, 501: 12, 503: 14, 504: 4}


def send(target: Target, *, job: str, due: float, here: str, deadline: float) -> Json:
    """Send a job's request and say how it went.

    Args:
        target: The request.
        job: The job's name.
        due: For when it was scheduled, seconds since 1970.
        here: Where this local cloud listens: ``http://127.0.0.1:9050``.
        deadline: Seconds that the answer may take.

    Returns:
        A ``google.rpc.Status``, empty when the answer was 2xx.
    """
    parts = urlsplit(target.uri)
    if parts.netloc in GOOGLE and not target.account:
        return _status(401, "The request has no OAuth token, which Google's APIs want")
    if parts.netloc not in GOOGLE and f"{parts.scheme}://{parts.netloc}" != here:
        return _status(503, f"This local cloud listens at {here} now")
    headers = {
        "Content-Type": "application/octet-stream",
        "User-Agent": "Google-Cloud-Scheduler",
        **{name: value for name, value in target.headers.items() if not name.lower().startswith("x-cloudscheduler")},
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": job.rpartition("/")[2],
        "X-CloudScheduler-ScheduleTime": timestamp(due),
    }
    if target.account:
        headers["Authorization"] = f"Bearer local-cloud;{target.account};{target.scope}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(urlsplit(here).netloc, timeout=deadline)
    try:
        connection.request(target.method, path, target.body or None, headers)
        answer = connection.getresponse()
        text = answer.read(2_000).decode("utf-8", "replace")
    except TimeoutError:
        return _status(504, f"No answer within {deadline:.0f} s")
    except (OSError, http.client.HTTPException) as error:
        return _status(503, f"The connection broke: {error!r}")
    finally:
        connection.close()
    return {} if 200 <= answer.status < 300 else _status(answer.status, text)


def _status(http_status: int, message: str) -> Json:
    code = _CODES.get(http_status, 13 if http_status >= 500 else 2)
    return {"code": code, "message": message}
