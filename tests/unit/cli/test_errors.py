"""Every error is one clear sentence on stderr, with the exit code of its kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from replicator.cli.main import answer, replicator
from replicator.errors import ConfigError, FailedError, Place, Problem, StaleError, UsageError

_PROBLEMS = tuple(Problem(Place(Path("a.yaml"), line, 1), f"field{line}", "is wrong", "use another") for line in (1, 2))


def _raises(error: BaseException) -> Callable[[click.Context, str], click.Command]:
    @click.command("demo")
    def command() -> None:
        raise error

    return lambda _context, _name: command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FailedError("it broke; mend it"), 1, "replicator: it broke; mend it\n"),
        (UsageError("no such thing; use that"), 2, "replicator: no such thing; use that\n"),
        (StaleError("a.yaml is out of date"), 3, "replicator: a.yaml is out of date\n"),
        (ConfigError(_PROBLEMS), 2, "".join(f"{problem}\n" for problem in _PROBLEMS)),
        (
            FileNotFoundError(2, "No such file or directory", "x.yaml"),
            1,
            "replicator: x.yaml: No such file or directory\n",
        ),
        (KeyboardInterrupt(), 130, "replicator: interrupted\n"),
        (KeyboardInterrupt("interrupted; mind the lease"), 130, "replicator: interrupted; mind the lease\n"),
    ],
)
def test_an_error_is_said_once_without_a_traceback(
    error: BaseException,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stdout stays empty, stderr holds the sentence, the exit code tells the kind."""
    monkeypatch.setattr(replicator, "get_command", _raises(error))

    assert answer(["demo"]) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err.lstrip("\n")) == ("", said)


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever has to find out why."""
    monkeypatch.setattr(replicator, "get_command", _raises(FailedError("it broke")))

    assert answer(["--debug", "demo"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_defect_is_called_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw is not the person's fault, and says how to report it."""
    monkeypatch.setattr(replicator, "get_command", _raises(ZeroDivisionError("division by zero")))

    assert answer(["demo"]) == 1
    said = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: division by zero" in said
    assert "--debug" in said
    assert "Traceback" not in said


def test_a_misspelt_verb_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage: exit 2."""
    assert answer(["rnder"]) == 2
    assert "no such command 'rnder'; did you mean 'render'?" in capsys.readouterr().err


def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Click's own sentence, click's own code."""
    assert answer(["render", "--chek"]) == 2
    assert "--check" in capsys.readouterr().err
