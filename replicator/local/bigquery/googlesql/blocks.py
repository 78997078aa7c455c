"""Queries before they are text: columns with their values, and how the text is made once those are settled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from replicator.local.bigquery.googlesql.scope import Name
from replicator.local.bigquery.googlesql.values import Value
from replicator.local.bigquery.types import duckdb_name


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a query yields; without a name, it can be seen but not asked for."""

    name: str
    value: Value


Order: TypeAlias = tuple[str, str]
"""What rows are ordered by, and how: ``DESC NULLS LAST``."""

Render: TypeAlias = Callable[[Sequence[str], str], str]
"""(the columns with their names, the ORDER BY clause or nothing) to a SELECT."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A query.

    Attributes:
        columns: What it yields.
        render: Makes the text.
        orders: Its ORDER BY.
        limited: Whether its order decides which rows it yields.
        value_table: Its one column is the row itself: SELECT AS STRUCT, AS VALUE.
        single: It has no FROM: one row, the same each time.
        transparent: Its rows are those of its FROM clause, and conditions on its columns are conditions there.
        head: Its WITH clause.
    """

    columns: tuple[Column, ...]
    render: Render
    orders: tuple[Order, ...] = ()
    limited: bool = False
    value_table: bool = False
    single: bool = False
    transparent: bool = False
    head: str = ""

    def text(self, sqls: Sequence[str] | None = None, names: Sequence[str] | None = None) -> str:
        """The SELECT, with other values for its columns where they were coerced."""
        given = [column.value.sql for column in self.columns] if sqls is None else sqls
        called = names or [f"c{index}" for index in range(1, len(given) + 1)]
        shown = [f"{sql} AS {duckdb_name(name)}" for sql, name in zip(given, called, strict=True)]
        order = ", ".join(f"{what} {how}" for what, how in self.orders)
        return self.head + self.render(shown, f" ORDER BY {order}" if order else "")

    def listed(self) -> tuple[str, str]:
        """A SELECT of ``c1`` with what orders the rows beside it, and the ORDER BY for an aggregate over it."""
        shown = [f"{self.columns[0].value.sql} AS c1"]
        shown += [f"{what} AS o{index}" for index, (what, _) in enumerate(self.orders, 1)]
        order = ", ".join(f"{what} {how}" for what, how in self.orders)
        within = f" ORDER BY {order}" if order and self.limited else ""
        outside = ", ".join(f"o{index} {how}" for index, (_, how) in enumerate(self.orders, 1))
        return self.head + self.render(shown, within), f" ORDER BY {outside}" if outside else ""

    def names(self, alias: str) -> tuple[Name, ...]:
        """The columns as a FROM item's, under ``alias``."""
        return tuple(
            Name(column.name, self._seen(f"{alias}.c{index}", column.value))
            for index, column in enumerate(self.columns, 1)
        )

    def _seen(self, sql: str, value: Value) -> Value:
        return Value(
            sql,
            value.type,
            uses=value.uses,
            path=value.path,
            full=value.full,
            column=value.column if self.transparent else None,
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a query as a list.

    Attributes:
        sql: DuckDB's SQL of the list; an element is the one column, or a struct of ``c1`` and so on.
        columns: What the query yields; the SQL of a column is that of an element.
        value: The list as an array, where there is one column.
        value_table: Its one column is the row itself.
        most: How many rows there may be, where that is known.
        direct: The value of the one column of the one row, where there is no more.
    """

    sql: str
    columns: tuple[Column, ...]
    value: Value
    value_table: bool = False
    most: int | None = None
    direct: Value | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """A WITH table: its name in DuckDB's SQL and its query."""

    name: str
    draft: Draft


@dataclass(frozen=True, slots=True)
class With:
    """The WITH tables that can be seen, by their names in lower case; ``lists`` are seen by other lists alone."""

    tables: Mapping[str, Shared] = field(default_factory=dict)
    lists: Mapping[str, Listing] = field(default_factory=dict)

    def adding(self, name: str, shared: Shared) -> With:
        """These and one more."""
        return replace(self, tables={**self.tables, name.lower(): shared})

    def listing(self, name: str, listing: Listing) -> With:
        """These and one more that is a list."""
        return replace(self, lists={**self.lists, name.lower(): listing})
