"""``replicator drift``: where sources' schemas are not as the target's, and what accepts it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from replicator.cli.cloud import connect
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.errors import ExitCode, NotFoundError

if TYPE_CHECKING:
    from replicator.gcp.clients import Clients
    from replicator.ledger.history import DriftedField
    from replicator.plan.plan import Plan


@click.command("drift", cls=VerbCommand)
@click.argument("pipeline")
@click.option("--apply", "applies", is_flag=True, help="Add to the target, in BigQuery, the fields that it lacks.")
@click.option("--json", "as_json", is_flag=True, help="Print what was seen as JSON.")
@pass_invocation
def command(invocation: Invocation, pipeline: str, applies: bool, as_json: bool) -> ExitCode:
    """Show where the schemas of PIPELINE's sources are not as the target's, as its runs saw them.

    Below the table stands the exact change that accepts each difference. With --apply the fields that the target lacks
    are added to it, in BigQuery: NULLABLE, at the end of their record. No file is changed.

    Examples:
      replicator drift ga4_events
      replicator drift ga4_events --apply
    """
    from replicator.gcp.clients import Clients
    from replicator.gcp.query import Query
    from replicator.ledger.history import History
    from replicator.plan.build import build_plan
    from replicator.report.drift import as_json as plain
    from replicator.report.drift import print_drift

    plan = build_plan(invocation.project().pipeline(pipeline))
    with connect(invocation.cloud) as endpoints:
        clients = Clients(endpoints)
        history = History(Query(clients), plan.state, plan.location, plan.target, plan.pipeline)
        try:
            drift = history.drift()
        except NotFoundError as error:
            click.echo(f"{pipeline} has not run yet ({error})", err=True)
            drift = ()
        changed = applies and _apply(clients, plan, drift)
    if as_json:
        click.echo(json.dumps(plain(drift), indent=2, ensure_ascii=False))
        return ExitCode.DONE
    if drift:
        print_drift(drift)
    else:
        click.echo(f"no run of {pipeline} has seen a schema that is not the target's")
    if applies:
        click.echo(f"{plan.target}: {'fields were added' if changed else 'lacks none of them'}", err=True)
    return ExitCode.DONE


def _apply(clients: Clients, plan: Plan, drift: tuple[DriftedField, ...]) -> bool:
    """Give the target what it lacks; whether it lacked anything.

    Raises:
        FailedError: BigQuery refuses it.
    """
    from replicator.gcp.schema import add_fields
    from replicator.schema.compare import Change
    from replicator.schema.growth import field_of

    additions = []
    for one in drift:
        if one.change is Change.ADDED and one.data_type is not None:
            *records, name = one.path.split(".")
            additions.append((tuple(records), field_of(name, one.data_type)))
    return bool(additions) and add_fields(clients, plan.target, additions)
