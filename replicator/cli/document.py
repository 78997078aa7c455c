"""Runs a workflow document in this process, and says how it is getting on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replicator.gcp.endpoints import Endpoints
    from replicator.runtime.clock import Clock
    from replicator.runtime.execution import StepEvent
    from replicator.runtime.values import Value


def run_document(
    text: str,
    argument: Value,
    *,
    file: Path,
    endpoints: Endpoints,
    variables: Mapping[str, str],
    on_step: Callable[[StepEvent], None],
    clock: Clock | None = None,
) -> Value:
    """Run the document to its end and return its result.

    Args:
        text: The document's source.
        argument: What it is started with.
        file: Where it was read from; errors in it are shown there.
        endpoints: Where its connectors call.
        variables: What ``sys.get_env`` answers, over what every execution has.
        on_step: Told of each step.
        clock: The machine's unless said otherwise.

    Raises:
        ConfigError: The document is not one that Workflows accepts.
        WorkflowFailed: It ended with an error.
    """
    from replicator.gcp.inprocess import environment
    from replicator.runtime.clock import RealClock
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
    surroundings = environment(endpoints, clock=clock or RealClock(), on_step=on_step, variables=known)
    return Execution().run(program, argument, environment=surroundings)
