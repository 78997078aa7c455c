"""What the transfer service needs from BigQuery: which tables there are, and how one is copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One table-like thing of a dataset.

    Attributes:
        name: The table's id.
        kind: As ``tables.get`` has it: ``TABLE``, ``VIEW``, ``MATERIALIZED_VIEW``, ``EXTERNAL``, ``SNAPSHOT``.
        modified: When data or schema last changed, milliseconds since 1970.
    """

    name: str
    kind: str
    modified: int


class Datasets(Protocol):
    """The datasets of the local BigQuery, whatever their location.

    Failures are exceptions with ``message``, a sentence in BigQuery's words, and ``reason``, one of its reasons.
    """

    def location(self, project: str, dataset: str) -> str | None:
        """Where a dataset lies, or None when there is none of that name."""
        ...

    def tables(self, project: str, dataset: str) -> Sequence[SourceTable]:
        """Everything in a dataset that exists; nothing when the dataset does not."""
        ...

    def copy_table(self, source: tuple[str, str, str], destination: tuple[str, str, str]) -> None:
        """Copy ``(project, dataset, table)`` to another, in one step, across locations.

        The destination is truncated and replaced, data and schema, with partitioning, clustering, description,
        labels and expiration of the source; it is created where it is missing. It never appears half written.

        Raises:
            Exception: With ``reason`` and ``message``: the source or the destination dataset has gone, or the source
                is of a kind that is not copied.
        """
        ...
