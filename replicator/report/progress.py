"""What is said while something runs: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class Progress(Protocol):
    """Where a running command says how far it is; may be used from any thread."""

    def note(self, text: str) -> None:
        """Say a thing worth keeping: a source that failed, a file that was written."""

    def now(self, text: str) -> None:
        """Show what is being done; the next call replaces it. Said only on a terminal."""

    def at(self, part: str, text: str) -> None:
        """Say what a part of the work is at: its own line on a terminal, a new line elsewhere."""

    def ended(self, part: str, text: str) -> None:
        """The same, and that the part is at its end."""


@contextmanager
def progress(*, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """Say progress on ``stream``, stderr by default, until the block ends.

    A terminal's display goes when the block does: what lasts is what was noted, and the answer on stdout, which
    is to be printed after the block.
    """
    target = stream or sys.stderr
    if not target.isatty():
        yield _Lines(target, clock)
        return
    from rich.console import Console
    from rich.live import Live

    display = _Display(Console(file=target, highlight=False), clock)
    # stdout is the answer's; rich would send it to the display's stream.
    with Live(
        console=display.console, get_renderable=display.shown, transient=True, redirect_stdout=False,
        redirect_stderr=False, refresh_per_second=8,
    ):  # fmt: skip
        yield display


class _Lines:
    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream, self._clock, self._start = stream, clock, clock()

    def note(self, text: str) -> None:
        self._stream.write(f"{self._clock() - self._start:7.1f} s  {text}\n")
        self._stream.flush()

    def now(self, text: str) -> None:
        """A log has no line that moves."""

    def at(self, part: str, text: str) -> None:
        self.note(f"{part}: {text}")

    def ended(self, part: str, text: str) -> None:
        self.note(f"{part}: {text}")


@dataclass(slots=True)
class _Line:
    text: str
    since: float
    ended: bool = False


@dataclass
class _Display:
    """One line a part, in the order in which they were first heard of, and one for what moves."""

    console: Console
    clock: Callable[[], float]
    _parts: dict[str, _Line] = field(default_factory=dict)
    _now: str = "starting"

    def __post_init__(self) -> None:
        from rich.spinner import Spinner

        self._start = self.clock()
        self._spinner = Spinner("dots")

    def note(self, text: str) -> None:
        from rich.text import Text

        # Text, not str: brackets in a value are no markup.
        self.console.print(Text.assemble((f"{self.clock() - self._start:7.1f} s  ", "dim"), text))

    def now(self, text: str) -> None:
        self._now = text

    def at(self, part: str, text: str) -> None:
        self._parts[part] = _Line(text, self.clock())

    def ended(self, part: str, text: str) -> None:
        self._parts[part] = _Line(text, self.clock(), ended=True)

    def shown(self) -> RenderableType:
        """The display as it is now."""
        from rich.table import Table
        from rich.text import Text

        from replicator.report.words import duration

        at = self.clock()
        table = Table.grid(padding=(0, 2))
        # Parts are added by other threads; a copy does not change while it is drawn.
        for part, line in list(self._parts.items()):
            spent = "" if line.ended else duration(at - line.since)
            table.add_row(" " if line.ended else self._spinner, part, Text(line.text), Text(spent, style="dim"))
        table.add_row(self._spinner, "", Text(self._now, style="dim"), Text(duration(at - self._start), style="dim"))
        return table
