"""Ctrl-C ends ``replicator run`` at once; what it leaves is what a killed run leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.crash.nights import NAME, kept
from tests.e2e.crash.points import Call, InProcess, run_again


@pytest.mark.slow
def test_an_interrupted_run_leaves_its_lease_and_the_next_one_goes_on(tmp_path: Path) -> None:
    """It says how long its lease stands; the jobs it started go on, and the next run ends equal to the oracle."""
    with ExitStack() as opened:
        night = kept(tmp_path / NAME, "append", lambda standing: InProcess(standing.night, opened).run(standing))
        with night.resumed() as standing:
            call = Call("POST", "fill_japan_0_1", "", 1)
            hold = standing.control.hold("after", call.match())
            run = subprocess.Popen(
                [sys.executable, "-m", "replicator", "--configs", str(night.directory / "configs"),
                 "--cloud", str(standing.cloud.endpoints.http), "run", NAME],
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            while standing.control.get(f"/holds/{hold}?wait=1")["state"] != "holding":
                assert run.poll() is None, run.communicate()
            run.send_signal(signal.SIGINT)
            standing.control.release(hold)
            _, said = run.communicate(timeout=60)

            assert run.returncode == 130, said
            assert "its lease ends at most 15 minutes from now" in said
            assert InProcess(night, opened).run(standing)["state"] == "left"
            assert run_again(InProcess(night, opened), standing)["state"] == "done"
            standing.check()
