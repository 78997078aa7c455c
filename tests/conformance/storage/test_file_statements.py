"""EXPORT DATA and LOAD DATA through Google's own client; GoogleSQL takes what is taken here."""

from __future__ import annotations

import fastavro
import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance import raw
from tests.conformance.server.clients import Control
from tests.conformance.storage.conftest import Place


def values(place: Place, table: str) -> list[tuple[object, ...]]:
    """A table's rows in the order of their first column."""
    return [row.values() for row in place.sql(f"SELECT * FROM `{place.dataset}.{table}` ORDER BY 1")]


def test_a_query_is_exported_in_its_order(place: Place, control: Control) -> None:
    """Over all files, which begin with a header if that was said; the job counts files and rows."""
    control.post("/unsettled", {"extract_file_bytes": 100})
    query = "SELECT n, CONCAT('a', CAST(n AS STRING)) AS `s` FROM UNNEST(GENERATE_ARRAY(1, 9)) AS n ORDER BY n DESC"
    options = f"uri = '{place.uri}/x-*.csv', format = 'CSV', header = TRUE, field_delimiter = ';'"

    job = place.bigquery.query(f"EXPORT DATA OPTIONS ({options}) AS {query}", location="EU")
    job.result()

    names = place.names()
    assert names == [f"x-{number:012}.csv" for number in range(len(names))]
    assert len(names) > 1
    lines = [line for name in names for line in place.get(name).decode().splitlines()]
    assert [line for line in lines if line != "n;s"] == [f"{n};a{n}" for n in range(9, 0, -1)]
    assert lines.count("n;s") == len(names)
    told = raw.statistics(job)["query"]
    assert (job.statement_type, told["exportDataStatistics"]) == (
        "EXPORT_DATA", {"fileCount": str(len(names)), "rowCount": "9"},
    )  # fmt: skip


def test_what_is_there_is_written_over_only_when_asked(place: Place) -> None:
    """And only what has the same name goes."""
    text = "EXPORT DATA OPTIONS (uri = '{}/x*', format = 'CSV', overwrite = {}) AS SELECT {} AS n"
    place.put("x-kept", b"")
    with pytest.raises(exceptions.BadRequest, match="is not empty"):
        place.sql(text.format(place.uri, "FALSE", 1))
    for n in (1, 2):
        place.sql(text.format(place.uri, "TRUE", n))
    assert (place.names(), place.get("x000000000000")) == (["x-kept", "x000000000000"], b"2\n")


def test_avro_and_parquet_are_exported_and_loaded(place: Place) -> None:
    """LOAD DATA makes a table of what files tell themselves; a script may do both, with its variables."""
    place.sql(f"""
        DECLARE place STRING DEFAULT '{place.uri}/a';
        EXPORT DATA OPTIONS (uri = CONCAT(place, '*.avro'), format = 'AVRO', use_avro_logical_types = TRUE,
          compression = 'SNAPPY') AS SELECT DATE '2026-01-01' AS d, [1, 2] AS l;
        EXPORT DATA OPTIONS (uri = CONCAT(place, '*.parquet'), format = 'PARQUET') AS SELECT 1 AS d, ['a'] AS l;
        LOAD DATA INTO `{place.dataset}.a` FROM FILES (format = 'AVRO', uris = [CONCAT(place, '*.avro')],
          enable_logical_types = TRUE);
        LOAD DATA INTO `{place.dataset}.p` FROM FILES (format = 'PARQUET', uris = [CONCAT(place, '*.parquet')],
          enable_list_inference = TRUE);
    """)
    assert [(str(day), numbers) for day, numbers in values(place, "a")] == [("2026-01-01", [1, 2])]
    assert values(place, "p") == [(1, ["a"])]
    with place.bucket.blob("a000000000000.avro").open("rb") as file:
        assert fastavro.reader(file).codec == "snappy"


