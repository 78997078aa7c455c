"""Where jobs run: said, inferred from what they name, or refused in BigQuery's words."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance.bigquery.conftest import PROJECT, Running

EU, JP = f"{PROJECT}.placed_eu", f"{PROJECT}.placed_jp"


@pytest.fixture(scope="module", autouse=True)
def places(running: Running) -> Iterator[None]:
    """A dataset with a table in the EU, and one in Japan."""
    client = running.client()
    for name, location in ((EU, "EU"), (JP, "asia-northeast1")):
        made = bigquery.Dataset(name)
        made.location = location
        client.create_dataset(made)
        client.query(f"CREATE TABLE `{name}.t` AS SELECT '{location}' AS x").result()
    yield
    for name in (EU, JP):
        client.delete_dataset(name, delete_contents=True)


@pytest.mark.parametrize(
    ("sql", "location"),
    [
        (f"SELECT * FROM `{JP}.t`", "asia-northeast1"),
        (f"SELECT * FROM {JP}.t AS a JOIN `{JP}.t` AS b USING (x)", "asia-northeast1"),
        (f"WITH w AS (SELECT * FROM `{JP}.t`) SELECT * FROM w", "asia-northeast1"),
        (f"SELECT (SELECT MAX(x) FROM `{JP}.t`) AS m", "asia-northeast1"),
        (f"SELECT 'FROM `{EU}.t`' AS s FROM `{JP}.t` -- FROM `{EU}.t`", "asia-northeast1"),
        (f"INSERT INTO `{JP}.t` VALUES ('y')", "asia-northeast1"),
        (f"UPDATE `{JP}.t` SET x = x WHERE FALSE", "asia-northeast1"),
        (f"DELETE FROM `{JP}.t` WHERE FALSE", "asia-northeast1"),
        (f"CREATE TABLE IF NOT EXISTS `{JP}.u` (x INT64)", "asia-northeast1"),
        (f"DROP TABLE IF EXISTS `{JP}.u`", "asia-northeast1"),
        (f"SELECT table_name FROM `{JP}`.INFORMATION_SCHEMA.TABLES", "asia-northeast1"),
        (f"SELECT table_id FROM `{JP}.__TABLES__`", "asia-northeast1"),
        (f"SELECT 1 FROM `{PROJECT}`.`region-asia-northeast1`.INFORMATION_SCHEMA.SCHEMATA", "asia-northeast1"),
        (f"DECLARE n INT64; SET n = (SELECT COUNT(*) FROM `{JP}.t`); SELECT n;", "asia-northeast1"),
        (f"SELECT x FROM `{EU}.t`", "EU"),
        ("SELECT 1", "US"),
    ],
)
def test_a_job_runs_where_what_it_names_lies(client: bigquery.Client, sql: str, location: str) -> None:
    """Without a location in the request; nothing named is US (locations)."""
    job = client.query(sql)
    job.result()
    assert job.location == location
    assert client.query(sql, job_config=bigquery.QueryJobConfig(dry_run=True)).location == location


def test_a_default_dataset_and_a_destination_place_a_job(client: bigquery.Client) -> None:
    """Where the text names nothing itself."""
    config = bigquery.QueryJobConfig(default_dataset=JP)
    job = client.query("SELECT x FROM t", job_config=config)
    assert {row["x"] for row in job.result()} >= {"asia-northeast1"}
    into = bigquery.QueryJobConfig(destination=f"{JP}.made", write_disposition="WRITE_TRUNCATE")
    placed = client.query("SELECT 1 AS x", job_config=into)
    placed.result()
    assert (job.location, placed.location) == ("asia-northeast1", "asia-northeast1")
    load = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", autodetect=True)
    loaded = client.load_table_from_file(io.BytesIO(b'{"x": 1}'), f"{JP}.loaded", job_config=load)
    loaded.result()
    assert loaded.location == "asia-northeast1"


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT * FROM `{JP}.t`",
        f"SELECT COUNT(*) FROM `{EU}.t` AS a CROSS JOIN `{JP}.t` AS b",
        f"INSERT INTO `{EU}.t` SELECT x FROM `{JP}.t`",
        f"INSERT INTO `{JP}.t` VALUES ('z')",
        f"CREATE TABLE `{JP}.v` AS SELECT 1 AS x",
        f"CREATE TABLE `{EU}.v` AS SELECT * FROM `{JP}.t`",
        f"CREATE TABLE `{EU}.v` LIKE `{JP}.t`",
        f"CREATE VIEW `{EU}.v` AS SELECT * FROM `{JP}.t`",
        f"MERGE `{EU}.t` AS a USING `{JP}.t` AS b ON a.x = b.x WHEN NOT MATCHED THEN INSERT ROW",
        f"UPDATE `{EU}.t` SET x = (SELECT MAX(x) FROM `{JP}.t`) WHERE TRUE",
        f"DELETE FROM `{EU}.t` WHERE x IN (SELECT x FROM `{JP}.t`)",
        f"DROP TABLE `{JP}.t`",
        f"SELECT * FROM `{JP}`.INFORMATION_SCHEMA.TABLES",
        f"SELECT * FROM `{JP}.none`",
    ],
)
@pytest.mark.parametrize("dry", [True, False])
def test_what_lies_elsewhere_is_not_found(client: bigquery.Client, sql: str, *, dry: bool) -> None:
    """404 with the dataset and the job's location, dry or not; a query cannot read two locations."""
    config = bigquery.QueryJobConfig(dry_run=dry)
    dataset = JP.replace(".", ":")
    with pytest.raises(exceptions.NotFound, match=f"Not found: Dataset {dataset} was not found in location EU"):
        client.query(sql, location="EU", job_config=config).result()
    assert {table.table_id for table in client.list_tables(EU)} == {"t"}


