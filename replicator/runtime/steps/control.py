"""``switch``, ``for``, ``steps``, ``raise`` and ``return``.

docs.cloud.google.com/workflows/docs/reference/syntax/conditions, …/iteration, …/raising-errors, …/completing
"""

from __future__ import annotations

from collections.abc import Iterator

from replicator.runtime.errors import Tag, WorkflowError, error
from replicator.runtime.expressions.compile import Evaluate
from replicator.runtime.expressions.operators import truth
from replicator.runtime.scope import Scope
from replicator.runtime.steps.block import Action, Block, Outcome, Way
from replicator.runtime.values import Value, type_name


def switch(cases: list[tuple[Evaluate, Action | None, Outcome | None]]) -> Action:
    """Does what the first case says whose condition holds; none is no error."""

    def run(scope: Scope) -> Outcome | None:
        for condition, action, after in cases:
            if truth("condition", condition(scope)):
                outcome = action(scope) if action is not None else None
                return outcome if outcome is not None else after
        return None

    return run


def elements(items: Evaluate | None, span: Evaluate | None, scope: Scope) -> Iterator[tuple[int, Value]]:
    """What a loop goes over, with the index of each.

    Raises:
        WorkflowError: TypeError: it is no list, or the bounds of the range are no numbers.
    """
    if items is not None:
        listed = items(scope)
        if not isinstance(listed, list):
            raise error(Tag.TYPE, f"for: 'in' takes a list, got {type_name(listed)}; for a map, loop over keys(map)")
        yield from enumerate(listed)
    elif span is not None:
        yield from enumerate(_range(span(scope)))


def _range(bounds: Value) -> Iterator[float]:
    """Every number from the first to the last, both included, one apart."""
    first, last = bounds if isinstance(bounds, list) else (None, None)
    for bound in (first, last):
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise error(Tag.TYPE, f"for: 'range' takes numbers, got {type_name(bound)}")
    at = first
    while at <= last:  # type: ignore[operator]  # numbers, checked just above
        yield at  # type: ignore[misc]  # a number, checked just above
        if at == at + 1:  # type: ignore[operator]  # a number, checked just above
            raise error(Tag.VALUE, "for: the range's numbers are too large to be counted one by one")
        at = at + 1  # type: ignore[operator]  # a number, checked just above


def loop(value: str, index: str | None, items: Evaluate | None, span: Evaluate | None, block: Block) -> Action:
    """Runs the block for each element, in a scope of its own."""

    def run(scope: Scope) -> Outcome | None:
        for at, element in elements(items, span, scope):
            inner = Scope(scope.activation, scope)
            try:
                inner.define(value, element)
                if index is not None:
                    inner.define(index, at)
                outcome = block.run(inner)
            finally:
                inner.close()
            if outcome is None or outcome.way is Way.CONTINUE:
                continue
            return None if outcome.way is Way.BREAK else outcome
        return None

    return run


def raising(value: Evaluate) -> Action:
    """Raises whatever the value is; a map needs no particular keys."""

    def run(scope: Scope) -> Outcome | None:
        raise WorkflowError(value(scope))

    return run


def returning(value: Evaluate) -> Action:
    """Ends the routine."""

    def run(scope: Scope) -> Outcome | None:
        return Outcome(Way.RETURN, value=value(scope))

    return run
