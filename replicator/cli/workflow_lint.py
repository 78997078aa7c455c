"""``replicator workflow lint``: what the service would refuse, found without deploying."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replicator.cli.group import VerbCommand
from replicator.cli.workflow_source import read_source
from replicator.errors import ExitCode

if TYPE_CHECKING:
    from replicator.runtime.lint.report import Report


@click.command("lint", cls=VerbCommand)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print findings and headroom as JSON.")
def command(files: tuple[Path, ...], as_json: bool) -> ExitCode:
    """Look workflow documents over, without running them.

    Each finding is one line with file, line and column; after them, how much of each limit of Workflows
    the document uses. Exits 1 if the service would refuse a document, or run into an error in it;
    warnings do not change the exit code.

    Examples:
      replicator workflow lint workflows/*.yaml
      replicator workflow lint hello.yaml --json
    """
    from replicator.runtime.lint.linter import lint
    from replicator.runtime.lint.report import Weight

    reports = [lint(read_source(file), file) for file in files]
    if as_json:
        click.echo(json.dumps([_plain(report) for report in reports], indent=2, ensure_ascii=False))
    else:
        for report in reports:
            _say(report)
    wrong = any(finding.weight is Weight.ERROR for report in reports for finding in report.findings)
    return ExitCode.FAILED if wrong else ExitCode.DONE


def _say(report: Report) -> None:
    for finding in report.findings:
        click.echo(str(finding))
    if report.clean:
        click.echo(f"{report.file}: clean")
    for room in report.headroom:
        click.echo(f"  {room}")
    told_by_a_run = ", ".join(f"{limit.name} ({limit.value:,} {limit.unit})" for limit in report.untold)
    click.echo(f"  only a run can tell: {told_by_a_run}")


def _plain(report: Report) -> dict[str, object]:
    return {
        "file": str(report.file),
        "findings": [
            {
                "weight": finding.weight.value,
                "refused": finding.refused,
                "line": finding.problem.place.line,
                "column": finding.problem.place.column,
                "field": finding.problem.field,
                "fact": finding.problem.fact,
                "remedy": finding.problem.remedy,
            }
            for finding in report.findings
        ],
        "headroom": [
            {
                "limit": room.limit.name,
                "used": room.used,
                "bound": room.limit.value,
                "unit": room.limit.unit,
                "line": room.line,
                "page": room.limit.page,
            }
            for room in report.headroom
        ],
    }
