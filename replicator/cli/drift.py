"""``replicator drift``: where sources' schemas are not as the target's, and what accepts it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from replicator.cli.cloud import connect
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.errors import ExitCode, NotFoundError, UsageError

if TYPE_CHECKING:
    from replicator.gcp.clients import Clients
    from replicator.ledger.history import DriftedField
    from replicator.plan.plan import Plan


@click.command("drift", cls=VerbCommand)
@click.argument("pipeline", required=False)
@click.option("--apply", "applies", is_flag=True, help="Add to the target, in BigQuery, the fields that it lacks.")
@click.option("--json", "as_json", is_flag=True, help="Print what was seen as JSON.")
@pass_invocation
def command(invocation: Invocation, pipeline: str | None, applies: bool, as_json: bool) -> ExitCode:
    """Show where the schemas of sources are not as their target's, as runs of PIPELINE, or of every pipeline, saw them.

    With each difference stands what the next run does about it, and below the table the exact change that would accept
    what is left out or fails. With --apply the fields that the target of PIPELINE lacks are added to it, in BigQuery:
    NULLABLE, at the end of their record. No file is changed.

    Examples:
      replicator drift
      replicator drift ga4_events
      replicator drift ga4_events --apply
    """
    from replicator.gcp.clients import Clients
    from replicator.plan.build import build_plan
    from replicator.report.drift import as_json as plain
    from replicator.report.drift import print_drift

    if applies and pipeline is None:
        msg = "--apply: changes a target; name the pipeline whose target it is"
        raise UsageError(msg)
    project = invocation.project()
    plans = [build_plan(one) for one in ([project.pipeline(pipeline)] if pipeline else project.pipelines)]
    found: list[dict[str, object]] = []
    with connect(invocation.cloud) as endpoints:
        clients = Clients(endpoints)
        for number, plan in enumerate(plans):
            drift = seen(clients, plan)
            found += [{"pipeline": plan.pipeline, **one} for one in plain(drift, plan.policies)]
            if not as_json and drift:
                click.echo(f"{'' if number == 0 else chr(10)}{plan.pipeline} ({plan.target})")
                print_drift(drift, plan.policies)
            elif not as_json:
                click.echo(f"no run of {plan.pipeline} has seen a schema that is not the target's")
            if applies:
                changed = _apply(clients, plan, drift)
                click.echo(f"{plan.target}: {'fields were added' if changed else 'lacks none of them'}", err=True)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    return ExitCode.DONE


def seen(clients: Clients, plan: Plan) -> tuple[DriftedField, ...]:
    """What runs saw and the pipeline's file does not ignore; nothing, and a word on stderr, before the first run.

    Raises:
        FailedError: The ledger cannot be read.
    """
    from replicator.gcp.query import Query
    from replicator.ledger.history import History

    history = History(Query(clients), plan.state, plan.location, plan.target, plan.pipeline)
    try:
        drift = history.drift()
    except NotFoundError as error:
        click.echo(f"{plan.pipeline} has not run yet ({error})", err=True)
        return ()
    return tuple(one for one in drift if not plan.policies.names(plan.policies.ignore, one.path))


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
