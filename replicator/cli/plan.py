"""``replicator plan``: where everything comes from, passes through and goes to."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import click

from replicator.cli.invocation import Invocation, pass_invocation
from replicator.errors import ExitCode

if TYPE_CHECKING:
    from replicator.plan.plan import Plan, SourceRoute


@click.command("plan")
@click.argument("pipeline")
@click.option("--sql", "with_sql", is_flag=True, help="Print the GoogleSQL of each stage as well.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@pass_invocation
def command(invocation: Invocation, pipeline: str, with_sql: bool, as_json: bool) -> ExitCode:
    r"""Show what a run of PIPELINE would do: each source's route, and every dataset it would own.

    It asks no cloud. What is due is found by each run itself; --sql shows the statements that find it.

    \b
    Examples:
      replicator plan ga4_events
      replicator plan ga4_events --sql
      replicator plan ga4_events --json
    """
    from replicator.plan.build import build_plan

    plan = build_plan(invocation.project().pipeline(pipeline))
    if as_json:
        click.echo(json.dumps(asdict(plan), indent=2, ensure_ascii=False))
        return ExitCode.DONE
    _print_plan(plan)
    if with_sql:
        for statement in fields(plan.statements):
            click.echo(f"\n-- {statement.name.replace('_', ' ')}\n{getattr(plan.statements, statement.name)}")
    return ExitCode.DONE


def _print_plan(plan: Plan) -> None:
    from replicator.report.tables import print_table

    facts: list[tuple[str, Any]] = [
        ("target", f"{plan.target} ({plan.location})"),
        ("partition", f"{plan.partition_column} by {plan.partition_by}"),
        ("source column", plan.source_column),
        ("ledger", plan.state),
        ("fence", f"{plan.fence}, lease {plan.lease_seconds} s"),
    ]
    for name, value in facts:
        click.echo(f"{name + ':':<15}{value}")
    click.echo()
    print_table(
        ["source", "reads", "in", "staged in", "crosses to", "columns", "where"],
        [
            [
                route.name,
                f"{route.project}: {route.pattern}",
                route.location,
                str(route.staging),
                str(route.landing) if route.crosses else "-",
                _columns(route),
                route.where or "-",
            ]
            for route in plan.sources
        ],
    )


def _columns(route: SourceRoute) -> str:
    parts = [
        *(f"-{path}" for path in route.drop),
        *(f"#{path}" for path in route.hash),
        *(f"{path}={name}" for path, name in route.rename),
    ]
    return " ".join(parts) or "all"
