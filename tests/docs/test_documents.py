"""What the repository holds rendered is what its configs render to."""

from __future__ import annotations

from pathlib import Path

import pytest

from replicator.cli.main import answer

_REPOSITORY = Path(__file__).parents[2]


def test_the_committed_documents_are_the_configs_documents(capsys: pytest.CaptureFixture[str]) -> None:
    """A change of behaviour shows as a change of ``workflows/``."""
    code = answer(["--configs", str(_REPOSITORY / "configs"), "render", "--check"])

    assert code == 0, capsys.readouterr().err
