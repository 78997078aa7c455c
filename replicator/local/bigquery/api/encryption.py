"""Keys of one's own: kept and shown; nothing here is encrypted.

https://docs.cloud.google.com/bigquery/docs/customer-managed-encryption
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from replicator.local.bigquery.errors import refuse
from replicator.local.bigquery.members import member, required

_KEY: Final = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+(/cryptoKeyVersions/\d+)?")


def read_key(configuration: Mapping[str, Any], name: str = "destinationEncryptionConfiguration") -> str | None:
    """The key's name in an ``EncryptionConfiguration``.

    Raises:
        BigQueryError: 400, it is no key's name.
    """
    resource = member(configuration, name, dict)
    if not resource:
        return None
    key = str(required(resource, "kmsKeyName", str, where=name))
    if not _KEY.fullmatch(key):
        refuse("invalid", f"Invalid KMS key name: {key}", location=f"{name}.kmsKeyName")
    return key
