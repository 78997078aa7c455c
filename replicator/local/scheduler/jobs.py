"""Scheduler jobs as resources: how one is read, changed and shown.

cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from replicator.local.rest import Json, camel, invalid, timestamp, unmodelled
from replicator.local.scheduler.schedule import Schedule, read_schedule

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
"""Of an OAuth token whose job names none."""

_JOB_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,500}")
_DURATION: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)s")
_METHODS: Final = ("POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS")
_SETTABLE: Final = ("description", "schedule", "timeZone", "httpTarget", "retryConfig", "attemptDeadline")
_OUTPUT: Final = frozenset({"name", "state", "status", "userUpdateTime", "scheduleTime", "lastAttemptTime"})
_UNMODELLED: Final = frozenset({"pubsubTarget", "appEngineHttpTarget", "legacyAppEngineCron"})
_RETRY: Final = {
    "retryCount": 0,
    "maxRetryDuration": "0s",
    "minBackoffDuration": "5s",
    "maxBackoffDuration": "3600s",
    "maxDoublings": 5,
}
_MOST_RETRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Target:
    """One HTTP request.

    Attributes:
        uri: Where it goes.
        method: Of HTTP.
        headers: As the job has them.
        body: Decoded.
        account: Whose OAuth token it carries; empty where it carries none.
        scope: Of the token.
    """

    uri: str
    method: str
    headers: Mapping[str, str]
    body: bytes
    account: str
    scope: str


@dataclass(frozen=True, slots=True)
class Retry:
    """``RetryConfig``, in seconds."""

    count: int
    duration: float
    first: float
    longest: float
    doublings: int

    def allows(self, retries: int, since_first: float) -> bool:
        """Whether there is another try after so many, so long after the first attempt.

        With a duration both limits have to be reached; without a count there are none but for the duration
        (scheduler/docs/configuring/retry-jobs).
        """
        return retries < self.count or (self.duration > 0 and since_first < self.duration)

    def wait(self, retries: int) -> float:
        """Seconds to wait after so many retries: doubled so many times, then growing in steps, up to the longest."""
        doubled = self.first * float(2 ** min(retries, self.doublings))
        return min(doubled * max(1, retries - self.doublings + 1), self.longest)


def read_name(parent: str, body: Mapping[str, Any]) -> str | None:
    """The name that a new job asks for, or None.

    Raises:
        ApiError: It is none below ``parent``.
    """
    name = body.get("name")
    if name is None:
        return None
    if (
        not isinstance(name, str)
        or not name.startswith(f"{parent}/jobs/")
        or not _JOB_ID.fullmatch(name.removeprefix(f"{parent}/jobs/"))
    ):
        message = (
            f"Job name must be formatted: \"{parent}/jobs/<JOB_ID>\" with a JOB_ID of letters, digits, '-' and '_'."
        )
        raise invalid(message)
    return name


def read_job(body: Mapping[str, Any], *, here: Callable[[str], bool]) -> Json:
    """What a client says about a job, without what only the service may say.

    Args:
        body: The resource.
        here: Whether a host is one that this local cloud serves.

    Raises:
        ApiError: It is malformed, or not modelled.
    """
    for field, value in body.items():
        if field in _UNMODELLED and value:
            what = f"job.{field} (a job here has an http_target)"
            raise unmodelled(what)
        if field not in {*_SETTABLE, *_OUTPUT, *_UNMODELLED}:
            message = f"Invalid JSON payload received. Unknown name \"{field}\" at 'job': Cannot find field."
            raise invalid(message)
    job = {field: body[field] for field in _SETTABLE if body.get(field) is not None}
    description = job.get("description", "")
    if not isinstance(description, str) or len(description) > 500:
        message = "Job description must be a text of at most 500 characters"
        raise invalid(message)
    job["timeZone"] = job.get("timeZone") or "UTC"
    schedule_of(job)
    retry_of(job)
    deadline_of(job)
    target = target_of(job)
    host = urlsplit(target.uri).netloc
    if not here(host):
        what = f"a job that calls '{host}' (it calls this local cloud, by its own address or by Google's names for it)"
        raise unmodelled(what)
    return job


def changed_job(old: Json, changes: Mapping[str, Any], mask: str) -> Json:
    """A job's body after ``patch``, not yet checked; without a mask every field takes the value of ``changes``.

    Raises:
        ApiError: The mask names a field that cannot be changed.
    """
    paths = [camel(path.strip()) for path in mask.split(",") if path.strip()]
    if unknown := [path for path in paths if path.split(".")[0] not in _SETTABLE]:
        message = f"Invalid update_mask: '{unknown[0]}' is no field of a job that can be changed"
        raise invalid(message)
    result = {field: value for field, value in old.items() if field in _SETTABLE}
    for path in paths or _SETTABLE:
        top, _, inner = path.partition(".")
        value = changes.get(top)
        if inner:
            given = value.get(inner) if isinstance(value, dict) else None
            kept = result.get(top) if isinstance(result.get(top), dict) else {}
            value = {**(kept or {}), inner: given}
        if value is None:
            result.pop(top, None)
        else:
            result[top] = value
    return result


def schedule_of(job: Mapping[str, Any]) -> Schedule:
    """When it is due."""
    return read_schedule(job.get("schedule"), job.get("timeZone") or "UTC")


def target_of(job: Mapping[str, Any]) -> Target:
    """What it sends.

    Raises:
        ApiError: There is no such request.
    """
    target = _object(job, "httpTarget")
    if not target:
        message = "Job.target is required: an http_target"
        raise invalid(message)
    if unknown := set(target) - {"uri", "httpMethod", "headers", "body", "oauthToken", "oidcToken"}:
        message = f"Invalid JSON payload received. Unknown name \"{min(unknown)}\" at 'job.http_target'"
        raise invalid(message)
    if target.get("oidcToken"):
        what = "job.http_target.oidc_token (Google's APIs take an oauth_token)"
        raise unmodelled(what)
    uri, method = target.get("uri"), target.get("httpMethod", "POST")
    if not isinstance(uri, str) or not re.fullmatch(r"https?://[!-~]{1,2000}", uri) or not _has_host(uri):
        message = f"job.http_target.uri is invalid: {uri!r}"
        raise invalid(message)
    if method not in _METHODS:
        message = f"job.http_target.http_method is one of {', '.join(_METHODS)}, not {method!r}"
        raise invalid(message)
    headers = _object(target, "headers")
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}", name) or not (
            isinstance(value, str) and re.fullmatch(r"[\t -~]{0,4000}", value)
        ):
            message = f"job.http_target.headers: '{name}' is no header with a text as its value"
            raise invalid(message)
    token = _object(target, "oauthToken")
    account, scope = token.get("serviceAccountEmail", ""), token.get("scope") or SCOPE
    if not isinstance(account, str) or not isinstance(scope, str) or (token and not re.fullmatch(r"[!-~]+", account)):
        message = "job.http_target.oauth_token needs a service_account_email"
        raise invalid(message)
    return Target(uri, method, headers, _decoded(target.get("body", "")), account, scope)


def retry_of(job: Mapping[str, Any]) -> Retry:
    """How failures are tried again; defaults as scheduler/docs/configuring/retry-jobs has them.

    Raises:
        ApiError: A value that the service does not take.
    """
    given = _object(job, "retryConfig")
    if unknown := set(given) - set(_RETRY):
        message = f"Invalid JSON payload received. Unknown name \"{min(unknown)}\" at 'job.retry_config'"
        raise invalid(message)
    wanted = {**_RETRY, **{name: value for name, value in given.items() if value is not None}}
    for name in ("retryCount", "maxDoublings"):
        value = wanted[name]
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000:
            message = f"job.retry_config.{name} is a whole number from 0"
            raise invalid(message)
    if int(wanted["retryCount"]) > _MOST_RETRIES:
        message = f"job.retry_config.retry_count is at most {_MOST_RETRIES}"
        raise invalid(message)
    durations = [_seconds(f"retry_config.{name}", wanted[name]) for name in _RETRY if name.endswith("Duration")]
    duration, first, longest = durations
    if first > longest:
        message = "job.retry_config.min_backoff_duration is longer than max_backoff_duration"
        raise invalid(message)
    return Retry(int(wanted["retryCount"]), duration, first, longest, int(wanted["maxDoublings"]))


def deadline_of(job: Mapping[str, Any]) -> float:
    """How long an answer may take, in seconds: 15 to 1,800, 180 where it is not said."""
    seconds = _seconds("attempt_deadline", job.get("attemptDeadline", "180s"))
    if not 15 <= seconds <= 1_800:
        message = "job.attempt_deadline must be between 15 seconds and 30 minutes"
        raise invalid(message)
    return seconds


def show_job(name: str, body: Json, *, state: str, next_at: float | None) -> Json:
    """The resource, as ``jobs.get`` answers it."""
    shown = {"name": name, **body, "state": state}
    if state == "ENABLED" and next_at is not None:
        shown["scheduleTime"] = timestamp(next_at)
    # Defaults are shown, as the service does.
    shown["retryConfig"] = {**_RETRY, **body.get("retryConfig", {})}
    shown.setdefault("attemptDeadline", "180s")
    return shown


def _object(resource: Mapping[str, Any], name: str) -> Json:
    value = resource.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"Invalid value at 'job.{name}', it must be an object"
        raise invalid(message)
    return value


def _has_host(uri: str) -> bool:
    try:
        return bool(urlsplit(uri).netloc)
    except ValueError:
        return False


def _decoded(body: object) -> bytes:
    if not isinstance(body, str):
        message = "Invalid value at 'job.http_target.body' (TYPE_BYTES)"
        raise invalid(message)
    try:
        return base64.b64decode(body.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        message = "Invalid value at 'job.http_target.body' (TYPE_BYTES), Base64 decoding failed"
        raise invalid(message) from error


def _seconds(field: str, value: object) -> float:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    seconds = math.inf if match is None else float(match[1])
    if not seconds < 1e9:
        message = f"Invalid value at 'job.{field}' (type.googleapis.com/google.protobuf.Duration), {value!r}"
        raise invalid(message)
    return seconds
