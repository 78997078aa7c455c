"""Destroying removes what was made, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from replicator.schema.fields import Field
from tests.e2e.deploy.bench import PARENT, Bench


def everything(bench: Bench) -> dict[str, Any]:
    """The names of all that is there."""
    projects = ("acme-analytics", "acme-japan", "acme-home")
    listed = {project: bench.cloud.clients.bigquery(project).list_datasets() for project in projects}
    return {
        "datasets": {f"{project}.{each.dataset_id}" for project, datasets in listed.items() for each in datasets},
        "configs": {
            each["name"] for each in bench.get("/v1/projects/acme-analytics/locations/eu/transferConfigs").get(
                "transferConfigs", ())
        },
        "workflows": {each["name"] for each in bench.get(f"/v1/{PARENT}/workflows").get("workflows", ())},
        "jobs": {each["name"] for each in bench.get(f"/v1/{PARENT}/jobs").get("jobs", ())},
    }  # fmt: skip


@pytest.mark.slow
def test_what_was_made_goes_and_the_ledger_the_target_and_the_sources_stay(bench: Bench) -> None:
    """A run made most of it, by the same names and texts; its neighbour, who shares the ledger, keeps all."""
    name = bench.write("leaving", state="memory")
    bench.load(name, "japan", 1, "one")
    bench.load(name, "home", 1, "two")
    bench.deployed(bench.write("neighbour", state="memory"))
    before = everything(bench)
    assert bench.say("run", name).code == 0
    made = bench.deployed(name)

    removed = bench.say("destroy", name, "--yes")

    assert [change.split()[:2] for change in made.changes] == [["create", "workflow"], ["create", "schedule"]]
    assert removed.code == 0, removed.err
    assert len(removed.changes) == 6
    assert "ledger and fence in acme-analytics.memory and the target stay" in removed.err
    assert everything(bench) == before
    assert len(bench.cloud.rows("SELECT id FROM `acme-analytics.marketing.leaving`", "EU")) == 2
    assert bench.say("destroy", name, "--yes").out == "leaving: nothing to change\n"
    shared = bench.say("destroy", "neighbour", "--yes", "--ledger")
    assert shared.code == 1
    assert "is used by leaving (acme-analytics.marketing.leaving) too; leave --ledger out" in shared.err
    assert everything(bench) == before
    assert "nothing was due" in bench.say("run", name).out


def test_ledger_and_target_go_when_they_are_named_and_the_target_only_with_the_ledger(bench: Bench) -> None:
    """The ledger would say that all is committed, and nothing would ever come again."""
    name = bench.write("whole", sources=("home",))
    before = everything(bench)
    bench.deployed(name)
    target = "acme-analytics.marketing.whole"
    bench.cloud.load(target, (Field("id", "INTEGER"),), [{"id": 1}], "EU")

    alone = bench.say("destroy", name, "--yes", "--target")
    both = bench.say("destroy", name, "--yes", "--ledger", "--target")

    assert (alone.code, both.code) == (2, 0), both.err
    assert "add --ledger" in alone.err
    assert everything(bench) == before
    tables = bench.cloud.clients.bigquery("acme-analytics").list_tables("acme-analytics.marketing")
    assert name not in {table.table_id for table in tables}


def test_what_is_not_labelled_as_ours_stays(bench: Bench) -> None:
    """A workflow and a dataset of the right name that somebody else made."""
    name = bench.write("strangers")
    bench.deployed(name)
    client = bench.cloud.clients.bigquery("acme-analytics")
    landing = next(
        each for each in everything(bench)["datasets"] if "replicator_strangers__japan" in each and "land" in each
    )
    dataset = client.get_dataset(landing)
    dataset.labels = {"managed-by": None, "pipeline": None}
    client.update_dataset(dataset, ["labels"])

    said = bench.say("destroy", name, "--yes")

    assert said.code == 0, said.err
    assert f"dataset {landing} does not carry the labels of this pipeline: it stays" in said.err
    assert client.get_dataset(landing).location == "EU"
