"""``http.*``: docs.cloud.google.com/workflows/docs/http-requests and …/reference/stdlib/http/request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

from replicator.limits import RESPONSE_BYTES
from replicator.runtime.connectors import HttpRequest, HttpResponse
from replicator.runtime.errors import (
    AuthFailed,
    CallFailed,
    ConnectionBroken,
    ConnectionFailed,
    HttpError,
    Tag,
    TimedOut,
    WorkflowError,
    error,
)
from replicator.runtime.stdlib.signature import MAP, NUMBER, STRING, Call, Function, Parameter
from replicator.runtime.values import Value, from_json, to_json, to_text, type_name

_VERBS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_AGENT: Final = "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"
_AUTH: Final = frozenset({"type", "scope", "scopes", "audience"})
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_DEFAULT_TIMEOUT: Final = 300.0
_LONGEST_TIMEOUT: Final = 1800.0


def raised(failure: CallFailed) -> WorkflowError:
    """What a call's failure is inside a workflow (error-types)."""
    if isinstance(failure, HttpError):
        return error(
            Tag.HTTP,
            f"HTTP server responded with error code {failure.status}",
            code=failure.status,
            body=failure.body,
            headers=failure.headers,
        )
    tags: dict[type[CallFailed], Tag] = {
        ConnectionFailed: Tag.CONNECTION_FAILED,
        ConnectionBroken: Tag.CONNECTION,
        TimedOut: Tag.TIMEOUT,
        AuthFailed: Tag.AUTH,
    }
    return error(tags.get(type(failure), Tag.SYSTEM), str(failure))


def _request(
    call: Call, method: str, url: str, timeout: float, body: Value, headers: Value, query: Value, auth: Value
) -> Value:
    http = call.machine.environment.connectors.http
    if http is None:
        raise error(Tag.CONNECTION_FAILED, "HTTP requests are not available to this execution")
    if not 0 < timeout <= _LONGEST_TIMEOUT:
        raise error(Tag.VALUE, f"http: 'timeout' takes up to {_LONGEST_TIMEOUT:.0f} seconds, got {timeout}")
    sent = _headers(headers)
    encoded = _encoded(body, sent)
    request = HttpRequest(_verb(method), _address(url, query), sent, encoded, _credentials(auth))
    try:
        response = http(request, deadline=timeout)
    except CallFailed as failure:
        raise raised(failure) from failure
    return _answer(response)


def _answer(response: HttpResponse) -> Value:
    if len(response.body) > RESPONSE_BYTES.value:
        raise error(Tag.RESOURCE_LIMIT, f"the response has {len(response.body)} bytes, over {RESPONSE_BYTES.value}")
    headers: dict[str, Value] = dict(response.headers)
    body = _decoded(response)
    if not 200 <= response.status < 300:
        raise raised(HttpError(response.status, "", body=body, headers=headers))
    return {"body": body, "code": response.status, "headers": headers}


def _decoded(response: HttpResponse) -> Value:
    """JSON by its content type is decoded, text is text, everything else bytes (http-requests, "Access data")."""
    if not response.body:
        return None
    kind = next((value for name, value in response.headers.items() if name.lower() == "content-type"), "")
    media = kind.partition(";")[0].strip().lower()
    try:
        if media == "application/json" or media.endswith("+json"):
            return from_json(response.body)
        if media.startswith("text/") or not media:
            return response.body.decode("utf-8")
    except ValueError:
        pass  # what is not what it says it is stays bytes, which the document can still decode
    return response.body


def _verb(method: str) -> str:
    if method.upper() not in _VERBS:
        raise error(Tag.VALUE, f"http.request: {method!r} is not an HTTP method")
    return method.upper()


def _address(url: str, query: Value) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise error(Tag.VALUE, f"http: {url!r} is not an HTTP or HTTPS address")
    if not isinstance(query, dict) or not query:
        return url
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        for item in value if isinstance(value, list) else [value]:
            if (text := to_text(item)) is None:
                raise error(Tag.TYPE, f"http: the query's {name!r} is {type_name(item)}, which has no text")
            pairs.append((name, text))
    return f"{url}{'&' if parts.query else '?'}{urlencode(pairs, errors='replace')}"


