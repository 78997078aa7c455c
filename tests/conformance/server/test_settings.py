"""What is set at the control port: every setting is documented, listed with its meaning, and has its effect."""

from __future__ import annotations

import re
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from replicator import limits
from replicator.local import control as control_port
from replicator.local.server import Running
from replicator.local.settings import Lags, Unsettled
from tests.conformance.server.clients import LANDING, Clients, Control


def test_every_setting_of_the_server_is_in_the_control_ports_table(control: Control) -> None:
    """With its default; the others are told with what they mean."""
    table = dict(re.findall(r"^\| ``(\w+)`` \| (.+?) \|", control_port.__doc__ or "", re.MULTILINE))

    for owner in (Unsettled, Lags):
        for field in fields(owner):
            assert table[field.name].strip("`") == f"{field.default}".removesuffix(".0").lower(), field.name
    for name, told in control.get("/unsettled").items():
        assert told["means"], f"{name} says nothing about itself"
        assert told["value"] == told["default"], name


def test_every_call_of_the_control_port_is_in_its_table() -> None:
    """Each path that a service answers below /control, and no other."""
    folder = Path(control_port.__file__).parent
    served = {path for file in folder.rglob("*.py") for path in re.findall(r'"/control(/[^"]+)"', file.read_text())}
    assert len(served) > 10
    told = re.findall(r"^\| ``(/\S+)`` \|", control_port.__doc__ or "", re.MULTILINE)
    assert sorted(told) == sorted(path.replace("{id}", "ID") for path in served)


@pytest.mark.parametrize(
    "values",
    [
        {"unheard_of": True},
        {"copies_keep_creation_time": 1},
        {"copies_keep_creation_time": "true"},
        {"manual_runs_apart_seconds": -1},
        {"manual_runs_apart_seconds": True},
        {"future_run_times": "sometimes"},
        {"future_run_times": []},
        {"copies_keep_creation_time": True, "table_storage_seconds": None},
    ],
)
def test_a_value_that_cannot_be_is_refused_and_nothing_is_set(control: Control, values: dict[str, Any]) -> None:
    """With what would be right."""
    status, told = control.ask("POST", "/unsettled", values)

    assert status == 400
    assert told["error"]["status"] == "INVALID_ARGUMENT"
    assert all(one["value"] == one["default"] for one in control.get("/unsettled").values())


def test_settings_are_set_together_and_reset(control: Control) -> None:
    """POST answers with all of them as they are now."""
    told = control.post("/unsettled", {"manual_runs_apart_seconds": 43_200, "future_run_times": "refuse"})

    assert told["manual_runs_apart_seconds"]["value"] == 43_200
    assert told["future_run_times"] == {
        **told["future_run_times"],
        "value": "refuse",
        "default": "at_once",
        "choices": ["at_once", "wait", "refuse"],
    }
    assert control.ask("DELETE", "/unsettled") == (200, {})
    assert control.get("/unsettled")["future_run_times"]["value"] == "at_once"


@pytest.mark.parametrize("kept", [True, False])
def test_a_dataset_copy_keeps_the_creation_time_or_does_not(clients: Clients, control: Control, kept: bool) -> None:
    """No page says which."""
    clients.make_dataset("acme-japan.staging", "asia-northeast1")
    clients.make_dataset(LANDING, "EU")
    clients.load("acme-japan.staging.t", "asia-northeast1", [{"a": 1}])
    control.post("/unsettled", {"copies_keep_creation_time": kept})
    control.post("/clock", {"advance": 3_600})

    assert clients.copy(clients.make_config("acme-japan.staging")).state.name == "SUCCEEDED"

    source = clients.bigquery.get_table("acme-japan.staging.t").created
    copied = clients.bigquery.get_table(f"{LANDING}.t").created
    assert (source == copied) is kept


def test_copy_jobs_and_dataset_copies_share_the_days_ration(clients: Clients) -> None:
    """A table that copy jobs have filled a hundred times today is refused to a dataset copy; others are not."""
    clients.make_dataset("acme-japan.staging", "asia-northeast1")
    clients.make_dataset(LANDING, "EU")
    for name in ("a", "b"):
        clients.load(f"acme-japan.staging.{name}", "asia-northeast1", [{"a": 1}])
    config = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    for _ in range(limits.COPIES_OF_A_TABLE_A_DAY.value):
        copied = clients.bigquery.copy_table(
            "acme-japan.staging.a", f"{LANDING}.a", location="EU", project="acme-analytics", job_config=config
        )
        copied.result(timeout=20)

    run = clients.copy(clients.make_config("acme-japan.staging"))

    assert run.state.name == "FAILED"
    assert run.error_status.message == (
        "Quota exceeded: Your table exceeded quota for cross-region copies: acme-analytics:landing.a"
    )
    assert clients.rows(f"{LANDING}.b") == [{"a": 1}]


def test_table_storage_is_as_late_as_it_was_set(clients: Clients, control: Control, running: Running) -> None:
    """A table is not listed there for so many seconds of the local clock, and then it is."""
    clients.make_dataset(LANDING, "EU")
    control.post("/unsettled", {"table_storage_seconds": 90})
    clients.load(f"{LANDING}.t", "EU", [{"a": 1}])
    listed = (
        "SELECT total_rows FROM `acme-analytics`.`region-eu`.INFORMATION_SCHEMA.TABLE_STORAGE WHERE table_name = 't'"
    )

    assert clients.query(listed, "EU") == []
    running.clock.move(91)
    assert clients.query(listed, "EU") == [(1,)]


def test_the_setting_for_manual_runs_reaches_the_transfer_service(clients: Clients, control: Control) -> None:
    """The second run of a config waits."""
    clients.make_dataset("acme-japan.staging", "asia-northeast1")
    clients.make_dataset(LANDING, "EU")
    control.post("/unsettled", {"manual_runs_apart_seconds": 43_200})
    config = clients.make_config("acme-japan.staging")
    clients.copy(config)

    second = clients.start_copy(config)

    time.sleep(0.2)
    assert clients.transfer.get_transfer_run(name=second).state.name == "PENDING"
    control.post("/clock", {"advance": 43_201})
    for _ in range(500):
        if (state := clients.transfer.get_transfer_run(name=second).state.name) == "SUCCEEDED":
            break
        time.sleep(0.01)
    assert state == "SUCCEEDED"
