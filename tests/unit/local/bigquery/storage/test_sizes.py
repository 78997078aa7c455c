"""Logical sizes, against the same count in plain Python over the rows that were put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replicator.local.bigquery.storage.footers import measure
from replicator.local.bigquery.storage.projection import column_type
from replicator.local.bigquery.types import duckdb_name
from replicator.schema.fields import Field, Mode
from tests.unit.local.bigquery.storage.bench import DATASET, Bench, integer, record, records, text

FIXED: Final = {"INTEGER": 8, "FLOAT": 8, "NUMERIC": 16, "BOOLEAN": 1, "DATE": 8, "TIMESTAMP": 8}
VALUES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "INTEGER": st.integers(-(2**63), 2**63 - 1),
    "FLOAT": st.sampled_from([0.0, 1.5, -2e300]),
    "NUMERIC": st.sampled_from(["0", "1.000000001", "-99999999999999999999999999999"]),
    "BOOLEAN": st.booleans(),
    "DATE": st.sampled_from(["0001-01-01", "2026-11-21"]),
    "TIMESTAMP": st.sampled_from(["2026-11-21 12:00:00+00", "1969-12-31 23:59:59.999999+00"]),
    "STRING": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
}
SCALARS = st.builds(
    Field, st.just("x"), st.sampled_from(sorted(VALUES)), st.sampled_from([Mode.NULLABLE, Mode.REPEATED])
)


def of_fields(children: st.SearchStrategy[Field]) -> st.SearchStrategy[tuple[Field, ...]]:
    """Fields named a, b and c."""
    return st.lists(children, min_size=1, max_size=3).map(
        lambda some: tuple(Field("abc"[i], f.type, f.mode, f.fields) for i, f in enumerate(some))
    )


FIELDS = of_fields(
    st.recursive(
        SCALARS,
        lambda children: st.builds(
            Field, st.just("x"), st.just("RECORD"), st.sampled_from([Mode.NULLABLE, Mode.REPEATED]), of_fields(children)
        ),
        max_leaves=8,
    )
)


def one(field: Field) -> st.SearchStrategy[Any]:
    if field.type != "RECORD":
        return VALUES[field.type]
    return st.fixed_dictionaries({child.name: value(child) for child in field.fields})


def value(field: Field) -> st.SearchStrategy[Any]:
    if field.mode is Mode.REPEATED:
        return st.none() | st.lists(one(field), max_size=3)
    return st.none() | one(field)


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[Field, ...], list[dict[str, Any]]]:
    fields = draw(FIELDS)
    row = st.fixed_dictionaries({field.name: value(field) for field in fields})
    return fields, draw(st.lists(row, min_size=1, max_size=4))


def counted(rows: Sequence[Mapping[str, Any] | None], fields: Sequence[Field]) -> Iterator[int]:
    """The size of each leaf, by BigQuery's table of data types."""
    for field in fields:
        held: list[Any] = [row[field.name] for row in rows if row is not None]
        if field.mode is Mode.REPEATED:
            held = [item for items in held for item in items or ()]
        if field.type == "RECORD":
            yield from counted(held, field.fields)
        elif field.type == "STRING":
            yield sum(2 + len(item.encode()) for item in held if item is not None)
        else:
            yield sum(FIXED[field.type] for item in held if item is not None)


def sizes_of(bench: Bench, name: str) -> list[int]:
    with bench.store.statement() as transaction:
        (fragment,) = transaction.overlay.fragments(transaction.table(DATASET.table(name)))
        return fragment.leaf_bytes()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_the_size_of_every_leaf_is_that_of_its_values(
    bench: Bench, table: tuple[tuple[Field, ...], list[dict[str, Any]]]
) -> None:
    """NULL counts nothing, an array its elements, a record its fields, at every depth."""
    fields, rows = table
    name = f"t{bench.clock().timestamp():.3f}".replace(".", "_")
    kinds = ", ".join(f"{duckdb_name(field.name)} {column_type(field)}" for field in fields)
    source = f"rows_of_{name}"
    bench.connection.execute(f"CREATE TEMP TABLE {source} ({kinds})")
    marks = ", ".join("?" * len(fields))
    bench.connection.executemany(
        f"INSERT INTO {source} VALUES ({marks})", [[row[field.name] for field in fields] for row in rows]
    )

    bench.append(bench.create(name, *fields), f"FROM {source}")

    assert sizes_of(bench, name) == list(counted(rows, fields))


def test_sizes_of_many_row_groups_and_pages_add_up(bench: Bench) -> None:
    """A large fragment has several of both."""
    ref = bench.create("t", integer("i"), text("s"), records("r", text("s"), record("in", text("s"))))
    texts = "CASE WHEN i % 7 = 0 THEN NULL ELSE repeat('é', (i % 50)::BIGINT) END"
    array = (
        f"CASE WHEN i % 5 = 0 THEN [] ELSE [{{'s': {texts}, 'in': {{'s': i::VARCHAR}}}}, {{'s': 'x', 'in': NULL}}] END"
    )
    bench.append(ref, f"SELECT i, {texts}, {array}::{column_type(records('r', text('s'), record('in', text('s'))))} "
                      "FROM range(300_000) r(i)")  # fmt: skip

    lengths = [2 + 2 * (i % 50) for i in range(300_000) if i % 7]
    within = [2 + 2 * (i % 50) for i in range(300_000) if i % 7 and i % 5]
    filled = [i for i in range(300_000) if i % 5]
    expected = [8 * 300_000, sum(lengths), sum(within) + 3 * len(filled), sum(2 + len(str(i)) for i in filled)]
    assert sizes_of(bench, "t") == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("FORMAT parquet, COMPRESSION uncompressed", "not written as lengths and texts"),
        ("FORMAT csv", "no Parquet file"),
    ],
)
def test_a_file_that_is_written_otherwise_is_refused(bench: Bench, tmp_path: Path, options: str, message: str) -> None:
    """Sizes are never guessed."""
    path = tmp_path / "file"
    bench.connection.execute(f"COPY (SELECT 'a' AS s FROM range(100)) TO '{path}' ({options})")

    with pytest.raises(ValueError, match=message):
        measure(path, (text("s"),))
    with pytest.raises(ValueError, match=r"1 columns, and its schema 2 leaves|no Parquet file"):
        measure(path, (text("s"), text("t")))
