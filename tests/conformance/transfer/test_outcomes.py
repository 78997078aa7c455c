"""Runs that go wrong as they were asked to, and what no page settles about when runs start."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from google.api_core import exceptions

from tests.conformance.transfer.cloud import LANDING, SOURCE, Cloud

HOUR = 3_600


def eventually(true: Callable[[], bool]) -> bool:
    for _ in range(500):
        if true():
            return True
        time.sleep(0.01)
    return False


def test_a_run_fails_with_the_message_that_was_asked_for(cloud: Cloud) -> None:
    """It copies nothing; the run after it copies everything."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.plan("fails", message="Access Denied: Dataset acme-japan:staging")
    config = cloud.config()

    run = cloud.run(config)

    assert run.state.name == "FAILED"
    assert run.error_status.message == "Access Denied: Dataset acme-japan:staging"
    assert cloud.datasets.rows(LANDING) == {}
    assert cloud.control("GET")[1]["outcomes"][0]["fired"] == 1
    assert cloud.run(config).state.name == "SUCCEEDED"
    assert cloud.datasets.rows(LANDING) == {"a": (1,)}


def test_a_run_fails_at_the_tables_that_were_named(cloud: Cloud) -> None:
    """The others are there although the run is FAILED."""
    cloud.datasets.put(SOURCE, "a_1", 1)
    cloud.datasets.put(SOURCE, "b_1", 2)
    cloud.plan("fails", tables="a_.*", message="internalError")

    assert cloud.run(cloud.config()).state.name == "FAILED"
    assert cloud.datasets.rows(LANDING) == {"b_1": (2,)}


def test_a_run_succeeds_without_the_tables_that_were_named(cloud: Cloud) -> None:
    """SUCCEEDED and yet missing; the next run brings them."""
    cloud.datasets.put(SOURCE, "a_1", 1)
    cloud.datasets.put(SOURCE, "b_1", 2)
    cloud.plan("succeeds_without", tables="a_1")
    config = cloud.config()

    assert cloud.run(config).state.name == "SUCCEEDED"
    assert cloud.datasets.rows(LANDING) == {"b_1": (2,)}
    assert cloud.run(config).state.name == "SUCCEEDED"
    assert cloud.datasets.rows(LANDING) == {"a_1": (1,), "b_1": (2,)}


def test_a_hanging_run_stays_running_until_it_is_let_go(cloud: Cloud) -> None:
    """Then it copies like any other."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.plan("hangs")
    run = cloud.start_run(cloud.config())
    assert eventually(lambda: cloud.state(run) == "RUNNING")

    cloud.clock.move(11 * HOUR)
    time.sleep(0.15)
    assert cloud.state(run) == "RUNNING"
    assert cloud.control("DELETE") == (200, {})

    assert cloud.finished(run).state.name == "SUCCEEDED"
    assert cloud.datasets.rows(LANDING) == {"a": (1,)}


def test_a_hanging_run_fails_at_its_deadline(cloud: Cloud) -> None:
    """12 h after it started (updateDeadlineSeconds of the data source); the runs behind it go on."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.plan("hangs")
    config = cloud.config()
    run, behind = cloud.start_run(config), cloud.start_run(config)
    assert eventually(lambda: cloud.state(run) == "RUNNING")

    cloud.clock.move(12 * HOUR + 1)

    assert cloud.finished(run).state.name == "FAILED"
    assert cloud.finished(behind).state.name == "SUCCEEDED"


def test_a_server_stops_while_a_run_hangs_and_the_next_one_goes_on_with_it(cloud: Cloud) -> None:
    """What was asked for is not kept across restarts."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.plan("hangs")
    run = cloud.start_run(cloud.config())
    assert eventually(lambda: cloud.state(run) == "RUNNING")

    cloud.stop()
    cloud.start()

    assert cloud.finished(run).state.name == "SUCCEEDED"


def test_a_run_waits_as_long_as_it_was_asked_to(cloud: Cloud) -> None:
    """PENDING for 12 h of the local clock."""
    cloud.datasets.put(SOURCE, "a", 1)
    cloud.plan("waits", seconds=12 * HOUR)
    run = cloud.start_run(cloud.config())

    cloud.clock.move(11 * HOUR)
    time.sleep(0.1)
    assert cloud.state(run) == "PENDING"
    cloud.clock.move(12 * HOUR + 1)

    assert cloud.finished(run).state.name == "SUCCEEDED"


def test_an_outcome_is_for_the_config_and_the_dataset_that_it_names(cloud: Cloud) -> None:
    """And as many runs of it as it says."""
    first, second = cloud.config(), cloud.config()
    cloud.plan("fails", config=second, times=2)
    cloud.plan("fails", destination="elsewhere", times="every")

    assert cloud.run(first).state.name == "SUCCEEDED"
    assert [cloud.run(second).state.name for _ in range(3)] == ["FAILED", "FAILED", "SUCCEEDED"]
    assert [one["fired"] for one in cloud.control("GET")[1]["outcomes"]] == [2, 0]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"outcome": "explodes"},
        {"outcome": "fails", "times": 0},
        {"outcome": "fails", "times": "all"},
        {"outcome": "fails", "tables": "("},
        {"outcome": "fails", "config": 1},
        {"outcome": "succeeds_without"},
        {"outcome": "waits", "seconds": -1},
        {"outcome": "waits", "hours": 12},
    ],
)
def test_an_outcome_that_cannot_be_is_refused(cloud: Cloud, body: dict[str, object]) -> None:
    """With what would be right; nothing is kept of it."""
    assert cloud.control("POST", body)[0] == 400
    assert cloud.control("GET")[1] == {"outcomes": []}


def test_manual_runs_can_be_held_to_twelve_hours(cloud: Cloud) -> None:
    """The first starts at once, the next of the same config 12 h after it, the other config's at once."""
    cloud.unsettled.manual_runs_apart_seconds = 12 * HOUR
    config = cloud.config()
    assert cloud.run(config).state.name == "SUCCEEDED"

    held = cloud.start_run(config)
    assert cloud.run(cloud.config()).state.name == "SUCCEEDED"
    cloud.clock.move(11 * HOUR)
    time.sleep(0.1)
    assert cloud.state(held) == "PENDING"
    cloud.clock.move(12 * HOUR + 1)

    assert cloud.finished(held).state.name == "SUCCEEDED"


def test_a_future_run_time_runs_at_once_waits_or_is_refused(cloud: Cloud) -> None:
    """No page says which: each can be asked for."""
    config = cloud.config()
    tomorrow = cloud.clock.now() + 24 * HOUR

    assert cloud.finished(cloud.start_run(config, at=tomorrow)).state.name == "SUCCEEDED"
    cloud.unsettled.future_run_times = "refuse"
    with pytest.raises(exceptions.BadRequest, match="not in the past"):
        cloud.start_run(config, at=tomorrow)
    cloud.unsettled.future_run_times = "wait"
    waiting = cloud.start_run(config, at=tomorrow)
    time.sleep(0.1)
    assert cloud.state(waiting) == "PENDING"
    cloud.clock.move(24 * HOUR + 1)
    assert cloud.finished(waiting).state.name == "SUCCEEDED"
