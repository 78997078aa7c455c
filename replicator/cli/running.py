"""One run of a pipeline, in this process or as an execution of what is deployed: one document, one kind of outcome."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from replicator.cli.document import PipelineWatcher, run_document
from replicator.cli.render import document_text
from replicator.errors import NotFoundError
from replicator.report.outcome import Outcome
from replicator.report.progress import Progress
from replicator.report.words import counted

if TYPE_CHECKING:
    from replicator.config.pipeline import Pipeline
    from replicator.gcp.endpoints import Endpoints
    from replicator.runtime.values import Value


class Run(Protocol):
    """A way to run a pipeline once; ``run_here`` and ``run_deployed`` are both."""

    def __call__(
        self, pipeline: Pipeline, endpoints: Endpoints, talk: Progress, argument: Mapping[str, Value]
    ) -> Outcome:
        """Run to the end.

        Args:
            pipeline: What to run.
            endpoints: The cloud it runs against.
            talk: Where progress is said.
            argument: The document's argument: ``if_busy``, ``again``, ``window`` and so on.

        Raises:
            ConfigError: The planner refuses something in the pipeline's file.
            WorkflowFailed: The run failed, or a source of it; what was committed stays committed.
            FailedError: It could not be started, or not be followed to its end.
        """
        ...


def run_here(pipeline: Pipeline, endpoints: Endpoints, talk: Progress, argument: Mapping[str, Value]) -> Outcome:
    """Run the pipeline's document in this process, exactly as it would be deployed; see ``Run``."""
    from replicator.runtime.clock import RealClock

    location = pipeline.deploy.region if pipeline.deploy is not None else pipeline.target.location.lower()
    result = run_document(
        document_text(pipeline),
        dict(argument),
        file=Path(f"{pipeline.name}.yaml"),
        endpoints=endpoints,
        variables={
            "GOOGLE_CLOUD_PROJECT_ID": pipeline.state.dataset.project,
            "GOOGLE_CLOUD_LOCATION": location,
        },
        on_step=PipelineWatcher(talk),
        clock=RealClock(),
    )
    return Outcome.from_json(result)


def run_deployed(pipeline: Pipeline, endpoints: Endpoints, talk: Progress, argument: Mapping[str, Value]) -> Outcome:
    """Start an execution of the deployed workflow and follow it; see ``Run``.

    It runs the document that is deployed, which is said where the files have another one by now. An interrupt ends
    the following only.
    """
    from replicator.deploy.wanted import deployment_of, workflow_name
    from replicator.gcp.clients import Clients
    from replicator.gcp.executions import Workflows
    from replicator.gcp.logs import ExecutionLog
    from replicator.plan.build import build_plan

    clients = Clients(endpoints)
    workflows = Workflows(clients, sleep=time.sleep)
    name = workflow_name(build_plan(pipeline), deployment_of(pipeline))
    try:
        source = workflows.source(name)
    except NotFoundError as error:
        msg = f"{error}; it is not deployed yet: run 'replicator deploy {pipeline.name}' first"
        raise NotFoundError(msg) from error
    if source != document_text(pipeline):
        talk.note(f"what is deployed is another document than the files make; 'replicator deploy {pipeline.name}'")
    execution = workflows.start(name, dict(argument))
    talk.note(f"started {execution}")
    watcher, log = PipelineWatcher(talk), ExecutionLog(clients, execution)

    def look_at_log() -> None:
        for entry in log.new():
            watcher.told(entry.data, entry.severity)

    result = workflows.follow(
        execution,
        on_change=lambda now: talk.now(" > ".join(now.steps) or now.state.lower()),
        at_each_look=look_at_log,
    )
    return Outcome.from_json(result)


def interrupted(pipeline: Pipeline, *, deployed: bool) -> str:
    """What becomes of a run of which only the following was interrupted, or that was interrupted itself."""
    if deployed:
        return "interrupted; the execution goes on, 'replicator status' tells how it ends"
    # Only the document may give the fence back: what of the run still goes on at the service is not known here.
    lease = counted(math.ceil(pipeline.lease.total_seconds() / 60), "minute")
    return f"interrupted; its lease ends at most {lease} from now, what is not committed stays due"
