"""Transactions through Google's client: what they see, what they exclude, what they refuse, how they end.

A transaction is kept open at its COMMIT, where the server holds up jobs whose ids the test names, or within, where its
script waits for the server's clock.

https://docs.cloud.google.com/bigquery/docs/transactions
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from replicator.local.bigquery.api.job import JobRef
from tests.conformance.bigquery.clocks import Clock, Timed
from tests.conformance.bigquery.conftest import serve

ABORTED = r"Transaction is aborted due to concurrent update against table acme-test:{0}\.t"
PATIENCE = 20


@dataclass(frozen=True)
class Server(Timed):
    """A server that holds up the commits of the jobs that ``hold`` starts."""

    arrived: dict[str, threading.Event] = field(default_factory=dict)
    released: dict[str, threading.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.running.service.gate.committing = self._hold

    def _hold(self, job: JobRef, kind: str, stop: Callable[[], bool]) -> None:  # noqa: ARG002 - the gate's signature
        if job.id in self.arrived:
            self.arrived[job.id].set()
            while not self.released[job.id].wait(0.01) and not stop():
                pass

    def hold(self, script: str) -> bigquery.QueryJob:
        """Start a script, and wait until it is about to commit."""
        name = f"held-{uuid4().hex}"
        self.arrived[name], self.released[name] = threading.Event(), threading.Event()
        job = self.client.query(script, job_id=name, job_retry=None)
        while not self.arrived[name].wait(0.01):
            assert not job.done(), job.error_result
        return job

    def release(self, job: bigquery.QueryJob) -> None:
        """Let it commit, and wait until it has."""
        self.released[str(job.job_id)].set()
        job.result(timeout=PATIENCE)

    def pause(self, before: str, after: str) -> tuple[bigquery.QueryJob, Callable[[], None]]:
        """Start a script that stands still between two parts; it, and what lets it go on."""
        until = datetime.fromtimestamp(self.clock() + 3_600, UTC)
        waits = (
            f"WHILE CURRENT_TIMESTAMP() < TIMESTAMP '{until:%Y-%m-%d %H:%M:%S+00}' DO SET turn = turn + 1; END WHILE"
        )
        job = self.client.query(f"DECLARE turn INT64 DEFAULT 0; {before}; {waits}; {after}")
        wanted = before.count(";")

        def children() -> int:
            return sum(child.state == "DONE" for child in self.client.list_jobs(parent_job=job, all_users=True))

        deadline = time.monotonic() + PATIENCE
        while children() < wanted and time.monotonic() < deadline:
            assert not job.done(), job.error_result
            time.sleep(0.01)

        def go_on() -> None:
            self.clock.ahead += 3_700

        return job, go_on

    def values(self, table: str) -> list[Any]:
        """The column ``i`` of a table."""
        return [row[0] for row in self.client.query_and_wait(f"SELECT i FROM `{table}` ORDER BY i")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests."""
    clock = Clock()
    for running in serve(tmp_path_factory.mktemp("transactions"), now=clock):
        yield Server(running, clock, running.client())


@pytest.fixture
def name(server: Server) -> str:
    """A dataset with two tables of the rows 1, 2, 3: ``t`` and ``u``; the third came later, and is stored apart."""
    name = f"d{uuid4().hex}"
    dataset = server.dataset(name)
    for table in "tu":
        server.client.query_and_wait(
            f"CREATE TABLE `{dataset}.{table}` AS SELECT i FROM UNNEST([1, 2]) AS i; "
            f"INSERT INTO `{dataset}.{table}` (i) VALUES (3)"
        )
    return name


def test_nobody_sees_what_is_not_committed_and_nobody_waits(server: Server, name: str) -> None:
    """Readers of the tables that are being changed, and of others, answer at once with what is committed."""
    job = server.hold(
        f"BEGIN TRANSACTION; DELETE FROM {name}.t WHERE i = 1; INSERT INTO {name}.u (i) VALUES (4); COMMIT TRANSACTION"
    )
    assert (server.values(f"{name}.t"), server.values(f"{name}.u")) == ([1, 2, 3], [1, 2, 3])
    assert server.client.get_table(f"{name}.t").num_rows == 3
    assert not job.done()

    server.release(job)

    assert (server.values(f"{name}.t"), server.values(f"{name}.u")) == ([2, 3], [1, 2, 3, 4])


