"""Transfer configs, their runs and logs, and what was copied, in ``transfer.sqlite``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from replicator.local import database
from replicator.local.rest import Json

ACTIVE: Final = ("PENDING", "RUNNING")

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS configs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, parent TEXT NOT NULL, project TEXT NOT NULL,
  location TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, config TEXT NOT NULL, state TEXT NOT NULL,
  due REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS runs_of_config ON runs (config);
CREATE INDEX IF NOT EXISTS runs_in_state ON runs (state);
CREATE TABLE IF NOT EXISTS messages (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, at REAL NOT NULL, severity TEXT NOT NULL,
  text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS messages_of_run ON messages (run);
CREATE TABLE IF NOT EXISTS copied (
  config TEXT NOT NULL, table_name TEXT NOT NULL, modified INTEGER NOT NULL, PRIMARY KEY (config, table_name));
CREATE TABLE IF NOT EXISTS begun (config TEXT NOT NULL, table_name TEXT NOT NULL, PRIMARY KEY (config, table_name));
"""


@dataclass(frozen=True, slots=True)
class Config:
    """One transfer config.

    Attributes:
        id: The last part of its name.
        parent: The rest of its name: ``projects/P/locations/L``, or ``projects/P`` for one made without a location.
        project: The destination's project.
        location: In lower case.
        body: The resource, without its name and its state.
    """

    id: str
    parent: str
    project: str
    location: str
    body: Json

    @property
    def name(self) -> str:
        """The resource's name."""
        return f"{self.parent}/transferConfigs/{self.id}"


@dataclass(frozen=True, slots=True)
class Run:
    """One transfer run.

    Attributes:
        id: The last part of its name.
        config: The id of its config.
        state: A name of ``TransferState``.
        due: When it may start at the earliest, seconds since 1970.
        body: The resource, without its name and its state.
    """

    id: str
    config: str
    state: str
    due: float
    body: Json


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a run's log; ``severity`` is ``INFO``, ``WARNING`` or ``ERROR``."""

    sequence: int
    at: float
    severity: str
    text: str


class Store(database.Store):
    """The state of the transfer service; what a method wrote survives the process."""

    SCHEMA = _SCHEMA

    def add_config(self, config: Config) -> None:
        """Keep a new config."""
        self._database.write(
            "INSERT INTO configs (id, parent, project, location, body) VALUES (?, ?, ?, ?, ?)",
            config.id,
            config.parent,
            config.project,
            config.location,
            json.dumps(config.body),
        )

    def change_config(self, config: Config) -> None:
        """Keep another body for a config."""
        self._database.write("UPDATE configs SET body = ? WHERE id = ?", json.dumps(config.body), config.id)

    def delete_config(self, config: str) -> None:
        """Forget a config with its runs, their logs and what they copied; the day's rations stay used."""
        with self.together():
            self._database.write("DELETE FROM messages WHERE run IN (SELECT id FROM runs WHERE config = ?)", config)
            self._database.write("DELETE FROM runs WHERE config = ?", config)
            self._database.write("DELETE FROM copied WHERE config = ?", config)
            self._database.write("DELETE FROM begun WHERE config = ?", config)
            self._database.write("DELETE FROM configs WHERE id = ?", config)

    def config(self, id_: str) -> Config | None:
        """The config of that id, or None."""
        found = self._database.row("SELECT * FROM configs WHERE id = ?", id_)
        return None if found is None else _config(found)

    def configs(self, project: str, location: str) -> Sequence[Config]:
        """The configs of a project in a location, oldest first."""
        found = self._database.rows(
            "SELECT * FROM configs WHERE project = ? AND location = ? ORDER BY sequence", project, location
        )
        return [_config(row) for row in found]

    def add_run(self, run: Run) -> None:
        """Keep a new run."""
        self._database.write(
            "INSERT INTO runs (id, config, state, due, body) VALUES (?, ?, ?, ?, ?)",
            run.id,
            run.config,
            run.state,
            run.due,
            json.dumps(run.body),
        )

    def change_run(self, run: Run) -> bool:
        """Keep another state and body for a run; False when it was deleted meanwhile."""
        changed = self._database.write(
            "UPDATE runs SET state = ?, due = ?, body = ? WHERE id = ?",
            run.state,
            run.due,
            json.dumps(run.body),
            run.id,
        )
        return changed == 1

    def delete_run(self, run: str) -> None:
        """Forget a run and its log."""
        with self.together():
            self._database.write("DELETE FROM messages WHERE run = ?", run)
            self._database.write("DELETE FROM runs WHERE id = ?", run)

    def run(self, config: str, id_: str) -> Run | None:
        """The run of that id, or None when the config has no such run."""
        found = self._database.row("SELECT * FROM runs WHERE id = ? AND config = ?", id_, config)
        return None if found is None else _run(found)

    def runs(self, config: str) -> Sequence[Run]:
        """A config's runs, newest first."""
        found = self._database.rows("SELECT * FROM runs WHERE config = ? ORDER BY sequence DESC", config)
        return [_run(row) for row in found]

    def latest_state(self, config: str) -> str | None:
        """The state of the run that was made last, or None when there was none."""
        found = self._database.row("SELECT state FROM runs WHERE config = ? ORDER BY sequence DESC LIMIT 1", config)
        return None if found is None else str(found["state"])

    def active_runs(self) -> Sequence[Run]:
        """All runs that are to start or have started and not ended, in the order in which they are due."""
        found = self._database.rows("SELECT * FROM runs WHERE state IN (?, ?) ORDER BY due, sequence", *ACTIVE)
        return [_run(row) for row in found]

    def log(self, run: str, at: float, severity: str, text: str) -> None:
        """Add a line to a run's log."""
        self._database.write(
            "INSERT INTO messages (run, at, severity, text) VALUES (?, ?, ?, ?)", run, at, severity, text
        )

    def messages(self, run: str) -> Sequence[Message]:
        """A run's log, oldest line first."""
        found = self._database.rows("SELECT * FROM messages WHERE run = ? ORDER BY sequence", run)
        return [Message(row["sequence"], row["at"], row["severity"], row["text"]) for row in found]

    def copied(self, config: str) -> dict[str, int]:
        """Of each table that a config has copied, when the source had been modified."""
        found = self._database.rows("SELECT table_name, modified FROM copied WHERE config = ?", config)
        return {row["table_name"]: row["modified"] for row in found}

    def begin_copy(self, config: str, table: str) -> None:
        """Note that a table is about to be copied, so that a destination which a crash leaves is known as ours."""
        self._database.write("INSERT OR REPLACE INTO begun VALUES (?, ?)", config, table)

    def begun(self, config: str) -> frozenset[str]:
        """The tables that were being copied when a process was killed."""
        found = self._database.rows("SELECT table_name FROM begun WHERE config = ?", config)
        return frozenset(row["table_name"] for row in found)

    def end_copy(self, config: str, table: str, modified: int | None) -> None:
        """Note that a table was copied as it had been modified at ``modified``, or with None that it was not."""
        with self.together():
            self._database.write("DELETE FROM begun WHERE config = ? AND table_name = ?", config, table)
            if modified is not None:
                self._database.write("INSERT OR REPLACE INTO copied VALUES (?, ?, ?)", config, table, modified)


def _config(row: sqlite3.Row) -> Config:
    return Config(row["id"], row["parent"], row["project"], row["location"], json.loads(row["body"]))


def _run(row: sqlite3.Row) -> Run:
    return Run(row["id"], row["config"], row["state"], row["due"], json.loads(row["body"]))
