"""Locations and projects that are not there are refused, and never answered with no rows."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.local.bigquery.api.app import bigquery_routes
from replicator.local.recorder import Recorder
from replicator.local.server import serve as serve_cloud
from replicator.names import MULTI_REGIONS, REGIONS
from tests.conformance.bigquery.conftest import PROJECT, Running

NOWHERE = "asia-northeast9"
NOBODY = "acme-nobody"


def test_a_job_in_a_location_that_does_not_exist_is_refused(client: bigquery.Client) -> None:
    """400 at jobs.insert and jobs.query, dry or not; nothing is left of it."""
    refusal = f"Cannot parse {NOWHERE} as CloudRegion"
    with pytest.raises(exceptions.BadRequest, match=refusal):
        client.query("SELECT 1", job_id="nowhere", location=NOWHERE, job_retry=None)
    with pytest.raises(exceptions.BadRequest, match=refusal):
        client.query("SELECT 1", location=NOWHERE, job_config=bigquery.QueryJobConfig(dry_run=True))
    with pytest.raises(exceptions.BadRequest, match=refusal):
        client.query_and_wait("SELECT 1", location=NOWHERE)
    with pytest.raises(exceptions.NotFound):
        client.get_job("nowhere", location=NOWHERE)


def test_every_public_location_takes_a_dataset_and_no_other_does(client: bigquery.Client) -> None:
    """In any case of its letters; a dataset elsewhere is refused by the API and by CREATE SCHEMA."""
    for number, location in enumerate((*MULTI_REGIONS, *REGIONS, "eu", "Europe-West1")):
        made = bigquery.Dataset(f"{PROJECT}.placed_{number}")
        made.location = location
        client.create_dataset(made)
        client.delete_dataset(made)

    for location in (NOWHERE, "Asia", "EUR", "us1"):
        refused = bigquery.Dataset(f"{PROJECT}.refused")
        refused.location = location
        with pytest.raises(exceptions.BadRequest, match=f"{location} is not a valid value"):
            client.create_dataset(refused)
    with pytest.raises(exceptions.BadRequest, match=f"{NOWHERE} is not a valid value|Cannot create dataset"):
        client.query(f"CREATE SCHEMA `{PROJECT}.refused` OPTIONS (location = '{NOWHERE}')").result()
    with pytest.raises(exceptions.NotFound):
        client.get_dataset(f"{PROJECT}.refused")


def test_a_dataset_is_made_where_the_statement_says(client: bigquery.Client) -> None:
    """The job runs there too; one that is sent elsewhere by its own location is refused."""
    statement = f"CREATE SCHEMA `{PROJECT}.stated` OPTIONS (description = 'a', location = 'asia-northeast1')"
    with pytest.raises(exceptions.BadRequest, match="in location asia-northeast1 by a job that runs in EU"):
        client.query(statement, location="EU").result()

    job = client.query(statement)
    job.result()

    assert job.location == "asia-northeast1"
    assert client.get_dataset(f"{PROJECT}.stated").location == "asia-northeast1"


@pytest.mark.parametrize("location", [None, "EU"])
def test_metadata_of_a_region_that_does_not_exist_is_not_found(client: bigquery.Client, location: str | None) -> None:
    """Neither the qualifier nor the job's location turns it into an empty answer."""
    for view in ("SCHEMATA", "TABLES", "TABLE_STORAGE"):
        with pytest.raises(exceptions.NotFound, match=f"{PROJECT}:region-{NOWHERE} was not found in location"):
            client.query(
                f"SELECT COUNT(*) FROM `{PROJECT}`.`region-{NOWHERE}`.INFORMATION_SCHEMA.{view}", location=location
            ).result()


@pytest.mark.parametrize(
    "statement",
    [
        f"SELECT * FROM `{NOBODY}`.`region-eu`.INFORMATION_SCHEMA.TABLE_STORAGE",
        f"SELECT * FROM `{NOBODY}`.`region-eu`.INFORMATION_SCHEMA.SCHEMATA",
        f"SELECT * FROM `{NOBODY}.ds`.INFORMATION_SCHEMA.TABLES",
        f"SELECT * FROM `{NOBODY}.ds.t`",
        f"SELECT * FROM `{NOBODY}.ds.t*`",
        f"CREATE SCHEMA `{NOBODY}.ds`",
    ],
)
def test_a_statement_that_names_a_project_that_does_not_exist_is_refused(
    client: bigquery.Client, statement: str
) -> None:
    """400 in the service's words, and the project does not come to be by it."""
    for _ in range(2):
        with pytest.raises(exceptions.BadRequest, match=f"The project {NOBODY} has not enabled BigQuery"):
            client.query(statement, location="EU").result()


def test_a_job_in_a_project_that_does_not_exist_is_refused(running: Running) -> None:
    """Even one that reads nothing: a job has to be somebody's. What only looks is answered with 404."""
    client = running.client(NOBODY)
    with pytest.raises(exceptions.BadRequest, match=f"The project {NOBODY} has not enabled BigQuery"):
        client.query("SELECT 1", location="EU")
    with pytest.raises(exceptions.BadRequest, match=f"The project {NOBODY} has not enabled BigQuery"):
        client.query("SELECT 1", location="EU", job_config=bigquery.QueryJobConfig(dry_run=True))
    with pytest.raises(exceptions.NotFound, match=f"Not found: Project {NOBODY}"):
        list(client.list_datasets())
    with pytest.raises(exceptions.NotFound):
        client.get_dataset(f"{NOBODY}.ds")


def test_the_first_dataset_makes_its_project(running: Running) -> None:
    """A client can begin in a cloud that holds nothing; the project stays when the dataset goes."""
    client = running.client("acme-first")
    client.create_dataset("acme-first.ds")
    assert [tuple(row) for row in client.query("SELECT 1").result()] == [(1,)]

    client.delete_dataset("acme-first.ds")

    assert [tuple(row) for row in client.query("SELECT 2").result()] == [(2,)]
    assert list(client.list_datasets()) == []


def test_the_control_port_makes_a_project_that_holds_nothing(tmp_path: Path) -> None:
    """It lists and makes them, refuses what is no project's id, and a restart forgets none."""
    with serve_cloud(tmp_path, executor=()) as cloud:
        address = f"{cloud.endpoints.http}/control/projects"

        def post(body: object) -> object:
            request = urllib.request.Request(address, json.dumps(body).encode())  # noqa: S310 - the server above
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - the same
                return json.load(response)

        assert post({"project": "acme-staging"}) == {"projects": ["acme-staging"]}
        assert post({"project": "acme-staging"}) == {"projects": ["acme-staging"]}
        for wrong in ({"project": "Not A Project"}, {"project": 1}, {}):
            with pytest.raises(urllib.error.HTTPError) as refused:
                post(wrong)
            assert refused.value.code == 400

    service = bigquery_routes(tmp_path / "bigquery", Recorder())
    try:
        assert service.store.projects() == ["acme-staging"]
    finally:
        service.close()
