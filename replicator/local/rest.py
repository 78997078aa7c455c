"""What the services that are defined by protocol buffers share when they speak JSON over HTTP.

Errors: https://cloud.google.com/apis/design/errors. Field masks, enums and timestamps: https://protobuf.dev/programming-guides/json
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from replicator.names import REGIONS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

Json = dict[str, Any]
Item = TypeVar("Item")

STATUS: Final = {
    "INVALID_ARGUMENT": (400, 3),
    "FAILED_PRECONDITION": (400, 9),
    "PERMISSION_DENIED": (403, 7),
    "NOT_FOUND": (404, 5),
    "ALREADY_EXISTS": (409, 6),
    "RESOURCE_EXHAUSTED": (429, 8),
    "UNIMPLEMENTED": (501, 12),
    "UNAVAILABLE": (503, 14),
}
"""Of each canonical code its HTTP status and its number (google/rpc/code.proto)."""


class ApiError(Exception):
    """What a service answers instead of a result.

    Attributes:
        code: A canonical code, a key of ``STATUS``.
        message: The sentence that a person reads.
        status: The HTTP status that goes with the code.
        number: The code's number.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status, self.number = STATUS[code]

    def body(self) -> Json:
        """The body of an HTTP answer with this error."""
        return {"error": {"code": self.status, "message": self.message, "status": self.code}}


def invalid(message: str) -> ApiError:
    """The request cannot be right, whatever the state of the service."""
    return ApiError("INVALID_ARGUMENT", message)


def unmodelled(what: str) -> ApiError:
    """The refusal of something that the service may well do, and this server does not know how to do truly."""
    return ApiError("UNIMPLEMENTED", f"{what}: not modelled by the local cloud, which refuses rather than guesses")


@dataclass(frozen=True, slots=True)
class Call:
    """One decoded request.

    Attributes:
        path: The parts of the path.
        query: Query parameters; a repeated one has several values.
        body: The JSON object that was sent, empty when there was none.
    """

    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: Json

    def one(self, name: str) -> str:
        """The last value of a query parameter, or an empty text."""
        values = self.query.get(name, ())
        return values[-1] if values else ""

    @property
    def numeric_enums(self) -> bool:
        """Whether the client wants enums as numbers (``$alt=json;enum-encoding=int``)."""
        return "enum-encoding=int" in (self.one("$alt") or self.one("alt"))


def region_of(call: Call) -> str:
    """The region in a path of a service that lies in regions.

    Raises:
        ApiError: There is none of that name. The services say it as a permission that is missing (reported of many of
            them, with the reason LOCATION_POLICY_VIOLATED), so that a client cannot tell the two apart.
    """
    region = call.path["location"]
    if region not in REGIONS:
        code, message = "PERMISSION_DENIED", f"Permission denied on 'locations/{region}' (or it may not exist)."
        raise ApiError(code, message)
    return region


def endpoint(answer: Callable[[Call], Json]) -> Callable[[Request], Any]:
    """A starlette endpoint that decodes, answers on a thread, and encodes; its errors are the service's."""

    async def respond(request: Request) -> Response:
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import JSONResponse

        try:
            call = Call(
                request.path_params,
                {name: request.query_params.getlist(name) for name in request.query_params},
                decode(await request.body()),
            )
            return JSONResponse(await run_in_threadpool(answer, call))
        except ApiError as error:
            return JSONResponse(error.body(), status_code=error.status)

    return respond


def decode(body: bytes) -> Json:
    """The JSON object in a request's body, of which every part can be written as JSON again.

    Raises:
        ApiError: There is something, and it is not a JSON object.
    """
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
        # Python takes NaN, numbers beyond a double and halves of Unicode's pairs, which nobody else can read.
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        message = f"Invalid JSON payload received. {error}"
        raise invalid(message) from error
    if not isinstance(value, dict):
        message = f"Invalid JSON payload received. The root is {type(value).__name__}; it must be an object."
        raise invalid(message)
    return value


_TIMESTAMP: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as RFC 3339 in UTC, to the microsecond, without needless zeros."""
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".") + "Z"


def normalized_timestamp(field: str, value: object) -> str:
    """An RFC 3339 time as the service gives it back: in UTC, to the microsecond.

    Raises:
        ApiError: It is no such time.
    """
    match = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        message = f"Invalid value at '{field}', {value!r} is not an RFC 3339 timestamp"
        raise invalid(message)
    whole, fraction, zone = match.groups()
    try:
        at = datetime.fromisoformat(f"{whole}.{(fraction or '0')[:6]:0<6}{'+00:00' if zone == 'Z' else zone}")
    except ValueError as error:
        message = f"Invalid value at '{field}', {value!r}: {error}"
        raise invalid(message) from error
    return timestamp(at.timestamp())


def page(
    items: Sequence[Item], call: Call, *, key: Callable[[Item], str], size: int, largest: int
) -> tuple[Sequence[Item], str]:
    """One page of ``items`` and the token of the next, empty at the end.

    The token names the last item of its page, so that what is added or deleted between two pages neither repeats
    nor hides another item.

    Args:
        items: Everything, in an order that does not change.
        call: Has ``pageSize`` and ``pageToken``.
        key: What identifies an item.
        size: Of a page when the client does not say.
        largest: Size that is given to those who ask for more.
    """
    asked = call.one("pageSize")
    if asked and not re.fullmatch(r"\d{1,9}", asked):
        message = f"Invalid value at 'page_size', {asked!r} is not a number of items"
        raise invalid(message)
    length = min(int(asked or 0) or size, largest)
    start = 0
    if token := call.one("pageToken"):
        after = [place for place, item in enumerate(items) if key(item) == token]
        if not after:
            message = f"Invalid page token '{token}'"
            raise invalid(message)
        start = after[0] + 1
    chosen = items[start : start + length]
    return chosen, key(chosen[-1]) if start + length < len(items) else ""


def mask_paths(mask: str) -> tuple[str, ...]:
    """The fields of an ``updateMask``, in camelCase, whichever case they came in."""
    return tuple(camel(path.strip()) for path in mask.split(",") if path.strip())


def camel(path: str) -> str:
    """``schedule_options.start_time`` as JSON writes it."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), path)


def enum_name(field: str, value: object, names: Mapping[str, int]) -> str:
    """The name of an enum's value that came as a name or as a number.

    Raises:
        ApiError: It is neither.
    """
    for name, number in names.items():
        if value == name or str(value) == str(number):
            return name
    message = f"Invalid value at '{field}', {value!r} is none of {', '.join(names)}"
    raise invalid(message)
