"""Nothing grows with the number of properties but tables and rows."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from replicator.cli.cloud import serving
from replicator.cli.document import run_document
from replicator.cli.exports import Exports
from replicator.cli.render import document_text
from replicator.config.project import load_project
from replicator.demo.data import Day, Table
from replicator.gcp.endpoints import Endpoints
from replicator.limits import SOURCE_BYTES
from replicator.names import DatasetRef
from replicator.runtime.clock import RealClock
from replicator.runtime.environment import StepEvent
from replicator.schema.fields import Field

_HEAD: Final = """\
version: 1
pipeline: many
target:
  table: acme-centre.web.events
  location: EU
  partition: {column: event_day, by: day}
  source_column: property
state: {dataset: acme-centre.replicator}
sources:
"""
_SOURCE: Final = """\
  - name: country{number}
    project: acme-land{number}
    location: asia-northeast1
    datasets: "analytics_*"
    tables: {{shards: "events_", suffix: "%Y%m%d"}}
    columns: {{exclude: [user_id], hash: [user_pseudo_id]}}
"""
_FIELDS: Final = (Field("event_name", "STRING"), Field("user_id", "STRING"), Field("user_pseudo_id", "STRING"))


def _document(folder: Path, sources: int) -> str:
    configs = folder / f"configs{sources}"
    configs.mkdir(exist_ok=True)
    text = _HEAD + "".join(_SOURCE.format(number=number) for number in range(sources))
    (configs / "many.yaml").write_text(text)
    return document_text(load_project(configs, environment=None).pipeline("many"))


def test_a_document_fits_and_a_source_adds_little(tmp_path: Path) -> None:
    """Under 128 KB; each further source costs less than 400 bytes."""
    sizes = [len(_document(tmp_path, sources).encode()) for sources in (1, 2, 12)]

    assert sizes[2] < SOURCE_BYTES.value
    assert sizes[1] - sizes[0] < 400
    assert sizes[2] - sizes[1] < 10 * 400


@dataclass(frozen=True)
class QuietRun:
    """What a run with nothing to do cost."""

    calls: Counter[str]
    steps: int
    result: Any


def _run(text: str, endpoints: Endpoints) -> tuple[Any, int]:
    steps = 0

    def count(event: StepEvent) -> None:
        nonlocal steps
        steps = max(steps, event.count)

    variables = {"GOOGLE_CLOUD_PROJECT_ID": "acme-centre", "GOOGLE_CLOUD_LOCATION": "europe-west1"}
    result = run_document(
        text, {}, file=Path("many.yaml"), endpoints=endpoints, variables=variables, on_step=count, clock=RealClock()
    )
    return result, steps


def _quiet_run(folder: Path, properties: int) -> QuietRun:
    shards = tuple(
        Table(
            DatasetRef("acme-land0", f"analytics_{number}").table("events_20261101"),
            _FIELDS,
            ({"event_name": "view", "user_id": "u", "user_pseudo_id": str(number)},),
        )
        for number in range(properties)
    )
    day = Day("", {shard.ref.parent: "asia-northeast1" for shard in shards}, shards)
    text = _document(folder, 1)
    with serving(folder / f"cloud{properties}") as running:
        endpoints = Endpoints.at(running.endpoints.http)
        Exports(endpoints).write(day)
        first, _ = _run(text, endpoints)
        assert (first["state"], first["units"], first["rows"]) == ("done", properties, properties)
        # What the service's metadata views say is some moments old.
        time.sleep(1)
        running.recorder.clear_calls()
        result, steps = _run(text, endpoints)
        calls = Counter(
            f"{call.method} {re.sub(r'/jobs/.*', '/jobs/…', call.path)}" for call in running.recorder.calls()
        )
    return QuietRun(calls, steps, result)


@pytest.mark.slow
def test_a_quiet_run_costs_the_same_with_2_and_with_200_properties(tmp_path: Path) -> None:
    """The same calls, the same steps, and no copy is started."""
    few, many = _quiet_run(tmp_path, 2), _quiet_run(tmp_path, 200)

    assert few.result["state"] == many.result["state"] == "quiet"
    assert few.calls == many.calls
    assert few.steps == many.steps
    assert not any("transferConfigs" in path and "startManualRuns" in path for path in many.calls)
