"""Asking for help is quick, and names every verb."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

from replicator import __version__
from replicator.cli.group import LazyGroup
from replicator.cli.local import command as local
from replicator.cli.main import VERBS, answer, replicator
from replicator.cli.workflow import command as workflow

_HEAVY = ("google", "duckdb", "sqlglot", "pydantic", "rich", "yaml", "grpc", "starlette", "uvicorn", "replicator.local")
_SECONDS = 0.25
_GROUPS: dict[str, click.Command] = {"local": local, "workflow": workflow}


def test_help_imports_nothing_heavy() -> None:
    """Google's clients, the engine, the validator and the terminal library wait until a verb needs them."""
    code = (
        "import sys; from replicator.cli.main import answer; answer(['--help']); "
        f"print([name for name in {_HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"
    assert "Usage: replicator" in done.stdout


@pytest.mark.slow
def test_help_takes_less_than_a_quarter_of_a_second(tmp_path: Path) -> None:
    """The best of several, from compiled files, as an installed package has them.

    The processor's time is what counts, so that the machine's other work does not.
    """
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    taken = []
    for _ in range(8):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "replicator", "--help"], env=environment, stdout=subprocess.DEVNULL, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(taken) < _SECONDS


def _shows_examples(shown: str, typed: str) -> bool:
    """Each example on a line of its own below the heading, the first of them of the verb itself."""
    lines = shown[: shown.index("\nOptions:")].splitlines()
    examples = lines[lines.index("  Examples:") + 1 :]
    return typed in examples[0] and all(line.startswith("    replicator ") for line in examples)


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_can_be_imported_and_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The list of verbs promises nothing that is not there; each one's help shows how it is typed."""
    assert answer([name, "--help"]) == 0

    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: replicator {name}")
    assert name in _GROUPS or _shows_examples(shown, name)


@pytest.mark.parametrize("name", _GROUPS)
def test_every_verb_below_a_verb_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As above, one level down."""
    group = _GROUPS[name]
    assert isinstance(group, LazyGroup)
    for below in group.list_commands(click.Context(replicator)):
        assert answer([name, below, "--help"]) == 0
        assert _shows_examples(capsys.readouterr().out, f"{name} {below}")


def test_the_first_help_shows_where_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands below each other, as they are typed, and prose that fits a narrow terminal."""
    assert answer(["--help"]) == 0

    lines = capsys.readouterr().out.splitlines()
    first = lines.index("  Start here:") + 1
    assert [line.split()[:2] for line in lines[first : first + 2]] == [
        ["replicator", "demo"],
        ["replicator", "validate"],
    ]
    assert all("\\b" not in line and len(line) <= 80 for line in lines)


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """One place says which version this is."""
    assert answer(["--version"]) == 0
    assert capsys.readouterr().out == f"replicator {__version__}\n"
