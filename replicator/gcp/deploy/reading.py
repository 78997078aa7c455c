"""What is there of what a deployment wants; nothing is changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from google.api_core.exceptions import NotFound

from replicator.deploy.resources import (
    Found,
    FoundDataset,
    FoundTransfer,
    FoundWorkflow,
    Memory,
    Transfer,
    Wanted,
)
from replicator.gcp.clients import Clients
from replicator.gcp.deploy.scheduling import read_job
from replicator.gcp.deploy.sentences import deploying
from replicator.gcp.retry import READING, retrying
from replicator.names import DatasetRef

DATA_SOURCE: Final = "cross_region_copy"
_SIDE_BY_SIDE: Final = 8
_CALL_SECONDS: Final = 60.0
_DAY_MILLISECONDS: Final = 86_400_000

Answer = TypeVar("Answer")


def read_found(clients: Clients, wanted: Wanted, *, sleep: Callable[[float], None] = time.sleep) -> Found:
    """Read everything that a deployment compares.

    Args:
        clients: Of the cloud.
        wanted: What is looked for.
        sleep: Lets seconds pass between two attempts of a call.

    Raises:
        FailedError: Something may not be read; the sentence says what would help.
    """
    reader = _Reader(clients, sleep)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        target = pool.submit(reader.dataset, wanted.target.parent)
        datasets = pool.map(lambda dataset: (dataset.ref, reader.dataset(dataset.ref)), wanted.datasets)
        tables = pool.submit(reader.tables, wanted.memory)
        transfers = pool.submit(reader.transfers, wanted)
        workflow = pool.submit(reader.workflow, wanted.workflow.name)
        job = pool.submit(reader.job, wanted.job_name)
        return Found(
            target=target.result(),
            datasets={ref: found for ref, found in datasets if found is not None},
            tables=tables.result(),
            transfers=transfers.result(),
            workflow=workflow.result(),
            job=job.result(),
        )


class _Reader:
    def __init__(self, clients: Clients, sleep: Callable[[float], None]) -> None:
        self._clients = clients
        self._retrying = retrying(READING, sleep=sleep)

    def dataset(self, ref: DatasetRef) -> FoundDataset | None:
        client = self._clients.bigquery(ref.project)
        found = self._asked(f"looking at dataset {ref}", lambda: client.get_dataset(str(ref), retry=None))
        if found is None:
            return None
        expires = found.default_table_expiration_ms
        return FoundDataset(
            location=str(found.location),
            description=str(found.description or ""),
            labels=dict(found.labels),
            expiration_days=None if expires is None else int(expires) / _DAY_MILLISECONDS,
        )

    def tables(self, memory: Memory) -> Mapping[str, Mapping[str, str]]:
        client = self._clients.bigquery(memory.state.project)
        found = self._asked(
            f"listing the tables of {memory.state}", lambda: list(client.list_tables(str(memory.state), retry=None))
        )
        return {str(table.table_id): dict(table.labels) for table in found or ()}

    def transfers(self, wanted: Wanted) -> tuple[FoundTransfer, ...]:
        found = []
        for parent in {transfer.parent for transfer in wanted.transfers}:
            found += [self._transfer(config, wanted.transfers) for config in self._configs(parent)]
        return tuple(found)

    def _configs(self, parent: str) -> list[Any]:
        client = self._clients.transfers()
        request = {"parent": parent, "data_source_ids": [DATA_SOURCE], "page_size": 1_000}
        listed = self._asked(
            f"listing the transfer configs of {parent}",
            lambda: list(client.list_transfer_configs(request, retry=None, timeout=_CALL_SECONDS)),
        )
        return listed or []

    def _transfer(self, config: Any, transfers: tuple[Transfer, ...]) -> FoundTransfer:
        if any(config.destination_dataset_id == transfer.destination.dataset for transfer in transfers):
            # Only a config that is asked for by itself tells its owner (datatransfer.proto: owner_info).
            client = self._clients.transfers()
            config = (
                self._asked(
                    f"looking at transfer config {config.name}",
                    lambda: client.get_transfer_config(name=config.name, retry=None, timeout=_CALL_SECONDS),
                )
                or config
            )
        parameters = dict(config.params or {})
        return FoundTransfer(
            name=str(config.name),
            title=str(config.display_name),
            origin=f"{parameters.get('source_project_id')}.{parameters.get('source_dataset_id')}",
            destination=str(config.destination_dataset_id),
            on_demand=bool(config.schedule_options.disable_auto_scheduling),
            owner=str(config.owner_info.email) or None,
        )

    def workflow(self, name: str) -> FoundWorkflow | None:
        client = self._clients.workflows()
        found = self._asked(
            f"looking at workflow {name}", lambda: client.get_workflow(name=name, retry=None, timeout=_CALL_SECONDS)
        )
        if found is None:
            return None
        return FoundWorkflow(
            source=str(found.source_contents),
            account=str(found.service_account),
            description=str(found.description),
            labels=dict(found.labels),
        )

    def job(self, name: str) -> Any:
        return self._asked(f"looking at schedule {name}", lambda: read_job(self._clients, name))

    def _asked(self, what: str, ask: Callable[[], Answer]) -> Answer | None:
        """The answer of a call without effects; None where there is no such thing."""
        with deploying(what):
            try:
                return self._retrying(ask)
            except NotFound:
                return None
