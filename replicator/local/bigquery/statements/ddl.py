"""What a DDL statement says.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from replicator.local.bigquery.statements.cursor import Source
from replicator.local.bigquery.statements.types_parser import ColumnOption
from replicator.local.bigquery.types import Type
from replicator.schema.fields import Field

Options: TypeAlias = tuple[tuple[str, Source], ...]
Path: TypeAlias = tuple[str, ...]


class Existing(Enum):
    """What CREATE does about a thing of that name that is there already."""

    REFUSED = "plain CREATE"
    KEPT = "IF NOT EXISTS"
    REPLACED = "OR REPLACE"


@dataclass(frozen=True, slots=True)
class PartitionBy:
    """PARTITION BY.

    Attributes:
        column: The column, or ``None`` for the ingestion time.
        unit: HOUR, DAY, MONTH or YEAR; empty for integer ranges.
        bounds: Start, end and interval of integer ranges, still expressions.
        function: The function around the column, or empty.
    """

    column: str | None
    unit: str
    function: str = ""
    bounds: tuple[Source, Source, Source] | None = None


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE, with a query or without."""

    path: Path
    existing: Existing
    temporary: bool
    columns: tuple[Field, ...] | None
    column_options: tuple[ColumnOption, ...]
    like: Path | None
    partition: PartitionBy | None
    cluster: tuple[str, ...]
    options: Options
    query: Source | None


class Copying(Enum):
    """How a table is made of another one."""

    COPY = "CREATE TABLE … COPY"
    CLONE = "CREATE TABLE … CLONE"
    SNAPSHOT = "CREATE SNAPSHOT TABLE … CLONE"


@dataclass(frozen=True, slots=True)
class CreateCopy:
    """CREATE TABLE … COPY or CLONE, and CREATE SNAPSHOT TABLE; ``moment`` is FOR SYSTEM_TIME AS OF."""

    path: Path
    existing: Existing
    copying: Copying
    source: Path
    moment: Source | None
    options: Options


@dataclass(frozen=True, slots=True)
class CreateView:
    """CREATE VIEW, and CREATE MATERIALIZED VIEW."""

    path: Path
    existing: Existing
    columns: tuple[str, ...] | None
    options: Options
    query: Source
    materialized: bool = False


@dataclass(frozen=True, slots=True)
class CreateSchema:
    """CREATE SCHEMA."""

    path: Path
    existing: Existing
    options: Options


@dataclass(frozen=True, slots=True)
class DropSchema:
    """DROP SCHEMA; ``cascade`` drops the tables with it."""

    path: Path
    if_exists: bool
    cascade: bool


@dataclass(frozen=True, slots=True)
class DropTable:
    """DROP TABLE, SNAPSHOT TABLE, VIEW and MATERIALIZED VIEW; ``kind`` is the second word of them, as it stands."""

    path: Path
    kind: str
    if_exists: bool


@dataclass(frozen=True, slots=True)
class CreateFunction:
    """CREATE FUNCTION and CREATE TABLE FUNCTION, in SQL.

    Attributes:
        path: Its name.
        existing: What happens when the name is taken.
        temporary: It is the script's own.
        tabular: It is called in FROM.
        parameters: Names and types; None for ANY TYPE.
        returns: The type that is stated, if one is.
        options: Its OPTIONS.
        body: The expression, or a table function's query.
    """

    path: Path
    existing: Existing
    temporary: bool
    tabular: bool
    parameters: tuple[tuple[str, Type | None], ...]
    returns: Type | None
    options: Options
    body: Source


@dataclass(frozen=True, slots=True)
class DropFunction:
    """DROP FUNCTION and DROP TABLE FUNCTION."""

    path: Path
    tabular: bool
    if_exists: bool


@dataclass(frozen=True, slots=True)
class AddColumns:
    """ALTER TABLE … ADD COLUMN; each column with whether IF NOT EXISTS stands before it."""

    path: Path
    if_exists: bool
    columns: tuple[tuple[Field, bool], ...]
    column_options: tuple[ColumnOption, ...]


@dataclass(frozen=True, slots=True)
class DropColumns:
    """ALTER TABLE … DROP COLUMN; each name with whether IF EXISTS stands before it."""

    path: Path
    if_exists: bool
    columns: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class RenameColumns:
    """ALTER TABLE … RENAME COLUMN; old and new names, each with whether IF EXISTS stands before it."""

    path: Path
    if_exists: bool
    columns: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class SetDataType:
    """ALTER TABLE … ALTER COLUMN … SET DATA TYPE; ``type`` is a field of that type."""

    path: Path
    if_exists: bool
    column: str
    missing_is_fine: bool
    type: Field


@dataclass(frozen=True, slots=True)
class AlterColumn:
    """ALTER TABLE … ALTER COLUMN … DROP NOT NULL."""

    path: Path
    if_exists: bool
    column: str
    missing_is_fine: bool


@dataclass(frozen=True, slots=True)
class SetOptions:
    """ALTER TABLE, VIEW or SCHEMA … SET OPTIONS."""

    path: Path
    kind: str
    if_exists: bool
    options: Options


Reshaping: TypeAlias = DropColumns | RenameColumns | SetDataType
Creation: TypeAlias = CreateTable | CreateCopy | CreateView | CreateSchema | CreateFunction
Ddl: TypeAlias = Creation | DropSchema | DropTable | DropFunction | AddColumns | Reshaping | AlterColumn | SetOptions
