"""The methods of Cloud Storage that Google's client makes to put files in, list, read, copy and remove them.

https://docs.cloud.google.com/storage/docs/json_api/v1
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replicator.local.storage.buckets import Blob, Buckets, Content
from replicator.local.storage.errors import refuse, unmodelled
from replicator.local.storage.http import Answer, Call, routes
from replicator.local.storage.names import location_named
from replicator.local.storage.resources import bucket_resource, object_resource, read_bucket, read_stated
from replicator.local.storage.uploads import Uploads

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_PAGE: Final = 1_000
_FOLDER: Final = "\n"
_BYTES: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_LISTING: Final = frozenset(
    {
        "alt", "delimiter", "endOffset", "fields", "maxResults", "pageToken", "prefix",
        "prettyPrint", "projection", "startOffset", "userProject", "versions",
    }
)  # fmt: skip


class StorageService:
    """Cloud Storage over one folder.

    Attributes:
        buckets: What it keeps, which BigQuery reads and writes too.
        routes: Its paths, to be mounted at the server's root.
    """

    def __init__(self, directory: Path, now: Callable[[], float]) -> None:
        self.buckets = Buckets(directory, now)
        uploads = Uploads(self.buckets)
        self.routes: list[BaseRoute] = [
            routes("/storage/v1", self._answer),
            routes("/download/storage/v1", self._download),
            routes("/upload/storage/v1", uploads.answer),
            routes("/resumable/upload/storage/v1", uploads.answer),
        ]

    def close(self) -> None:
        """Close the file, when nothing is asked any more."""
        self.buckets.close()

    def _answer(self, call: Call) -> Answer:
        answer = self._of_buckets(call) if len(call.path) <= 2 else self._of_objects(call)
        if answer is None:
            what = f"{call.method} of this path of the Cloud Storage JSON API"
            raise unmodelled(what)
        return answer

    def _of_buckets(self, call: Call) -> Answer | None:
        match call.method, call.path:
            case "POST", ("b",):
                return self._create_bucket(call)
            case "GET", ("b",):
                return self._list_buckets(call)
            case "GET", ("b", bucket):
                return Answer(bucket_resource(self.buckets.bucket(bucket)))
            case "DELETE", ("b", bucket):
                self.buckets.remove(bucket)
                return Answer(None, 204)
        return None

    def _of_objects(self, call: Call) -> Answer | None:
        match call.method, call.path:
            case "GET", ("b", bucket, "o"):
                return self._list(call, bucket)
            case "GET", ("b", bucket, "o", name) if call.query.get("alt") == "media":
                return self._media(call, bucket, name)
            case "GET", ("b", bucket, "o", name):
                return Answer(object_resource(self._found(call, bucket, name)))
            case "PATCH", ("b", bucket, "o", name):
                self._found(call, bucket, name)
                stated = read_stated(call.json())
                return Answer(object_resource(self.buckets.state(bucket, name, stated, call.conditions())))
            case "DELETE", ("b", bucket, "o", name):
                self._found(call, bucket, name)
                self.buckets.delete(bucket, name, call.conditions())
                return Answer(None, 204)
            case "POST", ("b", bucket, "o", name, "rewriteTo" | "copyTo" as verb, "b", other, "o", target):
                return self._copy(call, (bucket, name), (other, target), verb)
        return None

    def _download(self, call: Call) -> Answer:
        match call.method, call.path:
            case "GET", ("b", bucket, "o", name):
                return self._media(call, bucket, name)
        return refuse("notFound", "Not Found")

    # Buckets -----------------------------------------------------------------------------------------------------
    def _create_bucket(self, call: Call) -> Answer:
        project = call.query.get("project")
        if not project:
            refuse("required", "Required parameter: project")
        for name in ("predefinedAcl", "predefinedDefaultObjectAcl", "enableObjectRetention"):
            if call.query.get(name) not in (None, "", "false"):
                what = f"buckets.insert with {name}"
                raise unmodelled(what)
        name, location, labels = read_bucket(call.json())
        made = self.buckets.create(name, project=project, location=location_named(location), labels=labels)
        return Answer(bucket_resource(made))

    def _list_buckets(self, call: Call) -> Answer:
        project, prefix = call.query.get("project"), call.query.get("prefix", "")
        if not project:
            refuse("required", "Required parameter: project")
        after = _after(call)
        found = [each for each in self.buckets.of_project(project) if each.name.startswith(prefix)]
        found = [each for each in found if each.name > after]
        size = _size(call)
        body: dict[str, object] = {"kind": "storage#buckets", "items": [bucket_resource(each) for each in found[:size]]}
        if len(found) > size:
            body["nextPageToken"] = _token(found[size - 1].name)
        return Answer(body)

    # Objects -----------------------------------------------------------------------------------------------------
    def _list(self, call: Call, bucket: str) -> Answer:
        for name in sorted(set(call.query) - _LISTING):
            if call.query[name] not in ("", "false"):
                what = f"objects.list with {name}"
                raise unmodelled(what)
        prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
        start, end = call.query.get("startOffset", ""), call.query.get("endOffset", "")
        entries: dict[str, Blob | None] = {}
        for blob in self.buckets.blobs(bucket):
            name = blob.name
            if not name.startswith(prefix) or name < start or (end and name >= end):
                continue
            at = name.find(delimiter, len(prefix)) if delimiter else -1
            if at < 0:
                entries[name] = blob
            else:
                # What stands for all names that begin alike; it is told apart from a name by an end that none has.
                entries[f"{name[: at + len(delimiter)]}{_FOLDER}"] = None
        after, size = _after(call), _size(call)
        names = sorted((name for name in entries if name > after), key=str.encode)
        body: dict[str, object] = {"kind": "storage#objects"}
        chosen = [(name, entries[name]) for name in names[:size]]
        if items := [object_resource(blob) for _, blob in chosen if blob is not None]:
            body["items"] = items
        if prefixes := [name.removesuffix(_FOLDER) for name, blob in chosen if blob is None]:
            body["prefixes"] = prefixes
        if len(names) > size:
            body["nextPageToken"] = _token(names[size - 1])
        return Answer(body)

    def _found(self, call: Call, bucket: str, name: str) -> Blob:
        found = self.buckets.blob(bucket, name, call.conditions())
        _check_generation(call.number("generation"), found)
        return found

    def _media(self, call: Call, bucket: str, name: str) -> Answer:
        blob, data = self.buckets.read(bucket, name, call.conditions())
        _check_generation(call.number("generation"), blob)
        headers = {
            "Content-Type": str(blob.stated.get("contentType", "application/octet-stream")),
            "X-Goog-Generation": str(blob.generation),
            "X-Goog-Metageneration": str(blob.metageneration),
            "X-Goog-Stored-Content-Length": str(blob.size),
            "X-Goog-Hash": f"crc32c={blob.crc32c},md5={blob.md5}",
        }
        if blob.stated.get("contentEncoding") == "gzip":
            # docs.cloud.google.com/storage/docs/transcoding: whoever does not take gzip gets what was compressed.
            headers["X-Goog-Stored-Content-Encoding"] = "gzip"
            if "gzip" not in call.headers.get("accept-encoding", ""):
                return Answer(_plain(data), 200, headers)
            headers["Content-Encoding"] = "gzip"
        asked = _BYTES.fullmatch(call.headers.get("range", ""))
        if asked is None or asked.group() == "bytes=-":
            return Answer(data, 200, headers)
        first, last = _span(asked, len(data))
        if first >= len(data):
            refuse("requestedRangeNotSatisfiable", "Request range not satisfiable")
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return Answer(data[first : last + 1], 206, headers)

    def _copy(self, call: Call, source: tuple[str, str], target: tuple[str, str], verb: str) -> Answer:
        blob, data = self.buckets.read(*source, call.conditions("ifSource"))
        _check_generation(call.number("sourceGeneration"), blob)
        given = call.json()
        stated = read_stated(given) if given else blob.stated
        content = Content(data, {key: value for key, value in stated.items() if value is not None})
        resource = object_resource(self.buckets.write(*target, content, call.conditions()))
        if verb == "copyTo":
            return Answer(resource)
        size = str(len(data))
        done = {"totalBytesRewritten": size, "objectSize": size, "done": True, "resource": resource}
        return Answer({"kind": "storage#rewriteResponse", **done})


def _check_generation(wanted: int | None, found: Blob) -> None:
    if wanted is not None and wanted != found.generation:
        refuse("notFound", f"No such object: {found.bucket}/{found.name}#{wanted}")


def _span(asked: re.Match[str], size: int) -> tuple[int, int]:
    """The first and the last byte of a range."""
    if not asked[1]:
        return max(size - int(asked[2]), 0), size - 1
    return int(asked[1]), min(int(asked[2]), size - 1) if asked[2] else size - 1


def _plain(data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return data


def _size(call: Call) -> int:
    return min(call.number("maxResults") or _PAGE, _PAGE)


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _after(call: Call) -> str:
    token = call.query.get("pageToken", "")
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        return refuse("invalid", f"Invalid argument: pageToken {token!r}")
