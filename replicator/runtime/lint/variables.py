"""Variables that are read where none of that name can be, and writes that a branch keeps to itself.

docs.cloud.google.com/workflows/docs/reference/syntax/variables, "Variable scope", and …/parallel-steps. Order is not
looked at: a variable that is set somewhere in a scope counts as set in all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from replicator.runtime.expressions.tree import Computed, Name
from replicator.runtime.expressions.walk import Node, children
from replicator.runtime.source import Mistake, Position
from replicator.runtime.syntax.tree import (
    Assign,
    Body,
    CallNode,
    For,
    Parallel,
    RoutineNode,
    StepNode,
    Steps,
    Switch,
    Try,
)
from replicator.runtime.syntax.walk import values


@dataclass(slots=True, eq=False)
class _Region:
    """A scope: what is set in it, and the scope around it."""

    names: set[str]
    parent: _Region | None = None
    shared: frozenset[str] | None = None

    def has(self, name: str) -> bool:
        region: _Region | None = self
        while region is not None:
            if name in region.names:
                return True
            region = region.parent
        return False

    def unshared(self, name: str) -> bool:
        """Whether the variable is one around a parallel step that does not share it."""
        region: _Region | None = self
        barred = False
        while region is not None:
            if name in region.names:
                return barred
            barred = barred or (region.shared is not None and name not in region.shared)
            region = region.parent
        return False


def variables(routine: RoutineNode) -> tuple[Mistake, ...]:
    """Everything about a routine's variables that is wrong."""
    looker = _Looker(routine.name)
    region = _Region({parameter.name for parameter in routine.parameters})
    looker.block(routine.steps, region)
    return tuple(looker.mistakes)


class _Looker:
    def __init__(self, routine: str) -> None:
        self._routine = routine
        self.mistakes: list[Mistake] = []

    def block(self, steps: tuple[StepNode, ...], region: _Region) -> None:
        """Look at the steps of one scope: first at what they set, then at what they read."""
        region.names |= {
            name for name, _ in _written(steps) if region.parent is None or not region.parent.has(name)
        }  # fmt: skip
        self._steps(steps, region)

    def _steps(self, steps: tuple[StepNode, ...], region: _Region) -> None:
        for step in steps:
            if step.body is not None:
                self._body(step.body, step, region)

    def _body(self, body: Body, step: StepNode, region: _Region) -> None:  # noqa: C901  one case a kind
        for value in values(body):
            self._reads(value, step, region)
        for name, position in _targets(body):
            if region.unshared(name):
                fact = f"{name!r} is a variable around the parallel step, and not shared"
                self._note(position, step, fact, f"add it to 'shared': [{name}], or use a name of the branch's own")
        match body:
            case Switch(cases):
                for case in cases:
                    if case.body is not None:
                        self._body(case.body, step, region)
            case Steps(steps):
                self._steps(steps, region)
            case Try(inner, _, handler):
                self._body(inner, step, region)
                if handler is not None:
                    caught = {handler.name} if handler.name is not None else set()
                    self.block(handler.steps, _Region(caught, region))
            case For():
                self._loop(body, region, None)
            case Parallel():
                self._parallel(body, step, region)
            case _:
                pass

    def _loop(self, loop: For, region: _Region, shared: frozenset[str] | None) -> None:
        names = {loop.value} | ({loop.index} if loop.index is not None else set())
        self.block(loop.steps, _Region(names, region, shared))

    def _parallel(self, body: Parallel, step: StepNode, region: _Region) -> None:
        shared = frozenset(body.shared)
        for name in body.shared:
            if not region.has(name):
                fact = f"the shared variable {name!r} is not set before"
                self._note(body.position, step, fact, "assign it in a step before the parallel one")
        for branch in body.branches:
            self.block(branch.steps, _Region(set(), region, shared))
        if body.loop is not None:
            self._loop(body.loop, region, shared)

    def _reads(self, node: Node, step: StepNode, region: _Region, at: tuple[int, int] | None = None) -> None:
        if isinstance(node, Computed):
            at = node.position
        if isinstance(node, Name) and not region.has(node.name):
            position = Position(*at) if at is not None else step.position
            self._note(position, step, f"no variable {node.name!r} here", "assign it before, in a scope around this")
        for child in children(node):
            self._reads(child, step, region, at)

    def _note(self, position: Position, step: StepNode, fact: str, remedy: str) -> None:
        self.mistakes.append(Mistake(position, f"{self._routine}.{step.name}", fact, remedy))


def _targets(body: Body) -> Iterator[tuple[str, Position]]:
    match body:
        case Assign(assignments):
            for line in assignments:
                yield line.target.name, line.position
        case CallNode(_, _, result, position) if result is not None:
            yield result, position
        case _:
            pass


def _written(steps: tuple[StepNode, ...]) -> Iterator[tuple[str, Position]]:
    """What the steps of one scope set, those in scopes inside it apart."""
    for step in steps:
        if step.body is not None:
            yield from _sets(step.body)


def _sets(body: Body) -> Iterator[tuple[str, Position]]:
    yield from _targets(body)
    match body:
        case Switch(cases):
            for case in cases:
                if case.body is not None:
                    yield from _sets(case.body)
        case Steps(steps):
            yield from _written(steps)
        case Try(inner, _, _):
            yield from _sets(inner)
        case _:
            pass
