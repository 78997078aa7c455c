"""The demo does what the README's first line promises, and leaves a cloud to look around in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from replicator.demo.data import NEW_PROPERTY, PROPERTIES, ROWS_A_SHARD
from replicator.demo.pipeline import PIPELINE, TARGET
from replicator.demo.rows import MARKER
from tests.e2e.conftest import DemoRun, Replicator

pytestmark = pytest.mark.slow
_SOURCES = frozenset({"acme-jp", "acme-br", "acme-au"})


def test_every_comparison_is_equal(demo: DemoRun) -> None:
    """Three runs, three comparisons with the oracle, exit 0, and what was moved."""
    assert demo.done.returncode == 0, demo.done.stderr[-2_000:]
    assert len(re.findall(r"^equal to the oracle: ", demo.done.stdout, re.MULTILINE)) == 3
    assert "NOT equal" not in demo.done.stdout
    assert re.search(rf"^{PIPELINE}-\S+: 18 units, ", demo.done.stdout, re.MULTILINE)
    assert re.search(rf"^{PIPELINE}-\S+: 9 units, ", demo.done.stdout, re.MULTILINE)
    assert re.search(rf"^{PIPELINE}-\S+: nothing was due$", demo.done.stdout, re.MULTILINE)


def test_an_excluded_value_is_nowhere_but_at_home(demo: DemoRun) -> None:
    """Not in staging, landing, target, ledger, catalog or log: no file outside the sources' own holds the marker."""
    tables = demo.directory / "bigquery"
    at_home: set[Path] = set()
    elsewhere: set[Path] = set()
    for path in demo.directory.rglob("*"):
        if path.is_file() and MARKER.encode() in path.read_bytes():
            project = path.relative_to(tables).parts[0] if path.is_relative_to(tables) else ""
            (at_home if project in _SOURCES else elsewhere).add(path)

    assert {path.relative_to(tables).parts[0] for path in at_home} == _SOURCES, "the search itself finds nothing"
    assert elsewhere == set()
    assert MARKER not in demo.done.stdout + demo.done.stderr


def test_the_demo_leaves_a_cloud_that_answers(demo: DemoRun, replicator: Replicator) -> None:
    """The rows are there for whoever asks, property by property."""
    query = f"SELECT property, COUNT(DISTINCT event_day) AS days FROM `{TARGET}` GROUP BY property ORDER BY property"

    done = replicator("local", "sql", "--dir", demo.directory, "--json", query)

    assert done.returncode == 0, done.stderr
    found = {row["property"]: row["days"] for row in map(json.loads, done.stdout.splitlines())}
    assert found == {**{str(owner.dataset): 4 for owner in PROPERTIES}, str(NEW_PROPERTY.dataset): 2}


def test_another_run_finds_nothing_to_do(demo: DemoRun, replicator: Replicator) -> None:
    """What has a receipt is not due; a program can read so."""
    done = replicator(
        "--configs", demo.directory / "configs", "--cloud", f"local:{demo.directory}", "run", PIPELINE, "--json"
    )

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["state"], result["units"], result["copies"]) == ("quiet", 0, 0)


def test_status_shows_how_fresh_each_source_is(demo: DemoRun, replicator: Replicator) -> None:
    """Each source with its newest unit, read from the ledger."""
    done = replicator("--configs", demo.directory / "configs", "--cloud", f"local:{demo.directory}", "status", PIPELINE)

    assert done.returncode == 0, done.stderr
    for source in ("japan", "brazil", "australia"):
        assert re.search(rf"^{source}\s.*2026-11-04", done.stdout, re.MULTILINE)


def test_a_directory_that_is_in_use_is_left_alone(replicator: Replicator, tmp_path: Path) -> None:
    """The demo never writes over what someone has."""
    (tmp_path / "mine").write_text("keep")

    done = replicator("demo", "--dir", tmp_path)

    assert done.returncode == 2
    assert done.stderr == f"replicator: --dir: {tmp_path} is not empty; name a new directory, or leave --dir out\n"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_demo_moves_hundreds_of_rows() -> None:
    """Small enough for half a minute on two cores, large enough to be worth looking at."""
    assert 200 < ROWS_A_SHARD * len(PROPERTIES) * 3 < 10_000
