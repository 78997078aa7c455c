"""What has to change, by values: what no local cloud can show, because its services have only what is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from replicator.config.reading import parse_pipeline
from replicator.deploy.compare import Comparison, compare
from replicator.deploy.resources import (
    Found,
    FoundDataset,
    FoundJob,
    FoundTransfer,
    FoundWorkflow,
    Wanted,
)
from replicator.deploy.wanted import wanted
from replicator.plan.build import build_plan
from tests.unit.config.pipelines import FILE, ORDERS

_ACCOUNT: Final = "r@acme-analytics.iam.gserviceaccount.com"
_DEPLOY: Final = f"deploy: {{project: acme-analytics, region: europe-west1, service_account: {_ACCOUNT}}}\n"
_SCHEDULE: Final = "schedule: {cron: 15 5 * * *, time_zone: Europe/Paris}\n"


def wants() -> Wanted:
    """Everything of a pipeline with one source in another location."""
    pipeline = parse_pipeline(ORDERS + _DEPLOY + _SCHEDULE, FILE)
    return wanted(pipeline, build_plan(pipeline), "main: {steps: [{done: {return: 1}}]}\n")


def all_there(asked: Wanted) -> Found:
    """Exactly what is wanted."""
    (transfer,), job = asked.transfers, asked.job
    assert job is not None
    return Found(
        target=FoundDataset(location="EU", description="", labels={}, expiration_days=None),
        datasets={
            each.ref: FoundDataset(
                location=each.location, description=each.options.description, labels=each.options.labels,
                expiration_days=each.options.expiration_days)
            for each in asked.datasets
        },
        tables={**{key: {"version": asked.memory.version} for key in asked.memory.ledger}, asked.memory.fence: {}},
        transfers=(
            FoundTransfer(
                name="projects/1/locations/eu/transferConfigs/a", title=transfer.title, origin=str(transfer.origin),
                destination=transfer.destination.dataset, on_demand=True, owner=None),
        ),
        workflow=FoundWorkflow(
            source=asked.workflow.source, account=f"projects/-/serviceAccounts/{_ACCOUNT}",
            description=asked.workflow.description, labels=asked.workflow.labels),
        job=FoundJob(job=job, paused=False),
    )  # fmt: skip


def changes(found: Comparison) -> list[tuple[str, tuple[str, ...]]]:
    return [(str(change), change.details) for change in found.changes]


def test_what_is_there_as_it_is_wanted_is_left_alone() -> None:
    """The service writes an account's whole resource name; that is the same account."""
    asked = wants()

    assert compare(asked, all_there(asked)) == Comparison((), (), ())


def test_a_ledger_of_another_version_is_refused() -> None:
    """Before anything is made beside it."""
    asked = wants()
    found = all_there(asked)
    tables = {**found.tables, "units": {"version": "0"}}

    (refusal,) = compare(asked, replace(found, tables=tables)).refusals

    assert refusal.startswith(f"the ledger in {asked.memory.state} was made by another version (units)")


def test_a_config_that_copies_by_itself_becomes_one_on_demand() -> None:
    """Its name is the service's, by which it is changed."""
    asked = wants()
    found = all_there(asked)
    scheduled = replace(found.transfers[0], on_demand=False)

    compared = compare(asked, replace(found, transfers=(scheduled,)))

    assert changes(compared) == [
        (f"change {asked.transfers[0]}", ("schedule: by itself becomes on demand only",)),
    ]
    assert compared.changes[0].existing == scheduled.name


def test_what_a_source_that_is_gone_has_left_is_told() -> None:
    """It is known by its title; another pipeline's is not this one's to tell of."""
    asked = wants()
    found = all_there(asked)
    before, behind = asked.titles
    gone = replace(found.transfers[0], title=f"{before}chile{behind}", destination="old", name="configs/b")
    foreign = replace(gone, title=f"replicator others chile{behind}")

    (note,) = compare(asked, replace(found, transfers=(*found.transfers, gone, foreign))).notes

    assert note.startswith(f"transfer config configs/b ('{gone.title}') is of a source that the pipeline has no more")


def test_only_what_is_missing_is_made_and_before_what_needs_it() -> None:
    """Whatever a deployment that died has made, the rest follows in one order."""
    asked = wants()
    found = all_there(asked)
    all_missing = replace(found, datasets={}, tables={}, transfers=(), workflow=None, job=None)

    order = [str(change.resource).split()[0] for change in compare(asked, all_missing).changes]

    assert order == ["state", "ledger", "staging", "landing", "transfer", "workflow", "schedule"]
    assert [str(change) for change in compare(asked, replace(found, transfers=())).changes] == [
        f"create {asked.transfers[0]}"
    ]
