"""``try``, ``retry`` and ``except``.

docs.cloud.google.com/workflows/docs/reference/syntax/catching-errors and …/retrying
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from replicator.runtime.errors import Tag, Unhandleable, WorkflowError, error
from replicator.runtime.expressions.compile import Evaluate
from replicator.runtime.scope import Scope
from replicator.runtime.stdlib.retries import Backoff
from replicator.runtime.steps.block import Action, Block, Outcome
from replicator.runtime.values import Value, type_name


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again.

    Attributes:
        predicate: Whether the error is one to try again after.
        count: How often; the first attempt not counted.
        backoff: The delays.
    """

    predicate: Callable[[Scope, Value], Value]
    count: Callable[[Scope], int]
    backoff: Callable[[Scope], Backoff]


def attempt(body: Action, retry: Retry | None, name: str | None, handler: Block | None) -> Action:
    """Runs the body, again as ``retry`` says, and then ``except`` with what is left of the error."""

    def run(scope: Scope) -> Outcome | None:
        done = 0
        while True:
            try:
                return body(scope)
            except Unhandleable:
                raise
            except WorkflowError as caught:
                failure = caught
            if retry is not None and _again(retry, scope, failure.value, done):
                done += 1
                continue
            if handler is None:
                raise failure
            return _handle(scope, handler, name, failure.value)

    return run


def _again(retry: Retry, scope: Scope, failure: Value, done: int) -> bool:
    if done >= retry.count(scope):
        return False
    answer = retry.predicate(scope, failure)
    if not isinstance(answer, bool):
        raise error(Tag.TYPE, f"retry: the predicate answered with {type_name(answer)}, and a boolean is needed")
    if answer:
        machine = scope.activation.machine
        machine.sleep(retry.backoff(scope).delay(done))
        # "Retrying a step counts as an additional step execution" (retrying).
        machine.count()
    return answer


def _handle(scope: Scope, handler: Block, name: str | None, failure: Value) -> Outcome | None:
    inner = Scope(scope.activation, scope)
    try:
        if name is not None:
            inner.define(name, failure)
        return handler.run(inner)
    finally:
        inner.close()


def whole_number(evaluate: Evaluate) -> Callable[[Scope], int]:
    """A value that must be a count."""

    def read(scope: Scope) -> int:
        value = evaluate(scope)
        if type(value) is not int:
            raise error(Tag.TYPE, f"retry: 'max_retries' takes an integer, got {type_name(value)}")
        if value < 0:
            raise error(Tag.VALUE, f"retry: 'max_retries' is {value}, and cannot be negative")
        return value

    return read


def delays(initial: Evaluate, longest: Evaluate, multiplier: Evaluate) -> Callable[[Scope], Backoff]:
    """A backoff whose numbers may be expressions."""

    def read(scope: Scope) -> Backoff:
        return Backoff(
            _seconds(initial(scope), "initial_delay"),
            _seconds(longest(scope), "max_delay"),
            _seconds(multiplier(scope), "multiplier"),
        )

    return read


def _seconds(value: Value, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise error(Tag.TYPE, f"retry: {what!r} takes a number, got {type_name(value)}")
    if not 0 <= value < float("inf"):
        raise error(Tag.VALUE, f"retry: {what!r} is {value}, and takes a number from 0")
    return float(value)
