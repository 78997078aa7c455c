"""``replicator destroy``: what was made for a pipeline goes, and nothing else."""

from __future__ import annotations

import click

from replicator.cli.deployment import Deployment, approval
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.errors import ExitCode, FailedError, UsageError


@click.command("destroy", cls=VerbCommand)
@click.argument("pipeline")
@click.option("--ledger", is_flag=True, help="Remove the ledger and the fence as well, if no other pipeline uses them.")
@click.option("--target", is_flag=True, help="Remove the target's table as well; only with --ledger.")
@approval
@pass_invocation
def command(
    invocation: Invocation, pipeline: str, ledger: bool, target: bool, yes: bool, dry_run: bool, as_json: bool
) -> ExitCode:
    """Remove what was made for PIPELINE: schedule, workflow, transfer configs, landing and staging datasets.

    What does not carry this pipeline's labels stays, and so do sources, target and ledger: a pipeline that is
    deployed again goes on where it was. An execution that is under way ends with its workflow.
    What will go is shown first. Run it before the pipeline's file goes.

    Examples:
      replicator destroy ga4_events --dry-run
      replicator destroy ga4_events --yes
      replicator destroy ga4_events --ledger --target
    """
    from replicator.deploy.removal import removals

    if target and not ledger:
        msg = "--target: the ledger would still know every unit as committed, and none would come again; add --ledger"
        raise UsageError(msg)
    with Deployment.of(invocation, pipeline) as deployment:
        users = deployment.other_users_of_ledger() if ledger else ()
        comparison = removals(
            deployment.wanted, deployment.found(), ledger=ledger, target=deployment.plan.target if target else None,
            users=users,
        )  # fmt: skip
        if comparison.refusals:
            raise FailedError(f"{pipeline} stays as it is, nothing was removed: " + "\n".join(comparison.refusals))
        return deployment.carry_out(comparison, yes=yes, dry_run=dry_run, as_json=as_json)
