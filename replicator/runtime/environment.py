"""What an execution is given from outside: services, time, names, chance, and someone to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from replicator.runtime.clock import Clock
from replicator.runtime.connectors import Connectors
from replicator.runtime.threads import SystemThreads, Threads
from replicator.runtime.values import Value


class Moment(StrEnum):
    """What a step event tells."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class StepEvent:
    """One thing that happened; events come one at a time, also from parallel branches.

    Attributes:
        routine: ``main``, or the subworkflow's name.
        step: The step's name.
        moment: What happened. FAILED is not the execution's end: an ``except`` may follow.
        line: Where the step stands in the source.
        count: How many steps the execution has taken so far.
        at: Seconds since 1970, by the execution's clock.
        data: For LOG what was logged; for FAILED the error value; else None.
        severity: For LOG its severity, else empty.
    """

    routine: str
    step: str
    moment: Moment
    line: int
    count: int
    at: float
    data: Value = None
    severity: str = ""


def ignore(event: StepEvent) -> None:
    """Take no notice of an event."""


def never() -> bool:
    """An execution that nobody cancels."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Everything an execution may reach.

    Attributes:
        connectors: Google's APIs and HTTP.
        clock: Real, or virtual.
        uuid: Makes the texts of ``uuid.generate``.
        variables: What ``sys.get_env`` knows: GOOGLE_CLOUD_PROJECT_ID, GOOGLE_CLOUD_LOCATION,
            GOOGLE_CLOUD_WORKFLOW_ID, GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID, … and the user's own.
        on_step: Told of each step and each ``sys.log``; must not raise and must be quick.
        cancelled: Asked between steps and during sleeps.
        threads: What branches run on.
    """

    connectors: Connectors
    clock: Clock
    uuid: Callable[[], str]
    variables: Mapping[str, str] = field(default_factory=dict)
    on_step: Callable[[StepEvent], None] = ignore
    cancelled: Callable[[], bool] = never
    threads: Threads = field(default_factory=SystemThreads)
