"""Where the statements of one job run: its project, location and connection, its transaction and temporary tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb

from replicator.local.bigquery.errors import BigQueryError, refuse
from replicator.local.bigquery.googlesql.catalog import Column, Function
from replicator.local.bigquery.statements.frame import StoppedError
from replicator.local.bigquery.storage.definitions import DatasetDefinition
from replicator.local.bigquery.storage.instants import micros
from replicator.local.bigquery.storage.store import Contents, OnExisting, Store, Transaction
from replicator.local.bigquery.storage.time_travel import too_late
from replicator.names import DATASET, PROJECT, TABLE, DatasetRef, TableRef

if TYPE_CHECKING:
    from replicator.local.bigquery.statements.file_statements import Files


@dataclass(slots=True)
class Unsettled:
    """What no page settles, and a test may set either way.

    Attributes:
        dynamic_in_transactions: EXECUTE IMMEDIATE is taken in a transaction; the page on transactions names the
            statements that are, and it is not among them.
        wildcards_in_transactions: The same of queries over wildcard tables.
        asserts_in_transactions: The same of ASSERT.
        wildcards_fill_nested_fields: Nested fields, records and arrays that a table of a wildcard lacks read as NULL or
            empty, as querying-wildcard-tables says of columns; false: the query is refused.
        wildcard_matches_count: Each table that a wildcard matches counts towards the 1,000 that a query may reference
            (quotas); false: the wildcard counts as one.
    """

    dynamic_in_transactions: bool = False
    wildcards_in_transactions: bool = False
    asserts_in_transactions: bool = False
    wildcards_fill_nested_fields: bool = True
    wildcard_matches_count: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """What a job is given from outside.

    Attributes:
        job_id: The job's id, from which the name of its temporary dataset is made.
        project: Who runs it.
        location: Where it runs.
        default_dataset: For names of one part.
        now: The clock.
        stop: Why the job must end now, or ``None``.
        unsettled: What may be one way or the other.
        files: Who reads and writes files; None where there are none.
    """

    job_id: str
    project: str
    location: str
    default_dataset: DatasetRef | None
    now: Callable[[], datetime]
    stop: Callable[[], str | None]
    unsettled: Unsettled
    files: Files | None = None


class Session:
    """The state that statements of one job share.

    Attributes:
        functions: The temporary functions, by name in lower case.
    """

    def __init__(self, store: Store, setting: Setting) -> None:
        self.store = store
        self.setting = setting
        self.default_dataset = setting.default_dataset
        self.connection: duckdb.DuckDBPyConnection = store.connect()
        self._open: Transaction | None = None
        self._temporary = DatasetRef(setting.project, "_script" + "".join(c for c in setting.job_id if c.isalnum()))
        self._temporary_tables: set[str] = set()
        self._serial = 0
        self.functions: dict[str, Function] = {}
        self._met: dict[tuple[str, ...], tuple[Column, ...]] = {}
        self._moments: dict[tuple[str, ...], datetime | None] = {}

    def close(self) -> None:
        """Roll back what is open, and forget the temporary tables."""
        if self._open is not None:
            self._open.rollback()
            self._open = None
        if self._temporary_tables:
            with self.store.statement() as transaction:
                # The statement that made it may have failed, and left nothing.
                if transaction.find_dataset(self._temporary) is not None:
                    transaction.drop_dataset(self._temporary, Contents.DROP)
                transaction.commit()
        self.connection.close()

    def check(self) -> None:
        """Raise when the job is to stop."""
        reason = self.setting.stop()
        if reason is not None:
            raise StoppedError(reason="stopped", message=reason)

    # Transactions ------------------------------------------------------------------------------------------------
    @property
    def in_transaction(self) -> bool:
        """Whether BEGIN TRANSACTION has been said."""
        return self._open is not None

    def begin(self) -> None:
        """BEGIN TRANSACTION."""
        if self._open is not None:
            msg = "Transaction is already in progress; nested transactions are not supported"
            refuse("invalidQuery", msg, location="query")
        self._open = self.store.begin()

    def commit(self) -> None:
        """COMMIT TRANSACTION."""
        transaction = self._ended("COMMIT")
        try:
            transaction.commit()
        finally:
            transaction.rollback()

    def rollback(self) -> None:
        """ROLLBACK TRANSACTION."""
        self._ended("ROLLBACK").rollback()

    def _ended(self, statement: str) -> Transaction:
        if self._open is None:
            msg = f"{statement} TRANSACTION is not allowed: no transaction is in progress"
            refuse("invalidQuery", msg, location="query")
        transaction, self._open = self._open, None
        return transaction

    @contextmanager
    def transaction(self, *, mutates: TableRef | None = None) -> Iterator[tuple[Transaction, bool]]:
        """The open transaction, or one for this statement alone; and whether the statement is to commit it."""
        self._moments.clear()
        if self._open is not None:
            yield self._open, False
            return
        with self.store.statement(mutates=mutates, cancelled=lambda: self.setting.stop() is not None) as transaction:
            yield transaction, True

    # Names -------------------------------------------------------------------------------------------------------
    def table(self, path: tuple[str, ...]) -> TableRef:
        """The table that a path names.

        Raises:
            BigQueryError: The path is too short or too long, or a part is no such name.
        """
        if len(path) == 2 and path[0].upper() == "_SESSION":
            path = path[1:]
        if len(path) == 1:
            if path[0].lower() in self._temporary_tables:
                return self._temporary.table(path[0])
            if self.default_dataset is None:
                msg = f'Table "{path[0]}" must be qualified with a dataset (e.g. dataset.table).'
                refuse("invalid", msg, location=path[0])
            return self._named(self.default_dataset.table(path[0]))
        if len(path) not in (2, 3):
            refuse("invalidQuery", f"Invalid table name: {'.'.join(path)}", location="query")
        project = path[0] if len(path) == 3 else self.setting.project
        return self._named(TableRef(project, path[-2], path[-1]))

    @staticmethod
    def _named(ref: TableRef) -> TableRef:
        name = ref.table.partition("$")[0]
        if not (PROJECT.fullmatch(ref.project) and DATASET.fullmatch(ref.dataset) and TABLE.fullmatch(name)):
            refuse("invalidQuery", f"Invalid table name: {ref}", location="query")
        return ref

    def dataset(self, path: tuple[str, ...]) -> DatasetRef:
        """The dataset that a path names.

        Raises:
            BigQueryError: It is no dataset's name.
        """
        if len(path) not in (1, 2):
            refuse("invalidQuery", f"Invalid dataset name: {'.'.join(path)}", location="query")
        ref = DatasetRef(path[0] if len(path) == 2 else self.setting.project, path[-1])
        if not PROJECT.fullmatch(ref.project) or not DATASET.fullmatch(ref.dataset):
            refuse("invalidQuery", f"Invalid dataset name: {ref}", location="query")
        return ref

    def new_temporary(self, name: str, transaction: Transaction) -> TableRef:
        """The place of a new temporary table of that name."""
        transaction.create_dataset(self._temporary, DatasetDefinition(self.setting.location), OnExisting.KEEP)
        self._temporary_tables.add(name.lower())
        return self._temporary.table(name)

    def forget_temporary(self, ref: TableRef) -> None:
        """A temporary table was dropped."""
        if ref.parent == self._temporary:
            self._temporary_tables.discard(ref.table.lower())

    def is_temporary(self, ref: TableRef) -> bool:
        """Whether a table is one of this job's temporary ones."""
        return ref.parent == self._temporary

    @property
    def temporary_tables(self) -> frozenset[str]:
        """The names of this job's temporary tables, in lower case."""
        return frozenset(self._temporary_tables)

    def meet(self, path: tuple[str, ...], columns: Sequence[Column]) -> None:
        """Note what a name of the statement that runs stands for, before the statement changes it.

        Args:
            path: The relation's full path; a temporary table's may be its name alone.
            columns: Its columns, pseudo columns included.
        """
        temporary = path[:-1] == (self._temporary.project, self._temporary.dataset)
        self._met.setdefault(path[-1:] if temporary else path, tuple(columns))

    def check_moment(self, path: tuple[str, ...], moment: datetime | None) -> None:
        """Note as of when the statement that runs reads a table, or changes it; None is now.

        Raises:
            BigQueryError: It is a time to come, or the statement has named the table as of another time already.
        """
        if moment is not None and moment > self.setting.now():
            raise too_late(TableRef(*path[-3:]), micros(moment))
        if self._moments.setdefault(path, moment) != moment:
            # query-syntax, for_system_time_as_of: one point in time per table and statement, the current one included.
            msg = f"A statement cannot reference table {'.'.join(path)} at more than one point in time"
            refuse("invalidQuery", msg, location="query")

    def meet_table(self, transaction: Transaction, ref: TableRef) -> None:
        """Note a table that the statement names without reading it.

        Raises:
            BigQueryError: ``notFound``.
        """
        path = (ref.project, ref.dataset, ref.table)
        self.check_moment(path, None)
        self.meet(path, transaction.catalog(location=self.setting.location).relation(path).columns)

    def met(self) -> Mapping[tuple[str, ...], tuple[Column, ...]]:
        """What was met since this was asked last: relations by full path, temporary tables by their name alone."""
        met, self._met = self._met, {}
        return met

    def in_location(self, transaction: Transaction, ref: DatasetRef) -> None:
        """Assert that a dataset is there, and where the job runs.

        Raises:
            BigQueryError: ``notFound``, in the words of a job that runs in another location.
        """
        if ref == self._temporary:
            return
        dataset = transaction.dataset(ref)
        if dataset.definition.location.lower() != self.setting.location.lower():
            raise not_in_location(ref, self.setting.location)

    def scratch(self) -> str:
        """The name of a new DuckDB table for what a statement computes on its way."""
        self._serial += 1
        return f"scratch_{self._serial}"


def not_in_location(ref: DatasetRef, location: str) -> BigQueryError:
    """The service's error for a dataset that lies elsewhere, or nowhere."""
    msg = f"Not found: Dataset {ref.project}:{ref.dataset} was not found in location {location}"
    return BigQueryError(reason="notFound", message=msg)
