"""Scopes as the linter sees them: which variables there can be, and which a branch may write.

docs.cloud.google.com/workflows/docs/reference/syntax/variables, "Variable scope", and …/parallel-steps: a routine
has one scope; a loop's body, an ``except`` and a branch of ``parallel`` have one of their own inside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from replicator.runtime.syntax.tree import (
    Assign,
    Body,
    Branch,
    CallNode,
    For,
    Handler,
    RoutineNode,
    StepNode,
    Steps,
    Switch,
    Try,
)


@dataclass(frozen=True, slots=True)
class Region:
    """A scope: what is set anywhere in it, and the scope around it.

    Attributes:
        names: The variables that it creates.
        parent: The scope around it; None for a routine's own.
        shared: What a branch of a parallel step may write of what is around it; None for every other scope.
    """

    names: frozenset[str]
    parent: Region | None = None
    shared: frozenset[str] | None = None

    def has(self, name: str) -> bool:
        """Whether there can be such a variable here."""
        return name in self.names or (self.parent is not None and self.parent.has(name))

    def unshared(self, name: str) -> bool:
        """Whether the variable is one around a parallel step that does not share it."""
        region: Region | None = self
        barred = False
        while region is not None:
            if name in region.names:
                return barred
            barred = barred or (region.shared is not None and name not in region.shared)
            region = region.parent
        return False

    def inside(
        self, steps: tuple[StepNode, ...], given: Iterable[str] = (), shared: frozenset[str] | None = None
    ) -> Region:
        """The scope of steps inside this one, which begins with the variables ``given``."""
        new = {name for name in written_by(steps) if not self.has(name)}
        return Region(frozenset(given) | new, self, shared)


def routine_region(routine: RoutineNode) -> Region:
    """A routine's own scope."""
    names = {parameter.name for parameter in routine.parameters}
    return Region(frozenset(names | set(written_by(routine.steps))))


def loop_region(loop: For, around: Region, shared: frozenset[str] | None = None) -> Region:
    """The scope of a loop's body."""
    return around.inside(loop.steps, loop_names(loop), shared)


def branch_region(branch: Branch, around: Region, shared: frozenset[str]) -> Region:
    """The scope of a branch."""
    return around.inside(branch.steps, (), shared)


def handler_region(handler: Handler, around: Region) -> Region:
    """The scope of ``except``."""
    return around.inside(handler.steps, handler_names(handler))


def loop_names(loop: For) -> frozenset[str]:
    """The variables that a loop's body begins with."""
    return frozenset({loop.value} if loop.index is None else {loop.value, loop.index})


def handler_names(handler: Handler) -> frozenset[str]:
    """The variable that ``except`` begins with."""
    return frozenset() if handler.name is None else frozenset({handler.name})


def written_by(steps: tuple[StepNode, ...]) -> Iterator[str]:
    """What the steps of one scope set, those in scopes inside it apart; setting an element sets no variable."""
    for step in steps:
        if step.body is not None:
            yield from written(step.body)


def written(body: Body) -> Iterator[str]:
    """What an action may set in the scope that it stands in."""
    match body:
        case Assign(assignments):
            yield from (line.target.name for line in assignments if not line.target.path)
        case CallNode(result=str(result)):
            yield result
        case Switch(cases):
            for case in cases:
                if case.body is not None:
                    yield from written(case.body)
        case Steps(steps):
            yield from written_by(steps)
        case Try(inner):
            yield from written(inner)
        case _:
            pass
