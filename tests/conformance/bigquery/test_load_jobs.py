"""Loads from memory through Google's client: formats, schemas, dispositions, rows that do not fit."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests import googlesql
from tests.conformance import raw

JSONL = "NEWLINE_DELIMITED_JSON"
SCHEMA = [
    {"name": "day", "type": "DATE", "mode": "REQUIRED"},
    {"name": "x", "type": "INTEGER"},
    {"name": "r", "type": "RECORD", "fields": [{"name": "k", "type": "STRING"}]},
]
ROW = {"day": "2026-01-01", "x": 1, "r": {"k": "a"}}


def load(client: bigquery.Client, table: str, data: Any, **options: Any) -> bigquery.LoadJob:
    """Load rows, or a file's bytes, to the end or the error."""
    config = bigquery.LoadJobConfig(**{"source_format": JSONL, **options})
    if not isinstance(data, bytes):
        data = "\n".join(json.dumps(row) for row in data).encode()
    return client.load_table_from_file(io.BytesIO(data), table, job_config=config).result(timeout=20)


def rows(client: bigquery.Client, table: str) -> list[tuple[Any, ...]]:
    """A table's rows in order."""
    return sorted((tuple(row.values()) for row in client.query(f"SELECT * FROM `{table}`").result()), key=repr)


def parquet(folder: Path, select: str) -> bytes:
    """The Parquet file of a DuckDB SELECT."""
    file = folder / "rows.parquet"
    duckdb.connect().execute(f"COPY ({select}) TO '{file}' (FORMAT parquet)")
    return file.read_bytes()


def test_json_is_loaded_under_its_schema(client: bigquery.Client, dataset: str) -> None:
    """Nested, by name, in any order of keys; the job counts rows and bytes."""
    job = load(client, f"{dataset}.t", [{"r": {"k": "a"}, "X": "1", "day": "2026-01-01"}, ROW], schema=SCHEMA)

    assert [row[1:] for row in rows(client, f"{dataset}.t")] == [(1, {"k": "a"})] * 2
    assert (job.output_rows, job.output_bytes, job.input_files) == (2, 2 * (8 + 8 + 3), 1)
    assert [field.mode for field in client.get_table(f"{dataset}.t").schema] == ["REQUIRED", "NULLABLE", "NULLABLE"]


def test_a_load_makes_its_table_as_it_says(client: bigquery.Client, dataset: str) -> None:
    """Partitioning, clustering, labels and description of a new table are the job's."""
    partitioning = bigquery.TimePartitioning(field="day", require_partition_filter=None)
    options = {"time_partitioning": partitioning, "clustering_fields": ["x"], "destination_table_description": "told"}
    load(client, f"{dataset}.t", [ROW], schema=SCHEMA, **options)

    made = client.get_table(f"{dataset}.t")
    assert (made.time_partitioning.field, made.clustering_fields, made.description) == ("day", ["x"], "told")
    other = {"time_partitioning": bigquery.TimePartitioning(type_="MONTH", field="day")}
    with pytest.raises(exceptions.BadRequest, match=r"Expects partitioning specification interval\(type:day,field:day"):
        load(client, f"{dataset}.t", [ROW], schema=SCHEMA, **other)


def test_dispositions_hold_for_loads(client: bigquery.Client, dataset: str) -> None:
    """Appended by default; truncated, refused where rows or no table are, as asked."""
    table = f"{dataset}.t"
    load(client, table, [ROW], schema=SCHEMA)
    load(client, table, [ROW])
    assert len(rows(client, table)) == 2
    with pytest.raises(exceptions.Conflict, match="Already Exists: Table"):
        load(client, table, [ROW], write_disposition="WRITE_EMPTY")
    other = [{"name": "other", "type": "INTEGER"}]
    load(client, table, [{"other": 1}], schema=other, write_disposition="WRITE_TRUNCATE")
    assert rows(client, table) == [(1,)]
    with pytest.raises(exceptions.NotFound, match="Not found: Table"):
        load(client, f"{dataset}.none", [ROW], schema=SCHEMA, create_disposition="CREATE_NEVER")


