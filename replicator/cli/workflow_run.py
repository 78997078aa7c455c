"""``replicator workflow run``: one execution of a document, in this process."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Final

import click

from replicator.cli.cloud import connect
from replicator.cli.document import Watcher, run_document
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.cli.workflow_source import read_source
from replicator.errors import ExitCode, UsageError

_LOCATION: Final = "europe-west1"


def _argument(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        msg = f'--data: not JSON at character {error.pos + 1}: {error.msg}; write it as \'{{"key": "value"}}\''
        raise UsageError(msg) from error


@click.command("run", cls=VerbCommand)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--data", metavar="JSON", help="The argument that the workflow is started with.")
@click.option("--fast-forward", is_flag=True, help="Let sleeps and waits between retries take no time.")
@click.option("--trace", is_flag=True, help="Print each step as it starts.")
@click.option("--project", default="local-project", show_default=True, help="GOOGLE_CLOUD_PROJECT_ID in the workflow.")
@click.option("--location", default=_LOCATION, show_default=True, help="GOOGLE_CLOUD_LOCATION in the workflow.")
@pass_invocation
def command(
    invocation: Invocation,
    *,
    file: Path,
    data: str | None,
    fast_forward: bool,
    trace: bool,
    project: str,
    location: str,
) -> ExitCode:
    """Run the workflow document FILE and print its result as JSON.

    What sys.log writes goes to stderr. A document that Workflows would not deploy is not run: exit 2, with each
    mistake at its place. An execution that fails prints its error as JSON instead, on stderr the calls that it
    came through, and exits 1. Connectors call the cloud that --cloud names.

    Examples:
      replicator workflow run hello.yaml --data '{"name": "Ada"}'
      replicator workflow run retries.yaml --fast-forward --trace
      replicator --cloud local:/tmp/cloud workflow run workflows/ga4_events.yaml
    """
    from replicator.report.progress import progress
    from replicator.runtime.clock import RealClock, VirtualClock
    from replicator.runtime.errors import WorkflowFailed
    from replicator.runtime.lint.linter import lint
    from replicator.runtime.program import SyntaxProblems

    argument, text = _argument(data), read_source(file)
    if refused := tuple(finding.problem for finding in lint(text, file).findings if finding.refused):
        raise SyntaxProblems(refused)
    with connect(invocation.cloud) as endpoints, progress() as talk:
        try:
            result = run_document(
                text,
                argument,
                file=file,
                endpoints=endpoints,
                variables={"GOOGLE_CLOUD_PROJECT_ID": project, "GOOGLE_CLOUD_LOCATION": location},
                on_step=Watcher(talk, every_step=trace),
                clock=VirtualClock(start=time.time()) if fast_forward else RealClock(),
            )
        except WorkflowFailed as failure:
            click.echo(_json(failure.error))
            for frame in failure.trace:
                click.echo(f"  at {frame}", err=True)
            return ExitCode.FAILED
    click.echo(_json(result))
    return ExitCode.DONE


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
