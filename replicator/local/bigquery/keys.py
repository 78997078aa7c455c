"""Names of Cloud KMS keys; nothing here is encrypted.

https://docs.cloud.google.com/bigquery/docs/customer-managed-encryption
"""

from __future__ import annotations

import re
from typing import Final

from replicator.local.bigquery.errors import refuse

_KEY: Final = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+(/cryptoKeyVersions/\d+)?")


def check_key_name(key: str, *, where: str) -> None:
    """Refuse what is no key's name.

    Raises:
        BigQueryError: 400, with ``where`` it was said.
    """
    if not _KEY.fullmatch(key):
        refuse("invalid", f"Invalid KMS key name: {key}", location=where)
