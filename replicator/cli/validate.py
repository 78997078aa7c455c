"""``replicator validate``: are the files right, and does each pipeline fit?"""

from __future__ import annotations

import json

import click

from replicator import limits
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.cli.render import document_text
from replicator.errors import ConfigError, ExitCode, Problem
from replicator.plan.warnings import warnings


@click.command("validate", cls=VerbCommand)
@click.option("--json", "as_json", is_flag=True, help="Print a list of pipelines as JSON.")
@pass_invocation
def command(invocation: Invocation, as_json: bool) -> ExitCode:
    """Check every pipeline file, and that its workflow document can be made from it.

    It needs no cloud and writes nothing. Every mistake is reported at once, one line each:
    file:line:column: field: what is wrong; what would be right. What only costs more than it seems to
    is told on stderr in the same words, as a warning.

    Examples:
      replicator validate
      replicator --configs other/configs --env prod validate
    """
    project = invocation.project()
    problems: list[Problem] = []
    answers: list[dict[str, object]] = []
    for pipeline in project.pipelines:
        try:
            size = len(document_text(pipeline).encode("utf-8"))
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        answers.append(
            {
                "pipeline": pipeline.name,
                "target": str(pipeline.target.table),
                "sources": [source.name for source in pipeline.sources],
                "document_bytes": size,
            }
        )
    if problems:
        raise ConfigError(tuple(problems))
    for pipeline in project.pipelines:
        for warning in warnings(pipeline):
            click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo(json.dumps(answers, indent=2))
        return ExitCode.DONE
    for found in answers:
        sources = found["sources"]
        names = ", ".join(sources) if isinstance(sources, list) else ""
        used = int(str(found["document_bytes"])) * 100 // limits.SOURCE_BYTES.value
        click.echo(f"{found['pipeline']}: {names} -> {found['target']}; document {used} % of what Workflows accepts")
    return ExitCode.DONE
