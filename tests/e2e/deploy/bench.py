"""Small pipelines that are deployed to one local cloud by the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from replicator.cli.main import answer
from replicator.schema.fields import Field
from tests.conformance.server.clients import Control
from tests.e2e.clouds import Cloud, head

ACCOUNT: Final = "replicator@acme-analytics.iam.gserviceaccount.com"
PARENT: Final = "projects/acme-analytics/locations/europe-west1"
_FIELDS: Final = (Field("id", "INTEGER"), Field("note", "STRING"))
_PLACES: Final = {"japan": "asia-northeast1", "home": "EU"}


@dataclass(frozen=True)
class Said:
    """What a command answered: its exit code and its two streams."""

    code: int
    out: str
    err: str

    @property
    def changes(self) -> list[str]:
        """The changes that it listed, each without the names that are the pipeline's own."""
        return [line for line in self.out.splitlines() if line.startswith(("create ", "change ", "remove "))]


@dataclass
class Bench:
    """One local cloud, and the configs of pipelines that are deployed to it.

    Attributes:
        cloud: The local cloud.
        control: Its control port.
        directory: Holds ``configs``.
        capsys: Where commands write.
    """

    cloud: Cloud
    control: Control
    directory: Path
    capsys: pytest.CaptureFixture[str]

    def write(self, name: str, *, sources: tuple[str, ...] = ("japan", "home"), region: str = "europe-west1",
              account: str = ACCOUNT, cron: str | None = "15 5 * * *", state: str = "",
              more: str = "") -> str:  # fmt: skip
        """Write a pipeline's file and make its sources' datasets; its name."""
        text = (
            head(name, state=f"acme-analytics.{state or f'memory_{name}'}")
            + f"""\
deploy: {{project: acme-analytics, region: {region}, service_account: {account}}}
{more}sources:
"""
        )
        for source in sources:
            text += f"  - {{name: {source}, project: acme-{source}, location: {_PLACES[source]}, datasets: {name}"
            text += ', tables: {shards: "events_", suffix: "%Y%m%d"}}\n'
            self.cloud.dataset(f"acme-{source}.{name}", _PLACES[source])
        if cron is not None:
            text += f'schedule: {{cron: "{cron}", time_zone: Europe/Paris}}\n'
        file = self.directory / "configs" / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return name

    def load(self, name: str, source: str, day: int, *notes: str) -> None:
        """Write a shard of a source."""
        rows: list[dict[str, Any]] = [{"id": number, "note": note} for number, note in enumerate(notes)]
        self.cloud.load(f"acme-{source}.{name}.events_202611{day:02}", _FIELDS, rows, _PLACES[source])

    def say(self, *words: str, environment: str = "") -> Said:
        """Run a command."""
        self.capsys.readouterr()
        code = answer(self.words(*words, environment=environment))
        said = self.capsys.readouterr()
        return Said(code, said.out, said.err)

    def words(self, *words: str, environment: str = "") -> list[str]:
        """A command over the configs of this bench and in its cloud, as it is typed."""
        named = ("--env", environment) if environment else ()
        configs = ("--configs", str(self.directory / "configs"))
        return [*configs, *named, "--cloud", str(self.cloud.endpoints.http), *words]

    def deploy(self, name: str, *words: str, environment: str = "") -> Said:
        """Deploy a pipeline without being asked."""
        return self.say("deploy", name, "--yes", *words, environment=environment)

    def deployed(self, name: str) -> Said:
        """The same, well."""
        said = self.deploy(name)
        assert said.code == 0, said.err
        return said

    def settle(self) -> None:
        """Wait for the jobs whose answers were lost: they run on without the command that started them."""
        client = self.cloud.clients.bigquery("acme-analytics")
        for state in ("pending", "running"):
            for job in client.list_jobs(state_filter=state):
                job.result(timeout=60)

    def job(self, name: str) -> Any:
        """The pipeline's Scheduler job, or None."""
        return next((job for job in self.get(f"/v1/{PARENT}/jobs").get("jobs", ()) if f"-{name}-" in job["name"]), None)

    def get(self, path: str) -> Any:
        """A resource over HTTP."""
        return self.cloud.clients.session().get(f"{self.cloud.endpoints.http}{path}").json()

    def written(self) -> list[str]:
        """The calls since the last time that were no mere look: method and path."""
        calls = self.control.get("/calls")["calls"]
        self.control.ask("DELETE", "/calls")
        return [f"{call['method']} {call['path']}" for call in calls if call["method"] != "GET"]

    def as_json(self, *words: str) -> Any:
        """What a command answers with ``--json``."""
        said = self.say(*words, "--json")
        assert said.code == 0, said.err
        return json.loads(said.out)
