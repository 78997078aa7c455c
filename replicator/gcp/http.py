"""The runtime's port to HTTP: what ``http.*`` steps send, with tokens for Google's hosts alone.

https://docs.cloud.google.com/workflows/docs/authenticate-from-workflow. A user's own credentials can do far more than
a workflow's service account, so a token never goes to a host that is not Google's, nor over plain HTTP.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from replicator.errors import FailedError
from replicator.gcp.clients import SCOPE, Clients
from replicator.limits import RESPONSE_BYTES
from replicator.runtime.connectors import HttpRequest, HttpResponse
from replicator.runtime.errors import AuthFailed, ConnectionFailed, TimedOut
from replicator.runtime.values import Value

_APIS: Final = (".googleapis.com",)
_IDENTITY: Final = (".run.app", ".cloudfunctions.net", ".googleapis.com")
_CHUNK: Final = 64 * 1024


class ClientHttp:
    """Sends HTTP requests; may be used from any thread.

    With a local cloud nothing leaves it: what is addressed to a Google API goes to the local server, and any other
    address is refused unless its operator allows it. Redirections are not followed there.
    """

    def __init__(self, clients: Clients, *, allowed: Collection[str] = ()) -> None:
        """Send by ``clients``.

        Args:
            clients: Where sessions come from.
            allowed: Hosts beside a local cloud that requests may go to: ``HOST``, or ``HOST:PORT`` for one port.
        """
        self._clients = clients
        self._allowed = frozenset(host.lower() for host in allowed)

    def __call__(self, request: HttpRequest, *, deadline: float) -> HttpResponse:
        """Send it once and return the response, whatever its status.

        A body longer than Workflows takes is read only until it is too long.

        Raises:
            ConnectionFailed: The call never reached the server, or may not go there.
            ConnectionBroken: It may have; ask before calling again.
            TimedOut: ``deadline`` seconds have passed.
            AuthFailed: The credentials that ``auth`` asks for cannot be made, or may not go there.
        """
        from replicator.gcp.failures import FAMILIES, call_failed

        end = time.monotonic() + deadline
        base = self._clients.endpoints.http
        url = request.url if base is None else _local(request.url, base, self._allowed)
        try:
            session, headers = self._authorized(request)
            with session.request(
                request.method,
                url,
                headers={**request.headers, **headers},
                data=request.body,
                timeout=deadline,
                stream=True,
                allow_redirects=base is None,
            ) as response:
                return HttpResponse(response.status_code, dict(response.headers), _read(response, end))
        except FAMILIES as error:
            raise call_failed(error) from error
        except FailedError as error:
            raise AuthFailed(str(error)) from error

    def _authorized(self, request: HttpRequest) -> tuple[Any, Mapping[str, str]]:
        """The session to send with, and the headers that authorize."""
        if request.auth is None or self._clients.endpoints.local:
            return self._clients.plain_session(), {}
        match request.auth.get("type"):
            case "OAuth2":
                _refuse_unless(request.url, _APIS, "an OAuth2 token")
                return self._clients.session(_scope(request.auth)), {}
            case "OIDC":
                _refuse_unless(request.url, _IDENTITY, "an OIDC token")
                audience = str(request.auth.get("audience") or _audience(request.url))
                return self._clients.plain_session(), {"Authorization": f"Bearer {_identity(audience)}"}
            case other:
                msg = f"auth.type is {other!r}; it can be 'OAuth2' or 'OIDC'"
                raise AuthFailed(msg)


def _local(url: str, base: str, allowed: Collection[str]) -> str:
    """Where a request goes when the cloud is a local one."""
    parts, home = urlsplit(url), urlsplit(base)
    if (parts.hostname or "").endswith(_APIS):
        return urlunsplit((home.scheme, home.netloc, parts.path, parts.query, ""))
    if parts.netloc == home.netloc and parts.scheme == home.scheme:
        return url
    host = (parts.hostname or "").lower()
    if {host, f"{host}:{_port(parts)}"} & set(allowed):
        return url
    msg = (
        f"{parts.netloc} is not part of the local cloud, and its executions send requests nowhere else; "
        f"whoever serves it can allow the host: 'replicator local serve --allow-http {host}'"
    )
    raise ConnectionFailed(msg)


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None


def _refuse_unless(url: str, hosts: tuple[str, ...], what: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" or not (parts.hostname or "").endswith(hosts):
        msg = f"{what} goes by https to hosts under {', '.join(hosts)} only, not to {parts.scheme}://{parts.netloc}"
        raise AuthFailed(msg)


def _scope(auth: Mapping[str, Value]) -> str:
    """``scope`` or ``scopes``: one text, several separated by blanks or commas, or a list."""
    asked = auth.get("scopes") or auth.get("scope") or SCOPE
    words = asked if isinstance(asked, list) else [asked]
    return " ".join(" ".join(str(word).replace(",", " ").split()) for word in words)


def _audience(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _identity(audience: str) -> str:
    from google.auth.transport.requests import Request
    from google.oauth2.id_token import fetch_id_token

    return str(fetch_id_token(Request(), audience))


def _read(response: Any, end: float) -> bytes:
    """The body, until it ends, is longer than Workflows takes, or time is up."""
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > RESPONSE_BYTES.value:
            break
        if time.monotonic() > end:
            msg = f"{response.url} did not answer in full in time"
            raise TimedOut(msg)
    return bytes(body)
