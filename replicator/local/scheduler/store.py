"""Scheduler jobs in ``scheduler.sqlite``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from replicator.local import database
from replicator.local.rest import Json

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS jobs (
  name TEXT PRIMARY KEY, parent TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL, next_at REAL);
CREATE INDEX IF NOT EXISTS jobs_of_parent ON jobs (parent);
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        name: ``projects/P/locations/L/jobs/J``.
        state: ``ENABLED`` or ``PAUSED``.
        body: The resource, without its name, its state and when it is due.
        next_at: When it is due, seconds since 1970; None when it never is.
    """

    name: str
    state: str
    body: Json
    next_at: float | None


class Store(database.Store):
    """The jobs; what a method wrote survives the process."""

    SCHEMA = _SCHEMA

    def put(self, job: Job) -> None:
        """Keep a job, new or changed."""
        parent = job.name.rpartition("/jobs/")[0]
        self._database.write(
            "INSERT OR REPLACE INTO jobs (name, parent, state, body, next_at) VALUES (?, ?, ?, ?, ?)",
            job.name,
            parent,
            job.state,
            json.dumps(job.body),
            job.next_at,
        )

    def get(self, name: str) -> Job | None:
        """The job of that name, or None."""
        found = self._database.row("SELECT * FROM jobs WHERE name = ?", name)
        return None if found is None else _job(found)

    def all(self, parent: str) -> Sequence[Job]:
        """The jobs of a location, by name."""
        return [_job(row) for row in self._database.rows("SELECT * FROM jobs WHERE parent = ? ORDER BY name", parent)]

    def enabled(self) -> Sequence[Job]:
        """Every job that is due some time, soonest first."""
        found = self._database.rows(
            "SELECT * FROM jobs WHERE state = 'ENABLED' AND next_at IS NOT NULL ORDER BY next_at, name"
        )
        return [_job(row) for row in found]

    def delete(self, name: str) -> None:
        """Forget a job."""
        self._database.write("DELETE FROM jobs WHERE name = ?", name)


def _job(row: sqlite3.Row) -> Job:
    return Job(row["name"], row["state"], json.loads(row["body"]), row["next_at"])
