"""Variables that are read where none of that name can be, and writes that a branch keeps to itself.

docs.cloud.google.com/workflows/docs/reference/syntax/variables, "Variable scope", and …/parallel-steps. Order is
another matter (``order``): a variable that is set somewhere in a scope counts as set in all of it here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from replicator.runtime.expressions.tree import Computed, Name
from replicator.runtime.expressions.walk import Node, children
from replicator.runtime.lint.regions import Region, branch_region, handler_region, loop_region, routine_region
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


@dataclass(slots=True)
class Scoping:
    """What is wrong with a routine's variables.

    Attributes:
        undefined: Readings of a variable that cannot be there.
        unshared: Writings that stay in their branch.
    """

    undefined: list[Mistake] = field(default_factory=list)
    unshared: list[Mistake] = field(default_factory=list)


def variables(routine: RoutineNode) -> Scoping:
    """Everything about a routine's variables that is wrong, whatever the order of its steps."""
    looker = _Looker(routine.name)
    looker.steps(routine.steps, routine_region(routine))
    return looker.found


class _Looker:
    def __init__(self, routine: str) -> None:
        self._routine = routine
        self.found = Scoping()

    def steps(self, steps: tuple[StepNode, ...], region: Region) -> None:
        for step in steps:
            if step.body is not None:
                self._body(step.body, step, region)

    def _body(self, body: Body, step: StepNode, region: Region) -> None:
        for value in values(body):
            self._reads(value, step, region)
        for name, position, into in _targets(body):
            if into:
                # An element is put into what is there.
                self._read(name, position, step, region)
            if region.unshared(name):
                fact = f"{name!r} is a variable around the parallel step, and not shared"
                remedy = f"add it to 'shared': [{name}], or use a name of the branch's own"
                self.found.unshared.append(Mistake(position, self._field(step), fact, remedy))
        self._inside(body, step, region)

    def _inside(self, body: Body, step: StepNode, region: Region) -> None:
        match body:
            case Switch(cases):
                for case in cases:
                    if case.body is not None:
                        self._body(case.body, step, region)
            case Steps(steps):
                self.steps(steps, region)
            case Try(inner, _, handler):
                self._body(inner, step, region)
                if handler is not None:
                    self.steps(handler.steps, handler_region(handler, region))
            case For():
                self.steps(body.steps, loop_region(body, region))
            case Parallel():
                self._parallel(body, step, region)
            case _:
                pass

    def _parallel(self, body: Parallel, step: StepNode, region: Region) -> None:
        shared = frozenset(body.shared)
        for name in body.shared:
            if not region.has(name):
                fact = f"the shared variable {name!r} is not set before"
                remedy = "assign it in a step before the parallel one"
                self.found.undefined.append(Mistake(body.position, self._field(step), fact, remedy))
        for branch in body.branches:
            self.steps(branch.steps, branch_region(branch, region, shared))
        if body.loop is not None:
            self.steps(body.loop.steps, loop_region(body.loop, region, shared))

    def _reads(self, node: Node, step: StepNode, region: Region, at: Position | None = None) -> None:
        if isinstance(node, Computed):
            at = Position(*node.position)
        if isinstance(node, Name):
            self._read(node.name, at or step.position, step, region)
        for child in children(node):
            self._reads(child, step, region, at)

    def _read(self, name: str, position: Position, step: StepNode, region: Region) -> None:
        if not region.has(name):
            remedy = "assign it before, in a scope around this"
            self.found.undefined.append(Mistake(position, self._field(step), f"no variable {name!r} here", remedy))

    def _field(self, step: StepNode) -> str:
        return f"{self._routine}.{step.name}"


def _targets(body: Body) -> Iterator[tuple[str, Position, bool]]:
    """What an action writes, where, and whether it is an element only."""
    match body:
        case Assign(assignments):
            for line in assignments:
                yield line.target.name, line.position, bool(line.target.path)
        case CallNode(result=str(result)):
            yield result, body.position, False
        case _:
            pass
