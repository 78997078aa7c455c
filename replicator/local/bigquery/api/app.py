"""The BigQuery service: its routes, and what they share."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.routing import BaseRoute, Route

from replicator.local.bigquery.api.copy_job import CopyRunner
from replicator.local.bigquery.api.datasets import Datasets
from replicator.local.bigquery.api.discovery import PATHS, discovery
from replicator.local.bigquery.api.extract_job import ExtractRunner
from replicator.local.bigquery.api.file_statements import FileStatements
from replicator.local.bigquery.api.gate import JobGate
from replicator.local.bigquery.api.http import route, unknown_path
from replicator.local.bigquery.api.jobs import Jobs
from replicator.local.bigquery.api.knobs import Knobs
from replicator.local.bigquery.api.load_job import LoadRunner
from replicator.local.bigquery.api.query_job import QueryRunner
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.routines import Routines
from replicator.local.bigquery.api.tabledata import TableData
from replicator.local.bigquery.api.tables import Tables
from replicator.local.bigquery.api.uploads import Uploads
from replicator.local.bigquery.copies import Copies
from replicator.local.bigquery.files.cloud_storage import CloudStorage
from replicator.local.bigquery.ration import Ration
from replicator.local.bigquery.statements.session import Unsettled
from replicator.local.bigquery.storage.store import Store
from replicator.local.recorder import Recorder
from replicator.local.settings import Lags
from replicator.local.storage.buckets import Buckets

_V2 = "/bigquery/v2"


class BigQueryService:
    """BigQuery over one folder.

    Attributes:
        routes: Its paths, to be mounted at the server's root.
        copies: What the transfer service needs.
        store: The tables.
        unsettled: What no page settles, to be set either way while it serves.
        gate: Where jobs can be held up or made to fail.
        knobs: What the service does at a rate of its own.
        lags: How late it sees what has happened.
    """

    def __init__(
        self, directory: Path, recorder: Recorder, now: Callable[[], datetime], buckets: Buckets | None
    ) -> None:
        self.lags = Lags()
        self.store = Store(directory, now=now, lags=self.lags)
        self.gate = JobGate()
        self.knobs = Knobs()
        self._registry = Registry(self.store, now, self.gate, self.knobs)
        self.store.tell_jobs(self._registry.resources)
        self.unsettled = Unsettled()
        files = CloudStorage(buckets, self.knobs)
        statements = FileStatements(files, self.knobs)
        queries = QueryRunner(self.store, self._registry, recorder, now, self.unsettled, statements)
        self._ration = Ration(directory / "ration.sqlite", self._registry.millis)
        copies = CopyRunner(self.store, self._registry, self._ration)
        loads = LoadRunner(self.store, self._registry, files)
        extracts = ExtractRunner(self.store, self._registry, files)
        jobs = Jobs(self.store, self._registry, queries, copies, loads, extracts)
        self.copies = Copies(self.store, self._ration)
        data = TableData(self.store, now, self.knobs)
        self.routes = _routes(
            jobs, Uploads(jobs), Datasets(self.store), Tables(self.store, now), data, Routines(self.store, now)
        )

    def close(self) -> None:
        """Stop the jobs that run, and let go of the files."""
        self._registry.close()
        self._ration.close()
        self.store.close()


def bigquery_routes(
    store_directory: Path,
    recorder: Recorder,
    *,
    now: Callable[[], float] = time.time,
    buckets: Buckets | None = None,
) -> BigQueryService:
    """The BigQuery service over a folder.

    Args:
        store_directory: Where tables and jobs are kept; made if it is not there.
        recorder: Notes every statement that is executed.
        now: The server's clock: seconds since 1970 in UTC.
        buckets: The Cloud Storage that ``gs://`` is of; without it what reads or writes files there is refused.
    """
    return BigQueryService(store_directory, recorder, lambda: datetime.fromtimestamp(now(), UTC), buckets)


def _routes(
    jobs: Jobs, uploads: Uploads, datasets: Datasets, tables: Tables, data: TableData, routines: Routines
) -> list[BaseRoute]:
    project = f"{_V2}/projects/{{project}}"
    dataset = f"{project}/datasets/{{dataset}}"
    table = f"{dataset}/tables/{{table}}"
    upload = {"POST": uploads.begin, "PUT": uploads.go_on}
    return [
        route(f"{_V2}/projects", {"GET": datasets.projects}),
        route(f"{project}/queries", {"POST": jobs.query}),
        route(f"{project}/queries/{{job}}", {"GET": jobs.query_results}),
        route(f"{project}/jobs", {"POST": jobs.insert, "GET": jobs.list}),
        route(f"{project}/jobs/{{job}}", {"GET": jobs.get}),
        route(f"{project}/jobs/{{job}}/cancel", {"POST": jobs.cancel}),
        route(f"{project}/jobs/{{job}}/delete", {"DELETE": jobs.delete}),
        route(f"{project}/datasets", {"GET": datasets.list, "POST": datasets.insert}),
        route(
            dataset,
            {"GET": datasets.get, "PATCH": datasets.patch, "PUT": datasets.update, "DELETE": datasets.delete},
        ),
        route(f"{dataset}/tables", {"GET": tables.list, "POST": tables.insert}),
        route(table, {"GET": tables.get, "PATCH": tables.patch, "PUT": tables.update, "DELETE": tables.delete}),
        route(f"{dataset}/routines", {"GET": routines.list, "POST": routines.insert}),
        route(
            f"{dataset}/routines/{{routine}}",
            {"GET": routines.get, "PUT": routines.update, "DELETE": routines.delete},
        ),
        route(f"{table}/data", {"GET": data.list}),
        route(f"{table}/insertAll", {"POST": data.insert_all}),
        route("/upload/bigquery/v2/projects/{project}/jobs", upload),
        route("/resumable/upload/bigquery/v2/projects/{project}/jobs", upload),
        *(route(path, {"GET": discovery}) for path in PATHS),
        Route("/bigquery/{rest:path}", unknown_path, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        Route("/upload/bigquery/{rest:path}", unknown_path, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]
