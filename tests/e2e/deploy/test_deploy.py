"""Deploying makes what a run makes, once; what differs is changed, and nothing else."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Final

import pytest

from tests.e2e.deploy.bench import PARENT, Bench


def test_deploying_twice_changes_nothing_and_says_so(bench: Bench) -> None:
    """The second time nothing is written at all, and the workflow keeps its revision."""
    name = bench.write("twice")
    made = bench.deployed(name)
    bench.written()

    again = bench.deployed(name)

    assert len(made.changes) == 8
    assert again.out == "twice: nothing to change\n"
    assert bench.written() == []
    workflow = next(each for each in bench.get(f"/v1/{PARENT}/workflows")["workflows"] if "-twice-" in each["name"])
    assert workflow["revisionId"].startswith("000001-")
    assert workflow["labels"] == {"managed-by": "replicator", "pipeline": "twice"}


def test_a_dry_run_shows_the_changes_and_makes_none(bench: Bench) -> None:
    """Nothing is written, and the answer for a program is the same list."""
    name = bench.write("dry")
    bench.written()

    shown = bench.say("deploy", name, "--dry-run")
    listed = bench.as_json("deploy", name, "--dry-run")

    assert (shown.code, bench.written()) == (0, [])
    assert shown.out.endswith("dry: 8 changes to make, none made\n")
    assert [f"{change['verb']} {change['resource']}" for change in listed["changes"]] == shown.changes


def test_without_a_terminal_and_without_yes_nothing_is_changed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nobody to ask, which is a mistake of whoever typed the command."""
    name = bench.write("unasked")
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: PTH123, SIM115  # no terminal, for the test's length
    bench.written()

    said = bench.say("deploy", name)

    assert (said.code, bench.written()) == (2, [])
    assert "add --yes to make these changes" in said.err


