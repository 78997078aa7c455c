"""The port through which queries see tables.

Whoever stores tables implements ``Catalog`` and ``Relation``; the analysis of a query asks for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeAlias

from replicator.local.bigquery.types import Type

Constant: TypeAlias = bool | int | float | Decimal | str | bytes | date | datetime | time


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a relation offers.

    Attributes:
        name: As the table spells it.
        type: Its type; a REPEATED column's is an array.
        pseudo: It is not part of ``*``: ``_TABLE_SUFFIX``, ``_PARTITIONTIME``, ``_PARTITIONDATE``.
    """

    name: str
    type: Type
    pseudo: bool = False


class Operator(StrEnum):
    """How a column is compared with a constant."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``column operator constant``, true of every row that is wanted.

    Attributes:
        column: The column's name, as the relation spells it.
        operator: The comparison.
        constant: Of the Python type of the column's: ``date`` for DATE, ``datetime`` for DATETIME (naive) and
            TIMESTAMP (in UTC), ``str`` for STRING, ``int`` for INT64; None for IS NULL and IS NOT NULL.
    """

    column: str
    operator: Operator
    constant: Constant | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these holds of every row that is wanted."""

    conditions: tuple[Prune, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds of every row that is wanted."""

    conditions: tuple[Prune, ...]


Prune: TypeAlias = Comparison | AllOf | AnyOf


class Relation(Protocol):
    """A table, a wildcard, a metadata view, or a view of the user's."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns in the order of ``*``, pseudo columns behind them."""
        ...

    @property
    def prunable(self) -> frozenset[str]:
        """The names of the columns whose comparisons with constants leave fragments unread."""
        ...

    def scan(self, *, columns: frozenset[str], prune: Sequence[Prune]) -> str:
        """A parenthesised DuckDB SELECT that yields exactly ``columns``, each in the DuckDB type of its type.

        Args:
            columns: Names of columns, as the relation spells them; none asks for the number of rows only, and the
                SELECT then yields one column of any name.
            prune: Hold of every row that is wanted. Leaving out others is allowed; the query filters them anyway.

        Raises:
            BigQueryError: The relation refuses to be read that way (``require_partition_filter``, …).
        """
        ...


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the user's, written in SQL.

    Attributes:
        name: As messages call it.
        parameters: Names and types; None for ANY TYPE.
        returns: The type that was stated, None where the body says it.
        body: An expression; of a table function a query.
        tabular: It is called in FROM.
        project: Whose names its body's tables begin with; None for the job's.
    """

    name: str
    parameters: tuple[tuple[str, Type | None], ...]
    returns: Type | None
    body: str
    tabular: bool = False
    project: str | None = None


class Routines(Protocol):
    """Names to functions of the user's, at one moment."""

    def function(self, path: tuple[str, ...]) -> Function | None:
        """The function of that name; None where there is none.

        Args:
            path: As it was written: one part is a temporary function's name.
        """
        ...


class Catalog(Protocol):
    """Names to relations, at one moment."""

    def relation(self, path: tuple[str, ...], *, system_time: datetime | None = None) -> Relation:
        """The relation of that name.

        Args:
            path: Two parts or more, project first: ``('p', 'ds', 't')``, ``('p', 'ds', 'events_*')``,
                ``('p', 'region-eu', 'INFORMATION_SCHEMA', 'TABLES')``,
                ``('p', 'ds', 'INFORMATION_SCHEMA', 'COLUMNS')``.
                A name of one part is asked for as it stands, ``('t',)``: a temporary table, or not found.
            system_time: FOR SYSTEM_TIME AS OF.

        Raises:
            BigQueryError: notFound, accessDenied, or notImplemented for what is not modelled.
        """
        ...