def test_a_query_over_two_locations_runs_in_none(client: bigquery.Client) -> None:
    """Inferred from the first; the other one is not found there."""
    sql = f"SELECT x FROM `{EU}.t` UNION ALL SELECT x FROM `{JP}.t`"
    with pytest.raises(exceptions.NotFound, match=r"placed_jp was not found in location EU"):
        client.query(sql).result()
    with pytest.raises(exceptions.NotFound, match=r"placed_eu was not found in location asia-northeast1"):
        client.query(sql, location="asia-northeast1").result()


def test_a_dataset_that_is_nowhere_is_not_found_where_the_job_runs(client: bigquery.Client) -> None:
    """In the words of one that lies elsewhere: a job cannot tell the two apart."""
    for location in ("EU", "us-central1"):
        with pytest.raises(exceptions.NotFound, match=f"nowhere was not found in location {location}"):
            client.query(f"SELECT * FROM `{PROJECT}.nowhere.t`", location=location).result()


def test_loads_and_copies_run_where_their_destination_lies(client: bigquery.Client) -> None:
    """Elsewhere it is not found."""
    load = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", autodetect=True)
    with pytest.raises(exceptions.NotFound, match="placed_jp was not found in location EU"):
        client.load_table_from_file(io.BytesIO(b'{"x": 1}'), f"{JP}.refused", job_config=load, location="EU").result()
    with pytest.raises(exceptions.NotFound, match="was not found in location US"):
        client.copy_table(f"{EU}.t", f"{EU}.refused", location="US").result()


def test_region_metadata_sees_its_own_region_only(client: bigquery.Client) -> None:
    """Each region's views name its own datasets; in a job elsewhere they are not found."""
    views = f"`{PROJECT}`.`region-{{}}`.INFORMATION_SCHEMA.SCHEMATA"
    found = {
        region: {row[0] for row in client.query(f"SELECT schema_name FROM {views.format(region)}").result()}
        for region in ("eu", "asia-northeast1", "us")
    }
    assert "placed_eu" in found["eu"] - found["asia-northeast1"]
    assert "placed_jp" in found["asia-northeast1"] - found["eu"]
    assert not {"placed_eu", "placed_jp"} & found["us"]
    with pytest.raises(exceptions.NotFound, match="was not found in location EU"):
        client.query(f"SELECT schema_name FROM {views.format('asia-northeast1')}", location="EU").result()


def test_a_wildcard_elsewhere_answers_with_no_rows(client: bigquery.Client) -> None:
    """The one trap in which nothing is refused (growthbook/growthbook#6476): always check counts."""
    sql = f"SELECT x FROM `{JP}.t*`"
    assert client.query(sql, location="asia-northeast1").result().total_rows >= 1
    assert client.query(sql, location="EU").result().total_rows == 0
