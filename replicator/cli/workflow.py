"""``replicator workflow``: any Cloud Workflows document, run and linted on this machine."""

from __future__ import annotations

from typing import Final

import click

from replicator.cli.group import LazyGroup, Verb

VERBS: Final = {
    "run": Verb("replicator.cli.workflow_run", "Run a document and print its result as JSON."),
    "lint": Verb("replicator.cli.workflow_lint", "Find what the service would refuse, and how near the limits are."),
}


@click.group("workflow", cls=LazyGroup, verbs=VERBS)
def command() -> None:
    """Run or lint any Cloud Workflows document, whoever wrote it."""
