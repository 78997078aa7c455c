"""Jobs and queries over HTTP.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/jobs
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from replicator.local.bigquery.api.copy_job import CopyRunner, read_copy
from replicator.local.bigquery.api.datasets import DEFAULT_LOCATION, project_of
from replicator.local.bigquery.api.extract_job import ExtractRunner, read_extract
from replicator.local.bigquery.api.http import Answer, Call, Json, page_start, page_token
from replicator.local.bigquery.api.job import Job, JobRef
from replicator.local.bigquery.api.load_job import LoadRunner, read_load
from replicator.local.bigquery.api.pages import page
from replicator.local.bigquery.api.places import location_of_query
from replicator.local.bigquery.api.query_job import QueryRunner, read_query
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.members import flag, member, number, required
from replicator.local.bigquery.storage.refusals import project_unknown
from replicator.local.bigquery.storage.store import Store
from replicator.local.bigquery.types import field_of
from replicator.names import known_location

_JOB_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,1024}")
_TIMEOUT_MILLIS: Final = 10_000
"""How long a query is waited for when its request does not say (QueryRequest.timeoutMs)."""
# jobs.getQueryResults answers no later than that, whatever was asked for.
_LONGEST_WAIT_MILLIS: Final = 200_000

_NEARLY_DONE_SECONDS: Final = 0.2


class Jobs:
    """jobs.* over the registry."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        queries: QueryRunner,
        copies: CopyRunner,
        loads: LoadRunner,
        extracts: ExtractRunner,
    ) -> None:
        self._store = store
        self._registry = registry
        self._queries = queries
        self._copies = copies
        self._loads = loads
        self._extracts = extracts

    # jobs.insert -------------------------------------------------------------------------------------------------
    def insert(self, call: Call) -> Answer:
        """jobs.insert without an upload."""
        return self.start(project_of(call), call.json(), None)

    def start(self, project: str, resource: Json, data: bytes | None) -> Answer:
        """Begin a job; ``data`` is what was uploaded for a load.

        Raises:
            BigQueryError: The request is malformed, the project is not there, or there is a job of that id.
        """
        self._in_project(project)
        configuration = dict(required(resource, "configuration", dict))
        kinds = [kind for kind in ("query", "copy", "load", "extract") if configuration.get(kind) is not None]
        if len(kinds) != 1:
            msg = "Required parameter is missing: configuration.query, .copy, .load or .extract"
            refuse("required", msg, location="configuration")
        reference = member(resource, "jobReference", dict) or {}
        dry = flag(configuration, "dryRun")
        if dry and kinds[0] != "query":
            # JobConfiguration.dryRun: "behavior of non-query jobs is undefined".
            what = f"a dry run of a {kinds[0]} job"
            raise unmodelled(what)
        match kinds[0]:
            case "query":
                job, work = self._query(project, reference, configuration, dry_run=dry)
                if dry:
                    work(job)
                    job.started = job.ended = job.created
                    job.done.set()
                    return Answer(_without_id(job.resource()))
            case "copy":
                job, work = self._copy(project, reference, configuration)
            case "load":
                job, work = self._load(project, reference, configuration, data)
            case _:
                job, work = self._extract(project, reference, configuration)
        self._registry.add(job)
        self._registry.keep(job)
        answer = Answer(job.resource())
        self._registry.submit(job, work)
        return answer

    def _in_project(self, project: str) -> None:
        with self._store.statement() as transaction:
            if not transaction.has_project(project):
                raise project_unknown(project)

    def _query(
        self, project: str, reference: Mapping[str, Any], configuration: Json, *, dry_run: bool
    ) -> tuple[Job, Callable[[Job], None]]:
        given = configuration["query"]
        if not isinstance(given, dict):
            refuse("invalid", "Invalid value at 'configuration.query': an object is expected")
        request = read_query(given, project, dry_run=dry_run)
        location = self._location(reference)
        if location is None:
            with self._store.statement() as transaction:
                location = location_of_query(transaction, request.text, project=project, datasets=request.datasets)
        job = self._job(project, location, reference, configuration, "QUERY")
        action = self._queries.dry_run if dry_run else self._queries.run
        return job, lambda each: action(each, request)

    def _copy(
        self, project: str, reference: Mapping[str, Any], configuration: Json
    ) -> tuple[Job, Callable[[Job], None]]:
        request = read_copy(required(configuration, "copy", dict), project)
        location = self._location(reference) or self._location_of(request.destination.ref.parent)
        job = self._job(project, location, reference, configuration, "COPY")
        return job, lambda each: self._copies.run(each, request)

    def _load(
        self, project: str, reference: Mapping[str, Any], configuration: Json, data: bytes | None
    ) -> tuple[Job, Callable[[Job], None]]:
        request = read_load(required(configuration, "load", dict), project, data)
        location = self._location(reference) or self._location_of(request.destination.ref.parent)
        job = self._job(project, location, reference, configuration, "LOAD")
        return job, lambda each: self._loads.run(each, request)

    def _extract(
        self, project: str, reference: Mapping[str, Any], configuration: Json
    ) -> tuple[Job, Callable[[Job], None]]:
        request = read_extract(required(configuration, "extract", dict), project)
        location = self._location(reference) or self._location_of(request.source.parent)
        job = self._job(project, location, reference, configuration, "EXTRACT")
        return job, lambda each: self._extracts.run(each, request)

    def _location_of(self, dataset: Any) -> str:
        with self._store.statement() as transaction:
            found = transaction.find_dataset(dataset)
        return DEFAULT_LOCATION if found is None else found.definition.location

    @staticmethod
    def _location(reference: Mapping[str, Any]) -> str | None:
        location = member(reference, "location", str, where="jobReference")
        if not location:
            return None
        known = known_location(location)
        if known is None:
            # In these words jobs.query refuses what it cannot read as a region.
            refuse("invalid", f"Cannot parse {location} as CloudRegion.", location="jobReference.location")
        return known

    def _job(self, project: str, location: str, reference: Mapping[str, Any], configuration: Json, kind: str) -> Job:
        job_id = member(reference, "jobId", str, where="jobReference") or f"job_{uuid.uuid4().hex}"
        if not _JOB_ID.fullmatch(job_id):
            msg = f'Invalid job ID "{job_id}". Job IDs must be alphanumeric (plus underscores and dashes)'
            refuse("invalid", f"{msg} and must be at most 1024 characters long.", location="jobId")
        other = member(reference, "projectId", str, where="jobReference")
        if other and other != project:
            msg = f"The project of the job reference, {other}, is not that of the request, {project}"
            refuse("invalid", msg, location="jobReference.projectId")
        created = self._registry.millis()
        job = Job(JobRef(project, location, job_id), {**configuration, "jobType": kind}, created)
        timeout = number(configuration, "jobTimeoutMs")
        if timeout:
            job.deadline = created + timeout
        return job

    # Looking -----------------------------------------------------------------------------------------------------
    def _find(self, call: Call) -> Job:
        return self._registry.find(project_of(call), call.path["job"], call.query.get("location"))

    def get(self, call: Call) -> Answer:
        """jobs.get; a job that is nearly done is waited for, so that quick ones are seen done at the first look."""
        job = self._find(call)
        job.done.wait(_NEARLY_DONE_SECONDS)
        return Answer(job.resource())

    def list(self, call: Call) -> Answer:
        """jobs.list: without ``parentJobId`` the jobs that are no statements of a script, newest first."""
        project = project_of(call)
        parent = call.query.get("parentJobId")
        states = {state.upper() for state in call.repeated.get("stateFilter", ())}
        earliest, latest = (
            call.integer("minCreationTime", 0, largest=2**63),
            call.integer("maxCreationTime", 2**63, largest=2**63),
        )
        found = [
            job
            for job in self._registry.all(project)
            if job.parent == parent and (not states or job.state in states) and earliest <= job.created <= latest
        ]
        start, size = page_start(call), call.integer("maxResults", 1000) or 1000
        full = call.query.get("projection", "minimal").lower() == "full"
        jobs = [job.list_resource(full=full) for job in found[start : start + size]]
        body: Json = {"kind": "bigquery#jobList", "jobs": jobs}
        if start + size < len(found):
            body["nextPageToken"] = page_token(start + size)
        return Answer(body)

    def cancel(self, call: Call) -> Answer:
        """jobs.cancel: asks for it, and answers before it has happened."""
        job = self._find(call)
        self._registry.cancel(job)
        return Answer({"kind": "bigquery#jobCancelResponse", "job": job.resource()})

    def delete(self, call: Call) -> Answer:
        """jobs.delete: forgets a job that is done."""
        job = self._find(call)
        if not job.done.is_set():
            refuse("invalid", f"Job {job.ref} is still running; cancel it first")
        if job.parent is not None:
            refuse("invalid", f"Job {job.ref} is part of a script; delete {job.parent}")
        self._registry.delete(job)
        return Answer(None, 204)

    # jobs.query and jobs.getQueryResults ---------------------------------------------------------------------------
    def query(self, call: Call) -> Answer:
        """jobs.query: begins a query, and waits for it as long as ``timeoutMs`` says."""
        project = project_of(call)
        self._in_project(project)
        body = call.json()
        configuration, reference = _as_job(body)
        request_id = member(body, "requestId", str)
        if flag(body, "dryRun"):
            job, work = self._query(project, reference, configuration, dry_run=True)
            work(job)
            job.done.set()
            return Answer(_dry_response(job))

        def make() -> Job:
            job, work = self._query(project, reference, configuration, dry_run=False)
            self._registry.add(job)
            self._registry.submit(job, work)
            return job

        job = self._registry.once(project, request_id, make) if request_id else make()
        timeout = number(body, "timeoutMs")
        if not job.done.wait(min(_TIMEOUT_MILLIS if timeout is None else timeout, _LONGEST_WAIT_MILLIS) / 1000):
            self._registry.keep(job)
        return Answer(self._results(job, 0, number(body, "maxResults"), kind="bigquery#queryResponse"))

    def query_results(self, call: Call) -> Answer:
        """jobs.getQueryResults: waits for a query, and answers with a page of its rows."""
        job = self._find(call)
        if job.kind != "QUERY":
            refuse("invalid", f"Cannot get query results for job {job.ref}: it is a {job.kind} job")
        timeout = call.integer("timeoutMs", _TIMEOUT_MILLIS)
        job.done.wait(min(timeout, _LONGEST_WAIT_MILLIS) / 1000)
        largest = call.integer("maxResults", -1) if "maxResults" in call.query else None
        return Answer(self._results(job, page_start(call), largest, kind="bigquery#getQueryResultsResponse"))

    def _results(self, job: Job, start: int, largest: int | None, *, kind: str) -> Json:
        body: Json = {
            "kind": kind,
            "etag": job.etag,
            "jobReference": job.ref.resource(),
            "jobComplete": job.done.is_set(),
        }
        if not job.done.is_set():
            return body
        if job.error is not None:
            raise job.error
        body["cacheHit"] = False
        body["totalBytesProcessed"] = job.statistics.get("totalBytesProcessed", "0")
        query = job.statistics.get("query", {})
        for name in ("numDmlAffectedRows", "dmlStats"):
            if name in query:
                body[name] = query[name]
        if job.rows is None:
            # Statements without an answer still say that there are no rows of no columns.
            body["totalRows"] = "0"
            body["schema"] = {"fields": []}
            return body
        body["schema"] = {"fields": [field_of(name, each).to_api() for name, each in job.rows.columns]}
        body["totalRows"] = str(len(job.rows.lines))
        rows, following = page(job.rows.lines, start, largest)
        body["rows"] = rows
        if following is not None:
            body["pageToken"] = page_token(following)
        return body


