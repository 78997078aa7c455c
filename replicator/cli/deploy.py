"""``replicator deploy``: everything that a pipeline needs to run on schedule, made or brought up to date."""

from __future__ import annotations

import click

from replicator.cli.deployment import Deployment, approval
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.errors import ExitCode, FailedError


@click.command("deploy", cls=VerbCommand)
@click.argument("pipeline")
@approval
@pass_invocation
def command(invocation: Invocation, pipeline: str, yes: bool, dry_run: bool, as_json: bool) -> ExitCode:
    """Make what PIPELINE needs to run on schedule, or bring it up to date: what is right already is not touched.

    That is the state, staging and landing datasets, ledger and fence, a transfer config for each source that
    crosses locations, the workflow, and the Cloud Scheduler job that starts it. What will change is shown first.
    A deployment that failed half-way is completed by the next. The key 'deploy' of the pipeline's file says where.

    Examples:
      replicator deploy ga4_events
      replicator deploy ga4_events --dry-run
      replicator --env prod deploy ga4_events --yes
    """
    from replicator.deploy.compare import compare

    with Deployment.of(invocation, pipeline) as deployment:
        comparison = compare(deployment.wanted, deployment.found())
        if comparison.refusals:
            raise FailedError(f"{pipeline} is not deployed, and nothing was changed: " + "\n".join(comparison.refusals))
        return deployment.carry_out(comparison, yes=yes, dry_run=dry_run, as_json=as_json)
