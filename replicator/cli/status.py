"""``replicator status``: how a pipeline stands, by its ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from replicator.cli.cloud import connect
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.errors import ExitCode, NotFoundError

if TYPE_CHECKING:
    from replicator.ledger.history import History
    from replicator.names import TableRef
    from replicator.report.status import Status


@click.command("status", cls=VerbCommand)
@click.argument("pipeline")
@click.option("--runs", type=click.IntRange(1, 1_000), default=5, show_default=True, help="How many runs to show.")
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
@pass_invocation
def command(invocation: Invocation, pipeline: str, runs: int, as_json: bool) -> ExitCode:
    """Show the last runs of PIPELINE, how fresh each source is, what drifted, and who holds the fence.

    It reads the ledger and writes nothing. Before the first run there is no ledger, which is no failure.

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
    missing = ""
    with connect(invocation.cloud) as endpoints:
        history = History(Query(Clients(endpoints)), plan.state, plan.location, plan.target, plan.pipeline)
        try:
            status = _read(history, plan.fence, runs)
        except NotFoundError as error:
            status, missing = Status(datetime.now(UTC), None, (), (), ()), f" ({error})"
    if as_json:
        click.echo(json.dumps(status.as_json(), indent=2, ensure_ascii=False))
        return ExitCode.DONE
    if not status.runs:
        click.echo(f"{pipeline} has not run yet{missing}")
    print_status(status, plan.policies)
    return ExitCode.DONE


def _read(history: History, fence: TableRef, runs: int) -> Status:
    """What the ledger says.

    Raises:
        NotFoundError: There is no ledger yet.
        FailedError: It cannot be read.
    """
    from replicator.report.status import Status

    status = Status(datetime.now(UTC), None, history.runs(runs), history.freshness(), history.drift())
    try:
        return replace(status, fence=history.fence(fence))
    except NotFoundError:
        # Pipelines with other targets share the ledger; a fence is made by the first run to its target.
        return status
