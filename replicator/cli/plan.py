"""``replicator plan``: where everything comes from, passes through and goes to, and what is due now."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import click

from replicator.cli.forecasting import ask_due_and_seen, print_due, tell_failures
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.errors import ExitCode, UsageError
from replicator.report.words import duration, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replicator.ledger.history import DriftedField
    from replicator.plan.plan import Plan, SourceRoute


@click.command("plan", cls=VerbCommand)
@click.argument("pipeline")
@click.option("--units", "with_units", is_flag=True, help="List the units that are due, one by one.")
@click.option("--sql", "with_sql", is_flag=True, help="Print the GoogleSQL of each stage as well.")
@click.option("--offline", is_flag=True, help="Ask no cloud: show the routes only.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan, 'due', and the drift that was 'seen', as JSON.")
@pass_invocation
def command(
    invocation: Invocation, pipeline: str, with_units: bool, with_sql: bool, offline: bool, as_json: bool
) -> ExitCode:
    """Show what a run of PIPELINE would do: each source's route, all it would own, and what is due now.

    What is due is asked of each source by the statement that a run asks it by; it reads metadata only, and
    nothing is written. What runs have seen of drift comes from the ledger. If a source cannot be asked the others are
    shown all the same, and the exit code is 1.

    Examples:
      replicator plan ga4_events
      replicator plan ga4_events --units
      replicator plan ga4_events --offline --sql
      replicator --cloud local:/tmp/cloud plan ga4_events --json
    """
    from replicator.plan.build import build_plan
    from replicator.plan.warnings import warnings
    from replicator.report.drift import as_json as as_json_drift

    if offline and with_units:
        msg = "--units: what is due is known to the cloud only; leave --offline out"
        raise UsageError(msg)
    chosen = invocation.project().pipeline(pipeline)
    plan, told = build_plan(chosen), warnings(chosen)
    if not as_json:
        _print_plan(plan)
        if with_sql:
            _print_statements(plan)
        for warning in told:
            click.echo(f"warning: {warning}", err=True)
    forecasts, drift = ((), ()) if offline else ask_due_and_seen(invocation.cloud, plan)
    if as_json:
        due = None if offline else [found.as_json(listed=with_units) for found in forecasts]
        click.echo(
            json.dumps(
                {
                    **asdict(plan),
                    "warnings": [str(each) for each in told],
                    "due": due,
                    "seen": None if offline else as_json_drift(drift, plan.policies),
                },
                indent=2,
                ensure_ascii=False,
            )
        )
    elif not offline:
        print_due(forecasts, with_units=with_units)
        _print_drift(plan, drift)
    return tell_failures(forecasts)


def _print_statements(plan: Plan) -> None:
    for statement in fields(plan.statements):
        click.echo(f"\n-- {statement.name.replace('_', ' ')}\n{getattr(plan.statements, statement.name)}")


def _print_drift(plan: Plan, drift: Sequence[DriftedField]) -> None:
    """What earlier runs saw, and what a run that starts now does about it."""
    from replicator.report.drift import told

    if drift:
        click.echo("\nNot as in the target when runs saw it, and what the next one does ('replicator drift' says more)")
    for line in told(drift, plan.policies):
        click.echo(line)


def _drift_facts(plan: Plan) -> str:
    """What the file says of drift, in its own words."""
    policies = plan.policies
    named = [f"{path} {policy}" for path, policy in policies.paths.items()]
    for word, paths in (("ignore", policies.ignore), ("cast", policies.cast), ("reshape", policies.reshape)):
        named += [f"{word} {', '.join(paths)}"] if paths else []
    return "; ".join([policies.policy, *named])


def _print_plan(plan: Plan) -> None:
    facts: list[tuple[str, Any]] = [
        ("target", f"{plan.target} ({plan.location})"),
        ("partition", f"{plan.partition_column} by {plan.partition_by}"),
        ("source column", plan.source_column),
        ("ledger", plan.state),
        ("fence", f"{plan.fence}, lease {duration(plan.lease_seconds)}"),
        ("drift", _drift_facts(plan)),
        ("aligned by", plan.alignment.value),
    ]
    for name, value in facts:
        click.echo(f"{name + ':':<15}{value}")
    for route in plan.sources:
        click.echo(f"\n{route.name}")
        for name, value in _route_facts(route):
            click.echo(f"  {name + ':':<15}{value}")


def _route_facts(route: SourceRoute) -> list[tuple[str, str]]:
    found = [
        ("reads", f"{route.project} ({route.location}), {_what_is_read(route)}"),
        ("where", route.where or "every row"),
        ("stays there", ", ".join(route.drop) or "nothing"),
        ("hashed", ", ".join(route.hash) or "nothing"),
        ("renamed", ", ".join(f"{path} to {name}" for path, name in route.rename) or "nothing"),
        ("staged in", str(route.staging)),
        ("copied to", str(route.landing) if route.crosses else "nowhere: it lies in the target's location"),
    ]
    if route.newer is not None:
        found.insert(1, ("newer by", f"{route.newer.column}, in what has changed"))
    if route.kms_key is not None:
        found.append(("encrypted by", f"{route.kms_key}, as far as it is staged"))
    if route.max_bytes_billed is not None:
        found.append(("bills at most", f"{size(route.max_bytes_billed)} a job"))
    return found


def _what_is_read(route: SourceRoute) -> str:
    """The tables, or the query, that rows come from."""
    from replicator.sql.units import Kind

    if route.query is not None:
        return f"a query {f'asked by the {route.by}' if route.by is not None else 'without a window'}"
    if not route.pattern:
        return f"{route.kind.value if route.kind is not Kind.TABLE else 'whole'} table {route.dataset}.{route.prefix}"
    left_out = f" but not {', '.join(route.exclude)}" if route.exclude else ""
    return f"datasets {', '.join(route.include)}{left_out}, tables {route.pattern}"
