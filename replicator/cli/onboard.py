"""``replicator onboard``: a new source, by a file."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replicator.cli.asking import Flags, Terminal
from replicator.cli.cloud import connect
from replicator.cli.forecasting import ask_due, print_due, tell_failures
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.cli.onboarding import Onboarding, Order
from replicator.errors import ExitCode

if TYPE_CHECKING:
    from replicator.cli.asking import Asking
    from replicator.cli.onboarding import Written


@click.command("onboard", cls=VerbCommand)
@click.argument("scope", metavar="PROJECT[.DATASET[.TABLE]]")
@click.option("--into", metavar="PIPELINE", help="Pipeline to add the source to; a new one of this name with --target.")
@click.option("--target", metavar="PROJECT.DATASET.TABLE", help="Table of a new pipeline; its dataset has to be there.")
@click.option("--state", metavar="PROJECT.DATASET", help="Dataset of ledger and fence.  [default: as other pipelines]")
@click.option("--source", metavar="NAME", help="Name of the source.  [default: made of the project's]")
@click.option("--partition-column", metavar="COLUMN", help="The target's partition column.")
@click.option("--source-column", metavar="COLUMN", help="The target's column that says where a row came from.")
@click.option("--keys", metavar="COLUMN,…", help="Merge by key: the columns that tell rows apart.")
@click.option("--newest-by", metavar="COLUMN", help="Of two rows with one key the one with the larger value here wins.")
@click.option("--staging-project", metavar="PROJECT", help="Project that runs and pays the source's jobs.")
@click.option("--keep-personal", is_flag=True, help="Bring columns that look personal as they are.")
@click.option("--dry-run", is_flag=True, help="Print the file on stdout and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written, and what is due, as JSON.")
@pass_invocation
def command(
    invocation: Invocation,
    *,
    scope: str,
    into: str | None,
    target: str | None,
    state: str | None,
    source: str | None,
    partition_column: str | None,
    source_column: str | None,
    keys: str | None,
    newest_by: str | None,
    staging_project: str | None,
    keep_personal: bool,
    dry_run: bool,
    as_json: bool,
) -> ExitCode:
    """Look at what PROJECT, a dataset or a table of it holds, and write the pipeline file that brings it.

    It reads metadata only, and needs no more than bigquery.metadataViewer on the datasets. It tells Google
    Analytics 4, Universal Analytics 360 and Firebase exports, other tables with a date in their names,
    partitioned tables and plain ones apart, finds their locations, proposes to leave out or hash what looks
    personal by its name, and writes why each choice was made. With --into it adds the source to a file that
    is there, whose own lines stay as they are. The new file is validated before it is written; then what the
    first run would move is shown. On a terminal it asks for what no option says.

    DATASET and TABLE may hold *; a shard, or its name up to the date and *, stands for all of its family.

    Examples:
      replicator onboard acme-jp.analytics_301234567 --target acme-analytics.marketing.ga4_events
      replicator onboard acme-br --into ga4_events
      replicator onboard 'acme-jp.shop.orders_*' --target acme-analytics.shop.orders --staging-project acme-pays
      replicator onboard acme-jp.crm.customers --target acme-analytics.crm.customers --keys customer_id
    """
    from replicator.gcp.clients import Clients
    from replicator.gcp.metadata import Metadata

    order = Order(
        scope=scope, into=into, target=target, state=state, source=source, partition_column=partition_column,
        source_column=source_column, keys=tuple(keys.split(",")) if keys else (), newest_by=newest_by,
        staging_project=staging_project, keep_personal=keep_personal,
    )  # fmt: skip
    with connect(invocation.cloud) as endpoints:
        written = Onboarding(invocation, Metadata(Clients(endpoints)), _asking()).propose(order)
    if dry_run:
        click.echo(written.text, nl=False)
        return ExitCode.DONE
    written.write()
    return _show(invocation, written, as_json=as_json)


def _asking() -> Asking:
    """A person at a terminal is asked; a program is told which option to give."""
    return Terminal() if sys.stdin.isatty() and sys.stderr.isatty() else Flags()


def _show(invocation: Invocation, written: Written, *, as_json: bool) -> ExitCode:
    forecasts = ask_due(invocation.cloud, written.plan_of_new())
    following = _following(invocation, written.pipeline.name)
    if as_json:
        answer = {
            "file": str(written.file),
            "pipeline": written.pipeline.name,
            "sources": list(written.sources),
            "due": [found.as_json(listed=False) for found in forecasts],
            "next": following,
        }
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        click.echo(f"{written.file}: {'new' if written.new else 'added'} {', '.join(written.sources)}")
        print_due(forecasts, with_units=False)
        click.echo(f"\nLook at {written.file}, then:\n  {following}")
    # What could not be asked is said; the file is written and right all the same.
    tell_failures(forecasts)
    return ExitCode.DONE


def _following(invocation: Invocation, pipeline: str) -> str:
    """The next command, with the options that this one was given."""
    given: Sequence[tuple[str, Path | str | None]] = (
        ("--configs", invocation.given_configs),
        ("--env", invocation.given_environment),
        ("--cloud", invocation.given_cloud),
    )
    options = [part for name, value in given if value is not None for part in (name, str(value))]
    return shlex.join(["replicator", *options, "run", pipeline])