_QUERY_FIELDS: Final = (
    "query", "defaultDataset", "useLegacySql", "queryParameters", "parameterMode", "maximumBytesBilled",
    "useQueryCache", "connectionProperties", "createSession", "destinationEncryptionConfiguration",
)  # fmt: skip


def _as_job(body: Json) -> tuple[Json, Json]:
    query = {name: body[name] for name in _QUERY_FIELDS if body.get(name) is not None}
    if flag(body, "createSession"):
        what = "a session"
        raise unmodelled(what)
    configuration: Json = {"query": query}
    for name in ("labels", "jobTimeoutMs"):
        if body.get(name) is not None:
            configuration[name] = body[name]
    location = member(body, "location", str)
    return configuration, {"location": location} if location else {}


def _without_id(resource: Json) -> Json:
    # A dry run makes no job: its reference names a project and a location only.
    reference = {name: value for name, value in resource["jobReference"].items() if name != "jobId"}
    return {**resource, "jobReference": reference, "configuration": {**resource["configuration"], "dryRun": True}}


def _dry_response(job: Job) -> Json:
    query = job.statistics.get("query", {})
    body: Json = {
        "kind": "bigquery#queryResponse",
        "jobReference": {"projectId": job.ref.project, "location": job.ref.location},
        "jobComplete": True,
        "totalRows": "0",
        "totalBytesProcessed": job.statistics.get("totalBytesProcessed", "0"),
        "cacheHit": False,
    }
    if "schema" in query:
        body["schema"] = query["schema"]
    return body
