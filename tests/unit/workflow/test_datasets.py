"""Where the region's metadata is denied: the datasets are listed, and the inventory is taken again, of each of them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from replicator.runtime.errors import WorkflowFailed
from tests.unit.plan.pipelines import plan, source
from tests.unit.workflow.scripted import Bench, Failed, Job, Service
from tests.unit.workflow.test_run import ANSWERS

BENCH: Final = Bench(plan(source("japan")))
VIEW: Final = "acme-japan:region-asia-northeast1.INFORMATION_SCHEMA.SCHEMATA"
DENIED: Final = Failed(f"Access Denied: Table {VIEW}: User does not have permission to query table {VIEW}, or perhaps")
PLACE: Final = "Asia-Northeast1"
PAGES: Final[tuple[dict[str, str], ...]] = (
    {"shop_2": PLACE, "other": PLACE},
    {},
    {"shop_1": PLACE, "shop_3": "US", "my_shop_4": PLACE},
)


def service(*pages: dict[str, str], **other: Any) -> Service:
    """A cloud in which the region may not be asked, and all else goes well."""

    def become(job: Job) -> Any:
        kind = job.name.removeprefix("datasets_").partition("_")[0]
        if job.name == "inventory_japan":
            return DENIED
        return other[job.name] if job.name in other else ANSWERS[kind]

    return Service(become, datasets=pages)


def test_the_inventory_is_taken_again_of_the_datasets_that_are_shown() -> None:
    """Those that the file names, of every page, in the source's own location; by views of the run's own."""
    at = service(*PAGES)

    result = BENCH.run("main", at)

    (denied,), (again,) = ([job for job in at.jobs.values() if job.name == name]
                           for name in ("inventory_japan", "datasets_inventory_japan"))  # fmt: skip
    assert denied.parameter("run")["datasets"] is None
    assert "FROM `acme-japan`.`region-asia-northeast1`.INFORMATION_SCHEMA.TABLE_STORAGE" in denied.sql
    assert again.parameter("run")["datasets"] == ["shop_2", "shop_1"]
    assert f"_staging`.seen_{BENCH.plan.key}_TABLE_STORAGE" in again.sql
    assert f"_staging`.seen_{BENCH.plan.key}_COLUMNS" in next(
        job.sql for job in at.jobs.values() if job.name.startswith("fill_")
    )
    assert [(line["stage"], line["by_dataset"]) for line in result["sources"]] == [("done", True)]


def test_receipts_that_are_lost_are_rebuilt_before_it_is_taken_once_more() -> None:
    """Under a name of its own, with the same datasets."""
    lost = {**ANSWERS["inventory"], "lost": True}
    at = service(*PAGES, datasets_inventory_japan=lost, ledger_0_japan={"after": None, "stamps": []},
                 restore_0_japan={"restored": 0}, inventory2_japan=ANSWERS["inventory"])  # fmt: skip

    BENCH.run("main", at)

    taken = [job for job in at.jobs.values() if "inventory" in job.name]
    assert [job.name for job in taken] == ["inventory_japan", "datasets_inventory_japan", "inventory2_japan"]
    assert [job.parameter("run")["first"] for job in taken] == [True, True, False]
    assert taken[-1].parameter("run")["datasets"] == ["shop_2", "shop_1"]


@pytest.mark.parametrize("number", [0, 201])
def test_none_and_too_many_datasets_fail_the_source_with_what_to_grant(number: int) -> None:
    """Nothing is asked of them."""
    at = service({f"shop_{each}": PLACE for each in range(number)})

    with pytest.raises(WorkflowFailed) as failed:
        BENCH.run("main", at)

    assert isinstance(failed.value.error, dict)
    assert failed.value.error["message"] == (
        f"japan, datasets: the account sees {number} datasets of the source, and not the metadata of all of project "
        "acme-japan; grant it bigquery.metadataViewer there, or on 1 to 200 of the datasets"
    )


def test_what_is_denied_again_fails_the_source() -> None:
    """There is no third way."""
    at = service(*PAGES, datasets_inventory_japan=DENIED)

    with pytest.raises(WorkflowFailed, match="japan, inventory: Access Denied"):
        BENCH.run("main", at)
