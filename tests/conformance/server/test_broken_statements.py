"""Statements that are nearly GoogleSQL: an answer each, in time, and never kinder than GoogleSQL's."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from replicator.local.server import Running, serve
from tests.conformance.server.clients import LANDING, Clients
from tests.conformance.server.malformed import BIGQUERY
from tests.conformance.server.serving import EXECUTOR
from tests.googlesql_mutations import mutated
from tests.googlesql_served import judged

STATEMENTS: Final = 300
GIVEN: Final = (Path(__file__).parent / "statements.sql").read_text("utf-8").splitlines()
TABLE: Final = (
    "CREATE OR REPLACE TABLE landing.t (d DATE, a ARRAY<STRUCT<b STRING>>, items ARRAY<STRUCT<c INT64, e STRING>>) AS "
    "SELECT DATE '2026-01-02', [STRUCT('x' AS b)], [STRUCT(1 AS c, 'y' AS e), STRUCT(2 AS c, 'z' AS e)]"
)
HANG_SECONDS: Final = 20


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(tmp_path_factory.mktemp("cloud"), executor=EXECUTOR) as server:
        Clients(server.endpoints).make_dataset(LANDING, "EU")
        yield server


def ask(running: Running, text: str, **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"query": text, "useLegacySql": False, "location": "EU", "timeoutMs": HANG_SECONDS * 1_000, **more}
    connection = http.client.HTTPConnection(running.endpoints.http.removeprefix("http://"), timeout=2 * HANG_SECONDS)
    try:
        connection.request("POST", f"{BIGQUERY}/queries", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_broken_statements_get_no_500_and_nothing_that_googlesql_refuses(
    running: Running, request: pytest.FixtureRequest
) -> None:
    """Statements of every kind with tokens changed: 200, 400, 404 or a refusal, and GoogleSQL agrees with each."""
    count = request.config.getoption("--statements", default=STATEMENTS)
    wrong = []
    ran = 0
    for seed in range(count):
        chance = Random(seed)
        if not seed % 25:
            assert ask(running, TABLE)[0] == 200
        text = mutated(chance, GIVEN)
        given = {"name": "p", "parameterType": {"type": "DATE"}, "parameterValue": {"value": "2026-01-02"}}
        status, told = ask(running, text, dryRun=chance.random() < 0.2, parameterMode="NAMED", queryParameters=[given])
        said = json.dumps(told)
        ran += status == 200
        if status not in {200, 400, 404, 409, 501} or "internal error" in said or told.get("jobComplete") is False:
            wrong.append(f"{seed}: {text}\n    {status} {said[:300]}")
    wrong += judged(running.recorder.statements()).wrong

    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong[:30])
    assert ran > count / 20


def test_a_statement_of_two_megabytes_is_refused_by_its_length(running: Running) -> None:
    """A query has at most 1 MB (quotas#query_jobs), in a body that is read all the same."""
    status, told = ask(running, f"SELECT '{'x' * 2_000_000}'")

    assert status == 400
    assert "too large" in told["error"]["message"] or "exceed" in told["error"]["message"]


@pytest.mark.parametrize("deep", ["(", "[", "STRUCT(", "ARRAY(SELECT ", "-", "NOT ", "SELECT * FROM ("])
def test_a_statement_nested_without_end_is_refused(running: Running, deep: str) -> None:
    """Thousands of brackets cost an answer, and not the server."""
    status, told = ask(running, f"SELECT {deep * 20_000}1")

    assert status == 400, told
    assert ask(running, "SELECT 1")[0] == 200


def test_what_is_not_modelled_is_no_broken_statement(running: Running) -> None:
    """TABLESAMPLE is GoogleSQL: it is refused by its name, and not as a mistake of syntax."""
    assert ask(running, TABLE)[0] == 200

    status, told = ask(running, "SELECT d FROM landing.t TABLESAMPLE SYSTEM (10 PERCENT)")

    assert status == 501
    assert "TABLESAMPLE" in told["error"]["message"]
