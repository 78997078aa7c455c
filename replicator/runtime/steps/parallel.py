"""``parallel``: docs.cloud.google.com/workflows/docs/reference/syntax/parallel-steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from replicator.limits import PARALLEL_CONCURRENCY, PARALLEL_NESTING, UNHANDLED_EXCEPTIONS
from replicator.runtime.errors import Tag, Unhandleable, WorkflowError, describe, error
from replicator.runtime.expressions.compile import Evaluate
from replicator.runtime.scope import Scope
from replicator.runtime.steps.block import Action, Outcome
from replicator.runtime.values import Value, to_json, type_name

Branch = tuple[str, Callable[[Scope], object]]
"""An id, and what to do in a scope of its own."""


def parallel(branches: Callable[[Scope], Iterator[Branch]], shared: frozenset[str], limit: Evaluate | None) -> Action:
    """Runs every branch, several at a time, and waits for all of them, also when some fail."""

    def run(scope: Scope) -> Outcome | None:
        activation = scope.activation
        machine = activation.machine
        around = activation.nesting + scope.nesting
        if around >= PARALLEL_NESTING.value:
            raise error(Tag.PARALLEL_NESTING, f"parallel steps are nested deeper than {PARALLEL_NESTING.value}")
        for name in sorted(shared):
            scope.read(name)
        queue = branches(scope)
        # Only as many as can begin are looked at: a range may have more numbers than there is memory for.
        first = list(islice(queue, PARALLEL_CONCURRENCY.value))
        workers = min(len(first), _limit(limit, scope))
        if not workers:
            return None
        group = _Group(scope, shared, chain(first, queue), workers)
        if around:
            # A branch that waits for branches of its own does no work, and would hold a place that they need.
            machine.slots.release()
        try:
            group.run()
        finally:
            if around:
                machine.slots.acquire()
        group.settle()
        return None

    return run


def _limit(limit: Evaluate | None, scope: Scope) -> int:
    if limit is None:
        return PARALLEL_CONCURRENCY.value
    value = limit(scope)
    if type(value) is not int:
        raise error(Tag.TYPE, f"parallel: 'concurrency_limit' takes an integer, got {type_name(value)}")
    if value < 1:
        raise error(Tag.VALUE, f"parallel: 'concurrency_limit' is {value}, and takes a number from 1")
    return value


@dataclass(slots=True, eq=False)
class _Group:
    """The branches of one parallel step that is running."""

    scope: Scope
    shared: frozenset[str]
    queue: Iterator[Branch]
    workers: int
    failures: list[tuple[str, WorkflowError]] = field(default_factory=list)
    fatal: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Run the branches on threads and wait for the last one."""
        environment = self.scope.activation.machine.environment
        # This thread is counted at work while the others are not yet: it hands its place to one of them, and the
        # last one that ends hands its own back.
        for _ in range(self.workers - 1):
            environment.clock.begin()
        environment.threads.run(self._work, self.workers)

    def _work(self) -> None:
        machine = self.scope.activation.machine
        try:
            while not self.fatal and (branch := self._take()) is not None:
                machine.slots.acquire()
                try:
                    self._branch(*branch)
                finally:
                    machine.slots.release()
        except BaseException as failure:  # noqa: BLE001  handed to the thread that waits, which raises it
            self.fatal.append(failure)
        finally:
            with self._lock:
                self.workers -= 1
                if self.workers:
                    machine.environment.clock.end()

    def _take(self) -> Branch | None:
        with self._lock:
            return next(self.queue, None)

    def _branch(self, name: str, action: Callable[[Scope], object]) -> None:
        inner = Scope(self.scope.activation, self.scope, shared=self.shared)
        try:
            action(inner)
        except Unhandleable:
            raise
        except WorkflowError as failure:
            with self._lock:
                self.failures.append((name, failure))
        finally:
            inner.close()

    def settle(self) -> None:
        """Raise what the branches have raised.

        Raises:
            WorkflowError: UnhandledBranchError with each branch's own.
        """
        if self.fatal:
            raise self.fatal[0]
        if not self.failures:
            return
        kept = self.failures[: UNHANDLED_EXCEPTIONS.value]
        branches: list[Value] = [{"id": name, "error": _shown(failure)} for name, failure in kept]
        raise WorkflowError(
            {
                "tags": [Tag.UNHANDLED_BRANCH.value, "RuntimeError"],
                "message": "UnhandledBranchError: One or more branches or iterations encountered an unhandled error",
                "branches": branches,
                "truncated": len(kept) < len(self.failures),
            }
        )


def _shown(failure: WorkflowError) -> Value:
    """A branch's error as the Executions API shows one: where, and the value as JSON."""
    try:
        payload = to_json(failure.value)
    except (TypeError, ValueError):
        payload = describe(failure.value)
    places = [f'in step "{frame.step}", routine "{frame.routine}", line: {frame.line}' for frame in failure.trace]
    return {"context": "\n".join([f"RuntimeError: {describe(failure.value)}", *places]), "payload": payload}
