"""Query jobs: one statement, or a script whose statements are jobs of their own.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationQuery
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from replicator import limits
from replicator.local.bigquery.api.account import Account, Unobserved
from replicator.local.bigquery.api.dml_queue import DmlQueue
from replicator.local.bigquery.api.encryption import read_key
from replicator.local.bigquery.api.http import Json
from replicator.local.bigquery.api.job import Job, nothing
from replicator.local.bigquery.api.loading import FailedLoadError
from replicator.local.bigquery.api.parameters import read_parameters
from replicator.local.bigquery.api.registry import Registry
from replicator.local.bigquery.api.statistics import statement_statistics
from replicator.local.bigquery.api.writing import (
    Destination,
    Write,
    check_layout,
    make_room,
    read_destination,
    required_alike,
)
from replicator.local.bigquery.errors import refuse, unmodelled
from replicator.local.bigquery.members import flag, member, number, required
from replicator.local.bigquery.statements.by_name import select_by_name
from replicator.local.bigquery.statements.classify import Family, family
from replicator.local.bigquery.statements.cursor import Cursor, Source
from replicator.local.bigquery.statements.dry_script import DryScript
from replicator.local.bigquery.statements.engine import Engine
from replicator.local.bigquery.statements.file_statements import Files
from replicator.local.bigquery.statements.frame import Frame, Parameters
from replicator.local.bigquery.statements.interpreter import Interpreter
from replicator.local.bigquery.statements.new_tables import query_fields
from replicator.local.bigquery.statements.outcome import Outcome, Rows
from replicator.local.bigquery.statements.script import Sql, Statement
from replicator.local.bigquery.statements.script_parser import parse_script
from replicator.local.bigquery.statements.session import Session, Setting, Unsettled
from replicator.local.bigquery.statements.syntax import check_syntax
from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.resources import table_definition
from replicator.local.bigquery.storage.store import Store
from replicator.local.recorder import Recorder
from replicator.names import DATASET, PROJECT, DatasetRef

_REFUSED: Final = (
    "connectionProperties", "continuous", "scriptOptions",
    "systemVariables", "tableDefinitions", "userDefinedFunctionResources", "writeIncrementalResults",
)  # fmt: skip
# multi-statement-queries, configuration field limitations; userDefinedFunctionResources is refused with any query.
_NOT_FOR_SCRIPTS: Final = (
    "destinationTable", "clustering", "createDisposition", "destinationEncryptionConfiguration",
    "rangePartitioning", "schemaUpdateOptions", "timePartitioning", "writeDisposition",
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
    key = read_key(configuration)
    return QueryRequest(
        text,
        read_parameters(configuration),
        _default_dataset(configuration, project),
        destination,
        replace(table_definition(resource), kms_key_name=key),
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
    """Carries query jobs out.

    Attributes:
        registry: The jobs.
        recorder: Notes what is executed.
        dml: Who mutates which table.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        recorder: Recorder,
        now: Callable[[], datetime],
        unsettled: Unsettled,
        files: Files,
    ) -> None:
        self._store = store
        self._unsettled = unsettled
        self._files = files
        self._now = now
        self.registry = registry
        self.recorder = recorder
        self.dml = DmlQueue()

    def run(self, job: Job, request: QueryRequest) -> None:
        """Carry a query job out.

        Raises:
            BigQueryError: What its script failed with.
        """
        statements = parse_script(request.text)
        session = self._session(job, request)
        job.interrupt = session.connection.interrupt
        functions, single = _single(statements)
        account = Account(self, job, session, script=single is None, maximum_bytes=request.maximum_bytes)
        try:
            if single is not None:
                _define(functions, session, request)
                self._run_single(job, single, _Single(session, account, request), account, request)
                return
            _check_script(job)
            check_syntax(statements)
            engine = _Script(session, account, lambda: self.registry.committing(job))
            Interpreter(engine, request.parameters).run(statements)
            if session.in_transaction:
                # transactions: a transaction that is open when its script ends is rolled back.
                session.rollback()
        finally:
            account.close()
            job.interrupt = nothing
            session.close()

    @staticmethod
    def _run_single(job: Job, statement: Sql, engine: _Single, account: Account, request: QueryRequest) -> None:
        frame = engine.frame(request.parameters)
        _check_destination(statement, request)
        if request.maximum_bytes is not None:
            # best-practices-costs: bytes are estimated first, and a query that would read more fails free of charge.
            account.allow(Engine(engine.session, Unobserved()).describe(statement.source, frame))
        if family(statement.source) is Family.DDL:
            # Where the table is there already, nobody reads the query behind it.
            check_syntax([statement])
        try:
            engine.execute(statement.source, frame)
        except FailedLoadError as failed:
            job.details = list(failed.bad)
            raise

    def dry_run(self, job: Job, request: QueryRequest) -> None:
        """Find out what a query job would read and answer.

        Raises:
            BigQueryError: What the statement would be refused with.
        """
        statements = parse_script(request.text)
        session = self._session(job, request)
        try:
            functions, single = _single(statements)
            if single is None:
                _check_script(job)
                check_syntax(statements)
                size = str(DryScript(Engine(session, Unobserved()), request.parameters).describe(statements))
                query: Json = {"statementType": "SCRIPT", "totalBytesProcessed": size, "totalBytesBilled": "0"}
                job.statistics = {"totalBytesProcessed": size, "query": query}
                return
            _define(functions, session, request)
            _check_destination(single, request)
            engine = Engine(session, Unobserved())
            outcome = engine.describe(single.source, engine.frame(request.parameters))
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
            lambda: self.registry.stop_reason(job),
            self._unsettled,
            self._files,
        )
        return Session(self._store, setting)


