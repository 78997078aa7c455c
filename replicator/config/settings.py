"""What is said once for a whole command: by an option, or by a ``REPLICATOR_…`` variable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from replicator.errors import UsageError

_FORMS: Final = "gcp, local:DIR or http://HOST:PORT"


@dataclass(frozen=True, slots=True)
class Gcp:
    """Google Cloud itself, with the credentials of whoever runs the command."""

    def __str__(self) -> str:
        return "gcp"


@dataclass(frozen=True, slots=True)
class LocalDirectory:
    """The local cloud that keeps its data in ``directory``: the one that serves it, or one in process."""

    directory: Path

    def __str__(self) -> str:
        return f"local:{self.directory}"


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A local cloud that is running at ``url``, such as ``http://127.0.0.1:9050``."""

    url: str

    def __str__(self) -> str:
        return self.url


Cloud = Gcp | LocalDirectory | LocalServer


def parse_cloud(text: str) -> Cloud:
    """Read ``gcp``, ``local:DIR`` or ``http://HOST:PORT``.

    Raises:
        UsageError: It is none of them.
    """
    if text == "gcp":
        return Gcp()
    kind, _, rest = text.partition(":")
    if kind == "local" and rest:
        return LocalDirectory(Path(rest))
    if kind == "http" and _names_a_server(text):
        return LocalServer(text.rstrip("/"))
    msg = f"'{text}' names no cloud; write {_FORMS}"
    raise UsageError(msg)


def _names_a_server(text: str) -> bool:
    try:
        url = urlsplit(text)
        return bool(url.hostname) and url.port is not None and url.path in {"", "/"} and not (url.query or url.fragment)
    except ValueError:
        return False


def is_local(cloud: Cloud) -> bool:
    """Whether nothing that is done there leaves this machine's doing."""
    match cloud:
        case Gcp():
            return False
        case LocalDirectory() | LocalServer():
            return True
        case _:
            assert_never(cloud)


class Settings(BaseSettings):
    """The environment's say; an option on the command line goes before it.

    Reading it looks at the process's environment, so only ``cli`` makes one. An empty variable counts as not set.
    """

    model_config = SettingsConfigDict(env_prefix="REPLICATOR_", env_ignore_empty=True, extra="ignore", frozen=True)

    configs: Path = Field(default=Path("configs"), description="The directory of the pipeline files.")
    env: str | None = Field(default=None, description="The environment that is laid above them.")
    cloud: str | None = Field(default=None, description=f"Where to work: {_FORMS}. Not set: gcp, but for demo.")

    @field_validator("cloud")
    @classmethod
    def _is_a_cloud(cls, text: str | None) -> str | None:
        try:
            if text is not None:
                parse_cloud(text)
        except UsageError as error:
            msg = f"REPLICATOR_CLOUD: {error}"
            raise UsageError(msg) from None
        return text
