"""Jobs that wait, are held up, cancelled or run out of time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.local.bigquery.api.gate import at_once
from replicator.local.bigquery.api.job import JobRef
from replicator.local.bigquery.errors import BigQueryError
from tests.conformance.bigquery.conftest import Running

FOREVER = "WHILE TRUE DO SELECT 1; END WHILE;"


class Holding:
    """Holds jobs whose id begins with a word until it is released, and counts them."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._released = threading.Event()
        self.held: list[str] = []

    def __call__(self, job: JobRef, kind: str, stop: Callable[[], bool]) -> None:
        """Hold a job."""
        del kind
        if job.id.startswith(self._word):
            self.held.append(job.id)
            while not self._released.wait(0.005) and not stop():
                pass

    def release(self) -> None:
        """Let all of them go on."""
        self._released.set()


@contextmanager
def holding(running: Running, place: str, word: str) -> Iterator[Holding]:
    """Hold jobs ``starting`` or ``committing`` while the block lasts."""
    hold = Holding(word)
    setattr(running.service.gate, place, hold)
    try:
        yield hold
    finally:
        hold.release()
        setattr(running.service.gate, place, at_once)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what is about to happen."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        time.sleep(0.005)


def start(client: bigquery.Client, sql: str, job_id: str, **options: Any) -> bigquery.QueryJob:
    """Begin a query job of that id in the EU."""
    return client.query(
        sql, job_id=job_id, location="EU", job_retry=None, job_config=bigquery.QueryJobConfig(**options)
    )


def state(client: bigquery.Client, job: bigquery.QueryJob) -> str:
    """The job's state now."""
    return str(client.get_job(job.job_id, location="EU").state)


def test_more_queries_than_may_run_are_pending(running: Running, client: bigquery.Client) -> None:
    """The next one starts when one ends; jobs.list finds them by state; other locations have their own."""
    running.service.knobs.concurrent_queries = 2
    try:
        with holding(running, "starting", "busy") as hold:
            running_now = [start(client, "SELECT 1", f"busy{number}") for number in range(2)]
            waiting = start(client, "SELECT 2 AS x", "waits")
            until(lambda: len(hold.held) == 2)
            assert state(client, waiting) == "PENDING"
            assert waiting.started is None
            assert "waits" in {job.job_id for job in client.list_jobs(state_filter="pending")}
            assert [row["x"] for row in client.query("SELECT 3 AS x", location="US").result(timeout=5)] == [3]
        assert [row["x"] for row in waiting.result(timeout=10)] == [2]
        assert all(job.result(timeout=10) for job in running_now)
    finally:
        running.service.knobs.concurrent_queries = 100


def test_a_pending_job_is_cancelled_at_once(running: Running, client: bigquery.Client) -> None:
    """It ends as stopped without having run, and gives its place to nobody else's loss."""
    running.service.knobs.concurrent_queries = 1
    try:
        with holding(running, "starting", "first") as hold:
            first = start(client, "SELECT 1", "first")
            until(lambda: len(hold.held) == 1)
            second, third = (start(client, f"SELECT {n}", f"next{n}") for n in (2, 3))
            client.cancel_job(second)
            with pytest.raises(exceptions.GoogleAPICallError, match="Job execution was cancelled"):
                second.result(timeout=5)
            assert second.error_result["reason"] == "stopped"
        assert first.result(timeout=5).total_rows == third.result(timeout=5).total_rows == 1
    finally:
        running.service.knobs.concurrent_queries = 100


def test_more_queries_than_may_wait_fail(running: Running, client: bigquery.Client) -> None:
    """QuotaExceeded, in the job and not in the answer to jobs.insert."""
    running.service.knobs.concurrent_queries, running.service.knobs.queued_queries = 1, 1
    try:
        with holding(running, "starting", "full"):
            for number in range(2):
                start(client, "SELECT 1", f"full{number}")
            with pytest.raises(exceptions.Forbidden, match="max number of jobs that can be queued per project"):
                start(client, "SELECT 1", "full2").result(timeout=5)
    finally:
        running.service.knobs.concurrent_queries, running.service.knobs.queued_queries = 100, 1_000


