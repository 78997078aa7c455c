"""Jobs as they are listed, the statements of scripts, and pages of results."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.conformance import raw
from tests.conformance.bigquery.conftest import PROJECT, Running


def api(client: bigquery.Client, path: str, **parameters: Any) -> dict[str, Any]:
    """A GET of the API itself, for what the client does not show."""
    return raw.request(client, "GET", f"/projects/{PROJECT}{path}", query_params=parameters)


def test_jobs_are_listed_in_pages_newest_first(client: bigquery.Client) -> None:
    """Each job once, whatever the page's size; without a configuration unless projection=full."""
    made = [client.query("SELECT 1", job_id=f"paged{number}", location="EU", job_retry=None) for number in range(5)]
    for job in made:
        job.result()

    pages = client.list_jobs(page_size=2)
    listed = [job.job_id for job in pages if job.job_id.startswith("paged")]
    assert sorted(listed) == [f"paged{number}" for number in range(5)]
    first = api(client, "/jobs", maxResults=1)
    assert "nextPageToken" in first
    assert "configuration" not in first["jobs"][0]
    full = api(client, "/jobs", maxResults=1, projection="full")["jobs"][0]
    assert (full["state"], full["configuration"]["jobType"]) == ("DONE", "QUERY")
    with pytest.raises(exceptions.BadRequest, match="pageToken"):
        api(client, "/jobs", pageToken="forged")


def test_jobs_are_filtered(client: bigquery.Client) -> None:
    """By state and by the time they were made, bounds included."""
    client.query("SELECT 1", job_id="before", location="EU", job_retry=None).result()
    failed = client.query("SELECT ERROR('x')", job_id="after", location="EU", job_retry=None)
    with pytest.raises(exceptions.BadRequest):
        failed.result()
    created = client.get_job("after", location="EU").created

    def ids(**options: Any) -> set[str]:
        return {job.job_id for job in client.list_jobs(**options)} & {"before", "after"}

    assert ids(state_filter="done") == {"before", "after"}
    assert ids(state_filter="running") == set()
    assert ids(min_creation_time=created) == {"after"}
    assert ids(max_creation_time=created - dt.timedelta(milliseconds=1)) == {"before"}
    listed = next(job for job in client.list_jobs() if job.job_id == "after")
    assert listed.error_result["reason"] == "invalidQuery"


def test_a_job_shows_when_it_ran_and_for_whom(client: bigquery.Client) -> None:
    """Created, started and ended in this order; labels, priority and the whole configuration are kept."""
    config = bigquery.QueryJobConfig(labels={"run": "a", "empty": ""}, priority="BATCH", use_query_cache=False)
    job = client.query("SELECT 1", job_config=config)
    job.result()
    kept = client.get_job(job.job_id, location=job.location)
    assert kept.created <= kept.started <= kept.ended
    assert (kept.labels, kept.priority, kept.use_query_cache) == ({"run": "a", "empty": ""}, "BATCH", False)
    assert kept.user_email == "local@replicator.invalid"
    assert kept.etag
    assert kept.self_link.endswith(f"/jobs/{job.job_id}?location=US")


def test_every_statement_of_a_script_is_a_job(client: bigquery.Client, dataset: str) -> None:
    """In their order, with kind, place, bytes and parent; the script has their sum and none is listed beside it."""
    script = (
        f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x;\n"
        f"FOR row IN (SELECT x FROM `{dataset}.t`) DO\n"
        f"  INSERT INTO `{dataset}.t` VALUES (row.x + 1);\n"
        f"END FOR;\n"
        f"EXECUTE IMMEDIATE 'DELETE FROM `{dataset}.t` WHERE x = 1';\n"
        f"SELECT x FROM `{dataset}.t`;"
    )
    job = client.query(script, job_config=bigquery.QueryJobConfig(labels={"run": "b"}))
    assert [row["x"] for row in job.result()] == [2]

    children = sorted(client.list_jobs(parent_job=job), key=lambda child: int(child.job_id.rpartition("_")[2]))
    kinds = ["CREATE_TABLE_AS_SELECT", "SELECT", "INSERT", "DELETE", "SELECT"]
    assert [child.statement_type for child in children] == kinds
    assert [child.num_dml_affected_rows for child in children] == [None, None, 1, 1, None]
    frame = children[2].script_statistics.stack_frames[0]
    assert (frame.start_line, frame.start_column, frame.end_line) == (3, 3, 3)
    assert frame.text == f"INSERT INTO `{dataset}.t` VALUES (row.x + 1)"
    assert {(child.parent_job_id, child.labels["run"], child.location) for child in children} == {
        (job.job_id, "b", "EU")
    }
    whole = client.get_job(job.job_id, location="EU")
    assert (whole.statement_type, whole.num_child_jobs) == ("SCRIPT", 5)
    assert whole.total_bytes_processed == sum(child.total_bytes_processed for child in children)
    assert whole.total_bytes_billed == sum(child.total_bytes_billed for child in children) > 0
    assert not {child.job_id for child in children} & {each.job_id for each in client.list_jobs()}
    assert [row["x"] for row in client.get_job(children[1].job_id, location="EU").result()] == [1]


