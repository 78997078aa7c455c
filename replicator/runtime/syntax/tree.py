"""The tree of a document: routines, steps, and what each kind of step says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from replicator.runtime.expressions.tree import Expression, Template
from replicator.runtime.source import Position
from replicator.runtime.values import Value


@dataclass(frozen=True, slots=True)
class Target:
    """A place in a variable: ``name.key[expression]``."""

    name: str
    path: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line of ``assign``."""

    target: Target
    value: Template
    position: Position


@dataclass(frozen=True, slots=True)
class Assign:
    """Sets variables, one after the other."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument by name."""

    name: str
    value: Template
    position: Position


@dataclass(frozen=True, slots=True)
class CallNode:
    """Calls a function, a connector or a subworkflow.

    Attributes:
        function: Its name.
        arguments: By name; none when they are given by position.
        result: The variable that gets the answer.
        position: Where the call stands.
        positional: In the order of the parameters; None when they are given by name.
    """

    function: str
    arguments: tuple[Argument, ...]
    result: str | None
    position: Position
    positional: tuple[Template, ...] | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """Where to go on: a step's name, ``end``, ``break`` or ``continue``."""

    target: str
    position: Position


@dataclass(frozen=True, slots=True)
class Case:
    """One condition of a switch, and what to do when it is the first that holds."""

    condition: Template
    body: Body | None
    next: Next | None
    position: Position


@dataclass(frozen=True, slots=True)
class Switch:
    """The first case whose condition holds, or none."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class For:
    """Once for each element, or each number of an inclusive range."""

    value: str
    index: str | None
    items: Template | None
    range: Template | None
    steps: tuple[StepNode, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a parallel step."""

    name: str
    steps: tuple[StepNode, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches, or a loop's iterations, side by side."""

    branches: tuple[Branch, ...]
    loop: For | None
    shared: tuple[str, ...]
    limit: Template | None
    position: Position


@dataclass(frozen=True, slots=True)
class Delays:
    """The backoff of a retry, in seconds."""

    initial_delay: Template
    max_delay: Template
    multiplier: Template


@dataclass(frozen=True, slots=True)
class RetryNode:
    """When to try again.

    Attributes:
        policy: The name of a default policy, which says everything; else None.
        predicate: The name of a function or a subworkflow that takes the error.
        max_retries: How often.
        backoff: The delays, or the name of a default.
        position: Where it stands.
    """

    policy: str | None
    predicate: str
    max_retries: Template | None
    backoff: Delays | str | None
    position: Position


@dataclass(frozen=True, slots=True)
class Handler:
    """``except``: the variable that gets the error, and what to do."""

    name: str | None
    steps: tuple[StepNode, ...]


@dataclass(frozen=True, slots=True)
class Try:
    """Steps, or one call, whose errors are retried or handled."""

    body: Body
    retry: RetryNode | None
    handler: Handler | None


@dataclass(frozen=True, slots=True)
class Raise:
    """Raises an error."""

    value: Template


@dataclass(frozen=True, slots=True)
class Return:
    """Ends the routine with a value."""

    value: Template


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps inside a step."""

    steps: tuple[StepNode, ...]


Body: TypeAlias = Assign | CallNode | Switch | For | Parallel | Try | Raise | Return | Steps


@dataclass(frozen=True, slots=True)
class StepNode:
    """One step; without a body it only leads on."""

    name: str
    position: Position
    body: Body | None
    next: Next | None


@dataclass(frozen=True, slots=True)
class ParameterNode:
    """A routine's parameter."""

    name: str
    required: bool
    default: Value


@dataclass(frozen=True, slots=True)
class RoutineNode:
    """The main workflow or a subworkflow."""

    name: str
    parameters: tuple[ParameterNode, ...]
    steps: tuple[StepNode, ...]
    position: Position