def test_a_transaction_sees_one_state_and_its_own_changes(server: Server, name: str) -> None:
    """What others commit meanwhile is not in it, even in tables that it has not looked at before."""
    job, go_on = server.pause(
        f"BEGIN TRANSACTION; INSERT INTO {name}.t (i) VALUES (10)",
        f"CREATE TEMP TABLE seen AS SELECT (SELECT SUM(i) FROM {name}.t) AS t, (SELECT SUM(i) FROM {name}.u) AS u; "
        "COMMIT TRANSACTION; SELECT t, u FROM seen",
    )
    server.client.query_and_wait(f"INSERT INTO {name}.t (i) VALUES (100); DELETE FROM {name}.u WHERE i = 3")
    go_on()

    assert [tuple(row.values()) for row in job.result(timeout=PATIENCE)] == [(16, 6)]
    assert (server.values(f"{name}.t"), server.values(f"{name}.u")) == ([1, 2, 3, 10, 100], [1, 2])


CHANGES = {
    "update": "UPDATE {0}.t SET i = i + 10 WHERE i = 3",
    "delete": "DELETE FROM {0}.t WHERE i = 3",
    "merge": "MERGE {0}.t USING (SELECT 3 AS j) ON i = j WHEN MATCHED THEN DELETE",
    "truncate": "TRUNCATE TABLE {0}.t",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_of_two_that_change_one_table_one_is_cancelled(server: Server, name: str, change: str) -> None:
    """Whatever rows they change; the error is a 400 that names the table, and nothing of the second is done."""
    first = server.hold(f"BEGIN TRANSACTION; UPDATE {name}.t SET i = 0 WHERE i = 1; COMMIT TRANSACTION")

    with pytest.raises(exceptions.BadRequest, match=ABORTED.format(name)) as refused:
        server.client.query_and_wait(
            f"BEGIN TRANSACTION; INSERT INTO {name}.u (i) VALUES (9); {change.format(name)}; COMMIT TRANSACTION"
        )

    assert refused.value.errors[0]["reason"] == "invalidQuery"
    server.release(first)
    assert (server.values(f"{name}.t"), server.values(f"{name}.u")) == ([0, 2, 3], [1, 2, 3])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_since_its_snapshot_cancels_a_transaction(server: Server, name: str, change: str) -> None:
    """Though nobody holds the table any more."""
    job, go_on = server.pause(
        f"BEGIN TRANSACTION; INSERT INTO {name}.u (i) VALUES (9)", f"{change.format(name)}; COMMIT TRANSACTION"
    )
    server.client.query_and_wait(f"UPDATE {name}.t SET i = 0 WHERE i = 1")
    go_on()

    with pytest.raises(exceptions.BadRequest, match=ABORTED.format(name)):
        job.result(timeout=PATIENCE)
    assert (server.values(f"{name}.t"), server.values(f"{name}.u")) == ([0, 2, 3], [1, 2, 3])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_plain_dml_waits_for_a_transaction(server: Server, name: str, change: str) -> None:
    """And then works on what the transaction has left."""
    first = server.hold(f"BEGIN TRANSACTION; UPDATE {name}.t SET i = 3 WHERE TRUE; COMMIT TRANSACTION")
    plain = server.client.query(change.format(name))
    time.sleep(0.3)
    assert not plain.done()

    server.release(first)

    plain.result(timeout=PATIENCE)
    assert plain.num_dml_affected_rows == 3


def test_inserts_are_in_nobodys_way(server: Server, name: str) -> None:
    """Two that looked before they inserted both insert; a change beside them is not cancelled either."""
    once = f"INSERT INTO {name}.t (i) SELECT 7 FROM UNNEST([1]) WHERE NOT EXISTS (SELECT 1 FROM {name}.t WHERE i = 7)"
    first = server.hold(f"BEGIN TRANSACTION; {once}; COMMIT TRANSACTION")
    second = server.hold(f"BEGIN TRANSACTION; {once}; COMMIT TRANSACTION")
    third = server.hold(f"BEGIN TRANSACTION; DELETE FROM {name}.t WHERE i < 3; COMMIT TRANSACTION")
    server.client.query_and_wait(once)
    for job in (second, third, first):
        server.release(job)

    assert server.values(f"{name}.t") == [3, 7, 7, 7]


def test_changes_of_other_tables_are_in_nobodys_way(server: Server, name: str) -> None:
    """The rule is per table, whatever the transactions read."""
    first = server.hold(
        f"BEGIN TRANSACTION; DELETE FROM {name}.t WHERE i IN (SELECT i FROM {name}.u WHERE i > 1); COMMIT TRANSACTION"
    )
    second = server.hold(
        f"BEGIN TRANSACTION; DELETE FROM {name}.u WHERE i IN (SELECT i FROM {name}.t WHERE i > 1); COMMIT TRANSACTION"
    )
    server.release(first)
    server.release(second)

    assert (server.values(f"{name}.t"), server.values(f"{name}.u")) == ([1], [1])


COLUMNS_CHANGE = {
    "drop": ("ALTER TABLE {0}.t DROP COLUMN i", ["j"]),
    "rename": ("ALTER TABLE {0}.t RENAME COLUMN i TO k", ["k", "j"]),
    "widen": ("ALTER TABLE {0}.t ALTER COLUMN i SET DATA TYPE FLOAT64", ["i", "j"]),
}


@pytest.mark.parametrize("change", COLUMNS_CHANGE)
def test_an_insert_and_a_change_of_its_columns_exclude_each_other(server: Server, name: str, change: str) -> None:
    """Whichever commits first: the other one is cancelled, and no row stands in columns that it was not written for."""
    statement, columns = COLUMNS_CHANGE[change]
    server.client.query_and_wait(f"ALTER TABLE {name}.t ADD COLUMN j INT64")
    insert = f"INSERT INTO {name}.t (i, j) VALUES (9, 9)"

    def state() -> tuple[list[str], list[Any]]:
        fields = [field.name for field in server.client.get_table(f"{name}.t").schema]
        return fields, [row[0] for row in server.client.query_and_wait(f"SELECT j FROM {name}.t ORDER BY j")]

    altering = server.hold(statement.format(name))
    server.client.query_and_wait(insert)
    with pytest.raises(exceptions.BadRequest, match=ABORTED.format(name)):
        server.release(altering)
    assert state() == (["i", "j"], [None, None, None, 9])

    inserting = server.hold(insert)
    server.client.query_and_wait(statement.format(name))
    with pytest.raises(exceptions.BadRequest, match=ABORTED.format(name)):
        server.release(inserting)
    assert state() == (columns, [None, None, None, 9])


@pytest.mark.parametrize("change", ["ADD COLUMN j INT64", "SET OPTIONS (description = 'told')"])
def test_an_insert_goes_on_beside_a_change_that_its_columns_survive(server: Server, name: str, change: str) -> None:
    """Columns are added and options set while rows are being written; the rows are NULL there."""
    inserting = server.hold(f"INSERT INTO {name}.t (i) VALUES (9)")
    server.client.query_and_wait(f"ALTER TABLE {name}.t {change}")
    server.release(inserting)
    assert server.values(f"{name}.t") == [1, 2, 3, 9]


BODY = "DELETE FROM {0}.t WHERE i = 1; INSERT INTO {0}.u (i) VALUES (4); UPDATE {0}.u SET i = 0 WHERE i = 3"


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ("ROLLBACK TRANSACTION", None),
        ("SELECT ERROR('stop'); COMMIT TRANSACTION", "stop"),
        ("RAISE USING MESSAGE = 'stop'", "stop"),
        ("SELECT IF(FALSE, 1, ERROR('stop')); COMMIT TRANSACTION", "stop"),
        ("SELECT 1", None),
        ("RETURN", None),
    ],
)
def test_what_is_not_committed_never_was(server: Server, name: str, end: str, error: str | None) -> None:
    """Rolled back, failed, or left open at the script's end: nothing of it is in any table, and no lock is left."""
    script = f"BEGIN TRANSACTION; {BODY.format(name)}; {end}"
    if error is None:
        server.client.query_and_wait(script)
    else:
        with pytest.raises(exceptions.BadRequest, match=error):
            server.client.query_and_wait(script)

    assert (server.values(f"{name}.t"), server.values(f"{name}.u")) == ([1, 2, 3], [1, 2, 3])
    server.client.query_and_wait(f"BEGIN TRANSACTION; {BODY.format(name)}; COMMIT TRANSACTION")
    assert (server.values(f"{name}.t"), server.values(f"{name}.u")) == ([2, 3], [0, 1, 2, 4])


