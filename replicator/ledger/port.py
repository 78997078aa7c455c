"""What the ledger is read through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, TypeAlias

Cell: TypeAlias = str | int | float | bool | date | datetime | None


class Query(Protocol):
    """A place that answers GoogleSQL questions."""

    def rows(
        self, sql: str, parameters: Mapping[str, Cell], *, location: str, project: str
    ) -> Sequence[Mapping[str, Cell]]:
        """The rows of the answer, by column name; DATE and TIMESTAMP as Python has them.

        Args:
            sql: One read-only statement.
            parameters: Its named parameters.
            location: Where the job runs.
            project: Runs and pays the job.

        Raises:
            FailedError: The question could not be answered; a missing table says so.
        """
        ...
