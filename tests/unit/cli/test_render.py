"""Rendering needs no cloud, touches what changed only, and notices what is out of date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replicator.cli.main import answer
from replicator.demo.pipeline import CONFIGS, PIPELINE


@pytest.fixture
def project(tmp_path: Path) -> Path:
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / f"{PIPELINE}.yaml").write_bytes((CONFIGS / f"{PIPELINE}.yaml").read_bytes())
    return tmp_path


def _replicator(project: Path, *arguments: str) -> int:
    return answer(["--configs", str(project / "configs"), *arguments])


def test_a_document_is_written_once_and_then_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout names what was written; a second time that is nothing, and the file keeps its time."""
    document = project / "workflows" / f"{PIPELINE}.yaml"

    assert _replicator(project, "render") == 0
    assert capsys.readouterr().out == f"{document}\n"
    written = document.stat().st_mtime_ns
    assert _replicator(project, "render", PIPELINE) == 0
    assert capsys.readouterr().out == ""
    assert document.stat().st_mtime_ns == written


def test_check_writes_nothing_and_exits_3(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing document is out of date as well."""
    assert _replicator(project, "render", "--check") == 3
    assert f"{PIPELINE}.yaml is out of date; run 'replicator render'" in capsys.readouterr().err
    assert not (project / "workflows").exists()


def test_check_notices_a_document_without_a_pipeline(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a deleted pipeline leaves behind would be deployed by whoever deploys the folder."""
    assert _replicator(project, "render") == 0
    (project / "workflows" / "gone.yaml").write_text("main: {steps: []}\n")

    assert _replicator(project, "render", "--check") == 3
    assert "gone.yaml belongs to no pipeline; delete it" in capsys.readouterr().err
    assert _replicator(project, "render", "--check", PIPELINE) == 0


def test_two_renderings_are_equal_to_the_byte(project: Path, tmp_path: Path) -> None:
    """No clock, no path, no chance in a document."""
    assert _replicator(project, "render", "--out", str(tmp_path / "one")) == 0
    assert _replicator(project, "render", "--out", str(tmp_path / "two")) == 0

    one, two = ((tmp_path / name / f"{PIPELINE}.yaml").read_bytes() for name in ("one", "two"))
    assert one == two


def test_validate_says_how_much_of_the_limit_a_document_takes(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a person in percent, for a program in bytes."""
    assert _replicator(project, "validate", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["sources"] == ["japan", "brazil", "australia"]
    assert 0 < found["document_bytes"] < 128 * 1024
    assert _replicator(project, "validate") == 0
    assert f"document {found['document_bytes'] * 100 // (128 * 1024)} % of" in capsys.readouterr().out
