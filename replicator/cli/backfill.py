"""``replicator backfill``: a span of the past, window by window, each of them an ordinary run."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import FrameType
from typing import TYPE_CHECKING

import click

from replicator.cli.cloud import connect
from replicator.cli.forecasting import ask_sources, tell_failures
from replicator.cli.group import VerbCommand
from replicator.cli.invocation import Invocation, pass_invocation
from replicator.cli.running import interrupted, run_deployed, run_here
from replicator.errors import ExitCode, FailedError, UsageError
from replicator.report.outcome import Outcome, reason_of
from replicator.report.progress import Progress, progress
from replicator.report.words import counted

if TYPE_CHECKING:
    from replicator.forecast.due import DueUnit
    from replicator.forecast.windows import Window
    from replicator.plan.plan import Plan, SourceRoute
    from replicator.report.backfill import Brought
    from replicator.report.forecast import SourceForecast
    from replicator.runtime.values import Value

_DAY = timedelta(days=1)
_DATE = click.DateTime(["%Y-%m-%d"])


@click.command("backfill", cls=VerbCommand)
@click.argument("pipeline")
@click.option("--from", "first", type=_DATE, required=True, metavar="DAY", help="The first day, such as 2025-01-01.")
@click.option("--to", "last", type=_DATE, required=True, metavar="DAY", help="The last day, which is taken too.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source; may be given repeatedly.")
@click.option("--days", type=click.IntRange(min=1), help="A window's length at most.  [default: what one run can take]")
@click.option("--oldest-first", is_flag=True, help="Begin with the oldest window; otherwise with the newest.")
@click.option("--again", is_flag=True, help="Take units anew that are committed already.")
@click.option("--deployed", is_flag=True, help="Run each window as an execution of the deployed workflow.")
@click.option("--dry-run", is_flag=True, help="Print the windows and what is due in them; move nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the windows, or what was brought, as JSON.")
@pass_invocation
def command(
    invocation: Invocation,
    *,
    pipeline: str,
    first: datetime,
    last: datetime,
    sources: tuple[str, ...],
    days: int | None,
    oldest_first: bool,
    again: bool,
    deployed: bool,
    dry_run: bool,
    as_json: bool,
) -> ExitCode:
    """Replicate a span of the past into PIPELINE's target, window by window.

    Each window is a run like any other: the same fence, ledger and verification. What is committed already
    is left alone, so the same command goes on where it was stopped or killed. A run that waits for the fence,
    such as the schedule's, goes before the next window. Ctrl-C ends after the window that is under way; a
    second one ends at once and leaves the fence to the lease's end, or with --deployed the execution to itself.

    Examples:
      replicator backfill ga4_events --from 2025-01-01 --to 2025-12-31 --dry-run
      replicator backfill ga4_events --from 2025-01-01 --to 2025-12-31 --source japan --source brazil
      replicator backfill ga4_events --from 2025-03-01 --to 2025-03-31 --again
    """
    from replicator.forecast.due import Span
    from replicator.forecast.windows import cut_span
    from replicator.plan.build import build_plan
    from replicator.report.backfill import as_json as brought_as_json
    from replicator.report.backfill import summary

    if last < first:
        msg = f"--to {last:%Y-%m-%d} lies before --from {first:%Y-%m-%d}; give the first day, then the last"
        raise UsageError(msg)
    chosen = invocation.project().pipeline(pipeline)
    run = run_deployed if deployed else run_here
    routes = _routes(build_plan(chosen), sources)
    span = Span(first.date(), last.date() + _DAY)
    asked: dict[str, Value] = {"again": again, **({"sources": list(sources)} if sources else {})}
    with connect(invocation.cloud) as endpoints:
        forecasts = ask_sources(endpoints, routes, span=span, again=again)
        if tell_failures(forecasts) is not ExitCode.DONE:
            msg = "nothing was moved; name the sources that can be asked with --source to go on without the others"
            raise FailedError(msg)
        windows = cut_span(_listed(forecasts), days=days, oldest_first=oldest_first)
        if dry_run:
            _print_planned(windows, as_json=as_json)
            return ExitCode.DONE
        with progress() as talk, _stopping(talk) as stopped:
            try:
                brought = _take(
                    windows,
                    lambda window: run(chosen, endpoints, talk, {**asked, **window}),
                    talk,
                    stopped,
                    again=again,
                )
            except KeyboardInterrupt as interrupt:
                raise KeyboardInterrupt(interrupted(chosen, deployed=deployed)) from interrupt
    click.echo(
        json.dumps(brought_as_json(windows, brought), indent=2)
        if as_json
        else f"{pipeline}: {summary(windows, brought)}"
    )
    if len(brought) < len(windows):
        raise KeyboardInterrupt(_rest(windows, brought))
    return ExitCode.DONE


def _print_planned(windows: Sequence[Window], *, as_json: bool) -> None:
    from replicator.report.backfill import planned, print_windows

    if as_json:
        click.echo(json.dumps(planned(windows), indent=2))
    elif windows:
        print_windows(windows)
    else:
        click.echo("nothing is due on these days")


def _routes(plan: Plan, names: Sequence[str]) -> tuple[SourceRoute, ...]:
    known = [route.name for route in plan.sources]
    for name in names:
        if name not in known:
            msg = f"--source {name}: {plan.pipeline} has no such source; it has {', '.join(known)}"
            raise UsageError(msg)
    return tuple(route for route in plan.sources if not names or route.name in names)


def _listed(forecasts: Sequence[SourceForecast]) -> dict[str, Sequence[DueUnit]]:
    return {found.source: found.units or () for found in forecasts}


def _take(
    windows: Sequence[Window],
    run: Callable[[Mapping[str, Value]], Outcome],
    talk: Progress,
    stopped: Callable[[], bool],
    *,
    again: bool,
) -> list[Brought]:
    """Take the windows one after the other until they end or a stop is asked for.

    Raises:
        FailedError: A run failed, or left units of a window that is taken again, which it would take first the next
            time too; the sentence says what the windows before it brought.
    """
    from replicator.report.backfill import Brought, announcement, days_of, summary
    from replicator.runtime.errors import WorkflowFailed

    brought: list[Brought] = []
    begun = time.monotonic()
    for at, window in enumerate(windows):
        if stopped():
            break
        talk.note(announcement(windows, at, time.monotonic() - begun))
        one = Brought(window)
        try:
            while not one.outcomes or (one.outcomes[-1].left and one.outcomes[-1].units and not again):
                one.outcomes.append(run({"window": dict(window.span.as_argument())}))
        except WorkflowFailed as failure:
            msg = (
                f"{days_of(window)}: {reason_of(failure.error) or failure}; "
                f"before it: {summary(windows, brought)}; the same command goes on from here"
            )
            raise FailedError(msg) from failure
        if again and one.outcomes[-1].left:
            msg = (
                f"{days_of(window)}: {counted(one.outcomes[-1].left, 'unit')} did not fit into one run; "
                f"before it: {summary(windows, brought)}; take fewer days at once with --days"
            )
            raise FailedError(msg)
        brought.append(one)
    return brought


@contextmanager
def _stopping(talk: Progress) -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, which ends nothing by itself; pressed again it ends the command at once."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            signal.default_int_handler(number, frame)
        asked = True
        talk.note("stopping behind this window; Ctrl-C again stops at once")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def _rest(windows: Sequence[Window], brought: Sequence[Brought]) -> str:
    """What is still to come, and how to go on; a span that is taken again has to be told what to leave out."""
    left = windows[len(brought) :]
    first, end = min(window.span.start for window in left), max(window.span.end for window in left)
    return (
        f"stopped with {counted(len(left), 'window')} to come; "
        f"go on with --from {first} --to {end - _DAY} and the same options"
    )
