"""Reading by SQL, through google-cloud-bigquery."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from replicator.errors import FailedError, NotFoundError
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.query import Query
from replicator.ledger.port import Query as LedgerQuery
from tests.unit.gcp.conftest import Answer, Request, Web

_SCHEMA = {
    "fields": [
        {"name": "n", "type": "INTEGER", "mode": "NULLABLE"},
        {"name": "s", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "a", "type": "STRING"}]},
    ]
}
_REFERENCE = {"projectId": "acme-x", "jobId": "j", "location": "EU"}


def _bigquery(request: Request) -> Answer:
    """A BigQuery that has one job, done, with one row."""
    if "/queries/" in request.path:
        row = {"f": [{"v": "9223372036854775807"}, {"v": [{"v": {"f": [{"v": "x"}]}}]}]}
        done = {"jobReference": _REFERENCE, "jobComplete": True, "totalRows": "1", "schema": _SCHEMA, "rows": [row]}
        return Answer(body=done)
    sent = request.json["configuration"] if request.verb == "POST" else {"query": {"query": "?"}}
    return Answer(body={"jobReference": _REFERENCE, "status": {"state": "DONE"}, "configuration": sent})


def _rows(clients: Clients, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    waits: list[float] = []
    return Query(clients, sleep=waits.append).rows("SELECT 1", parameters or {}, location="EU", project="acme-x")


def test_the_ledger_can_read_through_it(clients: Clients) -> None:
    """The port of the ledger is satisfied; mypy checks the line below."""
    port: LedgerQuery = Query(clients)

    assert callable(port.rows)


def test_rows_come_as_pythons_values(web: Web, clients: Clients) -> None:
    """64-bit integers are whole, structs are dicts, arrays are lists; the location is said."""
    web.answer = _bigquery

    assert _rows(clients) == [{"n": 2**63 - 1, "s": [{"a": "x"}]}]

    job = web.requests[0].json
    assert job["jobReference"]["location"] == "EU"
    assert job["jobReference"]["projectId"] == "acme-x"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "BOOL"),
        (7, "INT64"),
        (0.5, "FLOAT64"),
        ("x", "STRING"),
        (b"x", "BYTES"),
        (Decimal("1.5"), "NUMERIC"),
        (date(2026, 11, 1), "DATE"),
        (datetime(2026, 11, 1, tzinfo=UTC), "TIMESTAMP"),
        (datetime(2026, 11, 1), "DATETIME"),  # noqa: DTZ001  a DATETIME has no time zone
    ],
)
def test_a_parameters_type_follows_from_its_value(web: Web, clients: Clients, value: Any, kind: str) -> None:
    """Nobody writes types beside values."""
    web.answer = _bigquery

    _rows(clients, {"one": value, "many": [value]})

    one, many = web.requests[0].json["configuration"]["query"]["queryParameters"]
    assert one["parameterType"] == {"type": kind}
    assert many["parameterType"] == {"type": "ARRAY", "arrayType": {"type": kind}}


@pytest.mark.parametrize("value", [None, [], ["x", 1], {"a": 1}])
def test_a_parameter_without_a_clear_type_is_refused(clients: Clients, value: Any) -> None:
    """NULL and an empty array have no type of their own; a guess would be wrong half of the time."""
    with pytest.raises(TypeError, match="@p: "):
        _rows(clients, {"p": value})


def test_a_refused_query_is_one_sentence(web: Web, clients: Clients) -> None:
    """BigQuery's message, the location and the project, without an address or a status, asked once."""
    message = "Not found: Dataset acme-x:nope was not found in location EU"
    web.answer = lambda _request: Answer(404, {"error": {"code": 404, "message": message, "errors": []}})

    with pytest.raises(NotFoundError) as failure:
        _rows(clients)

    assert str(failure.value) == f"query in EU, project acme-x: {message}"
    assert len(web.requests) == 1


def test_a_failed_job_is_one_sentence(web: Web, clients: Clients) -> None:
    """A job that was taken and then failed says why in its status."""
    error = {"reason": "notFound", "message": "Not found: Table acme-x:d.t was not found in location EU"}
    failed = {"state": "DONE", "errorResult": error, "errors": [error]}
    web.answer = lambda _request: Answer(
        body={"jobReference": _REFERENCE, "status": failed, "configuration": {"query": {"query": "x"}}}
    )

    with pytest.raises(NotFoundError) as failure:
        _rows(clients)

    assert str(failure.value) == f"query in EU, project acme-x: {error['message']}"


def test_a_passing_failure_is_asked_again(web: Web, clients: Clients) -> None:
    """Reading has no effects: 503 is tried four times in all, with growing waits, and then told."""
    web.answer = lambda _request: Answer(503, {"error": {"code": 503, "message": "later"}})
    waits: list[float] = []

    with pytest.raises(FailedError, match="later"):
        Query(clients, sleep=waits.append).rows("SELECT 1", {}, location="EU", project="acme-x")

    assert len(web.requests) == 4
    assert waits == [0.5, 1.0, 2.0]


def test_an_unreachable_cloud_is_one_sentence() -> None:
    """No traceback of the libraries below."""
    with pytest.raises(FailedError, match=r"query in EU, project acme-x: no connection: .*refused"):
        _rows(Clients(Endpoints(http="http://127.0.0.1:1", executions="127.0.0.1:1")))
