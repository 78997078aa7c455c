"""Going through a routine's steps, and the values in them."""

from __future__ import annotations

from collections.abc import Iterator

from replicator.runtime.expressions.tree import Expression, Template
from replicator.runtime.syntax.tree import (
    Assign,
    Body,
    CallNode,
    Delays,
    For,
    Parallel,
    Raise,
    Return,
    StepNode,
    Steps,
    Switch,
    Try,
)


def bodies(steps: tuple[StepNode, ...]) -> Iterator[tuple[StepNode, Body]]:
    """Every action with the step that it belongs to, in the order of the source."""
    for step in steps:
        if step.body is not None:
            yield from _inside(step, step.body)


def _inside(step: StepNode, body: Body) -> Iterator[tuple[StepNode, Body]]:
    yield step, body
    match body:
        case Switch(cases):
            for case in cases:
                if case.body is not None:
                    yield from _inside(step, case.body)
        case Try(inner, _, handler):
            yield from _inside(step, inner)
            if handler is not None:
                yield from bodies(handler.steps)
        case _:
            for block in blocks(body):
                yield from bodies(block)


def blocks(body: Body) -> tuple[tuple[StepNode, ...], ...]:
    """The lists of steps directly inside an action."""
    match body:
        case Steps(steps):
            return (steps,)
        case For():
            return (body.steps,)
        case Parallel():
            loop = (body.loop.steps,) if body.loop is not None else ()
            return (*(branch.steps for branch in body.branches), *loop)
        case Try(_, _, handler):
            return (handler.steps,) if handler is not None else ()
        case _:
            return ()


def values(body: Body) -> list[Template | Expression]:
    """The values directly in an action, those of steps inside it apart."""
    match body:
        case Assign(assignments):
            return [value for line in assignments for value in (*line.target.path, line.value)]
        case CallNode(_, arguments):
            return [*(argument.value for argument in arguments), *(body.positional or ())]
        case Switch(cases):
            return [case.condition for case in cases]
        case For():
            return [value for value in (body.items, body.range) if value is not None]
        case Parallel():
            inner = values(body.loop) if body.loop is not None else []
            return [*([body.limit] if body.limit is not None else []), *inner]
        case Try(_, retry, _):
            if retry is None or retry.max_retries is None:
                return []
            delays = retry.backoff
            parts = [delays.initial_delay, delays.max_delay, delays.multiplier] if isinstance(delays, Delays) else []
            return [retry.max_retries, *parts]
        case Raise(value) | Return(value):
            return [value]
        case _:
            return []
