"""Steps one after the other, and the ways to leave them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from replicator.runtime.environment import Moment
from replicator.runtime.errors import Frame, WorkflowError
from replicator.runtime.scope import Scope
from replicator.runtime.source import Position
from replicator.runtime.stdlib.signature import Parameter
from replicator.runtime.values import Value


class Way(Enum):
    """How the steps are left."""

    JUMP = auto()
    BREAK = auto()
    CONTINUE = auto()
    RETURN = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Where to go on when it is not at the next step.

    Attributes:
        way: How.
        block: For JUMP, the steps among which the target is.
        index: For JUMP, which of them it is.
        value: For RETURN.
    """

    way: Way
    block: Block | None = None
    index: int = 0
    value: Value = None


Action = Callable[[Scope], Outcome | None]
"""What a step does: None goes on with the next step."""


@dataclass(slots=True, eq=False)
class Step:
    """One step.

    Attributes:
        name: Unique in its routine.
        routine: The routine's name.
        position: Where it stands.
        action: What it does.
        after: Where its ``next`` leads; None to the step below it.
    """

    name: str
    routine: str
    position: Position
    action: Action
    after: Outcome | None = None


@dataclass(slots=True, eq=False)
class Block:
    """Steps that run one after the other."""

    steps: list[Step] = field(default_factory=list)

    def run(self, scope: Scope) -> Outcome | None:
        """Run from the first step until one leaves the block, or past the last one (None)."""
        steps = self.steps
        activation = scope.activation
        machine = activation.machine
        at, end = 0, len(steps)
        while at < end:
            step = steps[at]
            machine.count()
            machine.tell(step, Moment.STARTED)
            try:
                outcome = step.action(scope)
            except WorkflowError as failure:
                _locate(failure, step, activation)
                machine.tell(step, Moment.FAILED, failure.value)
                raise
            machine.tell(step, Moment.FINISHED)
            if outcome is None:
                outcome = step.after
                if outcome is None:
                    at += 1
                    continue
            if outcome.block is not self:
                return outcome
            at = outcome.index
        return None


def _locate(failure: WorkflowError, step: Step, activation: object) -> None:
    """Note the innermost step of each call that the error passes through."""
    if failure.activation is not activation:
        failure.activation = activation
        failure.trace.append(Frame(step.name, step.routine, step.position.line, step.position.column))


@dataclass(slots=True, eq=False)
class Routine:
    """The main workflow or a subworkflow.

    Attributes:
        name: As the document names it.
        parameters: In their order; a default makes one optional.
        block: Its steps.
    """

    name: str
    parameters: tuple[Parameter, ...]
    block: Block
