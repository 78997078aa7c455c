"""What ``deploy`` and ``destroy`` share: showing changes, asking, making them, and saying how far they came."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

import click

from replicator.cli.cloud import connect
from replicator.cli.invocation import Invocation
from replicator.errors import ExitCode, FailedError, NotFoundError, UsageError
from replicator.report.words import counted

if TYPE_CHECKING:
    from replicator.deploy.compare import Change, Comparison
    from replicator.deploy.resources import Found, Wanted
    from replicator.gcp.clients import Clients
    from replicator.plan.plan import Plan

Command = TypeVar("Command", bound=Callable[..., Any])


def approval(command: Command) -> Command:
    """The options by which changes are looked at or agreed to."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON."),
        click.option("--dry-run", is_flag=True, help="Show the changes, and make none."),
        click.option("--yes", is_flag=True, help="Do not ask."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Deployment:
    """A pipeline's deployment in one cloud.

    Attributes:
        plan: The pipeline's plan.
        wanted: What it wants to be there.
        clients: Of the cloud.
    """

    plan: Plan
    wanted: Wanted
    clients: Clients

    @classmethod
    @contextmanager
    def of(cls, invocation: Invocation, name: str) -> Iterator[Self]:
        """The deployment of the pipeline of that name.

        Raises:
            UsageError: There is no such pipeline, or its file does not say where to deploy to.
        """
        from replicator.cli.render import document_text
        from replicator.deploy.wanted import deployment_of, wanted
        from replicator.gcp.clients import Clients
        from replicator.plan.build import build_plan

        pipeline = invocation.project().pipeline(name)
        deployment_of(pipeline)
        plan = build_plan(pipeline)
        with connect(invocation.cloud) as endpoints:
            yield cls(plan, wanted(pipeline, plan, document_text(pipeline)), Clients(endpoints))

    def found(self) -> Found:
        """What is there.

        Raises:
            FailedError: Something may not be read.
        """
        from replicator.gcp.deploy.reading import read_found

        return read_found(self.clients, self.wanted)

    def other_users_of_ledger(self) -> tuple[str, ...]:
        """Pipelines and targets beside this one that the ledger knows, as ``pipeline (target)``."""
        from replicator.gcp.query import Query
        from replicator.sql.ledger import read_others

        plan = self.plan
        own = {"target": str(plan.target), "pipeline": plan.pipeline}
        try:
            rows = Query(self.clients).rows(
                read_others(plan.state), own, location=plan.location, project=plan.state.project
            )
        except NotFoundError:
            return ()
        return tuple(f"{row['pipeline']} ({row['target']})" for row in rows)

    def carry_out(self, comparison: Comparison, *, yes: bool, dry_run: bool, as_json: bool) -> ExitCode:
        """Show what changes, ask, and make the changes one after the other.

        Raises:
            UsageError: There is nobody to ask.
            FailedError: A change could not be made; the sentence says which were, and which were not.
        """
        changes = comparison.changes
        if not as_json:
            self._show(comparison)
        if changes and not dry_run:
            if not yes and not _agreed(len(changes)):
                click.echo("nothing was changed", err=True)
                return ExitCode.FAILED
            self._make(changes)
        if as_json:
            click.echo(json.dumps(self._plain(comparison, made=not dry_run), indent=2, ensure_ascii=False))
        elif changes:
            said = "to make, none made" if dry_run else "made"
            click.echo(f"{self.wanted.pipeline}: {counted(len(changes), 'change')} {said}")
        return ExitCode.DONE

    def _show(self, comparison: Comparison) -> None:
        for change in comparison.changes:
            click.echo(str(change))
            for detail in change.details:
                click.echo(f"  {detail}")
        for note in comparison.notes:
            click.echo(f"note: {note}", err=True)
        if not comparison.changes:
            click.echo(f"{self.wanted.pipeline}: nothing to change")

    def _make(self, changes: Sequence[Change]) -> None:
        from replicator.gcp.deploy.changing import make_change

        for number, change in enumerate(changes):
            click.echo(f"{number + 1} of {len(changes)}: {change}", err=True)
            try:
                make_change(self.clients, change)
            except FailedError:
                _say_half_way(changes, number)
                raise

    def _plain(self, comparison: Comparison, *, made: bool) -> dict[str, object]:
        return {
            "pipeline": self.wanted.pipeline,
            "made": made,
            "changes": [
                {"verb": change.verb.value, "resource": str(change.resource), "details": list(change.details)}
                for change in comparison.changes
            ],
            "notes": list(comparison.notes),
        }


def _agreed(changes: int) -> bool:
    if not sys.stdin.isatty():
        msg = "there is no terminal to ask on; add --yes to make these changes, or --dry-run to only see them"
        raise UsageError(msg)
    return click.confirm(f"Make {counted(changes, 'change')}?", err=True)


def _say_half_way(changes: Sequence[Change], number: int) -> None:
    """What is half made because a change could not be made; why is told behind it."""
    click.echo(
        f"stopped half-way: {number} of {counted(len(changes), 'change')} made; the same command goes on.", err=True
    )
    click.echo("Not made:", err=True)
    for change in changes[number:]:
        click.echo(f"  {change}", err=True)
