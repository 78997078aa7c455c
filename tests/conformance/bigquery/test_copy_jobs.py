"""Copy jobs through Google's client: what they copy, and what they refuse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance import raw
from tests.conformance.bigquery.conftest import PROJECT, Running

DAYS = "PARTITION BY day"
TABLE = "CREATE TABLE `{0}` (day DATE, x INT64) {1} AS "
ROWS = (
    "SELECT * FROM UNNEST([STRUCT(DATE '2026-01-01' AS day, 1 AS x), (DATE '2026-01-02', 2), (CAST(NULL AS DATE), 3)])"
)


def copy(client: bigquery.Client, source: Any, destination: str, location: str | None = None, **options: Any) -> Any:
    """Run a copy job, to its end or its error."""
    sources = source if isinstance(source, list) else [source]
    config = bigquery.CopyJobConfig(**options)
    job = client.copy_table(sources, destination, job_config=config, location=location, job_id=None)
    return job.result(timeout=20)


def rows(client: bigquery.Client, table: str) -> list[tuple[Any, ...]]:
    """A table's rows in order."""
    return sorted((tuple(row.values()) for row in client.query(f"SELECT * FROM `{table}`").result()), key=repr)


def make(client: bigquery.Client, table: str, partitioning: str = DAYS, query: str = ROWS) -> None:
    """A table of three rows: a day each, and one without."""
    client.query(TABLE.format(table, partitioning) + query).result()


@pytest.fixture
def far(client: bigquery.Client, dataset: str) -> Iterator[str]:
    """A dataset in Japan beside the one in the EU."""
    made = bigquery.Dataset(f"{dataset}_jp")
    made.location = "asia-northeast1"
    client.create_dataset(made)
    yield f"{dataset}_jp"
    client.delete_dataset(f"{dataset}_jp", delete_contents=True)


def test_a_copy_takes_rows_schema_partitioning_and_clustering_along(client: bigquery.Client, dataset: str) -> None:
    """A new table like its source; the job counts rows and bytes, and scans nothing."""
    make(client, f"{dataset}.a", f"{DAYS} CLUSTER BY x")

    job = copy(client, f"{dataset}.a", f"{dataset}.b")

    made = client.get_table(f"{dataset}.b")
    assert rows(client, f"{dataset}.b") == rows(client, f"{dataset}.a")
    assert made.schema == client.get_table(f"{dataset}.a").schema
    assert (made.time_partitioning.field, made.clustering_fields) == ("day", ["x"])
    statistics = raw.statistics(client.get_job(job.job_id, location="EU"))
    assert statistics["copy"] == {"copiedRows": "3", "copiedLogicalBytes": "40"}
    assert "totalBytesProcessed" not in statistics


def test_several_sources_go_into_one_table(client: bigquery.Client, dataset: str) -> None:
    """All of their rows, or none of them; schemas have to be the same."""
    for name in ("a", "b"):
        make(client, f"{dataset}.{name}")
    client.query(f"CREATE TABLE `{dataset}.c` AS SELECT 'x' AS x").result()

    copy(client, [f"{dataset}.a", f"{dataset}.b"], f"{dataset}.all")

    assert len(rows(client, f"{dataset}.all")) == 6
    with pytest.raises(exceptions.BadRequest, match="Provided Schema does not match Table"):
        copy(client, [f"{dataset}.a", f"{dataset}.c"], f"{dataset}.all", write_disposition="WRITE_APPEND")
    assert len(rows(client, f"{dataset}.all")) == 6


