"""The local cloud: every service over one directory, in one process."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self

from starlette.routing import Route, Router

from replicator.local import endpoints as found_at
from replicator.local.bigquery.api.app import bigquery_routes
from replicator.local.bigquery.api.projects import project_routes
from replicator.local.clock import ServerClock
from replicator.local.control import control_routes, setting_routes
from replicator.local.endpoints import Endpoints
from replicator.local.faults.interference import Interference
from replicator.local.faults.routes import fault_routes
from replicator.local.gate import Gate, not_found
from replicator.local.knobs import Knobs
from replicator.local.listener import Listener
from replicator.local.occupancy import Occupancy
from replicator.local.pubsub.service import PubSubService
from replicator.local.recorder import Recorder
from replicator.local.rest import endpoint
from replicator.local.scheduler.service import SchedulerService
from replicator.local.settings import Unsettled
from replicator.local.storage.service import StorageService
from replicator.local.transfer.service import TransferService
from replicator.local.workflows.app import Workflows

_COLLECT: Final = (50_000, 20, 100)
"""Python's collections, rarer: each goes through all that lives, and a server keeps trees, schemas and records."""


class Running:
    """A server that listens. Leaving it as a context manager stops it.

    Attributes:
        endpoints: Where it listens.
        recorder: What it was asked.
        clock: What time it is there.
    """

    def __init__(self, endpoints: Endpoints, recorder: Recorder, clock: ServerClock, closing: ExitStack) -> None:
        self.endpoints = endpoints
        self.recorder = recorder
        self.clock = clock
        self._closing = closing
        self._asked_to_stop = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def wait(self) -> None:
        """Serve until SIGTERM or SIGINT comes, or another thread calls ``stop``; for the main thread."""

        def ask(_signal: int, _frame: FrameType | None) -> None:
            self._asked_to_stop.set()

        previous = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._asked_to_stop.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """End what is running, write everything down, and let the directory go; may be called again."""
        self._asked_to_stop.set()
        self._closing.close()


def serve(directory: Path, *, port: int = 0, host: str = "127.0.0.1", executor: Sequence[str]) -> Running:
    """Serve a local cloud from threads of this process; it listens when this returns.

    Args:
        directory: Where the data is kept; made if it is missing.
        port: For HTTP; 0 takes a free one.
        host: Loopback unless the person says otherwise: there is no authentication.
        executor: The command that runs one execution of a workflow in a process of its own.

    Raises:
        FailedError: The directory is served already or cannot be written, or the address is taken.
    """
    directory = directory.absolute()
    clock, recorder, interference, unsettled = ServerClock(), Recorder(), Interference(), Unsettled()
    with ExitStack() as opened:
        opened.callback(gc.set_threshold, *gc.get_threshold())
        gc.set_threshold(*_COLLECT)
        opened.callback(Occupancy(directory).end)
        # Left there by a server that was killed, it would send others to nobody.
        found_at.remove(directory)
        storage = StorageService(directory, clock.now)
        opened.callback(storage.close)
        bigquery = bigquery_routes(directory / "bigquery", recorder, now=clock.now, buckets=storage.buckets)
        bigquery.gate.starting, bigquery.gate.committing = interference.starting, interference.committing
        bigquery.gate.ending = interference.ending
        bigquery.copies.unsettled = unsettled
        opened.callback(bigquery.close)
        transfer = TransferService(directory / "transfer.sqlite", bigquery.copies, clock, unsettled)
        opened.callback(transfer.close)
        workflows = Workflows(
            directory / "workflows.sqlite", clock, recorder, executor=executor, interference=interference
        )
        opened.callback(workflows.close)

        scheduler = SchedulerService(directory / "scheduler.sqlite", clock, here=lambda: workflows.endpoints().http)
        opened.callback(scheduler.close)
        pubsub = PubSubService(directory / "pubsub.sqlite", clock)
        opened.callback(pubsub.close)

        store = bigquery.store
        settings = (unsettled, bigquery.unsettled, bigquery.knobs, store.lags, store.keeping)
        routes = [
            *control_routes(recorder, clock),
            *setting_routes(Knobs(settings)),
            *fault_routes(interference),
            *project_routes(bigquery.store),
            *bigquery.routes,
            *transfer.routes,
            *workflows.routes,
            *scheduler.routes,
            *pubsub.routes,
            *storage.routes,
        ]
        routes.append(Route("/endpoints", endpoint(lambda _call: workflows.endpoints().as_json()), methods=["GET"]))
        app = Gate(Router(routes, redirect_slashes=False, default=not_found), recorder, clock, interference)
        listener = Listener(app, host=host, port=port)
        opened.callback(listener.stop)
        endpoints = workflows.listen(listener.url, host=host)
        # The first thing to end is what executions do, while there is still someone who answers them.
        opened.callback(workflows.stop)
        scheduler.start()
        opened.callback(scheduler.stop)
        # What is held would keep the services from ending.
        opened.callback(interference.holds.close)
        found_at.write(directory, endpoints)
        opened.callback(found_at.remove, directory)
        return Running(endpoints, recorder, clock, opened.pop_all())
