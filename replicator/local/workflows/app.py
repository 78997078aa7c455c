"""Both Workflows services over one file, and when each part of them starts and ends."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from replicator.local.clock import ServerClock
from replicator.local.endpoints import Endpoints
from replicator.local.faults.interference import Interference
from replicator.local.listener import reachable
from replicator.local.recorder import Recorder
from replicator.local.rest import ApiError
from replicator.local.workflows.executions import ExecutionsService
from replicator.local.workflows.logs import log_routes
from replicator.local.workflows.rpc import ExecutionsRpc
from replicator.local.workflows.service import WorkflowsService
from replicator.local.workflows.store import Store

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


class Workflows:
    """Workflows and their executions: opened, then listening, then stopped, then closed.

    Attributes:
        routes: What is answered over HTTP.
    """

    routes: list[BaseRoute]

    def __init__(
        self,
        file: Path,
        clock: ServerClock,
        recorder: Recorder,
        *,
        executor: Sequence[str],
        interference: Interference | None = None,
    ) -> None:
        """Open the state in ``file``.

        Args:
            file: Made if it is missing.
            clock: What time it is.
            recorder: Takes the calls that come over gRPC; those over HTTP pass the gate.
            executor: The command that runs one execution.
            interference: What the calls that come over gRPC meet.
        """
        self._clock = clock
        self._recorder = recorder
        self._interference = interference or Interference()
        self._endpoints: Endpoints | None = None
        self._rpc: ExecutionsRpc | None = None
        self._store = Store(file)
        self._executions = ExecutionsService(self._store, clock, executor=executor, endpoints=self.endpoints)
        workflows = WorkflowsService(self._store, clock, forget=self._executions.forget)
        self.routes = [*workflows.routes, *self._executions.routes, *log_routes(self._store)]

    def listen(self, http: str, *, host: str) -> Endpoints:
        """Answer gRPC on a free port of ``host``, beside the HTTP server at ``http``; where everything is found.

        Raises:
            FailedError: Nothing can listen there.
        """
        self._rpc = ExecutionsRpc(
            self._executions,
            self._recorder,
            self._clock,
            host=host,
            reached_at=reachable(host),
            interference=self._interference,
        )
        self._endpoints = Endpoints(http=http, executions=self._rpc.address, pid=os.getpid())
        return self._endpoints

    def endpoints(self) -> Endpoints:
        """Where everything is found.

        Raises:
            ApiError: The server is still starting.
        """
        if self._endpoints is None:
            code, message = "UNAVAILABLE", "The local cloud is starting; try again"
            raise ApiError(code, message)
        return self._endpoints

    def stop(self) -> None:
        """End the executions that run, as FAILED, and answer no more gRPC."""
        self._executions.close()
        if self._rpc is not None:
            self._rpc.stop()

    def close(self) -> None:
        """Close the file, when nothing is asked any more."""
        self._store.close()
