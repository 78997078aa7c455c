"""How many partitions one job may write, and one table may hold."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator import limits

DAYS = "SELECT DATE_ADD(DATE '2000-01-01', INTERVAL x DAY) AS day, x FROM UNNEST(GENERATE_ARRAY(1, {})) AS x"
REFUSAL = "Too many partitions produced by query, allowed 4000, query produces at least 4001 partitions"


def test_a_job_writes_four_thousand_partitions_at_most(client: bigquery.Client, dataset: str) -> None:
    """CTAS, INSERT, a destination table and a load: refused as a whole, in the service's words."""
    table = f"{dataset}.t"
    client.query(f"CREATE TABLE `{table}` (day DATE, x INT64) PARTITION BY day").result()
    many = DAYS.format(4_001)
    into = bigquery.QueryJobConfig(destination=table, write_disposition="WRITE_APPEND")
    with pytest.raises(exceptions.BadRequest, match=REFUSAL):
        client.query(f"INSERT INTO `{table}` {many}").result()
    with pytest.raises(exceptions.BadRequest, match=REFUSAL):
        client.query(f"CREATE TABLE `{dataset}.made` PARTITION BY day AS {many}").result()
    with pytest.raises(exceptions.BadRequest, match=REFUSAL):
        client.query(many, job_config=into).result()
    rows = "\n".join(
        json.dumps({"day": f"{2000 + n // 336}-{1 + n // 28 % 12:02}-{1 + n % 28:02}"}) for n in range(4_001)
    )
    load = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON")
    with pytest.raises(exceptions.BadRequest, match="Too many partitions"):
        client.load_table_from_file(io.BytesIO(rows.encode()), table, job_config=load).result()

    assert client.get_table(table).num_rows == 0
    assert [each.table_id for each in client.list_tables(dataset)] == ["t"]


def test_a_table_holds_ten_thousand_partitions_at_most(
    client: bigquery.Client, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted over all that it holds; the limit is lowered here, as ten thousand files take their time."""
    assert limits.PARTITIONS_PER_TABLE.value == 10_000
    monkeypatch.setattr(limits, "PARTITIONS_PER_TABLE", replace(limits.PARTITIONS_PER_TABLE, value=5))
    client.query(f"CREATE TABLE `{dataset}.t` PARTITION BY day AS {DAYS.format(5)}").result()
    client.query(f"INSERT INTO `{dataset}.t` {DAYS.format(5)}").result()
    with pytest.raises(exceptions.Forbidden, match="partitions"):
        client.query(f"INSERT INTO `{dataset}.t` VALUES (DATE '2020-01-01', 1)").result()
    assert client.get_table(f"{dataset}.t").num_rows == 10


def test_a_transaction_changes_a_hundred_thousand_partitions_at_most(
    client: bigquery.Client, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Summed over its statements, a partition each time that it is changed (transactions, limitations)."""
    assert limits.TRANSACTION_PARTITIONS.value == 100_000
    monkeypatch.setattr(limits, "TRANSACTION_PARTITIONS", replace(limits.TRANSACTION_PARTITIONS, value=5))
    client.query(f"CREATE TABLE `{dataset}.t` PARTITION BY day AS {DAYS.format(3)}").result()
    replaced = f"DELETE FROM `{dataset}.t` WHERE day > '2000-01-{{:02}}'; INSERT INTO `{dataset}.t` {DAYS.format(2)};"

    with pytest.raises(exceptions.BadRequest, match="at most 5 partition modifications, and would have performed 7"):
        client.query(f"BEGIN TRANSACTION; {replaced.format(1)} {replaced.format(9)} COMMIT").result()
    assert client.get_table(f"{dataset}.t").num_rows == 3
    client.query(f"BEGIN TRANSACTION; {replaced.format(1)} COMMIT TRANSACTION").result()
    assert client.get_table(f"{dataset}.t").num_rows == 2
