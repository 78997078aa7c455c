"""Extract and load jobs through Google's own client: what goes out comes back."""

from __future__ import annotations

import gzip
import io
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance import raw
from tests.conformance.server.clients import Control
from tests.conformance.storage.conftest import Place

JSONL, CSV, AVRO, PARQUET = "NEWLINE_DELIMITED_JSON", "CSV", "AVRO", "PARQUET"

FLAT = """
SELECT * FROM UNNEST(ARRAY<STRUCT<
  i INT64, f FLOAT64, n NUMERIC, b BOOL, s STRING, y BYTES, d DATE, t TIME, dt DATETIME, ts TIMESTAMP>>[
  (1, 1.5, 1.5, TRUE, 'a', b'a', DATE '2026-01-31', TIME '01:02:03', DATETIME '2026-01-31 01:02:03',
   TIMESTAMP '2026-01-31 01:02:03+00'),
  (-9223372036854775808, -0.0, NUMERIC '-99999999999999999999999999999.999999999', FALSE, '', b'', DATE '0001-01-01',
   TIME '00:00:00', DATETIME '0001-01-01 00:00:00', TIMESTAMP '0001-01-01 00:00:00+00'),
  (9223372036854775807, 1e300, NUMERIC '0.000000001', NULL, 'ä, "😀"\\n<&>\\t\\\\', b'\\x00\\xff', DATE '9999-12-31',
   TIME '23:59:59.999999', DATETIME '9999-12-31 23:59:59.999999', TIMESTAMP '9999-12-31 23:59:59.999999+00'),
  (0, CAST('NaN' AS FLOAT64), 0, TRUE, 'null', b'null', DATE '1969-12-31', TIME '12:00:00.000001',
   DATETIME '1969-12-31 23:59:59.999999', TIMESTAMP '1969-12-31 23:59:59.999999+00'),
  (2, CAST('-inf' AS FLOAT64), NUMERIC '1e28', TRUE, ' a ', b' ', DATE '1970-01-01', TIME '12:00:00.1',
   DATETIME '1970-01-01 00:00:00', TIMESTAMP '1970-01-01 00:00:00.1+00'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)])
"""
_N, _P = "STRUCT<n NUMERIC>", "STRUCT<key STRING, v FLOAT64>"
_R, _E = f"STRUCT<k STRING, inner_r {_N}>", f"STRUCT<name STRING, params ARRAY<{_P}>>"
NESTED = f"""
SELECT 1 AS id, {_R}('a', {_N}(NUMERIC '1.5')) AS r, [1, 2] AS l,
  [{_E}('x', [{_P}('p', 1.0), {_P}(NULL, NULL)]), {_E}(NULL, [])] AS e
UNION ALL SELECT 2, CAST(NULL AS {_R}), ARRAY<INT64>[], ARRAY<{_E}>[]
UNION ALL SELECT 3, {_R}(NULL, NULL), [0], [{_E}('', ARRAY<{_P}>[])]
UNION ALL SELECT 4, {_R}('b', {_N}(NULL)), ARRAY<INT64>[], ARRAY<{_E}>[]
"""
JSON = """SELECT 1 AS id, JSON '{"a": [1, "<x>", null], "b": {"c": 1.5}}' AS j UNION ALL SELECT 2, JSON '[]'"""


def rows(place: Place, table: str) -> list[str]:
    """A table's rows, to be compared: NaN is equal to itself, and negative zero is none."""
    return sorted(repr(row.values()) for row in place.sql(f"SELECT * FROM `{place.dataset}.{table}`"))


def extract(place: Place, table: str, name: str, **options: Any) -> bigquery.ExtractJob:
    """Extract a table, to the end or the error."""
    config = bigquery.ExtractJobConfig(**options)
    uri = name if "://" in name else f"{place.uri}/{name}"
    job = place.bigquery.extract_table(f"{place.dataset}.{table}", uri, job_config=config, location="EU")
    return job.result(timeout=30)


