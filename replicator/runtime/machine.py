"""One execution while it runs: its steps and memory counted, its calls nested, its branches side by side."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from replicator.limits import CALL_DEPTH, PARALLEL_CONCURRENCY, STEPS_PER_EXECUTION, VARIABLE_BYTES
from replicator.runtime.environment import Environment, Moment, StepEvent, ignore
from replicator.runtime.errors import Cancelled, Tag, WorkflowError, error
from replicator.runtime.scope import Scope
from replicator.runtime.values import Value

if TYPE_CHECKING:
    from replicator.runtime.clock import Clock
    from replicator.runtime.steps.block import Routine, Step
    from replicator.runtime.threads import Gate, Threads


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """One call of a routine.

    Attributes:
        machine: The execution.
        routine: What was called.
        depth: 1 for main, one more for each call inside.
        nesting: How many parallel steps it runs in, over all calls.
    """

    machine: Machine
    routine: Routine
    depth: int
    nesting: int


class Machine:
    """The counters, limits and outside of one execution.

    Attributes:
        environment: What it was given.
        lock: Held while a shared variable is read and written in one assignment, so that no update is lost.
        slots: How many branches may run at once.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.lock = environment.threads.lock()
        self.slots = Slots(PARALLEL_CONCURRENCY.value, environment.clock, environment.threads)
        self._counter = itertools.count(1)
        self._steps = 0
        self._bytes = 0
        self._telling: Final = environment.on_step is not ignore
        self._tell_lock = threading.Lock()
        self._cancelled = environment.cancelled

    @property
    def steps(self) -> int:
        """How many steps were taken, polls and retries among them."""
        return self._steps

    def count(self) -> None:
        """Count one step, poll or retry.

        Raises:
            Cancelled: The execution is to stop.
            Unhandleable: It has taken all the steps it may.
        """
        # next() of a count is one bytecode: no two threads get the same number.
        number = next(self._counter)
        self._steps = number
        if number > STEPS_PER_EXECUTION.value:
            raise error(
                Tag.RESOURCE_LIMIT, f"the execution has taken {STEPS_PER_EXECUTION.value} steps, and may take no more"
            )
        if self._cancelled():
            raise Cancelled

    def charge(self, change: int) -> None:
        """Count memory of variables.

        Raises:
            Unhandleable: All together they take more than they may.
        """
        with self.lock:
            self._bytes += change
            total = self._bytes
        if change > 0 and total > VARIABLE_BYTES.value:
            raise error(
                Tag.RESOURCE_LIMIT, f"all variables together take {total} bytes, and may take {VARIABLE_BYTES.value}"
            )

    def sleep(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            Cancelled: The execution is to stop.
        """
        self.environment.clock.sleep(seconds, self._cancelled)
        if self._cancelled():
            raise Cancelled

    def tell(self, step: Step, moment: Moment, data: Value = None, severity: str = "") -> None:
        """Report something about a step to whoever listens."""
        if self._telling:
            at = self.environment.clock.now()
            event = StepEvent(
                step.routine, step.name, moment, step.position.line, self._steps, at, data=data, severity=severity
            )
            with self._tell_lock:
                self.environment.on_step(event)

    def call(self, routine: Routine, arguments: Mapping[str, Value], *, depth: int, nesting: int) -> Value:
        """Run a routine with its arguments checked already, and return what it returns.

        Raises:
            WorkflowError: An error that nothing in it caught, or the calls are nested too deeply.
        """
        if depth > CALL_DEPTH.value:
            raise error(Tag.RECURSION, f"maximum call stack depth of {CALL_DEPTH.value} exceeded")
        activation = Activation(self, routine, depth, nesting)
        scope = Scope(activation)
        try:
            for name, value in arguments.items():
                scope.define(name, value)
            outcome = routine.block.run(scope)
        except WorkflowError as failure:
            failure.activation = None
            raise
        finally:
            scope.close()
        return outcome.value if outcome is not None else None


class Slots:
    """How many branches of an execution may run at once; the rest waits in the order of asking."""

    def __init__(self, count: int, clock: Clock, threads: Threads) -> None:
        self._free = count
        self._clock = clock
        self._threads = threads
        self._queue: deque[Gate] = deque()
        self._lock = threading.Lock()

    def acquire(self) -> None:
        """Wait for a slot."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = self._threads.gate()
            self._queue.append(turn)
        self._clock.end()
        turn.wait()

    def release(self) -> None:
        """Give a slot up, to the first who waits: who is counted at work here, lest time runs on before it is."""
        with self._lock:
            if self._queue:
                self._clock.begin()
                self._queue.popleft().set()
            else:
                self._free += 1
