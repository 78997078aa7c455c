"""Load jobs whose data come with the request: multipart and resumable uploads.

https://docs.cloud.google.com/bigquery/docs/reference/api-uploads
"""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Final

from replicator.local.bigquery.api.datasets import project_of
from replicator.local.bigquery.api.http import Answer, Call, Json, read_object
from replicator.local.bigquery.api.jobs import Jobs
from replicator.local.bigquery.errors import refuse, unmodelled

_RANGE: Final = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(slots=True)
class _Session:
    project: str
    resource: Json
    data: bytearray = field(default_factory=bytearray)
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
            resource, data = _parts(call)
            return self._jobs.start(project_of(call), resource, data)
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
        match = _RANGE.fullmatch(call.headers.get("content-range", f"bytes 0-{len(call.body) - 1}/{len(call.body)}"))
        if match is None:
            refuse("invalid", "Invalid Content-Range header", location="Content-Range")
        if match[1] is not None:
            start = int(match[1])
            if start > len(session.data) or int(match[2]) - start + 1 != len(call.body):
                refuse("invalid", "The chunk does not follow what has arrived", location="Content-Range")
            del session.data[start:]
            session.data += call.body
        if match[3] == "*" or len(session.data) < int(match[3]):
            headers = {"Range": f"bytes=0-{len(session.data) - 1}"} if session.data else {}
            return Answer(None, 308, headers)
        answer = self._jobs.start(session.project, session.resource, bytes(session.data))
        session.answer = answer
        session.data = bytearray()
        return answer


def _parts(call: Call) -> tuple[Json, bytes]:
    kind = call.headers.get("content-type", "")
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + b"")
    boundary = message.get_boundary()
    if message.get_content_maintype() != "multipart" or not boundary:
        refuse("invalid", "A multipart upload has the content type multipart/related with a boundary")
    # Split by hand: a mail parser would translate the line ends of the data. Its own are those of its first line,
    # which Google's API client for Python writes without a carriage return.
    first = b"--" + boundary.encode()
    end = b"\n" if call.body.startswith(first + b"\n") else b"\r\n"
    pieces = (end + call.body).split(end + first)
    bodies = [piece.partition(2 * end)[2] for piece in pieces[1:-1]]
    if len(bodies) != 2:
        refuse("invalid", f"A multipart upload has two parts, the job and its data; this one has {len(bodies)}")
    return read_object(bodies[0]), bodies[1]
