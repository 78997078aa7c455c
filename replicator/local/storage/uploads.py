"""Putting objects in: at once, with what is stated of them before their bytes, or in chunks.

https://docs.cloud.google.com/storage/docs/uploads-downloads
"""

from __future__ import annotations

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
from replicator.local.uploads import Chunks, UploadError, two_parts

_UNKNOWN: Final = "application/octet-stream"


@dataclass(slots=True)
class _Session:
    bucket: str
    name: str
    resource: Json
    conditions: Conditions
    chunks: Chunks = field(default_factory=Chunks)
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
                stated: Json = {"contentType": call.headers.get("content-type", _UNKNOWN)}
                return self._put(bucket, call.query.get("name", ""), stated, call.body, call.conditions(), call.headers)
            case "multipart":
                return self._multipart(call, bucket)
            case "resumable":
                return self._resumable(call, bucket)
        return refuse("badRequest", "uploadType is media, multipart or resumable")

    def _multipart(self, call: Call, bucket: str) -> Answer:
        try:
            first, second = two_parts(call.headers, call.body)
        except UploadError as error:
            refuse("badRequest", str(error))
        resource = read_object(first.body)
        resource.setdefault("contentType", second.content_type or _UNKNOWN)
        return self._put(bucket, _name(call, resource), resource, second.body, call.conditions(), call.headers)

    def _resumable(self, call: Call, bucket: str) -> Answer:
        resource = call.json()
        name = _name(call, resource)
        check_object(name)
        read_stated(resource)
        self._buckets.bucket(bucket)
        resource.setdefault("contentType", call.headers.get("x-upload-content-type", _UNKNOWN))
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
        try:
            complete = session.chunks.take(call.headers, call.body)
        except UploadError as error:
            refuse("badRequest", str(error))
        if not complete:
            return Answer(None, 308, session.chunks.headers)
        data = bytes(session.chunks.data)
        session.answer = self._put(
            session.bucket, session.name, session.resource, data, session.conditions, call.headers
        )
        session.chunks = Chunks()
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
