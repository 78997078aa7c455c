"""Putting objects in: at once, with what is stated of them before their bytes, or in chunks.

https://docs.cloud.google.com/storage/docs/uploads-downloads
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from replicator.local.storage.buckets import Buckets, Conditions, Content
from replicator.local.storage.errors import refuse, unmodelled
from replicator.local.storage.http import Answer, Call, Json, read_object
from replicator.local.storage.names import check_object
from replicator.local.storage.resources import object_resource, read_stated

_RANGE: Final = re.compile(r"bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)")
_BOUNDARY: Final = re.compile(r"(?i)boundary=(?:\"([^\"]+)\"|([^\s;\"]+))")
_CONTENT_TYPE: Final = re.compile(rb"(?i)^content-type:([^\r\n]*)", re.MULTILINE)


@dataclass(slots=True)
class _Session:
    bucket: str
    name: str
    resource: Json
    conditions: Conditions
    data: bytearray = field(default_factory=bytearray)
    answer: Answer | None = None


class Uploads:
    """The upload path of objects.insert."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def answer(self, call: Call) -> Answer:
        """Whatever is asked of ``/upload/storage/v1``.

        Raises:
            StorageError: It cannot be done.
        """
        match call.method, call.path:
            case "POST", ("b", bucket, "o"):
                return self._begin(call, bucket)
            case "PUT", ("b", bucket, "o"):
                return self._go_on(call)
            case "DELETE", ("b", bucket, "o"):
                with self._lock:
                    self._sessions.pop(call.query.get("upload_id", ""), None)
                return Answer(None, 499)
        return refuse("notFound", "Not Found")

    def _begin(self, call: Call, bucket: str) -> Answer:
        if any(name.startswith("x-goog-encryption-") for name in call.headers) or call.query.get("kmsKeyName"):
            what = "an encryption key of an object"
            raise unmodelled(what)
        match call.query.get("uploadType"):
            case "media":
                stated: Json = {"contentType": call.headers.get("content-type", "application/octet-stream")}
                return self._put(bucket, call.query.get("name", ""), stated, call.body, call.conditions(), call.headers)
            case "multipart":
                resource, data = _parts(call)
                name = _name(call, resource)
                return self._put(bucket, name, resource, data, call.conditions(), call.headers)
            case "resumable":
                return self._resumable(call, bucket)
        return refuse("badRequest", "uploadType is media, multipart or resumable")

    def _resumable(self, call: Call, bucket: str) -> Answer:
        resource = call.json()
        name = _name(call, resource)
        check_object(name)
        read_stated(resource)
        self._buckets.bucket(bucket)
        resource.setdefault("contentType", call.headers.get("x-upload-content-type", "application/octet-stream"))
        identity = uuid.uuid4().hex
        with self._lock:
            self._sessions[identity] = _Session(bucket, name, resource, call.conditions())
        path = f"/upload/storage/v1/b/{quote(bucket, safe='')}/o"
        location = f"{call.base}{path}?uploadType=resumable&name={quote(name, safe='')}&upload_id={identity}"
        return Answer(None, 200, {"Location": location, "X-GUploader-UploadID": identity})

    def _go_on(self, call: Call) -> Answer:
        with self._lock:
            session = self._sessions.get(call.query.get("upload_id", ""))
        if session is None:
            refuse("notFound", "The upload session is not known, or has ended")
        if session.answer is not None:
            return session.answer
        match = _RANGE.fullmatch(call.headers.get("content-range", f"bytes 0-{len(call.body) - 1}/{len(call.body)}"))
        if match is None and call.body:
            refuse("badRequest", "Invalid Content-Range header")
        if match is not None and match[1] is not None:
            start = int(match[1])
            if start > len(session.data) or int(match[2]) - start + 1 != len(call.body):
                refuse("badRequest", "The chunk does not follow what has arrived")
            del session.data[start:]
            session.data += call.body
        if match is not None and (match[3] == "*" or len(session.data) < int(match[3])):
            headers = {"Range": f"bytes=0-{len(session.data) - 1}"} if session.data else {}
            return Answer(None, 308, headers)
        data = bytes(session.data)
        session.answer = self._put(
            session.bucket, session.name, session.resource, data, session.conditions, call.headers
        )
        session.data = bytearray()
        return session.answer

    def _put(
        self, bucket: str, name: str, resource: Json, data: bytes, conditions: Conditions, headers: Mapping[str, str]
    ) -> Answer:
        stated = {key: value for key, value in read_stated(resource).items() if value is not None}
        content = Content(data, stated)
        _check_sums(content, resource, headers.get("x-goog-hash", ""))
        return Answer(object_resource(self._buckets.write(bucket, name, content, conditions)))


def _name(call: Call, resource: Json) -> str:
    name = call.query.get("name") or resource.get("name") or ""
    if not isinstance(name, str):
        refuse("invalid", "Invalid value: 'name' is a text")
    return name


def _check_sums(content: Content, resource: Json, header: str) -> None:
    given = dict(each.strip().partition("=")[::2] for each in header.split(",") if "=" in each)
    for what, said, found in (
        ("CRC32C", resource.get("crc32c"), content.crc32c),
        ("CRC32C", given.get("crc32c"), content.crc32c),
        ("MD5 hash", resource.get("md5Hash"), content.md5),
        ("MD5 hash", given.get("md5"), content.md5),
    ):
        if said and said != found:
            refuse("invalid", f'Provided {what} "{said}" doesn\'t match calculated {what} "{found}".')


def _parts(call: Call) -> tuple[Json, bytes]:
    kind = call.headers.get("content-type", "")
    found = _BOUNDARY.search(kind)
    boundary = (found[1] or found[2]) if found else ""
    if not kind.lower().startswith("multipart/") or not boundary:
        refuse("badRequest", "A multipart upload has the content type multipart/related with a boundary")
    # Split by hand: a mail parser would translate the line ends of the data. Its own are those of its first line,
    # which Google's API client for Python writes without a carriage return.
    first = b"--" + boundary.encode()
    end = b"\n" if call.body.startswith(first + b"\n") else b"\r\n"
    pieces = (end + call.body).split(end + first)
    parts = [piece.partition(2 * end) for piece in pieces[1:-1]]
    if len(parts) != 2:
        refuse("badRequest", f"A multipart upload has two parts, the object and its data; this one has {len(parts)}")
    resource = read_object(parts[0][2])
    stated = _CONTENT_TYPE.search(parts[1][0])
    resource.setdefault("contentType", stated[1].decode("latin-1").strip() if stated else "application/octet-stream")
    return resource, parts[1][2]
