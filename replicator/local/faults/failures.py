"""Errors as Google's services send them, each in the shape that their clients read.

BigQuery: cloud.google.com/bigquery/docs/error-messages and troubleshoot-quotas. The others: google.aip.dev/193, with
the reasons of google/api/error_reason.proto.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from replicator.local.faults.matching import Asked
from replicator.local.rest import Json

_TYPE: Final = "type.googleapis.com/google.rpc"

_HOSTS: Final = {
    "bigquery": ("bigquery.googleapis.com", "BigQuery API"),
    "transfer": ("bigquerydatatransfer.googleapis.com", "BigQuery Data Transfer API"),
    "workflows": ("workflows.googleapis.com", "Workflows API"),
    "executions": ("workflowexecutions.googleapis.com", "Workflow Executions API"),
    "scheduler": ("cloudscheduler.googleapis.com", "Cloud Scheduler API"),
    "pubsub": ("pubsub.googleapis.com", "Cloud Pub/Sub API"),
    "logging": ("logging.googleapis.com", "Cloud Logging API"),
    "storage": ("storage.googleapis.com", "Cloud Storage JSON API"),
}
_VPC_UID: Final = "local-cloud-vpc-service-controls-uid"


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an error.

    Attributes:
        status: Of HTTP.
        code: The canonical code (google/rpc/code.proto).
        number: The code's number.
        reason: BigQuery's word for it.
        message: The sentence.
        domain: Of the reason, in BigQuery's shape.
        details: In JSON, each with its ``@type``.
    """

    status: int
    code: str
    number: int
    reason: str
    message: str
    domain: str = "global"
    details: tuple[Json, ...] = ()

    def body(self, service: str) -> Json:
        """The body of the answer of ``service``."""
        error: Json = {"code": self.status, "message": self.message, "status": self.code}
        if service in ("bigquery", "storage"):
            error["errors"] = [{"message": self.message, "domain": self.domain, "reason": self.reason}]
        if self.details:
            error["details"] = list(self.details)
        return {"error": error}


def failure(kind: str, asked: Asked, options: Mapping[str, str]) -> Failure:
    """The error of a kind in ``KINDS`` for a call; ``options`` are ``message``, ``permission``, ``resource``."""
    made = KINDS[kind](asked, options)
    if message := options.get("message"):
        return Failure(made.status, made.code, made.number, made.reason, message, made.domain, made.details)
    return made


def _too_many(asked: Asked, _options: Mapping[str, str]) -> Failure:
    if asked.service == "bigquery":
        message = "Exceeded rate limits: too many api requests per user per method for this user_method."
        return Failure(429, "RESOURCE_EXHAUSTED", 8, "rateLimitExceeded", message, "usageLimits")
    host = _HOSTS[asked.service][0]
    metric = "Requests' and limit 'Requests per minute"
    message = f"Quota exceeded for quota metric '{metric}' of service '{host}' for consumer '{_consumer(asked)}'."
    details = (_info(asked, "RATE_LIMIT_EXCEEDED", {"quota_limit": "RequestsPerMinutePerProject"}),)
    return Failure(429, "RESOURCE_EXHAUSTED", 8, "rateLimitExceeded", message, details=details)


def _internal(asked: Asked, _options: Mapping[str, str]) -> Failure:
    if asked.service == "bigquery":
        message = "An internal error occurred and the request could not be completed."
        return Failure(500, "INTERNAL", 13, "internalError", message)
    return Failure(500, "INTERNAL", 13, "internalError", "Internal error encountered.")


def _unavailable(asked: Asked, _options: Mapping[str, str]) -> Failure:
    if asked.service == "bigquery":
        message = "The service is currently unavailable. Please retry the request."
        return Failure(503, "UNAVAILABLE", 14, "backendError", message)
    return Failure(503, "UNAVAILABLE", 14, "backendError", "The service is currently unavailable.")


