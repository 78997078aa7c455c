"""``replicator schema``: what an editor needs to know of pipeline files."""

from __future__ import annotations

import click

from replicator.cli.group import VerbCommand
from replicator.errors import ExitCode


@click.command("schema", cls=VerbCommand)
def command() -> ExitCode:
    """Print the JSON Schema of a pipeline file, for editors.

    Beside the pipelines, as pipeline.schema.json, an editor with a YAML language server finds it by the first
    line that 'replicator onboard' writes: # yaml-language-server: $schema=pipeline.schema.json

    Examples:
      replicator schema
      replicator schema > configs/pipeline.schema.json
    """
    from replicator.config.schemafile import schema_text

    click.echo(schema_text(), nl=False)
    return ExitCode.DONE
