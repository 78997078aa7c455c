"""The option --cloud names one of three kinds, and says so when it does not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from replicator.cli.cloud import connect, serving
from replicator.cli.invocation import Invocation
from replicator.config.settings import Gcp, LocalDirectory
from replicator.errors import FailedError, UsageError


@pytest.mark.parametrize("cloud", ["aws", "local:", "ftp://127.0.0.1:1", "GCP"])
def test_any_other_cloud_is_refused(cloud: str) -> None:
    """The three that there are, in the sentence, and the option it is about."""
    with pytest.raises(UsageError, match=r"--cloud: .* write gcp, local:DIR or http://HOST:PORT"):
        _ = Invocation(given_cloud=cloud).cloud


def test_an_option_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the variable before the default, which is Google Cloud."""
    monkeypatch.delenv("REPLICATOR_CLOUD", raising=False)
    assert Invocation().cloud == Gcp()
    monkeypatch.setenv("REPLICATOR_CLOUD", f"local:{tmp_path}")
    assert Invocation().cloud == LocalDirectory(tmp_path)
    assert Invocation(given_cloud="gcp").cloud == Gcp()


def test_a_base_installation_says_how_to_get_the_local_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra there is no DuckDB: one sentence names it and the command that installs it."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "duckdb" else find(name))

    with pytest.raises(FailedError, match=r"needs duckdb, .*pip install 'replicator\[local\]'"), serving(tmp_path):
        pass


def test_a_directory_without_a_local_cloud_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Missing or empty, it is taken for a mistyped one; a cloud that was served there once is used."""
    missing = tmp_path / "clout"
    for directory in (missing, tmp_path):
        with (
            pytest.raises(UsageError, match=rf"{directory} holds no local cloud; .*'replicator local serve --dir "),
            connect(LocalDirectory(directory)),
        ):
            pass
    assert list(tmp_path.iterdir()) == []

    with serving(missing):
        pass
    with connect(LocalDirectory(missing)) as endpoints:
        assert endpoints.local
