"""What a script consists of.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from replicator.local.bigquery.statements.cursor import Source


@dataclass(frozen=True, slots=True)
class Sql:
    """A query, a DDL or a DML statement, or ASSERT: what runs as a job of its own."""

    source: Source


@dataclass(frozen=True, slots=True)
class Declare:
    """DECLARE; a type, a default, or both."""

    source: Source
    names: tuple[str, ...]
    type: Source | None
    default: Source | None


@dataclass(frozen=True, slots=True)
class SetVariables:
    """SET of one variable, or of several from one STRUCT; a name with ``@@`` is a system variable."""

    source: Source
    names: tuple[str, ...]
    tupled: bool
    value: Source


@dataclass(frozen=True, slots=True)
class If:
    """IF and CASE WHEN: the first true condition's statements, or the last ones."""

    source: Source
    branches: tuple[tuple[Source, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """CASE with a value: the first equal one's statements, or the last ones."""

    source: Source
    value: Source
    branches: tuple[tuple[Source, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """LOOP, WHILE (``before``) and REPEAT (``after``, whose truth ends it)."""

    source: Source
    body: tuple[Statement, ...]
    before: Source | None = None
    after: Source | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class ForIn:
    """FOR … IN: the statements once per row of a query, the row a STRUCT variable."""

    source: Source
    name: str
    query: Source
    body: tuple[Statement, ...]
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """BEGIN … END, with its handler for errors if it has one."""

    source: Source
    body: tuple[Statement, ...]
    handler: tuple[Statement, ...] | None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """BREAK and LEAVE."""

    source: Source
    label: str | None


@dataclass(frozen=True, slots=True)
class Continue:
    """CONTINUE and ITERATE."""

    source: Source
    label: str | None


@dataclass(frozen=True, slots=True)
class Raise:
    """RAISE; without a message the error that is being handled."""

    source: Source
    message: Source | None


@dataclass(frozen=True, slots=True)
class Return:
    """RETURN."""

    source: Source


@dataclass(frozen=True, slots=True)
class ExecuteImmediate:
    """EXECUTE IMMEDIATE; ``using`` pairs each value with its alias."""

    source: Source
    sql: Source
    into: tuple[str, ...]
    using: tuple[tuple[Source, str | None], ...]


@dataclass(frozen=True, slots=True)
class BeginTransaction:
    """BEGIN TRANSACTION."""

    source: Source


@dataclass(frozen=True, slots=True)
class CommitTransaction:
    """COMMIT TRANSACTION."""

    source: Source


@dataclass(frozen=True, slots=True)
class RollbackTransaction:
    """ROLLBACK TRANSACTION."""

    source: Source


Statement: TypeAlias = (
    Sql
    | Declare
    | SetVariables
    | If
    | Case
    | Loop
    | ForIn
    | Block
    | Break
    | Continue
    | Raise
    | Return
    | ExecuteImmediate
    | BeginTransaction
    | CommitTransaction
    | RollbackTransaction
)
