"""``replicator local``: the local cloud, served and asked."""

from __future__ import annotations

from typing import Final

import click

from replicator.cli.group import LazyGroup, Verb

VERBS: Final = {
    "serve": Verb("replicator.cli.local_serve", "Serve a local cloud until it is interrupted."),
    "sql": Verb("replicator.cli.local_sql", "Ask a local cloud's BigQuery a question."),
}


@click.group("local", cls=LazyGroup, verbs=VERBS)
def command() -> None:
    """A BigQuery, a transfer service and Workflows on this machine, for Google's own clients."""
