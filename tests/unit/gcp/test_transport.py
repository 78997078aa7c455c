"""Calls to Google's APIs through the clients' own connections."""

from __future__ import annotations

import pytest

from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.messages import rpc_of
from replicator.gcp.transport import ClientTransport
from replicator.runtime.connectors import METHODS, Method
from replicator.runtime.errors import ConnectionBroken, ConnectionFailed, HttpError, TimedOut
from replicator.runtime.values import Value
from tests.unit.gcp.conftest import Answer, Web

_TRANSFER = "bigquerydatatransfer.v1.projects.locations"
_CONFIG = "projects/p/locations/EU/transferConfigs/c"


def _method(name: str) -> Method:
    return METHODS[f"googleapis.{name}"]


def _call(clients: Clients, name: str, arguments: dict[str, Value], *, deadline: float = 5) -> Value:
    return ClientTransport(clients)(_method(name), arguments, deadline=deadline)


def test_a_bigquery_body_travels_as_the_document_wrote_it(web: Web, clients: Clients) -> None:
    """Nothing is added to a job, and nothing of the answer is lost."""
    answer = {"kind": "bigquery#job", "statistics": {"totalBytesProcessed": "9223372036854775807"}}
    web.answer = lambda _request: Answer(body=answer)
    job: Value = {"jobReference": {"location": "EU"}, "configuration": {"query": {"query": "SELECT 'é'"}}}

    assert _call(clients, "bigquery.v2.jobs.insert", {"projectId": "acme-x", "body": job}) == answer

    [request] = web.requests
    assert (request.verb, request.path) == ("POST", "/bigquery/v2/projects/acme-x/jobs?prettyPrint=false")
    assert request.json == job


def test_arguments_go_where_the_method_has_them(web: Web, clients: Clients) -> None:
    """Parts of the path are escaped, the query has what was given and nothing else."""
    web.answer = lambda _request: Answer(body={})

    _call(
        clients,
        "bigquery.v2.tables.get",
        {"projectId": "p", "datasetId": "d", "tableId": "a b$1", "selectedFields": "x,y", "view": None},
    )
    _call(clients, "bigquery.v2.datasets.list", {"projectId": "p", "all": True, "maxResults": 3})

    assert [request.path for request in web.requests] == [
        "/bigquery/v2/projects/p/datasets/d/tables/a%20b%241?selectedFields=x%2Cy&prettyPrint=false",
        "/bigquery/v2/projects/p/datasets?all=true&maxResults=3&prettyPrint=false",
    ]


def test_an_empty_answer_is_null(web: Web, clients: Clients) -> None:
    """DELETE answers 204 without a body."""
    web.answer = lambda _request: Answer(204)

    assert _call(clients, "bigquery.v2.datasets.delete", {"projectId": "p", "datasetId": "d"}) is None


def test_an_api_error_keeps_its_status_body_and_headers(web: Web, clients: Clients) -> None:
    """The document sees the API's own error, and it was asked once."""
    body = {"error": {"code": 409, "message": "Already Exists: Job p:EU.j", "errors": [{"reason": "duplicate"}]}}
    web.answer = lambda _request: Answer(409, body, {"X-Trace": "t"})

    with pytest.raises(HttpError) as failure:
        _call(clients, "bigquery.v2.jobs.insert", {"projectId": "p", "body": {}})

    assert (failure.value.status, failure.value.message) == (409, "Already Exists: Job p:EU.j")
    assert failure.value.body == body
    assert failure.value.headers["X-Trace"] == "t"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bigquery.v2.jobs.get", {"projectId": "p", "jobId": "j"}),
        (f"{_TRANSFER}.transferConfigs.get", {"name": _CONFIG}),
        (f"{_TRANSFER}.transferConfigs.list", {"parent": "projects/p/locations/EU"}),
    ],
)
def test_no_client_repeats_a_call(
    web: Web, clients: Clients, status: int, name: str, arguments: dict[str, Value]
) -> None:
    """Retries are the runtime's, with the documented policies: one call is one request."""
    web.answer = lambda _request: Answer(status, {"error": {"code": status, "message": "later"}})

    with pytest.raises(HttpError, match="later") as failure:
        _call(clients, name, arguments)

    assert failure.value.status == status
    assert len(web.requests) == 1