def load(place: Place, table: str, *names: str, **options: Any) -> bigquery.LoadJob:
    """Load objects, to the end or the error."""
    config = bigquery.LoadJobConfig(**options)
    uris = [name if "://" in name else f"{place.uri}/{name}" for name in names]
    job = place.bigquery.load_table_from_uri(uris, f"{place.dataset}.{table}", job_config=config, location="EU")
    return job.result(timeout=30)


def made(place: Place, query: str, table: str = "t") -> list[bigquery.SchemaField]:
    """A table of a query's rows; its schema."""
    place.sql(f"CREATE TABLE `{place.dataset}.{table}` AS {query}")
    return list(place.bigquery.get_table(f"{place.dataset}.{table}").schema)


def lists() -> bigquery.format_options.ParquetOptions:
    """Parquet's lists are arrays."""
    options = bigquery.format_options.ParquetOptions()
    options.enable_list_inference = True
    return options


WAYS = [
    (CSV, FLAT, {}, {"skip_leading_rows": 1, "allow_quoted_newlines": True}),
    (CSV, FLAT, {"compression": "GZIP", "field_delimiter": "\t", "print_header": False},
     {"field_delimiter": "\t", "allow_quoted_newlines": True}),
    (CSV, JSON, {"print_header": False}, {}),
    (JSONL, FLAT, {}, {}),
    (JSONL, NESTED, {"compression": "GZIP"}, {}),
    (JSONL, JSON, {}, {}),
    (AVRO, FLAT, {"use_avro_logical_types": True}, {"use_avro_logical_types": True}),
    (AVRO, NESTED, {"compression": "SNAPPY"}, {}),
    (AVRO, NESTED, {"compression": "DEFLATE"}, {}),
    (AVRO, JSON, {}, {}),
    (PARQUET, FLAT, {}, {}),
    (PARQUET, NESTED, {"compression": "ZSTD"}, {"parquet_options": lists()}),
    (PARQUET, NESTED, {"compression": "GZIP"}, {"parquet_options": lists()}),
    (PARQUET, NESTED, {"compression": "SNAPPY"}, {"parquet_options": lists()}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "query", "writing", "reading"), WAYS)
def test_what_is_extracted_loads_to_the_same_rows(
    place: Place, kind: str, query: str, writing: dict[str, Any], reading: dict[str, Any]
) -> None:
    """Every type, NULL and empty arrays included, in every format that can hold it; text formats with the schema."""
    schema = made(place, query)

    extracted = extract(place, "t", "x", destination_format=kind, **writing)
    given = {} if kind in (AVRO, PARQUET) else {"schema": schema}
    loaded = load(place, "back", "x", source_format=kind, **given, **reading)

    assert rows(place, "back") == rows(place, "t")
    assert [(each.name, each.field_type) for each in place.bigquery.get_table(loaded.destination).schema] == [
        (each.name, each.field_type) for each in schema
    ]
    assert list(extracted.destination_uri_file_counts) == [1]
    size = place.bucket.get_blob("x").size
    count = len(rows(place, "t"))
    assert (loaded.input_files, loaded.input_file_bytes, loaded.output_rows) == (1, size, count)


