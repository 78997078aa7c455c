"""What a document's text tells of limits that a run is held to: the least that a run which takes every step uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from replicator.limits import CALL_DEPTH, PARALLEL_CONCURRENCY
from replicator.runtime.expressions.tree import Constant
from replicator.runtime.expressions.walk import invokes
from replicator.runtime.syntax.tree import Assign, CallNode, Parallel, RoutineNode, StepNode, Try
from replicator.runtime.syntax.walk import blocks, bodies, values
from replicator.runtime.values import TooDeepError, size


def call_depths(routines: Mapping[str, RoutineNode]) -> dict[str, int]:
    """For each routine the calls in the longest chain that begins with it.

    Routines that call each other in a circle are counted once each: how often is known to a run alone. Chains are
    followed to just beyond what the service allows.
    """
    calls = {name: frozenset(_calls(routine.steps)) & routines.keys() for name, routine in routines.items()}
    onward = {name: {called for called in calls[name] if name not in _reached(called, calls)} for name in calls}
    depths = dict.fromkeys(routines, 1)
    for _ in range(CALL_DEPTH.value):
        depths = {name: 1 + max((depths[called] for called in onward[name]), default=0) for name in routines}
    return depths


def _reached(name: str, calls: Mapping[str, frozenset[str]]) -> set[str]:
    """The routine, and all that it comes to call."""
    reached, left = {name}, [name]
    while left:
        new = calls[left.pop()] - reached
        reached |= new
        left += new
    return reached


def _calls(steps: tuple[StepNode, ...]) -> Iterator[str]:
    for _, body in bodies(steps):
        if isinstance(body, CallNode):
            yield body.function
        if isinstance(body, Try) and body.retry is not None:
            yield body.retry.predicate
        for value in values(body):
            yield from (invoke.function for invoke in invokes(value))


def at_once(steps: tuple[StepNode, ...]) -> int:
    """Branches and iterations that run at once at most; a loop over a list that only a run has may take all."""
    return max((_at_once(body) for _, body in bodies(steps) if isinstance(body, Parallel)), default=0)


def _at_once(body: Parallel) -> int:
    wanted = len(body.branches) if body.loop is None else PARALLEL_CONCURRENCY.value
    if isinstance(body.limit, Constant) and isinstance(body.limit.value, int):
        wanted = min(wanted, body.limit.value)
    # A branch that runs a parallel step waits for its branches, and counts beside them.
    inner = max((at_once(block) for block in blocks(body)), default=0)
    return min(wanted * (1 + inner), PARALLEL_CONCURRENCY.value)


def constant_bytes(routine: RoutineNode) -> int:
    """Memory of a routine's variables that are set to values of the text, each at its largest."""
    largest: dict[str, int] = {}
    for _, body in bodies(routine.steps):
        for line in body.assignments if isinstance(body, Assign) else ():
            if isinstance(line.value, Constant) and not line.target.path:
                name = line.target.name
                largest[name] = max(largest.get(name, 0), _size(line.value))
    return sum(largest.values())


def _size(constant: Constant) -> int:
    try:
        return size(constant.value)
    except TooDeepError:
        return 0
