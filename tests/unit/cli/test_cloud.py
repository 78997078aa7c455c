"""The option --cloud names one of three kinds, and says so when it does not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from replicator.cli.cloud import connect, serving
from replicator.errors import FailedError, UsageError


@pytest.mark.parametrize("cloud", ["aws", "local:", "ftp://127.0.0.1:1", "GCP"])
def test_any_other_cloud_is_refused(cloud: str) -> None:
    """The three that there are, in the sentence."""
    with pytest.raises(UsageError, match="use gcp, local:DIR or http://HOST:PORT"), connect(cloud):
        pass


def test_a_base_installation_says_how_to_get_the_local_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra there is no DuckDB: one sentence names it and the command that installs it."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "duckdb" else find(name))

    with pytest.raises(FailedError, match=r"needs duckdb, .*pip install 'replicator\[local\]'"), serving(tmp_path):
        pass