def test_files_are_what_others_read(place: Place) -> None:
    """The very text of JSON and CSV; Avro and Parquet by libraries that know nothing of BigQuery."""
    made(
        place,
        "SELECT 1 AS i, 'a<b' AS s, TIMESTAMP '2026-01-02 03:04:05+00' AS t, [1.5] AS l, NULL AS x, "
        "STRUCT(1.0 AS f) AS r",
    )
    extract(place, "t", "x.json", destination_format=JSONL)
    assert place.get("x.json") == (b'{"i":"1","s":"a\\u003cb","t":"2026-01-02 03:04:05 UTC","l":[1.5],"r":{"f":1.0}}\n')
    made(place, "SELECT '' AS empty, CAST(NULL AS STRING) AS none, 'a,\"b' AS both, b'a' AS y, TRUE AS b", "flat")
    extract(place, "flat", "x.csv")
    assert place.get("x.csv") == b'empty,none,both,y,b\n"",,"a,""b",YQ==,true\n'
    extract(place, "flat", "x.csv.gz", compression="GZIP", field_delimiter="|", print_header=False)
    assert gzip.decompress(place.get("x.csv.gz")) == b'""||"a,""b"|YQ==|true\n'

    extract(place, "t", "x.avro", destination_format=AVRO)
    reader = fastavro.reader(io.BytesIO(place.get("x.avro")))
    assert reader.writer_schema["fields"][2] == {"name": "t", "type": ["null", "long"]}
    micros = 1_767_323_045_000_000
    assert list(reader) == [{"i": 1, "s": "a<b", "t": micros, "l": [1.5], "x": None, "r": {"f": 1.0}}]
    extract(place, "t", "x.parquet", destination_format=PARQUET)
    table = pq.read_table(io.BytesIO(place.get("x.parquet")))
    assert table.schema.field("t").type == pa.timestamp("us", "UTC")
    assert table.select(["i", "s", "l", "x", "r"]).to_pylist() == [
        {"i": 1, "s": "a<b", "l": [1.5], "x": None, "r": {"f": 1.0}}
    ]


def test_files_of_others_are_read(place: Place) -> None:
    """Avro's maps, enums, fixed and logical types as the page says; without them, what they are made of."""
    schema = {"type": "record", "name": "r", "fields": [
        {"name": "m", "type": {"type": "map", "values": "long"}},
        {"name": "e", "type": {"type": "enum", "name": "color", "symbols": ["RED"]}},
        {"name": "x", "type": ["null", {"type": "fixed", "name": "two", "size": 2}]},
        {"name": "d", "type": {"type": "int", "logicalType": "date"}},
        {"name": "t", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}]},
        {"name": "n", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
    ]}  # fmt: skip
    row = {"m": {"a": 1}, "e": "RED", "x": b"ab", "d": 1, "t": 2_000_001, "n": 150}
    file = io.BytesIO()
    fastavro.writer(file, schema, [{**row, "n": b"\x00\x96"}])
    place.put("x.avro", file.getvalue())

    load(place, "raw", "x.avro", source_format=AVRO)
    assert [
        tuple(each.values()) for each in place.sql(f"SELECT m[0].value, e, x, d, t, n * 2 FROM `{place.dataset}.raw`")
    ] == [(1, "RED", b"ab", 1, 2_000_001, 3)]
    load(place, "t", "x.avro", source_format=AVRO, use_avro_logical_types=True)
    fields = place.bigquery.get_table(f"{place.dataset}.t").schema
    assert [(each.field_type, each.mode) for each in fields] == [
        ("RECORD", "REPEATED"), ("STRING", "REQUIRED"), ("BYTES", "NULLABLE"), ("DATE", "REQUIRED"),
        ("TIMESTAMP", "NULLABLE"), ("NUMERIC", "REQUIRED"),
    ]  # fmt: skip
    [moment] = place.sql(f"SELECT UNIX_MICROS(x.t), CAST(x.d AS STRING) FROM `{place.dataset}.t` AS x")
    assert moment.values() == (2_000_001, "1970-01-02")
    for bad, wrong in ((b"no avro", "failed to parse the header"), (file.getvalue()[:-9], "failed to read data")):
        place.put("bad.avro", bad)
        with pytest.raises(exceptions.BadRequest, match=wrong):
            load(place, "t", "bad.avro", source_format=AVRO, use_avro_logical_types=True)
    with pytest.raises(exceptions.BadRequest, match="Field d has changed type from DATE to INTEGER"):
        load(place, "t", "x.avro", source_format=AVRO)


