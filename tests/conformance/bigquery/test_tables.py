"""Datasets, tables, rows and loads through Google's client."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance import raw
from tests.conformance.bigquery.conftest import PROJECT

F = bigquery.SchemaField
ITEM = F(
    "item", "RECORD", "REPEATED", fields=(F("name", "STRING"), F("price", "NUMERIC"), F("tags", "STRING", "REPEATED"))
)


def test_a_dataset_keeps_what_was_said_of_it(client: bigquery.Client) -> None:
    """Location, labels, description and default expiration come back; a second one of the name is a conflict."""
    made = bigquery.Dataset(f"{PROJECT}.told")
    made.location = "asia-northeast1"
    made.labels = {"managed-by": "replicator"}
    made.description = "told"
    made.default_table_expiration_ms = 86_400_000
    client.create_dataset(made)

    found = client.get_dataset("told")
    assert (found.location, found.labels, found.description) == (
        "asia-northeast1",
        {"managed-by": "replicator"},
        "told",
    )
    assert found.default_table_expiration_ms == 86_400_000
    assert "told" in [each.dataset_id for each in client.list_datasets(filter="labels.managed-by:replicator")]
    with pytest.raises(exceptions.Conflict, match="Already Exists: Dataset"):
        client.create_dataset(made)
    client.delete_dataset("told")
    with pytest.raises(exceptions.NotFound, match="Not found: Dataset"):
        client.get_dataset("told")


def test_an_update_with_an_old_etag_is_refused(client: bigquery.Client, dataset: str) -> None:
    """If-Match holds: of two who read the same state only the first changes it."""
    mine, other = client.get_dataset(dataset), client.get_dataset(dataset)
    mine.description = "mine"
    other.description = "other"
    client.update_dataset(mine, ["description"])

    with pytest.raises(exceptions.PreconditionFailed):
        client.update_dataset(other, ["description"])
    assert client.get_dataset(dataset).description == "mine"


def test_rows_come_back_as_they_were_loaded(client: bigquery.Client, dataset: str) -> None:
    """Every type, nested and repeated, survives a load from memory and tabledata.list."""
    schema = [
        F("i", "INTEGER", "REQUIRED"), F("f", "FLOAT"), F("b", "BOOLEAN"), F("s", "STRING"), F("y", "BYTES"),
        F("d", "DATE"), F("t", "TIMESTAMP"), F("dt", "DATETIME"), F("tm", "TIME"), F("n", "NUMERIC"), ITEM,
    ]  # fmt: skip
    row = {
        "i": 9223372036854775807, "f": 0.1, "b": True, "s": "héllo\nworld", "y": "qgA=", "d": "2026-01-02",
        "t": "2026-01-02T03:04:05.123456Z", "dt": "2026-01-02T03:04:05", "tm": "03:04:05.5", "n": "12345.678901234",
        "item": [{"name": "a", "price": "1.5", "tags": ["x", "y"]}, {"name": None, "price": None, "tags": []}],
    }  # fmt: skip
    job = client.load_table_from_json([row, {"i": 2}], f"{dataset}.t", job_config=bigquery.LoadJobConfig(schema=schema))
    assert job.result().output_rows == 2

    first, second = sorted(client.list_rows(f"{dataset}.t"), key=lambda each: each["i"], reverse=True)
    assert first["y"] == b"\xaa\x00"
    assert first["t"] == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    assert first["d"] == date(2026, 1, 2)
    assert str(first["n"]) == "12345.678901234"
    assert [each["tags"] for each in first["item"]] == [["x", "y"], []]
    assert (second["item"], second["s"]) == ([], None)
    assert client.get_table(f"{dataset}.t").num_rows == 2


def test_a_row_that_does_not_fit_fails_the_load(client: bigquery.Client, dataset: str) -> None:
    """The message names the field, and nothing of the load is there."""
    config = bigquery.LoadJobConfig(schema=[F("i", "INTEGER", "REQUIRED")])
    for rows, message in (
        ([{"i": 1}, {"i": "x"}], "Could not convert value 'x' to int64. Field: i"),
        ([{"i": 1, "z": 2}], "No such field: z"),
        ([{}], "Missing required field: i"),
    ):
        job = client.load_table_from_json(rows, f"{dataset}.t", job_config=config)
        with pytest.raises(exceptions.BadRequest):
            job.result()
        assert message in str(job.errors)
    with pytest.raises(exceptions.NotFound):
        client.get_table(f"{dataset}.t")


def test_dispositions_append_replace_and_refuse(client: bigquery.Client, dataset: str) -> None:
    """WRITE_APPEND adds, WRITE_TRUNCATE replaces, WRITE_EMPTY refuses a table that holds rows."""

    def load(rows: list[dict[str, int]], write: str) -> None:
        config = bigquery.LoadJobConfig(schema=[F("i", "INTEGER")], write_disposition=write)
        client.load_table_from_json(rows, f"{dataset}.t", job_config=config).result()

    load([{"i": 1}], "WRITE_EMPTY")
    load([{"i": 2}], "WRITE_APPEND")
    assert client.get_table(f"{dataset}.t").num_rows == 2
    with pytest.raises(exceptions.Conflict, match="Already Exists: Table"):
        load([{"i": 3}], "WRITE_EMPTY")
    load([{"i": 4}], "WRITE_TRUNCATE")
    assert [row["i"] for row in client.list_rows(f"{dataset}.t")] == [4]


def test_a_decorator_replaces_one_partition(client: bigquery.Client, dataset: str) -> None:
    """A load into ``t$20260101`` with WRITE_TRUNCATE leaves the other partitions alone."""

    def load(rows: list[dict[str, object]], decorator: str, write: str) -> None:
        config = bigquery.LoadJobConfig(
            schema=[F("d", "DATE"), F("i", "INTEGER")],
            write_disposition=write,
            time_partitioning=bigquery.TimePartitioning(field="d"),
        )
        client.load_table_from_json(rows, f"{dataset}.t{decorator}", job_config=config).result()

    load([{"d": "2026-01-01", "i": 1}, {"d": "2026-01-02", "i": 2}], "", "WRITE_EMPTY")
    load([{"d": "2026-01-01", "i": 3}], "$20260101", "WRITE_TRUNCATE")
    assert sorted((row["d"].day, row["i"]) for row in client.list_rows(f"{dataset}.t")) == [(1, 3), (2, 2)]


def test_csv_and_parquet_are_loaded_from_memory(client: bigquery.Client, dataset: str) -> None:
    """CSV with a header by schema, Parquet by its own."""
    config = bigquery.LoadJobConfig(
        schema=[F("a", "INTEGER"), F("b", "STRING")], source_format="CSV", skip_leading_rows=1
    )
    client.load_table_from_file(io.BytesIO(b'a,b\n1,"x,y"\n,\n'), f"{dataset}.c", job_config=config).result()
    rows = sorted((tuple(row.values()) for row in client.list_rows(f"{dataset}.c")), key=str)
    assert rows == [(1, "x,y"), (None, None)]

    table = pa.table(
        {"a": pa.array([1, 2], pa.int32()), "r": [{"x": "u"}, None], "t": pa.array([0, 1], pa.timestamp("us", "UTC"))}
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    buffer.seek(0)
    client.load_table_from_file(
        buffer, f"{dataset}.p", job_config=bigquery.LoadJobConfig(source_format="PARQUET")
    ).result()
    assert [field.field_type for field in client.get_table(f"{dataset}.p").schema] == ["INTEGER", "RECORD", "TIMESTAMP"]
    assert [row["r"] for row in client.list_rows(f"{dataset}.p")] == [{"x": "u"}, None]


def test_a_large_load_is_resumable(client: bigquery.Client, dataset: str) -> None:
    """An upload in chunks arrives whole."""
    lines = "".join(json.dumps({"i": i, "s": "x" * 100}) + "\n" for i in range(20_000)).encode()
    config = bigquery.LoadJobConfig(
        schema=[F("i", "INTEGER"), F("s", "STRING")], source_format="NEWLINE_DELIMITED_JSON"
    )
    upload = io.BytesIO(lines)
    client.load_table_from_file(upload, f"{dataset}.t", job_config=config).result()
    assert client.get_table(f"{dataset}.t").num_rows == 20_000


def test_columns_are_found_in_json(client: bigquery.Client, dataset: str) -> None:
    """Autodetect takes integers, doubles, booleans, dates, timestamps, records and lists for what they are."""
    rows = [{"i": 1, "f": 1, "d": "2026-01-01", "r": {"x": [1]}}, {"f": 1.5, "b": True, "t": "2026-01-01T00:00:00Z"}]
    client.load_table_from_json(rows, f"{dataset}.t", job_config=bigquery.LoadJobConfig(autodetect=True)).result()
    kinds = {field.name: field.field_type for field in client.get_table(f"{dataset}.t").schema}
    assert kinds == {"i": "INTEGER", "f": "FLOAT", "d": "DATE", "r": "RECORD", "b": "BOOLEAN", "t": "TIMESTAMP"}


def test_streamed_rows_are_there_and_bad_ones_are_named(client: bigquery.Client, dataset: str) -> None:
    """InsertAll takes all rows or none, and says which were wrong."""
    client.create_table(bigquery.Table(f"{dataset}.t", [F("i", "INTEGER"), F("j", "JSON")]))
    assert client.insert_rows_json(f"{dataset}.t", [{"i": 1, "j": '{"a": 1}'}]) == []
    errors = client.insert_rows_json(f"{dataset}.t", [{"i": 2}, {"i": "x"}])
    assert [(error["index"], error["errors"][0]["reason"]) for error in errors] == [(0, "stopped"), (1, "invalid")]
    assert [(row["i"], row["j"]) for row in client.list_rows(f"{dataset}.t")] == [(1, {"a": 1})]


def test_list_rows_pages_and_selects(client: bigquery.Client, dataset: str) -> None:
    """Pages follow each other without gap; selected fields come in the schema's order."""
    config = bigquery.LoadJobConfig(schema=[F("a", "INTEGER"), F("b", "STRING")])
    rows = [{"a": i, "b": str(i)} for i in range(25)]
    client.load_table_from_json(rows, f"{dataset}.t", job_config=config).result()
    table = client.get_table(f"{dataset}.t")
    assert [row["a"] for row in client.list_rows(table, page_size=10)] == list(range(25))
    assert [tuple(row.values()) for row in client.list_rows(table, [F("b", "STRING")], start_index=23)] == [
        ("23",),
        ("24",),
    ]


