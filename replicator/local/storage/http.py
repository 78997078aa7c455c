"""A request and its answer, in the JSON API's shapes.

https://docs.cloud.google.com/storage/docs/json_api/v1
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import unquote

from replicator.local.rest import ApiError, decode
from replicator.local.storage.buckets import Conditions
from replicator.local.storage.errors import StorageError, refuse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

Json: TypeAlias = dict[str, Any]

_CALLS: Final = ThreadPoolExecutor(32, thread_name_prefix="storage")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Call:
    """One API call.

    Attributes:
        method: Of HTTP.
        path: Its parts behind the version, each unescaped: an object's name is one part whatever is in it.
        query: The query's parameters; of a repeated one the last.
        headers: With names in lower case.
        body: As sent.
        base: Scheme, host and port, as the client sees them.
    """

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str

    def json(self) -> Json:
        """The body as a JSON object.

        Raises:
            StorageError: 400, it is none.
        """
        return read_object(self.body)

    def number(self, name: str) -> int | None:
        """A parameter that is a whole number, or None where it is not given.

        Raises:
            StorageError: 400, it is none.
        """
        text = self.query.get(name)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text):
            refuse("invalid", f"Invalid value for '{name}': {text!r}")
        return int(text)

    def conditions(self, prefix: str = "if") -> Conditions:
        """The preconditions in the query; those of a copy's source begin with ``ifSource``.

        Raises:
            StorageError: 400, one of them is no number.
        """
        names = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")
        return Conditions(*(self.number(f"{prefix}{name}") for name in names))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: JSON, bytes as they are, or nothing."""

    body: Json | bytes | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Operation: TypeAlias = Callable[[Call], Answer]


def read_object(body: bytes) -> Json:
    """Read a JSON object; an empty body is an empty one.

    Raises:
        StorageError: 400, the bytes are no JSON or no object.
    """
    try:
        return decode(body)
    except ApiError as error:
        reason = "invalid"
        raise StorageError(reason, error.message) from None


def routes(prefix: str, operation: Operation) -> BaseRoute:
    """Everything below a prefix, answered by one operation."""
    from starlette.routing import Route

    async def endpoint(request: Request) -> Response:
        try:
            call = await _read(request, prefix)
            answer = await asyncio.get_running_loop().run_in_executor(_CALLS, operation, call)
        except StorageError as error:
            answer = Answer(error.body(), error.status)
        except Exception as error:  # noqa: BLE001 - the last line of a request: a bug is answered in the API's shape
            failed = StorageError("internalError", f"An internal error occurred: {type(error).__name__}: {error}")
            answer = Answer(failed.body(), failed.status)
        return _response(answer)

    return Route(f"{prefix}/{{rest:path}}", endpoint, methods=list(_METHODS))


async def _read(request: Request, prefix: str) -> Call:
    # Only as it was sent does a path tell the slashes of a name from its own.
    raw = bytes(request.scope["raw_path"]).decode("latin-1").removeprefix(f"{prefix}/")
    try:
        path = tuple(unquote(part, errors="strict") for part in raw.split("/"))
    except UnicodeDecodeError:
        refuse("invalid", "The path is not UTF-8")
    return Call(
        request.method,
        path,
        dict(request.query_params),
        {name.lower(): value for name, value in request.headers.items()},
        await request.body(),
        f"{request.url.scheme}://{request.headers.get('host', '127.0.0.1')}",
    )


def _response(answer: Answer) -> Response:
    from starlette.responses import Response

    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, dict(answer.headers))
    if answer.body is None:
        return Response(status_code=answer.status, headers=dict(answer.headers))
    content = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, answer.status, dict(answer.headers), "application/json; charset=UTF-8")
