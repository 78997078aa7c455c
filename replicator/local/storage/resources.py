"""Buckets and objects as the JSON API writes them, both ways.

https://docs.cloud.google.com/storage/docs/json_api/v1/buckets, …/v1/objects
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from replicator.local.rest import timestamp
from replicator.local.storage.buckets import Blob, Bucket
from replicator.local.storage.errors import refuse, unmodelled
from replicator.local.storage.http import Json
from replicator.local.storage.names import location_type

_API: Final = "https://www.googleapis.com"
_STATED: Final = (
    "cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType", "metadata",
)  # fmt: skip
# What the service says of an object itself; a client that has read one sends it back.
_SHOWN: Final = frozenset(
    {
        "kind", "id", "selfLink", "mediaLink", "name", "bucket", "generation", "metageneration", "size", "md5Hash",
        "crc32c", "etag", "timeCreated", "updated", "timeStorageClassUpdated", "timeFinalized",
    }
)  # fmt: skip
_STORAGE_CLASS: Final = "STANDARD"
_HEADER: Final = re.compile(r"[ -~]*")


def bucket_resource(bucket: Bucket) -> Json:
    """A ``Bucket``."""
    resource: Json = {
        "kind": "storage#bucket",
        "id": bucket.name,
        "selfLink": f"{_API}/storage/v1/b/{bucket.name}",
        "name": bucket.name,
        "location": bucket.location.upper(),
        "locationType": location_type(bucket.location),
        "storageClass": _STORAGE_CLASS,
        "timeCreated": timestamp(bucket.created),
        "updated": timestamp(bucket.updated),
        "metageneration": str(bucket.metageneration),
        "etag": f"etag{bucket.metageneration}",
    }
    if bucket.labels:
        resource["labels"] = dict(bucket.labels)
    return resource


def object_resource(blob: Blob) -> Json:
    """An ``Object``."""
    return {
        "kind": "storage#object",
        "id": f"{blob.bucket}/{blob.name}/{blob.generation}",
        "bucket": blob.bucket,
        "name": blob.name,
        "generation": str(blob.generation),
        "metageneration": str(blob.metageneration),
        "size": str(blob.size),
        "md5Hash": blob.md5,
        "crc32c": blob.crc32c,
        "etag": f"{blob.generation}/{blob.metageneration}",
        "storageClass": _STORAGE_CLASS,
        "timeCreated": timestamp(blob.created),
        "updated": timestamp(blob.updated),
        **blob.stated,
    }


def read_bucket(resource: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """The name, location and labels of a new bucket.

    Raises:
        StorageError: 400, it is malformed; 501, it asks for what is not modelled.
    """
    for key, value in resource.items():
        if value and key not in ("kind", "name", "location", "labels", "storageClass"):
            what = f"a bucket's {key}"
            raise unmodelled(what)
    check_class(resource)
    name, location, labels = resource.get("name"), resource.get("location") or "US", resource.get("labels") or {}
    if not isinstance(name, str) or not name:
        refuse("required", "Required parameter: name")
    if not isinstance(location, str) or not isinstance(labels, dict):
        refuse("invalid", "Invalid value: 'location' is a text, 'labels' an object")
    return name, location, {str(key): str(value) for key, value in labels.items()}


def read_stated(resource: Mapping[str, Any]) -> dict[str, object]:
    """What a writer states of an object; None where it is to be stated no more.

    Raises:
        StorageError: 400, it is malformed; 501, it asks for what is not modelled.
    """
    check_class(resource)
    stated: dict[str, object] = {}
    for key, value in resource.items():
        if key == "metadata" and value is not None and not isinstance(value, dict):
            refuse("invalid", "Invalid value: 'metadata' is an object of texts")
        if key != "metadata" and key in _STATED and value is not None and not isinstance(value, str):
            refuse("invalid", f"Invalid value: '{key}' is a text")
        if key in ("contentEncoding", "contentType") and value is not None and not _HEADER.fullmatch(value):
            refuse("invalid", f"Invalid value: '{key}' is no value of a header")
        if key in _STATED:
            stated[key] = value
        elif value and key not in _SHOWN and key != "storageClass":
            what = f"an object's {key}"
            raise unmodelled(what)
    return stated


def check_class(resource: Mapping[str, Any]) -> None:
    """Refuse every storage class but the one that costs nothing to read.

    Raises:
        StorageError: 501.
    """
    if resource.get("storageClass") not in (None, "", _STORAGE_CLASS):
        what = f"the storage class {resource['storageClass']}"
        raise unmodelled(what)
