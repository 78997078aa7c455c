"""Workflows with their revisions, operations, and executions with their steps, in ``workflows.sqlite``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from replicator.local import database
from replicator.local.rest import Json

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS workflows (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, parent TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS revisions (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, workflow TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE (workflow, id));
CREATE TABLE IF NOT EXISTS operations (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, parent TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS executions (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, state TEXT NOT NULL,
  started REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS executions_of_workflow ON executions (workflow);
CREATE INDEX IF NOT EXISTS executions_in_state ON executions (state);
CREATE TABLE IF NOT EXISTS events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, execution TEXT NOT NULL, routine TEXT NOT NULL, step TEXT NOT NULL,
  moment TEXT NOT NULL, at REAL NOT NULL, severity TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of_execution ON events (execution);
"""


@dataclass(frozen=True, slots=True)
class Workflow:
    """One revision of a workflow; ``body`` is the resource, with its name."""

    name: str
    body: Json


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution.

    Attributes:
        name: The whole resource name.
        workflow: The name of its workflow.
        state: A name of ``Execution.State``.
        started: Seconds since 1970.
        body: The resource, without its name, its state and its steps.
    """

    name: str
    workflow: str
    state: str
    started: float
    body: Json


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that an execution's process told: ``moment`` is ``started``, ``finished``, ``failed`` or ``log``."""

    routine: str
    step: str
    moment: str
    at: float
    severity: str
    data: str


class Store(database.Store):
    """The state of both services; what a method wrote survives the process."""

    SCHEMA = _SCHEMA

    def workflow(self, name: str) -> Workflow | None:
        """The newest revision of a workflow, or None."""
        row = self._database.row("SELECT * FROM workflows WHERE name = ?", name)
        return None if row is None else _workflow(row["name"], row)

    def workflows(self, parent: str) -> Sequence[Workflow]:
        """The newest revisions of the workflows of a location, in the order in which they were made."""
        rows = self._database.rows("SELECT * FROM workflows WHERE parent = ? ORDER BY sequence", parent)
        return [_workflow(row["name"], row) for row in rows]

    def put_workflow(self, workflow: Workflow) -> None:
        """Keep a workflow, new or changed, and its revision."""
        body, parent = json.dumps(workflow.body), workflow.name.rpartition("/workflows/")[0]
        with self.together():
            self._database.write(
                "INSERT INTO workflows (name, parent, body) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET body = excluded.body",
                workflow.name,
                parent,
                body,
            )
            self._database.write(
                "INSERT INTO revisions (workflow, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (workflow, id) DO UPDATE SET body = excluded.body",
                workflow.name,
                workflow.body["revisionId"],
                body,
            )

    def delete_workflow(self, name: str) -> None:
        """Forget a workflow with its revisions and executions."""
        with self.together():
            self._database.write(
                "DELETE FROM events WHERE execution IN (SELECT name FROM executions WHERE workflow = ?)", name
            )
            self._database.write("DELETE FROM executions WHERE workflow = ?", name)
            self._database.write("DELETE FROM revisions WHERE workflow = ?", name)
            self._database.write("DELETE FROM workflows WHERE name = ?", name)

    def revisions(self, name: str) -> Sequence[Workflow]:
        """A workflow's revisions, newest first."""
        rows = self._database.rows("SELECT * FROM revisions WHERE workflow = ? ORDER BY sequence DESC", name)
        return [_workflow(name, row) for row in rows]

    def add_operation(self, name: str, parent: str, body: Json) -> None:
        """Keep a long-running operation, which is done."""
        self._database.write(
            "INSERT INTO operations (name, parent, body) VALUES (?, ?, ?)", name, parent, json.dumps(body)
        )

    def operation(self, name: str) -> Json | None:
        """The operation of that name, or None."""
        row = self._database.row("SELECT body FROM operations WHERE name = ?", name)
        return None if row is None else _json(row["body"])

    def operations(self, parent: str) -> Sequence[Json]:
        """The operations of a location, oldest first."""
        rows = self._database.rows("SELECT body FROM operations WHERE parent = ? ORDER BY sequence", parent)
        return [_json(row["body"]) for row in rows]

    def add_execution(self, execution: Execution) -> None:
        """Keep a new execution."""
        self._database.write(
            "INSERT INTO executions (name, workflow, state, started, body) VALUES (?, ?, ?, ?, ?)",
            execution.name,
            execution.workflow,
            execution.state,
            execution.started,
            json.dumps(execution.body),
        )

    def end_execution(self, execution: Execution) -> bool:
        """Keep the end of an execution; False when it had ended already, or was deleted."""
        changed = self._database.write(
            "UPDATE executions SET state = ?, body = ? WHERE name = ? AND state = 'ACTIVE'",
            execution.state,
            json.dumps(execution.body),
            execution.name,
        )
        return changed == 1

    def execution(self, name: str) -> Execution | None:
        """The execution of that name, or None."""
        row = self._database.row("SELECT * FROM executions WHERE name = ?", name)
        return None if row is None else _execution(row)

    def executions(self, workflow: str) -> Sequence[Execution]:
        """A workflow's executions, newest first."""
        rows = self._database.rows("SELECT * FROM executions WHERE workflow = ? ORDER BY sequence DESC", workflow)
        return [_execution(row) for row in rows]

    def executions_called(self, id_: str) -> Sequence[str]:
        """The names of the executions of any workflow whose last part is ``id_``."""
        rows = self._database.rows("SELECT name FROM executions WHERE name LIKE ?", f"%/executions/{id_}")
        return [str(row["name"]) for row in rows]

    def active_executions(self) -> Sequence[Execution]:
        """Every execution that has not ended."""
        return [_execution(row) for row in self._database.rows("SELECT * FROM executions WHERE state = 'ACTIVE'")]

    def add_event(self, execution: str, event: Event) -> None:
        """Keep what an execution told, unless it was deleted."""
        self._database.write(
            "INSERT INTO events (execution, routine, step, moment, at, severity, data)"
            " SELECT name, ?, ?, ?, ?, ?, ? FROM executions WHERE name = ?",
            event.routine,
            event.step,
            event.moment,
            event.at,
            event.severity,
            event.data,
            execution,
        )

    def events(self, execution: str) -> Sequence[Event]:
        """What an execution told, oldest first."""
        rows = self._database.rows("SELECT * FROM events WHERE execution = ? ORDER BY sequence", execution)
        return [_event(row) for row in rows]

    def last_step(self, execution: str) -> Event | None:
        """The step that began last, or None when none has."""
        row = self._database.row(
            "SELECT * FROM events WHERE execution = ? AND moment = 'started' ORDER BY sequence DESC LIMIT 1", execution
        )
        return None if row is None else _event(row)


def _json(text: str) -> Json:
    body: Json = json.loads(text)
    return body


def _workflow(name: str, row: sqlite3.Row) -> Workflow:
    return Workflow(name, _json(row["body"]))


def _execution(row: sqlite3.Row) -> Execution:
    return Execution(row["name"], row["workflow"], row["state"], row["started"], _json(row["body"]))


def _event(row: sqlite3.Row) -> Event:
    return Event(row["routine"], row["step"], row["moment"], row["at"], row["severity"], row["data"])
