"""Where a local cloud listens, written beside its data so that other commands find it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

FILE: Final = "endpoints.json"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one server.

    Attributes:
        http: BigQuery, the transfer service, Workflows, Executions over REST, and the control port.
        executions: ``host:port`` of the Executions API over gRPC.
        pid: The process that serves.
    """

    http: str
    executions: str
    pid: int

    def as_json(self) -> dict[str, str | int]:
        """What ``GET /endpoints`` answers, and what the file holds."""
        return asdict(self)


def write(directory: Path, endpoints: Endpoints) -> None:
    """Put the file into ``directory``; whoever reads it sees it whole or not at all."""
    draft = directory / f".{FILE}.{os.getpid()}"
    draft.write_text(json.dumps(endpoints.as_json(), indent=2) + "\n", encoding="utf-8")
    draft.replace(directory / FILE)


def read(directory: Path) -> Endpoints | None:
    """What the file in ``directory`` says, or None when there is none or it is not one of ours.

    A server that was killed leaves its file behind: the addresses may be nobody's.
    """
    try:
        found = json.loads((directory / FILE).read_text(encoding="utf-8"))
        return Endpoints(http=str(found["http"]), executions=str(found["executions"]), pid=int(found["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove(directory: Path) -> None:
    """Take the file away, if it is there."""
    (directory / FILE).unlink(missing_ok=True)
