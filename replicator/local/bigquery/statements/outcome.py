"""What a statement did, as its job reports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from replicator.local.bigquery.storage.routines import RoutineRef
from replicator.local.bigquery.types import Type
from replicator.names import DatasetRef, TableRef


@dataclass(frozen=True, slots=True)
class Rows:
    """A query's answer.

    Attributes:
        columns: Names and types.
        lines: Each row in the API's JSON.
    """

    columns: tuple[tuple[str, Type], ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows that a DML statement put in, changed and took out."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def affected(self) -> int:
        """``numDmlAffectedRows``, and what ``@@row_count`` says."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement did.

    Attributes:
        kind: The job's ``statementType``.
        rows: A query's answer.
        changes: Of DML.
        read: Logical bytes that count as processed, by table.
        tables: The tables that were read, views' own included.
        operation: ``ddlOperationPerformed``: CREATE, REPLACE, SKIP, ALTER, DROP.
        target: The table, dataset or routine that DDL was about, or DML changed.
        files: Statistics of files that were read or written, by their name in ``JobStatistics2``.
    """

    kind: str
    rows: Rows | None = None
    changes: Changes | None = None
    read: Mapping[str, int] = field(default_factory=dict)
    tables: tuple[TableRef, ...] = field(default=())
    operation: str | None = None
    target: TableRef | DatasetRef | RoutineRef | None = None
    files: Mapping[str, object] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """``totalBytesProcessed``."""
        return sum(self.read.values())
