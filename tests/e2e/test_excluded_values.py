"""What may not leave a country is nowhere else, at no moment: buffers are dropped when a run ends, so it is watched."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from replicator.runtime.environment import StepEvent
from replicator.schema.fields import Field
from tests.e2e.clouds import Cloud, cloud, pipeline_of, record, repeated

_PAUSE = 0.05
"""Seconds between two looks; what a stage writes lies there until the run has committed."""
MARKER = b"stays-in-kenya"
PLACE = "africa-south1"
CONFIG = """\
version: 1
pipeline: rides
target:
  table: acme-analytics.mobility.rides
  location: EU
  partition: {column: ride_date, by: day}
  source_column: fleet
state: {dataset: acme-analytics.memory}
sources:
  - name: kenya
    project: rides-ke
    location: africa-south1
    datasets: "fleet_*"
    tables: {shards: "rides_", suffix: "%Y%m%d"}
    columns:
      exclude: [phone, rider.name, stops.note]
      hash: [licence]
    where: "km > 0"
"""
FIELDS = (
    Field("km", "FLOAT"),
    Field("phone", "STRING"),
    Field("licence", "STRING"),
    record("rider", Field("name", "STRING"), Field("tier", "STRING")),
    repeated("stops", Field("at", "INTEGER"), Field("note", "STRING")),
)


class Watch:
    """Looks into every file of a local cloud that it has not seen yet, between the steps of a run.

    Attributes:
        at_home: Files of the source's own project that hold the marker.
        elsewhere: Others that do.
        tables: Datasets outside of the source's that files were seen in, so that the watch itself can be trusted.
    """

    def __init__(self, directory: Path) -> None:
        self.at_home: set[Path] = set()
        self.elsewhere: set[Path] = set()
        self.tables: set[str] = set()
        self._directory = directory
        self._seen: set[Path] = set()
        self._next = 0.0

    def on_step(self, _event: StepEvent) -> None:
        """Look at the rows' files that are new: they are written once, and go when a run cleans up."""
        if time.monotonic() > self._next:
            self.look("*.parquet")
            self._next = time.monotonic() + _PAUSE

    def look(self, pattern: str) -> None:
        """Search the files of that name, except rows' files that were searched before."""
        for path in self._directory.rglob(pattern):
            if path in self._seen or not path.is_file():
                continue
            try:
                held = path.read_bytes()
            except FileNotFoundError:
                continue
            parts = path.relative_to(self._directory).parts
            home = parts[:2] == ("bigquery", "rides-ke") and parts[2].startswith("fleet_")
            if path.suffix == ".parquet":
                self._seen.add(path)
                if not home:
                    self.tables.add(parts[2])
            if MARKER in held:
                (self.at_home if home else self.elsewhere).add(path)


def ride(number: int) -> dict[str, object]:
    """A row that holds the marker in each column that is excluded or hashed; every third is not even wanted."""
    secret = f"{MARKER.decode()}-{number}"
    return {
        "km": float(number % 3),
        "phone": secret,
        "licence": secret,
        "rider": {"name": secret, "tier": "gold"},
        "stops": [{"at": 1, "note": secret}, {"at": 2, "note": None}],
    }


def fill(local: Cloud, day: int) -> None:
    """One shard of each fleet."""
    for fleet in ("a", "b"):
        name = f"rides-ke.fleet_{fleet}.rides_2026110{day}"
        local.load(name, FIELDS, [ride(number) for number in range(1, 6)], PLACE)


def test_an_excluded_value_is_at_no_moment_anywhere_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither in staging, landing, target, ledger nor catalog while a run goes on, nor in what is said or recorded."""
    caplog.set_level(logging.DEBUG)
    pipeline = pipeline_of(tmp_path, CONFIG)
    with cloud(tmp_path / "cloud") as local:
        watch = Watch(local.directory)
        for name in ("rides-ke.fleet_a", "rides-ke.fleet_b"):
            local.dataset(name, PLACE)
        local.dataset("acme-analytics.mobility", "EU")
        for day in (1, 2):
            fill(local, day)
            result = local.run(pipeline, on_step=watch.on_step)
            watch.look("*")
            assert (result["state"], result["rows"]) == ("done", 8)
        recorded = repr(local.running.recorder.statements_as_json()) + repr(local.running.recorder.calls_as_json())

    watch.look("*")
    said = capfd.readouterr()
    assert len(watch.at_home) >= 4, "the search itself finds nothing"
    assert {name.rpartition("_")[2] for name in watch.tables} >= {"staging", "landing", "mobility", "memory"}
    assert watch.elsewhere == set()
    assert MARKER.decode() not in recorded
    assert MARKER.decode() not in said.out + said.err + caplog.text
