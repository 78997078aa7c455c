"""Progress is plain lines in a log, and a display that changes on a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from replicator.report.progress import progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_plain_lines_with_the_time_since_the_start() -> None:
    """Where there is no terminal each thing said is one line, and what moves is left out."""
    ticks = iter([10.0, 12.5, 13.0, 14.0])
    stream = io.StringIO()

    with progress(stream=stream, clock=lambda: next(ticks)) as talk:
        talk.now("main.copy")
        talk.note("staged")
        talk.at("japan", "copying")
        talk.ended("japan", "done")

    assert stream.getvalue() == "    2.5 s  staged\n    3.0 s  japan: copying\n    4.0 s  japan: done\n"


def test_a_terminal_has_one_line_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source's line is replaced by its next one, notes stay above, and no text is taken for markup."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    stream = _Terminal()

    with progress(stream=stream) as talk:
        for source in ("japan", "brazil"):
            talk.at(source, "staging")
            talk.at(source, "[bold]copying")
        talk.ended("brazil", "failed: no rights")
        talk.now("drive.rest")
        talk.note("[late] a note")

    shown = stream.getvalue()
    last = shown[shown.index("[late] a note") :]
    assert "[bold]copying" in last
    assert "failed: no rights" in last
    assert "drive.rest" in last
    assert "staging" not in last


def test_the_display_takes_nothing_of_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer may go to a file while progress is shown on a terminal."""
    monkeypatch.setenv("TERM", "xterm")
    before = sys.stdout

    with progress(stream=_Terminal()):
        assert sys.stdout is before
