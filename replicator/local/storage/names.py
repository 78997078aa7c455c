"""What may be the name of a bucket or of an object, and where buckets lie.

https://docs.cloud.google.com/storage/docs/buckets#naming, …/storage/docs/objects#naming, …/storage/docs/locations
"""

from __future__ import annotations

import re
from typing import Final

from replicator.local.storage.errors import refuse, unmodelled
from replicator.names import MULTI_REGIONS, known_location

_BUCKET: Final = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{1,220})[a-z0-9]")
_COMPONENT: Final = 63
_ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+")
_LONGEST_OBJECT: Final = 1_024
"""Bytes of an object's name in UTF-8."""


def check_bucket(name: str) -> None:
    """Refuse what cannot be the name of a bucket; what can be one holds no slash and is never ``..``.

    Raises:
        StorageError: ``invalid``.
    """
    parts = name.split(".")
    fits = len(name) <= _COMPONENT or len(parts) > 1
    if (
        not _BUCKET.fullmatch(name)
        or not fits
        or any(not part or len(part) > _COMPONENT for part in parts)
        or _ADDRESS.fullmatch(name)
        or name.startswith("goog")
        or "google" in name
    ):
        refuse("invalid", f"Invalid bucket name: '{name}'")


def check_object(name: str) -> None:
    """Refuse what cannot be the name of an object.

    Raises:
        StorageError: ``invalid``.
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        refuse("invalid", "The name of an object is Unicode")
    if not size:
        refuse("required", "Required parameter: name")
    if size > _LONGEST_OBJECT:
        refuse("invalid", f"The name of an object has at most {_LONGEST_OBJECT} bytes in UTF-8; this one has {size}")
    if name in (".", "..") or "\r" in name or "\n" in name or name.startswith(".well-known/acme-challenge/"):
        refuse("invalid", f"Invalid object name: {name!r}")


def location_named(text: str) -> str:
    """A bucket's location as BigQuery writes it: ``EU``, ``europe-west1``.

    Raises:
        StorageError: There is none of that name, or it is a pair of regions.
    """
    known = known_location(text)
    if known is None:
        if text.upper() in ("ASIA", "ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4"):
            what = f"the bucket location {text.upper()}"
            raise unmodelled(what)
        refuse("invalid", f"The specified location constraint is not valid: {text}")
    return known


def location_type(location: str) -> str:
    """``multi-region`` or ``region``."""
    return "multi-region" if location in MULTI_REGIONS else "region"
