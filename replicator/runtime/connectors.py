"""The port to Google's APIs, and the one table of the methods that a workflow may call.

docs.cloud.google.com/workflows/docs/reference/googleapis. A method's arguments are those of its REST page:
the parts of the path, the query parameters, and ``body``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final, Protocol

from replicator.runtime.values import Value


class Wait(StrEnum):
    """What a call starts that goes on after it has been answered, and is polled for."""

    NOTHING = "nothing"
    BIGQUERY_JOB = "bigquery job"
    TRANSFER_RUNS = "transfer runs"
    EXECUTION = "execution"


@dataclass(frozen=True)
class Method:
    """One method of one API.

    Attributes:
        name: As the document writes it: ``googleapis.bigquery.v2.jobs.insert``.
        verb: The HTTP method. GET is retried as idempotent, everything else as not (connectors, "Retries").
        path: The REST path with ``{argument}`` for a part and ``{+argument}`` for a resource name with slashes;
            empty for a helper that has no request of its own.
        query: Arguments that go into the query string.
        body: Whether the request has a body, the argument ``body``.
        wait: What is waited for unless ``connector_params.skip_polling`` is true.
        required: Query arguments that must be there; the parts of the path always must.
    """

    name: str
    verb: str
    path: str
    query: frozenset[str] = frozenset()
    body: bool = False
    wait: Wait = Wait.NOTHING
    required: frozenset[str] = field(default=frozenset())

    @cached_property
    def path_arguments(self) -> tuple[str, ...]:
        """The arguments that are parts of the path, in its order."""
        return tuple(re.findall(r"\{\+?(\w+)\}", self.path))

    @property
    def idempotent(self) -> bool:
        """Whether the request may be repeated after any passing failure."""
        return self.verb == "GET"

    @property
    def required_arguments(self) -> frozenset[str]:
        """What a call must give."""
        return frozenset(self.path_arguments) | self.required

    @property
    def arguments(self) -> frozenset[str]:
        """What a call may give, ``connector_params`` apart."""
        return self.required_arguments | self.query | ({"body"} if self.body else frozenset())


class Transport(Protocol):
    """Sends one request of one method, once; called from several threads at a time.

    Retries, polling and waiting are the runtime's.
    """

    def __call__(self, method: Method, arguments: Mapping[str, Value], *, deadline: float) -> Value:
        """Make the call and return the decoded body that the service answered with.

        Args:
            method: What to call.
            arguments: By the names of the table; ``body`` is the JSON body.
            deadline: Seconds from now after which to give up.

        Raises:
            HttpError: The service answered with a status that is not 2xx.
            ConnectionFailed: The call never reached the service.
            ConnectionBroken: It may have; ask before calling again.
            TimedOut: ``deadline`` seconds have passed.
            AuthFailed: There are no credentials for it.
        """
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What ``http.*`` sends.

    Attributes:
        method: In capitals.
        url: With the query in it, encoded.
        headers: As the document gives them, and a content type where the body is a map or a list.
        body: Encoded.
        auth: The step's ``auth`` block: ``type`` is ``OAuth2`` or ``OIDC``, with ``scope``/``scopes``/``audience``.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    auth: Mapping[str, Value] | None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """Sends one HTTP request, once; called from several threads at a time."""

    def __call__(self, request: HttpRequest, *, deadline: float) -> HttpResponse:
        """Send it and return the response, also one whose status is not 2xx.

        Raises:
            ConnectionFailed: The call never reached the server, or may not go there.
            ConnectionBroken: It may have; ask before calling again.
            TimedOut: ``deadline`` seconds have passed.
            AuthFailed: The credentials that ``auth`` asks for cannot be made.
        """
        ...


@dataclass(frozen=True, slots=True)
class Connectors:
    """Everything outside that an execution may talk to; None refuses such calls."""

    transport: Transport | None = None
    http: Http | None = None


def _method(name: str, verb: str, path: str, query: str = "", *, wait: Wait = Wait.NOTHING) -> Method:
    """A row of the table; a query argument that must be given ends in ``!``."""
    return Method(
        f"googleapis.{name}",
        verb,
        path,
        frozenset(word.rstrip("!") for word in query.split()),
        body=verb in {"POST", "PUT", "PATCH"} and not name.endswith(("jobs.cancel", "executions.run")),
        wait=wait,
        required=frozenset(word.rstrip("!") for word in query.split() if word.endswith("!")),
    )


_PAGE: Final = "maxResults pageToken"


def _bigquery() -> tuple[Method, ...]:
    """docs.cloud.google.com/workflows/docs/reference/googleapis/bigquery/Overview."""
    project = "/bigquery/v2/projects/{projectId}"
    dataset = f"{project}/datasets/{{datasetId}}"
    table = f"{dataset}/tables/{{tableId}}"
    routine = f"{dataset}/routines/{{routineId}}"
    model = f"{dataset}/models/{{modelId}}"
    job = f"{project}/jobs/{{jobId}}"
    v2 = "bigquery.v2"
    return (
        _method(f"{v2}.datasets.delete", "DELETE", dataset, "deleteContents"),
        _method(f"{v2}.datasets.get", "GET", dataset, "datasetView accessPolicyVersion"),
        _method(f"{v2}.datasets.insert", "POST", f"{project}/datasets", "accessPolicyVersion"),
        _method(f"{v2}.datasets.list", "GET", f"{project}/datasets", f"all filter {_PAGE}"),
        _method(f"{v2}.datasets.patch", "PATCH", dataset, "updateMode accessPolicyVersion"),
        _method(f"{v2}.datasets.undelete", "POST", f"{dataset}:undelete"),
        _method(f"{v2}.datasets.update", "PUT", dataset, "updateMode accessPolicyVersion"),
        _method(f"{v2}.jobs.cancel", "POST", f"{job}/cancel", "location"),
        _method(f"{v2}.jobs.delete", "DELETE", f"{job}/delete", "location"),
        _method(f"{v2}.jobs.get", "GET", job, "location"),
        _method(
            f"{v2}.jobs.getQueryResults",
            "GET",
            f"{project}/queries/{{jobId}}",
            f"location startIndex timeoutMs {_PAGE}",
        ),
        _method(f"{v2}.jobs.insert", "POST", f"{project}/jobs", wait=Wait.BIGQUERY_JOB),
        _method(
            f"{v2}.jobs.list",
            "GET",
            f"{project}/jobs",
            f"allUsers maxCreationTime minCreationTime parentJobId projection stateFilter {_PAGE}",
        ),
        _method(f"{v2}.jobs.query", "POST", f"{project}/queries"),
        _method(f"{v2}.models.delete", "DELETE", model),
        _method(f"{v2}.models.get", "GET", model),
        _method(f"{v2}.models.list", "GET", f"{dataset}/models", _PAGE),
        _method(f"{v2}.models.patch", "PATCH", model),
        _method(f"{v2}.projects.getServiceAccount", "GET", f"{project}/serviceAccount"),
        _method(f"{v2}.projects.list", "GET", "/bigquery/v2/projects", _PAGE),
        _method(f"{v2}.routines.delete", "DELETE", routine),
        _method(f"{v2}.routines.get", "GET", routine, "readMask"),
        _method(f"{v2}.routines.insert", "POST", f"{dataset}/routines"),
        _method(f"{v2}.routines.list", "GET", f"{dataset}/routines", f"filter readMask {_PAGE}"),
        _method(f"{v2}.routines.update", "PUT", routine),
        _method(f"{v2}.rowAccessPolicies.list", "GET", f"{table}/rowAccessPolicies", "pageSize pageToken"),
        _method(f"{v2}.tabledata.insertAll", "POST", f"{table}/insertAll"),
        _method(f"{v2}.tabledata.list", "GET", f"{table}/data", f"selectedFields startIndex {_PAGE}"),
        _method(f"{v2}.tables.delete", "DELETE", table),
        _method(f"{v2}.tables.get", "GET", table, "selectedFields view"),
        _method(f"{v2}.tables.getIamPolicy", "POST", "/bigquery/v2/{+resource}:getIamPolicy"),
        _method(f"{v2}.tables.insert", "POST", f"{dataset}/tables"),
        _method(f"{v2}.tables.list", "GET", f"{dataset}/tables", _PAGE),
        _method(f"{v2}.tables.patch", "PATCH", table, "autodetect_schema"),
        _method(f"{v2}.tables.setIamPolicy", "POST", "/bigquery/v2/{+resource}:setIamPolicy"),
        _method(f"{v2}.tables.testIamPermissions", "POST", "/bigquery/v2/{+resource}:testIamPermissions"),
        _method(f"{v2}.tables.update", "PUT", table, "autodetect_schema"),
    )


def _transfer() -> tuple[Method, ...]:
    """docs.cloud.google.com/workflows/docs/reference/googleapis/bigquerydatatransfer/Overview."""
    page = "pageSize pageToken"
    methods: list[Method] = []
    # Every resource exists under a location and, for the location US, under the project alone.
    for scope in ("projects", "projects.locations"):
        at = f"bigquerydatatransfer.v1.{scope}"
        methods += (
            _method(f"{at}.dataSources.checkValidCreds", "POST", "/v1/{+name}:checkValidCreds"),
            _method(f"{at}.dataSources.get", "GET", "/v1/{+name}"),
            _method(f"{at}.dataSources.list", "GET", "/v1/{+parent}/dataSources", page),
            _method(f"{at}.enrollDataSources", "POST", "/v1/{+name}:enrollDataSources"),
            _method(
                f"{at}.transferConfigs.create",
                "POST",
                "/v1/{+parent}/transferConfigs",
                "authorizationCode serviceAccountName versionInfo",
            ),
            _method(f"{at}.transferConfigs.delete", "DELETE", "/v1/{+name}"),
            _method(f"{at}.transferConfigs.get", "GET", "/v1/{+name}"),
            _method(f"{at}.transferConfigs.list", "GET", "/v1/{+parent}/transferConfigs", f"dataSourceIds {page}"),
            _method(
                f"{at}.transferConfigs.patch",
                "PATCH",
                "/v1/{+name}",
                "updateMask! authorizationCode serviceAccountName versionInfo",
            ),
            _method(f"{at}.transferConfigs.runs.delete", "DELETE", "/v1/{+name}"),
            _method(f"{at}.transferConfigs.runs.get", "GET", "/v1/{+name}"),
            _method(f"{at}.transferConfigs.runs.list", "GET", "/v1/{+parent}/runs", f"runAttempt states {page}"),
            _method(
                f"{at}.transferConfigs.runs.transferLogs.list",
                "GET",
                "/v1/{+parent}/transferLogs",
                f"messageTypes {page}",
            ),
            _method(f"{at}.transferConfigs.scheduleRuns", "POST", "/v1/{+parent}:scheduleRuns"),
            _method(
                f"{at}.transferConfigs.startManualRuns",
                "POST",
                "/v1/{+parent}:startManualRuns",
                wait=Wait.TRANSFER_RUNS,
            ),
        )
    methods += (
        _method("bigquerydatatransfer.v1.projects.locations.get", "GET", "/v1/{+name}"),
        _method("bigquerydatatransfer.v1.projects.locations.list", "GET", "/v1/{+name}/locations", f"filter {page}"),
    )
    return tuple(methods)


def _executions() -> tuple[Method, ...]:
    """docs.cloud.google.com/workflows/docs/reference/googleapis/workflowexecutions/Overview."""
    at = "workflowexecutions.v1.projects.locations.workflows.executions"
    return (
        _method(f"{at}.cancel", "POST", "/v1/{+name}:cancel"),
        _method(f"{at}.create", "POST", "/v1/{+parent}/executions", wait=Wait.EXECUTION),
        _method(f"{at}.get", "GET", "/v1/{+name}", "view"),
        _method(f"{at}.list", "GET", "/v1/{+parent}/executions", "filter orderBy pageSize pageToken view"),
        # A helper of the connector without a REST method of its own: creates an execution and returns its result.
        _method(
            f"{at}.run",
            "POST",
            "",
            "workflow_id! location project_id argument callLogLevel",
            wait=Wait.EXECUTION,
        ),
    )


METHODS: Final[Mapping[str, Method]] = {method.name: method for method in (*_bigquery(), *_transfer(), *_executions())}
