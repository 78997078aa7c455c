"""What the options before the verb decided, and where they say nothing, the environment's variables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replicator.errors import UsageError

if TYPE_CHECKING:
    from replicator.config.project import Project
    from replicator.config.settings import Cloud, Settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options that every verb shares, as they were typed; None for one that was not.

    Attributes:
        given_configs: ``--configs``.
        given_environment: ``--env``.
        given_cloud: ``--cloud``.
    """

    given_configs: Path | None = None
    given_environment: str | None = None
    given_cloud: str | None = None

    @property
    def configs(self) -> Path:
        """Directory of the pipeline files: ``configs`` unless said otherwise."""
        return self.given_configs or _settings().configs

    @property
    def environment(self) -> str | None:
        """Name of the file in ``environments/`` that is laid over them, if any."""
        return self.given_environment or _settings().env

    @property
    def cloud(self) -> Cloud:
        """Where to work: Google Cloud unless said otherwise.

        Raises:
            UsageError: What was typed, or REPLICATOR_CLOUD, names no cloud.
        """
        from replicator.config.settings import parse_cloud

        if self.given_cloud is None:
            return parse_cloud(_settings().cloud or "gcp")
        try:
            return parse_cloud(self.given_cloud)
        except UsageError as error:
            msg = f"--cloud: {error}"
            raise UsageError(msg) from error

    def project(self) -> Project:
        """The pipelines.

        Raises:
            ConfigError: There are mistakes in the files; all of them are in it.
            UsageError: The directory or the environment does not exist.
        """
        from replicator.config.project import load_project

        return load_project(self.configs, environment=self.environment)

    @property
    def documents(self) -> Path:
        """Where rendered documents lie: ``workflows``, beside the configs, one folder per environment."""
        folder = self.configs.resolve().parent / "workflows"
        if self.environment is not None:
            folder = folder / self.environment
        return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _settings() -> Settings:
    from replicator.config.settings import Settings

    return Settings()


pass_invocation = click.make_pass_decorator(Invocation)