def test_a_patch_adds_nested_fields_and_refuses_the_rest(client: bigquery.Client, dataset: str) -> None:
    """tables.patch adds NULLABLE fields at any depth; dropping a column or changing a type is refused."""
    client.create_table(bigquery.Table(f"{dataset}.t", [F("r", "RECORD", fields=(F("x", "INTEGER"),))]))
    table = client.get_table(f"{dataset}.t")
    table.schema = [F("r", "RECORD", fields=(F("x", "INTEGER"), F("y", "STRING"))), F("z", "DATE")]
    client.update_table(table, ["schema"])
    assert [field.name for field in client.get_table(f"{dataset}.t").schema[0].fields] == ["x", "y"]
    table = client.get_table(f"{dataset}.t")
    table.schema = [F("z", "DATE")]
    with pytest.raises(exceptions.BadRequest):
        client.update_table(table, ["schema"])


def test_what_is_not_part_of_the_api_is_refused_in_its_shape(client: bigquery.Client, dataset: str) -> None:
    """Unknown paths are 404, methods that are not answered 501, malformed bodies 400: always with a reason."""
    call = partial(raw.request, client)
    with pytest.raises(exceptions.NotFound):
        call(method="GET", path="/projects/acme-test/nothing/here")
    with pytest.raises(exceptions.MethodNotImplemented):
        call(method="PUT", path="/projects/acme-test/jobs", data={})
    bodies: tuple[dict[str, object], ...] = (
        {"configuration": []},
        {"configuration": {}},
        {"configuration": {"query": {"query": 1, "useLegacySql": False}}},
        {"jobReference": 1},
    )
    for body in bodies:
        with pytest.raises(exceptions.BadRequest):
            call(method="POST", path="/projects/acme-test/jobs", data=body)
    with pytest.raises(exceptions.BadRequest):
        call(
            method="POST",
            path=f"/projects/acme-test/datasets/{dataset.split('.')[1]}/tables",
            data="[",
            content_type="application/json",
        )