def test_a_handler_rolls_back_and_the_script_goes_on(server: Server, name: str) -> None:
    """The documented way: EXCEPTION WHEN ERROR THEN ROLLBACK."""
    found = server.client.query_and_wait(
        f"BEGIN BEGIN TRANSACTION; {BODY.format(name)}; SELECT 1 / 0; COMMIT TRANSACTION; "
        "EXCEPTION WHEN ERROR THEN ROLLBACK TRANSACTION; END; "
        f"SELECT COUNT(*), MIN(i) FROM {name}.t"
    )
    assert [tuple(row.values()) for row in found] == [(3, 1)]


def test_a_cancelled_job_leaves_nothing_and_holds_nothing(server: Server, name: str) -> None:
    """Neither rows nor the table."""
    job = server.hold(f"BEGIN TRANSACTION; {BODY.format(name)}; COMMIT TRANSACTION")
    job.cancel()
    with pytest.raises(exceptions.GoogleAPICallError, match="cancelled"):
        job.result(timeout=PATIENCE)

    assert server.values(f"{name}.t") == [1, 2, 3]
    server.client.query_and_wait(f"DELETE FROM {name}.t WHERE i = 1", wait_timeout=PATIENCE)
    assert server.values(f"{name}.t") == [2, 3]


PERMANENT = "DDL statements that affect permanent entities are not supported in a transaction"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE {0}.new (i INT64)", PERMANENT),
        ("CREATE TABLE {0}.new AS SELECT 1 AS i", PERMANENT),
        ("CREATE OR REPLACE TABLE {0}.t AS SELECT 1 AS i", PERMANENT),
        ("DROP TABLE {0}.t", PERMANENT),
        ("ALTER TABLE {0}.t ADD COLUMN j INT64", PERMANENT),
        ("ALTER TABLE {0}.t SET OPTIONS (description = 'd')", PERMANENT),
        ("CREATE VIEW {0}.v AS SELECT 1 AS i", PERMANENT),
        ("CREATE SCHEMA {0}_new", PERMANENT),
        ("BEGIN TRANSACTION", "nested transactions are not supported"),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "EXECUTE IMMEDIATE is not supported in a transaction"),
    ],
)
def test_what_a_transaction_does_not_take_rolls_it_back(
    server: Server, name: str, statement: str, message: str
) -> None:
    """DDL of permanent things, and a transaction within one (transactions, limitations)."""
    with pytest.raises(exceptions.BadRequest, match=message):
        server.client.query_and_wait(
            f"BEGIN TRANSACTION; INSERT INTO {name}.t (i) VALUES (9); {statement.format(name)}; COMMIT TRANSACTION"
        )
    assert server.values(f"{name}.t") == [1, 2, 3]
    assert sorted(table.table_id for table in server.client.list_tables(name)) == ["t", "u"]


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_an_end_without_a_beginning_is_refused(server: Server, end: str) -> None:
    """There is nothing that it could end."""
    with pytest.raises(exceptions.BadRequest, match="no transaction is in progress"):
        server.client.query_and_wait(f"SELECT 1; {end} TRANSACTION")


