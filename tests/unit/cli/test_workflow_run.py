"""Any workflow document runs on this machine: its result as JSON, or its error and exit 1."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from replicator.cli.main import answer

_GREETING = """\
main:
  params: [args]
  steps:
    - say:
        call: sys.log
        args:
          text: ${"greeting " + args.name}
          severity: WARNING
    - nap:
        call: sys.sleep
        args: {seconds: 3600}
    - done:
        return: {greeting: '${"hello " + args.name}', count: 3}
"""
_FAILING = """\
main:
  steps:
    - refuse:
        raise: {code: 7, message: it cannot be}
"""


@pytest.fixture
def greeting(tmp_path: Path) -> str:
    path = tmp_path / "greeting.yaml"
    path.write_text(_GREETING, encoding="utf-8")
    return str(path)


def test_the_result_is_json_on_stdout_and_the_log_is_talk(greeting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads stdout; an hour's sleep takes no time when it is told to fast-forward."""
    start = time.monotonic()

    code = answer(["workflow", "run", greeting, "--data", '{"name": "Zoë"}', "--fast-forward"])

    printed = capsys.readouterr()
    assert code == 0
    assert json.loads(printed.out) == {"greeting": "hello Zoë", "count": 3}
    assert printed.err.endswith("WARNING: greeting Zoë\n")
    assert time.monotonic() - start < 30


def test_trace_prints_each_step(greeting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order in which they start, with their lines."""
    assert answer(["workflow", "run", greeting, "--data", '{"name": "x"}', "--fast-forward", "--trace"]) == 0

    said = capsys.readouterr().err
    places = [said.index(f"main.{step} (line {line})") for step, line in (("say", 4), ("nap", 9), ("done", 12))]
    assert places == sorted(places)


def test_a_failure_prints_the_error_and_where_it_was_raised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error map on stdout, the frames on stderr, exit 1."""
    path = tmp_path / "failing.yaml"
    path.write_text(_FAILING, encoding="utf-8")

    assert answer(["workflow", "run", str(path)]) == 1

    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"code": 7, "message": "it cannot be"}
    assert "main.refuse (line 3)" in printed.err


def test_data_that_is_no_json_is_wrong_usage(greeting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with the character and an example."""
    assert answer(["workflow", "run", greeting, "--data", "{name: x}"]) == 2
    assert "--data: not JSON at character 2" in capsys.readouterr().err


def test_a_document_that_workflows_would_refuse_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each mistake with file, line and column; exit 2, nothing was run."""
    path = tmp_path / "wrong.yaml"
    path.write_text("main:\n  steps:\n    - a:\n        cal: sys.log\n", encoding="utf-8")

    assert answer(["workflow", "run", str(path)]) == 2
    assert f"{path}:4:" in capsys.readouterr().err


def test_a_variable_that_is_none_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the service refuses to deploy it: what runs here runs there."""
    path = tmp_path / "wrong.yaml"
    path.write_text("- a: {call: sys.log, args: {text: ran}}\n- b: {return: '${x}'}\n", encoding="utf-8")

    assert answer(["workflow", "run", str(path)]) == 2
    printed = capsys.readouterr()
    assert f"{path}:2:16: main.b: no variable 'x' here" in printed.err
    assert "ran" not in printed.err


def test_a_failure_deep_inside_shows_every_call_that_it_came_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Innermost first; an error of the runtime is a map with its tags."""
    path = tmp_path / "deep.yaml"
    path.write_text(
        "main: {steps: [{outer: {call: f}}]}\nf: {steps: [{inner: {return: '${1 / 0}'}}]}\n", encoding="utf-8"
    )

    assert answer(["workflow", "run", str(path)]) == 1

    printed = capsys.readouterr()
    assert json.loads(printed.out)["tags"] == ["ZeroDivisionError"]
    assert printed.err.index("at f.inner (line 2)") < printed.err.index("at main.outer (line 1)")


def test_an_argument_that_the_service_would_refuse_is_refused(
    greeting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """32 KB are the most."""
    assert answer(["workflow", "run", greeting, "--data", f'"{"x" * 32_767}"']) == 1
    assert "the argument has 32769 bytes, and may have 32768" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["run", "lint"])
def test_a_file_that_is_not_utf_8_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    """With the byte that is not."""
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"- a: {return: \xe9}")

    assert answer(["workflow", verb, str(path)]) == 2
    assert f"{path}: byte 15 is not UTF-8" in capsys.readouterr().err