def test_dispositions_say_what_becomes_of_the_destination(client: bigquery.Client, dataset: str) -> None:
    """Appended, truncated, refused where there are rows, refused where there is no table."""
    for name in ("a", "b"):
        make(client, f"{dataset}.{name}")

    copy(client, f"{dataset}.a", f"{dataset}.b", write_disposition="WRITE_APPEND")
    assert len(rows(client, f"{dataset}.b")) == 6
    copy(client, f"{dataset}.a", f"{dataset}.b", write_disposition="WRITE_TRUNCATE")
    assert len(rows(client, f"{dataset}.b")) == 3
    with pytest.raises(exceptions.Conflict, match=f"Already Exists: Table {dataset.replace('.', ':')}.b"):
        copy(client, f"{dataset}.a", f"{dataset}.b")
    with pytest.raises(exceptions.NotFound, match="Not found: Table"):
        copy(client, f"{dataset}.a", f"{dataset}.none", create_disposition="CREATE_NEVER")
    client.query(f"CREATE TABLE `{dataset}.empty` LIKE `{dataset}.a`").result()
    copy(client, f"{dataset}.a", f"{dataset}.empty")
    assert len(rows(client, f"{dataset}.empty")) == 3


def test_truncating_a_table_takes_the_sources_schema(client: bigquery.Client, dataset: str) -> None:
    """WRITE_TRUNCATE replaces data and schema; the table keeps its creation time."""
    make(client, f"{dataset}.a", "")
    client.query(f"CREATE TABLE `{dataset}.b` AS SELECT 'x' AS other").result()
    created = client.get_table(f"{dataset}.b").created

    copy(client, f"{dataset}.a", f"{dataset}.b", write_disposition="WRITE_TRUNCATE")

    made = client.get_table(f"{dataset}.b")
    assert ([field.name for field in made.schema], made.created) == (["day", "x"], created)


def test_decorators_copy_one_partition(client: bigquery.Client, dataset: str) -> None:
    """`t$20260101` on both sides replaces or adds to exactly that partition."""
    make(client, f"{dataset}.a")
    make(client, f"{dataset}.b", query="SELECT DATE '2026-01-01' AS day, 9 AS x UNION ALL SELECT DATE '2026-01-03', 8")

    job = copy(client, f"{dataset}.a$20260101", f"{dataset}.b$20260101", write_disposition="WRITE_TRUNCATE")
    assert [x for _, x in rows(client, f"{dataset}.b")] == [1, 8]
    assert raw.statistics(job)["copy"]["copiedRows"] == "1"
    copy(client, f"{dataset}.a$20260102", f"{dataset}.b$20260102")
    assert [x for _, x in rows(client, f"{dataset}.b")] == [1, 2, 8]
    copy(client, f"{dataset}.a$20260101", f"{dataset}.b$20260101", write_disposition="WRITE_APPEND")
    assert [x for _, x in rows(client, f"{dataset}.b")] == [1, 1, 2, 8]
    with pytest.raises(exceptions.Conflict, match=r"Already Exists: Table .*\.b\$20260101"):
        copy(client, f"{dataset}.a$20260101", f"{dataset}.b$20260101")
    copy(client, f"{dataset}.a$20260101", f"{dataset}.new$20260101")
    assert client.get_table(f"{dataset}.new").time_partitioning.field == "day"
    copy(client, f"{dataset}.a$__NULL__", f"{dataset}.new$__NULL__")
    assert sorted(x for _, x in rows(client, f"{dataset}.new")) == [1, 3]


def test_only_the_partition_that_is_copied_into_tells_of_it(client: bigquery.Client, dataset: str) -> None:
    """Its own time of change and the table's move; those of the other partitions and of the source stay."""
    for name in ("a", "b"):
        make(client, f"{dataset}.{name}")

    def times() -> dict[tuple[str, str], Any]:
        view = f"`{dataset}.INFORMATION_SCHEMA.PARTITIONS`"
        found = client.query(f"SELECT table_name, partition_id, last_modified_time FROM {view}").result()
        return {(row[0], row[1]): row[2] for row in found}

    before, modified = times(), client.get_table(f"{dataset}.b").modified
    time.sleep(0.002)
    copy(client, f"{dataset}.a$20260101", f"{dataset}.b$20260101", write_disposition="WRITE_TRUNCATE")
    after = times()
    assert {key for key in after if after[key] != before.get(key)} == {("b", "20260101")}
    assert after["b", "20260101"] > before["b", "20260101"]
    assert client.get_table(f"{dataset}.b").modified > modified


