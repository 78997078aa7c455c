"""How near a document is to the limits that its text can reach."""

from __future__ import annotations

from collections.abc import Iterator

from replicator.limits import (
    ASSIGNS_PER_STEP,
    CALL_DEPTH,
    CONDITIONS_PER_SWITCH,
    EXPRESSION_CHARACTERS,
    PARALLEL_BRANCHES,
    PARALLEL_CONCURRENCY,
    PARALLEL_NESTING,
    SOURCE_BYTES,
    STRING_BYTES,
    VARIABLE_BYTES,
    Limit,
)
from replicator.runtime.expressions.tree import Computed, Constant
from replicator.runtime.expressions.walk import Node, children
from replicator.runtime.lint.estimates import at_once, call_depths, constant_bytes
from replicator.runtime.lint.report import Headroom
from replicator.runtime.syntax.document import Document
from replicator.runtime.syntax.tree import Assign, Parallel, StepNode, Switch, Try
from replicator.runtime.syntax.walk import blocks, bodies, values
from replicator.runtime.values import longest_string

_COUNTED = (
    EXPRESSION_CHARACTERS,
    ASSIGNS_PER_STEP,
    CONDITIONS_PER_SWITCH,
    PARALLEL_BRANCHES,
    PARALLEL_NESTING,
    PARALLEL_CONCURRENCY,
    STRING_BYTES,
    VARIABLE_BYTES,
    CALL_DEPTH,
)


def headroom(document: Document) -> tuple[Headroom, ...]:
    """The largest use of each limit."""
    most: dict[Limit, tuple[int, int]] = dict.fromkeys(_COUNTED, (0, 0))
    depths = call_depths(document.routines)
    for routine in document.routines.values():
        uses = (
            *_uses(routine.steps),
            *_nesting(routine.steps, 0),
            (PARALLEL_CONCURRENCY, at_once(routine.steps), routine.position.line),
            (VARIABLE_BYTES, constant_bytes(routine), routine.position.line),
            (CALL_DEPTH, depths[routine.name], routine.position.line),
        )
        for limit, used, line in uses:
            if used > most[limit][0]:
                most[limit] = (used, line)
    whole = Headroom(SOURCE_BYTES, document.size, 0)
    return (whole, *(Headroom(limit, used, line) for limit, (used, line) in most.items()))


def _uses(steps: tuple[StepNode, ...]) -> Iterator[tuple[Limit, int, int]]:
    for step, body in bodies(steps):
        line = step.position.line
        match body:
            case Assign(assignments):
                yield ASSIGNS_PER_STEP, len(assignments), line
            case Switch(cases):
                yield CONDITIONS_PER_SWITCH, len(cases), line
            case Parallel():
                yield PARALLEL_BRANCHES, len(body.branches), line
            case _:
                pass
        for value in values(body):
            yield from _inside(value, line)


def _inside(node: Node, line: int) -> Iterator[tuple[Limit, int, int]]:
    if isinstance(node, Computed):
        yield EXPRESSION_CHARACTERS, node.length, node.position[0]
    if isinstance(node, Constant):
        yield STRING_BYTES, longest_string(node.value), line
    for child in children(node):
        yield from _inside(child, line)


def _nesting(steps: tuple[StepNode, ...], depth: int) -> Iterator[tuple[Limit, int, int]]:
    for step in steps:
        body = step.body
        if body is None:
            continue
        inner = depth + isinstance(body, Parallel)
        if inner > depth:
            yield PARALLEL_NESTING, inner, step.position.line
        inside = [*blocks(body)]
        actions = [case.body for case in body.cases] if isinstance(body, Switch) else []
        actions += [body.body] if isinstance(body, Try) else []
        # An action without a name of its own is counted as a step in its place.
        inside += [(StepNode(step.name, step.position, action, None),) for action in actions if action is not None]
        for block in inside:
            yield from _nesting(block, inner)
