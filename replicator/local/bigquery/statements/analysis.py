"""The way from GoogleSQL's text to DuckDB's, through the analysis of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from replicator.local.bigquery.googlesql.catalog import Column, Prune
from replicator.local.bigquery.types import Type, duckdb_name
from replicator.names import TableRef


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


def query(
    session: Session, transaction: Transaction, text: str, frame: Frame, computed: Mapping[str, ComputedRelation]
) -> Prepared:
    """Analyse a query.

    Raises:
        BigQueryError: It is wrong, or asks for what is not modelled.
    """
    raise unmodelled("a query")


def expression(
    session: Session, transaction: Transaction, source: Source, frame: Frame, wanted: Type | None
) -> Prepared:
    """Analyse an expression."""
    raise unmodelled("an expression")


def coerced(prepared: Prepared, wanted: Sequence[tuple[str, Type]]) -> str:
    """Coerce."""
    raise unmodelled("coercion")


def runtime_error(error: duckdb.Error) -> BigQueryError:
    """Map."""
    return BigQueryError("invalidQuery", str(error))