def test_a_page_of_an_error_that_is_not_json_is_kept_as_text(web: Web, clients: Clients) -> None:
    """A proxy's HTML reaches the document as it is."""
    web.answer = lambda _request: Answer(502, "<html>bad gateway</html>", {"Content-Type": "text/html"})

    with pytest.raises(HttpError) as failure:
        _call(clients, "bigquery.v2.jobs.get", {"projectId": "p", "jobId": "j"})

    assert (failure.value.status, failure.value.body) == (502, "<html>bad gateway</html>")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bigquery.v2.jobs.get", {"projectId": "p", "jobId": "j"}),
        (f"{_TRANSFER}.transferConfigs.get", {"name": _CONFIG}),
    ],
)
def test_a_broken_connection_is_told_from_one_that_never_was(
    web: Web, clients: Clients, name: str, arguments: dict[str, Value]
) -> None:
    """After ConnectionBroken the service may have acted; after ConnectionFailed it cannot have."""
    web.answer = lambda _request: Answer(drop=True)
    with pytest.raises(ConnectionBroken):
        _call(clients, name, arguments)
    assert len(web.requests) == 1

    with pytest.raises(ConnectionFailed):
        _call(Clients(Endpoints(http="http://127.0.0.1:1", executions="127.0.0.1:1")), name, arguments)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bigquery.v2.jobs.get", {"projectId": "p", "jobId": "j"}),
        (f"{_TRANSFER}.transferConfigs.get", {"name": _CONFIG}),
    ],
)
def test_a_deadline_ends_the_waiting(web: Web, clients: Clients, name: str, arguments: dict[str, Value]) -> None:
    """``deadline`` seconds without an answer are TimedOut."""
    web.answer = lambda _request: Answer(hang=0.6)

    with pytest.raises(TimedOut):
        _call(clients, name, arguments, deadline=0.1)


def test_an_answer_that_is_not_json_may_have_been_an_action(web: Web, clients: Clients) -> None:
    """Status 200 with something else than JSON: look before calling again."""
    web.answer = lambda _request: Answer(200, "<html>")

    with pytest.raises(ConnectionBroken, match="not JSON"):
        _call(clients, "bigquery.v2.jobs.insert", {"projectId": "p", "body": {}})


def test_a_transfer_config_goes_through_the_client_and_back(web: Web, clients: Clients) -> None:
    """JSON in, JSON out: enums as names, the params as plain JSON, 64-bit integers as texts."""
    made = {
        "name": _CONFIG,
        "params": {"source_project_id": "acme-jp", "overwrite_destination_table": True},
        "state": 4,
        "datasetRegion": "europe",
        "userId": "17",
    }
    web.answer = lambda _request: Answer(body=made)
    config: Value = {
        "destinationDatasetId": "landing",
        "displayName": "x",
        "dataSourceId": "cross_region_copy",
        "params": {"source_project_id": "acme-jp", "overwrite_destination_table": True},
        "scheduleOptions": {"disableAutoScheduling": True},
    }

    arguments: dict[str, Value] = {"parent": "projects/p/locations/EU", "serviceAccountName": "sa@x", "body": config}
    answer = _call(clients, f"{_TRANSFER}.transferConfigs.create", arguments)

    assert answer == made | {"state": "SUCCEEDED"}
    [request] = web.requests
    assert request.verb == "POST"
    assert request.path.startswith("/v1/projects/p/locations/EU/transferConfigs?")
    assert "serviceAccountName=sa%40x" in request.path
    assert request.json == config


