"""One statement at a time: queries, ASSERT, and the way from a text to DuckDB and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

import duckdb

from replicator.local.bigquery.errors import BigQueryError, refuse
from replicator.local.bigquery.googlesql.context import Typed
from replicator.local.bigquery.googlesql.runtime_errors import map_runtime_error
from replicator.local.bigquery.statements import analysis
from replicator.local.bigquery.statements.analysis import Columns, ComputedRelation, Prepared
from replicator.local.bigquery.statements.cells import read_cell, read_row
from replicator.local.bigquery.statements.changes import describe_dml, run_dml
from replicator.local.bigquery.statements.classify import Family, family
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.definitions import describe_ddl, run_ddl
from replicator.local.bigquery.statements.file_statements import describe_export, describe_load, run_export, run_load
from replicator.local.bigquery.statements.frame import INT64, STRING, Frame, Parameters
from replicator.local.bigquery.statements.outcome import Outcome, Rows
from replicator.local.bigquery.statements.session import Session
from replicator.local.bigquery.statements.syntax import assertion
from replicator.local.bigquery.storage.rows import rest_row
from replicator.local.bigquery.storage.store import Transaction
from replicator.local.bigquery.types import Type

_READ_AS_IS: Final = frozenset({"BOOL", "INT64", "STRING"})
"""Types whose values DuckDB hands over as they are; by way of JSON it takes twice as long."""


class Observer(Protocol):
    """Whoever keeps account of the statements: jobs of their own within a script, the recorder."""

    def started(self, source: Source, frame: Frame) -> None:
        """A statement is about to run."""
        ...

    def finishing(self, outcome: Outcome, transaction: Transaction) -> None:
        """A statement that is a transaction of its own is about to be committed."""
        ...

    def finished(self, outcome: Outcome) -> None:
        """A statement has been carried out."""
        ...

    def failed(self, error: BigQueryError) -> None:
        """A statement has failed."""
        ...

    def evaluated(self, expression: Source, frame: Frame, wanted: Type | None, error: BigQueryError | None) -> None:
        """An expression of a script, or of a statement that is running, has a value or has failed."""
        ...


class Engine:
    """The host of a script, and of a single statement."""

    def __init__(self, session: Session, observer: Observer) -> None:
        self.session = session
        self._observer = observer
        default = session.default_dataset
        self.system: dict[str, Typed] = {
            "row_count": Typed(INT64, None),
            "project_id": Typed(STRING, session.setting.project),
            "dataset_project_id": Typed(STRING, default.project if default else session.setting.project),
            "dataset_id": Typed(STRING, default.dataset if default else None),
            "script.bytes_processed": Typed(INT64, 0),
            "script.num_child_jobs": Typed(INT64, 0),
            "script.job_id": Typed(STRING, session.setting.job_id),
            "script.creation_time": Typed(Type("TIMESTAMP"), session.setting.now()),
            "time_zone": Typed(STRING, "UTC"),
        }

    def frame(self, parameters: Parameters) -> Frame:
        """What a statement can see that is no part of a script."""
        return Frame(parameters, {}, self.system)

    # The host of a script ----------------------------------------------------------------------------------------
    def check(self) -> None:
        """Raise when the job is to stop."""
        self.session.check()

    def begin(self) -> None:
        """BEGIN TRANSACTION."""
        self.session.begin()

    def commit(self) -> None:
        """COMMIT TRANSACTION."""
        self.session.commit()

    def rollback(self) -> None:
        """ROLLBACK TRANSACTION."""
        self.session.rollback()

    def evaluate(self, expression: Source, frame: Frame, wanted: Type | None) -> Typed:
        """The value of an expression, coerced to ``wanted`` where that is given."""
        try:
            with self.session.transaction() as (transaction, _):
                prepared = self.prepare_expression(transaction, expression, frame, wanted)
                value = prepared.constant if prepared.constant is not None else self._computed(prepared)
        except BigQueryError as error:
            self._observer.evaluated(expression, frame, wanted, error)
            raise
        self._observer.evaluated(expression, frame, wanted, None)
        return Typed(prepared.columns[0][1], value)

    def _computed(self, prepared: Prepared) -> Any:
        [(_, kind)] = prepared.columns
        if kind.name in _READ_AS_IS:
            [(value,)] = self.compute(prepared.sql)
            return value
        return read_cell(json.loads(self.fetch(prepared).lines[0])["f"][0]["v"], kind)

    def rows(self, query: Source, frame: Frame) -> Sequence[Typed]:
        """All rows of a query, each a STRUCT."""
        outcome = self._run(query, frame, self.answer)
        return _structs(outcome.rows)

    def run(self, statement: Source, frame: Frame, *, dynamic: bool) -> Sequence[Typed] | None:
        """Carry out one statement; the rows of a query when it is ``dynamic``."""
        if dynamic and self.session.in_transaction and not self.session.setting.unsettled.dynamic_in_transactions:
            # transactions: EXECUTE IMMEDIATE is not among the statements that a transaction is said to support.
            msg = "EXECUTE IMMEDIATE is not supported in a transaction"
            refuse("invalidQuery", msg, location="query")
        outcome = self.execute(statement, frame)
        if outcome.kind != "ASSERT":
            self.system["row_count"] = Typed(INT64, outcome.changes.affected if outcome.changes else None)
        counted = self.system["script.num_child_jobs"].value
        self.system["script.num_child_jobs"] = Typed(INT64, (counted if isinstance(counted, int) else 0) + 1)
        if not dynamic or outcome.rows is None:
            return None
        return _structs(Rows(outcome.rows.columns, outcome.rows.lines[:2]))

    # One statement -----------------------------------------------------------------------------------------------
    def execute(self, statement: Source, frame: Frame) -> Outcome:
        """Carry out one statement, whatever it is.

        Raises:
            BigQueryError: It could not be, and nothing of it was.
        """
        match family(statement):
            case Family.QUERY:
                return self._run(statement, frame, self.answer)
            case Family.DML:
                return self._run(statement, frame, lambda source, seen: run_dml(self, source, seen))
            case Family.DDL:
                return self._run(statement, frame, lambda source, seen: run_ddl(self, source, seen))
            case Family.ASSERT:
                return self._run(statement, frame, self._assert)
            case Family.EXPORT:
                return self._run(statement, frame, lambda source, seen: run_export(self, source, seen))
            case Family.LOAD:
                return self._run(statement, frame, lambda source, seen: run_load(self, source, seen))

    def _run(self, source: Source, frame: Frame, action: Callable[[Source, Frame], Outcome]) -> Outcome:
        self.session.check()
        self._observer.started(source, frame)
        try:
            outcome = action(source, frame)
        except BigQueryError as error:
            self._observer.failed(error)
            raise
        self._observer.finished(outcome)
        return outcome

    def answer(self, source: Source, frame: Frame) -> Outcome:
        """Carry out a query."""
        with self.session.transaction() as (transaction, _):
            prepared = self.prepare(transaction, source.placed, frame=frame)
            return Outcome("SELECT", rows=self.fetch(prepared), read=prepared.read, tables=prepared.tables)

    def _assert(self, source: Source, frame: Frame) -> Outcome:
        if self.session.in_transaction and not self.session.setting.unsettled.asserts_in_transactions:
            # transactions: ASSERT is not among the statements that a transaction is said to support.
            msg = "ASSERT is not supported in a transaction"
            refuse("invalidQuery", msg, location="query")
        condition, description = assertion(source)
        if self.evaluate(condition, frame, Type("BOOL")).value is not True:
            text = condition.text if description is None else self.evaluate(description, frame, STRING).value
            refuse("invalidQuery", f"Assertion failed: {text}", location="query")
        return Outcome("ASSERT")

    # Analysis and computation ------------------------------------------------------------------------------------
    def prepare(
        self,
        transaction: Transaction,
        *texts: str,
        frame: Frame,
        computed: Mapping[str, ComputedRelation] | None = None,
        wanted: Columns | None = None,
    ) -> Prepared:
        """Analyse a query, or several whose rows are put together; ``wanted`` is what its columns are assigned to."""
        return analysis.query(self.session, transaction, texts, frame, computed=computed or {}, wanted=wanted)

    def prepare_expression(
        self, transaction: Transaction, expression: Source, frame: Frame, wanted: Type | None
    ) -> Prepared:
        """Analyse an expression as a query of one row and one column."""
        return analysis.expression(self.session, transaction, expression, frame, wanted)

    def fetch(self, prepared: Prepared) -> Rows:
        """All rows of a query, as the API writes them."""
        return Rows(prepared.columns, self.fetch_from(prepared.sql, prepared.columns))

    def fetch_from(self, sql: str, columns: Sequence[tuple[str, Type]]) -> tuple[str, ...]:
        """The rows of a DuckDB SELECT with these columns, as the API writes them."""
        numbered = [(f"c{index}", kind) for index, (_, kind) in enumerate(columns, 1)]
        called = ", ".join(name for name, _ in numbered)
        return tuple(str(row[0]) for row in self.compute(f"SELECT {rest_row(numbered)} FROM ({sql}) AS q({called})"))

    def compute(self, sql: str) -> list[tuple[object, ...]]:
        """Run DuckDB's SQL, its errors told as BigQuery's."""
        with self.computing():
            return self.session.connection.execute(sql).fetchall()

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Tell DuckDB's errors in BigQuery's words."""
        try:
            yield
        except duckdb.Error as error:
            self.session.check()
            raise map_runtime_error(error) from error

    def finishing(self, outcome: Outcome, transaction: Transaction) -> None:
        """Tell that a statement's own transaction is about to be committed."""
        self._observer.finishing(outcome, transaction)

    # Dry runs ----------------------------------------------------------------------------------------------------
    def describe(self, statement: Source, frame: Frame) -> Outcome:
        """What a statement would read and answer; nothing is carried out.

        Raises:
            BigQueryError: What it would be refused with before it runs.
        """
        match family(statement):
            case Family.QUERY:
                with self.session.transaction() as (transaction, _):
                    prepared = self.prepare(transaction, statement.placed, frame=frame)
                return Outcome("SELECT", Rows(prepared.columns, ()), read=prepared.read, tables=prepared.tables)
            case Family.DML:
                return describe_dml(self, statement, frame)
            case Family.DDL:
                return describe_ddl(self, statement, frame)
            case Family.ASSERT:
                return Outcome("ASSERT")
            case Family.EXPORT:
                return describe_export(self, statement, frame)
            case Family.LOAD:
                return describe_load(self, statement, frame)


def _structs(rows: Rows | None) -> Sequence[Typed]:
    if rows is None:
        return ()
    kind = Type("STRUCT", fields=rows.columns)
    return [Typed(kind, read_row(json.loads(line), kind)) for line in rows.lines]
