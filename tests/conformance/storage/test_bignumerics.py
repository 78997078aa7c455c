"""BIGNUMERIC values in tables and files, through Google's own client."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance.storage.conftest import Place
from tests.conformance.storage.test_files import AVRO, CSV, JSONL, PARQUET, extract, load

LARGEST = Decimal("578960446186580977117854925043439539266.34992332820282019728792003956564819967")
LEAST = LARGEST.copy_negate()
SMALLEST = Decimal("1e-38")
VALUES = (Decimal("1.5"), LARGEST, LEAST, SMALLEST.copy_negate(), Decimal(0), None)
WIDE = "STRUCT<w BIGNUMERIC, l ARRAY<BIGNUMERIC>>"


def literal(value: Decimal | None) -> str:
    """As GoogleSQL writes it."""
    return "CAST(NULL AS BIGNUMERIC)" if value is None else f"BIGNUMERIC '{value:f}'"


def asked(place: Place, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What a query answers."""
    config = bigquery.QueryJobConfig(query_parameters=parameters, default_dataset=place.dataset)
    return [row.values() for row in place.bigquery.query(sql, job_config=config, location="EU").result()]


@pytest.fixture
def filled(place: Place) -> Place:
    """A dataset with a table ``t`` of all values, numbered."""
    rows = ", ".join(f"({number}, {literal(value)})" for number, value in enumerate(VALUES))
    asked(place, f"CREATE TABLE t (id INT64, w BIGDECIMAL); INSERT INTO t VALUES {rows}")
    return place


def test_what_is_stored_comes_back_and_sorts_and_joins(filled: Place) -> None:
    """To the last digit, in the order of the numbers, from files that know no such type."""
    assert asked(filled, "SELECT id, w FROM t ORDER BY id") == list(enumerate(VALUES))
    ordered = [value for (value,) in asked(filled, "SELECT w FROM t WHERE w < 2e38 OR w > 5e38 ORDER BY w DESC")]
    assert ordered == sorted((value for value in VALUES if value is not None), reverse=True)
    assert asked(filled, "SELECT MIN(w), MAX(w), SUM(w), COUNT(DISTINCT w) FROM t") == [
        (LEAST, LARGEST, Decimal("1.49999999999999999999999999999999999999"), 5)
    ]
    assert asked(filled, "SELECT a.id, b.id FROM t AS a JOIN (SELECT id, w + 0 AS w FROM t) AS b USING (w)") == [
        (number, number) for number in range(5)
    ]
    [field] = [field for field in filled.bigquery.get_table(f"{filled.dataset}.t").schema if field.name == "w"]
    told = asked(filled, "SELECT data_type FROM INFORMATION_SCHEMA.COLUMNS WHERE column_name = 'w'")
    assert (field.field_type, told) == ("BIGNUMERIC", [("BIGNUMERIC",)])
    listed = filled.bigquery.list_rows(f"{filled.dataset}.t")
    assert sorted(row.values() for row in listed) == list(enumerate(VALUES))


def test_tables_are_changed_by_it(filled: Place) -> None:
    """UPDATE, MERGE and DELETE with parameters; a type that is widened; nested ones in arrays."""
    one = bigquery.ScalarQueryParameter("one", "BIGNUMERIC", LARGEST)
    assert asked(filled, "SELECT @one = w, @one FROM t WHERE id = 1", one) == [(True, LARGEST)]
    asked(filled, "UPDATE t SET w = w / 2 WHERE w = @one", one)
    asked(filled, "MERGE t USING (SELECT 4 AS id, 7 AS n) AS n ON t.id = n.id WHEN MATCHED THEN UPDATE SET w = n.n")
    asked(filled, "DELETE FROM t WHERE w IS NULL OR w BETWEEN -1 AND 0")
    half = Decimal("289480223093290488558927462521719769633.17496166410141009864396001978282409984")
    assert asked(filled, "SELECT w FROM t ORDER BY id") == [(Decimal("1.5"),), (half,), (LEAST,), (7,)]
    asked(filled, "CREATE TABLE numbers AS SELECT 1 AS i, NUMERIC '-0.1' AS n")
    for column in "in":
        asked(filled, f"ALTER TABLE numbers ALTER COLUMN {column} SET DATA TYPE BIGNUMERIC")
    assert asked(filled, "SELECT i, n FROM numbers") == [(1, Decimal("-0.1"))]
    given = f"ARRAY<{WIDE}>[(1, [BIGNUMERIC '2', {literal(Decimal(-1))}]), (NULL, [])]"
    asked(filled, f"CREATE TABLE nested (s ARRAY<{WIDE}>); INSERT INTO nested VALUES ({given})")
    told = asked(filled, "SELECT e.w, l FROM nested, nested.s AS e, e.l AS l ORDER BY l DESC")
    assert told == [(1, 2), (1, -1)]


