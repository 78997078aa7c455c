"""Jobs kept in step with the statements that run: a job of its own for each statement of a script."""

from __future__ import annotations

from typing import Protocol

from replicator.local.bigquery.api.capture import capture
from replicator.local.bigquery.api.dml_queue import DmlQueue
from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.api.job import Job, JobRef
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.statistics import statement_statistics
from replicator.local.bigquery.errors import BigQueryError, refuse
from replicator.local.bigquery.statements import dml
from replicator.local.bigquery.statements.billing import billed
from replicator.local.bigquery.statements.classify import Family, family
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.dml_parser import parse_dml
from replicator.local.bigquery.statements.frame import Frame
from replicator.local.bigquery.statements.outcome import Outcome
from replicator.local.bigquery.statements.session import Session
from replicator.local.bigquery.storage.store import Transaction
from replicator.local.bigquery.types import Type
from replicator.local.recorder import Recorder
from replicator.names import TableRef


class Ledger(Protocol):
    """Where an account is kept: all that outlives one job."""

    @property
    def registry(self) -> Registry:
        """The jobs."""
        ...

    @property
    def recorder(self) -> Recorder:
        """Notes what is executed."""
        ...

    @property
    def dml(self) -> DmlQueue:
        """Who mutates which table."""
        ...


class Account:
    """The observer of one job's statements.

    A job that is one statement is that statement's job; ``script`` says that it is not, and that each statement gets
    a child job.
    """

    def __init__(self, ledger: Ledger, job: Job, session: Session, *, script: bool, maximum_bytes: int | None) -> None:
        self._session = session
        self._registry = ledger.registry
        self._recorder = ledger.recorder
        self._queue = ledger.dml
        self._job = job
        self._script = script
        self._maximum = maximum_bytes
        self._current: list[tuple[Job, Source, Frame]] = []
        self._held: TableRef | None = None
        self._count = 0
        self._bytes = 0
        self._billed = 0

    def started(self, source: Source, frame: Frame) -> None:
        """A statement is about to run; one that mutates a table waits for its turn.

        Raises:
            BigQueryError: Too many wait for that table already, or the job was stopped while it waited.
        """
        job = self._child(source) if self._script else self._job
        self._count += 1
        self._current.append((job, source, frame))
        try:
            self._enter(job, source)
        except BigQueryError as error:
            self.failed(error)
            raise

    def finishing(self, outcome: Outcome, transaction: Transaction) -> None:
        """A statement that is a transaction of its own is about to be committed."""
        job = self._current[-1][0]
        self._take(job, outcome)
        self._registry.committing(self._job)
        self._registry.end(job)
        self._registry.record(job, transaction)

    def finished(self, outcome: Outcome) -> None:
        """A statement has been carried out."""
        self._leave()
        job, source, frame = self._current.pop()
        self._take(job, outcome)
        self._recorder.statement(capture(self._session, job, source, frame, outcome.kind))
        self._bytes += outcome.bytes
        self._billed += billed(outcome.read)
        if self._script:
            job.ended = job.ended or self._registry.millis()
            job.done.set()
            # multi-statement-queries: a script answers with what its last statement answered, which may be nothing.
            self._job.rows = outcome.rows

    def failed(self, error: BigQueryError) -> None:
        """A statement has failed."""
        self._leave()
        job, source, frame = self._current.pop()
        self._recorder.statement(capture(self._session, job, source, frame, "FAILED", error=error))
        if self._script:
            job.ended = self._registry.millis()
            job.error = error
            job.done.set()

    def evaluated(self, expression: Source, frame: Frame, wanted: Type | None, error: BigQueryError | None) -> None:
        """An expression has a value or has failed; one of a statement that is running is noted with the statement."""
        if not self._current:
            noted = capture(self._session, self._job, expression, frame, "EXPRESSION", wanted=wanted, error=error)
            self._recorder.statement(noted)

    def allow(self, outcome: Outcome) -> None:
        """Hold what a statement is, or would be, billed for against ``maximumBytesBilled``.

        Raises:
            BigQueryError: It is more.
        """
        total = self._billed + billed(outcome.read)
        if self._maximum is not None and total > self._maximum:
            msg = f"Query exceeded limit for bytes billed: {self._maximum}. {total} or higher required."
            refuse("bytesBilledLimitExceeded", msg)

    def close(self) -> None:
        """The job has ended, in whatever way."""
        self._leave()
        if self._script:
            self._job.statistics = {
                "totalBytesProcessed": str(self._bytes),
                "numChildJobs": str(self._count),
                "query": {
                    "statementType": "SCRIPT",
                    "totalBytesProcessed": str(self._bytes),
                    "totalBytesBilled": str(self._billed),
                    "cacheHit": False,
                },
            }

    def _child(self, source: Source) -> Job:
        parent = self._job
        ref = JobRef(parent.ref.project, parent.ref.location, f"script_job_{parent.ref.id}_{self._count}")
        configuration: Json = {
            "jobType": "QUERY",
            "query": {"query": source.text, "useLegacySql": False, "priority": "INTERACTIVE"},
        }
        if "labels" in parent.configuration:
            configuration["labels"] = parent.configuration["labels"]
        job = Job(ref, configuration, self._registry.millis(), parent=parent.ref.id)
        job.started = job.created
        job.statistics["scriptStatistics"] = {"evaluationKind": "STATEMENT", "stackFrames": [_stack_frame(source)]}
        self._registry.add(job)
        return job

    def _enter(self, job: Job, source: Source) -> None:
        target = None if self._session.in_transaction else self._mutated(source)
        if target is None:
            return

        def waits() -> None:
            job.started = None

        self._queue.enter(target, check=self._session.check, waits=waits)
        self._held = target
        job.started = job.started or self._registry.millis()

    def _mutated(self, source: Source) -> TableRef | None:
        try:
            if family(source) is not Family.DML:
                return None
            statement = parse_dml(source)
            if isinstance(statement, dml.Insert | dml.Truncate):
                return None
            ref = self._session.table(statement.target.path)
        except BigQueryError:
            # What is wrong with it is told when it runs.
            return None
        return None if self._session.is_temporary(ref) else ref

    def _leave(self) -> None:
        if self._held is not None:
            self._queue.leave(self._held)
            self._held = None

    def _take(self, job: Job, outcome: Outcome) -> None:
        self.allow(outcome)
        script = {name: job.statistics[name] for name in ("scriptStatistics",) if name in job.statistics}
        job.statistics = {**statement_statistics(outcome, dry=False), **script}
        if outcome.rows is not None:
            job.rows = outcome.rows


class Unobserved:
    """The observer of statements that are described and not carried out: there is no account of them."""

    def started(self, source: Source, frame: Frame) -> None:
        """Nothing runs."""

    def finishing(self, outcome: Outcome, transaction: Transaction) -> None:
        """Nothing is committed."""

    def finished(self, outcome: Outcome) -> None:
        """Nothing was carried out."""

    def failed(self, error: BigQueryError) -> None:
        """The caller is told."""

    def evaluated(self, expression: Source, frame: Frame, wanted: Type | None, error: BigQueryError | None) -> None:
        """An option's value, which nobody asks for afterwards."""


def _stack_frame(source: Source) -> Json:
    def place(offset: int) -> tuple[int, int]:
        line = source.script.count("\n", 0, offset) + 1
        return line, offset - (source.script.rfind("\n", 0, offset) + 1) + 1

    (line, column), (end_line, end_column) = place(source.start), place(source.end)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column, "text": source.text}