def test_a_failed_script_says_which_statement(client: bigquery.Client) -> None:
    """The child's own error, and the script's with the place of the statement; what follows never runs."""
    job = client.query("SELECT 1;\nSELECT 1 / 0;\nSELECT 2;")
    with pytest.raises(exceptions.BadRequest, match=r"Query error: division by zero.* at \[2:1\]"):
        job.result()
    children = list(client.list_jobs(parent_job=job))
    assert [(child.query, (child.error_result or {}).get("reason")) for child in reversed(children)] in (
        [("SELECT 1", None), ("SELECT 1 / 0", "invalidQuery")],
        [("SELECT 1 / 0", "invalidQuery"), ("SELECT 1", None)],
    )
    assert client.get_job(job.job_id, location=job.location).num_child_jobs == 2


def test_dml_statistics_count_rows(client: bigquery.Client, dataset: str) -> None:
    """Inserted, updated and deleted rows, of MERGE each of them."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT x FROM UNNEST([1, 2, 3]) AS x").result()
    statements = {
        "INSERT INTO `{0}` VALUES (4), (5)": (2, 0, 0),
        "UPDATE `{0}` SET x = x + 10 WHERE x > 3": (0, 2, 0),
        "DELETE FROM `{0}` WHERE x = 1": (0, 0, 1),
        "MERGE `{0}` AS t USING (SELECT y FROM UNNEST([2, 3, 9]) AS y) AS s ON t.x = s.y WHEN MATCHED AND y = 2 THEN"
        " DELETE WHEN MATCHED THEN UPDATE SET x = 33 WHEN NOT MATCHED THEN INSERT VALUES (y)": (1, 1, 1),
        "TRUNCATE TABLE `{0}`": (0, 0, 4),
    }
    for sql, (inserted, updated, deleted) in statements.items():
        job = client.query(sql.format(f"{dataset}.t"))
        answer = job.result()
        stats = job.dml_stats
        assert (stats.inserted_row_count, stats.updated_row_count, stats.deleted_row_count) == (
            inserted, updated, deleted,
        ), sql  # fmt: skip
        assert job.num_dml_affected_rows == answer.num_dml_affected_rows == inserted + updated + deleted


def test_ddl_statistics_name_what_was_done(client: bigquery.Client, dataset: str) -> None:
    """CREATE, SKIP, REPLACE, ALTER, DROP, and the table."""
    statements = {
        "CREATE TABLE `{0}` (x INT64)": "CREATE",
        "CREATE TABLE IF NOT EXISTS `{0}` (x INT64)": "SKIP",
        "CREATE OR REPLACE TABLE `{0}` (x INT64)": "REPLACE",
        "ALTER TABLE `{0}` ADD COLUMN y STRING": "ALTER",
        "DROP TABLE `{0}`": "DROP",
        "DROP TABLE IF EXISTS `{0}`": "SKIP",
    }
    for sql, operation in statements.items():
        job = client.query(sql.format(f"{dataset}.t"))
        job.result()
        assert (job.ddl_operation_performed, job.ddl_target_table.table_id) == (operation, "t")


def test_results_are_read_by_the_page(client: bigquery.Client) -> None:
    """MaxResults, pageToken and startIndex; a page says how many rows there are in all."""
    job = client.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 7)) AS x ORDER BY x", location="EU")
    job.result()
    path = f"/queries/{job.job_id}"

    first = api(client, path, maxResults=3, location="EU")
    assert ([row["f"][0]["v"] for row in first["rows"]], first["totalRows"]) == (["1", "2", "3"], "7")
    second = api(client, path, maxResults=3, pageToken=first["pageToken"], location="EU")
    assert [row["f"][0]["v"] for row in second["rows"]] == ["4", "5", "6"]
    last = api(client, path, startIndex=6, location="EU")
    assert ([row["f"][0]["v"] for row in last["rows"]], "pageToken" in last) == (["7"], False)
    nothing = api(client, path, maxResults=0, location="EU")
    assert (nothing["rows"], nothing["schema"]["fields"][0]["name"]) == ([], "x")
    with pytest.raises(exceptions.NotFound):
        api(client, path, location="US")
    with pytest.raises(exceptions.BadRequest, match="pageToken"):
        api(client, path, pageToken="forged", location="EU")


def test_results_of_a_failed_job_are_its_error(client: bigquery.Client) -> None:
    """jobs.getQueryResults answers with it, as does jobs.query; jobs.get shows it in the job."""
    job = client.query("SELECT ERROR('told')", location="EU")
    with pytest.raises(exceptions.BadRequest, match="told"):
        api(client, f"/queries/{job.job_id}", location="EU")
    with pytest.raises(exceptions.BadRequest, match="told"):
        client.query_and_wait("SELECT ERROR('told')")
    assert api(client, f"/jobs/{job.job_id}", location="EU")["status"]["errorResult"]["reason"] == "invalidQuery"


def test_a_job_id_is_one_per_location(client: bigquery.Client) -> None:
    """The same id elsewhere is another job; odd ids are refused."""
    for location in ("EU", "US"):
        client.query(f"SELECT '{location}' AS l", job_id="twin", location=location, job_retry=None).result()
    assert [row["l"] for row in client.get_job("twin", location="EU").result()] == ["EU"]
    assert [row["l"] for row in client.get_job("twin", location="US").result()] == ["US"]
    with pytest.raises(exceptions.BadRequest, match="Job IDs must be alphanumeric"):
        client.query("SELECT 1", job_id="a.b", job_retry=None)
    client.query("SELECT 1", job_id="cased", location="eu", job_retry=None).result()
    assert client.get_job("cased", location="EU").location == "EU"


def test_a_job_is_deleted_with_its_statements(client: bigquery.Client) -> None:
    """jobs.delete takes a script's children along, and frees no id that is in use."""
    script = client.query("SELECT 1; SELECT 2;", job_id="forgotten", location="EU", job_retry=None)
    script.result()
    child = next(iter(client.list_jobs(parent_job=script)))
    with pytest.raises(exceptions.BadRequest, match="is part of a script"):
        client.delete_job_metadata(child)
    client.delete_job_metadata(script)
    for name in ("forgotten", child.job_id):
        with pytest.raises(exceptions.NotFound, match="Not found: Job"):
            client.get_job(name, location="EU")


def test_a_malformed_job_is_refused(running: Running, client: bigquery.Client) -> None:
    """4xx in BigQuery's shape, with the place; nothing is made of it."""
    del running
    bodies: dict[str, dict[str, Any]] = {
        "Required parameter is missing": {},
        "Required parameter is missing: configuration.query, .copy, .load or .extract": {"configuration": {}},
        "legacy SQL": {"configuration": {"query": {"query": "SELECT 1"}}},
        "parameterMode": {"configuration": {"query": {"query": "x", "useLegacySql": False, "parameterMode": "odd"}}},
        "an object is expected": {"configuration": {"query": "SELECT 1"}},
        "Required parameter is missing: sourceTable": {"configuration": {"extract": {"sourceTable": {}}}},
    }
    for fact, body in bodies.items():
        with pytest.raises(exceptions.GoogleAPICallError, match=fact) as refused:
            raw.request(client, "POST", f"/projects/{PROJECT}/jobs", data=body)
        assert refused.value.code in (400, 501)
        assert {"reason", "message"} <= set(refused.value.errors[0]), json.dumps(refused.value.errors)