def test_a_decorator_loads_one_partition(client: bigquery.Client, dataset: str) -> None:
    """WRITE_TRUNCATE of `t$20260101` replaces that day; rows of another day are refused."""
    table = f"{dataset}.t"
    by_day = {"time_partitioning": bigquery.TimePartitioning(field="day")}
    load(client, table, [ROW, {**ROW, "day": "2026-01-02", "x": 2}], schema=SCHEMA, **by_day)

    load(client, f"{table}$20260101", [{**ROW, "x": 9}], write_disposition="WRITE_TRUNCATE")
    assert sorted(row[1] for row in rows(client, table)) == [2, 9]
    with pytest.raises(exceptions.BadRequest, match="Some rows belong to different partitions"):
        load(client, f"{table}$20260102", [ROW], write_disposition="WRITE_TRUNCATE")
    with pytest.raises(exceptions.BadRequest, match="Partitioning specification must be provided"):
        load(client, f"{dataset}.new$20260101", [ROW], schema=SCHEMA)
    load(client, f"{dataset}.new$20260101", [ROW], schema=SCHEMA, **by_day)
    assert sorted(row[1] for row in rows(client, table)) == [2, 9]


def test_fields_are_added_and_relaxed_when_allowed(client: bigquery.Client, dataset: str) -> None:
    """ALLOW_FIELD_ADDITION at every depth and with no row at all; ALLOW_FIELD_RELAXATION; otherwise refused."""
    table = f"{dataset}.t"
    load(client, table, [ROW], schema=SCHEMA)
    inner = [{"name": "k", "type": "STRING"}, {"name": "n", "type": "INTEGER"}]
    wider = [*SCHEMA[:2], {"name": "r", "type": "RECORD", "fields": inner}, {"name": "z", "type": "STRING"}]

    with pytest.raises(exceptions.BadRequest, match=r"Cannot add fields \(field: r\.n\)"):
        load(client, table, [], schema=wider)
    load(client, table, [], schema=wider, schema_update_options=["ALLOW_FIELD_ADDITION"])
    assert [field.name for field in client.get_table(table).schema] == ["day", "x", "r", "z"]
    assert [field.name for field in client.get_table(table).schema[2].fields] == ["k", "n"]
    assert rows(client, table)[0][1:] == (1, {"k": "a", "n": None}, None)
    required = [*wider, {"name": "q", "type": "STRING", "mode": "REQUIRED"}]
    with pytest.raises(exceptions.BadRequest, match=r"Cannot add required fields to an existing schema. \(field: q\)"):
        load(client, table, [], schema=required, schema_update_options=["ALLOW_FIELD_ADDITION"])
    relaxed = [{"name": "day", "type": "DATE"}, *wider[1:]]
    with pytest.raises(exceptions.BadRequest, match="Field day has changed mode from REQUIRED to NULLABLE"):
        load(client, table, [{"x": 5}], schema=relaxed)
    load(client, table, [{"x": 5}], schema=relaxed, schema_update_options=["ALLOW_FIELD_RELAXATION"])
    assert client.get_table(table).schema[0].mode == "NULLABLE"
    options = {"write_disposition": "WRITE_TRUNCATE", "schema_update_options": ["ALLOW_FIELD_ADDITION"]}
    with pytest.raises(exceptions.BadRequest, match="should only be specified with WRITE_APPEND disposition"):
        load(client, table, [], schema=wider, **options)


def test_rows_that_do_not_fit_are_passed_over_as_many_as_allowed(client: bigquery.Client, dataset: str) -> None:
    """MaxBadRecords of them, each told in errors[]; one more and nothing is loaded."""
    table = f"{dataset}.t"
    data = [ROW, {"x": 2}, {**ROW, "y": 3}, {**ROW, "x": "no"}]

    job = load(client, table, data, schema=SCHEMA, max_bad_records=3)
    assert (job.output_rows, job.state, job.error_result) == (1, "DONE", None)
    assert raw.statistics(job)["load"]["badRecords"] == "3"
    told = [error["message"].partition("in row starting at position ")[2] for error in job.errors or ()]
    assert [text.partition(": ")[2].partition(" Field")[0] for text in told] == [
        "Missing required field: day.", "No such field: y.", "Could not convert value 'no' to int64.",
    ]  # fmt: skip

    too_many = r"JSON table encountered too many errors, giving up\. Rows: 4; errors: 3"
    with pytest.raises(exceptions.BadRequest, match=too_many):
        load(client, table, data, schema=SCHEMA, max_bad_records=2)
    assert len(rows(client, table)) == 1


