"""Query jobs: one statement, or a script whose statements are jobs of their own.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationQuery
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from replicator import limits
from replicator.local.bigquery.api.capture import capture
from replicator.local.bigquery.api.http import Json, flag, member, number, required
from replicator.local.bigquery.api.job import Job, JobRef, nothing
from replicator.local.bigquery.api.parameters import read_parameters
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.statistics import statement_statistics
from replicator.local.bigquery.api.writing import Destination, Write, make_room, read_destination
from replicator.local.bigquery.errors import BigQueryError, refuse, unmodelled
from replicator.local.bigquery.statements.by_name import select_by_name
from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.definitions import query_fields
from replicator.local.bigquery.statements.engine import Engine
from replicator.local.bigquery.statements.frame import Frame, Parameters
from replicator.local.bigquery.statements.interpreter import Interpreter
from replicator.local.bigquery.statements.outcome import Outcome, Rows
from replicator.local.bigquery.statements.script import Sql
from replicator.local.bigquery.statements.script_parser import parse_script
from replicator.local.bigquery.statements.session import Session, Setting, Unsettled
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.resources import table_definition
from replicator.local.bigquery.storage.store import Store, Transaction
from replicator.local.bigquery.types import Type
from replicator.local.recorder import Recorder, Statement
from replicator.names import DATASET, PROJECT, DatasetRef

_REFUSED: Final = (
    "connectionProperties", "continuous", "destinationEncryptionConfiguration", "scriptOptions",
    "systemVariables", "tableDefinitions", "userDefinedFunctionResources", "writeIncrementalResults",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What a query job is asked to do.

    Attributes:
        text: The script.
        parameters: Its parameters.
        default_dataset: For names of one part.
        destination: Where a single query's rows go, if that was said.
        definition: What a new destination table is made like.
        maximum_bytes: ``maximumBytesBilled``.
        dry_run: Nothing is carried out.
    """

    text: str
    parameters: Parameters
    default_dataset: DatasetRef | None
    destination: Destination | None
    definition: TableDefinition
    maximum_bytes: int | None
    dry_run: bool

    @property
    def datasets(self) -> tuple[DatasetRef, ...]:
        """The datasets that the request itself names."""
        named = (None if self.destination is None else self.destination.ref.parent, self.default_dataset)
        return tuple(ref for ref in named if ref is not None)


def read_query(configuration: Mapping[str, Any], project: str, *, dry_run: bool) -> QueryRequest:
    """Read the ``query`` part of a job's configuration.

    Raises:
        BigQueryError: 400, it is malformed, or asks for what is not modelled.
    """
    for name in _REFUSED:
        if configuration.get(name):
            what = f"query.{name}"
            raise unmodelled(what)
    if flag(configuration, "useLegacySql", default=True):
        msg = "legacy SQL (useLegacySql is true unless the request says false)"
        raise unmodelled(msg)
    text = str(required(configuration, "query", str))
    if len(text) > limits.QUERY_TEXT_CHARACTERS.value:
        limit = limits.QUERY_TEXT_CHARACTERS
        msg = f"The query is too large. The maximum standard SQL query length is {limit.value // 1024}K characters"
        refuse("invalid", msg, location="query")
    destination = None
    if configuration.get("destinationTable"):
        destination = read_destination(configuration, project=project, default=Write.EMPTY)
    resource = {
        k: configuration[k] for k in ("timePartitioning", "rangePartitioning", "clustering") if configuration.get(k)
    }
    return QueryRequest(
        text,
        read_parameters(configuration),
        _default_dataset(configuration, project),
        destination,
        table_definition(resource),
        number(configuration, "maximumBytesBilled"),
        dry_run,
    )


def _default_dataset(configuration: Mapping[str, Any], project: str) -> DatasetRef | None:
    resource = member(configuration, "defaultDataset", dict)
    if not resource:
        return None
    ref = DatasetRef(
        str(member(resource, "projectId", str) or project),
        str(required(resource, "datasetId", str, where="defaultDataset")),
    )
    if not PROJECT.fullmatch(ref.project) or not DATASET.fullmatch(ref.dataset):
        refuse("invalid", f"Invalid dataset reference: {ref}", location="defaultDataset")
    return ref


