"""Jobs and queries through Google's client."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.local.bigquery.api.app import bigquery_routes
from replicator.local.recorder import Recorder
from tests.conformance import raw
from tests.conformance.bigquery.conftest import PROJECT, Running

Q = bigquery.ScalarQueryParameter
NAIVE = dt.datetime.fromisoformat("2026-01-02T03:04:05")
SLOW = "DECLARE i INT64 DEFAULT 0; WHILE TRUE DO SET i = i + 1; END WHILE;"


def values(rows: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows]


def test_a_query_answers_with_typed_rows(client: bigquery.Client) -> None:
    """Values come back in Python's types, nested ones too, by jobs.insert and by jobs.query."""
    sql = (
        "SELECT 1 AS i, 'x' AS s, 1.5 AS f, TRUE AS b, DATE '2026-01-02' AS d, TIMESTAMP '2026-01-02 03:04:05+00' AS t,"
        " NUMERIC '1.5' AS n, [1, 2] AS a, STRUCT('y' AS k, [STRUCT(1 AS z)] AS l) AS r, b'\\xaa' AS y"
    )
    expected = (
        1, "x", 1.5, True, dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), Decimal("1.5"),
        [1, 2], {"k": "y", "l": [{"z": 1}]}, b"\xaa",
    )  # fmt: skip
    assert values(client.query(sql).result()) == [expected]
    assert values(client.query_and_wait(sql)) == [expected]


def test_parameters_of_every_type_are_named_or_positional(client: bigquery.Client) -> None:
    """What goes in comes out, arrays and structs included."""
    value = False
    given = [
        Q("i", "INT64", -(2**63)), Q("f", "FLOAT64", 0.1), Q("b", "BOOL", value), Q("s", "STRING", "a'\"\\\n`é"),
        Q("y", "BYTES", b"\x00\xff"), Q("d", "DATE", dt.date(1, 1, 1)), Q("n", "NUMERIC", Decimal("-1.000000001")),
        Q("t", "TIMESTAMP", dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC)), Q("z", "STRING", None),
        Q("dt", "DATETIME", NAIVE), Q("tm", "TIME", dt.time(1, 2, 3)),
        bigquery.ArrayQueryParameter("a", "STRING", ["x", "y"]),
        bigquery.StructQueryParameter("r", Q("k", "INT64", 1), bigquery.ArrayQueryParameter("l", "INT64", [2, 3])),
    ]  # fmt: skip
    names = [each.name for each in given]
    config = bigquery.QueryJobConfig(query_parameters=given)
    (row,) = client.query(f"SELECT {', '.join(f'@{name} AS {name}' for name in names)}", job_config=config).result()
    assert list(row.values()) == [
        -(2**63), 0.1, False, "a'\"\\\n`é", b"\x00\xff", dt.date(1, 1, 1), Decimal("-1.000000001"),
        dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC), None, NAIVE, dt.time(1, 2, 3),
        ["x", "y"], {"k": 1, "l": [2, 3]},
    ]  # fmt: skip
    positional = bigquery.QueryJobConfig(query_parameters=[Q(None, "INT64", 1), Q(None, "STRING", "x")])
    assert values(client.query("SELECT ?, ?", job_config=positional).result()) == [(1, "x")]


def test_a_job_id_runs_once(client: bigquery.Client) -> None:
    """The second job of an id is a conflict that names the job, and the first can be joined."""
    client.query("SELECT 1 AS x", job_id="once", location="EU", job_retry=None).result()
    with pytest.raises(exceptions.Conflict, match=r"Already Exists: Job acme-test:EU\.once"):
        client.query("SELECT 2 AS x", job_id="once", location="EU", job_retry=None).result()
    assert values(client.get_job("once", location="EU").result()) == [(1,)]


def test_a_job_is_found_in_its_location_only(client: bigquery.Client) -> None:
    """jobs.get needs the location outside of US and EU (googleapis/nodejs-bigquery#888)."""
    client.query("SELECT 1", job_id="placed", location="asia-northeast1", job_retry=None).result()
    assert client.get_job("placed", location="asia-northeast1").state == "DONE"
    with pytest.raises(exceptions.NotFound, match="Not found: Job"):
        client.get_job("placed")