def test_temporary_tables_are_made_and_dropped_in_a_transaction(server: Server, name: str) -> None:
    """They are the one DDL that it takes."""
    found = server.client.query_and_wait(
        f"BEGIN TRANSACTION; CREATE TEMP TABLE x AS SELECT i FROM {name}.t; INSERT INTO x (i) VALUES (4); "
        f"INSERT INTO {name}.u (i) SELECT i FROM x WHERE i > 3; DROP TABLE x; CREATE TEMP TABLE x AS SELECT 5 AS i; "
        "COMMIT TRANSACTION; SELECT i FROM x"
    )
    assert [row[0] for row in found] == [5]
    assert server.values(f"{name}.u") == [1, 2, 3, 4]


def test_a_transaction_changes_a_hundred_tables_and_no_more(server: Server, name: str) -> None:
    """transactions, limitations."""
    made = "; ".join(f"CREATE TABLE {name}.n{place} (i INT64)" for place in range(101))
    server.client.query_and_wait(made)
    inserts = [f"INSERT INTO {name}.n{place} (i) VALUES (1)" for place in range(101)]

    with pytest.raises(exceptions.BadRequest, match="at most 100 tables"):
        server.client.query_and_wait(f"BEGIN TRANSACTION; {'; '.join(inserts)}; COMMIT TRANSACTION")
    assert server.values(f"{name}.n0") == []
    server.client.query_and_wait(f"BEGIN TRANSACTION; {'; '.join(inserts[:100])}; COMMIT TRANSACTION")
    assert server.values(f"{name}.n99") == [1]
