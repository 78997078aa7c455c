"""``replicator render``: configs become workflow documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.errors import ExitCode, StaleError
from replicator.report.words import counted

if TYPE_CHECKING:
    from replicator.config.pipeline import Pipeline


def document_text(pipeline: Pipeline) -> str:
    """The pipeline's workflow document, as YAML.

    Raises:
        ConfigError: The planner refuses something in the pipeline's file.
    """
    from replicator.plan.build import build_plan
    from replicator.workflow.document import build_document
    from replicator.workflow.render import to_yaml

    return to_yaml(build_document(build_plan(pipeline)))


@click.command("render", cls=VerbCommand)
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]...")
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if a document is out of date.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the documents.  [default: workflows, beside the configs]",
)
@pass_invocation
def command(invocation: Invocation, pipelines: tuple[str, ...], check: bool, out: Path | None) -> ExitCode:
    """Write the workflow document of each PIPELINE, or of all.

    It needs no cloud: the same files give the same document, to the byte, anywhere. Prints the path of
    each document it wrote; a document that was right already is not touched.

    Examples:
      replicator render
      replicator render ga4_events
      replicator render --check           in CI
      replicator --env prod render        into workflows/prod/
    """
    project = invocation.project()
    chosen = [project.pipeline(name) for name in pipelines] or list(project.pipelines)
    folder = out or invocation.documents
    texts = {folder / f"{pipeline.name}.yaml": document_text(pipeline) for pipeline in chosen}
    outdated = [path for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text]
    if not check:
        for path in outdated:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], encoding="utf-8")
            click.echo(path)
        click.echo(f"{counted(len(outdated), 'document')} written, {len(texts) - len(outdated)} up to date", err=True)
        return ExitCode.DONE
    complaints = [f"{path} is out of date; run 'replicator render'" for path in outdated]
    if not pipelines:
        orphans = sorted(set(folder.glob("*.yaml")) - set(texts))
        complaints += [f"{path} belongs to no pipeline; delete it" for path in orphans]
    if complaints:
        raise StaleError("\n".join(complaints))
    click.echo(f"{counted(len(texts), 'document')} up to date", err=True)
    return ExitCode.DONE