def test_a_job_runs_where_its_datasets_lie(running: Running, client: bigquery.Client, dataset: str) -> None:
    """Inferred from the tables when not said; said wrongly it is a notFound that names the location."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x").result()
    assert client.query(f"SELECT * FROM `{dataset}.t`").location == "EU"
    assert client.query("SELECT 1").location == "US"
    elsewhere = running.client(location="asia-northeast1")
    with pytest.raises(exceptions.NotFound, match="was not found in location asia-northeast1"):
        elsewhere.query(f"SELECT * FROM `{dataset}.t`").result()


def test_jobs_are_listed_with_their_labels(client: bigquery.Client) -> None:
    """jobs.list shows jobs newest first and leaves the statements of scripts to their parent."""
    config = bigquery.QueryJobConfig(labels={"run": "a"})
    script = client.query("SELECT 1; SELECT 2 AS y;", job_config=config)
    assert values(script.result()) == [(2,)]
    assert next(iter(client.list_jobs(max_results=1))).job_id == script.job_id
    children = list(client.list_jobs(parent_job=script))
    assert sorted(child.query for child in children) == ["SELECT 1", "SELECT 2 AS y"]
    assert all(child.parent_job_id == script.job_id and child.labels == {"run": "a"} for child in children)
    assert client.get_job(script.job_id).num_child_jobs == 2


def test_a_job_is_cancelled_and_times_out(client: bigquery.Client) -> None:
    """A script that would run forever ends as stopped."""
    job = client.query(SLOW)
    client.cancel_job(job.job_id, location=job.location)
    with pytest.raises(exceptions.GoogleAPICallError, match="Job execution was cancelled"):
        job.result(timeout=10)
    config = bigquery.QueryJobConfig(job_timeout_ms=50)
    with pytest.raises(exceptions.GoogleAPICallError, match="timed out"):
        client.query(SLOW, job_config=config).result(timeout=10)


def test_a_wait_ends_with_an_incomplete_answer(client: bigquery.Client) -> None:
    """jobs.query and getQueryResults answer jobComplete: false when timeoutMs has passed."""
    call = partial(raw.request, client)  # the client itself would go on waiting
    body = {"query": SLOW, "useLegacySql": False, "timeoutMs": 20}
    answer = call(method="POST", path=f"/projects/{PROJECT}/queries", data=body)
    assert answer["jobComplete"] is False
    name, place = answer["jobReference"]["jobId"], answer["jobReference"]["location"]
    later = call(
        method="GET", path=f"/projects/{PROJECT}/queries/{name}", query_params={"timeoutMs": 20, "location": place}
    )
    assert later["jobComplete"] is False
    client.cancel_job(name, location=place)


def test_a_request_id_makes_one_job(client: bigquery.Client) -> None:
    """jobs.query with the same requestId answers for the same job."""
    call = partial(raw.request, client)  # the client makes a new requestId for each call
    body = {"query": "SELECT GENERATE_UUID()", "useLegacySql": False, "requestId": "r1"}
    one, two = (call(method="POST", path=f"/projects/{PROJECT}/queries", data=body) for _ in range(2))
    assert (one["jobReference"], one["rows"]) == (two["jobReference"], two["rows"])


def test_results_are_paged(client: bigquery.Client) -> None:
    """Pages follow each other without gap, from any row on."""
    job = client.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 250)) AS x ORDER BY x")
    assert [row["x"] for row in job.result(page_size=100)] == list(range(1, 251))
    job = client.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 250)) AS x ORDER BY x")
    assert [row["x"] for row in job.result(start_index=248)] == [249, 250]


def test_a_dry_run_tells_and_does_nothing(client: bigquery.Client, dataset: str) -> None:
    """Bytes, schema and referenced tables; no job, no effect; a wrong query is refused."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x, 'abc' AS s").result()
    config = bigquery.QueryJobConfig(dry_run=True)
    job = client.query(f"SELECT x FROM `{dataset}.t`", job_config=config)
    assert (job.total_bytes_processed, [field.name for field in job.schema]) == (8, ["x"])
    assert [table.table_id for table in job.referenced_tables] == ["t"]
    assert client.query(f"SELECT * FROM `{dataset}.t`", job_config=config).total_bytes_processed == 8 + 5
    client.query(f"DELETE FROM `{dataset}.t` WHERE TRUE", job_config=config)
    assert client.get_table(f"{dataset}.t").num_rows == 1
    with pytest.raises(exceptions.BadRequest, match="Unrecognized name: y"):
        client.query(f"SELECT y FROM `{dataset}.t`", job_config=config)


