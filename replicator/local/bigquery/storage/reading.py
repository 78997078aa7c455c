"""Fragments into one DuckDB SELECT, whatever the schemas they were written under."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from replicator.local.bigquery.storage.fragments import Fragment, files_of
from replicator.local.bigquery.storage.projection import column_type, empty_relation, find, literal, project
from replicator.local.bigquery.types import duckdb_name
from replicator.schema.fields import Field

# Names of the pseudo columns by which UPDATE, DELETE and MERGE say which rows they mean.
FRAGMENT: Final = "_FRAGMENT"
ROW: Final = "_ROW"


@dataclass(frozen=True, slots=True)
class PerFragment:
    """A column whose value is the same for all rows of a fragment.

    Attributes:
        type: Its DuckDB type.
        value: DuckDB SQL of a fragment's value.
    """

    type: str
    value: Callable[[Fragment], str]


ROW_POSITION: Final = PerFragment("BIGINT", lambda _: "file_row_number::BIGINT")
FRAGMENT_ID: Final = PerFragment("VARCHAR", lambda fragment: literal(str(fragment.id)))


def read(
    root: Path, fragments: Sequence[Fragment], columns: Sequence[Field], pseudo: Sequence[tuple[str, PerFragment]] = ()
) -> str:
    """A SELECT of ``columns``, then of the ``pseudo`` columns, over all rows of the fragments.

    Fragments that were written under one schema are one scan, and those of them of whose rows some were taken out one
    more.
    """
    if not fragments:
        typed = [(field.name, column_type(field)) for field in columns]
        return empty_relation([*typed, *((name, column.type) for name, column in pseudo)])
    groups: dict[tuple[object, ...], list[Fragment]] = {}
    for fragment in fragments:
        groups.setdefault((fragment.gone > 0, *_written(fragment.fields, columns)), []).append(fragment)
    return " UNION ALL ".join(_read_alike(root, group, columns, pseudo) for group in groups.values())


def _written(fields: tuple[Field, ...], columns: Sequence[Field]) -> tuple[str, ...]:
    """What decides how the columns are read: the name and type each was written with."""
    found = (find(fields, column.name) for column in columns)
    return tuple("" if field is None else f"{field.name} {column_type(field)}" for field in found)


def _read_alike(
    root: Path, fragments: Sequence[Fragment], columns: Sequence[Field], pseudo: Sequence[tuple[str, PerFragment]]
) -> str:
    fields = fragments[0].fields
    listed = []
    for column in columns:
        written = find(fields, column.name)
        at = f"f.{duckdb_name(written.name)}" if written is not None else ""
        listed.append(f"{project(at, written, column)} AS {duckdb_name(column.name)}")
    listed.extend(f"{_per_fragment(column, fragments)} AS {duckdb_name(name)}" for name, column in pseudo)
    files = files_of(root, [fragment.path for fragment in fragments])
    text = f"SELECT {', '.join(listed) or 'true AS counted'} FROM read_parquet({files}, hive_partitioning = false) AS f"
    if fragments[0].gone == 0:
        return text
    # Both lists are in one order, and DuckDB numbers the files of each from 0.
    gone = files_of(root, [fragment.gone_path for fragment in fragments])
    return (
        f"{text} ANTI JOIN read_parquet({gone}, hive_partitioning = false) AS g "
        "ON g.file_index = f.file_index AND g.position = f.file_row_number"
    )


def _per_fragment(column: PerFragment, fragments: Sequence[Fragment]) -> str:
    values = [column.value(fragment) for fragment in fragments]
    if all(value == values[0] for value in values):
        return f"({values[0]})::{column.type}"
    # DuckDB numbers the files of a list from 0; a constant list is looked into without a join.
    return f"(([{', '.join(values)}])::{column.type}[])[file_index::BIGINT + 1]"
