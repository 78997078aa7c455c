"""A web server on loopback that answers as a test tells it, for Google's own clients to talk to."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from replicator.gcp.clients import Clients
from replicator.gcp.endpoints import Endpoints


@dataclass(frozen=True)
class Request:
    """What arrived; the names of headers in small letters."""

    verb: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What goes back; ``hang`` seconds later, or never when ``drop`` closes the connection."""

    status: int = 200
    body: bytes | str | dict[str, Any] | list[Any] = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0.0
    drop: bool = False


class Web:
    """The server, with what arrived there."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer] = lambda _request: Answer(404)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, self.rfile.read(length))
            web.requests.append(request)
            answer = web.answer(request)
            time.sleep(answer.hang)
            if answer.drop:
                self.close_connection = True
                return
            body = answer.body if isinstance(answer.body, str | bytes) else json.dumps(answer.body)
            content = body.encode() if isinstance(body, str) else body
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            # A client that has given up waiting is not there any more.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _respond  # noqa: N815  the names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's own parameter name
            pass

    return Handler


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server that the test tells what to answer."""
    server = Web()
    yield server
    server.stop()


@pytest.fixture
def clients(web: Web) -> Clients:
    """Google's clients, pointed at the test's web server; nothing listens for gRPC."""
    return Clients(Endpoints(http=web.url, executions="127.0.0.1:1"))
