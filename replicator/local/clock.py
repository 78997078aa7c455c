"""The server's clock: the machine's, and how far a test has moved it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class ServerClock:
    """Where every service takes the time from, so that a day's ration can pass in a test's second."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """Seconds since 1970 in UTC."""
        with self._lock:
            return time.time() + self._offset

    @property
    def offset(self) -> float:
        """Seconds that the server is ahead of the machine; negative when it is behind."""
        with self._lock:
            return self._offset

    def move(self, offset: float) -> None:
        """Let the server be ``offset`` seconds ahead of the machine, and tell everyone who waits for a time."""
        with self._lock:
            self._offset = offset
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every ``move``; it must return at once."""
        with self._lock:
            self._listeners.append(listener)
