"""The services that have no client among ours, and calls that want a token of their own, as REST pages say.

https://docs.cloud.google.com/storage/docs/json_api and https://docs.cloud.google.com/pubsub/docs/reference/rest
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from replicator.gcp.clients import SCOPE, Clients
from replicator.runtime.connectors import Method
from replicator.runtime.errors import HttpError
from replicator.runtime.values import Value, from_json, to_json

_ESCAPED: Final = frozenset({"storage"})
"""The services whose names and query values the document escapes itself (storage/Overview: "URL-encode object names to
be path safe", "in either the object name or query string of a request URL")."""


def call(
    clients: Clients, method: Method, arguments: Mapping[str, Value], deadline: float, scope: str = SCOPE
) -> Value:
    """Call a method once.

    Args:
        clients: Where the session comes from.
        method: What to call.
        arguments: By the names of the table of methods.
        deadline: Seconds from now after which to give up.
        scope: What the token is for: one or more OAuth scopes, separated by blanks.

    Raises:
        HttpError: The service answered with a status that is not 2xx.
    """
    content, kind = _content(method, arguments)
    with clients.session(scope).request(
        method.verb,
        _address(clients, method, arguments),
        data=content,
        headers={"Content-Type": kind} if kind else {},
        timeout=deadline,
    ) as response:
        body = _decoded(response)
        if not 200 <= response.status_code < 300:
            raise HttpError(response.status_code, response.reason, body=body, headers=dict(response.headers))
        return body


def path_of(method: Method, arguments: Mapping[str, Value]) -> str:
    """The path with its parts filled in, escaped as the table says."""
    path = method.path
    for name in method.path_arguments:
        value = str(arguments[name])
        path = path.replace(f"{{+{name}}}", quote(value, safe="/"))
        path = path.replace(f"{{={name}}}", quote(value, safe="/%"))
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def query_of(method: Method, arguments: Mapping[str, Value]) -> dict[str, list[str]]:
    """The query parameters that were given, each with its values as texts."""
    given = {name: arguments[name] for name in sorted(method.query) if arguments.get(name) is not None}
    return {
        name: [_text(item) for item in (value if isinstance(value, list) else [value])] for name, value in given.items()
    }


def _text(value: Value) -> str:
    return to_json(value) if isinstance(value, bool) else str(value)


def _address(clients: Clients, method: Method, arguments: Mapping[str, Value]) -> str:
    base = clients.endpoints.http or f"https://{method.service}.googleapis.com"
    # Data goes to a path of its own (storage/docs/uploading-objects, "Single-request uploads").
    upload = "/upload" if arguments.get("uploadType") is not None else ""
    query = "&".join(_pairs(method, arguments))
    return f"{base}{upload}{path_of(method, arguments)}{'?' if query else ''}{query}"


def _pairs(method: Method, arguments: Mapping[str, Value]) -> Iterator[str]:
    safe = "%+/" if method.service in _ESCAPED else ""
    for name, values in query_of(method, arguments).items():
        for value in values:
            yield f"{name}={quote(value, safe=safe)}"


def _content(method: Method, arguments: Mapping[str, Value]) -> tuple[bytes | None, str]:
    """The request's body and its media type."""
    if not method.body:
        return None, ""
    body = arguments.get("body")
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass"), "text/plain; charset=utf-8"
    return to_json({} if body is None else body).encode("utf-8", "surrogatepass"), "application/json"


def _decoded(response: Any) -> Value:
    """JSON decoded, text as text, everything else as bytes.

    What ``alt=media`` makes of an object's data is not on its page; this is what HTTP requests make of a response
    (docs.cloud.google.com/workflows/docs/http-requests, "Access HTTP response data").
    """
    content = bytes(response.content)
    if not content:
        return None
    kind = str(response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json" or kind.endswith("+json"):
            return from_json(content)
        if kind.startswith("text/"):
            return content.decode("utf-8")
    except ValueError:
        pass  # what is not what it says it is stays bytes, which the document can still decode
    return content
