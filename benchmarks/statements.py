"""GoogleSQL carried out by the local cloud's engine, without the HTTP that is between it and a client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.engine import Engine
from replicator.local.bigquery.statements.frame import Frame, Parameters
from replicator.local.bigquery.statements.interpreter import Interpreter
from replicator.local.bigquery.statements.outcome import Outcome
from replicator.local.bigquery.statements.script import Sql
from replicator.local.bigquery.statements.script_parser import parse_script
from replicator.local.bigquery.statements.session import Session, Setting, Unsettled
from replicator.local.bigquery.storage.store import Store, Transaction
from replicator.local.bigquery.types import Type

PROJECT: Final = "acme-bench"


class Unobserved:
    """Keeps no account of statements."""

    def started(self, source: Source, frame: Frame) -> None:
        """Nothing."""

    def finishing(self, outcome: Outcome, transaction: Transaction) -> None:
        """Nothing."""

    def finished(self, outcome: Outcome) -> None:
        """Nothing."""

    def failed(self, error: BigQueryError) -> None:
        """Nothing."""

    def evaluated(self, expression: Source, frame: Frame, wanted: Type | None, error: BigQueryError | None) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Runs scripts over a store, as a job of its own each."""

    store: Store

    def run(self, text: str) -> tuple[str, ...]:
        """Carry out a script; the rows of a single query, as the API writes them."""
        setting = Setting("benchmark", PROJECT, "EU", None, lambda: datetime.now(UTC), lambda: None, Unsettled())
        session = Session(self.store, setting)
        try:
            engine, statements = Engine(session, Unobserved()), parse_script(text)
            if len(statements) == 1 and isinstance(statements[0], Sql):
                rows = engine.execute(statements[0].source, engine.frame(Parameters())).rows
                return rows.lines if rows is not None else ()
            Interpreter(engine, Parameters()).run(statements)
            return ()
        finally:
            session.close()