def test_a_failed_load_tells_each_row(client: bigquery.Client, dataset: str) -> None:
    """ErrorResult speaks of the file, errors[] of the rows, with their place in it."""
    with pytest.raises(exceptions.BadRequest):
        load(client, f"{dataset}.t", [ROW, {**ROW, "y": 3}], schema=SCHEMA)
    failed = next(job for job in client.list_jobs(max_results=5) if job.job_type == "load")

    assert failed.error_result["reason"] == "invalid"
    assert "Please look into the errors[] collection for more details" in failed.error_result["message"]
    position = len(json.dumps(ROW)) + 1
    assert failed.errors[1]["message"] == (
        f"Error while reading data, error message: JSON parsing error in row starting at position {position}: "
        "No such field: y."
    )
    assert not client.query(f"SELECT * FROM `{dataset}.__TABLES__`").result().total_rows


def test_unknown_values_are_ignored_when_asked(client: bigquery.Client, dataset: str) -> None:
    """IgnoreUnknownValues passes over keys that no column has."""
    load(client, f"{dataset}.t", [{**ROW, "y": 3}], schema=SCHEMA, ignore_unknown_values=True)
    assert len(rows(client, f"{dataset}.t")) == 1


def test_a_schema_is_detected_in_json(client: bigquery.Client, dataset: str) -> None:
    """Types are found in the values, new ones are added when allowed; what no page settles is refused."""
    table = f"{dataset}.t"
    data = [{"a": 1, "d": "2026-01-01", "r": [{"k": 1.5}], "b": True}, {"a": 2.5, "s": "text"}]
    load(client, table, data, autodetect=True)
    assert [(field.name, field.field_type, field.mode) for field in client.get_table(table).schema] == [
        ("a", "FLOAT", "NULLABLE"), ("d", "DATE", "NULLABLE"), ("r", "RECORD", "REPEATED"),
        ("b", "BOOLEAN", "NULLABLE"), ("s", "STRING", "NULLABLE"),
    ]  # fmt: skip
    with pytest.raises(exceptions.BadRequest, match="too many errors"):
        load(client, table, [{"a": 1, "new": 1}], autodetect=True)
    added = [{"s": "1", "r": [{"n": True}]}]
    load(client, table, added, autodetect=True, schema_update_options=["ALLOW_FIELD_ADDITION"])
    assert [field.name for field in client.get_table(table).schema[2].fields] == ["k", "n"]
    for refused in ({"a": "12"}, {"a": "true"}, {"a": "10:30:00"}):
        with pytest.raises(exceptions.MethodNotImplemented, match="autodetect of the quoted value"):
            load(client, f"{dataset}.new", [refused], autodetect=True)
    with pytest.raises(exceptions.BadRequest, match="No schema specified on job or table"):
        load(client, f"{dataset}.new", [ROW])


def test_parquet_is_loaded_by_name(client: bigquery.Client, dataset: str, tmp_path: Path) -> None:
    """Every type that it shares with BigQuery; a new table gets the file's schema, lists as they are asked for."""
    file = parquet(
        tmp_path,
        "SELECT 1::BIGINT AS i, 'a' AS s, 1.5::DOUBLE AS f, DATE '2026-01-01' AS d, TRUE AS b,"
        " 2.5::DECIMAL(38, 9) AS n, {'k': 'x', 'm': 7} AS r, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS t,"
        " 'aa'::BLOB AS y",
    )
    job = load(client, f"{dataset}.t", file, source_format="PARQUET")

    kinds = [(field.name, field.field_type) for field in client.get_table(f"{dataset}.t").schema]
    assert kinds == [
        ("i", "INTEGER"), ("s", "STRING"), ("f", "FLOAT"), ("d", "DATE"), ("b", "BOOLEAN"), ("n", "NUMERIC"),
        ("r", "RECORD"), ("t", "TIMESTAMP"), ("y", "BYTES"),
    ]  # fmt: skip
    assert job.output_rows == 1
    assert rows(client, f"{dataset}.t")[0][6] == {"k": "x", "m": 7}

    swapped = parquet(tmp_path, "SELECT 'b' AS s, 2::BIGINT AS i, {'m': 8, 'k': 'y'} AS r")
    load(client, f"{dataset}.t", swapped, source_format="PARQUET")
    assert client.query(f"SELECT r.k, r.m FROM `{dataset}.t` WHERE i = 2 AND s = 'b'").result().total_rows == 1
    lists = parquet(tmp_path, "SELECT [1, 2]::BIGINT[] AS l")
    with pytest.raises(exceptions.MethodNotImplemented, match="enableListInference"):
        load(client, f"{dataset}.l", lists, source_format="PARQUET")
    inference = bigquery.format_options.ParquetOptions()
    inference.enable_list_inference = True
    load(client, f"{dataset}.l", lists, source_format="PARQUET", parquet_options=inference)
    assert rows(client, f"{dataset}.l") == [([1, 2],)]
    with pytest.raises(exceptions.BadRequest, match="not in Parquet format"):
        load(client, f"{dataset}.l", b"no parquet", source_format="PARQUET")


