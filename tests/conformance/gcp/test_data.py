"""Loading, reading and calling BigQuery and the transfer service, against the local cloud."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest

from replicator.errors import NotFoundError
from replicator.gcp import load
from replicator.gcp.clients import Clients
from replicator.gcp.inprocess import environment
from replicator.gcp.query import Query
from replicator.names import DatasetRef
from replicator.runtime.clock import RealClock
from replicator.runtime.errors import WorkflowFailed
from replicator.runtime.execution import Execution
from replicator.runtime.program import load as load_program
from replicator.runtime.values import Value
from replicator.schema.fields import Field, Mode

_PROJECT = "acme-jp"
_TOKYO = "asia-northeast1"
_FIELDS = (
    Field("n", "INTEGER"),
    Field("x", "FLOAT"),
    Field("d", "DATE"),
    Field("at", "TIMESTAMP"),
    Field("r", "RECORD", Mode.REPEATED, (Field("k", "STRING"), Field("v", "RECORD", fields=(Field("i", "INTEGER"),)))),
)
_ROWS: list[dict[str, Any]] = [
    {
        "n": 2**63 - 1,
        "x": 0.1,
        "d": date(2026, 11, 1),
        "at": datetime(2026, 11, 1, 12, 30, 0, 1, tzinfo=UTC),
        "r": [{"k": "東京", "v": {"i": -1}}, {"k": None, "v": None}],
    },
    {"n": None, "x": None, "d": None, "at": None, "r": []},
]


@pytest.fixture
def dataset(clients: Clients) -> DatasetRef:
    """A new dataset in Tokyo."""
    ref = DatasetRef(_PROJECT, f"d_{uuid.uuid4().hex[:8]}")
    load.create_dataset(clients, ref, location=_TOKYO)
    return ref


def _rows(clients: Clients, sql: str, **parameters: Any) -> list[dict[str, Any]]:
    return Query(clients).rows(sql, parameters, location=_TOKYO, project=_PROJECT)


def _run(clients: Clients, steps: str, argument: Value = None) -> Value:
    surroundings = environment(clients.endpoints, clock=RealClock(), variables={"GOOGLE_CLOUD_PROJECT_ID": _PROJECT})
    program = load_program(f"main:\n  params: [args]\n  steps:\n{steps}")
    return Execution().run(program, argument, environment=surroundings)


def test_what_was_loaded_is_read_back(clients: Clients, dataset: DatasetRef) -> None:
    """Every value, at every depth; loading again replaces."""
    table = dataset.table("events")
    load.load_rows(clients, table, _FIELDS, [{"n": 1}], location=_TOKYO)
    assert load.load_rows(clients, table, _FIELDS, _ROWS, location=_TOKYO) == 2

    assert _rows(clients, f"SELECT * FROM `{table}` ORDER BY n DESC") == _ROWS


def test_parameters_reach_the_query(clients: Clients, dataset: DatasetRef) -> None:
    """Scalars and arrays, typed by their values."""
    table = dataset.table("events")
    load.load_rows(clients, table, _FIELDS, _ROWS, location=_TOKYO)

    sql = f"SELECT n FROM `{table}` WHERE d = @day AND n IN UNNEST(@numbers)"
    assert _rows(clients, sql, day=date(2026, 11, 1), numbers=[1, 2**63 - 1]) == [{"n": 2**63 - 1}]


def test_views_and_drops(clients: Clients, dataset: DatasetRef) -> None:
    """A view answers as its query does; what is dropped is not there, and dropping it again is fine."""
    table, view = dataset.table("events"), dataset.table("seen")
    load.load_rows(clients, table, _FIELDS, _ROWS, location=_TOKYO)
    load.create_view(clients, view, f"SELECT COUNT(*) AS c FROM `{table}`", location=_TOKYO)

    assert _rows(clients, f"SELECT c FROM `{view}`") == [{"c": 2}]

    load.drop_table(clients, view)
    load.drop_table(clients, view)
    with pytest.raises(NotFoundError, match=r"query in asia-northeast1, project acme-jp: .*[Nn]ot found"):
        _rows(clients, f"SELECT c FROM `{view}`")


def test_a_document_runs_a_job_and_reads_its_rows(clients: Clients, dataset: DatasetRef) -> None:
    """The connector waits for the job; the rows come in the API's own form."""
    load.load_rows(clients, dataset.table("events"), _FIELDS, _ROWS, location=_TOKYO)
    steps = """\
    - insert:
        call: googleapis.bigquery.v2.jobs.insert
        args:
          projectId: acme-jp
          body:
            jobReference: {location: asia-northeast1, projectId: acme-jp, jobId: '${args.job}'}
            configuration: {query: {query: '${args.sql}', useLegacySql: false}}
        result: job
    - read:
        call: googleapis.bigquery.v2.jobs.getQueryResults
        args: {projectId: acme-jp, jobId: '${job.jobReference.jobId}', location: asia-northeast1}
        result: answer
    - done: {return: '${answer.rows}'}
"""
    argument: Value = {"job": f"job-{uuid.uuid4()}", "sql": f"SELECT MAX(n) AS n FROM `{dataset.table('events')}`"}

    assert _run(clients, steps, argument) == [{"f": [{"v": "9223372036854775807"}]}]


def test_a_document_sees_the_services_error(clients: Clients) -> None:
    """The status and the body of the API."""
    steps = """\
    - get:
        call: googleapis.bigquery.v2.datasets.get
        args: {projectId: acme-jp, datasetId: nowhere}
"""
    with pytest.raises(WorkflowFailed) as failure:
        _run(clients, steps)

    error: Any = failure.value.error
    assert (error["tags"], error["code"]) == (["HttpError"], 404)
    assert error["body"]["error"]["errors"][0]["reason"] == "notFound"


def test_a_document_makes_a_transfer_config_and_finds_it(clients: Clients, dataset: DatasetRef) -> None:
    """Through DataTransferServiceClient, in the JSON of the REST API."""
    steps = """\
    - make:
        call: googleapis.bigquerydatatransfer.v1.projects.locations.transferConfigs.create
        args:
          parent: projects/acme-jp/locations/asia-northeast1
          body:
            displayName: '${args.dataset}'
            dataSourceId: cross_region_copy
            destinationDatasetId: '${args.dataset}'
            scheduleOptions: {disableAutoScheduling: true}
            params: {source_project_id: acme-jp, source_dataset_id: elsewhere, overwrite_destination_table: true}
        result: made
    - find:
        call: googleapis.bigquerydatatransfer.v1.projects.locations.transferConfigs.list
        args: {parent: projects/acme-jp/locations/asia-northeast1, dataSourceIds: [cross_region_copy]}
        result: found
    - done: {return: '${[made, found.transferConfigs]}'}
"""
    made, found = _as_list(_run(clients, steps, {"dataset": dataset.dataset}))

    assert made["params"]["overwrite_destination_table"] is True
    assert made["destinationDatasetId"] == dataset.dataset
    assert made in found


def _as_list(value: Any) -> list[Any]:
    assert isinstance(value, list)
    return value
