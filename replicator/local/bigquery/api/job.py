"""A job: what was asked, how far it is, what came of it.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.statements.outcome import Rows
from replicator.local.bigquery.types import field_of, type_of
from replicator.schema.fields import Field

USER: Final = "local@replicator.invalid"
FOREVER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class JobRef:
    """A job's name; ids are unique within a project and a location."""

    project: str
    location: str
    id: str

    @property
    def key(self) -> str:
        """What the job is filed under."""
        return f"{self.project}|{self.location.lower()}|{self.id}"

    def __str__(self) -> str:
        return f"{self.project}:{self.location}.{self.id}"

    def resource(self) -> dict[str, str]:
        """A ``JobReference``."""
        return {"projectId": self.project, "jobId": self.id, "location": self.location}


def nothing() -> None:
    """Break off nothing: no computation runs."""


@dataclass(slots=True)
class Job:
    """A job.

    Attributes:
        ref: Its name.
        configuration: As the API shows it, ``jobType`` included.
        created: Milliseconds since 1970.
        started: The same, once it runs.
        ended: The same, once it is done.
        error: Why it failed.
        details: What else there is to say about its errors, or about rows that a load passed over.
        statistics: What it adds to the times.
        rows: A query's answer.
        parent: The script that it is a statement of.
        deadline: Milliseconds since 1970 when it is stopped.
        interrupt: Breaks off what the engine is computing for it.
    """

    ref: JobRef
    configuration: Json
    created: int
    started: int | None = None
    ended: int | None = None
    error: BigQueryError | None = None
    details: list[Json] = field(default_factory=list)
    statistics: Json = field(default_factory=dict)
    rows: Rows | None = None
    parent: str | None = None
    deadline: int = FOREVER
    interrupt: Callable[[], None] = nothing
    cancelled: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def kind(self) -> str:
        """``QUERY``, ``COPY``, ``LOAD`` or ``EXTRACT``."""
        return str(self.configuration["jobType"])

    @property
    def state(self) -> str:
        """``PENDING``, ``RUNNING`` or ``DONE``."""
        if self.done.is_set():
            return "DONE"
        return "PENDING" if self.started is None else "RUNNING"

    @property
    def etag(self) -> str:
        """Changes with every change of state."""
        return hashlib.sha256(f"{self.ref.key} {self.created} {self.state}".encode()).hexdigest()[:24]

    def status(self) -> Json:
        """A ``JobStatus``."""
        status: Json = {"state": self.state}
        if not self.done.is_set():
            return status
        if self.error is not None:
            status["errorResult"] = self.error.proto()
            status["errors"] = [self.error.proto(), *self.details]
        elif self.details:
            status["errors"] = self.details
        return status

    def resource(self) -> Json:
        """A whole ``Job`` resource."""
        statistics: Json = {"creationTime": str(self.created)}
        if self.started is not None:
            statistics["startTime"] = str(self.started)
        if self.done.is_set() and self.ended is not None:
            statistics["endTime"] = str(self.ended)
            statistics |= self.statistics
        if self.parent is not None:
            statistics["parentJobId"] = self.parent
        return {
            "kind": "bigquery#job",
            "etag": self.etag,
            "id": str(self.ref),
            "selfLink": f"https://bigquery.googleapis.com/bigquery/v2/projects/{self.ref.project}/jobs/{self.ref.id}"
            f"?location={self.ref.location}",
            "user_email": USER,
            "jobReference": self.ref.resource(),
            "configuration": self.configuration,
            "status": self.status(),
            "statistics": statistics,
        }

    def list_resource(self, *, full: bool) -> Json:
        """The job as ``jobs.list`` shows it, in full with its configuration."""
        resource = self.resource()
        if not full:
            del resource["configuration"]
        resource["kind"] = "bigquery#listFormatJob"
        resource["state"] = self.state
        if self.error is not None and self.done.is_set():
            resource["errorResult"] = self.error.proto()
        return resource

    def to_record(self) -> str:
        """The job without its rows, to be kept."""
        error = None
        if self.error is not None:
            error = {"reason": self.error.reason, "message": self.error.message, "location": self.error.location}
        return json.dumps(
            {
                "ref": [self.ref.project, self.ref.location, self.ref.id],
                "configuration": self.configuration,
                "created": self.created,
                "started": self.started,
                "ended": self.ended,
                "error": error,
                "details": self.details,
                "statistics": self.statistics,
                "parent": self.parent,
                "columns": None if self.rows is None else [field_of(n, t).to_api() for n, t in self.rows.columns],
            },
            ensure_ascii=False,
        )


def job_of(record: str, lines: str | None) -> Job:
    """A job that was kept, its rows given beside it."""
    kept: Mapping[str, Any] = json.loads(record)
    error = kept["error"]
    job = Job(
        JobRef(*kept["ref"]),
        kept["configuration"],
        kept["created"],
        kept["started"],
        kept["ended"],
        None if error is None else BigQueryError(error["reason"], error["message"], location=error["location"]),
        details=kept["details"],
        statistics=kept["statistics"],
        parent=kept["parent"],
    )
    if kept["columns"] is not None:
        fields = [Field.from_api(resource) for resource in kept["columns"]]
        job.rows = Rows(tuple((each.name, type_of(each)) for each in fields), tuple((lines or "").splitlines()))
    if job.ended is not None:
        job.done.set()
    return job
