"""What a run costs does not grow with what did not change."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from replicator import limits
from replicator.cli.exports import make_project
from replicator.config.project import load_project
from replicator.plan.build import build_plan
from replicator.schema.fields import Field
from replicator.workflow.document import build_document
from replicator.workflow.render import to_yaml
from tests.e2e.clouds import Cloud, cloud, pipeline_of

CONFIG = """\
version: 1
pipeline: many
target:
  table: acme-analytics.marketing.many
  location: EU
  partition: {column: event_day, by: day}
  source_column: property
state: {dataset: acme-analytics.replicator}
sources:
"""
SOURCE = """\
  - name: NAME
    project: acme-LOCATION
    location: LOCATION
    datasets: "analytics_*"
    tables: {shards: "events_", suffix: "%Y%m%d"}
    staging: {project: acme-replication}
"""
REPOSITORY = Path(__file__).parents[2]


def config(*locations: str) -> str:
    """A pipeline with a plain source in each location."""
    return CONFIG + "".join(
        SOURCE.replace("NAME", location.replace("-", "_")).replace("LOCATION", location) for location in locations
    )


def rendered(directory: Path, text: str) -> str:
    """The document of a pipeline with this text."""
    return to_yaml(build_document(build_plan(pipeline_of(directory, text))))


def test_every_committed_document_is_far_below_the_limit() -> None:
    """128 KB is the service's bound on a workflow's source."""
    for pipeline in load_project(REPOSITORY / "configs", environment=None).pipelines:
        size = len(to_yaml(build_document(build_plan(pipeline))).encode())
        assert size < limits.SOURCE_BYTES.value


def test_a_source_adds_data_and_no_steps(tmp_path: Path) -> None:
    """Under 400 bytes each, all of them in the block of data and the header line."""
    locations = ("us-east1", "asia-northeast1", "southamerica-east1", "australia-southeast1")
    sizes = [len(rendered(tmp_path, config(*locations[:count])).encode()) for count in range(1, 5)]

    added = [after - before for before, after in pairwise(sizes)]
    assert all(0 < size < 400 for size in added), added
    one, four = (rendered(tmp_path, config(*locations[:count])) for count in (1, 4))
    assert one.count("call: ") == four.count("call: ") > 0


@pytest.mark.slow
def test_a_quiet_run_costs_the_same_for_2_and_for_200_properties(tmp_path: Path) -> None:
    """The same calls by kind, the same steps by subworkflow, no copy; and the document is the same text."""
    pipeline = pipeline_of(tmp_path, config("asia-northeast1"))
    fields = (Field("event_name", "STRING"), Field("event_timestamp", "INTEGER"))
    seen: dict[int, tuple[Counter[str], Counter[str]]] = {}
    with cloud(tmp_path / "cloud") as local:
        local.dataset("acme-analytics.marketing", "EU")
        make_project(local.endpoints, "acme-replication")
        have = 0
        for properties in (2, 200):
            for number in range(have, properties):
                local.dataset(f"acme-asia-northeast1.analytics_{number}", "asia-northeast1")
                local.load(
                    f"acme-asia-northeast1.analytics_{number}.events_20261101", fields,
                    [{"event_name": "e", "event_timestamp": number}], "asia-northeast1",
                )  # fmt: skip
            have = properties
            moved = local.run(pipeline)
            assert (moved["state"], moved["copies"] > 0) == ("done", True)
            seen[properties] = quiet(local, pipeline)
        [rows] = local.rows(
            "SELECT COUNT(*) AS n, COUNT(DISTINCT property) AS p FROM `acme-analytics.marketing.many`", "EU"
        )

    assert rows == {"n": 200, "p": 200}
    assert seen[2] == seen[200]
    assert not any("startManualRuns" in call for call in seen[200][0])


def quiet(local: Cloud, pipeline: object) -> tuple[Counter[str], Counter[str]]:
    """The calls and steps of a run that finds nothing due."""
    from replicator.config.pipeline import Pipeline

    assert isinstance(pipeline, Pipeline)
    local.calls()
    result = local.run(pipeline)
    assert (result["state"], result["units"], result["copies"]) == ("quiet", 0, 0)
    return local.calls(), Counter(local.steps)
