"""A local cloud of a test's own, loaded through Google's client and replicated by the rendered document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from replicator.cli.cloud import serving
from replicator.cli.document import run_document
from replicator.cli.render import document_text
from replicator.config.pipeline import Pipeline
from replicator.config.project import load_project
from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.load import create_dataset, drop_table, load_rows
from replicator.gcp.query import Query
from replicator.local.server import Running
from replicator.names import DatasetRef, TableRef
from replicator.runtime.clock import Clock, RealClock
from replicator.runtime.environment import Moment, StepEvent
from replicator.schema.fields import Field, Mode
from tests.conformance.server.clients import Control


def head(name: str, *, table: str = "", by: str = "day", state: str = "acme-analytics.memory") -> str:
    """How the file of a pipeline begins that brings shops' rows into one table in EU, by their day."""
    return f"""\
version: 1
pipeline: {name}
target:
  table: {table or f"acme-analytics.marketing.{name}"}
  location: EU
  partition: {{column: day, by: {by}}}
  source_column: shop
state: {{dataset: {state}}}
"""


@dataclass
class Cloud:
    """A running local cloud and what a test does with it."""

    directory: Path
    running: Running
    endpoints: Endpoints
    clients: Clients
    steps: Counter[str] = field(default_factory=Counter)

    def dataset(self, name: str, location: str) -> None:
        """Make a dataset."""
        create_dataset(self.clients, DatasetRef.parse(name), location=location)

    def load(self, name: str, fields: Sequence[Field], rows: Sequence[Mapping[str, Any]], location: str) -> None:
        """Make a table hold exactly these rows, as an export does: dropped and written anew."""
        drop_table(self.clients, TableRef.parse(name))
        load_rows(self.clients, TableRef.parse(name), fields, rows, location=location)

    def rows(self, sql: str, location: str) -> list[dict[str, Any]]:
        """The answer of a query."""
        return Query(self.clients).rows(sql, {}, location=location, project="acme-analytics")

    def run(
        self,
        pipeline: Pipeline,
        argument: dict[str, Any] | None = None,
        *,
        on_step: Callable[[StepEvent], None] | None = None,
        clock: Clock | None = None,
    ) -> dict[str, Any]:
        """Run the pipeline's document in this process, by the machine's clock if none is given.

        It counts its steps by subworkflow, and tells ``on_step`` each.
        """

        def watch(event: StepEvent) -> None:
            self._count(event)
            if on_step is not None:
                on_step(event)

        self.steps.clear()
        result = run_document(
            document_text(pipeline), argument, file=Path(f"{pipeline.name}.yaml"), endpoints=self.endpoints,
            variables={"GOOGLE_CLOUD_PROJECT_ID": "acme-analytics", "GOOGLE_CLOUD_LOCATION": "europe-west1"},
            on_step=watch, clock=clock or RealClock(),
        )  # fmt: skip
        assert isinstance(result, dict)
        return dict(result)

    def calls(self) -> Counter[str]:
        """What the server was asked since the last time, by method and kind of path."""
        counted = Counter(f"{call['method']} {_kind(call['path'])}" for call in self._calls())
        self.running.recorder.clear_calls()
        return counted

    def _calls(self) -> list[dict[str, Any]]:
        found = self.running.recorder.calls_as_json()
        assert isinstance(found, dict)
        return list(found["calls"])

    def _count(self, event: StepEvent) -> None:
        if event.moment is Moment.STARTED:
            self.steps[event.routine] += 1


def _kind(path: str) -> str:
    """What a path asks for: its last part, or the collection that holds it where that is a job's id."""
    *_, collection, last = path.partition("?")[0].split("/")
    return collection if last.startswith("replicator_") else last


@contextmanager
def cloud(directory: Path) -> Iterator[Cloud]:
    """A local cloud over ``directory``, in this process, until the end of the block."""
    with serving(directory) as running:
        endpoints = Endpoints.at(running.endpoints.http)
        yield Cloud(directory, running, endpoints, Clients(endpoints))


def pipeline_of(directory: Path, text: str) -> Pipeline:
    """The one pipeline of a config file with this text."""
    configs = directory / "configs"
    configs.mkdir(parents=True, exist_ok=True)
    (configs / "pipeline.yaml").write_text(text, encoding="utf-8")
    return load_project(configs, environment=None).pipelines[0]


def settle(local: Cloud, **settings: bool) -> None:
    """Have it one way or the other what no page settles."""
    Control(local.running.endpoints).post("/unsettled", settings)


def record(name: str, *fields: Field, mode: Mode = Mode.NULLABLE) -> Field:
    """A RECORD field."""
    return Field(name, "RECORD", mode, fields)


def repeated(name: str, *fields: Field) -> Field:
    """A repeated RECORD field."""
    return record(name, *fields, mode=Mode.REPEATED)
