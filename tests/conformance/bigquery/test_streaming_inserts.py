"""tabledata.insertAll through Google's client: rows, ids, and the buffer that copies miss."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.names import TableRef
from tests.conformance import raw
from tests.conformance.bigquery.conftest import PROJECT, Running, serve

BUFFER = 600


@dataclass
class Clock:
    """The server's clock, which a test sets forward."""

    ahead: float = field(default=0.0)

    def __call__(self) -> float:
        return time.time() + self.ahead


CLOCK = Clock()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose streaming buffer holds rows for ten minutes of its own clock."""
    server = serve(tmp_path_factory.mktemp("streaming"), now=CLOCK)
    running = next(server)
    running.service.knobs.streaming_buffer_seconds = BUFFER
    yield running
    server.close()


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> str:
    """A table with one row that was never streamed."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x, 'stored' AS s").result()
    return f"{dataset}.t"


def rows(client: bigquery.Client, table: str) -> list[Any]:
    """The values of x in order."""
    return sorted(row["x"] for row in client.query(f"SELECT x FROM `{table}`").result())


def stream(client: bigquery.Client, table: str, *values: int, ids: list[str | None] | None = None) -> Any:
    """Stream rows."""
    given = ids if ids is not None else [None] * len(values)
    return client.insert_rows_json(table, [{"x": x, "s": "streamed"} for x in values], row_ids=given)


def test_streamed_rows_are_seen_by_queries_at_once(client: bigquery.Client, table: str) -> None:
    """And by tabledata.list; the table says how many are in the buffer until they have left it."""
    assert stream(client, table, 2, 3) == []
    assert rows(client, table) == [1, 2, 3]
    assert len(list(client.list_rows(table))) == 3
    buffer = client.get_table(table).streaming_buffer
    assert (buffer.estimated_rows, buffer.estimated_bytes) == (2, 2 * (8 + 2 + 8))
    assert buffer.oldest_entry_time is not None
    CLOCK.ahead += BUFFER
    assert client.get_table(table).streaming_buffer is None
    assert rows(client, table) == [1, 2, 3]


@pytest.mark.parametrize(("column", "clause"), [("day DATE", "day"), ("x INT64", "_PARTITIONDATE")])
def test_rows_in_the_buffer_are_in_no_partition_yet(
    client: bigquery.Client, dataset: str, column: str, clause: str
) -> None:
    """``__UNPARTITIONED__`` until they leave it (streaming-data-into-bigquery, partitioned tables)."""
    client.query(f"CREATE TABLE `{dataset}.p` ({column}) PARTITION BY {clause}").result()
    today = datetime.fromtimestamp(CLOCK(), UTC).date()
    row = {"day": str(today)} if clause == "day" else {"x": 1}
    assert client.insert_rows_json(f"{dataset}.p", [row]) == []

    def partitions() -> list[Any]:
        view = f"SELECT partition_id, total_rows FROM `{dataset}.INFORMATION_SCHEMA.PARTITIONS`"
        return [tuple(each.values()) for each in client.query(view).result()]

    assert partitions() == [("__UNPARTITIONED__", 1)]
    if clause != "day":
        null = client.query(f"SELECT x FROM `{dataset}.p` WHERE _PARTITIONTIME IS NULL").result()
        assert [each.x for each in null] == [1]
    CLOCK.ahead += BUFFER
    ((name, count),) = partitions()
    assert (name in {f"{today:%Y%m%d}", f"{datetime.fromtimestamp(CLOCK(), UTC):%Y%m%d}"}, count) == (True, 1)


def test_a_copy_misses_what_is_in_the_buffer(running: Running, client: bigquery.Client, table: str) -> None:
    """A copy job and a dataset's copy take stored rows only, until the others have left the buffer."""
    stream(client, table, 2)
    job = client.copy_table(table, f"{table}_job")
    job.result()
    source = TableRef(*table.split("."))
    running.service.copies.copy_table(source, source.parent.table("t_service"))
    assert rows(client, f"{table}_job") == rows(client, f"{table}_service") == [1]

    CLOCK.ahead += BUFFER
    truncate = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    client.copy_table(table, f"{table}_job", job_config=truncate).result()
    running.service.copies.copy_table(source, source.parent.table("t_service"))
    assert rows(client, f"{table}_job") == rows(client, f"{table}_service") == [1, 2]


