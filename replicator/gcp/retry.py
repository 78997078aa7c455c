"""How often a call that Python itself makes is made again; what a workflow calls has the runtime's policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import tenacity

from replicator.runtime.errors import ConnectionBroken, ConnectionFailed, HttpError, TimedOut


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to call again.

    Attributes:
        retries: Whether an error is one that passes.
        first: Seconds before the second attempt.
        factor: How much longer each further wait is than the one before.
        longest: Seconds that no wait exceeds.
        attempts: Calls in all.
    """

    retries: Callable[[BaseException], bool]
    first: float
    factor: float
    longest: float
    attempts: int


def _passes(error: BaseException) -> bool:
    """Whether a call without effects may well succeed when it is made again."""
    from replicator.gcp.failures import FAMILIES, call_failed

    if not isinstance(error, FAMILIES):
        return False
    match call_failed(error):
        case HttpError(status=status):
            return status in {408, 429, 500, 502, 503, 504}
        case ConnectionFailed() | ConnectionBroken() | TimedOut():
            return True
        case _:
            return False


# Short, because a person waits. "Retry error codes", https://cloud.google.com/bigquery/docs/error-messages: 500, 502,
# 503 and 504 with exponential backoff.
READING: Final = RetryPolicy(retries=_passes, first=0.5, factor=2.0, longest=8.0, attempts=4)


def retrying(policy: RetryPolicy, *, sleep: Callable[[float], None]) -> tenacity.Retrying:
    """The policy as tenacity runs it; the last error is raised as itself.

    Args:
        policy: When to call again.
        sleep: Lets seconds pass.
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(policy.retries),
        wait=tenacity.wait_exponential(multiplier=policy.first, exp_base=policy.factor, max=policy.longest),
        stop=tenacity.stop_after_attempt(policy.attempts),
        sleep=sleep,
        reraise=True,
    )
