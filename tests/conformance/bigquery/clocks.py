"""A clock that a test sets, and a server that goes by it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from google.cloud import bigquery

from tests.conformance.bigquery.conftest import PROJECT, Running

DAY = 86_400.0


@dataclass
class Clock:
    """Runs like the machine's, and can be moved on."""

    ahead: float = field(default=0.0)

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass(frozen=True)
class Timed:
    """A server, its clock, a client of it."""

    running: Running
    clock: Clock
    client: bigquery.Client

    def dataset(self, name: str, **options: object) -> str:
        """Make a dataset in the EU."""
        made = bigquery.Dataset(f"{PROJECT}.{name}")
        made.location = "EU"
        for key, value in options.items():
            setattr(made, key, value)
        self.client.create_dataset(made)
        return f"{PROJECT}.{name}"
