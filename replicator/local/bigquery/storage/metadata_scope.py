"""What metadata views have in common: where they look, what they consist of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

from replicator.local.bigquery.storage.definitions import TableDefinition
from replicator.local.bigquery.storage.overlay import Overlay
from replicator.local.bigquery.storage.states import Dataset, Table
from replicator.local.bigquery.types import Type, array

Row = Mapping[str, Any]
Wanted = Callable[[Mapping[str, str]], bool]


class Qualifier(Flag):
    """What stands before INFORMATION_SCHEMA."""

    DATASET = auto()
    REGION = auto()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a view looks.

    Attributes:
        overlay: The transaction's view.
        project: The project.
        location: Where the view is.
        datasets: The datasets that are asked about.
        columns: The names of the columns that will be read; rows may leave the others out.
        wanted: Whether rows with these values of ``table_schema`` and ``table_name`` can be wanted at all.
    """

    overlay: Overlay
    project: str
    location: str
    datasets: tuple[Dataset, ...]
    columns: frozenset[str]
    wanted: Wanted

    def tables(self) -> Iterator[Table]:
        """Tables and views that can be wanted, by dataset and name."""
        for dataset in self.datasets:
            if self.wanted({"table_schema": dataset.ref.dataset}):
                for table in self.overlay.tables(dataset.ref):
                    if self.wanted({"table_name": table.ref.table}):
                        yield table


@dataclass(frozen=True, slots=True)
class View:
    """One metadata view.

    Attributes:
        columns: Names and types in the documented order.
        qualifiers: What it may be qualified with.
        rows: Its rows in a scope, as JSON values by column; a column that is left out is NULL.
    """

    columns: tuple[tuple[str, Type], ...]
    qualifiers: Qualifier
    rows: Callable[[Scope], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class FieldsView:
    """A metadata view with a row for each field of each table.

    Attributes:
        columns: As of ``View``; the first three name the table.
        qualifiers: What it may be qualified with.
        rows: The rows of a table, without its name: tables of the same fields and layout have the same.
    """

    columns: tuple[tuple[str, Type], ...]
    qualifiers: Qualifier
    rows: Callable[[TableDefinition], Iterator[Row]]


def columns(text: str) -> tuple[tuple[str, Type], ...]:
    """``name TYPE, …``; ARRAY is one of texts."""
    pairs = (part.split() for part in text.split(","))
    return tuple((name, array(Type("STRING")) if kind == "ARRAY" else Type(kind)) for name, kind in pairs)


def named(table: Table) -> dict[str, Any]:
    """The columns that name a table."""
    return {
        "table_catalog": table.ref.project,
        "table_schema": table.ref.dataset,
        "table_name": table.ref.table,
    }