def _quota(asked: Asked, _options: Mapping[str, str]) -> Failure:
    if asked.service == "bigquery":
        message = "Quota exceeded: Your project exceeded quota for free query bytes scanned."
        return Failure(403, "PERMISSION_DENIED", 7, "quotaExceeded", message)
    host = _HOSTS[asked.service][0]
    metric = "Requests' and limit 'Requests per day"
    message = f"Quota exceeded for quota metric '{metric}' of service '{host}' for consumer '{_consumer(asked)}'."
    violation = {"subject": _consumer(asked), "description": message}
    details = (
        _info(asked, "RATE_LIMIT_EXCEEDED", {"quota_limit": "RequestsPerDayPerProject"}),
        {"@type": f"{_TYPE}.QuotaFailure", "violations": [violation]},
    )
    return Failure(429, "RESOURCE_EXHAUSTED", 8, "quotaExceeded", message, details=details)


def _denied(asked: Asked, options: Mapping[str, str]) -> Failure:
    permission, resource = options["permission"], options["resource"]
    if asked.service == "bigquery":
        # "Table p:d.t", "Dataset p:d", "Project p": as the messages of error-messages#accessDenied begin.
        named = resource[:1].lower() + resource[1:]
        message = f"Access Denied: {resource}: Permission {permission} denied on {named} (or it may not exist)."
        if named.startswith("project "):
            message = f"Access Denied: {resource}: User does not have {permission} permission in {named}."
        return Failure(403, "PERMISSION_DENIED", 7, "accessDenied", message)
    message = f"Permission '{permission}' denied on resource '{resource}' (or it may not exist)."
    details = (_info(asked, "IAM_PERMISSION_DENIED", {"permission": permission, "resource": resource}),)
    return Failure(403, "PERMISSION_DENIED", 7, "forbidden", message, details=details)


def _disabled(asked: Asked, _options: Mapping[str, str]) -> Failure:
    host, title = _HOSTS[asked.service]
    project = _consumer(asked).partition("/")[2]
    page = f"https://console.developers.google.com/apis/api/{host}/overview?project={project}"
    message = (
        f"{title} has not been used in project {project} before or it is disabled. Enable it by visiting {page} then "
        "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
        "retry."
    )
    link = {"description": "Google developers console API activation", "url": page}
    details = (_info(asked, "SERVICE_DISABLED", {}), {"@type": f"{_TYPE}.Help", "links": [link]})
    return Failure(403, "PERMISSION_DENIED", 7, "accessNotConfigured", message, "usageLimits", details)


def _perimeter(asked: Asked, _options: Mapping[str, str]) -> Failure:
    message = f"Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: {_VPC_UID}"
    if asked.service == "bigquery":
        # vpc-service-controls/docs/retrieve-troubleshoot-errors
        return Failure(403, "PERMISSION_DENIED", 7, "policyViolation", f"VPC Service Controls: {message}.")
    violation = {"type": "VPC_SERVICE_CONTROLS", "description": _VPC_UID}
    details = (
        {"@type": f"{_TYPE}.PreconditionFailure", "violations": [violation]},
        _info(asked, "SECURITY_POLICY_VIOLATED", {"uid": _VPC_UID}),
    )
    return Failure(403, "PERMISSION_DENIED", 7, "policyViolation", message, details=details)


def _info(asked: Asked, reason: str, metadata: Mapping[str, str]) -> Json:
    """An ``ErrorInfo``: what a program reads."""
    known = {"service": _HOSTS[asked.service][0], "consumer": _consumer(asked)}
    return {
        "@type": f"{_TYPE}.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {**known, **metadata},
    }


def _consumer(asked: Asked) -> str:
    """Whose project the call counts towards: the one that it names."""
    _, found, rest = asked.path.partition("/projects/")
    if not found:
        _, found, rest = asked.body.decode("utf-8", "replace").partition("projects/")
    name = rest.split("/", 1)[0] if found else "unknown"
    return f"projects/{name}"


KINDS: Final[Mapping[str, Callable[[Asked, Mapping[str, str]], Failure]]] = {
    "429": _too_many,
    "500": _internal,
    "503": _unavailable,
    "quotaExceeded": _quota,
    "accessDenied": _denied,
    "apiDisabled": _disabled,
    "vpcServiceControls": _perimeter,
}
"""The errors that can be asked for, and how each is made."""
