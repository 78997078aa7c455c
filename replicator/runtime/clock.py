"""Time as an execution sees it: the real one, or one that passes only while everybody sleeps."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

_HEARTBEAT: Final = 0.25
"""Seconds between two looks at whether a sleeping execution was cancelled."""


class Clock(Protocol):
    """Where an execution gets the time and spends it."""

    def now(self) -> float:
        """Seconds since 1970 in UTC."""
        ...

    def sleep(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        """Let ``seconds`` pass, or fewer when ``cancelled`` says so."""
        ...

    def begin(self) -> None:
        """One more thread is at work, which may sleep later."""
        ...

    def end(self) -> None:
        """One thread fewer is at work: it has ended, or waits for another one that will count it in again."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds since 1970 in UTC."""
        return time.time()

    def sleep(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        """Sleep, waking often enough to notice a cancellation."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not cancelled():
            time.sleep(min(left, _HEARTBEAT))

    def begin(self) -> None:
        """Nothing to account for: real time passes for everybody."""

    def end(self) -> None:
        """Nothing to account for: real time passes for everybody."""


class VirtualClock:
    """A clock that jumps to the next waking time as soon as every thread sleeps or waits.

    Two branches that sleep 10 s side by side take 10 s together, as they do in real time.
    A call to a service takes no time.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._busy = 1
        self._wakings: list[float] = []
        self._changed = threading.Condition()

    def now(self) -> float:
        """Seconds since 1970 in UTC."""
        with self._changed:
            return self._now

    def sleep(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        """Sleep until every other thread sleeps or waits, and this one's waking time is the next."""
        if seconds <= 0 or cancelled():
            return
        with self._changed:
            until = self._now + seconds
            heapq.heappush(self._wakings, until)
            self._release()
            while self._now < until and not cancelled():
                self._changed.wait(_HEARTBEAT)
            if self._now < until:
                self._wakings.remove(until)
                heapq.heapify(self._wakings)
                self._busy += 1

    def begin(self) -> None:
        """Count one more thread among those that must sleep before time moves."""
        with self._changed:
            self._busy += 1

    def end(self) -> None:
        """Count one thread fewer; time may move."""
        with self._changed:
            self._release()

    def _release(self) -> None:
        """One thread fewer is busy; when none is left, time moves to the next waking.

        Whoever wakes is counted busy here and not by itself, lest time runs on before it does.
        """
        self._busy -= 1
        if self._busy == 0 and self._wakings:
            self._now = self._wakings[0]
            while self._wakings and self._wakings[0] <= self._now:
                heapq.heappop(self._wakings)
                self._busy += 1
            self._changed.notify_all()
