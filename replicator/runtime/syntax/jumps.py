"""Where ``next`` may lead: docs.cloud.google.com/workflows/docs/reference/syntax/jumps and …/iteration.

A step may lead on to a step beside it, or beside the blocks that it stands in, as long as that leaves no loop's body
and no branch of a parallel step; jumping *into* a block is refused. ``return`` cannot leave a parallel step.
"""

from __future__ import annotations

from dataclasses import dataclass

from replicator.limits import PARALLEL_NESTING
from replicator.runtime.source import Position
from replicator.runtime.syntax import words
from replicator.runtime.syntax.notes import Notes
from replicator.runtime.syntax.tree import (
    Body,
    For,
    Next,
    Parallel,
    Return,
    RoutineNode,
    StepNode,
    Steps,
    Switch,
    Try,
)


@dataclass(frozen=True, slots=True)
class _Place:
    """What surrounds a step: the names it may lead to, and what it stands in."""

    visible: frozenset[str]
    loop: bool = False
    breakable: bool = False
    parallel: int = 0


def check_jumps(routine: RoutineNode, notes: Notes) -> None:
    """Note every jump that leads nowhere, and every name that is used twice."""
    _Jumps(routine.name, notes).steps(routine.steps, _Place(frozenset()))


class _Jumps:
    def __init__(self, routine: str, notes: Notes) -> None:
        self._routine = routine
        self._notes = notes
        self._names: dict[str, Position] = {}

    def steps(self, steps: tuple[StepNode, ...], place: _Place) -> None:
        for step in steps:
            if step.name in self._names:
                fact = f"the step's name is used in line {self._names[step.name].line} already"
                self._notes.refuse(step.position, self._field(step), fact, "names are unique in a routine")
            if step.name in words.NEXT_WORDS:
                self._notes.refuse(step.position, self._field(step), f"{step.name!r} is reserved", "rename the step")
            self._names.setdefault(step.name, step.position)
        inner = _Place(
            place.visible | {step.name for step in steps},
            loop=place.loop,
            breakable=place.breakable,
            parallel=place.parallel,
        )
        for step in steps:
            self._follow(step.next, inner, self._field(step))
            if step.body is not None:
                self._body(step.body, inner, step)

    def _body(self, body: Body, place: _Place, step: StepNode) -> None:  # noqa: C901  one case for each kind of step
        match body:
            case Switch(cases):
                for case in cases:
                    self._follow(case.next, place, self._field(step))
                    if case.body is not None:
                        self._body(case.body, place, step)
            case Steps(steps):
                self.steps(steps, place)
            case Try(inner, _, handler):
                self._body(inner, place, step)
                if handler is not None:
                    self.steps(handler.steps, place)
            case For():
                self.steps(body.steps, _Place(frozenset(), loop=True, breakable=True, parallel=place.parallel))
            case Parallel():
                self._parallel(body, place, step)
            case Return():
                if place.parallel:
                    fact = "'return' inside a parallel step"
                    self._notes.refuse(step.position, self._field(step), fact, "assign to a shared variable")
            case _:
                pass

    def _parallel(self, body: Parallel, place: _Place, step: StepNode) -> None:
        depth = place.parallel + 1
        if depth > PARALLEL_NESTING.value:
            fact = f"parallel steps nested {depth} deep, and {PARALLEL_NESTING.value} are allowed"
            self._notes.refuse(step.position, self._field(step), fact, "make the inner one a plain loop")
        for branch in body.branches:
            self.steps(branch.steps, _Place(frozenset(), parallel=depth))
        if body.loop is not None:
            self.steps(body.loop.steps, _Place(frozenset(), loop=True, parallel=depth))

    def _follow(self, follow: Next | None, place: _Place, field: str) -> None:
        if follow is None or follow.target in place.visible:
            return
        target = follow.target
        fact, remedy = "", ""
        match target:
            case words.NEXT_END:
                if place.parallel:
                    fact, remedy = "'end' inside a parallel step", "let the branch run past its last step"
            case words.NEXT_CONTINUE:
                if not place.loop:
                    fact, remedy = "'continue' outside a loop", "name a step"
            case words.NEXT_BREAK:
                if not place.breakable:
                    where = "a parallel loop" if place.loop else "outside a loop"
                    fact, remedy = f"'break' in {where}" if place.loop else f"'break' {where}", "name a step"
            case _:
                fact = f"there is no step {target!r} to go on with from here"
                remedy = self._notes.suggest(target, place.visible, "name a step of this block or of one around it")
        if fact:
            self._notes.refuse(follow.position, f"{field}.next", fact, remedy)

    def _field(self, step: StepNode) -> str:
        return f"{self._routine}.{step.name}"
