"""The steps of Cloud Workflows as frozen values with explicit, stable names; only ``render`` knows about YAML.

https://docs.cloud.google.com/workflows/docs/reference/syntax
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from replicator.workflow.expressions import Expression, Operand, Value


@dataclass(frozen=True, kw_only=True)
class Assign:
    """Set variables, in order.

    https://docs.cloud.google.com/workflows/docs/reference/syntax/variables
    """

    name: str
    values: tuple[tuple[str, Value], ...]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """Call a subworkflow, a function or a connector.

    https://docs.cloud.google.com/workflows/docs/reference/syntax/calls
    """

    name: str
    function: str
    arguments: Mapping[str, Value] = field(default_factory=dict)
    result: str | None = None
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One condition of a switch, and the steps or the jump that it leads to."""

    condition: Expression | bool
    steps: tuple[Step, ...] = ()
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Switch:
    """The first condition that holds.

    https://docs.cloud.google.com/workflows/docs/reference/syntax/conditions
    """

    name: str
    cases: tuple[Case, ...]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class ForEach:
    """A loop over a list or a range.

    https://docs.cloud.google.com/workflows/docs/reference/syntax/iteration
    """

    name: str
    value: str
    steps: tuple[Step, ...]
    over: Expression | None = None
    range: tuple[Operand, Operand] | None = None
    index: str | None = None


@dataclass(frozen=True, kw_only=True)
class ParallelFor:
    """Iterations side by side.

    https://docs.cloud.google.com/workflows/docs/reference/syntax/parallel-steps
    """

    name: str
    shared: tuple[str, ...]
    loop: ForEach
    concurrency_limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Try:
    """Steps whose error is caught.

    https://docs.cloud.google.com/workflows/docs/reference/syntax/catching-errors
    """

    name: str
    steps: tuple[Step, ...]
    error: str
    handlers: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Steps that are done again, all of them, when one fails with an error that ``predicate`` holds of.

    https://docs.cloud.google.com/workflows/docs/reference/syntax/retrying

    Attributes:
        name: The step's name.
        steps: What is done; their errors are raised once ``times`` more tries have failed.
        predicate: The subworkflow that is asked of an error.
        times: Tries after the first.
    """

    name: str
    steps: tuple[Step, ...]
    predicate: str
    times: int


@dataclass(frozen=True, kw_only=True)
class Return:
    """End the subworkflow with a value.

    https://docs.cloud.google.com/workflows/docs/reference/syntax/completing
    """

    name: str
    value: Value


@dataclass(frozen=True, kw_only=True)
class Raise:
    """Fail with a text or a map.

    https://docs.cloud.google.com/workflows/docs/reference/syntax/raising-errors
    """

    name: str
    value: Value


Step: TypeAlias = Assign | Call | Switch | ForEach | ParallelFor | Try | Retry | Return | Raise


@dataclass(frozen=True, kw_only=True)
class Subworkflow:
    """A named list of steps with parameters.

    Attributes:
        name: What calls it by.
        parameters: Names, or (name, default value).
        steps: What it does, in order.
        purpose: One sentence, printed above it for whoever reads the document.
    """

    name: str
    parameters: tuple[str | tuple[str, Value], ...]
    steps: tuple[Step, ...]
    purpose: str