def test_who_says_no_at_the_terminal_changes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The changes are shown before the question; yes makes them."""
    name = bench.write("asked", sources=("home",))
    bench.written()

    monkeypatch.setattr("sys.stdin", _Terminal("n\n"))
    declined = bench.say("deploy", name)
    written = bench.written()
    monkeypatch.setattr("sys.stdin", _Terminal("y\n"))
    agreed = bench.say("deploy", name)

    assert (declined.code, written, len(declined.changes)) == (1, [], 5)
    assert "Make 5 changes?" in declined.err
    assert "nothing was changed" in declined.err
    assert (agreed.code, agreed.out.splitlines()[-1]) == (0, "asked: 5 changes made")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.slow
def test_a_run_finds_what_a_deployment_made(bench: Bench) -> None:
    """Same names, same texts: after the run there is still nothing to change."""
    name = bench.write("before")
    bench.load(name, "japan", 1, "one", "two")
    bench.load(name, "home", 1, "three")
    bench.deployed(name)

    ran = bench.say("run", name)

    assert ran.code == 0, ran.err
    assert "2 units, 3 rows" in ran.out
    assert bench.deployed(name).out == "before: nothing to change\n"


def test_after_a_change_of_the_file_exactly_what_it_is_about_is_changed(bench: Bench) -> None:
    """A cron line concerns the schedule, a filter the document, an account whatever runs as it."""
    name = bench.write("changing")
    bench.deployed(name)

    def changed(**file: str | None) -> list[str]:
        bench.write(name, **file)  # type: ignore[arg-type]  # each is what ``write`` takes under that name
        return [" ".join(change.split()[:2]) for change in bench.deployed(name).changes]

    assert changed(cron="0 6 * * *") == ["change schedule"]
    assert changed(cron="0 6 * * *", more="lease: 20 minutes\n") == ["change workflow"]
    assert changed(cron=None, more="lease: 20 minutes\n") == ["remove schedule"]
    other = "other@acme-analytics.iam.gserviceaccount.com"
    assert changed(cron=None, more="lease: 20 minutes\n", account=other) == ["change transfer", "change workflow"]
    assert changed(account=other) == ["change workflow", "create schedule"]
    assert changed(account=other) == []


def test_what_somebody_changed_by_hand_is_changed_back(bench: Bench) -> None:
    """What others added stays: a label of theirs, and a schedule that they paused."""
    name = bench.write("hands")
    bench.deployed(name)
    client = bench.cloud.clients.bigquery("acme-analytics")
    landing = next(
        each.dataset_id for each in client.list_datasets() if each.dataset_id.startswith("replicator_hands__")
    )
    dataset = client.get_dataset(f"acme-analytics.{landing}")
    dataset.default_table_expiration_ms, dataset.labels = None, {**dataset.labels, "team": "sales"}
    client.update_dataset(dataset, ["default_table_expiration_ms", "labels"])
    session, http = bench.cloud.clients.session(), bench.cloud.endpoints.http
    session.post(f"{http}/v1/{bench.job(name)['name']}:pause", json={})

    said = bench.deployed(name)

    assert said.out.splitlines()[:2] == [
        f"change landing dataset acme-analytics.{landing} in EU",
        "  tables expire after days: never becomes 7",
    ]
    assert len(said.changes) == 1
    assert "is paused, and stays so" in said.err
    after = client.get_dataset(f"acme-analytics.{landing}")
    assert (after.default_table_expiration_ms, after.labels["team"]) == (7 * 86_400_000, "sales")
    assert bench.job(name)["state"] == "PAUSED"


def test_two_environments_of_one_pipeline_share_nothing(bench: Bench) -> None:
    """Another target, another workflow, another schedule, other labels, from one pipeline file."""
    name = bench.write("tiers")
    environments = bench.directory / "configs" / "environments"
    environments.mkdir()
    (environments / "dev.yaml").write_text(
        "target: {table: acme-analytics.marketing.tiers_dev}\nschedule: {cron: 0 * * * *}\n", encoding="utf-8"
    )
    bench.deployed(name)

    made = bench.deploy(name, environment="dev")

    assert (made.code, len(made.changes)) == (0, 7), made.err  # they share the ledger's dataset alone
    assert bench.deployed(name).out == "tiers: nothing to change\n"
    workflows = [each for each in bench.get(f"/v1/{PARENT}/workflows")["workflows"] if "-tiers-" in each["name"]]
    assert {each["labels"].get("environment") for each in workflows} == {None, "dev"}


@pytest.mark.slow
def test_a_deployment_that_dies_half_way_is_completed_by_the_next(bench: Bench) -> None:
    """At each of its calls that write, by turns before the service has acted and after it has."""
    name = bench.write("half", sources=("japan",))
    for call in range(7):
        kind = "drop_after" if call % 2 else "drop_before"
        bench.control.fault(kind, {"method": "POST"}, skip=call)
        died = bench.deploy(name)
        assert died.code == 1
        assert f"stopped half-way: {call} of 7 changes made" in died.err
        bench.settle()
        completed = bench.deployed(name)
        assert len(completed.changes) == 7 - call - (kind == "drop_after")
        assert bench.deployed(name).out == "half: nothing to change\n"
        removed = bench.say("destroy", name, "--yes", "--ledger")
        assert removed.code == 0, removed.err
    configs = bench.get("/v1/projects/acme-analytics/locations/eu/transferConfigs").get("transferConfigs", ())
    assert not [config for config in configs if config["displayName"].split()[1] == name]


KILLS: Final = [(call, when) for call in range(7) for when in ("before", "after")]
SAMPLE: Final = ((2, "after"), (5, "before"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "when"),
    [*SAMPLE, *(pytest.param(*kill, marks=pytest.mark.crash_everywhere) for kill in KILLS if kill not in SAMPLE)],
)
def test_a_deployment_that_is_killed_is_completed_by_the_next(bench: Bench, call: int, when: str) -> None:
    """By a signal, while one of its calls that write stands before the service has acted or after it has."""
    name = bench.write(f"killed_{call}_{when}", sources=("japan",))
    hold = bench.control.hold(when, {"method": "POST"}, nth=call + 1)
    going = subprocess.Popen(
        [sys.executable, "-m", "replicator", *bench.words("deploy", name, "--yes")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert bench.control.get(f"/holds/{hold}?wait=60")["state"] == "holding"
    going.kill()
    going.wait()
    bench.control.release(hold)

    completed = bench.deployed(name)

    assert len(completed.changes) == 7 - call - (when == "after")
    assert bench.deployed(name).out == f"{name}: nothing to change\n"
