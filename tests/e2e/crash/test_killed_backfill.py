"""A backfill that is killed and started again moves no window twice but the one it was in."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.server.clients import Control
from tests.e2e.backfills import DAYS, backfill, command, copies, expected, found, past
from tests.e2e.clouds import Cloud


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that the tests of this file share."""
    with past(tmp_path_factory.mktemp("backfill") / "cloud") as one:
        yield one


def killed(local: Cloud, directory: Path, name: str, kills: int, days: str) -> None:
    """A backfill that is killed so often, each time behind some call of its work, and started again."""
    control = Control(local.running.endpoints)
    chance = random.Random(11)
    for _ in range(kills):
        control.ask("DELETE", "/calls")
        fatal = chance.randint(10, 250)
        going = subprocess.Popen(
            command(local, directory, name, "--days", days), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while going.poll() is None and len(control.get("/calls")["calls"]) < fatal:
            time.sleep(0.1)
        going.kill()
        going.wait()
        control.post("/clock", {"advance": 960})
    backfill(local, directory, name, "--days", days)


@pytest.mark.slow
@pytest.mark.parametrize(("kills", "windows"), [(1, 2), pytest.param(10, 4, marks=pytest.mark.crash_everywhere)])
def test_a_backfill_that_is_killed_moves_no_window_twice_but_the_one_it_was_in(
    local: Cloud, tmp_path: Path, kills: int, windows: int
) -> None:
    """The target equals the oracle, and each kill costs at most the copies of one window."""
    name, days = f"killed_{kills}", f"{DAYS // windows}"

    killed(local, tmp_path, name, kills, days)

    print(f"{kills} kills, {windows} windows: {copies(local, name)} copies, {len(found(local, name))} rows")
    assert found(local, name) == expected()
    (row,) = local.rows(f"SELECT COUNT(*) AS n FROM `acme-analytics.memory.units` WHERE pipeline = '{name}'", "EU")
    assert row["n"] == 2 * DAYS
    assert windows <= copies(local, name) <= windows + kills
