"""The entry point, and the only place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import click

from replicator import __version__
from replicator.cli.group import LazyGroup, Verb
from replicator.cli.invocation import Invocation
from replicator.cli.remedies import with_remedy
from replicator.errors import ConfigError, ExitCode, ReplicatorError

# What a shell reports for a process that an interrupt ended: 128 + SIGINT.
_INTERRUPTED: Final = 130

VERBS: Final = {
    "demo": Verb("replicator.cli.demo", "Replicate three countries on this machine, and check every row."),
    "validate": Verb("replicator.cli.validate", "Check the pipeline files; every mistake with file, line and column."),
    "onboard": Verb(
        "replicator.cli.onboard", "Write the pipeline file for what a project, a dataset or a table holds."
    ),
    "render": Verb("replicator.cli.render", "Write each pipeline's workflow document, or check that it is up to date."),
    "plan": Verb("replicator.cli.plan", "Show each source's route, and what is due now."),
    "run": Verb("replicator.cli.run", "Replicate what is due, now."),
    "deploy": Verb("replicator.cli.deploy", "Make what a pipeline needs to run on schedule, or bring it up to date."),
    "destroy": Verb("replicator.cli.destroy", "Remove what was made for a pipeline, and nothing else."),
    "backfill": Verb("replicator.cli.backfill", "Replicate a span of the past, window by window."),
    "status": Verb("replicator.cli.status", "Show the last runs, how fresh each source is, and who holds the fence."),
    "drift": Verb("replicator.cli.drift", "Show where sources' schemas are not the target's, and what accepts it."),
    "schema": Verb("replicator.cli.schema", "Print the JSON Schema of a pipeline file, for editors."),
    "local": Verb("replicator.cli.local", "A BigQuery, a transfer service and Workflows on this machine."),
    "workflow": Verb("replicator.cli.workflow", "Run or lint any Cloud Workflows document."),
}


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 out of date.",
)
@click.option(
    "--configs",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the pipeline files.  [REPLICATOR_CONFIGS; default: configs]",
)
@click.option(
    "--env",
    "environment",
    metavar="NAME",
    help="Environment whose changes are laid over the files.  [REPLICATOR_ENV]",
)
@click.option(
    "--cloud",
    metavar="gcp|local:DIR|http://HOST:PORT",
    help="Google Cloud, a local cloud kept in DIR, or one that listens already.  [REPLICATOR_CLOUD; default: gcp]",
)
@click.option("--debug", is_flag=True, help="Show the traceback behind an error.")
@click.version_option(__version__, "--version", message="%(prog)s %(version)s")
@click.pass_context
def replicator(
    ctx: click.Context, configs: Path | None, environment: str | None, cloud: str | None, debug: bool
) -> None:
    """Bring BigQuery data from many regions into one partitioned table, by a generated Cloud Workflow.

    Start here:
      replicator demo                     see it work, with no account
      replicator validate                 check configs/*.yaml
      replicator render                   write workflows/*.yaml
      replicator run ga4_events           replicate what is due
    """
    del debug  # read where errors are told, which is where no context is left
    ctx.obj = Invocation(configs, environment, cloud)


def answer(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; what went wrong is said on stderr."""
    debug = "--debug" in arguments
    try:
        code = replicator.main(args=list(arguments), prog_name="replicator", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return int(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        # click turns an interrupt into its own error, whose cause has the verb's sentence, if the verb has one.
        cause = error if error.__cause__ is None else error.__cause__
        said = str(cause) or "interrupted"
        click.echo(f"replicator: {said}", err=True)
        return _INTERRUPTED
    except ConfigError as error:
        _trace(debug)
        click.echo(str(error), err=True)
        return int(error.exit_code)
    except ReplicatorError as error:
        _trace(debug)
        click.echo(f"replicator: {with_remedy(str(error))}", err=True)
        return int(error.exit_code)
    except OSError as error:
        _trace(debug)
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"replicator: {place}{error.strerror or error}", err=True)
        return int(ExitCode.FAILED)
    except Exception as error:  # noqa: BLE001  # the last place that can: what arrives here is a defect of ours
        _trace(debug)
        remedy = "" if debug else "; this is a defect, run again with --debug for what to report"
        click.echo(f"replicator: internal error: {type(error).__name__}: {error}{remedy}", err=True)
        return int(ExitCode.FAILED)
    return int(code) if isinstance(code, int) else int(ExitCode.DONE)


def main() -> NoReturn:
    """The ``replicator`` command."""
    sys.exit(answer(sys.argv[1:]))


def _trace(debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc()
