"""Values that are known, written as DuckDB's SQL."""

from __future__ import annotations

from typing import Any, Final

import duckdb
import pytest

from replicator.local.bigquery.googlesql.values import BOOL, INT64, STRING, render
from replicator.local.bigquery.types import Type

ODD: Final = ("it's", '"quoted"', "\\ \\n \n\t", "", "\x03\x04\x05\x07", "ünï ✓ 𝄞", "2026-11-01", "null", "{}", "\x00")
LARGE: Final = 2**63 - 1


def array(kind: Type) -> Type:
    """An ARRAY of that type."""
    return Type("ARRAY", element=kind)


def read(value: Any, kind: Type) -> tuple[Any, ...]:
    """What DuckDB makes of the SQL: value and type."""
    [row] = duckdb.connect().execute(f"SELECT v, typeof(v) FROM (SELECT {render(value, kind)} AS v)").fetchall()
    return tuple(row)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (INT64, [0, -1, LARGE, -LARGE - 1, None]),
        (BOOL, [True, False, None]),
        (STRING, [*ODD, None]),
        (
            Type("STRUCT", fields=(("a", INT64), ("B c", STRING), ("", BOOL))),
            [(1, "x", True), (None, None, None), None],
        ),
        (Type("STRUCT", fields=(("list", array(STRING)),)), [(["a", None],), ([],), (None,)]),
    ],
)
def test_a_long_array_has_the_values_and_the_type_of_its_short_parts(kind: Type, values: list[Any]) -> None:
    """Many elements are written in another way than a few."""
    found, kind_of_it = read(values * 20, array(kind))

    assert (found, kind_of_it) == (read(values, array(kind))[0] * 20, read(values, array(kind))[1])
