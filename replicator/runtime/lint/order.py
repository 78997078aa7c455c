"""Variables that are read before anything can have set them, whichever way the steps are taken.

docs.cloud.google.com/workflows/docs/reference/syntax/variables, "Variable scope", and …/jumps. For each step the
variables that *may* be set when it begins are gathered over every way that leads there; jumps make that a matter of
going over the routine until nothing changes any more. What a loop, a branch or an ``except`` creates ends with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from replicator.runtime.expressions.tree import Computed, Constant, Name
from replicator.runtime.expressions.walk import Node, children
from replicator.runtime.lint.regions import (
    Region,
    branch_region,
    handler_names,
    handler_region,
    loop_names,
    loop_region,
    routine_region,
    written,
)
from replicator.runtime.source import Mistake, Position
from replicator.runtime.syntax.tree import (
    Assign,
    Body,
    CallNode,
    For,
    Next,
    Parallel,
    Raise,
    Return,
    RoutineNode,
    StepNode,
    Steps,
    Switch,
    Try,
)
from replicator.runtime.syntax.walk import values

_Set: TypeAlias = frozenset[str] | None
"""What may be set at a place; None where no way leads."""

_ROUNDS: Final = 100
"""How often a routine is gone over; each jump back that leads on to another one takes a round more. A routine that is
still not known by then was not written by a person, and nothing is said of it."""


def read_too_early(routine: RoutineNode) -> tuple[Mistake, ...]:
    """Every reading of a variable that nothing can have set by then.

    A variable that is set on one way to the step and not on another is left to the person: that way may be the
    only one that is ever taken.
    """
    given = frozenset(parameter.name for parameter in routine.parameters)
    region = routine_region(routine)
    arriving: dict[str, _Set] = {}
    for _ in range(_ROUNDS):
        flow = _Flow(routine.name, arriving)
        flow.block(routine.steps, given, region)
        if flow.arriving == arriving:
            return tuple(flow.mistakes)
        arriving = flow.arriving
    return ()


def _more(state: _Set, names: Iterable[str]) -> _Set:
    return None if state is None else state | frozenset(names)


def _join(one: _Set, other: _Set) -> _Set:
    if one is None or other is None:
        return one if other is None else other
    return one | other


class _Flow:
    """Once over a routine, with what is known to arrive at its steps by jumps."""

    def __init__(self, routine: str, arriving: dict[str, _Set]) -> None:
        self._routine = routine
        self.arriving = dict(arriving)
        self.mistakes: list[Mistake] = []

    def block(self, steps: tuple[StepNode, ...], state: _Set, region: Region) -> _Set:
        """What may be set where the steps end, begun with ``state``."""
        for step in steps:
            state = _join(state, self.arriving.get(step.name))
            if step.body is not None:
                state = self._body(step.body, step, state, region)
            state = self._follow(step.next, state)
        return state

    def _follow(self, follow: Next | None, state: _Set) -> _Set:
        """Go where ``next`` leads; what is left for the step below."""
        if follow is None:
            return state
        self.arriving[follow.target] = _join(self.arriving.get(follow.target), state)
        return None

    def _body(self, body: Body, step: StepNode, state: _Set, region: Region) -> _Set:
        match body:
            case Assign():
                return self._assign(body, step, state, region)
            case Switch():
                return self._switch(body, step, state, region)
            case Try():
                return self._try(body, step, state, region)
        for value in values(body):
            self._reads(value, step, state, region)
        match body:
            case CallNode(result=result):
                return state if state is None or result is None else state | {result}
            case Steps(steps):
                return self.block(steps, state, region)
            case For():
                self.block(body.steps, _more(state, loop_names(body)), loop_region(body, region))
                return state
            case Parallel():
                self._parallel(body, step, state, region)
                return state
            case Return() | Raise():
                return None

    def _assign(self, body: Assign, step: StepNode, state: _Set, region: Region) -> _Set:
        for line in body.assignments:
            for value in (*line.target.path, line.value):
                self._reads(value, step, state, region, line.position)
            if line.target.path:
                # An element is put into what is there.
                self._read(line.target.name, line.position, step, state, region)
            elif state is not None:
                state |= {line.target.name}
        return state

    def _switch(self, body: Switch, step: StepNode, state: _Set, region: Region) -> _Set:
        after: _Set = None
        for case in body.cases:
            self._reads(case.condition, step, state, region, case.position)
            then = state if case.body is None else self._body(case.body, step, state, region)
            after = _join(after, self._follow(case.next, then))
            if isinstance(case.condition, Constant) and case.condition.value is True:
                return after
        return _join(after, state)

    def _try(self, body: Try, step: StepNode, state: _Set, region: Region) -> _Set:
        # The steps may break off anywhere, and be begun again after that.
        anywhere = _more(state, written(body.body))
        after = self._body(body.body, step, state if body.retry is None else anywhere, region)
        for value in values(body):
            self._reads(value, step, anywhere, region)
        if body.handler is None:
            return after
        inner = handler_region(body.handler, region)
        handled = self.block(body.handler.steps, _more(anywhere, handler_names(body.handler)), inner)
        return _join(after, None if handled is None else anywhere)

    def _parallel(self, body: Parallel, step: StepNode, state: _Set, region: Region) -> None:
        for name in body.shared:
            if state is not None and name not in state and region.has(name):
                fact = f"the shared variable {name!r} is not set before"
                self._note(body.position, step, fact, "assign it in a step before the parallel one")
        for branch in body.branches:
            self.block(branch.steps, state, branch_region(branch, region, frozenset(body.shared)))
        if (loop := body.loop) is not None:
            self.block(loop.steps, _more(state, loop_names(loop)), loop_region(loop, region, frozenset(body.shared)))

    def _reads(self, node: Node, step: StepNode, state: _Set, region: Region, at: Position | None = None) -> None:
        if isinstance(node, Computed):
            at = Position(*node.position)
        if isinstance(node, Name):
            self._read(node.name, at or step.position, step, state, region)
        for child in children(node):
            self._reads(child, step, state, region, at)

    def _read(self, name: str, position: Position, step: StepNode, state: _Set, region: Region) -> None:
        # What cannot be there at all is found elsewhere, also in steps that nothing leads to.
        if state is not None and name not in state and region.has(name):
            fact = f"{name!r} is read before anything has set it"
            self._note(position, step, fact, "assign it in a step that comes before, in a scope around this")

    def _note(self, position: Position, step: StepNode, fact: str, remedy: str) -> None:
        self.mistakes.append(Mistake(position, f"{self._routine}.{step.name}", fact, remedy))
