"""What can stand in the way of a deployment: one sentence with the remedy, and nothing half made is left unsaid."""

from __future__ import annotations

from typing import Any

import pytest

from replicator.names import DatasetRef
from tests.e2e.deploy.bench import Bench


def explained(bench: Bench, name: str) -> str:
    """Why a deployment failed: the one line that is the error."""
    said = bench.deploy(name)
    assert said.code == 1, said.out
    return next(line for line in said.err.splitlines() if line.startswith("replicator: "))


@pytest.mark.parametrize(
    ("match", "denied", "kind", "sentence"),
    [
        (
            {"service": "bigquery", "method": "POST"},
            {"permission": "bigquery.datasets.create", "resource": "Project acme-analytics"},
            "accessDenied",
            (
                "creating state dataset acme-analytics.memory_NAME in EU: Access Denied: Project acme-analytics: User "
                "does not have bigquery.datasets.create permission in project acme-analytics; grant "
                "bigquery.datasets.create to the account that runs this command, or let one that has it run it"
            ),
        ),
        (
            {"service": "workflows", "method": "POST"},
            {"permission": "workflows.workflows.create", "resource": "projects/acme-analytics/locations/europe-west1"},
            "accessDenied",
            "grant workflows.workflows.create to the account that runs this command, or let one that has it run it",
        ),
        (
            {"service": "scheduler", "method": "POST"},
            {},
            "apiDisabled",
            (
                "the API cloudscheduler.googleapis.com is not enabled in project acme-analytics; run 'gcloud services "
                "enable cloudscheduler.googleapis.com --project acme-analytics', and a few minutes later this command"
            ),
        ),
        (
            {"service": "transfer", "method": "GET"},
            {},
            "apiDisabled",
            (
                "listing the transfer configs of projects/acme-analytics/locations/eu: the API "
                "bigquerydatatransfer.googleapis.com is not enabled in project acme-analytics; run 'gcloud"
            ),
        ),
        (
            {"service": "scheduler", "method": "POST"},
            {
                "permission": "cloudscheduler.jobs.create",
                "resource": "projects/acme-analytics/locations/europe-west9",
                "message": "Permission denied on 'locations/europe-west9' (or it may not exist).",
            },
            "accessDenied",
            "the service has no region 'europe-west9', or lets nobody here use it: name another in deploy.region",
        ),
    ],
    ids=["no right to a dataset", "no right to the workflow", "no scheduler", "no transfers", "no region"],
)
def test_a_refused_call_is_one_sentence_with_its_remedy(
    bench: Bench, match: dict[str, str], denied: dict[str, str], kind: str, sentence: str,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """What was made before it and what was not is said; the same command then goes on."""
    name = bench.write("refused_" + "".join(word[0] for word in request.node.callspec.id.split()), sources=("japan",))
    bench.control.fault(kind, match, times="every", **denied)

    said = bench.deploy(name)

    assert said.code == 1
    told = next(line for line in said.err.splitlines() if line.startswith("replicator: "))
    assert sentence.replace("NAME", name) in told
    if match["method"] == "POST":
        made = sum(line.split(" of ")[0].isdigit() for line in said.err.splitlines()) - 1
        assert f"stopped half-way: {made} of 7 changes made; the same command goes on." in said.err
    bench.control.ask("DELETE", "/faults")
    bench.deployed(name)
    assert bench.deployed(name).out == f"{name}: nothing to change\n"


@pytest.mark.parametrize(
    ("kind", "denied", "remedy"),
    [
        ("apiDisabled", {}, "run 'gcloud services enable bigquery.googleapis.com --project acme-japan'"),
        (
            "accessDenied",
            {"permission": "bigquery.jobs.create", "resource": "Project acme-japan"},
            "grant bigquery.jobs.create to the account that runs this",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["plan", "run"])
def test_what_stands_in_the_way_of_a_run_is_told_with_its_remedy_too(
    bench: Bench, verb: str, kind: str, denied: dict[str, str], remedy: str
) -> None:
    """At the source, where the account may be a stranger: in a forecast and in a run, behind the fact."""
    name = bench.write(f"{verb}_{kind}".lower(), sources=("japan",))
    bench.control.fault(kind, {"service": "bigquery", "path": "projects/acme-japan/"}, times="every", **denied)

    said = bench.say(verb, name)

    assert said.code == 1
    told = said.err.splitlines()[-1]
    assert told.startswith("replicator: ")
    assert remedy in told


def test_a_region_that_there_is_not_is_refused_before_anything_is_made(bench: Bench) -> None:
    """Both services say so, and neither says it in words of its own."""
    name = bench.write("nowhere", sources=("home",), region="europe-west99")
    bench.written()

    told = explained(bench, name)

    assert (
        "the service has no region 'europe-west99', or lets nobody here use it: name another in deploy.region" in told
    )
    assert bench.written() == []


def test_datasets_that_lie_elsewhere_are_all_told_at_once_and_nothing_is_made(bench: Bench) -> None:
    """They cannot be moved."""
    name = bench.write("elsewhere", sources=("home",))
    bench.cloud.dataset(f"acme-analytics.memory_{name}", "US")
    bench.written()

    told = explained(bench, name)

    assert told.endswith(
        "elsewhere is not deployed, and nothing was changed: dataset acme-analytics.memory_elsewhere lies in US and "
        "not in EU, and cannot be moved; delete it, or name another in state.dataset"
    )
    assert bench.written() == []


def test_a_target_elsewhere_is_refused_and_a_missing_one_is_told(bench: Bench) -> None:
    """The target's dataset is its owner's: nothing here makes it."""
    name = bench.write("aims", sources=("home",))
    file = bench.directory / "configs" / "aims.yaml"
    text = file.read_text()
    bench.cloud.dataset("acme-analytics.american", "US")

    file.write_text(text.replace("acme-analytics.marketing", "acme-analytics.american"))
    refused = explained(bench, name)
    file.write_text(text.replace("acme-analytics.marketing", "acme-analytics.nowhere"))
    told = bench.say("deploy", name, "--dry-run")

    assert "the target's dataset acme-analytics.american lies in US and not in EU; correct target.location" in refused
    assert told.code == 0
    assert "acme-analytics.nowhere does not exist, and no run makes it: create it in EU before" in told.err


def test_a_transfer_config_that_someone_else_owns_is_told_with_its_owner(bench: Bench) -> None:
    """One that fills our landing dataset stops the deployment; one that is ours becomes the service account's."""
    name = bench.write("owned", sources=("japan",))
    bench.deployed(name)
    transfers = bench.cloud.clients.transfers()
    parent = "projects/acme-analytics/locations/eu"
    (ours,) = (each for each in transfers.list_transfer_configs(parent=parent) if each.display_name.split()[1] == name)
    _give(transfers, ours, "ada@acme.com")

    bench.control.fault("accessDenied", {"service": "transfer", "method": "PATCH"}, times="every",
                        permission="bigquery.transfers.update", resource=ours.name)  # fmt: skip
    denied = explained(bench, name)
    bench.control.ask("DELETE", "/faults")
    given = bench.deployed(name)

    assert "grant bigquery.transfers.update to the account that runs this command" in denied
    assert "  owner: ada@acme.com becomes replicator@acme-analytics.iam.gserviceaccount.com" in given.out.splitlines()
    ours.display_name = "Ada's copy"
    transfers.update_transfer_config({"transfer_config": ours, "update_mask": {"paths": ["display_name"]}})
    _give(transfers, ours, "ada@acme.com")
    strange = explained(bench, name)
    assert f"transfer config {ours.name} ('Ada's copy'), which ada@acme.com owns, copies " in strange
    assert "delete it, or name another landing of source 'japan'" in strange


def _give(transfers: Any, config: Any, owner: str) -> None:
    request = {"transfer_config": config, "service_account_name": owner,
               "update_mask": {"paths": ["service_account_name"]}}  # fmt: skip
    transfers.update_transfer_config(request)


def test_a_workflow_and_a_schedule_of_somebody_else_are_not_touched(bench: Bench) -> None:
    """They have the right names and not the labels."""
    name = bench.write("foreign", sources=("home",))
    bench.deployed(name)
    workflows = bench.cloud.clients.workflows()
    job = bench.job(name)
    workflow = workflows.get_workflow(name=job["name"].replace("/jobs/", "/workflows/"))
    workflow.labels = {"team": "sales"}
    workflows.update_workflow({"workflow": workflow, "update_mask": {"paths": ["labels"]}}).result(timeout=10)
    session, http = bench.cloud.clients.session(), bench.cloud.endpoints.http
    session.patch(f"{http}/v1/{job['name']}?updateMask=description", json={"description": "mine"})
    bench.written()

    said = bench.deploy(name)

    assert said.code == 1
    assert "does not carry the labels of this pipeline; delete or rename it" in said.err
    assert "is not described as one of this pipeline; delete or rename it" in said.err
    assert bench.written() == []


def test_a_dataset_of_another_pipeline_is_not_taken(bench: Bench) -> None:
    """What is staged there expires by its owner's rule, and goes with it."""
    one = bench.write("first", sources=("home",))
    bench.deployed(one)
    client = bench.cloud.clients.bigquery("acme-home")
    (staging,) = (
        each.dataset_id for each in client.list_datasets() if each.dataset_id.startswith("replicator_first__")
    )
    name = bench.write("second", sources=("home",))
    file = bench.directory / "configs" / "second.yaml"
    file.write_text(file.read_text().replace("datasets: second", f"datasets: second, staging: {{dataset: {staging}}}"))

    told = explained(bench, name)

    ref = DatasetRef("acme-home", staging)
    assert f"dataset {ref} belongs to the pipeline 'first'; name another in staging.dataset of source 'home'" in told
