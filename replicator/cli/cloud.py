"""Which cloud a command talks to."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replicator.errors import FailedError, UsageError

if TYPE_CHECKING:
    from replicator.gcp.endpoints import Endpoints
    from replicator.local.server import Running

EXECUTOR: Final = (sys.executable, "-m", "replicator.cli.execute")
"""What the local cloud starts for one execution of a workflow, in a process of its own."""

_LOCAL: Final = "local:"
# Only the extra 'local' brings these.
_EXTRA: Final = ("duckdb", "grpc", "sqlglot", "starlette", "uvicorn")


@contextmanager
def connect(cloud: str | None) -> Iterator[Endpoints]:
    """Where to send calls: ``gcp`` (the default), ``local:DIR`` or ``http://HOST:PORT``.

    A directory that a server serves already is used through that server; otherwise one is started in
    this process and stopped at the end.

    Raises:
        UsageError: ``cloud`` is none of the three.
        FailedError: Nothing answers there, or the local cloud is not installed.
    """
    chosen = cloud or "gcp"
    directory = Path(chosen.removeprefix(_LOCAL)).expanduser() if chosen.startswith(_LOCAL) else None
    listening = chosen.startswith(("http://", "https://"))
    if chosen != "gcp" and not listening and (directory is None or chosen == _LOCAL):
        msg = f"--cloud: '{chosen}' is no cloud; use gcp, local:DIR or http://HOST:PORT"
        raise UsageError(msg)
    from replicator.gcp.endpoints import Endpoints

    if directory is None:
        yield Endpoints.at(chosen) if listening else Endpoints.google()
        return
    found = Endpoints.of_directory(directory)
    if found is not None:
        yield found
        return
    with serving(directory) as running:
        yield Endpoints.at(running.endpoints.http)


@contextmanager
def serving(directory: Path, *, port: int = 0, host: str = "127.0.0.1") -> Iterator[Running]:
    """A local cloud over ``directory`` in this process, stopped at the end.

    Args:
        directory: Where its data is kept; made if it is missing.
        port: 0 takes a free one.
        host: Loopback unless the person says otherwise.

    Raises:
        FailedError: The local cloud is not installed, or cannot be started there.
    """
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        msg = f"the local cloud needs {', '.join(missing)}, not installed here; run: pip install 'replicator[local]'"
        raise FailedError(msg)
    from replicator.local.server import serve

    with serve(directory, port=port, host=host, executor=EXECUTOR) as running:
        yield running
