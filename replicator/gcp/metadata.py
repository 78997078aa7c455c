"""Resources of datasets and tables, read one by one through the BigQuery API: no job, no location, no rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from replicator.errors import FailedError
from replicator.gcp.clients import Clients
from replicator.gcp.retry import READING, retrying
from replicator.names import DatasetRef, TableRef

_SIDE_BY_SIDE: Final = 8
"""Datasets that are asked for at once."""

Answer = TypeVar("Answer")


class Metadata:
    """Reads metadata and changes nothing."""

    def __init__(self, clients: Clients, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clients = clients
        self._sleep = sleep

    def datasets(self, project: str) -> list[Mapping[str, Any]]:
        """Every dataset of the project that the caller may see, as datasets.get has it.

        Raises:
            NotFoundError: There is no such project.
            FailedError: The service refuses, or does not answer.
        """
        client = self._clients.bigquery(project)
        found = self._asking(
            f"listing the datasets of project {project}",
            lambda: [item.dataset_id for item in client.list_datasets(project, retry=None)],
        )
        # What the list says of a dataset has no location in the client.
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            return list(pool.map(self.dataset, (DatasetRef(project, name) for name in found)))

    def names(self, project: str, location: str) -> list[str]:
        """Of those the ones in a location, by name alone.

        Raises:
            NotFoundError: There is no such project.
            FailedError: The service refuses, or does not answer.
        """
        return [
            str(dataset["datasetReference"]["datasetId"])
            for dataset in self.datasets(project)
            if str(dataset["location"]).lower() == location.lower()
        ]

    def dataset(self, ref: DatasetRef) -> Mapping[str, Any]:
        """One dataset.

        Raises:
            NotFoundError: There is none of that name.
            FailedError: The service refuses, or does not answer.
        """
        client = self._clients.bigquery(ref.project)
        return self._asking(
            f"reading dataset {ref}", lambda: dict(client.get_dataset(str(ref), retry=None).to_api_repr())
        )

    def tables(self, ref: DatasetRef) -> list[Mapping[str, Any]]:
        """Every table of a dataset as tables.list has it.

        Raises:
            NotFoundError: There is no such dataset.
            FailedError: The service refuses, or does not answer.
        """
        client = self._clients.bigquery(ref.project)
        return self._asking(
            f"listing the tables of {ref}",
            lambda: [item.to_api_repr() for item in client.list_tables(str(ref), retry=None)],
        )

    def table(self, ref: TableRef) -> Mapping[str, Any]:
        """One table, with its schema.

        Raises:
            NotFoundError: There is none of that name.
            FailedError: The service refuses, or does not answer.
        """
        from google.cloud.bigquery import DatasetReference, TableReference

        client = self._clients.bigquery(ref.project)
        reference = TableReference(DatasetReference(ref.project, ref.dataset), ref.table)
        return self._asking(f"reading table {ref}", lambda: dict(client.get_table(reference, retry=None).to_api_repr()))

    def _asking(self, what: str, ask: Callable[[], Answer]) -> Answer:
        from replicator.gcp.failures import calling

        try:
            with calling(what):
                return retrying(READING, sleep=self._sleep)(ask)
        except FailedError as error:
            if "Access Denied" not in str(error):
                raise
            msg = f"{str(error).removesuffix('.')}; it takes bigquery.metadataViewer on the dataset"
            raise type(error)(msg) from error
