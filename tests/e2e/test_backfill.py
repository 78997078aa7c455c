"""The past, window by window: what arrives, what a stop leaves, and that nothing is moved twice."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.backfills import backfill, command, expected, found, past, replicator
from tests.e2e.clouds import Cloud


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that the tests of this file share."""
    with past(tmp_path_factory.mktemp("backfill") / "cloud") as one:
        yield one


@pytest.mark.slow
def test_a_span_is_brought_window_by_window_and_only_once(local: Cloud, tmp_path: Path) -> None:
    """Newest first; a dry run says the same and moves nothing; what is there is not asked for again, unless it is."""
    name = "past"
    told = backfill(local, tmp_path, name, "--days", "12", "--dry-run")
    assert [(window["from"], window["to"], window["units"], window["rows"]) for window in told] == [
        ("2025-01-13", "2025-01-25", 24, 48),
        ("2025-01-01", "2025-01-13", 24, 48),
    ]

    brought = backfill(local, tmp_path, name, "--days", "12")
    assert found(local, name) == expected()
    assert [(window["from"], window["units"], window["rows"]) for window in brought["windows"]] == [
        ("2025-01-13", 24, 48),
        ("2025-01-01", 24, 48),
    ]
    assert brought["windows_to_come"] == 0
    assert backfill(local, tmp_path, name)["windows"] == []

    again = backfill(local, tmp_path, name, "--source", "home", "--to", "2025-01-03", "--again")
    assert (again["units"], again["rows"], again["copies"]) == (3, 6, 0)
    assert found(local, name) == expected()


@pytest.mark.slow
def test_an_interrupt_ends_behind_the_window_and_the_same_command_goes_on(local: Cloud, tmp_path: Path) -> None:
    """Exit 130; what is still to come is said, and the fence is given back."""
    line = command(local, tmp_path, "stopped", "--days", "12")
    going = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert going.stderr is not None
    while "window 1 of 2" not in (said := going.stderr.readline()):
        assert said, "it ended before its first window"
    going.send_signal(signal.SIGINT)
    out, err = going.communicate(timeout=120)

    assert going.returncode == 130, err
    assert out == "stopped: 1 of 2 windows, 24 units, 48 rows, " + out.partition("48 rows, ")[2]
    assert "stopped with 1 window to come; go on with --from 2025-01-01 --to 2025-01-12 and the same options" in err
    assert found(local, "stopped") == expected(days=range(12, 24))

    rest = backfill(local, tmp_path, "stopped", "--oldest-first")
    assert [(window["from"], window["to"]) for window in rest["windows"]] == [("2025-01-01", "2025-01-13")]
    assert found(local, "stopped") == expected()


@pytest.mark.slow
def test_a_deployed_backfill_is_interrupted_behind_a_window_and_goes_on(local: Cloud, tmp_path: Path) -> None:
    """Each window is an execution of what is deployed; with nothing deployed the command that does so is named."""
    name, days = "deployed", ("--days", "12", "--deployed")
    line = command(local, tmp_path, name, *days)
    early = subprocess.run(line, check=False, capture_output=True, text=True, timeout=60)
    assert (early.returncode, early.stdout) == (1, "")
    assert "it is not deployed yet: run 'replicator deploy deployed' first" in early.stderr
    subprocess.run(replicator(local, tmp_path, "deploy", name, "--yes"), check=True, capture_output=True, timeout=60)

    going = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert going.stderr is not None
    while "started projects/" not in (said := going.stderr.readline()):
        assert said, "it ended before its first execution"
    going.send_signal(signal.SIGINT)
    out, err = going.communicate(timeout=240)

    assert going.returncode == 130, err
    assert out.startswith("deployed: 1 of 2 windows, 24 units, 48 rows, ")
    assert "stopped with 1 window to come; go on with --from 2025-01-01 --to 2025-01-12 and the same options" in err
    assert found(local, name) == expected(days=range(12, 24))
    rest = backfill(local, tmp_path, name, *days)
    assert [(window["from"], window["units"]) for window in rest["windows"]] == [("2025-01-01", 24)]
    assert found(local, name) == expected()
    assert [each["state"] for each in executions(local, name)] == ["SUCCEEDED", "SUCCEEDED"]


def executions(local: Cloud, name: str) -> list[Any]:
    """The executions of a pipeline's workflow."""
    session, parent = local.clients.session(), f"{local.endpoints.http}/v1/projects/acme-analytics"
    (workflow,) = (
        each["name"]
        for each in session.get(f"{parent}/locations/europe-west1/workflows").json()["workflows"]
        if f"-{name}-" in each["name"]
    )
    return list(session.get(f"{local.endpoints.http}/v1/{workflow}/executions").json()["executions"])
