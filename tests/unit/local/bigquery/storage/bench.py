"""A store on real files with a clock that tests set, and short words for what tests do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replicator.local.bigquery.googlesql.catalog import Prune
from replicator.local.bigquery.storage.definitions import DatasetDefinition, Partitioning, TableDefinition
from replicator.local.bigquery.storage.store import OnExisting, Store, Transaction
from replicator.names import DatasetRef, TableRef
from replicator.schema.fields import Field, Mode

if TYPE_CHECKING:
    import duckdb

DATASET = DatasetRef("acme-jp", "sales")


@dataclass
class Clock:
    """The server's clock."""

    at: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class Bench:
    """One store, one dataset in it; of the past nothing unless it is asked for: a file which stays is needed."""

    root: Path
    clock: Clock = field(default_factory=Clock)
    past_bytes: int = 0

    def __post_init__(self) -> None:
        self.store = Store(self.root, now=self.clock)
        self.store.keeping.past_bytes = self.past_bytes
        with self.store.statement() as transaction:
            transaction.create_dataset(DATASET, DatasetDefinition("EU"), OnExisting.KEEP)
            transaction.commit()
        self.connection: duckdb.DuckDBPyConnection = self.store.connect()

    def create(self, name: str, *fields: Field, partitioning: Partitioning | None = None, **stated: Any) -> TableRef:
        """Make an empty table."""
        definition = TableDefinition(fields, partitioning=partitioning, **stated)
        with self.store.statement() as transaction:
            transaction.create_table(DATASET.table(name), definition, OnExisting.REFUSE)
            transaction.commit()
        return DATASET.table(name)

    def append(self, ref: TableRef, select: str, **options: Any) -> None:
        """Add the rows of a DuckDB SELECT."""
        with self.store.statement() as transaction:
            transaction.append(ref, select, self.connection, **options)
            transaction.commit()

    def delete(self, ref: TableRef, where: str, *, added: str | None = None) -> None:
        """Take out the rows for which ``where`` holds, and put in those of ``added``."""
        with self.store.statement(mutates=ref) as transaction:
            self.delete_in(transaction, ref, where, added=added)
            transaction.commit()

    def delete_in(self, transaction: Transaction, ref: TableRef, where: str, *, added: str | None = None) -> None:
        """The same within a transaction."""
        hits = f"(SELECT _FRAGMENT, _ROW FROM {self.scan(transaction, ref)} WHERE {where})"
        transaction.rewrite(ref, hits, added, self.connection)

    def scan(self, transaction: Transaction, ref: TableRef, prune: Sequence[Prune] = ()) -> str:
        """A scan of all columns of a table or wildcard."""
        relation = transaction.catalog(location="EU").relation((ref.project, ref.dataset, ref.table))
        return relation.scan(columns=frozenset(column.name for column in relation.columns), prune=prune)

    def rows(self, ref: TableRef, columns: str = "*", transaction: Transaction | None = None) -> list[tuple[Any, ...]]:
        """The table's rows in DuckDB's order of all columns asked for."""
        if transaction is None:
            with self.store.statement() as now:
                return self.rows(ref, columns, now)
        scan = self.scan(transaction, ref)
        return self.connection.execute(f"SELECT {columns} FROM {scan} ORDER BY ALL").fetchall()

    def metadata(self, *path: str, columns: str = "*", location: str = "EU") -> list[tuple[Any, ...]]:
        """Rows of a metadata view."""
        with self.store.statement() as transaction:
            relation = transaction.catalog(location=location).relation(("acme-jp", *path))
            scan = relation.scan(columns=frozenset(column.name for column in relation.columns), prune=())
            return self.connection.execute(f"SELECT {columns} FROM {scan}").fetchall()

    def files(self, name: str) -> set[str]:
        """The names of a table's files."""
        return {path.name for path in (self.root / "acme-jp" / "sales" / name).glob("*")}

    def open_again(self) -> Bench:
        """The same folder, after a clean stop."""
        self.store.close()
        return Bench(self.root, self.clock, self.past_bytes)


def integer(name: str) -> Field:
    """A nullable INT64."""
    return Field(name, "INTEGER")


def text(name: str) -> Field:
    """A nullable STRING."""
    return Field(name, "STRING")


def record(name: str, *fields: Field) -> Field:
    """A nullable STRUCT."""
    return Field(name, "RECORD", fields=fields)


def records(name: str, *fields: Field) -> Field:
    """An array of STRUCTs."""
    return Field(name, "RECORD", Mode.REPEATED, fields)
