"""The whole way, as somebody goes it who has read the README: commands alone, and the target is right at each stop."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from replicator.cli.main import answer
from tests.conformance.server.clients import Control
from tests.e2e.clouds import cloud

FIRST: Final = date(2026, 11, 1)
PROPERTY: Final = "acme-jp.analytics_301"
TARGET: Final = "acme-analytics.marketing.japan"
SCHEDULED: Final = """
schedule: {cron: "15 5 * * *", time_zone: Asia/Tokyo}
deploy: {project: acme-analytics, region: europe-west1, service_account: r@acme-analytics.iam.gserviceaccount.com}
"""


@dataclass
class Person:
    """Somebody at a terminal; keeps in mind what was put in.

    Attributes:
        directory: Of the local cloud, with the configs beside it.
        address: Where the local cloud listens.
        capsys: What is printed.
        events: The rows of each day: name and number.
    """

    directory: Path
    address: str
    capsys: pytest.CaptureFixture[str]
    events: dict[date, list[tuple[str, int]]] = field(default_factory=dict)

    def type(self, *words: str) -> str:
        """Type a command and read its answer."""
        self.capsys.readouterr()
        code = answer(["--configs", str(self.directory / "configs"), "--cloud", self.address, *words])
        said = self.capsys.readouterr()
        assert code == 0, said.err
        return said.out

    def sql(self, query: str, *, project: str = "acme-analytics") -> list[dict[str, Any]]:
        """Ask in GoogleSQL."""
        here = ("--dir", str(self.directory / "cloud"), "--project", project)
        lines = self.type("local", "sql", *here, "--json", query).splitlines()
        return [json.loads(line) for line in lines]

    def export(self, *days: date, events: tuple[str, ...]) -> None:
        """Put in some days of the export, each with these events."""
        script = ""
        for day in days:
            self.events[day] = [(name, 100 * day.toordinal() + number) for number, name in enumerate(events)]
            rows = ", ".join(f"STRUCT('{name}' AS name, {stamp} AS stamp)" for name, stamp in self.events[day])
            script += (
                f"CREATE OR REPLACE TABLE `{PROPERTY}.events_{day:%Y%m%d}` AS SELECT '{day:%Y%m%d}' AS event_date, "
                "stamp AS event_timestamp, name AS event_name, [STRUCT('page' AS key)] AS event_params, "
                f"'somebody' AS user_pseudo_id FROM UNNEST([{rows}]);\n"
            )
        self.sql(script)

    def check(self) -> None:
        """The target equals what was put in: the oracle."""
        found = self.sql(f"SELECT event_date, event_name, event_timestamp FROM `{TARGET}`")
        expected = [(f"{day:%Y%m%d}", *event) for day, events in self.events.items() for event in events]
        assert sorted((row["event_date"], row["event_name"], row["event_timestamp"]) for row in found) == sorted(
            expected
        )

    def wait_for_run(self, number: int) -> None:
        """Look at the status until the run of this number has ended well."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            newest = json.loads(self.type("status", "japan", "--json"))["runs"][0]
            if newest["epoch"] == number and newest["state"] != "started":
                assert newest["state"] == "done", newest
                return
            time.sleep(1)
        pytest.fail(f"run {number} did not end within two minutes")


@pytest.mark.slow
def test_from_nothing_to_a_schedule_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Onboard, plan, run, deploy, three nights, the month before, status, destroy."""
    with cloud(tmp_path / "cloud") as local:
        person = Person(tmp_path, str(local.endpoints.http), capsys)
        person.sql("CREATE SCHEMA `acme-analytics.marketing` OPTIONS (location = 'EU')")
        person.sql(f"CREATE SCHEMA `{PROPERTY}` OPTIONS (location = 'asia-northeast1')", project="acme-jp")
        person.export(FIRST, events=("buy", "view"))

        assert person.type("onboard", PROPERTY, "--into", "japan", "--target", TARGET).endswith(" run japan\n")
        assert "events_20261101" in person.type("plan", "japan", "--units")
        person.type("run", "japan")
        person.check()

        file = tmp_path / "configs" / "japan.yaml"
        file.write_text(file.read_text(encoding="utf-8") + SCHEDULED, encoding="utf-8")
        assert "create workflow" in person.type("deploy", "japan", "--yes")
        assert "nothing to change" in person.type("deploy", "japan", "--yes")
        for night in range(1, 4):
            person.export(FIRST + timedelta(days=night), events=("buy", "buy", "search"))
            Control(local.running.endpoints).post("/clock", {"advance": 86_400})
            person.wait_for_run(1 + night)
            person.check()

        person.export(*(FIRST - timedelta(days=day) for day in range(1, 31)), events=("old",))
        person.type("backfill", "japan", "--from", "2026-10-02", "--to", "2026-10-31", "--days", "15")
        person.check()
        assert [run["state"] for run in json.loads(person.type("status", "japan", "--json"))["runs"]] == ["done"] * 5

        assert "remove workflow" in person.type("destroy", "japan", "--yes")
        person.check()
        left = person.sql(
            "SELECT schema_name AS name FROM `acme-jp`.`region-asia-northeast1`.INFORMATION_SCHEMA.SCHEMATA"
        )
        assert [row["name"] for row in left] == ["analytics_301"]