def test_wildcards_name_shards_and_find_them(place: Place, control: Control) -> None:
    """Numbered from 000000000000, all rows in one of them; without a * more than one file's worth is refused."""
    made(place, "SELECT * FROM UNNEST(GENERATE_ARRAY(1, 100)) AS n")
    control.post("/unsettled", {"extract_file_bytes": 300})

    job = extract(place, "t", "a/part-*.json", destination_format=JSONL)
    names = [f"a/part-{number:012}.json" for number in range(3)]
    assert (place.names(), list(job.destination_uri_file_counts)) == (names, [3])
    with pytest.raises(exceptions.BadRequest, match="too large to be exported to a single file"):
        extract(place, "t", "one.json", destination_format=JSONL)
    place.put("a/b/part-x.json", '{"n": 101}')
    place.put("a/part-x.jsonl", "no")
    schema = [bigquery.SchemaField("n", "INT64")]
    loaded = load(place, "back", "a/*.json", source_format=JSONL, schema=schema)
    assert (loaded.input_files, loaded.output_rows) == (4, 101)
    for uris, wrong in ((["none*"], exceptions.NotFound), (["a/*", "none"], exceptions.NotFound)):
        with pytest.raises(wrong, match="Not found: U"):
            load(place, "back", *uris, source_format=JSONL)
    for uri in ("a/*/*", "gs://*/a", "gs://b", "gs:///a"):
        with pytest.raises(exceptions.BadRequest, match="Invalid Google Cloud Storage URI"):
            load(place, "back", uri)


def test_files_cross_locations(place: Place) -> None:
    """Loads and extracts work between any two locations."""
    made(place, "SELECT 1 AS n")
    bucket = place.storage.create_bucket(f"{place.bucket.name}-asia", location="asia-east1")
    extract(place, "t", f"gs://{bucket.name}/x")
    load(place, "t", f"gs://{bucket.name}/x", skip_leading_rows=1)
    assert rows(place, "t") == ["(1,)", "(1,)"]
    with pytest.raises(exceptions.NotFound, match="Bucket nobodys"):
        extract(place, "t", "gs://nobodys/x")


def test_walls_when_files_are_co_located(place: Place, control: Control) -> None:
    """A bucket elsewhere is refused in BigQuery's words; a region within takes part, and US reads everywhere."""
    made(place, "SELECT 1 AS n")
    control.post("/unsettled", {"files_across_locations": False})
    for location, works in (("US", False), ("europe-west1", True), ("asia-east1", False)):
        bucket = place.storage.create_bucket(f"{place.bucket.name}-{location.lower()}", location=location)
        uri = f"gs://{bucket.name}/x"
        bucket.blob("x").upload_from_string("1")
        if works:
            extract(place, "t", uri)
            load(place, "t", uri, skip_leading_rows=1)
            continue
        with pytest.raises(exceptions.BadRequest, match=f"locations: source: {location}, destination: EU"):
            load(place, "t", uri)
        with pytest.raises(exceptions.BadRequest, match=f"locations: source: EU, destination: {location}"):
            extract(place, "t", uri)


