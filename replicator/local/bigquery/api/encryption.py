"""Keys of one's own: kept and shown; nothing here is encrypted.

https://docs.cloud.google.com/bigquery/docs/customer-managed-encryption
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from replicator.local.bigquery.keys import check_key_name
from replicator.local.bigquery.members import member, required


def read_key(configuration: Mapping[str, Any], name: str = "destinationEncryptionConfiguration") -> str | None:
    """The key's name in an ``EncryptionConfiguration``.

    Raises:
        BigQueryError: 400, it is no key's name.
    """
    resource = member(configuration, name, dict)
    if not resource:
        return None
    key = str(required(resource, "kmsKeyName", str, where=name))
    check_key_name(key, where=f"{name}.kmsKeyName")
    return key