class QueryRunner:
    """Carries query jobs out."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        recorder: Recorder,
        now: Callable[[], datetime],
        unsettled: Unsettled,
    ) -> None:
        self._store = store
        self._unsettled = unsettled
        self._registry = registry
        self._recorder = recorder
        self._now = now

    def run(self, job: Job, request: QueryRequest) -> None:
        """Carry a query job out.

        Raises:
            BigQueryError: What its script failed with.
        """
        statements = parse_script(request.text)
        session = self._session(job, request)
        job.interrupt = session.connection.interrupt
        try:
            if len(statements) == 1 and isinstance(statements[0], Sql):
                account = _Account(self, job, job, request, session)
                single = _Single(session, account, request)
                single.execute(statements[0].source, single.frame(request.parameters))
                return
            if request.destination is not None:
                msg = "configuration.query.destinationTable cannot be set for scripts"
                refuse("invalid", msg, location="destinationTable")
            account = _Account(self, job, None, request, session)
            engine = Engine(session, account)
            try:
                Interpreter(engine, request.parameters).run(statements)
                if session.in_transaction:
                    # transactions: a transaction that is open when its script ends is rolled back.
                    session.rollback()
            finally:
                account.close()
        finally:
            job.interrupt = nothing
            session.close()

    def dry_run(self, job: Job, request: QueryRequest) -> None:
        """Find out what a query job would read and answer.

        Raises:
            BigQueryError: What the statement would be refused with.
        """
        statements = parse_script(request.text)
        session = self._session(job, request)
        try:
            if len(statements) > 1 or not isinstance(statements[0], Sql):
                job.statistics = {
                    "totalBytesProcessed": "0",
                    "query": {"statementType": "SCRIPT", "totalBytesProcessed": "0"},
                }
                return
            account = _Account(self, job, job, request, session)
            engine = Engine(session, account)
            outcome = engine.describe(statements[0].source, engine.frame(request.parameters))
            job.statistics = statement_statistics(outcome, dry=True)
        finally:
            session.close()

    def _session(self, job: Job, request: QueryRequest) -> Session:
        setting = Setting(
            job.ref.id,
            job.ref.project,
            job.ref.location,
            request.default_dataset,
            self._now,
            lambda: self._registry.stop_reason(job),
            self._unsettled,
        )
        return Session(self._store, setting)

    def record(self, statement: Statement) -> None:
        """Note a statement for whoever asks what was executed."""
        self._recorder.statement(statement)

    def child(self, parent: Job, index: int, source: Source) -> Job:
        """A job for one statement of a script."""
        ref = JobRef(parent.ref.project, parent.ref.location, f"script_job_{parent.ref.id}_{index}")
        configuration: Json = {
            "jobType": "QUERY",
            "query": {"query": source.text, "useLegacySql": False, "priority": "INTERACTIVE"},
        }
        if "labels" in parent.configuration:
            configuration["labels"] = parent.configuration["labels"]
        job = Job(ref, configuration, self._registry.millis(), parent=parent.ref.id)
        job.started = job.created
        self._registry.add(job)
        return job

    def save(self, job: Job, transaction: Transaction) -> None:
        """Write a job down in the commit of what it did."""
        self._registry.end(job)
        self._registry.record(job, transaction)

    def millis(self) -> int:
        """The clock."""
        return self._registry.millis()


class _Account:
    """Keeps jobs in step with the statements that run; ``single`` is the job itself when it is no script."""

    def __init__(
        self, runner: QueryRunner, job: Job, single: Job | None, request: QueryRequest, session: Session
    ) -> None:
        self._session = session
        self._runner = runner
        self._job = job
        self._single = single
        self._request = request
        self._current: list[tuple[Job, Source, Frame]] = []
        self._count = 0
        self._bytes = 0

    def started(self, source: Source, frame: Frame) -> None:
        """A statement is about to run."""
        job = self._single
        if job is None:
            job = self._runner.child(self._job, self._count, source)
            begin = Source(source.script, source.start, source.start)
            line = source.script.count("\n", 0, begin.start) + 1
            column = source.start - (source.script.rfind("\n", 0, source.start) + 1) + 1
            job.statistics["scriptStatistics"] = {
                "evaluationKind": "STATEMENT",
                "stackFrames": [{"startLine": line, "startColumn": column, "text": source.text}],
            }
        self._count += 1
        self._current.append((job, source, frame))

    def finishing(self, outcome: Outcome, transaction: Transaction) -> None:
        """A statement that is a transaction of its own is about to be committed."""
        job = self._current[-1][0]
        self._take(job, outcome)
        self._runner.save(job, transaction)

    def finished(self, outcome: Outcome) -> None:
        """A statement has been carried out."""
        job, source, frame = self._current.pop()
        self._take(job, outcome)
        self._runner.record(capture(self._session, job, source, frame, outcome.kind))
        self._bytes += outcome.bytes
        if self._single is None:
            job.ended = job.ended or self._runner.millis()
            job.done.set()
            if outcome.rows is not None:
                self._job.rows = outcome.rows

    def failed(self, error: BigQueryError) -> None:
        """A statement has failed."""
        job, source, frame = self._current.pop()
        self._runner.record(capture(self._session, job, source, frame, "FAILED", error=error))
        if self._single is None:
            job.ended = self._runner.millis()
            job.error = error
            job.done.set()

    def evaluated(self, expression: Source, frame: Frame, wanted: Type | None, error: BigQueryError | None) -> None:
        """An expression has a value or has failed; one of a statement that is running is noted with the statement."""
        if not self._current:
            noted = capture(self._session, self._job, expression, frame, "EXPRESSION", wanted=wanted, error=error)
            self._runner.record(noted)

    def _take(self, job: Job, outcome: Outcome) -> None:
        maximum = self._request.maximum_bytes
        if maximum is not None and self._bytes + outcome.bytes > maximum:
            msg = f"Query exceeded limit for bytes billed: {maximum}. {self._bytes + outcome.bytes} or higher required."
            refuse("bytesBilledLimitExceeded", msg)
        job.statistics = {**statement_statistics(outcome, dry=False), **_script_part(job.statistics)}
        if outcome.rows is not None:
            job.rows = outcome.rows

    def close(self) -> None:
        """The script has ended."""
        self._job.statistics = {
            "totalBytesProcessed": str(self._bytes),
            "numChildJobs": str(self._count),
            "query": {
                "statementType": "SCRIPT",
                "totalBytesProcessed": str(self._bytes),
                "totalBytesBilled": str(self._bytes),
                "cacheHit": False,
            },
        }


def _script_part(statistics: Json) -> Json:
    return {"scriptStatistics": statistics["scriptStatistics"]} if "scriptStatistics" in statistics else {}


class _Single(Engine):
    """The engine of a job that is one statement, which may have a destination table."""

    def __init__(self, session: Session, observer: _Account, request: QueryRequest) -> None:
        super().__init__(session, observer)
        self._request = request

    def answer(self, source: Source, frame: Frame) -> Outcome:
        """Carry out a query, into its destination table if it has one."""
        destination = self._request.destination
        if destination is None:
            return super().answer(source, frame)
        with self.session.transaction() as (transaction, _):
            prepared = self.prepare(transaction, source.placed, frame=frame)
            self.session.in_location(transaction, destination.ref.parent)
            fields = query_fields(prepared)
            scratch = self.session.scratch()
            self.compute(f"CREATE TEMP TABLE {scratch} AS {prepared.named()}")
            made = TableDefinition(
                fields,
                partitioning=self._request.definition.partitioning,
                clustering=self._request.definition.clustering,
            )
            stored = make_room(transaction, destination, made)
            select = select_by_name(f"SELECT * FROM {scratch}", prepared.columns, stored.fields)
            with self.computing():
                transaction.append(destination.ref, select, self.session.connection, partition=destination.partition)
            lines = self.fetch_from(f"SELECT * FROM {scratch}", prepared.columns)
            self.compute(f"DROP TABLE {scratch}")
            rows = Rows(prepared.columns, lines)
            outcome = Outcome("SELECT", rows=rows, bytes=prepared.bytes, tables=prepared.tables, target=destination.ref)
            self.finishing(outcome, transaction)
            transaction.commit()
        return outcome
