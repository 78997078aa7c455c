"""``replicator run``: one run of a pipeline, now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from replicator.cli.cloud import connect
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.cli.running import interrupted, run_deployed, run_here
from replicator.errors import ExitCode, FailedError
from replicator.report.outcome import print_outcome, print_sources, reason_of, sources_of
from replicator.report.progress import progress

if TYPE_CHECKING:
    from replicator.runtime.values import Value


@click.command("run", cls=VerbCommand)
@click.argument("pipeline")
@click.option(
    "--if-busy",
    type=click.Choice(["wait", "leave"]),
    default="wait",
    show_default=True,
    help="What to do while another run holds the fence.",
)
@click.option("--again", is_flag=True, help="Take every unit again, also those that are committed.")
@click.option("--rebuild-receipts", is_flag=True, help="Write the sources' receipts anew from the ledger before.")
@click.option("--deployed", is_flag=True, help="Start the deployed workflow and follow it, instead of running here.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's result as JSON.")
@pass_invocation
def command(
    invocation: Invocation,
    pipeline: str,
    if_busy: str,
    again: bool,
    rebuild_receipts: bool,
    deployed: bool,
    as_json: bool,
) -> ExitCode:
    """Replicate what is due of PIPELINE, now.

    Runs the pipeline's workflow document in this process, the same document that is deployed; with --deployed
    an execution of what is deployed, which goes on when this command is interrupted. Progress goes to stderr,
    what was moved to stdout. If a source fails the others are committed all the same, and the exit code is 1.
    Ctrl-C leaves the fence to the lease's end.

    Examples:
      replicator run ga4_events
      replicator --cloud local:/tmp/cloud run ga4_events --json
      replicator run ga4_events --if-busy leave
      replicator run ga4_events --deployed
    """
    from replicator.runtime.errors import WorkflowFailed

    chosen = invocation.project().pipeline(pipeline)
    run = run_deployed if deployed else run_here
    argument: dict[str, Value] = {"if_busy": if_busy, "again": again, "rebuild_receipts": rebuild_receipts}
    try:
        with connect(invocation.cloud) as endpoints, progress() as talk:
            outcome = run(chosen, endpoints, talk, argument)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(interrupted(chosen, deployed=deployed)) from interrupt
    except WorkflowFailed as failure:
        if as_json:
            click.echo(json.dumps(failure.error, indent=2, ensure_ascii=False))
        else:
            print_sources(sources_of(failure.error))
        # The place in the document is of no use to whoever reads this; the job and its page are.
        msg = f"{pipeline}: {reason_of(failure.error) or failure}"
        raise FailedError(msg) from failure
    if as_json:
        click.echo(json.dumps(outcome.as_json(), indent=2, ensure_ascii=False))
    else:
        print_outcome(outcome)
    return ExitCode.DONE
