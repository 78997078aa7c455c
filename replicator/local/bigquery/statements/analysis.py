"""The way from GoogleSQL's text to DuckDB's, through the analysis of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from replicator.local.bigquery.googlesql.catalog import Column, Prune
from replicator.local.bigquery.types import Type, duckdb_name
from replicator.names import TableRef

_DEEPEST_VIEW = 16


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query that has been analysed.

    Attributes:
        sql: DuckDB's.
        columns: Names and types.
        bytes: Logical bytes of the columns it reads, in the partitions that are left after pruning.
        tables: What it reads.
    """

    sql: str
    columns: tuple[tuple[str, Type], ...]
    bytes: int
    tables: tuple[TableRef, ...]


class ComputedRelation:
    """What a statement has computed into a DuckDB table, as a relation."""

    def __init__(self, table: str, columns: Sequence[tuple[str, Type]]) -> None:
        self._table = table
        self.columns = tuple(Column(name, kind) for name, kind in columns)
        self.prunable: frozenset[str] = frozenset()
        self.referenced: tuple[TableRef, ...] = ()

    def scan(self, *, columns: frozenset[str], prune: Sequence[Prune]) -> str:
        """A SELECT of these columns."""
        del prune
        names = ", ".join(duckdb_name(name) for name in sorted(columns)) or "1 AS one"
        return f"(SELECT {names} FROM {self._table})"

    def logical_bytes(self, columns: frozenset[str] | None, prune: Sequence[Prune]) -> int:
        """Nothing: what it was computed from has been counted."""
        del columns, prune
        return 0


class ViewSubquery:
    """A view, as the subquery that it stands for."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self.columns = tuple(Column(name, kind) for name, kind in prepared.columns)
        self.prunable: frozenset[str] = frozenset()
        self.referenced = prepared.tables

    def scan(self, *, columns: frozenset[str], prune: Sequence[Prune]) -> str:
        """A SELECT of these columns."""
        del prune
        names = ", ".join(duckdb_name(name) for name in sorted(columns)) or "1 AS one"
        return f"(SELECT {names} FROM ({self._prepared.sql}))"

    def logical_bytes(self, columns: frozenset[str] | None, prune: Sequence[Prune]) -> int:
        """What the view's query reads."""
        del columns, prune
        return self._prepared.bytes


def query(
    session: Session, transaction: Transaction, text: str, frame: Frame, computed: Mapping[str, ComputedRelation]
) -> Prepared:
    """Analyse a query.

    Raises:
        BigQueryError: It is wrong, or asks for what is not modelled.
    """
    del session, transaction, text, frame, computed
    what = "a query"
    raise unmodelled(what)


def expression(
    session: Session, transaction: Transaction, source: Source, frame: Frame, wanted: Type | None
) -> Prepared:
    """Analyse an expression as a query of one row and one column."""
    del session, transaction, source, frame, wanted
    what = "an expression"
    raise unmodelled(what)


def coerced(prepared: Prepared, wanted: Sequence[tuple[str, Type]]) -> str:
    """A SELECT whose columns are these, matched by position."""
    del prepared, wanted
    what = "coercion"
    raise unmodelled(what)


def runtime_error(error: duckdb.Error) -> BigQueryError:
    """DuckDB's error in BigQuery's words."""
    return BigQueryError(reason="invalidQuery", message=str(error), location="query")
