"""What the linter answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from replicator.errors import Problem
from replicator.limits import ARGUMENT_BYTES, RESPONSE_BYTES, STEPS_PER_EXECUTION, UNHANDLED_EXCEPTIONS, Limit


class Weight(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or looks wrong.

    Attributes:
        weight: ERROR: the service refuses it, or it fails when it is reached. WARNING: it runs, and is not meant.
        problem: Where, what, and what to do.
        refused: Whether the service refuses to deploy the document for it (docs.cloud.google.com/workflows/docs/
            troubleshooting, "Deployment errors").
    """

    weight: Weight
    problem: Problem
    refused: bool

    def __str__(self) -> str:
        return f"{self.problem.place}: {self.weight}: {_rest(self.problem)}"


def _rest(problem: Problem) -> str:
    return str(problem).removeprefix(f"{problem.place}: ")


@dataclass(frozen=True, slots=True)
class Headroom:
    """How much of a limit the document uses.

    Attributes:
        limit: Which one.
        used: The largest use in the document, in the limit's unit, as far as its text tells.
        line: Where that is, counted from 1; 0 for the document as a whole.
    """

    limit: Limit
    used: int
    line: int

    @property
    def share(self) -> float:
        """The part of the limit that is used, 0 to 1 and above."""
        return self.used / self.limit.value

    def __str__(self) -> str:
        where = f", line {self.line}" if self.line else ""
        return f"{self.limit.name}: {self.used:,} of {self.limit.value:,} {self.limit.unit} ({self.share:.0%}{where})"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about one document.

    Attributes:
        file: What it was called.
        findings: In the order of the source.
        headroom: One for each limit that a document can reach by its text.
        untold: The limits that only a run can tell about.
    """

    file: Path
    findings: tuple[Finding, ...]
    headroom: tuple[Headroom, ...]
    untold: tuple[Limit, ...] = (STEPS_PER_EXECUTION, ARGUMENT_BYTES, RESPONSE_BYTES, UNHANDLED_EXCEPTIONS)

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
