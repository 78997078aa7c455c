"""A server that is killed again and again while it is written to."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import bigquery, workflows_v1
from google.cloud.workflows import executions_v1

from replicator.local.endpoints import Endpoints
from tests.conformance.server.clients import LANDING, PARENT, WORKFLOW, Clients
from tests.conformance.server.processes import Nursery

KILLS = 10
ROWS = 7
SEED = 20261121
DIED = (requests.exceptions.ConnectionError, exceptions.GoogleAPICallError)


def insert(table: str, tag: str) -> str:
    return f"INSERT INTO `{table}` (tag, n) SELECT '{tag}', n FROM UNNEST(GENERATE_ARRAY(1, {ROWS})) AS n"


def one_statement(writer: Writer, tag: str) -> None:
    writer.run(insert(f"{LANDING}.left", tag), tag)


def transaction(writer: Writer, tag: str) -> None:
    both = f"{insert(f'{LANDING}.left', tag)}; {insert(f'{LANDING}.right', tag)}"
    writer.run(f"BEGIN TRANSACTION; {both}; COMMIT TRANSACTION;", tag)


def load(writer: Writer, tag: str) -> None:
    rows = [{"tag": tag, "n": n} for n in range(1, ROWS + 1)]
    config = bigquery.LoadJobConfig(
        write_disposition="WRITE_APPEND",
        schema=[bigquery.SchemaField("tag", "STRING"), bigquery.SchemaField("n", "INTEGER")],
    )
    table = f"{LANDING}.left"
    writer.client.load_table_from_json(rows, table, job_id=tag, location="EU", job_config=config, num_retries=0)
    writer.wait(tag)


class Writer:
    """One client, without its patience: a server that is gone is gone."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.client = Clients(endpoints).bigquery
        self._jobs = f"{endpoints.http}/bigquery/v2/projects/acme-analytics/jobs"
        self._session = requests.Session()

    def run(self, sql: str, tag: str) -> None:
        body: dict[str, Any] = {
            "jobReference": {"projectId": "acme-analytics", "jobId": tag, "location": "EU"},
            "configuration": {"query": {"query": sql, "useLegacySql": False}},
        }
        self._session.post(self._jobs, json=body, timeout=20).raise_for_status()
        self.wait(tag)

    def wait(self, tag: str) -> None:
        while True:
            told = self._session.get(f"{self._jobs}/{tag}?location=EU", timeout=20).json()["status"]
            if told["state"] == "DONE":
                assert "errorResult" not in told, told
                return
            time.sleep(0.005)


@dataclass
class Written:
    """What was begun, and of that what was answered."""

    begun: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


def write(endpoints: Endpoints, act: Callable[[Writer, str], None], name: str, written: Written) -> None:
    """Write until the server is gone."""
    writer = Writer(endpoints)
    for number in range(100_000):
        tag = f"{act.__name__}_{name}_{number}"
        with written.lock:
            written.begun.add(tag)
        try:
            act(writer, tag)
        except DIED:
            return
        with written.lock:
            written.answered.add(tag)


def counts(clients: Clients, table: str) -> dict[str, int]:
    return {
        str(tag): int(number)
        for tag, number in clients.query(f"SELECT tag, COUNT(*) FROM `{table}` GROUP BY tag", "EU")
    }


def check(clients: Clients, written: Written) -> None:
    """Everything answered is there; of everything else all or nothing."""
    left, right = counts(clients, f"{LANDING}.left"), counts(clients, f"{LANDING}.right")
    failed = {job.job_id for job in clients.bigquery.list_jobs(state_filter="done") if job.error_result is not None}
    for tag in written.answered:
        assert left.get(tag) == ROWS, tag
        assert tag not in failed
    for tag in written.begun:
        assert left.get(tag, 0) in {0, ROWS}, tag
        assert right.get(tag, 0) == (left.get(tag, 0) if tag.startswith("transaction") else 0), tag
    assert not list(clients.bigquery.list_jobs(state_filter="running"))


@pytest.mark.slow
def test_a_server_that_is_killed_at_random_moments_loses_nothing_and_keeps_no_half(tmp_path: Path) -> None:
    """Ten kills under four writers: jobs that were answered DONE are there and whole, others are whole or absent.

    Executions that ran have FAILED and say so, a dataset copy that ran goes on by itself.
    """
    moments, written = random.Random(SEED), Written()
    executions: list[str] = []
    runs: list[str] = []
    with closing(Nursery()) as nursery:
        for kill in range(KILLS + 1):
            endpoints = nursery.start(tmp_path)
            clients = Clients(endpoints)
            if kill == 0:
                prepare(clients)
            check(clients, written)
            for name in executions[-1:]:
                ended = clients.executions.get_execution(name=name)
                assert (ended.state.name, "killed" in ended.error.payload) == ("FAILED", True)
            for name in runs[-1:]:
                assert finished(clients, name) == "SUCCEEDED"
            if kill == KILLS:
                break
            config = next(iter(clients.transfer.list_transfer_configs(parent="projects/acme-analytics/locations/eu")))
            acts = (one_statement, transaction, load, one_statement)
            writers = [
                threading.Thread(target=write, args=(endpoints, act, f"{kill}_{number}", written))
                for number, act in enumerate(acts)
            ]
            for writer in writers:
                writer.start()
            executions.append(clients.executions.create_execution(parent=WORKFLOW, execution=HANGING).name)
            runs.append(clients.start_copy(str(config.name)))
            time.sleep(moments.uniform(0.05, 0.8))
            nursery.kill()
            for writer in writers:
                writer.join()

    assert len(written.answered) > KILLS
    print(f"{len(written.answered)} of {len(written.begun)} jobs were answered over {KILLS} kills (seed {SEED})")


HANGING = executions_v1.Execution(argument='{"do": "hang"}')


def prepare(clients: Clients) -> None:
    clients.make_dataset(LANDING, "EU")
    clients.make_dataset("acme-japan.staging", "asia-northeast1")
    for table in ("left", "right"):
        clients.query(f"CREATE TABLE `{LANDING}.{table}` (tag STRING, n INT64)", "EU")
    clients.make_config("acme-japan.staging")
    workflow = workflows_v1.Workflow(source_contents="- done:\n    return: 1\n")
    clients.workflows.create_workflow(parent=PARENT, workflow_id="ga4", workflow=workflow).result(timeout=5)


def finished(clients: Clients, run: str) -> str:
    for _ in range(500):
        state = str(clients.transfer.get_transfer_run(name=run).state.name)
        if state not in {"PENDING", "RUNNING"}:
            return state
        time.sleep(0.02)
    return state
