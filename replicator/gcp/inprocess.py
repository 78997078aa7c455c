"""What an execution in this process is given: Google's APIs through Google's clients."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping

from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints
from replicator.gcp.http import ClientHttp
from replicator.gcp.transport import ClientTransport
from replicator.runtime.clock import Clock
from replicator.runtime.connectors import Connectors
from replicator.runtime.environment import Environment, StepEvent, ignore, never


def environment(
    endpoints: Endpoints,
    *,
    clock: Clock,
    on_step: Callable[[StepEvent], None] = ignore,
    variables: Mapping[str, str],
    cancelled: Callable[[], bool] = never,
    allowed: Collection[str] = (),
) -> Environment:
    """The outside of one execution.

    Args:
        endpoints: The cloud that its connectors call; no call is made, and no credentials looked for, before it does.
        clock: Where it gets the time and spends it.
        on_step: Told of each step and each ``sys.log``.
        variables: What ``sys.get_env`` answers: GOOGLE_CLOUD_PROJECT_ID, GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID, …
        cancelled: Asked between steps and during sleeps.
        allowed: Hosts beside a local cloud that ``http.*`` may go to: ``HOST`` or ``HOST:PORT``.
    """
    clients = Clients(endpoints)
    return Environment(
        connectors=Connectors(transport=ClientTransport(clients), http=ClientHttp(clients, allowed=allowed)),
        clock=clock,
        uuid=lambda: str(uuid.uuid4()),
        variables=variables,
        on_step=on_step,
        cancelled=cancelled,
    )