def test_csv_is_loaded_by_position(client: bigquery.Client, dataset: str) -> None:
    """Header, delimiter, quotes, null marker, jagged rows; too few or too many values are bad records."""
    schema = [{"name": "a", "type": "INTEGER"}, {"name": "s", "type": "STRING"}]
    options = {"source_format": "CSV", "schema": schema, "field_delimiter": ";", "null_marker": "-"}
    load(client, f"{dataset}.t", b'a;s\n1;"x;y"\n-;-\n', skip_leading_rows=1, **options)
    assert rows(client, f"{dataset}.t") == [(1, "x;y"), (None, None)]
    with pytest.raises(exceptions.BadRequest, match="CSV table encountered too many errors"):
        load(client, f"{dataset}.t", b"1\n", **options)
    load(client, f"{dataset}.t", b"1\n2;b\n1;2;3\n", **options, allow_jagged_rows=True, max_bad_records=1)
    assert len(rows(client, f"{dataset}.t")) == 4
    with pytest.raises(exceptions.MethodNotImplemented, match="autodetect of CSV"):
        load(client, f"{dataset}.new", b"1\n", source_format="CSV", autodetect=True)


def test_loads_that_read_elsewhere_are_refused(client: bigquery.Client, dataset: str) -> None:
    """There is no Cloud Storage beside this server, and none of others."""
    with pytest.raises(exceptions.MethodNotImplemented, match="Cloud Storage beside a BigQuery"):
        client.load_table_from_uri("gs://b/o", f"{dataset}.t").result()
    with pytest.raises(exceptions.MethodNotImplemented, match="a URI of s3"):
        client.load_table_from_uri("s3://b/o", f"{dataset}.t").result()


DOCUMENTS = (
    '{"b": 1, "a": [1, {"z": 1, "y": 2.50}], "B": 1e3, "c": null}',
    "[]",
    '{"": {}, "\\u00e4": "\\u00e4", "Z": true}',
    "1.0",
    "-0.0",
    "18446744073709551615",
    '"text"',
    "null",
)


@pytest.mark.parametrize("way", ["JSON", "CSV", "streaming", "parameter"])
def test_a_document_is_held_in_googlesqls_form(client: bigquery.Client, dataset: str, way: str) -> None:
    """Keys in the order of their bytes, numbers written one way, however a JSON value comes in."""
    expected = [str(googlesql.evaluate(f"SELECT JSON '''{text}'''".replace("\\", "\\\\"))[0][0]) for text in DOCUMENTS]
    schema = [bigquery.SchemaField("n", "INT64"), bigquery.SchemaField("j", "JSON")]
    table = client.create_table(bigquery.Table(f"{dataset}.t", schema=schema))
    match way:
        case "JSON":
            lines = "\n".join(f'{{"n": {n}, "j": {text}}}' for n, text in enumerate(DOCUMENTS))
            load(client, f"{dataset}.t", lines.encode(), schema=schema)
        case "CSV":
            cells = "\n".join('{},"{}"'.format(n, text.replace('"', '""')) for n, text in enumerate(DOCUMENTS))
            load(client, f"{dataset}.t", cells.encode(), source_format="CSV", schema=schema)
        case "streaming":
            assert client.insert_rows_json(table, [{"n": n, "j": text} for n, text in enumerate(DOCUMENTS)]) == []
        case _:
            for n, text in enumerate(DOCUMENTS):
                given = bigquery.ScalarQueryParameter("j", "JSON", json.loads(text))
                config = bigquery.QueryJobConfig(query_parameters=[given])
                client.query(f"INSERT INTO `{dataset}.t` (n, j) SELECT {n}, @j", job_config=config).result()

    rows = client.query(f"SELECT j FROM `{dataset}.t` ORDER BY n").result()

    assert [json.dumps(row["j"], separators=(",", ":"), ensure_ascii=False) for row in rows] == expected
