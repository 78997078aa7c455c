"""What is said while something runs: a moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO


class Progress(Protocol):
    """Where a running command says how far it is."""

    def note(self, text: str) -> None:
        """Say a thing worth keeping: a stage that ended, a source that failed."""

    def now(self, text: str) -> None:
        """Show what is being done; the next call replaces it. Said only on a terminal."""


class _Lines:
    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream, self._clock, self._start = stream, clock, clock()

    def note(self, text: str) -> None:
        self._stream.write(f"{self._clock() - self._start:7.1f} s  {text}\n")
        self._stream.flush()

    def now(self, text: str) -> None:
        """A log has no line that moves."""


@contextmanager
def progress(*, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """Say progress on ``stream``, stderr by default, until the block ends."""
    target = stream or sys.stderr
    if not target.isatty():
        yield _Lines(target, clock)
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(file=target, highlight=False)
    start = clock()

    with console.status("starting") as status:

        class _Moving:
            def note(self, text: str) -> None:
                console.print(f"[dim]{clock() - start:7.1f} s[/dim]  {escape(text)}")

            def now(self, text: str) -> None:
                status.update(escape(text))

        yield _Moving()
