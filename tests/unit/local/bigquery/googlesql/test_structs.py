"""Structs go by position, as GoogleSQL's do; DuckDB's go by name, and would swap values."""

from __future__ import annotations

import pytest

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.analysis import analyze_query, coerce
from replicator.local.bigquery.types import Type, array, struct
from tests.googlesql_engine import context, rows_of, run, table

INT64, STRING, FLOAT64 = Type("INT64"), Type("STRING"), Type("FLOAT64")
XY = struct(("x", INT64), ("y", INT64))
YX = struct(("y", INT64), ("x", INT64))
TABLES = {
    "one": table({"s": XY, "l": array(XY)}, [((1, 2), [(3, 4)])]),
    "two": table({"s": YX, "l": array(YX)}, [((5, 6), [(7, 8)])]),
}


def test_a_union_takes_fields_by_position() -> None:
    """The second table's y stands where the first one's x does, alone and within arrays."""
    sql = "SELECT s.x, s.y, l[OFFSET(0)].x AS lx FROM (SELECT s, l FROM one UNION ALL SELECT s, l FROM two) ORDER BY 1"

    assert run(sql, TABLES) == [(1, 2, 3), (5, 6, 7)]


def test_a_union_of_records_that_do_not_fit_is_refused_with_both_types() -> None:
    """Two orders of fields of different types have nothing in common."""
    other = {
        "one": table({"s": struct(("x", INT64), ("y", STRING))}),
        "two": table({"s": struct(("y", STRING), ("x", INT64))}),
    }

    with pytest.raises(BigQueryError) as refusal:
        run("SELECT s FROM one UNION ALL SELECT s FROM two", other)

    assert refusal.value.message.startswith(
        "Column 1 in UNION ALL has incompatible types: STRUCT<x INT64, y STRING>, STRUCT<y STRING, x INT64>"
    )


def test_an_insert_takes_fields_by_position() -> None:
    """What is written into x is what stood first."""
    analyzed = analyze_query("SELECT s, l FROM two", context(TABLES), coerced_to=[XY, array(XY)])

    assert analyzed.columns == (("s", XY), ("l", array(XY)))
    assert rows_of(analyzed) == [((5, 6), [(7, 8)])]


def test_an_insert_of_a_narrower_record_is_refused() -> None:
    """A field that is missing is not made up."""
    narrow = {"t": table({"s": struct(("x", INT64))})}

    with pytest.raises(
        BigQueryError, match="Query column 1 has type STRUCT<x INT64> which cannot be inserted into column s"
    ):
        analyze_query("SELECT s FROM t", context(narrow), coerced_to=[XY])


def test_an_insert_of_too_few_columns_is_refused() -> None:
    """The number of columns is part of the shape."""
    with pytest.raises(BigQueryError, match="wrong column count; Has 1, expected 2"):
        analyze_query("SELECT 1", context(), coerced_to=[INT64, INT64])


def test_records_are_rebuilt_by_name_at_every_depth() -> None:
    """The way in which a buffer is brought to another order of fields: nothing is lost, nothing swapped, NULL stays."""
    deep = struct(("key", STRING), ("value", struct(("i", INT64), ("s", STRING))))
    rows = [([("a", (1, "p")), ("b", None)], (1, 2)), ([], None)]
    sql = """
    SELECT
      ARRAY(SELECT AS STRUCT IF(e.value IS NULL, NULL, STRUCT(e.value.s AS s, e.value.i AS i)) AS value, e.key AS key
        FROM UNNEST(params) AS e WITH OFFSET AS o ORDER BY o) AS params,
      IF(s IS NULL, NULL, STRUCT(s.y AS y, s.x AS x)) AS s
    FROM t
    """

    assert run(sql, {"t": table({"params": array(deep), "s": XY}, rows)}) == [
        ([(("p", 1), "a"), (None, "b")], (2, 1)),
        ([], None),
    ]


def test_a_null_array_is_an_empty_column() -> None:
    """Within a record it stays NULL until the record is written: queries tell the two apart."""
    sql = "SELECT CAST(NULL AS ARRAY<INT64>) AS a, STRUCT(CAST(NULL AS ARRAY<STRING>) AS b, 1 AS c) AS s"

    assert run(sql) == [([], (None, 1))]


def test_an_array_with_a_null_element_is_not_written() -> None:
    """BigQuery's own error, with the column or the path of the field."""
    for sql, field in {
        "SELECT ARRAY_AGG(x) AS a FROM UNNEST([1, NULL]) AS x": "a",
        "SELECT STRUCT(1 AS i, [1, NULL] AS a) AS s": "s.a",
        "SELECT [STRUCT([1] AS a), STRUCT([1, NULL] AS a)] AS s": "s.a",
        "SELECT s FROM (SELECT STRUCT(STRUCT([x, NULL] AS a) AS r) AS s FROM UNNEST([1, 2]) AS x)": "s.r.a",
        "SELECT e AS s FROM UNNEST([STRUCT([1, NULL] AS a)]) AS e": "s.a",
        "SELECT ARRAY(SELECT AS STRUCT [x, NULL] AS a FROM UNNEST([1]) AS x) AS s": "s.a",
    }.items():
        with pytest.raises(BigQueryError, match=f"Array cannot have a null element; error in writing field {field}$"):
            run(sql)
    assert run("SELECT (SELECT AS STRUCT ARRAY_LENGTH(a) AS n FROM (SELECT [1, NULL] AS a)) AS s") == [((2,),)]
    assert run("SELECT [STRUCT([1, 2] AS a), STRUCT(NULL)] AS s") == [([([1, 2],), (None,)],)]


def test_a_value_is_coerced_to_the_column_it_is_assigned_to() -> None:
    """Widening by type, structs by position; anything else is refused."""
    assert "CAST(v AS DOUBLE)" in coerce("v", INT64, FLOAT64)
    assert coerce("v", XY, XY) == "v"
    with pytest.raises(BigQueryError, match="Value has type FLOAT64 which cannot be assigned to INT64"):
        coerce("v", FLOAT64, INT64)
