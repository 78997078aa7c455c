"""Queries of GoogleSQL carried out by the local engine, without a server: analyzed, then run on DuckDB in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import duckdb

from replicator.local.bigquery import bignumerics
from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import Analyzed, analyze_query
from replicator.local.bigquery.googlesql.catalog import Column, Prune
from replicator.local.bigquery.googlesql.context import Context, Typed
from replicator.local.bigquery.googlesql.runtime_errors import map_runtime_error
from replicator.local.bigquery.googlesql.values import render
from replicator.local.bigquery.types import Type, duckdb_name, duckdb_type

NOW: Final = datetime(2026, 11, 21, 9, 30, 15, 250_000, tzinfo=UTC)


@dataclass
class TestTable:
    """A table with its rows, each a sequence in the order of the columns; it remembers how it was read."""

    __test__ = False

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]] = ()
    prunable: frozenset[str] = frozenset()
    asked: list[tuple[frozenset[str], tuple[Prune, ...]]] = field(default_factory=list)

    def scan(self, *, columns: frozenset[str], prune: Sequence[Prune]) -> str:
        """All rows, pruned or not."""
        self.asked.append((columns, tuple(prune)))
        shown = [(index, column) for index, column in enumerate(self.columns) if column.name in columns]
        names = ", ".join(duckdb_name(column.name) for _, column in shown) or "one"
        rows = [", ".join(render(row[index], column.type) for index, column in shown) or "1" for row in self.rows]
        if not rows:
            nulls = ", ".join(f"CAST(NULL AS {duckdb_type(column.type)})" for _, column in shown) or "1"
            return f"(SELECT * FROM (VALUES ({nulls})) AS v({names}) WHERE false)"
        return f"(SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) AS v({names}))"


def table(columns: Mapping[str, Type], rows: Sequence[Sequence[Any]] = (), prunable: Sequence[str] = ()) -> TestTable:
    """A table of these columns; one whose name begins with an underscore is a pseudo column."""
    made = tuple(Column(name, kind, pseudo=name.startswith("_")) for name, kind in columns.items())
    return TestTable(made, rows, frozenset(prunable))


@dataclass(frozen=True)
class TestCatalog:
    """Tables by the last part of their names."""

    __test__ = False

    tables: Mapping[str, TestTable]

    def relation(self, path: tuple[str, ...], *, system_time: datetime | None = None) -> TestTable:
        """The table, or not found; it has no past."""
        del system_time
        if path[-1] not in self.tables:
            reason = "notFound"
            raise BigQueryError(reason, f"Not found: Table {path[0]}:{'.'.join(path[1:])} was not found in location EU")
        return self.tables[path[-1]]


def context(tables: Mapping[str, TestTable] | None = None, **given: Typed) -> Context:
    """A context with these tables, and ``given`` as named parameters."""
    return Context(TestCatalog(tables or {}), NOW, "acme", "ds", named=given)


def run(sql: str, tables: Mapping[str, TestTable] | None = None, **given: Typed) -> list[tuple[Any, ...]]:
    """The rows of a query as plain Python values, as ``tests.googlesql.evaluate`` has them."""
    return rows_of(analyze_query(sql, context(tables, **given)))


def rows_of(analyzed: Analyzed) -> list[tuple[Any, ...]]:
    """What an analyzed query yields.

    Raises:
        BigQueryError: It fails while it runs.
    """
    names = [f"z{index}" for index in range(len(analyzed.columns))]
    kinds = [kind for _, kind in analyzed.columns]
    shown = ", ".join(_fetchable(name, kind) for name, kind in zip(names, kinds, strict=True))
    try:
        rows = _connection().execute(f"SELECT {shown} FROM ({analyzed.sql}) AS z({', '.join(names)})").fetchall()
    except duckdb.Error as error:
        raise map_runtime_error(error) from error
    return [tuple(_value(cell, kind) for cell, kind in zip(row, kinds, strict=True)) for row in rows]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _has_timestamp(kind: Type) -> bool:
    children = [child for _, child in kind.fields] + ([kind.element] if kind.element is not None else [])
    return kind.name == "TIMESTAMP" or any(_has_timestamp(child) for child in children)


def _fetchable(sql: str, kind: Type) -> str:
    # DuckDB's Python client needs one more package to hand over timestamps with time zones.
    if not _has_timestamp(kind):
        return sql
    if kind.element is not None:
        return f"list_transform({sql}, lambda e: {_fetchable('e', kind.element)})"
    if kind.name == "STRUCT":
        members = ", ".join(
            f"f{index} := {_fetchable(f'struct_extract({sql}, {index})', child)}"
            for index, (_, child) in enumerate(kind.fields, 1)
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({members}) END"
    return f"epoch_us({sql})"


def _value(cell: Any, kind: Type) -> Any:
    if cell is None:
        return None
    if kind.element is not None:
        return [_value(element, kind.element) for element in cell]
    match kind.name:
        case "STRUCT":
            return tuple(_value(inner, child) for inner, (_, child) in zip(cell.values(), kind.fields, strict=True))
        case "TIMESTAMP":
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=cell)
        case "BIGNUMERIC":
            return bignumerics.value_of(cell)
        case _:
            return cell
