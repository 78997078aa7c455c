"""Does to the demo's sources what their exports do, through Google's own client."""

from __future__ import annotations

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from replicator.demo.data import Day, Table
from replicator.names import DatasetRef, TableRef

if TYPE_CHECKING:
    from replicator.gcp.endpoints import Endpoints

STAGING_PROJECT: Final = "acme-replication"
"""Runs and pays the sources' jobs. Nobody makes a dataset in it before the first run does, so it has to be made."""

# Most of a load job's time is waiting for it.
_AT_ONCE: Final = 4


class Exports:
    """The sources' projects in a local cloud, and what lies in them by now.

    Attributes:
        tables: Every table's last edition.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        from replicator.gcp.clients import Clients

        make_project(endpoints, STAGING_PROJECT)
        self.tables: dict[TableRef, Table] = {}
        self._locations: dict[DatasetRef, str] = {}
        self._clients = Clients(endpoints)

    def write(self, day: Day) -> None:
        """Make the day's datasets, load its tables, create its views.

        Raises:
            FailedError: BigQuery refuses something of it.
        """
        from replicator.gcp.load import create_dataset, create_view, drop_table, load_rows

        self._locations.update(day.datasets)
        for ref, location in day.datasets.items():
            create_dataset(self._clients, ref, location=location)

        def load(table: Table) -> None:
            # An export that rewrites a shard drops it: its creation time is new as well.
            drop_table(self._clients, table.ref)
            location = self._locations[table.ref.parent]
            load_rows(self._clients, table.ref, table.fields, table.rows, location=location)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(load, day.tables))
        self.tables.update((table.ref, table) for table in day.tables)
        for view in day.views:
            create_view(self._clients, view.ref, view.query, location=self._locations[view.ref.parent])


def make_project(endpoints: Endpoints, project: str) -> None:
    """Make a project by the local cloud's control port; Google's cloud makes them elsewhere than in BigQuery."""
    request = urllib.request.Request(  # noqa: S310  # the address of a local cloud, which is http
        f"{endpoints.http}/control/projects",
        data=json.dumps({"project": project}).encode(),
        headers={"Content-Type": "application/json"},
    )
    # Without the environment's proxies: a local cloud is on this machine or beside it.
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()
