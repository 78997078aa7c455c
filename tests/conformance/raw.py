"""The API below Google's client: requests that it would not make, and answers that it does not show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.cloud import bigquery


def request(
    client: bigquery.Client,
    method: str,
    path: str,
    data: Mapping[str, Any] | str | None = None,
    query_params: Mapping[str, Any] | None = None,
    content_type: str | None = None,
) -> dict[str, Any]:
    """A request through the client's own connection; ``path`` begins behind ``/bigquery/v2``."""
    send = client._connection.api_request  # noqa: SLF001 - the client offers no other way
    return dict(send(method=method, path=path, data=data, query_params=query_params, content_type=content_type))


def statistics(job: Any) -> dict[str, Any]:
    """A job's statistics as they were answered; the client has no accessor for some of them."""
    return dict(job._properties["statistics"])  # noqa: SLF001 - as above
