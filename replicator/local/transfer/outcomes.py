"""What runs of dataset copies are to meet, as tests ask for it: failures, hanging, tables left out, waiting."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from replicator.local.rest import Call, Json, endpoint, invalid
from replicator.local.transfer.store import Config

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

Kind: TypeAlias = Literal["fails", "hangs", "succeeds_without", "waits"]

_KINDS: Final = ("fails", "hangs", "succeeds_without", "waits")
_KEYS: Final = ("config", "destination", "outcome", "message", "tables", "seconds", "times")


@dataclass(slots=True)
class Planned:
    """How the next runs of a config or into a dataset go.

    Attributes:
        config: The config's name; empty for any.
        destination: The id of the dataset that is copied into; empty for any.
        kind: What happens.
        message: Why it fails.
        tables: Which tables it is about, a regular expression for the whole name; empty where it is about the run.
        seconds: How long it waits before it starts.
        times: How many runs it happens to; None is every one.
        fired: How many it has happened to.
        over: It was taken back, and what hangs by it goes on.
    """

    config: str
    destination: str
    kind: Kind
    message: str
    tables: str
    seconds: float
    times: int | None
    fired: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def fits(self, config: Config) -> bool:
        """Whether it is for a run of ``config``, now."""
        return (
            self.config in {"", config.name}
            and self.destination in {"", config.body["destinationDatasetId"]}
            and (self.times is None or self.fired < self.times)
        )

    def names(self, table: str) -> bool:
        """Whether it is about this table."""
        return bool(self.tables) and re.fullmatch(self.tables, table) is not None

    def as_json(self) -> Json:
        """What ``GET /control/transfer`` tells of it."""
        return {
            "config": self.config,
            "destination": self.destination,
            "outcome": self.kind,
            "message": self.message,
            "tables": self.tables,
            "seconds": self.seconds,
            "times": "every" if self.times is None else self.times,
            "fired": self.fired,
        }


class Outcomes:
    """All that was asked for, in order; not kept across restarts."""

    def __init__(self) -> None:
        self._planned: list[Planned] = []
        self._lock = threading.Lock()

    def add(self, body: Json) -> Planned:
        """Take one from a request.

        Raises:
            ApiError: It is none.
        """
        planned = _read(body)
        with self._lock:
            self._planned.append(planned)
        return planned

    def of_run(self, config: Config) -> Planned | None:
        """What a run that starts now is to meet."""
        with self._lock:
            for planned in self._planned:
                if planned.kind != "waits" and planned.fits(config):
                    planned.fired += 1
                    return planned
        return None

    def waiting(self, config: Config) -> float:
        """Seconds that a run which is asked for now is to wait before it starts."""
        with self._lock:
            for planned in self._planned:
                if planned.kind == "waits" and planned.fits(config):
                    planned.fired += 1
                    return planned.seconds
        return 0.0

    def clear(self) -> None:
        """Forget all; runs that hang go on."""
        with self._lock:
            for planned in self._planned:
                planned.over.set()
            self._planned.clear()

    def as_json(self) -> Json:
        """What ``GET /control/transfer`` answers."""
        with self._lock:
            return {"outcomes": [planned.as_json() for planned in self._planned]}

    @property
    def routes(self) -> list[BaseRoute]:
        """``/control/transfer``."""
        from starlette.routing import Route

        def clear(_call: Call) -> Json:
            self.clear()
            return {}

        at = "/control/transfer"
        return [
            Route(at, endpoint(lambda call: self.add(call.body).as_json()), methods=["POST"]),
            Route(at, endpoint(lambda _: self.as_json()), methods=["GET"]),
            Route(at, endpoint(clear), methods=["DELETE"]),
        ]


def _read(body: Json) -> Planned:
    if unknown := sorted(set(body) - set(_KEYS)):
        message = f"An outcome has no '{unknown[0]}'; it has {', '.join(_KEYS)}"
        raise invalid(message)
    kind: Any = body.get("outcome")
    if kind not in _KINDS:
        message = f"'outcome' is one of {', '.join(_KINDS)}, not {kind!r}"
        raise invalid(message)
    times = body.get("times", 1)
    if times != "every" and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        message = f"""'times' is a whole number from 1, or "every", not {times!r}"""
        raise invalid(message)
    seconds = body.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 1e9:
        message = f"'seconds' is a number from 0, not {seconds!r}"
        raise invalid(message)
    tables = _text(body, "tables")
    try:
        re.compile(tables)
    except re.error as error:
        message = f"'tables' is no regular expression: {error}"
        raise invalid(message) from error
    if kind == "succeeds_without" and not tables:
        message = "'succeeds_without' needs 'tables'"
        raise invalid(message)
    return Planned(
        config=_text(body, "config"),
        destination=_text(body, "destination"),
        kind=kind,
        message=_text(body, "message") or "The transfer run failed, as was asked for.",
        tables=tables,
        seconds=float(seconds),
        times=None if times == "every" else times,
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        message = f"'{name}' is a text"
        raise invalid(message)
    return value
