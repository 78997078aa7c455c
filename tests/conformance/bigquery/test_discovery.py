"""The calls behind each command of ``bq``, by the library that ``bq`` is built on and the document it asks for.

``bq --api URL`` builds its client from the server's own discovery document; so do these tests.
"""

from __future__ import annotations

import io
import re
from typing import Any

import httplib2
import pytest
from google.cloud import bigquery
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from replicator.local.bigquery.api.discovery import PATHS
from tests.conformance.bigquery.conftest import PROJECT, Running

FIELDS = [{"name": "id", "type": "INTEGER"}, {"name": "note", "type": "STRING"}]


class Commands:
    """A client as ``bq`` builds it, and a dataset with a table of three rows."""

    def __init__(self, running: Running, dataset: str) -> None:
        status, document = httplib2.Http().request(f"{running.url}{PATHS[0]}?version=v2")
        assert status.status == 200
        self.client = build_from_document(document.decode(), http=httplib2.Http())
        self.dataset = {"projectId": PROJECT, "datasetId": dataset.partition(".")[2]}
        self.orders = {**self.dataset, "tableId": "orders"}
        table = {"tableReference": self.orders, "schema": {"fields": FIELDS}}
        self.client.tables().insert(**self.dataset, body=table).execute()
        self.load(b"1,a\n2,b\n3,\n")

    def load(self, rows: bytes, *, resumable: bool = False) -> dict[str, Any]:
        """`bq load dataset.orders rows.csv`."""
        media = MediaIoBaseUpload(io.BytesIO(rows), "application/octet-stream", resumable=resumable)
        job = {"configuration": {"load": {"destinationTable": self.orders, "sourceFormat": "CSV"}}}
        return self.wait(self.client.jobs().insert(projectId=PROJECT, body=job, media_body=media).execute())

    def run(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """Start a job, and wait for it."""
        job = {"configuration": configuration}
        return self.wait(self.client.jobs().insert(projectId=PROJECT, body=job).execute())

    def wait(self, job: dict[str, Any]) -> dict[str, Any]:
        """As ``bq`` does: by asking for the job."""
        while job["status"]["state"] != "DONE":
            job = self.client.jobs().get(**job["jobReference"]).execute()
        assert "errorResult" not in job["status"], job["status"]
        return job

    def head(self, **more: Any) -> list[list[Any]]:
        """`bq head dataset.orders`."""
        rows = self.client.tabledata().list(**self.orders, **more).execute().get("rows", [])
        return [[cell["v"] for cell in row["f"]] for row in rows]


@pytest.fixture
def commands(running: Running, dataset: str) -> Commands:
    return Commands(running, dataset)


def test_every_method_that_is_told_is_served(running: Running, commands: Commands) -> None:
    """No method of the document is answered as a path that nobody serves; an unknown version is refused."""
    for name, resource in commands.client._resourceDesc["resources"].items():  # noqa: SLF001 - the document
        for method in resource["methods"].values():
            path = re.sub(r"\{\+?\w+\}", "nobody", method["path"])
            url = f"{running.url}/bigquery/v2/{path}"
            status, told = httplib2.Http().request(url, method["httpMethod"], body="{}")
            assert status.status != 501, (name, method["id"], told)
            assert b"is not served" not in told, (name, method["id"], told)
    assert httplib2.Http().request(f"{running.url}{PATHS[1]}")[0].status == 200
    assert httplib2.Http().request(f"{running.url}{PATHS[0]}?version=v3")[0].status == 404


def test_ls(commands: Commands) -> None:
    """`bq ls`, of projects, datasets, tables, routines and jobs."""
    client, dataset = commands.client, commands.dataset

    projects = client.projects().list(maxResults=50).execute()
    datasets = client.datasets().list(projectId=PROJECT, all=False, maxResults=50).execute()
    tables = client.tables().list(**dataset, maxResults=50).execute()
    routines = client.routines().list(**dataset, maxResults=50).execute()
    jobs = client.jobs().list(projectId=PROJECT, projection="full", maxResults=5, stateFilter=["done"]).execute()

    assert PROJECT in [one["id"] for one in projects["projects"]]
    assert dataset["datasetId"] in [one["datasetReference"]["datasetId"] for one in datasets["datasets"]]
    assert [(one["tableReference"]["tableId"], one["type"]) for one in tables["tables"]] == [("orders", "TABLE")]
    assert routines.get("routines", []) == []
    assert {one["configuration"]["jobType"] for one in jobs["jobs"]} == {"LOAD"}


def test_mk(commands: Commands) -> None:
    """`bq mk`, of a dataset, a partitioned table and a view; a name that is taken is 409."""
    client, dataset = commands.client, commands.dataset
    body = {"datasetReference": {"projectId": PROJECT, "datasetId": "made"}, "location": "EU", "description": "x"}
    client.datasets().insert(projectId=PROJECT, body=body).execute()
    days = {"type": "DAY", "expirationMs": "86400000"}
    daily = {"tableReference": {**dataset, "tableId": "daily"}, "schema": {"fields": FIELDS}, "timePartitioning": days}
    client.tables().insert(**dataset, body=daily).execute()
    name = f"{PROJECT}.{dataset['datasetId']}.orders"
    view = {"query": f"SELECT id FROM `{name}`", "useLegacySql": False}
    made = (
        client.tables()
        .insert(**dataset, body={"tableReference": {**dataset, "tableId": "ids"}, "view": view})
        .execute()
    )

    assert made["type"] == "VIEW"
    with pytest.raises(HttpError, match="Already Exists") as refused:
        client.datasets().insert(projectId=PROJECT, body=body).execute()
    assert refused.value.resp.status == 409
    client.datasets().delete(projectId=PROJECT, datasetId="made", deleteContents=False).execute()


@pytest.mark.parametrize("resumable", [False, True])
def test_load(commands: Commands, *, resumable: bool) -> None:
    """`bq load` of a local file, in one request or piece by piece."""
    job = commands.load(b"4,d\n", resumable=resumable)

    assert job["statistics"]["load"]["outputRows"] == "1"
    assert ["4", "d"] in commands.head()


def test_query(commands: Commands) -> None:
    """`bq query`: a job whose rows are asked for page by page; `--rpc`: one call; `--dry_run`: what it would read."""
    client = commands.client
    name = f"{PROJECT}.{commands.dataset['datasetId']}.orders"
    text = {"query": f"SELECT id FROM `{name}` ORDER BY id", "useLegacySql": False}

    job = commands.run({"query": text})
    first = client.jobs().getQueryResults(**job["jobReference"], maxResults=2, timeoutMs=0, startIndex=0).execute()
    second = (
        client.jobs()
        .getQueryResults(**job["jobReference"], maxResults=2, timeoutMs=0, pageToken=first["pageToken"])
        .execute()
    )
    at_once = client.jobs().query(projectId=PROJECT, body={**text, "maxResults": 10}).execute()
    dry = client.jobs().insert(projectId=PROJECT, body={"configuration": {"query": text, "dryRun": True}}).execute()

    assert [row["f"][0]["v"] for row in first["rows"] + second["rows"]] == ["1", "2", "3"]
    assert "pageToken" not in second
    assert (at_once["totalRows"], at_once["jobComplete"]) == ("3", True)
    assert dry["statistics"]["totalBytesProcessed"] == "24"


def test_cp(commands: Commands) -> None:
    """`bq cp`, and `bq cp -a`, which appends."""
    copied = {**commands.dataset, "tableId": "copied"}
    for writing in ("WRITE_EMPTY", "WRITE_APPEND"):
        commands.run({
            "copy": {"sourceTables": [commands.orders], "destinationTable": copied, "writeDisposition": writing}
        })  # fmt: skip

    assert commands.client.tables().get(**copied).execute()["numRows"] == "6"


def test_show(commands: Commands) -> None:
    """`bq show`, of a dataset, a table, and a job; what is not there is 404."""
    client = commands.client
    job = commands.run({"query": {"query": "SELECT 1", "useLegacySql": False}})

    assert client.datasets().get(**commands.dataset).execute()["location"] == "EU"
    assert client.tables().get(**commands.orders).execute()["schema"]["fields"][1]["name"] == "note"
    assert client.jobs().get(**job["jobReference"]).execute()["configuration"]["jobType"] == "QUERY"
    with pytest.raises(HttpError, match="Not found: Table") as refused:
        client.tables().get(**commands.dataset, tableId="nothing").execute()
    assert refused.value.resp.status == 404


def test_update(commands: Commands) -> None:
    """`bq update`, of a dataset's labels and a table's schema; an etag that is no longer true is refused."""
    client = commands.client
    dataset = client.datasets().patch(**commands.dataset, body={"labels": {"team": "web"}}).execute()
    more = [*FIELDS, {"name": "at", "type": "TIMESTAMP"}]
    table = client.tables().patch(**commands.orders, body={"schema": {"fields": more}, "description": "x"}).execute()
    stale = client.tables().patch(**commands.orders, body={"description": "y"})
    stale.headers["If-Match"] = '"of another time"'

    assert dataset["labels"] == {"team": "web"}
    assert [field["name"] for field in table["schema"]["fields"]] == ["id", "note", "at"]
    with pytest.raises(HttpError, match="Precondition") as refused:
        stale.execute()
    assert refused.value.resp.status == 412


def test_rm(commands: Commands, client: bigquery.Client) -> None:
    """`bq rm`, of a table, a job's record, and a dataset; one with tables only with `-r`."""
    api = commands.client
    job = commands.run({"query": {"query": "SELECT 1", "useLegacySql": False}})
    api.jobs().delete(**job["jobReference"]).execute()
    with pytest.raises(HttpError, match="still in use"):
        api.datasets().delete(**commands.dataset, deleteContents=False).execute()
    api.tables().delete(**commands.orders).execute()
    api.datasets().delete(**commands.dataset, deleteContents=True).execute()

    assert commands.dataset["datasetId"] not in [one.dataset_id for one in client.list_datasets()]


def test_head(commands: Commands) -> None:
    """`bq head`, with a first row, a number of rows, and columns."""
    assert commands.head(startIndex=0, maxResults=2) == [["1", "a"], ["2", "b"]]
    assert commands.head(startIndex=2, maxResults=2, selectedFields="id") == [["3"]]


def test_cancel(commands: Commands) -> None:
    """`bq cancel` of a job that is done leaves it as it is."""
    job = commands.run({"query": {"query": "SELECT 1", "useLegacySql": False}})

    told = commands.client.jobs().cancel(**job["jobReference"]).execute()

    assert told["job"]["status"]["state"] == "DONE"
