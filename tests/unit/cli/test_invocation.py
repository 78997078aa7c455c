"""The options before the verb, and the variables that stand for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from replicator.cli.invocation import Invocation
from replicator.cli.main import answer


def test_documents_lie_beside_the_configs_one_folder_per_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown as a person would type them: relative to where they are, if they are below it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REPLICATOR_ENV", raising=False)

    assert Invocation(Path("configs")).documents == Path("workflows")
    assert Invocation(Path("configs"), "prod").documents == Path("workflows/prod")
    assert Invocation(Path("/elsewhere/configs")).documents == Path("/elsewhere/workflows")


def test_a_variable_stands_for_an_option_that_is_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """REPLICATOR_CONFIGS is read; --configs goes before it."""
    monkeypatch.setenv("REPLICATOR_CONFIGS", str(tmp_path / "from_variable"))

    assert answer(["validate"]) == 2
    assert "from_variable" in capsys.readouterr().err
    assert answer(["--configs", str(tmp_path / "from_option"), "validate"]) == 2
    assert "from_option" in capsys.readouterr().err


def test_an_environment_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise a misspelt --env would quietly act on the files as they are."""
    configs = Path(__file__).parents[3] / "configs"

    assert answer(["--configs", str(configs), "--env", "nowhere", "validate"]) == 2
    assert "nowhere" in capsys.readouterr().err