def test_a_table_goes_into_a_partition_by_ingestion_time(client: bigquery.Client, dataset: str) -> None:
    """A decorator on the destination alone, where rows have no partition of their own."""
    client.query(f"CREATE TABLE `{dataset}.a` AS SELECT 1 AS x").result()
    client.query(f"CREATE TABLE `{dataset}.b` (x INT64) PARTITION BY _PARTITIONDATE").result()

    copy(client, f"{dataset}.a", f"{dataset}.b$20200102", write_disposition="WRITE_TRUNCATE")

    found = client.query(f"SELECT CAST(_PARTITIONDATE AS STRING), x FROM `{dataset}.b`").result()
    assert [tuple(row.values()) for row in found] == [("2020-01-02", 1)]


def test_a_partition_goes_into_a_table_that_is_not_partitioned(client: bigquery.Client, dataset: str) -> None:
    """A decorator on the source alone."""
    make(client, f"{dataset}.a")
    client.query(f"CREATE TABLE `{dataset}.b` (day DATE, x INT64)").result()

    copy(client, f"{dataset}.a$20260102", f"{dataset}.b")

    assert [x for _, x in rows(client, f"{dataset}.b")] == [2]


REFUSALS = {
    "a view": ("v", "new", {}, "is not allowed for this operation because it is a VIEW"),
    "no such table": ("nothing", "new", {}, "Not found: Table"),
    "into a dataset elsewhere": ("plain", "!nowhere.t", {}, "was not found in location"),
    "a partition of an unpartitioned table": (
        "plain$20260101", "new", {}, "Cannot read partition information from a table that is not partitioned",
    ),
    "into a partition of an unpartitioned table": (
        "plain", "other$20260101", {"write_disposition": "WRITE_APPEND"},
        "Cannot add storage to a non-partitioned table with a partition reference",
    ),
    "into a partition of a table that is not there": (
        "plain", "new$20260101", {}, "Partitioning specification must be provided in order to create partitioned table",
    ),
    "an unpartitioned table into a partitioned one": (
        "plain", "days", {"write_disposition": "WRITE_APPEND"},
        "Failed to copy Non partitioned table to Column partitioned table: not supported",
    ),
    "over a table of another partitioning": (
        "months", "days", {"write_disposition": "WRITE_TRUNCATE"}, "Incompatible table partitioning specification",
    ),
    "a partition of another partitioning": (
        "months$202601", "days$20260101", {"write_disposition": "WRITE_APPEND"},
        "Incompatible table partitioning specification",
    ),
    "rows of another partition": (
        "days$20260102", "days$20260101", {"write_disposition": "WRITE_APPEND"},
        "Some rows belong to different partitions rather than destination partition",
    ),
    "no partition's name": (
        "days$2026-01-01", "same$20260101", {"write_disposition": "WRITE_APPEND"}, "Invalid partition id",
    ),
    "another schema": (
        "wide", "plain", {"write_disposition": "WRITE_APPEND"}, r"does not match Table .* Cannot add fields .*z\)",
    ),
    "a snapshot of a view": ("v", "new", {"operation_type": "SNAPSHOT"}, "takes a TABLE, and .* is a VIEW"),
    "a table restored from a table": ("plain", "new", {"operation_type": "RESTORE"}, "takes a SNAPSHOT, and .* TABLE"),
    "a table over itself": ("plain", "plain", {"write_disposition": "WRITE_TRUNCATE"}, "not modelled"),
}  # fmt: skip