def _single(statements: Sequence[Statement]) -> tuple[list[Sql], Sql | None]:
    """The statement of a job that is no script, behind the temporary functions it is stated with."""
    *before, last = statements
    functions = [each for each in before if isinstance(each, Sql) and _defines(each.source)]
    if not isinstance(last, Sql) or len(functions) < len(before) or (functions and _defines(last.source)):
        return [], None
    return functions, last


def _defines(source: Source) -> bool:
    cursor = Cursor.over(source)
    return any(cursor.at("CREATE", word, "FUNCTION") for word in ("TEMP", "TEMPORARY"))


def _define(functions: Sequence[Sql], session: Session, request: QueryRequest) -> None:
    engine = Engine(session, Unobserved())
    for each in functions:
        engine.execute(each.source, engine.frame(request.parameters))


def _check_script(job: Job) -> None:
    for name in _NOT_FOR_SCRIPTS:
        if job.configuration["query"].get(name):
            refuse("invalid", f"configuration.query.{name} cannot be set for scripts", location=name)


def _check_destination(statement: Sql, request: QueryRequest) -> None:
    if request.destination is None:
        return
    kind = family(statement.source)
    if kind is not Family.QUERY:
        msg = f"Cannot set destination table in jobs with {kind.value.upper()} statements"
        refuse("invalid", msg, location="destinationTable")


class _Script(Engine):
    """The engine of a script, whose COMMIT TRANSACTION can be held up like every other commit."""

    def __init__(self, session: Session, observer: Account, committing: Callable[[], None]) -> None:
        super().__init__(session, observer)
        self._committing = committing

    def commit(self) -> None:
        """COMMIT TRANSACTION."""
        if self.session.in_transaction:
            self._committing()
        super().commit()


class _Single(Engine):
    """The engine of a job that is one statement, which may have a destination table."""

    def __init__(self, session: Session, observer: Account, request: QueryRequest) -> None:
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
            there = transaction.find_table(destination.ref)
            if there is not None and not destination.relaxes and destination.write is Write.APPEND:
                fields = required_alike(there.definition.fields, fields)
            scratch = self.session.scratch()
            self.compute(f"CREATE TEMP TABLE {scratch} AS {prepared.named()}")
            made = replace(self._request.definition, fields=fields)
            check_layout(transaction, destination, made)
            stored = make_room(transaction, destination, made)
            select = select_by_name(f"SELECT * FROM {scratch}", prepared.columns, stored.fields)
            with self.computing():
                transaction.append(destination.ref, select, self.session.connection, partition=destination.partition)
            lines = self.fetch_from(f"SELECT * FROM {scratch}", prepared.columns)
            self.compute(f"DROP TABLE {scratch}")
            rows = Rows(prepared.columns, lines)
            outcome = Outcome("SELECT", rows=rows, read=prepared.read, tables=prepared.tables, target=destination.ref)
            self.finishing(outcome, transaction)
            transaction.commit()
        return outcome
