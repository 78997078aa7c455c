"""Threads of which one runs at a time, and whose every change is decided by a list of numbers.

Wherever the runtime waits, takes a lock, counts a step or asks for the time, the next branch may be another one. A run
is therefore repeatable, and a search over the numbers is a search over the orders in which branches can be run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field


@dataclass(eq=False)
class Task:
    """One thread: when it can go on, when it wakes, and what it waits at while others run."""

    ready: Callable[[], bool]
    wakes: float | None = None
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


class Turns:
    """The threads and the clock of one execution."""

    def __init__(self, choices: Sequence[int]) -> None:
        """Decide by ``choices``, one for each change; when they have run out, whoever can go on first does."""
        self._choices: Iterator[int] = iter(choices)
        self._current = Task(always)
        self._tasks = [self._current]
        self._now = 0.0

    def pause(self) -> bool:
        """Perhaps let another one go on; False, which is what an execution that nobody cancels is told."""
        self._wait_for(always)
        return False

    # Threads -------------------------------------------------------------------------------------------------------
    def run(self, work: Callable[[], None], count: int) -> None:
        """Do the work on threads of which one runs at a time."""
        running = set(range(count))

        def begin(number: int, task: Task) -> None:
            task.turn.acquire()
            work()
            running.discard(number)
            self._tasks.remove(task)
            self._choose().turn.release()

        threads = []
        for number in range(count):
            task = Task(always)
            self._tasks.append(task)
            threads.append(threading.Thread(target=begin, args=(number, task), daemon=True))
            threads[-1].start()
        self._wait_for(lambda: not running)
        for thread in threads:
            thread.join()

    def lock(self) -> AbstractContextManager[object]:
        """A lock that lets another one go on before it is taken."""
        return _Lock(self)

    def gate(self) -> _Gate:
        """A gate that lets others go on while it is closed."""
        return _Gate(self)

    # Clock ---------------------------------------------------------------------------------------------------------
    def now(self) -> float:
        """The time, after others may have gone on."""
        self.pause()
        return self._now

    def sleep(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        """Let others go on until the time has come, which passes when nobody else can."""
        assert not cancelled()
        until = self._now + seconds
        self._current.wakes = until
        self._wait_for(lambda: self._now >= until)
        self._current.wakes = None

    def begin(self) -> None:
        """Whether a thread can go on is asked of the thread itself."""

    def end(self) -> None:
        """Whether a thread can go on is asked of the thread itself."""

    # Turns ---------------------------------------------------------------------------------------------------------
    @property
    def current(self) -> Task:
        """Who is running."""
        return self._current

    def _wait_for(self, ready: Callable[[], bool]) -> None:
        mine = self._current
        mine.ready = ready
        chosen = self._choose()
        if chosen is not mine:
            chosen.turn.release()
            mine.turn.acquire()
        mine.ready = always

    def _choose(self) -> Task:
        able = [task for task in self._tasks if task.ready()]
        if not able:
            wakes = [task.wakes for task in self._tasks if task.wakes is not None and task.wakes > self._now]
            if not wakes:
                msg = "every branch waits for another one"
                raise AssertionError(msg)
            self._now = min(wakes)
            able = [task for task in self._tasks if task.ready()]
        self._current = able[next(self._choices, 0) % len(able)]
        return self._current


def always() -> bool:
    """A thread that waits for nothing."""
    return True


@dataclass
class _Lock(AbstractContextManager[object]):
    turns: Turns
    owner: Task | None = None
    depth: int = 0

    def __enter__(self) -> object:
        mine = self.turns.current
        self.turns._wait_for(lambda: self.owner is None or self.owner is mine)  # noqa: SLF001  two halves of one thing
        self.owner = mine
        self.depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.depth -= 1
        if not self.depth:
            self.owner = None


@dataclass
class _Gate:
    turns: Turns
    is_open: bool = False

    def set(self) -> None:
        self.is_open = True

    def wait(self) -> None:
        self.turns._wait_for(lambda: self.is_open)  # noqa: SLF001  two halves of one thing