def test_two_statements_mutate_a_table_and_twenty_wait(running: Running, client: bigquery.Client, dataset: str) -> None:
    """The next one is refused in the service's words; none of the others is lost."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 0 AS x").result()
    update = f"UPDATE `{dataset}.t` SET x = x + 1 WHERE TRUE"
    with holding(running, "committing", "dml") as hold:
        jobs = [start(client, update, "dml0")]
        until(lambda: len(hold.held) == 1)
        jobs += [start(client, update, f"dml{number}") for number in range(1, 22)]
        until(lambda: sum(state(client, job) == "PENDING" for job in jobs) == 20)
        table = dataset.replace(".", ":") + r"\.t"
        refusal = rf"Too many DML statements outstanding against table {table}, limit is 20\."
        with pytest.raises(exceptions.GoogleAPICallError, match=refusal) as refused:
            start(client, update, "one_more").result(timeout=5)
        assert refused.value.errors[0]["reason"] == "resourcesExceeded"
        client.query(f"INSERT INTO `{dataset}.t` VALUES (100)").result(timeout=5)
        assert state(client, jobs[0]) == "RUNNING"
    for job in jobs:
        job.result(timeout=20)
    assert min(row["x"] for row in client.query(f"SELECT x FROM `{dataset}.t`").result()) == 22


def test_a_statement_of_a_script_waits_in_the_same_line(
    running: Running, client: bigquery.Client, dataset: str
) -> None:
    """Its child job is PENDING; a cancelled script leaves the line."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 0 AS x").result()
    update = f"UPDATE `{dataset}.t` SET x = x + 1 WHERE TRUE"
    with holding(running, "committing", "line") as hold:
        jobs = [start(client, update, "line0"), start(client, update, "line1")]
        until(lambda: len(hold.held) == 1)
        script = start(client, f"SELECT 1; {update};", "lined_script")
        until(lambda: "PENDING" in {job.state for job in client.list_jobs(parent_job="lined_script")})
        client.cancel_job(script)
        with pytest.raises(exceptions.GoogleAPICallError, match="Job execution was cancelled"):
            script.result(timeout=5)
    for job in jobs:
        job.result(timeout=20)
    assert [row["x"] for row in client.query(f"SELECT x FROM `{dataset}.t`").result()] == [2]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("cancel", id="cancelled"),
        pytest.param("timeout", id="out of time"),
    ],
)
def test_a_script_that_is_stopped_rolls_its_transaction_back(client: bigquery.Client, dataset: str, end: str) -> None:
    """What it did before BEGIN TRANSACTION stays; handlers do not catch it."""
    client.query(f"CREATE TABLE `{dataset}.t` AS SELECT 0 AS x").result()
    insert = f"INSERT INTO `{dataset}.t` VALUES"
    script = (
        f"{insert} (1); BEGIN TRANSACTION; {insert} (2); BEGIN {FOREVER} EXCEPTION WHEN ERROR THEN SELECT 1; END;"
        f" COMMIT TRANSACTION;"
    )
    job = start(client, script, f"stopped_{end}", **({"job_timeout_ms": 1_500} if end == "timeout" else {}))
    if end == "cancel":
        until(lambda: len(list(client.list_jobs(parent_job=job))) > 3)
        client.cancel_job(job)
    told = "User requested cancellation" if end == "cancel" else "Job timed out after 1s"
    with pytest.raises(exceptions.GoogleAPICallError, match=f"Job execution was cancelled: {told}"):
        job.result(timeout=10)

    assert client.get_job(job.job_id, location="EU").error_result["reason"] == "stopped"
    assert sorted(row["x"] for row in client.query(f"SELECT x FROM `{dataset}.t`").result()) == [0, 1]
    client.query(f"UPDATE `{dataset}.t` SET x = 5 WHERE TRUE").result(timeout=5)


def test_a_job_that_has_ended_is_not_cancelled(client: bigquery.Client) -> None:
    """jobs.cancel answers, and changes nothing."""
    job = client.query("SELECT 1")
    job.result()
    assert client.cancel_job(job).state == "DONE"
    assert client.get_job(job.job_id, location=job.location).error_result is None


@pytest.mark.parametrize(
    ("place", "sql"),
    [
        ("starting", "INSERT INTO `{0}.t` VALUES (1)"),
        ("committing", "INSERT INTO `{0}.t` VALUES (1)"),
        ("committing", "CREATE TABLE `{0}.u` AS SELECT 1 AS x"),
        ("committing", "BEGIN TRANSACTION; INSERT INTO `{0}.t` VALUES (1); COMMIT TRANSACTION;"),
    ],
)
def test_a_job_is_held_up_and_released(
    running: Running, client: bigquery.Client, dataset: str, place: str, sql: str
) -> None:
    """Before it starts and before it commits, when nothing of it can be seen."""
    client.query(f"CREATE TABLE `{dataset}.t` (x INT64)").result()
    word = f"held_{place}_{abs(hash(sql))}"
    with holding(running, place, word) as hold:
        job = start(client, sql.format(dataset), word)
        until(lambda: hold.held == [word])
        assert state(client, job) == ("PENDING" if place == "starting" else "RUNNING")
        assert client.get_table(f"{dataset}.t").num_rows == 0
        assert [table.table_id for table in client.list_tables(dataset)] == ["t"]
    job.result(timeout=10)
    done = client.get_table(f"{dataset}.t").num_rows + len(list(client.list_tables(dataset)))
    assert done == 2


def test_a_job_is_made_to_fail_at_its_commit(running: Running, client: bigquery.Client, dataset: str) -> None:
    """With any of the service's errors, and nothing of it happens."""
    client.query(f"CREATE TABLE `{dataset}.t` (x INT64)").result()

    def fail(job: JobRef, kind: str, stop: Callable[[], bool]) -> None:
        del kind, stop
        if job.id == "fails":
            raise BigQueryError(reason="backendError", message="told to fail")

    running.service.gate.committing = fail
    try:
        with pytest.raises(exceptions.ServerError, match="told to fail"):
            start(client, f"INSERT INTO `{dataset}.t` VALUES (1)", "fails").result(timeout=5, retry=None)
    finally:
        running.service.gate.committing = at_once
    assert client.get_table(f"{dataset}.t").num_rows == 0


def test_two_requests_of_one_id_at_once_make_one_job(client: bigquery.Client, dataset: str) -> None:
    """Exactly one of many is taken, and the statement runs once."""
    client.query(f"CREATE TABLE `{dataset}.t` (x INT64)").result()
    answers: list[str] = []

    def insert() -> None:
        try:
            start(client, f"INSERT INTO `{dataset}.t` VALUES (1)", "raced").result(timeout=10)
            answers.append("done")
        except exceptions.Conflict as conflict:
            answers.append(conflict.errors[0]["reason"])

    threads = [threading.Thread(target=insert) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["done", *["duplicate"] * 5]
    assert client.get_table(f"{dataset}.t").num_rows == 1
