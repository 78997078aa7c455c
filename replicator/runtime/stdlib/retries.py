"""The documented retry policies and predicates, as data.

docs.cloud.google.com/workflows/docs/reference/syntax/retrying, …/stdlib/http/default_retry_predicate,
…/stdlib/retry/default_backoff
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from replicator.runtime.stdlib.signature import Function, Parameter
from replicator.runtime.values import Value


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between attempts: ``initial_delay``, each time ``multiplier`` longer, at most ``max_delay``."""

    initial_delay: float
    max_delay: float
    multiplier: float

    def delay(self, retry: int) -> float:
        """Seconds before the retry, which are counted from 0."""
        delay = self.initial_delay
        for _ in range(retry):
            delay *= self.multiplier
            # Stops before a huge count or multiplier could overflow.
            if delay >= self.max_delay or self.multiplier <= 1:
                break
        return min(delay, self.max_delay)


@dataclass(frozen=True, slots=True)
class Condition:
    """Which errors are tried again: by HTTP status, or by tag."""

    codes: frozenset[int]
    tags: frozenset[str]

    def holds(self, failure: Value) -> bool:
        """Whether the error value is one of them."""
        if not isinstance(failure, dict):
            return False
        tags = failure.get("tags")
        if isinstance(tags, list) and any(tag in self.tags for tag in tags if isinstance(tag, str)):
            return True
        return failure.get("code") in self.codes and type(failure.get("code")) is int


IDEMPOTENT: Final = Condition(
    frozenset({429, 502, 503, 504}), frozenset({"ConnectionError", "ConnectionFailedError", "TimeoutError"})
)
NON_IDEMPOTENT: Final = Condition(frozenset({429, 503}), frozenset({"ConnectionFailedError"}))

DEFAULT_BACKOFF: Final = Backoff(initial_delay=1.0, max_delay=60.0, multiplier=1.25)
DEFAULT_RETRIES: Final = 5

POLICIES: Final[Mapping[str, Condition]] = {
    "http.default_retry": IDEMPOTENT,
    "http.default_retry_non_idempotent": NON_IDEMPOTENT,
}
"""What may stand for the whole of ``retry``: DEFAULT_RETRIES attempts more, DEFAULT_BACKOFF between them."""

BACKOFFS: Final[Mapping[str, Backoff]] = {"retry.default_backoff": DEFAULT_BACKOFF}
"""What may stand for the whole of ``backoff``."""

_EXCEPTION: Final = (Parameter("exception"),)

FUNCTIONS: Final = (
    Function("http.default_retry_predicate", _EXCEPTION, IDEMPOTENT.holds),
    Function("http.default_retry_predicate_non_idempotent", _EXCEPTION, NON_IDEMPOTENT.holds),
    Function("retry.always", _EXCEPTION, lambda _: True),
    Function("retry.never", _EXCEPTION, lambda _: False),
)
