"""``replicator local serve``: the local cloud in the foreground."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from replicator.cli.cloud import serving
from replicator.cli.group import VerbCommand
from replicator.errors import ExitCode, UsageError

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")


def _hosts(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for host in given:
        if not _HOST.fullmatch(host):
            msg = f"--allow-http: {host!r} is no host; write it as 'api.example.com' or 'api.example.com:8443'"
            raise UsageError(msg)
    return given


@click.command("serve", cls=VerbCommand)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where its data is kept; made if it is missing.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--allow-http",
    "allowed",
    metavar="HOST[:PORT]",
    multiple=True,
    callback=_hosts,
    help="A host that http.* steps may go to, beside this cloud itself; may be given again.",
)
def command(directory: Path, port: int, host: str, allowed: tuple[str, ...]) -> ExitCode:
    """Serve a local cloud until it is interrupted.

    Prints the address once it listens; it is also in DIR/endpoints.json, where other commands with
    --cloud local:DIR find it.

    Examples:
      replicator local serve --dir /tmp/cloud --port 9050
      replicator --cloud http://127.0.0.1:9050 run ga4_events
    """
    with serving(directory, port=port, host=host, allowed=allowed) as running:
        click.echo(running.endpoints.http)
        click.echo(f"serving {directory}; stop with Ctrl-C", err=True)
        running.wait()
    return ExitCode.DONE
