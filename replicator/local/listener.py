"""An HTTP server on a thread of this process."""

from __future__ import annotations

import functools
import socket
import threading
from typing import TYPE_CHECKING, Final

from replicator.errors import FailedError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    import uvicorn
    from starlette.types import ASGIApp, Receive, Scope, Send

DROP: Final = "replicator.drop"
"""The name of the ASGI extension under which an application finds a function that ends the connection at once."""

_STARTING_SECONDS: Final = 30.0
_STOPPING_SECONDS: Final = 2
"""How long calls that are being answered may take to end when the server stops."""


class Listener:
    """Serves one ASGI application until it is stopped.

    Attributes:
        url: Where it is reached: ``http://127.0.0.1:9050``.
    """

    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        """Take the address and listen there.

        Args:
            app: Answers the requests.
            host: Address of an interface; ``0.0.0.0`` and ``::`` are all of them.
            port: 0 takes a free one.

        Raises:
            FailedError: The address is taken, or not this machine's.
        """
        import uvicorn

        self._socket = _listen(host, port)
        self.url = f"http://{reachable(host)}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=_protocol(),
                loop="asyncio",
                # An address that a client makes up is nobody's.
                proxy_headers=False,
                ws="none",
                lifespan="off",
                access_log=False,
                log_level="error",
                timeout_keep_alive=60,
                timeout_graceful_shutdown=_STOPPING_SECONDS,
            )
        )
        self._thread = threading.Thread(target=_run, args=(self._server, self._socket), name="http", daemon=True)
        self._thread.start()
        self._wait_until_started()

    def stop(self) -> None:
        """Answer what is being answered, then stop listening; may be called again."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _wait_until_started(self) -> None:
        """Return once requests are answered; uvicorn has no event for it, only a flag."""
        tick = threading.Event()
        waited = 0.0
        while not self._server.started:
            if not self._thread.is_alive() or waited > _STARTING_SECONDS:
                message = f"the HTTP server at {self.url} did not start"
                raise FailedError(message)
            tick.wait(0.005)
            waited += 0.005


def _protocol() -> type[asyncio.Protocol]:
    """The HTTP protocol of uvicorn, with connections that an application can end without an answer."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Droppable(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
            super().connection_made(transport)
            self.app = functools.partial(_with_drop, self.app, transport.close)

    return Droppable


async def _with_drop(app: ASGIApp, drop: Callable[[], None], scope: Scope, receive: Receive, send: Send) -> None:
    await app({**scope, "extensions": {**scope.get("extensions", {}), DROP: drop}}, receive, send)


def reachable(host: str) -> str:
    """The address by which this machine reaches a server that listens on ``host``, as URLs write it."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  compared, not bound
    return f"[{address}]" if ":" in address else address


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer takes 40 ms more.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        message = f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port"
        raise FailedError(message) from error
    return listening


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    server.run(sockets=[listening])