def _headers(given: Value) -> dict[str, str]:
    """What is sent, with the service's own name at the end of the user agent (http-requests, "User-Agent")."""
    texts: dict[str, str] = {}
    for name, value in (given if isinstance(given, dict) else {}).items():
        if not _HEADER_NAME.fullmatch(name):
            raise error(Tag.VALUE, f"http: {name!r} is not a header's name")
        if (text := to_text(value)) is None:
            raise error(Tag.TYPE, f"http: the header {name!r} is {type_name(value)}, which has no text")
        if not _HEADER_VALUE.fullmatch(text):
            raise error(Tag.VALUE, f"http: the header {name!r} has a character that headers cannot have")
        texts[name] = text
    agent = _header(texts, "user-agent") or "User-Agent"
    texts[agent] = f"{texts[agent]} {_AGENT}" if agent in texts else _AGENT
    return texts


def _header(headers: Mapping[str, str], lower: str) -> str | None:
    """The name of the header as it is written there."""
    return next((name for name in headers if name.lower() == lower), None)


def _credentials(auth: Value) -> dict[str, Value] | None:
    if not isinstance(auth, dict):
        return None
    if auth.get("type") not in {"OIDC", "OAuth2"}:
        raise error(Tag.VALUE, "http: 'auth' takes a map whose 'type' is 'OIDC' or 'OAuth2'")
    for name in auth:
        if name not in _AUTH:
            raise error(Tag.VALUE, f"http: 'auth' has no {name!r}; it takes {', '.join(sorted(_AUTH))}")
    return auth


def _encoded(body: Value, headers: dict[str, str]) -> bytes | None:
    """The body as its content type says, which is added where there is none (http-requests, "HEADER_KEY")."""
    if body is None:
        return None
    named = _header(headers, "content-type")
    if named is None:
        binary = isinstance(body, bytes)
        headers["Content-Type"] = "application/octet-stream" if binary else "application/json; charset=utf-8"
        return body if isinstance(body, bytes) else _json(body)
    if isinstance(body, bytes):
        return body
    media = headers[named].partition(";")[0].strip().lower()
    if media == "application/json" or (media.startswith("application/") and media.endswith("+json")):
        if not isinstance(body, dict):
            raise error(Tag.TYPE, f"http: a body of {media} is a map, not {type_name(body)}")
        return _json(body)
    if media == "application/x-www-form-urlencoded" or media.startswith("text/"):
        if not isinstance(body, str):
            raise error(Tag.TYPE, f"http: a body of {media} is a string, not {type_name(body)}")
        return body.encode("utf-8", "replace")
    raise error(Tag.VALUE, f"http: a body of {media} is not supported; encode it to bytes")


def _json(body: Value) -> bytes:
    try:
        return to_json(body).encode("utf-8", "replace")
    except (TypeError, ValueError) as failure:
        raise error(Tag.TYPE, f"http: the body has no form in JSON: {failure}") from None


def _shortcut(verb: str, *, with_body: bool) -> Function:
    def send(call: Call, *values: Value) -> Value:
        given = dict(zip((parameter.name for parameter in parameters), values, strict=True))
        return _send(call, verb, given)

    parameters = (_URL, _TIMEOUT, *((_BODY,) if with_body else ()), *_REST)
    return Function(f"http.{verb.lower()}", parameters, send, outside=True, blocking=True)


def _send(call: Call, verb: str, given: Mapping[str, Value]) -> Value:
    for name in ("private_service_name", "ca_certificate"):
        if given.get(name) is not None:
            raise error(Tag.VALUE, f"http: {name!r} is not supported here")
    arguments = [given.get(name) for name in ("url", "timeout", "body", "headers", "query", "auth")]
    request: Callable[..., Value] = _request
    return request(call, verb, *arguments)


def _any_verb(call: Call, method: str, *values: Value) -> Value:
    names = ("url", "timeout", "body", *(parameter.name for parameter in _REST))
    return _send(call, method, dict(zip(names, values, strict=True)))


_URL: Final = Parameter("url", STRING)
_TIMEOUT: Final = Parameter("timeout", NUMBER, required=False, default=_DEFAULT_TIMEOUT)
_BODY: Final = Parameter("body", required=False)
_REST: Final = (
    Parameter("headers", MAP, required=False),
    Parameter("query", MAP, required=False),
    Parameter("auth", MAP, required=False),
    Parameter("private_service_name", STRING, required=False),
    Parameter("ca_certificate", STRING, required=False),
)

FUNCTIONS: Final = (
    _shortcut("GET", with_body=False),
    *(_shortcut(verb, with_body=True) for verb in ("POST", "PUT", "PATCH", "DELETE")),
    Function(
        "http.request",
        (Parameter("method", STRING), _URL, _TIMEOUT, _BODY, *_REST),
        _any_verb,
        outside=True,
        blocking=True,
    ),
)
