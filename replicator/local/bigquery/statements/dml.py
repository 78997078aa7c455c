"""What a DML statement says.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from replicator.local.bigquery.statements.cursor import Source

Path: TypeAlias = tuple[str, ...]


class Unset(Enum):
    """What stands for a value in VALUES without being an expression."""

    DEFAULT = "DEFAULT"


Item: TypeAlias = Source | Unset


@dataclass(frozen=True, slots=True)
class Target:
    """The table that a statement changes, and the name by which its columns are called."""

    path: Path
    alias: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """One item of SET: a column, or a field below one."""

    path: Path
    value: Item


@dataclass(frozen=True, slots=True)
class Insert:
    """INSERT; ``rows`` or ``query``."""

    path: Path
    columns: tuple[str, ...] | None
    rows: tuple[tuple[Item, ...], ...]
    query: Source | None


@dataclass(frozen=True, slots=True)
class Update:
    """UPDATE; ``origin`` is what stands after FROM."""

    target: Target
    assignments: tuple[Assignment, ...]
    origin: Source | None
    where: Source


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE."""

    target: Target
    where: Source


@dataclass(frozen=True, slots=True)
class Truncate:
    """TRUNCATE TABLE."""

    path: Path


class Matching(Enum):
    """Which rows a WHEN clause of MERGE is about."""

    MATCHED = "WHEN MATCHED"
    NOT_BY_TARGET = "WHEN NOT MATCHED BY TARGET"
    NOT_BY_SOURCE = "WHEN NOT MATCHED BY SOURCE"


@dataclass(frozen=True, slots=True)
class InsertRow:
    """INSERT of a MERGE; no columns and no values is INSERT ROW."""

    columns: tuple[str, ...] | None
    values: tuple[Item, ...] | None


@dataclass(frozen=True, slots=True)
class UpdateRow:
    """UPDATE SET of a MERGE."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class DeleteRow:
    """DELETE of a MERGE."""


@dataclass(frozen=True, slots=True)
class When:
    """One WHEN clause."""

    matching: Matching
    condition: Source | None
    action: InsertRow | UpdateRow | DeleteRow


@dataclass(frozen=True, slots=True)
class Merge:
    """MERGE; ``origin`` is the source as it stands in FROM, its alias included."""

    target: Target
    origin: Source
    on: Source
    clauses: tuple[When, ...]


Dml: TypeAlias = Insert | Update | Delete | Truncate | Merge
