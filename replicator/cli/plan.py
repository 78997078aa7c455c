"""``replicator plan``: where everything comes from, passes through and goes to, and what is due now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from replicator.cli.cloud import connect
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.cli.remedies import with_remedy
from replicator.errors import ExitCode, FailedError, UsageError
from replicator.report.words import duration, size

if TYPE_CHECKING:
    from replicator.config.settings import Cloud
    from replicator.plan.plan import Plan, SourceRoute
    from replicator.report.forecast import SourceForecast

_SIDE_BY_SIDE: Final = 8
"""Sources that are asked at once; one question is one metadata query in the source's location."""


@click.command("plan", cls=VerbCommand)
@click.argument("pipeline")
@click.option("--units", "with_units", is_flag=True, help="List the units that are due, one by one.")
@click.option("--sql", "with_sql", is_flag=True, help="Print the GoogleSQL of each stage as well.")
@click.option("--offline", is_flag=True, help="Ask no cloud: show the routes only.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan, and under 'due' what is due, as JSON.")
@pass_invocation
def command(
    invocation: Invocation, pipeline: str, with_units: bool, with_sql: bool, offline: bool, as_json: bool
) -> ExitCode:
    """Show what a run of PIPELINE would do: each source's route, all it would own, and what is due now.

    What is due is asked of each source by the statement that a run asks it by; it reads metadata only, and
    nothing is written. If a source cannot be asked the others are shown all the same, and the exit code is 1.

    Examples:
      replicator plan ga4_events
      replicator plan ga4_events --units
      replicator plan ga4_events --offline --sql
      replicator --cloud local:/tmp/cloud plan ga4_events --json
    """
    from replicator.plan.build import build_plan

    if offline and with_units:
        msg = "--units: what is due is known to the cloud only; leave --offline out"
        raise UsageError(msg)
    plan = build_plan(invocation.project().pipeline(pipeline))
    if not as_json:
        _print_plan(plan)
        if with_sql:
            _print_statements(plan)
    forecasts = () if offline else _ask(invocation.cloud, plan)
    if as_json:
        due = None if offline else [found.as_json(listed=with_units) for found in forecasts]
        click.echo(json.dumps({**asdict(plan), "due": due}, indent=2, ensure_ascii=False))
    elif not offline:
        _print_due(forecasts, with_units=with_units)
    return _tell_failures(forecasts)


def _ask(cloud: Cloud, plan: Plan) -> tuple[SourceForecast, ...]:
    """What is due in each source, the sources side by side; a source that cannot be asked says why."""
    from replicator.forecast.due import due
    from replicator.gcp.clients import Clients
    from replicator.gcp.query import Query
    from replicator.report.forecast import SourceForecast

    def ask(query: Query, route: SourceRoute) -> SourceForecast:
        try:
            return SourceForecast(route.name, due(query, route))
        except FailedError as error:
            return SourceForecast(route.name, None, str(error))

    try:
        with connect(cloud) as endpoints, ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            return tuple(pool.map(partial(ask, Query(Clients(endpoints))), plan.sources))
    except FailedError as error:
        return tuple(SourceForecast(route.name, None, str(error)) for route in plan.sources)


def _print_due(forecasts: Sequence[SourceForecast], *, with_units: bool) -> None:
    from replicator.report.forecast import print_forecasts, print_units

    if all(found.units is None for found in forecasts):
        return
    click.echo("\nDue now (rows and logical bytes as the source has them, before columns and where)")
    print_forecasts(forecasts)
    if with_units and any(found.units for found in forecasts):
        click.echo()
        print_units(forecasts)


def _tell_failures(forecasts: Sequence[SourceForecast]) -> ExitCode:
    """Say each reason once, with the sources that have it."""
    reasons: dict[str, list[str]] = {}
    for found in forecasts:
        if found.error is not None:
            reasons.setdefault(found.error, []).append(found.source)
    for reason, sources in reasons.items():
        click.echo(f"replicator: {', '.join(sources)}: {with_remedy(reason)}", err=True)
    return ExitCode.FAILED if reasons else ExitCode.DONE


def _print_statements(plan: Plan) -> None:
    for statement in fields(plan.statements):
        click.echo(f"\n-- {statement.name.replace('_', ' ')}\n{getattr(plan.statements, statement.name)}")


def _print_plan(plan: Plan) -> None:
    facts: list[tuple[str, Any]] = [
        ("target", f"{plan.target} ({plan.location})"),
        ("partition", f"{plan.partition_column} by {plan.partition_by}"),
        ("source column", plan.source_column),
        ("ledger", plan.state),
        ("fence", f"{plan.fence}, lease {duration(plan.lease_seconds)}"),
    ]
    for name, value in facts:
        click.echo(f"{name + ':':<15}{value}")
    for route in plan.sources:
        click.echo(f"\n{route.name}")
        for name, value in _route_facts(route):
            click.echo(f"  {name + ':':<15}{value}")


def _route_facts(route: SourceRoute) -> list[tuple[str, str]]:
    datasets = ", ".join(route.include)
    left_out = f" but not {', '.join(route.exclude)}" if route.exclude else ""
    found = [
        ("reads", f"{route.project} ({route.location}), datasets {datasets}{left_out}, tables {route.pattern}"),
        ("where", route.where or "every row"),
        ("stays there", ", ".join(route.drop) or "nothing"),
        ("hashed", ", ".join(route.hash) or "nothing"),
        ("renamed", ", ".join(f"{path} to {name}" for path, name in route.rename) or "nothing"),
        ("staged in", str(route.staging)),
        ("copied to", str(route.landing) if route.crosses else "nowhere: it lies in the target's location"),
    ]
    if route.max_bytes_billed is not None:
        found.append(("bills at most", f"{size(route.max_bytes_billed)} a job"))
    return found
