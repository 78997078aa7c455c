"""Linting tells what the service would refuse, and how near the limits a document is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replicator.cli.main import answer

_CLEAN = "main:\n  steps:\n    - done:\n        return: 1\n"
_WRONG = "main:\n  steps:\n    - go:\n        next: nowhere\n"


def test_a_clean_document_shows_its_headroom(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, and what is used of the source's 128 KB."""
    path = tmp_path / "clean.yaml"
    path.write_text(_CLEAN)

    assert answer(["workflow", "lint", str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{path}: clean\n")
    assert f"workflow source: {len(_CLEAN)} of 131,072 bytes" in shown
    assert "only a run can tell: steps per execution (100,000 steps)" in shown


def test_what_is_wrong_is_one_line_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, also when another document is clean."""
    clean, wrong = tmp_path / "clean.yaml", tmp_path / "wrong.yaml"
    clean.write_text(_CLEAN)
    wrong.write_text(_WRONG)

    assert answer(["workflow", "lint", str(clean), str(wrong)]) == 1
    shown = capsys.readouterr().out
    assert f"{clean}: clean" in shown
    assert f"{wrong}:4:" in shown
    assert "nowhere" in shown


def test_a_program_reads_findings_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Places as numbers, the fact and the remedy apart."""
    path = tmp_path / "wrong.yaml"
    path.write_text(_WRONG)

    assert answer(["workflow", "lint", str(path), "--json"]) == 1
    (report,) = json.loads(capsys.readouterr().out)
    assert report["findings"][0]["line"] == 4
    assert report["findings"][0]["weight"] == "error"
    assert report["findings"][0]["refused"] is True
    rooms = {room["limit"]: room for room in report["headroom"]}
    assert rooms["workflow source"]["used"] == len(_WRONG)
    assert rooms["call stack depth"]["bound"] == 20


def test_a_warning_does_not_fail_and_an_error_of_a_run_does(tmp_path: Path) -> None:
    """What nothing leads to runs; what reads too early fails when it is reached."""
    odd, early = tmp_path / "odd.yaml", tmp_path / "early.yaml"
    odd.write_text("- a: {return: 1}\n- b: {return: 2}\n")
    early.write_text("- a: {call: sys.log, args: {text: '${x}'}}\n- b: {assign: [{x: 1}]}\n")

    assert answer(["workflow", "lint", str(odd)]) == 0
    assert answer(["workflow", "lint", str(early)]) == 1


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, naming it."""
    assert answer(["workflow", "lint", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml" in capsys.readouterr().err
