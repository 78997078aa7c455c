"""``replicator demo``: the product at work on this machine, every row checked."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from replicator.cli.cloud import serving
from replicator.cli.exports import Exports
from replicator.cli.group import VerbCommand
from replicator.cli.render import document_text
from replicator.cli.running import run_here
from replicator.demo.comparison import Comparison, compare
from replicator.demo.data import Day, Table, first_day, second_day
from replicator.demo.oracle import expected_rows, expected_schema
from replicator.demo.pipeline import (
    CONFIGS,
    DAY_COLUMN,
    IDENTITY,
    PIPELINE,
    RULES,
    SOURCE_COLUMN,
    TARGET,
    TARGET_LOCATION,
)
from replicator.errors import ExitCode, UsageError
from replicator.report.outcome import print_outcome
from replicator.report.progress import progress
from replicator.report.words import counted, number

if TYPE_CHECKING:
    from replicator.config.pipeline import Pipeline
    from replicator.gcp.endpoints import Endpoints
    from replicator.schema.fields import Field

_QUIET: Final = "nothing has changed"


@click.command("demo", cls=VerbCommand)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Empty directory to work in; it stays.  [default: a new temporary one]",
)
def command(directory: Path | None) -> ExitCode:
    """Replicate three countries' Google Analytics exports on this machine, and check every row.

    It needs no account and no network: a local BigQuery with a wall around each location, a transfer
    service, and the workflow document that would be deployed. After each of three runs the target is
    compared, leaf by leaf, with what plain Python makes of the same exports. Exits 1 if anything differs.

    Examples:
      replicator demo
      replicator demo --dir /tmp/demo
    """
    from replicator.gcp.endpoints import Endpoints

    home = _home(directory)
    schema: tuple[Field, ...] = ()
    comparisons = []
    with serving(home) as running:
        endpoints = Endpoints.at(running.endpoints.http)
        exports = Exports(endpoints)
        # A run makes the target's table, and leaves it to its owners where datasets are made.
        exports.write(Day("", {TARGET.parent: TARGET_LOCATION}, ()))
        pipeline = _render(home)
        for turn, day in enumerate((first_day(), second_day(), Day(_QUIET, {}, ())), start=1):
            click.echo(f"\nRun {turn}: {day.title}")
            with progress() as talk:
                talk.now("exporting")
                exports.write(day)
                talk.note(f"the exports wrote {_written(day)}")
                talk.now("starting the run")
                outcome = run_here(pipeline, endpoints, talk, {"if_busy": "leave"})
            print_outcome(outcome)
            tables = list(exports.tables.values())
            # The first run creates the target; what appears later is drift, and stays out until it is allowed in.
            schema = schema or expected_schema(tables, RULES)
            comparisons.append(_check(tables, schema, endpoints))
    _say_goodbye(home)
    return ExitCode.DONE if all(comparison.equal for comparison in comparisons) else ExitCode.FAILED


def _written(day: Day) -> str:
    return f"{counted(len(day.tables), 'table')}, {counted(sum(len(table.rows) for table in day.tables), 'row')}"


def _home(directory: Path | None) -> Path:
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="replicator-demo-"))
    if directory.exists() and any(directory.iterdir()):
        msg = f"--dir: {directory} is not empty; name a new directory, or leave --dir out"
        raise UsageError(msg)
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _render(home: Path) -> Pipeline:
    from replicator.config.project import load_project

    shutil.copytree(CONFIGS, home / "configs")
    pipeline = load_project(home / "configs", environment=None).pipeline(PIPELINE)
    document = home / "workflows" / f"{PIPELINE}.yaml"
    document.parent.mkdir()
    document.write_text(document_text(pipeline), encoding="utf-8")
    click.echo(f"rendered {document} from {home / 'configs' / document.name}", err=True)
    return pipeline


def _check(tables: list[Table], schema: tuple[Field, ...], endpoints: Endpoints) -> Comparison:
    """Compare the target with the oracle, and say how it went."""
    from replicator.gcp.clients import Clients
    from replicator.gcp.query import Query

    expected = expected_rows(tables, RULES, schema, day_column=DAY_COLUMN, source_column=SOURCE_COLUMN)
    query = f"SELECT * FROM `{TARGET}`"  # noqa: S608  # a constant name, and every column is what is compared
    actual = Query(Clients(endpoints)).rows(query, {}, location=TARGET_LOCATION, project=TARGET.project)
    found = compare(expected, actual, identity=IDENTITY)
    if found.equal:
        click.echo(f"equal to the oracle: {counted(found.actual, 'row')}, leaf by leaf")
    else:
        click.echo(f"NOT equal to the oracle: {number(found.expected)} rows expected, {number(found.actual)} found")
        for difference in found.differences:
            click.echo(f"  {difference}")
        click.echo(f"  {counted(found.wrong, 'row')} wrong in all")
    return found


def _say_goodbye(home: Path) -> None:
    cloud = f"replicator --configs {home / 'configs'} --cloud local:{home}"
    click.echo(
        f"""
Look around:
  {cloud} status {PIPELINE}
  {cloud} run {PIPELINE}
  replicator local sql --dir {home} 'SELECT {SOURCE_COLUMN}, {DAY_COLUMN}, COUNT(*) AS n FROM `{TARGET}` GROUP BY 1, 2 ORDER BY 1, 2'
  less {home / "configs" / PIPELINE}.yaml {home / "workflows" / PIPELINE}.yaml
Delete {home} when you are done."""  # noqa: E501, S608  # to be copied, so each command stays on one line
    )
