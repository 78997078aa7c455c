"""``sys.*``, ``time.*``, ``uuid.*`` and ``events.*``: the time, names, chance and the log.

docs.cloud.google.com/workflows/docs/reference/stdlib/sys/get_env and its neighbours
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from replicator.runtime.environment import Moment
from replicator.runtime.errors import Tag, error
from replicator.runtime.stdlib.signature import ANY, MAP, NUMBER, STRING, Call, Function, Parameter
from replicator.runtime.values import Value

_SEVERITIES: Final = frozenset(
    {"DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"}
)
_LONGEST_SLEEP: Final = 31_536_000  # a year: docs.cloud.google.com/workflows/quotas, "execution duration"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _get_env(call: Call, name: str, default: Value) -> Value:
    variables = call.machine.environment.variables
    if name in variables:
        return variables[name]
    if default is None:
        raise error(Tag.KEY, f"sys.get_env: there is no environment variable {name!r}")
    return default


def _log(call: Call, data: Value, severity: str, text: Value, json: Value, timeout: Value) -> Value:  # noqa: ARG001  the function's own parameters
    given = [value for value in (data, text, json) if value is not None]
    if len(given) != 1:
        raise error(Tag.TYPE, f"sys.log: takes one of 'data', 'text' and 'json', got {len(given)} of them")
    if isinstance(given[0], bytes):
        raise error(Tag.TYPE, "sys.log: bytes cannot be logged; decode them with text.decode or base64.encode")
    if severity not in _SEVERITIES:
        raise error(Tag.VALUE, f"sys.log: {severity!r} is not a severity; use one of {', '.join(sorted(_SEVERITIES))}")
    if call.step is not None:
        call.machine.tell(call.step, Moment.LOG, given[0], severity)
    return None


def _now(call: Call) -> Value:
    return call.machine.environment.clock.now()


def _sleep(call: Call, seconds: float) -> Value:
    if not 0 <= seconds <= _LONGEST_SLEEP:
        raise error(Tag.VALUE, f"sys.sleep: takes 0 to {_LONGEST_SLEEP} seconds, got {seconds}")
    call.machine.sleep(seconds)
    return None


def _sleep_until(call: Call, time: str) -> Value:
    left = _instant("sys.sleep_until", time) - call.machine.environment.clock.now()
    if left > _LONGEST_SLEEP:
        raise error(Tag.VALUE, "sys.sleep_until: the time is more than a year away")
    call.machine.sleep(max(left, 0.0))
    return None


def _instant(function: str, text: str) -> float:
    """Seconds since 1970 of a time of RFC 3339, section 5.6, the subset of ISO 8601 that both pages lead to."""
    found = _RFC_3339.fullmatch(text)
    moment = _moment(found) if found is not None else None
    if found is None or moment is None:
        raise error(Tag.VALUE, f"{function}: {text!r} is not a time such as 2026-01-31T23:59:00Z (RFC 3339)")
    fraction = float(f"0.{found['fraction'] or 0}")
    return (moment - _EPOCH).total_seconds() + fraction


def _moment(found: re.Match[str]) -> datetime | None:
    """The time to the second; None where the calendar has none such."""
    try:
        return datetime.fromisoformat(f"{found['day']}T{found['time']}{found['offset'].upper()}")
    except ValueError:
        return None


def _format(seconds: float, timezone: str) -> Value:
    try:
        zone = ZoneInfo(timezone) if timezone not in {"", "UTC"} else UTC
        text = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone).isoformat(timespec="microseconds")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise error(Tag.VALUE, f"time.format: there is no time zone {timezone!r}, or no such time") from None
    except OverflowError:
        raise error(Tag.VALUE, f"time.format: {seconds} is beyond the calendar") from None
    # The page's example in GMT ends in Z, so it is the offset that counts and not the zone's name.
    return text.replace("+00:00", "Z")


def _uuid(call: Call) -> Value:
    return call.machine.environment.uuid()


def _nothing() -> Value:
    return None


_CALLBACKS: Final = "callbacks need an address that the outside can reach, which an execution here does not have"

FUNCTIONS: Final = (
    Function(
        "sys.get_env",
        (Parameter("name", STRING), Parameter("default", STRING, required=False)),
        _get_env,
        outside=True,
    ),
    Function(
        "sys.log",
        (
            Parameter("data", ANY, required=False),
            Parameter("severity", STRING, required=False, default="DEFAULT"),
            Parameter("text", ANY, required=False),
            Parameter("json", MAP, required=False),
            Parameter("timeout", NUMBER, required=False),
        ),
        _log,
        outside=True,
        blocking=True,
    ),
    Function("sys.now", (), _now, outside=True),
    Function("sys.sleep", (Parameter("seconds", NUMBER),), _sleep, outside=True, blocking=True),
    Function("sys.sleep_until", (Parameter("time", STRING),), _sleep_until, outside=True, blocking=True),
    Function(
        "time.format",
        (Parameter("seconds", NUMBER), Parameter("timezone", STRING, required=False, default="UTC")),
        _format,
    ),
    Function("time.parse", (Parameter("value", STRING),), lambda value: _instant("time.parse", value)),
    Function("uuid.generate", (), _uuid, outside=True),
    Function(
        "events.await_callback",
        (Parameter("callback"), Parameter("timeout", ANY, required=False)),
        _nothing,
        blocking=True,
        refused=_CALLBACKS,
    ),
    Function(
        "events.create_callback_endpoint",
        (Parameter("http_callback_method", STRING),),
        _nothing,
        blocking=True,
        refused=_CALLBACKS,
    ),
)
