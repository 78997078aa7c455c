"""How the branches of an execution run side by side: on threads, or on whatever decides their order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Gate(Protocol):
    """Closed until somebody opens it, for good."""

    def set(self) -> None:
        """Open it."""
        ...

    def wait(self) -> object:
        """Return when it is open."""
        ...


class Threads(Protocol):
    """What an execution waits with, and what its branches run on.

    Whatever waits in the runtime waits here or in the clock, so that one object can decide which branch is next.
    """

    def run(self, work: Callable[[], None], count: int) -> None:
        """Do the work ``count`` times at once, and return when all have ended; ``work`` raises nothing."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """A lock that whoever holds it may take again."""
        ...

    def gate(self) -> Gate:
        """A gate that is closed."""
        ...


class SystemThreads:
    """The operating system's threads, in the order that it gives them."""

    def run(self, work: Callable[[], None], count: int) -> None:
        """Start the threads and wait for the last one; they keep no process alive that was told to end."""
        started = [threading.Thread(target=work, daemon=True) for _ in range(count)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()

    def lock(self) -> AbstractContextManager[object]:
        """A lock that whoever holds it may take again."""
        return threading.RLock()

    def gate(self) -> Gate:
        """A gate that is closed."""
        return threading.Event()
