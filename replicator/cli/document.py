"""Runs a workflow document in this process, and says how it is getting on."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from replicator.report.events import explain
from replicator.report.progress import Progress

if TYPE_CHECKING:
    from replicator.gcp.endpoints import Endpoints
    from replicator.runtime.clock import Clock
    from replicator.runtime.environment import StepEvent
    from replicator.runtime.values import Value


class Watcher:
    """Turns an execution's events into progress: what it logs is noted, the step it is at is shown."""

    def __init__(self, talk: Progress, *, every_step: bool = False) -> None:
        self._talk = talk
        self._every_step = every_step

    def __call__(self, event: StepEvent) -> None:
        """Take one event."""
        from replicator.runtime.environment import Moment

        place = f"{event.routine}.{event.step}"
        if event.moment is Moment.LOG:
            self.told(event.data, event.severity)
        elif event.moment is Moment.STARTED:
            self._talk.now(place)
            if self._every_step:
                self._talk.note(f"{place} (line {event.line})")

    def told(self, data: object, severity: str) -> None:
        """Take what the document logs, as it stands."""
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        self._talk.note(text if severity in {"", "DEFAULT", "INFO"} else f"{severity}: {text}")


class PipelineWatcher(Watcher):
    """The same for a pipeline's document, whose events are known: each source's stage, in plain words."""

    def told(self, data: object, severity: str) -> None:
        """Take one of the document's events; what is none of them is told as it stands."""
        said = explain(data)
        if said is None:
            super().told(data, severity)
        elif said.source is None:
            self._talk.note(said.text)
        else:
            (self._talk.ended if said.ended else self._talk.at)(said.source, said.text)


def run_document(
    text: str,
    argument: Value,
    *,
    file: Path,
    endpoints: Endpoints,
    variables: Mapping[str, str],
    on_step: Callable[[StepEvent], None],
    clock: Clock,
) -> Value:
    """Run the document to its end and return its result.

    Args:
        text: The document's source.
        argument: What it is started with.
        file: Where it was read from; errors in it are shown there.
        endpoints: Where its connectors call.
        variables: What ``sys.get_env`` answers beyond what every execution has; the project and the location at least.
        on_step: Told of each step.
        clock: The machine's, or one that jumps.

    Raises:
        ConfigError: The document is not one that Workflows accepts.
        WorkflowFailed: It ended with an error.
    """
    from replicator.gcp.inprocess import environment
    from replicator.runtime.execution import Execution
    from replicator.runtime.program import load

    program = load(text, file=file)
    known = {
        "GOOGLE_CLOUD_WORKFLOW_ID": file.stem,
        "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": str(uuid.uuid4()),
        "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ATTEMPT": "1",
        "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": "000001-000",
        **variables,
    }
    over = threading.Event()
    surroundings = environment(endpoints, clock=clock, on_step=on_step, variables=known, cancelled=over.is_set)
    try:
        return Execution().run(program, argument, environment=surroundings)
    finally:
        # After an interrupt parallel branches are still at work on their threads: none of them begins another step.
        over.set()
