"""What is deployed runs: by hand, by its schedule, and not at all with an argument that it does not know."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from replicator.limits import ARGUMENT_BYTES
from tests.e2e.deploy.bench import PARENT, Bench


def executions(bench: Bench, name: str) -> list[Any]:
    """The executions of a pipeline's workflow that have ended, newest first; waits for the one that runs."""
    (workflow,) = (
        each["name"] for each in bench.get(f"/v1/{PARENT}/workflows")["workflows"] if f"-{name}-" in each["name"]
    )
    for _ in range(1_200):
        found = bench.get(f"/v1/{workflow}/executions?view=FULL").get("executions", [])
        if all(each["state"] != "ACTIVE" for each in found):
            return list(found)
        time.sleep(0.1)
    pytest.fail("an execution did not end within two minutes")


@pytest.mark.slow
def test_a_deployed_pipeline_runs_by_hand_and_on_schedule(bench: Bench) -> None:
    """Followed on the terminal with the words of a run in process; then fired by the clock, with new data."""
    name = bench.write("nightly", sources=("home",))
    bench.load(name, "home", 1, "one", "two")
    bench.deployed(name)

    by_hand = bench.say("run", name, "--deployed")

    assert by_hand.code == 0, by_hand.err
    assert "nightly-000001: 1 unit, 2 rows" in by_hand.out
    assert "home: 1 unit due; staging" in by_hand.err
    assert "home: 1 unit, 2 rows done" in by_hand.err
    bench.load(name, "home", 2, "three")
    bench.control.post("/clock", {"advance": 86_400})
    for _ in range(200):
        if len(bench.get(f"/v1/{bench.job(name)['httpTarget']['uri'].partition('/v1/')[2]}").get("executions", ())) > 1:
            break
        time.sleep(0.05)
    newest, *_ = executions(bench, name)
    assert newest["state"] == "SUCCEEDED", newest
    assert newest["argument"] == '{"if_busy": "wait"}'
    rows = bench.cloud.rows("SELECT note FROM `acme-analytics.marketing.nightly`", "EU")
    assert sorted(row["note"] for row in rows) == ["one", "three", "two"]
    assert bench.job(name)["status"] == {}


@pytest.mark.slow
def test_a_deployed_run_that_fails_says_of_each_source_how_it_ended(bench: Bench) -> None:
    """Exit 1, the reason with its job and where to look; what the others brought is committed, and a next run heals."""
    name = bench.write("failing")
    for source in ("japan", "home"):
        bench.load(name, source, 1, source)
    bench.deployed(name)
    bench.control.fault(
        "job_fails", {"job": f"replicator_{name}_.*_inventory_japan"}, reason="invalidQuery", message="No such luck."
    )

    failed = bench.say("run", name, "--deployed")
    told = bench.as_json("status", name)["runs"][0]

    assert failed.code == 1
    assert [line.split()[:3] for line in failed.out.splitlines()[2:]] == [
        ["japan", "failed", "0"],
        ["home", "done", "1"],
    ]
    reason = f"{name}: japan, inventory: No such luck. (job acme-japan:asia-northeast1.replicator_{name}_"
    assert reason in failed.err.splitlines()[-1]
    assert "https://console.cloud.google.com/bigquery?project=acme-japan" in failed.err.splitlines()[-1]
    assert (told["state"], [part["stage"] for part in told["sources"]]) == ("failed", ["done", "failed"])
    assert [row["note"] for row in bench.cloud.rows(f"SELECT note FROM `acme-analytics.marketing.{name}`", "EU")] == [
        "home"
    ]
    healed = bench.say("run", name, "--deployed")
    assert healed.code == 0, healed.err
    assert "1 unit, 1 row" in healed.out


def test_an_argument_that_is_none_is_refused_by_the_first_step(bench: Bench) -> None:
    """Posted as the scheduler posts it; nothing is asked of BigQuery, not even who holds the fence."""
    name = bench.write("refusing", sources=("home",))
    bench.deployed(name)
    uri = bench.job(name)["httpTarget"]["uri"].removeprefix("https://workflowexecutions.googleapis.com")
    session, http = bench.cloud.clients.session(), bench.cloud.endpoints.http
    bench.written()

    def post(argument: object) -> Any:
        return session.post(f"{http}{uri}", json={"argument": json.dumps(argument)})

    answers = [post({"wndow": {}}), post({"window": {"from": "2026-11-31", "to": "2026-12-02"}})]
    too_long = post({"window": {"from": "x" * ARGUMENT_BYTES.value}})

    assert [answer.status_code for answer in answers] == [200, 200]
    assert too_long.status_code == 400
    assert f"the limit is {ARGUMENT_BYTES.value} bytes" in too_long.json()["error"]["message"]
    window, key = executions(bench, name)
    assert (window["state"], key["state"]) == ("FAILED", "FAILED")
    assert "unknown key 'wndow'; known are" in key["error"]["payload"]
    assert "window is no span of days; pass {from, to}" in window["error"]["payload"]
    assert window["error"]["stackTrace"]["elements"][-1]["step"] == "argument"
    assert not [call for call in bench.written() if "/bigquery/" in call]


def test_running_what_nobody_deployed_names_the_command_that_does(bench: Bench) -> None:
    """There is no workflow to start."""
    said = bench.say("run", bench.write("undeployed"), "--deployed")

    assert said.code == 1
    assert "it is not deployed yet: run 'replicator deploy undeployed' first" in said.err
