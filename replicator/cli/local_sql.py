"""``replicator local sql``: a query, through Google's client, against a local cloud."""

from __future__ import annotations

import json
from pathlib import Path

import click

from replicator.cli.cloud import connect
from replicator.cli.exports import make_project
from replicator.cli.group import VerbCommand
from replicator.errors import ExitCode


@click.command("sql", cls=VerbCommand)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The local cloud's directory.",
)
@click.option("--project", default="acme-analytics", show_default=True, help="Project that runs the query.")
@click.option("--location", help="Location of the job; needed where the tables do not tell.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a row.")
@click.argument("query")
def command(directory: Path, project: str, location: str | None, as_json: bool, query: str) -> ExitCode:
    """Run QUERY in GoogleSQL and print its rows.

    The project that runs it is made if it is not there yet, so an empty local cloud can be filled from here.

    Examples:
      replicator local sql --dir /tmp/cloud "CREATE SCHEMA `acme-jp.shop` OPTIONS (location = 'asia-northeast1')"
      replicator local sql --dir /tmp/cloud "SELECT property, COUNT(*) AS n FROM `acme-analytics.marketing.ga4_events` GROUP BY 1"
      replicator local sql --dir /tmp/cloud --location EU "SELECT schema_name FROM INFORMATION_SCHEMA.SCHEMATA"
    """  # noqa: E501  # a query that can be copied stays on one line
    from replicator.config.settings import LocalDirectory
    from replicator.gcp.clients import Clients
    from replicator.gcp.query import Query

    with connect(LocalDirectory(directory)) as endpoints:
        make_project(endpoints, project)
        rows = Query(Clients(endpoints)).rows(query, {}, location=location, project=project)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, default=str, ensure_ascii=False))
        return ExitCode.DONE
    from replicator.report.tables import print_rows

    print_rows(rows)
    return ExitCode.DONE