def test_a_partition_is_extracted_and_replaced_alone(place: Place) -> None:
    """By its decorator on either side."""
    place.sql(
        f"CREATE TABLE `{place.dataset}.t` PARTITION BY d AS SELECT d, 1 AS n "
        "FROM UNNEST([DATE '2026-01-01', DATE '2026-01-02']) AS d"
    )
    job = extract(place, "t$20260102", "x.json", destination_format=JSONL)
    assert (place.get("x.json"), raw.statistics(job)["extract"]["inputBytes"]) == (
        b'{"d":"2026-01-02","n":"1"}\n',
        "16",
    )
    place.put("y.json", '{"d": "2026-01-02", "n": 7}\n')
    load(place, "t$20260102", "y.json", source_format=JSONL, write_disposition="WRITE_TRUNCATE")
    assert rows(place, "t") == ["(datetime.date(2026, 1, 1), 1)", "(datetime.date(2026, 1, 2), 7)"]
    made(place, "SELECT 1 AS n", "plain")
    with pytest.raises(exceptions.BadRequest, match="not partitioned"):
        extract(place, "plain$20260102", "x.json")


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"destination_format": CSV}, "nested schema. Field: r"),
        ({"destination_format": JSONL, "field_delimiter": ";"}, "Only exports to CSV may specify a field delimiter"),
        ({"destination_format": JSONL, "compression": "SNAPPY"}, "compressed by one of NONE, GZIP, not SNAPPY"),
        ({"destination_format": AVRO, "compression": "GZIP"}, "compressed by one of"),
        ({"destination_format": PARQUET, "compression": "DEFLATE"}, "compressed by one of"),
        ({"destination_format": "ML_TF_SAVED_MODEL"}, "destination format ML_TF_SAVED_MODEL is not modelled"),
    ],
)
def test_what_a_format_cannot_do_is_refused(place: Place, options: dict[str, Any], wrong: str) -> None:
    """Nothing is written then."""
    made(place, NESTED)
    with pytest.raises((exceptions.BadRequest, exceptions.MethodNotImplemented), match=wrong):
        extract(place, "t", "x", **options)
    assert place.names() == []


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        (b'1,"a\nb"\n2,c\n', {"allow_quoted_newlines": True}, [(1, "a\nb"), (2, "c")]),
        (b'1,a\n,\n2,""\n', {}, [(1, "a"), (2, ""), (None, None)]),
        (b"1;'a;''b'\r\n2;\"\r\n", {"field_delimiter": ";", "quote_character": "'"}, [(1, "a;'b"), (2, '"')]),
        (b'1\t"a"\n', {"field_delimiter": "\t", "quote_character": ""}, [(1, '"a"')]),
        (b"1,NA\nNA,\n", {"null_marker": "NA"}, [(1, None), (None, "")]),
        (b"h1,h2\n\n1,a,b\n", {"skip_leading_rows": 1, "ignore_unknown_values": True}, [(1, "a")]),
        (b"1\n2,b", {"allow_jagged_rows": True}, [(1, None), (2, "b")]),
        ("1,ä\n".encode("latin-1"), {"encoding": "ISO-8859-1"}, [(1, "ä")]),
        ("\ufeff1,ä\n".encode("utf-16-le"), {"encoding": "UTF-16LE"}, [(1, "ä")]),
        (b"1,\xff\n", {}, [(1, "\ufffd")]),
    ],
)  # fmt: skip
def test_csv_is_read_as_its_options_say(
    place: Place, data: bytes, options: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    """Quotes, markers, delimiters, headers, encodings."""
    schema = [bigquery.SchemaField("n", "INT64"), bigquery.SchemaField("s", "STRING")]
    place.put("x.csv", data)
    load(place, "t", "x.csv", schema=schema, **options)
    assert rows(place, "t") == sorted(map(repr, expected))


def test_bad_records_are_counted_over_all_files(place: Place) -> None:
    """Each told with its file, as many as allowed, then nothing is loaded."""
    schema = [bigquery.SchemaField("n", "INT64")]
    for number, data in enumerate(("1\nx\n", '2\n"3\n', "4,5\n6\n")):
        place.put(f"{number}.csv", data)
    job = load(place, "t", "*.csv", schema=schema, max_bad_records=3)
    assert (job.output_rows, raw.statistics(job)["load"]["badRecords"]) == (3, "3")
    told = [(each["location"][-5:], each["message"].partition("message: ")[2]) for each in job.errors or ()]
    assert [(name, fact.partition(" Row starting")[0]) for name, fact in told] == [
        ("0.csv", "Could not convert value 'x' to int64. Field: n; Value: x"),
        ("1.csv", 'Missing close quote character (").'),
        ("2.csv", "Too many values in line: 2 for 1 columns."),
    ]
    with pytest.raises(exceptions.BadRequest, match="CSV table encountered too many errors"):
        load(place, "t", "*.csv", schema=schema, max_bad_records=2)
    assert len(rows(place, "t")) == 3


@pytest.mark.parametrize("kind", [CSV, JSONL, AVRO])
def test_a_document_that_is_null_is_no_null(place: Place, kind: str) -> None:
    """JSON's null stays a document, and a missing one stays missing."""
    schema = made(
        place, "SELECT 1 AS id, JSON 'null' AS j UNION ALL SELECT 2, NULL UNION ALL SELECT 3, JSON '\"null\"'"
    )
    extract(place, "t", "x", destination_format=kind, print_header=False if kind == CSV else None)
    load(place, "back", "x", source_format=kind, **({} if kind == AVRO else {"schema": schema}))
    told = place.sql(f"SELECT TO_JSON_STRING(j), j IS NULL FROM `{place.dataset}.back` ORDER BY id")
    assert [row.values() for row in told] == [("null", False), ("null", True), ('"null"', False)]


@pytest.mark.parametrize("kind", [CSV, JSONL, AVRO, PARQUET])
def test_a_table_without_rows_is_one_file(place: Place, kind: str) -> None:
    """With or without a wildcard, and it loads to no rows."""
    schema = made(place, "SELECT 1 AS n LIMIT 0")
    job = extract(place, "t", "x-*", destination_format=kind)
    assert (place.names(), list(job.destination_uri_file_counts)) == (["x-000000000000"], [1])
    given: dict[str, Any] = {"schema": schema} if kind in (CSV, JSONL) else {}
    given |= {"skip_leading_rows": 1} if kind == CSV else {}
    loaded = load(place, "back", "x-*", source_format=kind, **given)
    assert (loaded.output_rows, place.bigquery.get_table(loaded.destination).schema) == (0, schema)


@pytest.mark.parametrize("kind", ["ORC", "DATASTORE_BACKUP"])
def test_formats_that_are_not_modelled_are_refused_by_name(place: Place, kind: str) -> None:
    """And so are options, and decimals that become what the local cloud does not have."""
    place.put("x", b"")
    with pytest.raises(exceptions.MethodNotImplemented, match=kind):
        load(place, "t", "x", source_format=kind)
    with pytest.raises(exceptions.MethodNotImplemented, match="hivePartitioningOptions"):
        load(place, "t", "x", hive_partitioning=_hive())
    file = io.BytesIO()
    pq.write_table(pa.table({"n": pa.array([None], pa.decimal128(38, 20))}), file)
    place.put("d.parquet", file.getvalue())
    for targets in ((), ("NUMERIC", "BIGNUMERIC"), ("STRING",)):
        with pytest.raises(exceptions.MethodNotImplemented, match=r"the decimal n of 38 digits|n as a BIGNUMERIC"):
            load(place, "t", "d.parquet", source_format=PARQUET, decimal_target_types=targets)


def _hive() -> bigquery.HivePartitioningOptions:
    options = bigquery.HivePartitioningOptions()
    options.mode = "AUTO"
    return options


def test_json_comes_compressed_and_in_several_files(place: Place) -> None:
    """Compression is seen in the file and not in its name; fields are found in all of them."""
    place.put("a", gzip.compress(b'{"n": 1}\n'))
    place.put("b", b'{"n": 2.5, "s": "x"}')
    job = load(place, "t", "a", "b", source_format=JSONL, autodetect=True)
    assert rows(place, "t") == ["(1.0, None)", "(2.5, 'x')"]
    assert raw.statistics(job)["load"]["inputFiles"] == "2"


def test_a_view_and_a_missing_table_are_not_extracted(place: Place) -> None:
    """In the words of other jobs."""
    place.sql(f"CREATE VIEW `{place.dataset}.v` AS SELECT 1 AS n")
    with pytest.raises(exceptions.BadRequest, match="because it is a VIEW"):
        extract(place, "v", "x")
    with pytest.raises(exceptions.NotFound, match="Not found: Table"):
        extract(place, "none", "x")


def test_faults_and_holds_meet_extract_jobs(place: Place, control: Control) -> None:
    """As they meet the jobs of every other kind."""
    made(place, "SELECT 1 AS n")
    control.fault("job_fails", {"job_kind": "EXTRACT"}, reason="backendError", when="commit")
    with pytest.raises(exceptions.InternalServerError):
        place.bigquery.extract_table(f"{place.dataset}.t", f"{place.uri}/x", retry=None, location="EU").result(
            retry=None
        )
    assert place.names() == []