@pytest.fixture(scope="module")
def sources(running: Running) -> Iterator[str]:
    """Tables of several kinds, which no refused copy changes."""
    client = running.client()
    name = f"{PROJECT}.sources"
    made = bigquery.Dataset(name)
    made.location = "EU"
    client.create_dataset(made)
    for table, partitioning in (("days", DAYS), ("same", DAYS), ("months", "PARTITION BY DATE_TRUNC(day, MONTH)")):
        make(client, f"{name}.{table}", partitioning)
    for table in ("plain", "other"):
        make(client, f"{name}.{table}", "")
    client.query(f"CREATE TABLE `{name}.wide` AS SELECT *, 1 AS z FROM `{name}.plain`").result()
    client.query(f"CREATE VIEW `{name}.v` AS SELECT 1 AS x").result()
    yield name
    assert {table.table_id: client.get_table(table).num_rows for table in client.list_tables(name)} == {
        "days": 3, "months": 3, "other": 3, "plain": 3, "same": 3, "v": None, "wide": 3
    }  # fmt: skip
    client.delete_dataset(name, delete_contents=True)


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_copied_is_refused(client: bigquery.Client, sources: str, case: str) -> None:
    """In the service's words where they are known; the destination stays as it was."""
    source, destination, options, fact = REFUSALS[case]
    destination = destination.replace("!", f"{PROJECT}.") if "!" in destination else f"{sources}.{destination}"
    with pytest.raises(exceptions.GoogleAPICallError, match=fact):
        copy(client, f"{sources}.{source}", destination, location="EU", **options)


def test_a_copy_crosses_locations(client: bigquery.Client, dataset: str, far: str) -> None:
    """One table, whole, made or replaced; the job runs where the destination lies."""
    make(client, f"{dataset}.a")

    job = copy(client, f"{dataset}.a", f"{far}.b")
    assert job.location == "asia-northeast1"
    copy(client, f"{dataset}.a", f"{far}.b", write_disposition="WRITE_TRUNCATE")

    assert rows(client, f"{far}.b") == rows(client, f"{dataset}.a")
    assert client.get_table(f"{far}.b").time_partitioning.field == "day"


def test_a_copy_across_locations_can_less(running: Running, client: bigquery.Client, dataset: str, far: str) -> None:
    """No append, one source, no decorators unless they are let pass, and 100 copies a day of one table."""
    make(client, f"{dataset}.a")
    make(client, f"{far}.b")
    append = {"write_disposition": "WRITE_APPEND"}
    truncate = {"write_disposition": "WRITE_TRUNCATE"}

    with pytest.raises(exceptions.BadRequest, match=r"Cross-region table copy with append mode .* is unsupported"):
        copy(client, f"{dataset}.a", f"{far}.b", **append)
    with pytest.raises(exceptions.BadRequest, match="2 source tables"):
        copy(client, [f"{dataset}.a", f"{dataset}.a"], f"{far}.b", **truncate)
    with pytest.raises(exceptions.BadRequest, match="partition decorator"):
        copy(client, f"{dataset}.a$20260101", f"{far}.b$20260101", **truncate)
    running.service.knobs.partitions_across_locations = True
    try:
        copy(client, f"{dataset}.a$20260101", f"{far}.b$20260101", **truncate)
    finally:
        running.service.knobs.partitions_across_locations = False
    assert len(rows(client, f"{far}.b")) == 3


def test_a_copy_across_locations_runs_in_one_of_them(
    running: Running, client: bigquery.Client, dataset: str, far: str
) -> None:
    """No page says in which; the other one is refused, either way that is set."""
    make(client, f"{dataset}.a")
    with pytest.raises(exceptions.NotFound, match="was not found in location EU"):
        copy(client, f"{dataset}.a", f"{far}.b", location="EU")
    running.service.knobs.copies_run_in = "source"
    try:
        with pytest.raises(exceptions.NotFound, match="was not found in location asia-northeast1"):
            copy(client, f"{dataset}.a", f"{far}.b", location="asia-northeast1")
        copy(client, f"{dataset}.a", f"{far}.b", location="EU")
    finally:
        running.service.knobs.copies_run_in = "destination"
    with pytest.raises(exceptions.NotFound, match="was not found in location US"):
        copy(client, f"{dataset}.a", f"{far}.b", location="US")
