"""What a deployed execution logs, read from Cloud Logging while it runs.

docs.cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list; there is no client for it among our packages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from replicator.gcp.clients import Clients
from replicator.gcp.failures import FAMILIES

_HOST: Final = "https://logging.googleapis.com"
_CALL_SECONDS: Final = 20.0
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One ``sys.log``: the text or the map that was logged, and its severity."""

    data: Any
    severity: str


class ExecutionLog:
    """The log of one execution, in the order in which it was written.

    It tells a person how a run gets on and decides nothing: where it may not be read, or arrives late, the run is
    followed by its steps alone.
    """

    def __init__(self, clients: Clients, execution: str) -> None:
        """Read the log of ``execution``, a resource name."""
        self._clients = clients
        self._project = "/".join(execution.split("/")[:2])
        self._id = execution.rpartition("/")[2]
        self._seen: set[str] = set()
        self._since = ""
        self._readable = True

    def new(self) -> list[LogEntry]:
        """The entries that were not told before."""
        if not self._readable:
            return []
        try:
            found = self._read()
        except FAMILIES:
            self._readable = False
            return []
        entries = []
        for entry in found:
            if entry["insertId"] in self._seen:
                continue
            self._seen.add(entry["insertId"])
            self._since = entry["timestamp"]
            # Call logs and the service's own have messages of types of theirs (log-workflow).
            data = entry.get("jsonPayload", entry.get("textPayload"))
            if data is not None and not (isinstance(data, dict) and "@type" in data):
                entries.append(LogEntry(data, str(entry.get("severity", ""))))
        return entries

    def _read(self) -> list[dict[str, Any]]:
        from google.api_core.exceptions import from_http_response

        terms = [
            'resource.type="workflows.googleapis.com/Workflow"',
            f'labels."workflows.googleapis.com/execution_id"="{self._id}"',
        ]
        if self._since:
            terms.append(f'timestamp>="{self._since}"')
        body = {
            "resourceNames": [self._project], "filter": " AND ".join(terms), "orderBy": "timestamp asc",
            "pageSize": _PAGE,
        }  # fmt: skip
        with self._clients.session().request(
            "POST",
            f"{self._clients.endpoints.http or _HOST}/v2/entries:list",
            data=json.dumps(body),
            headers={"Content-Type": "application/json"},
            timeout=_CALL_SECONDS,
        ) as response:
            if not 200 <= response.status_code < 300:
                raise from_http_response(response)
            return list(response.json().get("entries", ()))
