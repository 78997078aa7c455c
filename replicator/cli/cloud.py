"""Which cloud a command talks to."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, assert_never

from replicator.errors import FailedError, UsageError

if TYPE_CHECKING:
    from replicator.config.settings import Cloud
    from replicator.gcp.endpoints import Endpoints
    from replicator.local.server import Running

EXECUTOR: Final = (sys.executable, "-m", "replicator.cli.execute")
"""What the local cloud starts for one execution of a workflow, in a process of its own."""

# The first file that a local cloud puts into its directory; it stays when the server goes.
_MADE_BY_SERVING: Final = "server.lock"
# Only the extra 'local' brings these.
_EXTRA: Final = ("duckdb", "grpc", "sqlglot", "starlette", "uvicorn")


@contextmanager
def connect(cloud: Cloud) -> Iterator[Endpoints]:
    """Where to send calls.

    A directory that a server serves already is used through that server; otherwise one is started in
    this process and stopped at the end. It has to hold a local cloud: a mistyped name would be a new, empty one.

    Raises:
        UsageError: The directory holds no local cloud.
        FailedError: Nothing answers there, or the local cloud is not installed.
    """
    from replicator.config.settings import Gcp, LocalDirectory, LocalServer
    from replicator.gcp.endpoints import Endpoints

    match cloud:
        case Gcp():
            yield Endpoints.google()
        case LocalServer(url):
            yield Endpoints.at(url)
        case LocalDirectory(directory):
            found = Endpoints.of_directory(directory)
            if found is not None:
                yield found
                return
            if not (directory / _MADE_BY_SERVING).is_file():
                msg = (
                    f"{directory} holds no local cloud; check the name, or make one with "
                    f"'replicator local serve --dir {directory}' or 'replicator demo --dir {directory}'"
                )
                raise UsageError(msg)
            with serving(directory) as running:
                yield Endpoints.at(running.endpoints.http)
        case _:
            assert_never(cloud)


@contextmanager
def serving(
    directory: Path, *, port: int = 0, host: str = "127.0.0.1", allowed: Sequence[str] = ()
) -> Iterator[Running]:
    """A local cloud over ``directory`` in this process, stopped at the end.

    Args:
        directory: Where its data is kept; made if it is missing.
        port: 0 takes a free one.
        host: Loopback unless the person says otherwise.
        allowed: Hosts beside it that its executions may send HTTP requests to, ``HOST`` or ``HOST:PORT``.

    Raises:
        FailedError: The local cloud is not installed, or cannot be started there.
    """
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        msg = f"the local cloud needs {', '.join(missing)}, not installed here; run: pip install 'replicator[local]'"
        raise FailedError(msg)
    from replicator.local.server import serve

    with serve(directory, port=port, host=host, executor=(*EXECUTOR, *allowed)) as running:
        yield running
