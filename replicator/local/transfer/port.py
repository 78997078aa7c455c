"""What the transfer service needs from BigQuery: which tables there are, and how one is copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from replicator.names import DatasetRef, TableRef


class SourceTable(Protocol):
    """One table-like thing of a dataset."""

    @property
    def name(self) -> str:
        """The table's id."""
        ...

    @property
    def kind(self) -> str:
        """As ``tables.get`` has it: ``TABLE``, ``VIEW``, ``MATERIALIZED_VIEW``, ``EXTERNAL``, ``SNAPSHOT``."""
        ...

    @property
    def modified(self) -> int:
        """When data or schema last changed: microseconds since 1970, different after every change."""
        ...


class Datasets(Protocol):
    """The datasets of the local BigQuery, whatever their location.

    Every method may raise ``BigQueryError``.
    """

    def location(self, dataset: DatasetRef) -> str | None:
        """Where a dataset lies, or None when there is none of that name."""
        ...

    def tables(self, dataset: DatasetRef) -> Sequence[SourceTable]:
        """Everything in a dataset; nothing when there is no such dataset."""
        ...

    def ration(self, destination: TableRef) -> None:
        """Take one from the day's copies across locations of a table and its project, which copy jobs share.

        Raises:
            BigQueryError: ``quotaExceeded``: there were as many as a day allows, those that failed included.
        """
        ...

    def copy_table(self, source: TableRef, destination: TableRef) -> None:
        """Copy a table in one step, across locations.

        The destination is truncated and replaced, data and schema, with partitioning, clustering, description,
        labels and expiration of the source; it is created where it is missing. It never appears half written.

        Raises:
            BigQueryError: The source or the destination dataset has gone, or the source is of a kind that is not
                copied.
        """
        ...
