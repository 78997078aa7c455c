"""What the options before the verb decided."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from replicator.config.project import Project


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options that every verb shares.

    Attributes:
        configs: Directory of the pipeline files.
        environment: Name of the file in ``environments/`` that is laid over them.
        cloud: ``gcp``, ``local:DIR`` or ``http://HOST:PORT``; None where the person did not say.
    """

    configs: Path
    environment: str | None
    cloud: str | None

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


pass_invocation = click.make_pass_decorator(Invocation)