def test_load_data_makes_appends_and_overwrites(place: Place) -> None:
    """With columns, partitioning, clustering and options of its own, and the options of files."""
    place.put("x.csv", "d;n\n2026-01-01;1\n2026-01-02;-\n")
    options = "skip_leading_rows = 1, field_delimiter = ';', null_marker = '-'"
    files = f"FROM FILES (format = 'CSV', uris = ['{place.uri}/x*'], {options})"
    text = f"LOAD DATA {{}} `{place.dataset}.t` (d DATE NOT NULL, n INT64) PARTITION BY d CLUSTER BY n {{}}"
    job = place.bigquery.query(text.format("INTO", f"OPTIONS (description = 'told') {files}"), location="EU")
    job.result()

    table = place.bigquery.get_table(f"{place.dataset}.t")
    assert (table.time_partitioning.field, table.clustering_fields, table.description) == ("d", ["n"], "told")
    assert [n for _, n in values(place, "t")] == [1, None]
    told = raw.statistics(job)["query"]["loadQueryStatistics"]
    assert (job.statement_type, told["inputFiles"], told["outputRows"], told["badRecords"]) == (
        "LOAD_DATA", "1", "2", "0",
    )  # fmt: skip
    place.sql(text.format("INTO", files))
    assert len(values(place, "t")) == 4
    place.sql(text.format("OVERWRITE", files))
    assert len(values(place, "t")) == 2
    job = place.bigquery.query(text.format("INTO", files.replace("skip_leading_rows = 1, ", "")), job_retry=None)
    with pytest.raises(exceptions.BadRequest, match="CSV table encountered too many errors"):
        job.result()
    assert "Could not convert value 'd' to date" in job.errors[1]["message"]


@pytest.mark.parametrize(
    ("text", "error", "wrong"),
    [
        ("EXPORT DATA OPTIONS (uri = '{uri}/x', format = 'CSV') AS SELECT 1 AS n", "BadRequest", "wildcard URI"),
        ("EXPORT DATA OPTIONS (uri = '{uri}/x*') AS SELECT 1 AS n", "BadRequest", "Option format is required"),
        ("EXPORT DATA OPTIONS (uri = '{uri}/x*', format = 'ORC') AS SELECT 1", "MethodNotImplemented", "format ORC"),
        ("EXPORT DATA OPTIONS (uri = '{uri}/x*', format = 'CSV') AS SELECT [1] AS n", "BadRequest", "nested schema"),
        (
            "EXPORT DATA OPTIONS (uri = '{uri}/x*', format = 'CSV') AS SELECT 1 AS n, 2 AS N", "BadRequest",
            "Duplicate column names in the result",
        ),
        (
            "EXPORT DATA WITH CONNECTION `p.eu.c` OPTIONS (uri = '{uri}/x*', format = 'CSV') AS SELECT 1 AS n",
            "MethodNotImplemented", "WITH CONNECTION",
        ),
        ("LOAD DATA INTO {table} FROM FILES (format = 'CSV', uris = [])", "BadRequest", "Option uris is required"),
        ("LOAD DATA INTO {table} FROM FILES (format = 'CSV', uris = ['{uri}/none'])", "NotFound", "Not found: URI"),
        (
            "LOAD DATA INTO {table} FROM FILES (format = 'CSV', uris = ['{uri}/x'], hive_partition_uri_prefix = 'a')",
            "MethodNotImplemented", "hive_partition_uri_prefix",
        ),
        ("LOAD DATA INTO TEMP TABLE t (n INT64) FROM FILES (format = 'CSV', uris = ['{uri}/x'])",
         "MethodNotImplemented", "temporary table"),
        ("LOAD DATA {table} FROM FILES (format = 'CSV', uris = ['{uri}/x'])", "BadRequest", "Syntax error"),
        ("BEGIN TRANSACTION; EXPORT DATA OPTIONS (uri = '{uri}/x*', format = 'CSV') AS SELECT 1 AS n", "BadRequest",
         "not supported in a transaction"),
    ],
)  # fmt: skip
def test_what_is_not_taken_writes_nothing(place: Place, text: str, error: str, wrong: str) -> None:
    """Refused with what is wrong, or by name."""
    with pytest.raises(getattr(exceptions, error), match=wrong):
        place.sql(text.format(uri=place.uri, table=f"`{place.dataset}.t`"))
    assert place.names() == []


def test_a_dry_run_writes_nothing(place: Place) -> None:
    """It tells what an export would read."""
    place.sql(f"CREATE TABLE `{place.dataset}.t` AS SELECT 1 AS n")
    dry = bigquery.QueryJobConfig(dry_run=True)
    text = f"EXPORT DATA OPTIONS (uri = '{place.uri}/x*', format = 'CSV') AS SELECT n FROM `{place.dataset}.t`"
    assert place.bigquery.query(text, job_config=dry, location="EU").total_bytes_processed == 8
    text = f"LOAD DATA INTO `{place.dataset}.u` FROM FILES (format = 'CSV', uris = ['{place.uri}/x'])"
    assert place.bigquery.query(text, job_config=dry, location="EU").total_bytes_processed == 0
    assert place.names() == []
