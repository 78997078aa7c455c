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


def killed(local: Cloud, directory: Path, name: str, kills: int) -> None:
    """A backfill that is killed so often, each time somewhere in its work, and started again."""
    control = Control(local.running.endpoints)
    chance = random.Random(11)
    for _ in range(kills):
        going = subprocess.Popen(
            command(local, directory, name, "--days", "6"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(1.5, 8))
        going.kill()
        going.wait()
        control.post("/clock", {"advance": 960})
    backfill(local, directory, name, "--days", "6")


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.crash_everywhere)])
def test_a_backfill_that_is_killed_moves_no_window_twice_but_the_one_it_was_in(
    local: Cloud, tmp_path: Path, kills: int
) -> None:
    """The target equals the oracle, and each kill costs at most the copies of one window."""
    name = f"killed_{kills}"
    if not copies(local, "unbroken"):
        backfill(local, tmp_path, "unbroken", "--days", "6")
    whole = copies(local, "unbroken")

    killed(local, tmp_path, name, kills)

    assert found(local, name) == expected()
    spent = local.rows("SELECT COUNT(*) AS n FROM `acme-analytics.memory.units` WHERE pipeline = '" + name + "'", "EU")
    assert spent == [{"n": 2 * DAYS}]
    assert whole > 0
    assert copies(local, name) <= whole + kills * (whole // 4)
