"""Small pipelines over one local cloud, run in processes that can be killed, and the oracle of what they bring."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from replicator.cli.document import run_document
from replicator.cli.exports import make_project
from replicator.cli.render import document_text
from replicator.config.pipeline import Pipeline
from replicator.gcp.endpoints import Endpoints
from replicator.runtime.clock import Clock, RealClock
from replicator.runtime.environment import ignore
from replicator.runtime.errors import WorkflowFailed
from replicator.schema.fields import Field
from tests.conformance.server.clients import Control
from tests.e2e.clouds import Cloud, cloud, head, pipeline_of

FIELDS: Final = (Field("id", "INTEGER"), Field("note", "STRING"))
PLACES: Final = {"japan": "asia-northeast1", "home": "EU"}
LEASE_SECONDS: Final = 900
VARIABLES: Final = {"GOOGLE_CLOUD_PROJECT_ID": "acme-analytics", "GOOGLE_CLOUD_LOCATION": "europe-west1"}
SHARDS: Final = '{shards: "events_", suffix: "%Y%m%d"}'
MERGES: Final = {
    "replace_partitions": "replace_partitions",
    "upsert": "{upsert: {keys: [id]}}",
    "append": "append",
    "replace_table": "replace_table",
}
Shards = dict[tuple[str, int], list[tuple[int, str]]]
"""The rows of each source's shard: (source, day of November 2026), then (id, note)."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.e2e.crash.bench", "replicator.gcp.inprocess", "replicator.gcp.clients",
                               "google.cloud.bigquery", "google.cloud.bigquery_datatransfer"])  # fmt: skip


class HurriedClock(RealClock):
    """The machine's clock for whoever asks; a sleep takes a tenth of a second at most."""

    def sleep(self, seconds: float, cancelled: Any) -> None:
        """Sleep for a short while."""
        super().sleep(min(seconds, 0.1), cancelled)


@dataclass(frozen=True)
class Scene:
    """A pipeline of its own, its document, and what its sources hold.

    Attributes:
        name: Of pipeline and target.
        merge: One of ``MERGES``.
        pipeline: The pipeline.
        text: Its document.
        shards: What the sources hold.
    """

    name: str
    merge: str
    pipeline: Pipeline
    text: str
    shards: Shards = field(default_factory=dict)

    def expected(self) -> list[tuple[str, str, int, str]]:
        """The target: owner, day, id, note of each row. The oracle, in plain Python."""
        rows = []
        for (source, day), held in self.shards.items():
            owner, when = f"acme-{source}.{self.name}", date(2026, 11, day).isoformat()
            if self.merge == "replace_table":
                owner, when = f"{owner}.events", date(2026, 11, 1).isoformat()
            rows += [(owner, when, number, note) for number, note in held]
        return sorted(rows)


