"""Load jobs whose data come with the request: multipart and resumable uploads.

https://docs.cloud.google.com/bigquery/docs/reference/api-uploads
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field

from replicator.local.bigquery.api.datasets import project_of
from replicator.local.bigquery.api.http import Answer, Call, Json, read_object
from replicator.local.bigquery.api.jobs import Jobs
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.uploads import Chunks, UploadError, two_parts


@dataclass(slots=True)
class _Session:
    project: str
    resource: Json
    chunks: Chunks = field(default_factory=Chunks)
    answer: Answer | None = None


class Uploads:
    """The upload paths of jobs.insert."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def begin(self, call: Call) -> Answer:
        """POST: the whole of a multipart upload, or the beginning of a resumable one."""
        kind = call.query.get("uploadType", "")
        if kind == "multipart":
            try:
                stated, data = two_parts(call.headers, call.body)
            except UploadError as error:
                refuse("invalid", str(error))
            return self._jobs.start(project_of(call), read_object(stated.body), data.body)
        if kind != "resumable":
            what = f"uploadType={kind or 'media'}"
            raise unmodelled(what)
        identity = uuid.uuid4().hex
        with self._lock:
            self._sessions[identity] = _Session(project_of(call), call.json())
        project = call.path["project"]
        location = f"{call.base}/upload/bigquery/v2/projects/{project}/jobs?uploadType=resumable&upload_id={identity}"
        return Answer({}, 200, {"Location": location, "X-GUploader-UploadID": identity})

    def go_on(self, call: Call) -> Answer:
        """PUT: a chunk of a resumable upload, or the question how much has arrived."""
        with self._lock:
            session = self._sessions.get(call.query.get("upload_id", ""))
        if session is None:
            refuse("notFound", "Not found: the upload session is not known, or has ended")
        if session.answer is not None:
            return session.answer
        try:
            complete = session.chunks.take(call.headers, call.body)
        except UploadError as error:
            refuse("invalid", str(error), location="Content-Range")
        if not complete:
            return Answer(None, 308, session.chunks.headers)
        session.answer = self._jobs.start(session.project, session.resource, bytes(session.chunks.data))
        session.chunks = Chunks()
        return session.answer
