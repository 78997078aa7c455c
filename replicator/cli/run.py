"""``replicator run``: one run of a pipeline, now."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replicator.cli.cloud import connect
from replicator.cli.document import PipelineWatcher, run_document
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.cli.render import document_text
from replicator.errors import ExitCode, FailedError
from replicator.report.outcome import Outcome, print_outcome, print_sources, reason_of, sources_of
from replicator.report.progress import Progress, progress
from replicator.report.words import counted

if TYPE_CHECKING:
    from replicator.config.pipeline import Pipeline
    from replicator.gcp.endpoints import Endpoints
    from replicator.runtime.values import Value


def run_pipeline(pipeline: Pipeline, endpoints: Endpoints, talk: Progress, argument: Mapping[str, Value]) -> Outcome:
    """Run the pipeline's document in this process, exactly as it would be deployed.

    Args:
        pipeline: What to run.
        endpoints: The cloud it runs against.
        talk: Where progress is said.
        argument: What the execution is started with; the document's first step says what it may hold.

    Raises:
        ConfigError: The planner refuses something in the pipeline's file.
        WorkflowFailed: The run failed, or a source of it; what was committed stays committed.
    """
    from replicator.runtime.clock import RealClock

    location = pipeline.deploy.region if pipeline.deploy is not None else pipeline.target.location.lower()
    result = run_document(
        document_text(pipeline),
        dict(argument),
        file=Path(f"{pipeline.name}.yaml"),
        endpoints=endpoints,
        variables={
            "GOOGLE_CLOUD_PROJECT_ID": pipeline.state.dataset.project,
            "GOOGLE_CLOUD_LOCATION": location,
        },
        on_step=PipelineWatcher(talk),
        clock=RealClock(),
    )
    return Outcome.from_json(result)


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
@click.option("--json", "as_json", is_flag=True, help="Print the run's result as JSON.")
@pass_invocation
def command(
    invocation: Invocation, pipeline: str, if_busy: str, again: bool, rebuild_receipts: bool, as_json: bool
) -> ExitCode:
    """Replicate what is due of PIPELINE, now.

    Runs the pipeline's workflow document in this process, the same document that is deployed. Progress
    goes to stderr, what was moved to stdout. If a source fails the others are committed all the same,
    and the exit code is 1. Ctrl-C leaves the fence to the lease's end.

    Examples:
      replicator run ga4_events
      replicator --cloud local:/tmp/cloud run ga4_events --json
      replicator run ga4_events --if-busy leave
    """
    from replicator.runtime.errors import WorkflowFailed

    chosen = invocation.project().pipeline(pipeline)
    try:
        with connect(invocation.cloud) as endpoints, progress() as talk:
            outcome = run_pipeline(
                chosen, endpoints, talk, {"if_busy": if_busy, "again": again, "rebuild_receipts": rebuild_receipts}
            )
    except KeyboardInterrupt as interrupt:
        # Only the document may give the fence back: what of the run still goes on at the service is not known here.
        lease = counted(math.ceil(chosen.lease.total_seconds() / 60), "minute")
        msg = f"interrupted; its lease ends at most {lease} from now, what is not committed stays due"
        raise KeyboardInterrupt(msg) from interrupt
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