@pytest.mark.parametrize("mask", ["displayName,params", "display_name,params"])
def test_a_patch_names_the_resource_that_it_changes(web: Web, clients: Clients, mask: str) -> None:
    """The path's name belongs to the body's resource; the mask may be spelt in both ways, as over HTTP."""
    web.answer = lambda _request: Answer(body={"name": _CONFIG})

    arguments: dict[str, Value] = {"name": _CONFIG, "updateMask": mask, "body": {"displayName": "y"}}
    _call(clients, f"{_TRANSFER}.transferConfigs.patch", arguments)

    [request] = web.requests
    assert request.verb == "PATCH"
    assert request.path.startswith(f"/v1/{_CONFIG}?")
    assert "updateMask=displayName%2Cparams" in request.path
    assert request.json["displayName"] == "y"


def test_a_list_is_one_page(web: Web, clients: Clients) -> None:
    """The document turns pages itself: the token comes back, and no second request is made."""
    page = {"transferRuns": [{"name": f"{_CONFIG}/runs/r", "state": "RUNNING"}], "nextPageToken": "t2"}
    web.answer = lambda _request: Answer(body=page)

    arguments: dict[str, Value] = {"parent": _CONFIG, "states": ["RUNNING", "PENDING"], "pageSize": 1}
    answer = _call(clients, f"{_TRANSFER}.transferConfigs.runs.list", arguments)

    assert answer == page
    [request] = web.requests
    assert "states=3&states=2" in request.path


def test_a_manual_run_is_asked_for_by_its_time(web: Web, clients: Clients) -> None:
    """The body's fields are the request's own."""
    runs = {"runs": [{"name": f"{_CONFIG}/runs/r", "state": "PENDING", "runTime": "2026-11-21T00:00:00Z"}]}
    web.answer = lambda _request: Answer(body=runs)

    arguments: dict[str, Value] = {"parent": _CONFIG, "body": {"requestedRunTime": "2026-11-21T00:00:00Z"}}
    answer = _call(clients, f"{_TRANSFER}.transferConfigs.startManualRuns", arguments)

    assert answer == runs
    [request] = web.requests
    assert request.path.startswith(f"/v1/{_CONFIG}:startManualRuns")
    assert request.json == {"requestedRunTime": "2026-11-21T00:00:00Z"}


@pytest.mark.parametrize("body", [{"nosuch": 1}, {"requestedRunTime": "yesterday"}, {"requestedRunTime": 3}])
def test_a_body_that_fits_no_message_is_a_400(web: Web, clients: Clients, body: dict[str, Value]) -> None:
    """What the service would refuse with 400 is refused as that, without a request."""
    with pytest.raises(HttpError, match="Invalid JSON payload") as failure:
        _call(clients, f"{_TRANSFER}.transferConfigs.startManualRuns", {"parent": _CONFIG, "body": body})

    assert failure.value.status == 400
    assert isinstance(failure.value.body, dict)
    assert web.requests == []


def test_the_resource_without_a_location_is_the_same_method(web: Web, clients: Clients) -> None:
    """``projects/P/transferConfigs`` is the location US, by the same client."""
    web.answer = lambda _request: Answer(body={})

    _call(clients, "bigquerydatatransfer.v1.projects.transferConfigs.list", {"parent": "projects/p"})

    assert web.requests[0].path.startswith("/v1/projects/p/transferConfigs?")


def test_a_method_that_no_client_has_goes_as_its_page_says(web: Web, clients: Clients) -> None:
    """Locations are in the table of methods and not in the client."""
    web.answer = lambda _request: Answer(body={"locations": []})

    assert _call(clients, f"{_TRANSFER}.list", {"name": "projects/p", "pageSize": 3}) == {"locations": []}
    assert web.requests[0].path == "/v1/projects/p/locations?pageSize=3"


def test_every_other_method_of_these_services_has_a_call() -> None:
    """What the runtime lets a document call goes through the client wherever the client has it."""
    without = {
        method.name
        for method in METHODS.values()
        if method.service in {"bigquerydatatransfer", "workflowexecutions"} and rpc_of(method) is None
    }
    helper = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run"
    assert without == {f"googleapis.{_TRANSFER}.get", f"googleapis.{_TRANSFER}.list", helper}