@dataclass
class Crashing:
    """One local cloud for many scenes.

    Attributes:
        cloud: The local cloud.
        control: Its control port.
        directory: Where configs are written.
    """

    cloud: Cloud
    control: Control
    directory: Path
    scenes: int = 0

    def scene(
        self, merge: str = "replace_partitions", sources: Iterable[str] = ("japan", "home"), lease: str = "15 minutes"
    ) -> Scene:
        """A new pipeline with two sources, whose tables hold a few rows."""
        self.scenes += 1
        name = f"scene_{self.scenes}"
        tables = f"{{table: {name}.events}}" if merge == "replace_table" else SHARDS
        text = (
            head(name)
            + f"""\
lease: {lease}
merge: {MERGES[merge]}
sources:
"""
        )
        for source in sources:
            text += f"  - {{name: {source}, project: acme-{source}, location: {PLACES[source]}, tables: {tables}"
            text += "}\n" if merge == "replace_table" else f", datasets: {name}}}\n"
            self.cloud.dataset(f"acme-{source}.{name}", PLACES[source])
        pipeline = pipeline_of(self.directory / name, text)
        scene = Scene(name, merge, pipeline, document_text(pipeline))
        for number, source in enumerate(sources):
            for day in (1,) if merge == "replace_table" else (1, 2):
                self.write(scene, source, day, [(100 * number + 10 * day + n, "first") for n in (1, 2)])
        return scene

    def write(self, scene: Scene, source: str, day: int, rows: list[tuple[int, str]]) -> None:
        """Make a shard hold these rows, as an export does."""
        fields: tuple[Field, ...] = FIELDS
        table, values = f"events_202611{day:02}", [{"id": number, "note": note} for number, note in rows]
        if scene.merge == "replace_table":
            fields, table = (*FIELDS, Field("day", "DATE")), "events"
            values = [{**value, "day": date(2026, 11, 1)} for value in values]
        self.cloud.load(f"acme-{source}.{scene.name}.{table}", fields, values, PLACES[source])
        scene.shards[source, day] = rows

    def change(self, scene: Scene, number: int = 0) -> None:
        """Rewrite what is there, so that the next run has something to replace; where it appends, add something."""
        if scene.merge == "append":
            self.write(scene, "japan", 3 + number, [(901 + number, "new")])
            self.write(scene, "home", 3 + number, [(1001 + number, "new")])
            return
        self.write(scene, "japan", 1, [(11, f"change {number}"), (12, "first")])
        self.write(scene, "home", 1, [(111, f"change {number}"), (112, "first")])

    def run(
        self, scene: Scene, argument: Mapping[str, Any] = MappingProxyType({}), *, clock: Clock | None = None
    ) -> Mapping[str, Any]:
        """One run in this process, on a hurried clock if none is given; a failed one is told as its error."""
        try:
            result = run_document(
                scene.text, {"if_busy": "leave", **argument}, file=Path(f"{scene.name}.yaml"),
                endpoints=self.cloud.endpoints, variables=VARIABLES, on_step=ignore, clock=clock or HurriedClock(),
            )  # fmt: skip
        except WorkflowFailed as failure:
            return {"state": "failed", "error": json.dumps(failure.error, default=str)}
        assert isinstance(result, dict)
        return dict(result)

    def start(self, scene: Scene) -> Killable:
        """A run in a process of its own."""
        mine, theirs = _FORKS.Pipe(duplex=False)
        process = _FORKS.Process(target=_execute, args=(scene.text, scene.name, self.cloud.endpoints, theirs))
        process.start()
        theirs.close()
        return Killable(process, mine)

    def let_leases_expire(self) -> None:
        """Move the cloud's clock beyond every lease."""
        self.control.post("/clock", {"advance": LEASE_SECONDS + 60})

    def settle(self, scene: Scene) -> list[str]:
        """Run until nothing is due; how the runs went."""
        states: list[str] = []
        while len(states) < 5 and (not states or states[-1] != "quiet"):
            result = self.run(scene)
            states.append(str(result.get("state", result)))
            assert result["state"] != "failed", result["error"]
        assert states[-1] == "quiet", states
        return states

    def check(self, scene: Scene) -> None:
        """Target and ledger equal the oracle: every row once, every committed unit and stamp once."""
        rows = self.cloud.rows(f"SELECT shop, day, id, note FROM `acme-analytics.marketing.{scene.name}`", "EU")
        found = sorted((str(row["shop"]), row["day"].isoformat(), row["id"], row["note"]) for row in rows)
        assert found == scene.expected()
        units = self.cloud.rows(
            "SELECT owner, unit, modified, row_count FROM `acme-analytics.memory.units` "
            f"WHERE target = 'acme-analytics.marketing.{scene.name}' ORDER BY modified", "EU",
        )  # fmt: skip
        stamps = [(unit["owner"], unit["unit"], unit["modified"]) for unit in units]
        assert len(stamps) == len(set(stamps)), "a unit was committed twice with one stamp"
        latest = {(unit["owner"], unit["unit"]): unit["row_count"] for unit in units}
        assert sorted(latest.values()) == sorted(map(len, scene.shards.values()))


@dataclass(frozen=True)
class Killable:
    """A run in a process of its own."""

    process: ForkServerProcess
    answer: Connection

    def kill(self) -> None:
        """End it by SIGKILL; nothing of it can say good-bye."""
        assert self.process.pid is not None
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join(30)

    def result(self, seconds: float = 60) -> Mapping[str, Any]:
        """How it ended."""
        assert self.answer.poll(seconds), f"the run did not end within {seconds} s"
        told: Mapping[str, Any] = self.answer.recv()
        self.process.join(30)
        return told


def _execute(text: str, name: str, endpoints: Endpoints, answer: Connection) -> None:
    try:
        result: Any = run_document(
            text, {"if_busy": "leave"}, file=Path(f"{name}.yaml"), endpoints=endpoints, variables=VARIABLES,
            on_step=ignore, clock=HurriedClock(),
        )  # fmt: skip
    except WorkflowFailed as failure:
        result = {"state": "failed", "error": json.dumps(failure.error, default=str)}
    answer.send(result)


@contextmanager
def crashing(directory: Path) -> Iterator[Crashing]:
    """A local cloud for scenes."""
    with cloud(directory / "cloud") as local:
        local.dataset("acme-analytics.marketing", "EU")
        local.dataset("acme-analytics.memory", "EU")
        make_project(local.endpoints, "acme-replication")
        yield Crashing(local, Control(local.running.endpoints), directory)
