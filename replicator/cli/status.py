"""``replicator status``: how a pipeline stands, by its ledger."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from replicator.cli.cloud import connect
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.errors import ExitCode


@click.command("status", cls=VerbCommand)
@click.argument("pipeline")
@click.option("--runs", type=click.IntRange(1, 1_000), default=5, show_default=True, help="How many runs to show.")
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
@pass_invocation
def command(invocation: Invocation, pipeline: str, runs: int, as_json: bool) -> ExitCode:
    """Show the last runs of PIPELINE, how fresh each source is, and who holds the fence.

    Examples:
      replicator status ga4_events
      replicator --cloud local:/tmp/cloud status ga4_events --json
    """
    from replicator.gcp.clients import Clients
    from replicator.gcp.query import Query
    from replicator.ledger.history import History
    from replicator.plan.build import build_plan
    from replicator.report.status import Status, print_status

    plan = build_plan(invocation.project().pipeline(pipeline))
    with connect(invocation.cloud) as endpoints:
        history = History(Query(Clients(endpoints)), plan.state, plan.location, plan.target, plan.pipeline)
        status = Status(datetime.now(UTC), history.fence(plan.fence), history.runs(runs), history.freshness())
    if as_json:
        click.echo(json.dumps(status.as_json(), indent=2, ensure_ascii=False))
    else:
        print_status(status)
    return ExitCode.DONE
