"""What the environment says."""

from __future__ import annotations

from pathlib import Path

import pytest

from replicator.config.settings import Gcp, LocalDirectory, LocalServer, Settings, is_local, parse_cloud
from replicator.errors import UsageError


@pytest.mark.parametrize(
    ("text", "cloud", "local"),
    [
        ("gcp", Gcp(), False),
        ("local:/tmp/cloud", LocalDirectory(Path("/tmp/cloud")), True),  # noqa: S108 - a name, no file
        ("http://127.0.0.1:9050", LocalServer("http://127.0.0.1:9050"), True),
    ],
)
def test_a_cloud_is_one_of_three(text: str, cloud: object, *, local: bool) -> None:
    """Its text is what it was read from."""
    parsed = parse_cloud(text)

    assert (parsed, str(parsed), is_local(parsed)) == (cloud, text, local)


@pytest.mark.parametrize(
    "text", ["", "aws", "local:", "local", "http://", "http://host", "https://h:1", "http://h:x", "http://h:1/x"]
)
def test_anything_else_is_refused_with_the_three(text: str) -> None:
    """Also a server without a port: there is no usual one."""
    with pytest.raises(UsageError, match="names no cloud; write gcp, local:DIR or http://HOST:PORT"):
        parse_cloud(text)


def test_variables_are_read_and_empty_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is how a shell takes one back."""
    monkeypatch.setenv("REPLICATOR_CONFIGS", "elsewhere")
    monkeypatch.setenv("REPLICATOR_ENV", "")
    monkeypatch.setenv("REPLICATOR_CLOUD", "local:here")

    settings = Settings()

    assert (settings.configs, settings.env, settings.cloud) == (Path("elsewhere"), None, "local:here")


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says which variable to change."""
    monkeypatch.setenv("REPLICATOR_CLOUD", "aws")

    with pytest.raises(UsageError, match="REPLICATOR_CLOUD: 'aws' names no cloud"):
        Settings()
