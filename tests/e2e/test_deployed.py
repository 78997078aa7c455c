"""At night there is no Python that plans: the deployed execution does what the command line does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from replicator.cli.exports import Exports
from replicator.demo.comparison import compare
from replicator.demo.data import first_day, second_day
from replicator.demo.pipeline import CONFIGS, PIPELINE, TARGET, TARGET_LOCATION
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.executions import WorkflowRef, Workflows
from replicator.gcp.query import Query
from tests.e2e.conftest import Replicator, served

pytestmark = pytest.mark.slow

_AT_NIGHT: Final = ("config", "plan", "sql", "workflow", "ledger", "demo")
_BLOCK: Final = f"""\
import sys

class Night:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("replicator.") and name.split(".")[1] in {_AT_NIGHT!r}:
            raise ImportError(name + " is asleep")

sys.meta_path.insert(0, Night())
"""
_STATE: Final = "acme-analytics.replicator"
_QUESTIONS: Final = {
    "target": f"SELECT * FROM `{TARGET}`",
    "units": f"SELECT * EXCEPT (run, modified, committed_at) FROM `{_STATE}.units`",
    "runs": f"SELECT * EXCEPT (run, recorded_at, detail) FROM `{_STATE}.runs`",
}


def _contents(address: str) -> dict[str, list[dict[str, Any]]]:
    query = Query(Clients(Endpoints.at(address)))
    return {
        name: query.rows(sql, {}, location=TARGET_LOCATION, project=TARGET.project) for name, sql in _QUESTIONS.items()
    }


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A folder that, on Python's path, makes everything that plans impossible to import."""
    folder = tmp_path / "night"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_BLOCK)
    return folder


def test_the_night_is_dark(night: Path) -> None:
    """Where the blocker is on the path nothing that plans can be imported."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [night, root]))}
    for name in _AT_NIGHT:
        code = [sys.executable, "-c", f"import replicator.{name}"]
        done = subprocess.run(code, env=environment, capture_output=True, text=True, check=False)
        assert f"replicator.{name} is asleep" in done.stderr


def test_a_deployed_execution_leaves_what_the_command_line_leaves(
    replicator: Replicator, night: Path, tmp_path: Path
) -> None:
    """The same target and the same ledger but for run ids and times, over both of the demo's days."""
    rendered = tmp_path / "workflows"
    assert replicator("--configs", CONFIGS, "render", "--out", rendered).returncode == 0
    source = (rendered / f"{PIPELINE}.yaml").read_text(encoding="utf-8")

    with served(tmp_path / "by_hand") as by_hand, served(tmp_path / "deployed", without=night) as deployed:
        ours, theirs = Exports(Endpoints.at(by_hand)), Exports(Endpoints.at(deployed))
        workflows = Workflows(Clients(Endpoints.at(deployed)), sleep=time.sleep)
        ref = WorkflowRef("acme-analytics", "europe-west1", PIPELINE)
        workflows.deploy(ref, source)
        for day in (first_day(), second_day()):
            ours.write(day)
            theirs.write(day)
            done = replicator("--configs", CONFIGS, "--cloud", by_hand, "run", PIPELINE)
            assert done.returncode == 0, done.stderr
            workflows.follow(workflows.start(ref, {}), on_change=lambda _: None)
        left, right = _contents(by_hand), _contents(deployed)

    for name in _QUESTIONS:
        found = compare(left[name], right[name], identity=("source", "owner", "unit") if name == "units" else ())
        assert left[name]
        assert found.equal, f"{name}: " + "\n".join(map(str, found.differences))
