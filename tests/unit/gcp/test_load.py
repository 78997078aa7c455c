"""Putting data into BigQuery."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from replicator.errors import FailedError
from replicator.gcp import load
from replicator.gcp.clients import Clients
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field, Mode
from tests.unit.gcp.conftest import Answer, Request, Web

_TABLE = TableRef("acme-jp", "analytics_1", "events_20261101")
_FIELDS = (
    Field("n", "INTEGER"),
    Field("items", "RECORD", Mode.REPEATED, (Field("price", "FLOAT"), Field("at", "TIMESTAMP"))),
    Field("tags", "STRING", Mode.REPEATED),
    Field("j", "JSON"),
    Field("b", "BYTES"),
)


def _done(request: Request) -> Answer:
    configuration = {"load": {"destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"}}}
    body = {
        "jobReference": {"projectId": "acme-jp", "jobId": "j", "location": "asia-northeast1"},
        "status": {"state": "DONE"},
        "statistics": {"load": {"outputRows": "2"}},
        "configuration": configuration,
    }
    return Answer(body=body) if request.verb in {"GET", "POST"} else Answer(404)


def _sent(request: Request) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The job and the rows of a multipart upload."""
    boundary = request.headers["content-type"].partition("boundary=")[2].strip("\"'")
    _, job, rows, _ = request.body.decode().split(f"--{boundary}")
    lines = rows.partition("\r\n\r\n")[2].strip().splitlines()
    return json.loads(job.partition("\r\n\r\n")[2]), [json.loads(line) for line in lines]


def test_rows_are_loaded_as_they_are(web: Web, clients: Clients) -> None:
    """64-bit integers whole, records at any depth, JSON as JSON, bytes in base64; what was there is replaced."""
    web.answer = _done
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {"n": 2**63 - 1, "items": [{"price": 0.1, "at": at}, {"price": None}], "tags": ["é\n"], "j": {"k": [1]}},
        {"n": None, "items": [], "b": b"\xff"},
    ]

    assert load.load_rows(clients, _TABLE, _FIELDS, rows, location="asia-northeast1") == 2

    job, sent = _sent(web.requests[0])
    assert job["jobReference"]["location"] == "asia-northeast1"
    settings = job["configuration"]["load"]
    assert settings["writeDisposition"] == "WRITE_TRUNCATE"
    assert settings["destinationTable"]["tableId"] == "events_20261101"
    assert [field["name"] for field in settings["schema"]["fields"]] == ["n", "items", "tags", "j", "b"]
    assert sent == [
        {
            "n": "9223372036854775807",
            "items": [{"price": 0.1, "at": "2026-11-01T12:00:00+00:00"}, {"price": None}],
            "tags": ["é\n"],
            "j": {"k": [1]},
        },
        {"n": None, "items": [], "b": "/w=="},
    ]


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("FLOAT", math.inf, "Infinity"),
        ("FLOAT", -math.inf, "-Infinity"),
        ("FLOAT", math.nan, "NaN"),
        ("NUMERIC", Decimal("1.000000001"), "1.000000001"),
        ("DATE", date(2026, 11, 1), "2026-11-01"),
        ("TIME", time(1, 2, 3), "01:02:03"),
        ("BOOLEAN", True, True),
    ],
)
def test_each_type_has_its_form(web: Web, clients: Clients, kind: str, value: object, sent: object) -> None:
    """As the page on loading JSON has it."""
    web.answer = _done

    load.load_rows(clients, _TABLE, (Field("x", kind),), [{"x": value}], location="EU")

    assert _sent(web.requests[0])[1] == [{"x": sent}]


def test_a_column_that_the_schema_does_not_have_is_refused(web: Web, clients: Clients) -> None:
    """A misspelled column would be lost in silence."""
    with pytest.raises(FailedError, match=r"prize: no such field"):
        load.load_rows(clients, _TABLE, _FIELDS, [{"items": [{"prize": 1}]}], location="EU")

    assert web.requests == []


def test_a_dataset_that_exists_is_fine_where_it_is_wanted(web: Web, clients: Clients) -> None:
    """In the location that was asked for; elsewhere it is said where it lies."""

    def exists(request: Request) -> Answer:
        if request.verb == "POST":
            return Answer(409, {"error": {"code": 409, "message": "Already Exists: Dataset acme-jp:x"}})
        reference = {"projectId": "acme-jp", "datasetId": "x"}
        return Answer(body={"datasetReference": reference, "location": "US"})

    web.answer = exists
    load.create_dataset(clients, DatasetRef("acme-jp", "x"), location="us")
    with pytest.raises(FailedError, match=r"dataset acme-jp\.x lies in US and not in EU"):
        load.create_dataset(clients, DatasetRef("acme-jp", "x"), location="EU")


def test_dropping_a_table_that_is_not_there_is_fine(web: Web, clients: Clients) -> None:
    """Only what is wrong is an error, and that is one sentence."""
    web.answer = lambda _request: Answer(404, {"error": {"code": 404, "message": "Not found: Table"}})
    load.drop_table(clients, _TABLE)

    web.answer = lambda _request: Answer(403, {"error": {"code": 403, "message": "Access Denied: Table x"}})
    with pytest.raises(FailedError, match=f"^deleting {_TABLE}: Access Denied: Table x$"):
        load.drop_table(clients, _TABLE)