def test_a_wildcard_reads_it_and_no_text_in_its_place(place: Place) -> None:
    """It is held as a text, and is none: tables that differ in that do not go together."""
    asked(place, "CREATE TABLE w_1 AS SELECT BIGNUMERIC '1' AS w; CREATE TABLE w_2 AS SELECT BIGNUMERIC '2' AS w")
    assert asked(place, "SELECT SUM(w) FROM `w_*`") == [(3,)]
    asked(place, "CREATE TABLE w_0 AS SELECT 'x' AS w")
    with pytest.raises(exceptions.BadRequest, match="Cannot read field of type BIGNUMERIC as STRING"):
        asked(place, "SELECT w FROM `w_*`")
    with pytest.raises(exceptions.BadRequest, match="type STRING"):
        asked(place, "INSERT INTO w_1 SELECT w FROM w_0")


@pytest.mark.parametrize("kind", [CSV, JSONL, AVRO])
def test_files_carry_it(filled: Place, kind: str) -> None:
    """What is extracted is loaded again, all digits of it; Avro states precision and scale."""
    extract(filled, "t", "x", destination_format=kind, print_header=False if kind == CSV else None)
    schema = filled.bigquery.get_table(f"{filled.dataset}.t").schema
    given: dict[str, Any] = {"decimal_target_types": ["BIGNUMERIC"]} if kind == AVRO else {"schema": schema}
    load(filled, "back", "x", source_format=kind, **given)
    assert filled.bigquery.get_table(f"{filled.dataset}.back").schema[1].field_type == "BIGNUMERIC"
    assert asked(filled, "SELECT id, w FROM back ORDER BY id") == list(enumerate(VALUES))
    if kind == AVRO:
        written = fastavro.reader(io.BytesIO(filled.get("x"))).writer_schema
        assert written["fields"][1]["type"][1] | {"precision": 77, "scale": 38} == written["fields"][1]["type"][1]


def test_rows_are_streamed_and_what_is_no_such_value_is_refused(place: Place) -> None:
    """More digits than there are, are rounded; Parquet is refused by name."""
    asked(place, f"CREATE TABLE t (w BIGNUMERIC, s {WIDE})")
    rows: list[dict[str, Any]] = [{"w": "1e-38", "s": {"w": "-5e-39", "l": [1, "2.5"]}}, {"w": LARGEST}]
    table = place.bigquery.get_table(f"{place.dataset}.t")
    assert place.bigquery.insert_rows_json(table, [{**row, "w": str(row["w"])} for row in rows]) == []
    told = asked(place, "SELECT w, s.w AS v, s.l[SAFE_OFFSET(1)] FROM t ORDER BY w")
    assert told == [(SMALLEST, SMALLEST.copy_negate(), Decimal("2.5")), (LARGEST, None, None)]
    [refused] = place.bigquery.insert_rows_json(table, [{"w": "1e39"}])
    assert refused["errors"][0]["reason"] == "invalid"
    with pytest.raises(exceptions.MethodNotImplemented, match="the BIGNUMERIC column w in Parquet"):
        extract(place, "t", "x", destination_format=PARQUET)


@pytest.mark.parametrize("digits", [38, 39])
def test_parquet_decimals_of_many_digits_are_refused(place: Place, digits: int) -> None:
    """At any depth, and also those that DuckDB would read as numbers of another type."""
    rows = pa.array([{"d": Decimal("0.5")}], pa.struct([("d", pa.decimal256(digits, 30))]))
    file = io.BytesIO()
    pq.write_table(pa.table({"s": rows}), file)
    place.put("x.parquet", file.getvalue())

    with pytest.raises(exceptions.MethodNotImplemented, match="the Parquet decimal d"):
        load(place, "t", "x.parquet", source_format=PARQUET, decimal_target_types=["BIGNUMERIC"])
