"""Steps that nothing leads to."""

from __future__ import annotations

from collections.abc import Iterator

from replicator.runtime.expressions.tree import Constant
from replicator.runtime.source import Mistake
from replicator.runtime.syntax.tree import Body, Raise, Return, RoutineNode, StepNode, Steps, Switch, Try
from replicator.runtime.syntax.walk import blocks, bodies


def unreachable(routine: RoutineNode) -> Iterator[Mistake]:
    """The first step of each run of steps that cannot be reached."""
    targets = _targets(routine)
    for steps in _lists(routine.steps):
        arrives = True
        reported = False
        for step in steps:
            if arrives or step.name in targets:
                reported = False
                arrives = _falls_through(step)
            elif not reported:
                reported = True
                field = f"{routine.name}.{step.name}"
                yield Mistake(step.position, field, "nothing leads to this step", "remove it, or name it in a 'next'")


def _targets(routine: RoutineNode) -> set[str]:
    names = {step.next.target for steps in _lists(routine.steps) for step in steps if step.next is not None}
    for _, body in bodies(routine.steps):
        if isinstance(body, Switch):
            names |= {case.next.target for case in body.cases if case.next is not None}
    return names


def _lists(steps: tuple[StepNode, ...]) -> Iterator[tuple[StepNode, ...]]:
    yield steps
    for _, body in bodies(steps):
        yield from blocks(body)


def _falls_through(step: StepNode) -> bool:
    return step.next is None and (step.body is None or _ends(step.body))


def _ends(body: Body) -> bool:
    """Whether the action can come to its end, so that the step below is next."""
    match body:
        case Return() | Raise():
            return False
        case Steps(steps):
            return _passes(steps)
        case Try(inner, _, handler):
            return _ends(inner) or (handler is not None and _passes(handler.steps))
        case Switch(cases):
            for case in cases:
                if case.next is None and (case.body is None or _ends(case.body)):
                    return True
                if isinstance(case.condition, Constant) and case.condition.value is True:
                    return False
            return True
        case _:
            return True


def _passes(steps: tuple[StepNode, ...]) -> bool:
    """Whether the last step can be passed; jumps among the steps are taken to lead there."""
    return not steps or _falls_through(steps[-1])
