"""What is due now, asked of the cloud and printed: for a plan, and for a source that is about to be one."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import click

from replicator.cli.cloud import connect
from replicator.cli.remedies import with_remedy
from replicator.errors import ExitCode, FailedError, NotFoundError

if TYPE_CHECKING:
    from replicator.config.settings import Cloud
    from replicator.forecast.due import Span
    from replicator.gcp.endpoints import Endpoints
    from replicator.ledger.history import DriftedField
    from replicator.plan.plan import Plan, SourceRoute
    from replicator.report.forecast import SourceForecast

_SIDE_BY_SIDE: Final = 8
"""Sources that are asked at once; one question is one metadata query in the source's location."""


def ask_due(cloud: Cloud, plan: Plan) -> tuple[SourceForecast, ...]:
    """What is due in each source; a source that cannot be asked, or a cloud that is not there, says why."""
    try:
        with connect(cloud) as endpoints:
            return ask_sources(endpoints, plan.sources)
    except FailedError as error:
        return _unasked(plan, error)


def ask_due_and_seen(cloud: Cloud, plan: Plan) -> tuple[tuple[SourceForecast, ...], tuple[DriftedField, ...]]:
    """The same, and what runs have seen of drift, as far as the file does not ignore it.

    Where the ledger cannot be read, as by an account that may read metadata alone, that is said on stderr.
    """
    try:
        with connect(cloud) as endpoints:
            return ask_sources(endpoints, plan.sources), _ask_ledger(endpoints, plan)
    except FailedError as error:
        return _unasked(plan, error), ()


def _unasked(plan: Plan, error: FailedError) -> tuple[SourceForecast, ...]:
    from replicator.report.forecast import SourceForecast

    return tuple(SourceForecast(route.name, None, str(error)) for route in plan.sources)


def _ask_ledger(endpoints: Endpoints, plan: Plan) -> tuple[DriftedField, ...]:
    from replicator.gcp.clients import Clients
    from replicator.gcp.query import Query
    from replicator.ledger.fate import unabsorbed
    from replicator.ledger.history import History

    history = History(Query(Clients(endpoints)), plan.state, plan.location, plan.target, plan.pipeline)
    try:
        return unabsorbed(history.drift(), plan.policies)
    except NotFoundError:
        # Before the first run there is no ledger.
        return ()
    except FailedError as error:
        click.echo(f"what runs have seen of drift is not known: {error}", err=True)
        return ()


def ask_sources(
    endpoints: Endpoints, routes: Sequence[SourceRoute], *, span: Span | None = None, again: bool = False
) -> tuple[SourceForecast, ...]:
    """What is due in each of these sources, side by side; a source that cannot be asked says why.

    Args:
        endpoints: The cloud.
        routes: The sources.
        span: Only units that cover some of these days.
        again: Those that were committed too.
    """
    from replicator.forecast.due import RegionDeniedError, due
    from replicator.gcp.clients import Clients
    from replicator.gcp.metadata import Metadata
    from replicator.gcp.query import Query
    from replicator.report.forecast import SourceForecast

    clients = Clients(endpoints)
    query, metadata = Query(clients), Metadata(clients)

    def ask(route: SourceRoute) -> SourceForecast:
        try:
            try:
                return SourceForecast(route.name, due(query, route, span=span, again=again))
            except RegionDeniedError:
                visible = metadata.names(route.project, route.location)
                units = due(query, route, span=span, again=again, visible=visible)
                return SourceForecast(route.name, units, by_dataset=True)
        except FailedError as error:
            return SourceForecast(route.name, None, str(error))

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return tuple(pool.map(ask, routes))


def print_due(forecasts: Sequence[SourceForecast], *, with_units: bool) -> None:
    """Print what is due in the sources that answered; nothing where none did."""
    from replicator.report.forecast import print_forecasts, print_units
    from replicator.report.words import BY_DATASET

    for found in forecasts:
        if found.by_dataset:
            click.echo(f"replicator: {found.source}: {BY_DATASET}", err=True)
    if all(found.units is None for found in forecasts):
        return
    click.echo("\nDue now (rows and logical bytes as the source has them, before columns and where)")
    print_forecasts(forecasts)
    if with_units and any(found.units for found in forecasts):
        click.echo()
        print_units(forecasts)


def tell_failures(forecasts: Sequence[SourceForecast]) -> ExitCode:
    """Say each reason once, with the sources that have it."""
    reasons: dict[str, list[str]] = {}
    for found in forecasts:
        if found.error is not None:
            reasons.setdefault(found.error, []).append(found.source)
    for reason, sources in reasons.items():
        click.echo(f"replicator: {', '.join(sources)}: {with_remedy(reason)}", err=True)
    return ExitCode.FAILED if reasons else ExitCode.DONE
