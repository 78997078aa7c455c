"""A request and its answer, in the API's shapes.

https://docs.cloud.google.com/bigquery/docs/reference/rest
"""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import re
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from replicator.local.bigquery.errors import BigQueryError, refuse

Json: TypeAlias = dict[str, Any]

# https://docs.cloud.google.com/bigquery/quotas#api_request_limits: the largest request body of the JSON API.
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
# Calls that wait for a query hold a thread each.
_CALLS: Final = ThreadPoolExecutor(200, thread_name_prefix="bigquery")


@dataclass(frozen=True, slots=True)
class Call:
    """One API call.

    Attributes:
        path: The path's named parts.
        query: The query's parameters; of a repeated one the last.
        headers: With names in lower case.
        body: As sent, decompressed.
        base: Scheme, host and port, as the client sees them.
        repeated: All values of the repeated parameters.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str
    repeated: Mapping[str, tuple[str, ...]]

    def json(self) -> Json:
        """The body as a JSON object.

        Raises:
            BigQueryError: 400, it is none.
        """
        return read_object(self.body)

    def integer(self, name: str, default: int, *, largest: int = 2**31 - 1) -> int:
        """A parameter that is a number from 0.

        Raises:
            BigQueryError: 400, it is none.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit():
            msg = f"Invalid value at '{name}' (TYPE_UINT32), \"{text}\""
            refuse("invalid", msg, location=name)
        return min(int(text), largest)

    def boolean(self, name: str) -> bool:
        """A parameter that is true or false; false when it is not given.

        Raises:
            BigQueryError: 400, it is neither.
        """
        text = self.query.get(name, "false").lower()
        if text not in ("true", "false"):
            msg = f"Invalid value at '{name}' (TYPE_BOOL), \"{text}\""
            refuse("invalid", msg, location=name)
        return text == "true"

    def only_if(self, etag: str) -> None:
        """Hold an If-Match header against what is there.

        Raises:
            BigQueryError: 412, it is another.
        """
        wanted = self.headers.get("if-match")
        if wanted is not None and wanted not in ("*", etag):
            refuse("conditionNotMet", "Precondition Failed", location="If-Match")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; no ``body`` sends none."""

    body: Json | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Operation: TypeAlias = Callable[[Call], Answer]


def read_object(body: bytes) -> Json:
    """Read a JSON object.

    Raises:
        BigQueryError: 400, the bytes are no JSON or no object.
    """
    if not body.strip():
        return {}
    try:
        value = json.loads(body, parse_float=finite, parse_constant=not_json)
        if b"\\u" in body:
            # Half of a surrogate pair can be read, and never be written again.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        msg = f"Invalid JSON payload received. {error}"
        raise BigQueryError(reason="invalid", message=msg) from None
    if not isinstance(value, dict):
        msg = f"Invalid JSON payload received: an object is expected, not {type(value).__name__}"
        refuse("invalid", msg)
    return value


def finite(text: str) -> float:
    """A number of JSON as a float.

    Raises:
        ValueError: It is too large for one.
    """
    value = float(text)
    if not math.isfinite(value):
        msg = f"the number {text} is out of range"
        raise ValueError(msg)
    return value


def not_json(text: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads and JSON does not have.

    Raises:
        ValueError: Always.
    """
    msg = f"{text} is not JSON"
    raise ValueError(msg)


def failure(error: BigQueryError) -> Answer:
    """An error as the API answers it."""
    # A stopped job's own status is 200 (error-messages), and an answer that is an error says so in both places.
    status = max(error.status, 400)
    body = error.body()
    body["error"]["code"] = status
    return Answer(body, status)


def route(path: str, methods: Mapping[str, Operation]) -> BaseRoute:
    """One path with its methods; another method is refused in the API's shape."""

    async def endpoint(request: Request) -> Response:
        operation = methods.get(request.method)
        if operation is None:
            error = BigQueryError(
                reason="notImplemented", message=f"{request.method} {request.url.path} is not part of the API"
            )
            return _response(failure(error))
        try:
            call = await _read(request)
            answer = await asyncio.get_running_loop().run_in_executor(_CALLS, operation, call)
        except BigQueryError as error:
            answer = failure(error)
        except Exception as error:  # noqa: BLE001 - the last line of a request: a bug is answered in the API's shape
            msg = f"An internal error occurred: {type(error).__name__}: {error}"
            answer = failure(BigQueryError(reason="internalError", message=msg))
        return _response(answer)

    return Route(path, endpoint, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])


async def unknown_path(request: Request) -> Response:
    """The answer for a path below the API that it does not have."""
    msg = f"The requested URL {request.url.path} was not found on this server."
    return _response(failure(BigQueryError(reason="notFound", message=msg)))


async def _read(request: Request) -> Call:
    body = await request.body()
    if request.headers.get("content-encoding", "") == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise BigQueryError(reason="invalid", message="The body says that it is gzip, and is not") from None
    repeated: dict[str, tuple[str, ...]] = {}
    for name, value in request.query_params.multi_items():
        repeated[name] = (*repeated.get(name, ()), value)
    host = request.headers.get("host", "127.0.0.1")
    return Call(
        path=dict(request.path_params),
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        base=f"{request.url.scheme}://{host}",
        repeated=repeated,
    )


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    etag = answer.body.get("etag")
    if isinstance(etag, str) and etag.isascii():
        headers.setdefault("ETag", etag)
    content = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, answer.status, headers, "application/json; charset=UTF-8")


_TOKEN: Final = re.compile(r"r(\d+)")


def page_token(position: int) -> str:
    """The token of the page that begins at ``position``."""
    return f"r{position}"


def page_start(call: Call) -> int:
    """Where the page asked for begins: after ``pageToken``, or at ``startIndex``.

    Raises:
        BigQueryError: 400, the token was not given out by this server.
    """
    token = call.query.get("pageToken")
    if not token:
        return call.integer("startIndex", 0, largest=2**63 - 1)
    match = _TOKEN.fullmatch(token)
    if match is None:
        refuse("invalid", f"Invalid value for pageToken: {token}", location="pageToken")
    return int(match[1])