def test_more_bytes_than_may_be_billed_are_refused(client: bigquery.Client, dataset: str) -> None:
    """MaximumBytesBilled holds before anything is answered or changed."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x").result()
    config = bigquery.QueryJobConfig(maximum_bytes_billed=7)
    with pytest.raises(exceptions.GoogleAPICallError, match="exceeded limit for bytes billed: 7"):
        client.query(f"SELECT x FROM `{dataset}.t`", job_config=config).result()


def test_a_destination_table_takes_the_rows(client: bigquery.Client, dataset: str) -> None:
    """Dispositions hold for queries too; columns are matched by name; new ones need ALLOW_FIELD_ADDITION."""

    def run(sql: str, write: str, *options: str) -> None:
        config = bigquery.QueryJobConfig(
            destination=f"{dataset}.t", write_disposition=write, schema_update_options=options
        )
        client.query(sql, job_config=config).result()

    run("SELECT 1 AS a, 'x' AS b", "WRITE_EMPTY")
    run("SELECT 'y' AS b, 2 AS a", "WRITE_APPEND")
    with pytest.raises(exceptions.Conflict):
        run("SELECT 1 AS a", "WRITE_EMPTY")
    with pytest.raises(exceptions.BadRequest, match="Provided Schema does not match Table"):
        run("SELECT 3 AS a, 1 AS c", "WRITE_APPEND")
    run("SELECT 3 AS a, 1 AS c", "WRITE_APPEND", "ALLOW_FIELD_ADDITION")
    rows = client.query(f"SELECT a, b, c FROM `{dataset}.t` ORDER BY a").result()
    assert values(rows) == [(1, "x", None), (2, "y", None), (3, None, 1)]


def test_a_failed_query_tells_why(client: bigquery.Client) -> None:
    """The reason and the message are in the job; the client raises the matching error."""
    job = client.query("SELECT ERROR('told')")
    with pytest.raises(exceptions.BadRequest, match="told"):
        job.result()
    assert job.error_result is not None
    assert job.error_result["reason"] == "invalidQuery"


def test_jobs_survive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A job that was answered DONE is there with its rows after the server has ended, children included."""
    from tests.conformance.bigquery.conftest import serve

    folder = tmp_path_factory.mktemp("kept")
    first = serve(folder)
    client = next(first).client()
    client.query("SELECT 7 AS x", job_id="kept", location="EU", job_retry=None).result()
    first.close()
    second = serve(folder)
    again = next(second).client()
    assert values(again.get_job("kept", location="EU").result()) == [(7,)]
    with pytest.raises(exceptions.Conflict):
        again.query("SELECT 8 AS x", job_id="kept", location="EU", job_retry=None).result()
    second.close()


def test_statements_are_recorded_with_typed_parameters(running: Running, client: bigquery.Client) -> None:
    """Inner statements of scripts and of EXECUTE IMMEDIATE are noted as they ran, a script's expressions too."""
    running.recorder.clear_statements()
    config = bigquery.QueryJobConfig(query_parameters=[Q("run", "STRING", "{}")])
    client.query(
        "DECLARE n INT64 DEFAULT 1; SELECT @run, n; EXECUTE IMMEDIATE 'SELECT @x' USING n AS x;", job_config=config
    ).result()
    noted = [(each.text, dict(each.parameters), dict(each.variables)) for each in running.recorder.statements()]
    assert noted == [
        ("1", {"run": "STRING"}, {}),
        ("SELECT @run, n", {"run": "STRING"}, {"n": "INT64"}),
        ("'SELECT @x'", {"run": "STRING"}, {"n": "INT64"}),
        ("n", {"run": "STRING"}, {"n": "INT64"}),
        ("SELECT @x", {"x": "INT64"}, {"n": "INT64"}),
    ]


def test_the_service_needs_nothing_but_a_folder(tmp_path: Any) -> None:
    """Opening and closing an empty folder starts no job and loses nothing."""
    bigquery_routes(tmp_path, Recorder()).close()
