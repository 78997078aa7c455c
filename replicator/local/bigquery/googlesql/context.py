"""What a statement is analyzed against, and what one analysis gathers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from replicator.local.bigquery.googlesql.catalog import Catalog, Prune, Relation, Routines
from replicator.local.bigquery.googlesql.values import Names, Use, Value, settled
from replicator.local.bigquery.types import Type, duckdb_name


@dataclass(frozen=True, slots=True)
class Typed:
    """A value with its type: a scalar as Python's, an array as a list, a struct as a tuple or a mapping.

    Attributes:
        type: GoogleSQL's type.
        value: None for NULL.
    """

    type: Type
    value: Any


@dataclass(frozen=True, slots=True)
class Context:
    """What a statement is analyzed against.

    Attributes:
        catalog: Where tables are found.
        now: What CURRENT_TIMESTAMP answers, aware, in UTC.
        project: The job's project, put before names of two parts.
        dataset: The job's default dataset, put before names of one part.
        default_project: The default dataset's project, where it is not the job's.
        named: Parameters by name, for ``@name``.
        positional: Parameters for ``?``, in order.
        variables: A script's variables by name.
        system: System variables by name without the signs: ``row_count``, ``error.message``.
        session_user: What SESSION_USER answers.
        routines: Where functions of the user's are found.
        temporary: Names of one part that are not the default dataset's but the script's own temporary tables.
    """

    catalog: Catalog
    now: datetime
    project: str
    dataset: str | None = None
    default_project: str | None = None
    named: Mapping[str, Typed] = field(default_factory=dict)
    positional: Sequence[Typed] = ()
    variables: Mapping[str, Typed] = field(default_factory=dict)
    system: Mapping[str, Typed] = field(default_factory=dict)
    session_user: str = ""
    temporary: frozenset[str] = frozenset()
    routines: Routines | None = None


@dataclass(slots=True)
class Scan:
    """One reading of a relation.

    Attributes:
        path: The relation's full path.
        relation: The relation.
        columns: Names of the columns that the statement's text needs.
        read: Paths of the columns and fields that its result is made from.
        prune: What holds of every row that is wanted.
        exact: ``prune`` is the one condition there is, and says all of it: every row that meets it is wanted.
    """

    path: tuple[str, ...]
    relation: Relation
    columns: set[str] = field(default_factory=set)
    read: set[tuple[str, ...]] = field(default_factory=set)
    prune: list[Prune] = field(default_factory=list)
    exact: bool = False

    def sql(self) -> str:
        """The relation's own SQL, for what was asked of it."""
        return self.relation.scan(columns=frozenset(self.columns), prune=tuple(self.prune))


class Gathering:
    """What the analysis of one statement has come upon."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.names = Names()
        self.scans: list[Scan] = []
        self.positions = 0
        self.calling: list[str] = []
        self.rows_needed: set[int] = set()

    def scan(self, path: tuple[str, ...], relation: Relation) -> tuple[int, str]:
        """Register a reading of ``relation``; its number, and what stands for its SQL until ``finish``."""
        self.scans.append(Scan(path, relation))
        number = len(self.scans) - 1
        return number, f"\x01{number}\x01"

    def need(self, *values: Value) -> None:
        """The result depends on these values."""
        for value in values:
            self.read(value.uses)

    def read(self, uses: frozenset[Use]) -> None:
        """The result depends on these columns."""
        for number, path in uses:
            self.scans[number].read.add(path)

    def finish(self, sql: str) -> str:
        """``sql`` with every relation's own SQL in its place; nothing is asked of the relations before."""
        pieces = settled(sql).split("\x01")
        pieces[1::2] = [self.scans[int(number)].sql() for number in pieces[1::2]]
        return "".join(pieces)


def named(alias: str, column: str) -> str:
    """A column of a FROM item."""
    return f"{alias}.{duckdb_name(column)}"