def test_rows_in_the_buffer_are_not_changed(client: bigquery.Client, table: str) -> None:
    """UPDATE, DELETE and MERGE that would are refused in the service's words; other rows change."""
    stream(client, table, 2)
    name = table.replace(".", ":", 1)
    refusal = f"UPDATE or DELETE statement over table {name} would affect rows in the streaming buffer"
    for sql in (
        f"UPDATE `{table}` SET x = 5 WHERE TRUE",
        f"DELETE FROM `{table}` WHERE s = 'streamed'",
    ):
        with pytest.raises(exceptions.BadRequest, match=refusal):
            client.query(sql).result()
    with pytest.raises(exceptions.BadRequest, match="would affect rows in the streaming buffer"):
        client.query(f"MERGE `{table}` AS t USING (SELECT 2 AS y) AS s ON t.x = s.y WHEN MATCHED THEN DELETE").result()
    client.query(f"UPDATE `{table}` SET x = 7 WHERE s = 'stored'").result()
    assert rows(client, table) == [2, 7]
    CLOCK.ahead += BUFFER
    client.query(f"DELETE FROM `{table}` WHERE s = 'streamed'").result()
    assert rows(client, table) == [7]


def test_rows_of_one_id_are_there_once(client: bigquery.Client, table: str) -> None:
    """Within a request and between requests for a minute, and in that table only."""
    stream(client, table, 2, 2, ids=["a", "a"])
    stream(client, table, 2, 3, ids=["a", "b"])
    assert rows(client, table) == [1, 2, 3]
    client.query(f"CREATE TABLE `{table}_2` LIKE `{table}`").result()
    stream(client, f"{table}_2", 2, ids=["a"])
    assert rows(client, f"{table}_2") == [2]
    stream(client, table, 4, 4, ids=[None, None])
    CLOCK.ahead += 61
    stream(client, table, 2, ids=["a"])
    assert rows(client, table) == [1, 2, 2, 3, 4, 4]


def test_rows_that_do_not_fit_stop_the_others(client: bigquery.Client, table: str) -> None:
    """Each with its reason and field; skipInvalidRows and ignoreUnknownValues let the rest pass."""
    bad = [{"x": 2}, {"x": 3, "y": 1}, {"x": "no"}]
    errors = client.insert_rows_json(table, bad, row_ids=[None] * 3)
    told = [(each["index"], each["errors"][0]["reason"], each["errors"][0]["location"]) for each in errors]
    assert told == [(0, "stopped", ""), (1, "invalid", "y"), (2, "invalid", "x")]
    assert errors[1]["errors"][0]["message"] == "no such field: y."
    client.query(f"CREATE TABLE `{table}_strict` (x INT64 NOT NULL, r STRUCT<y INT64 NOT NULL>)").result()
    for row in ({"r": None}, {"x": 2, "r": {}}):
        (error,) = client.insert_rows_json(f"{table}_strict", [row], row_ids=[None])
        assert (error["errors"][0]["reason"], "equired" in error["errors"][0]["message"]) == ("invalid", True)
    assert rows(client, table) == [1]
    errors = client.insert_rows_json(table, bad, row_ids=[None] * 3, skip_invalid_rows=True, ignore_unknown_values=True)
    assert [each["index"] for each in errors] == [2]
    assert rows(client, table) == [1, 2, 3]


def test_a_refused_request_is_no_row_seen(client: bigquery.Client, table: str) -> None:
    """The id of a row that was stopped may come again."""
    client.insert_rows_json(table, [{"x": 2}, {"y": 1}], row_ids=["a", "b"])
    stream(client, table, 2, ids=["a"])
    assert rows(client, table) == [1, 2]


def test_what_cannot_be_streamed_into_is_refused(client: bigquery.Client, table: str, dataset: str) -> None:
    """No table, a view, no rows, too many rows, a template."""
    client.query(f"CREATE VIEW `{dataset}.v` AS SELECT 1 AS x").result()
    with pytest.raises(exceptions.NotFound, match="Not found: Table"):
        stream(client, f"{dataset}.none", 1)
    with pytest.raises(exceptions.BadRequest, match="VIEW"):
        stream(client, f"{dataset}.v", 1)
    path = "/projects/{}/datasets/{}/tables/{}/insertAll".format(*table.split("."))
    with pytest.raises(exceptions.BadRequest, match="No rows present in the request"):
        raw.request(client, "POST", path, data={"rows": []})
    with pytest.raises(exceptions.BadRequest, match="Too many rows present in the request, limit: 50000"):
        raw.request(client, "POST", path, data={"rows": [{"json": {}}] * 50_001})
    with pytest.raises(exceptions.MethodNotImplemented, match="templateSuffix"):
        raw.request(client, "POST", path, data={"rows": [{"json": {"x": 1}}], "templateSuffix": "_a"})
    assert client.get_table(table).num_rows == 1
    assert PROJECT in table
